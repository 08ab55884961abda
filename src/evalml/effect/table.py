"""Effects as a table: the columns of effects.csv that belong to an estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.results import ESTIMATE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evalml.effect.effect import Effect


def effects_table(effects: Iterable[Effect]) -> pd.DataFrame:
    """Return one row per effect, the columns in the order of effects.csv."""
    rows = [{name: getattr(effect, name) for name in ESTIMATE} for effect in effects]
    table = pd.DataFrame(rows, columns=ESTIMATE)
    table["horizon_months"] = table["horizon_months"].astype("Int64")
    return table
