"""What a reader sees of the costs: nothing that a failed check blinds, nobody's own allowance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.report.blinding import bears_on, cautions_of, failed_gates, not_excluded
from evalml.report.protect import blank, too_small
from evalml.report.results import complete_table, rows_of
from evalml.report.views import Shown
from evalml.typography import ABSENT, interval_text, number, typeset
from evalml.values import Message, messages_text

if TYPE_CHECKING:
    from evalml.report.results import Frames

ESTIMATED = ("paid_without", "net_cost", "months", "per_month")
"""Measures that rest on the comparison: they are the effect, or give it away."""
DOMINANCE = 0.85
"""Largest share of the entrants' allowances that one of them may have received."""
NUMBERS = ["value", "ci_low", "ci_high"]
SIZES = ["n_treated", "n_comparison", "largest_share", "second_share"]
MASKED = Message("costs.masked")
NO_RATIO = Message("costs.may_add_none")
SECRET = Message("disclosure.secret")
UNITS = {"euros par mois": "euros", "euros": "euros", "mois": "months"}


def guard_costs(costs: pd.DataFrame, checks: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Return the costs that may be read.

    Args:
        costs: The table of `costs_table`.
        checks: Table of checks; one that fails and bears on employment blinds what rests on it.
        threshold: Smallest count that may be shown.

    Returns:
        The same columns: the gate judges `largest_share` and `second_share`, which do not leave.
    """
    every = complete_table("checks", checks)
    costs = _widened(costs, every)
    failed = [key for key, _ in failed_gates(every)]
    employment = ("emploi", "emploi_declare")
    blinded = [
        row.measure in ESTIMATED
        and any(bears_on(key, name, row.horizon_months) for key in failed for name in employment)
        for row in rows_of(costs)
    ]
    small = too_small(costs["n_treated"], threshold) | too_small(costs["n_comparison"], threshold)
    dominated = costs["largest_share"].astype("float64") > DOMINANCE
    words = (costs["words"] if "words" in costs else pd.Series("", costs.index)).mask(
        pd.Series(blinded, index=costs.index), messages_text([MASKED])
    )
    remarked = costs.assign(words=words.mask(small | dominated, messages_text([SECRET])))
    secret = blank(remarked, small | dominated, [*NUMBERS, *SIZES])
    return blank(secret, pd.Series(blinded, index=costs.index), NUMBERS)


def _widened(costs: pd.DataFrame, checks: pd.DataFrame) -> pd.DataFrame:
    """Return costs whose months added hold the bias that no control rules out.

    A cost per month keeps its value where these months still exclude zero, and has no interval.
    """
    bias = next((b for b in map(not_excluded, cautions_of(checks)) if b is not None), None)
    if bias is None:
        return costs
    wide = costs.assign(words=costs.get("words", "")).astype(
        dict.fromkeys(("value", "ci_low", "ci_high"), "float64")
    )
    months = wide[(wide["measure"] == "months") & wide["value"].notna()]
    for place, row in months.iterrows():
        as_effect = row.rename({"value": "estimate"})
        found = bias.around(as_effect.reindex([*as_effect.index, "p_value"], fill_value=0.0))
        low, high = found["ci_low"], found["ci_high"]
        wide.loc[place, ["ci_low", "ci_high"]] = low, high
        same = wide["horizon_months"] == row["horizon_months"]
        ratio = same & (wide["measure"] == "per_month")
        wide.loc[ratio, ["ci_low", "ci_high"]] = float("nan")
        if low <= 0 <= high:
            wide.loc[ratio, "value"] = float("nan")
            wide.loc[ratio, "words"] = messages_text([NO_RATIO])
    return wide


def shown_costs(results: Frames) -> Shown:
    """Return the costs as a reader sees them: a line per measure and horizon, in French.

    A design whose method compares no amounts has no line.
    """
    rows = [
        (
            typeset(row.label),
            ABSENT if pd.isna(row.horizon_months) else f"{int(row.horizon_months)} mois",
            _value(row.value, row.unit),
            _interval(row.ci_low, row.ci_high, row.unit),
            typeset(row.remark),
        )
        for row in (rows_of(results["costs"]) if "costs" in results else ())
    ]
    names = ["coût", "à", "valeur", "intervalle à 95 %", "remarque"]
    return Shown(pd.DataFrame(rows, columns=names))


def _value(value: float, unit: str) -> str:
    if pd.isna(value):
        return ABSENT
    digits = 1 if unit == "mois" else 0
    return typeset(f"{number(value, digits)} {unit}")


def _interval(low: float, high: float, unit: str) -> str:
    return ABSENT if pd.isna(low) or pd.isna(high) else interval_text(low, high, UNITS[unit])
