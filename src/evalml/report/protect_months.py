"""The threshold applied to what is described month after month of the same persons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.report.small_counts import blank, hold, one_more, protect_counts

if TYPE_CHECKING:
    import pandas as pd

DIGITS = {"%": 0, "heures": 1, "euros": 0}
"""Decimals that are left: a share to the nearest percent does not give a count away."""


def protect_intensity(intensity: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Take out the months that rest on too few persons, and the counts behind the shares.

    The number of persons inside is repeated until it has moved by the threshold: those who leave in
    one month cannot be counted by subtraction. Shares and means are rounded.
    """
    counted = protect_counts(intensity, threshold)
    band = counted["measure"].str.startswith("hours_")
    hidden = band & counted["value"].isna()
    size = counted["numerator"].where(counted["numerator"] != 0, np.inf)  # an empty band hides none
    second = one_more(hidden, size, [counted["month"].where(band, -1)])
    counted = blank(counted, second & band, ["value", "numerator"])
    table = counted.sort_values(["measure", "month"], kind="stable", ignore_index=True)
    for column in ("numerator", "denominator"):
        table[column] = table.groupby("measure")[column].transform(
            lambda counts: hold(counts.to_numpy("float64", na_value=np.nan), threshold)
        )
    inside = table["measure"] == "inside"
    table["value"] = table["value"].mask(
        inside & table["value"].notna(), 100 * table["numerator"] / table["denominator"]
    )
    digits = table["unit"].map(DIGITS).fillna(0)
    rounded = np.round(table["value"] * 10**digits) / 10**digits
    return table.assign(value=rounded, numerator=table["numerator"].where(inside))
