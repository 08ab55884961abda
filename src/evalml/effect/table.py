"""Effects as a table: the columns of effects.csv that belong to an estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evalml.effect.effect import Effect

COLUMNS = (
    "outcome", "horizon_months", "subgroup", "subgroup_value", "estimand", "method", "estimate",
    "std_error", "ci_low", "ci_high", "p_value", "n_treated", "n_comparison", "mean_treated",
    "mean_comparison", "unit",
)  # fmt: skip


def effects_table(effects: Iterable[Effect]) -> pd.DataFrame:
    """Return one row per effect, the columns in the order of effects.csv."""
    rows = [{name: getattr(effect, name) for name in COLUMNS} for effect in effects]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["horizon_months"] = table["horizon_months"].astype("Int64")
    return table
