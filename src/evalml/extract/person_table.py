"""Read any table with one row per person: a file, or real data that a Python package ships."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from evalml.errors import ColumnMissingError, ExtractError, nearest
from evalml.reading.table import read_all

if TYPE_CHECKING:
    from collections.abc import Sequence

_PACKAGES = {"causaldata"}
_TERM = re.compile(r"^(?P<a>\w+)(?P<op>\^|:)(?P<b>\w+)$|^zero\((?P<zero>\w+)\)$")


def read_person_table(source: str) -> pd.DataFrame:
    """Read a person-level table.

    Args:
        source: Path of a CSV or Parquet file, or `causaldata:nsw_mixtape`: a data set of a package.

    Returns:
        The table; numbers narrower than 64 bits are widened.

    Raises:
        ExtractError: There is no such file, data set or package.
    """
    package, _, name = source.partition(":")
    frame = _from_package(package, name) if package in _PACKAGES else _from_file(Path(source))
    numbers = frame.select_dtypes("number").columns
    return frame.astype(dict.fromkeys(numbers, "float64"))


def _from_package(package: str, name: str) -> pd.DataFrame:
    try:
        module = importlib.import_module(f"{package}.{name}")
    except ModuleNotFoundError:
        raise ExtractError(f"'{package}:{name}' is no data set of an installed package") from None
    frame: pd.DataFrame = module.load_pandas().data
    return frame.copy()


def _from_file(path: Path) -> pd.DataFrame:
    """Return the columns of a file: numbers where all are, categories elsewhere."""
    if not path.is_file():
        raise ExtractError(f"there is no person-level table at {path}; give a CSV or Parquet file")
    if path.suffix.lower() not in {".csv", ".parquet", ".pq"}:
        raise ExtractError(f"{path}: '{path.suffix}' is no format read here; give CSV or Parquet")
    return read_all(path)


def with_terms(frame: pd.DataFrame, terms: Sequence[str]) -> pd.DataFrame:
    """Add the columns that terms such as `age^2`, `educ:re74` or `zero(re74)` describe.

    Args:
        frame: The table; it is not changed.
        terms: Names of columns, or a power, a product, or whether a column is 0; the new column is
            named as the term is written.

    Raises:
        ColumnMissingError: A term names a column the table does not hold.
    """
    return frame.assign(**{term: _term(frame, term) for term in terms if term not in frame})


def _term(frame: pd.DataFrame, term: str) -> pd.Series[float]:
    match = _TERM.match(term)
    if match is None:
        return _column(frame, term, term)
    if match["zero"]:
        return (_column(frame, match["zero"], term) == 0.0).astype("float64")
    left = _column(frame, match["a"], term)
    if match["op"] == "^":
        return left ** float(match["b"])
    return left * _column(frame, match["b"], term)


def _column(frame: pd.DataFrame, name: str, term: str) -> pd.Series[float]:
    if name not in frame:
        raise ColumnMissingError(f"'{term}': no column '{name}'; {nearest(name, frame.columns)}")
    return frame[name].astype("float64")
