"""The only package that knows the data engine: ibis expressions, run by DuckDB or by Spark.

Stages build expressions from the tables they are given with ibis' own methods and the few names
re-exported here, and call `Engine.keep` where a result is read more than once. Expressions that
do not mean the same on every engine are listed in `docs/decisions/0002-ibis-on-duckdb.md`;
`tests/house/test_portable.py` refuses them everywhere else.
"""

from __future__ import annotations

from evalml.engine import expressions
from evalml.engine.duck import ENGINES, Engine, open_engine, refuse_missing_engine
from evalml.engine.expressions import *  # noqa: F403 - the names are listed there

__all__ = ["ENGINES", "Engine", "open_engine", "refuse_missing_engine"]
__all__ += expressions.__all__
