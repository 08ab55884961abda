"""What the results amount to: the primary effect, its verdict, its path over time, its checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.codes import code_lists
from evalml.report.blinding import BLINDED, bears_on, small_only

if TYPE_CHECKING:
    from collections.abc import Mapping

NEVER = "att_never"
"""Estimand against never entering, in effects.csv."""


def primary_effect(effects: pd.DataFrame, primary: Mapping[str, Any]) -> pd.Series | None:
    """Return the row of the primary outcome, horizon and method in the whole population.

    Two questions may be answered there: the one of the study comes first in its table, and that
    against never entering (`att_never`) is never the headline.
    """
    rows = effects[(effects["subgroup"] == "") & (effects["outcome"] == primary.get("outcome"))]
    rows = rows[rows["estimand"] != NEVER]
    horizon = primary.get("horizon_months")
    months = pd.to_numeric(rows["horizon_months"], errors="coerce")
    rows = rows[months.isna() if horizon is None else months == float(horizon)]
    chosen = rows[rows["method"] == primary.get("method")]
    return chosen.iloc[0] if len(chosen) else None


def is_blinded(effect: pd.Series) -> bool:
    """Return whether the number of an effect must not be shown."""
    return bool(effect["status"] == BLINDED or pd.isna(effect["estimate"]))


def is_bounded(effect: pd.Series) -> bool:
    """Return whether an effect is known by its bounds only, and they may be shown."""
    shown = effect["status"] != BLINDED
    return bool(shown and pd.isna(effect["estimate"]) and pd.notna(effect["ci_low"]))


def answer_of(passed: bool | None, value: Any, threshold: Any) -> str:
    """Return `passed`, `failed`, `unjudged`, or `information` where there is nothing to judge."""
    if passed is not None:
        return "passed" if passed else "failed"
    judged = pd.notna(threshold) or pd.isna(value)
    return "unjudged" if judged else "information"


def answers(checks: pd.DataFrame) -> list[str]:
    """Return the answer of every check."""
    columns = (checks["passed"], checks["value"], checks["threshold"])
    return [answer_of(*row) for row in zip(*columns, strict=True)]


def on_primary(checks: pd.DataFrame, primary: Mapping[str, Any]) -> pd.Series:
    """Return which checks bear on the outcome, and the horizon, declared beforehand."""
    outcome, horizon = str(primary.get("outcome", "")), primary.get("horizon_months")
    bearing = [bears_on(key, outcome, horizon) for key in checks["outcome"]]
    return pd.Series(bearing, index=checks.index, dtype="bool")


INTERVAL = 2 * 1.959964
"""Standard errors from one end of an interval at 95 % to the other."""


def standard_error(effect: pd.Series) -> float | None:
    """Return the standard error of an effect, from its interval where the table gives none."""
    error = effect.get("std_error")
    if error is not None and pd.notna(error) and float(error) > 0:
        return float(error)
    ends = (effect["ci_low"], effect["ci_high"])
    if any(pd.isna(end) for end in ends) or not ends[1] > ends[0]:
        return None
    return float(ends[1] - ends[0]) / INTERVAL


def whole_error(effect: pd.Series) -> float | None:
    """Return the standard error of an effect, what widens its interval included."""
    error, half = standard_error(effect), float(effect["ci_high"] - effect["ci_low"]) / INTERVAL
    return max(error, half) if error is not None and half > WIDENED * error else error


WIDENED = 1.25
"""Times the half-length of an interval exceeds its standard errors where chance is not all."""


def verdict_of(effect: pd.Series | None, useful: float | None) -> str:
    """Return what an effect amounts to, from its interval, zero and the useful effect.

    `missing`, `hidden` (small counts alone), `blinded`, `bounded`; told from zero: `useful` (surely
    above the useful effect), `positive` (it may fall short of it), `small` (it does), `plus` (no
    useful effect was set), `minus`; not told from zero: `no_useful` (a useful effect is ruled out)
    or `unclear`.
    """
    if effect is None:
        return "missing"
    if is_bounded(effect):
        return "bounded"
    if is_blinded(effect):
        return "hidden" if small_only(str(effect.get("causes") or "")) else "blinded"
    return _against(float(effect["ci_low"]), float(effect["ci_high"]), useful)


def _against(low: float, high: float, useful: float | None) -> str:
    """Return where an interval lies from zero and from the useful effect."""
    if high < 0:
        return "minus"
    if useful is None:
        return "plus" if low > 0 else "unclear"
    if low > 0:
        return "useful" if low > useful else "small" if high < useful else "positive"
    return "no_useful" if high < useful else "unclear"


def sign_of(row: Any) -> int:
    """Return 1 or -1 where an effect is told from zero, 0 where it is not."""
    return 1 if row.ci_low > 0 else -1 if row.ci_high < 0 else 0


def path_of(effects: pd.DataFrame, effect: pd.Series | None) -> pd.DataFrame:
    """Return the effects on the primary outcome over time: same method, same question."""
    if effect is None:
        return effects.iloc[:0]
    same = effects["subgroup"] == ""
    for key in ("outcome", "method", "estimand"):
        same &= effects[key] == effect[key]
    return effects[same].sort_values("horizon_months")


def subgroups_of(effects: pd.DataFrame, primary: Mapping[str, Any]) -> pd.DataFrame:
    """Return the subgroups of the primary outcome, horizon and method."""
    rows = effects[(effects["subgroup"] != "") & (effects["outcome"] == primary.get("outcome"))]
    horizon = primary.get("horizon_months")
    months = pd.to_numeric(rows["horizon_months"], errors="coerce")
    rows = rows[months.isna() if horizon is None else months == float(horizon)]
    return in_order(rows[rows["method"] == primary.get("method")])


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Return subgroups with levels in the order of their list, and no minors beside age bands."""
    variables = list(dict.fromkeys(rows["subgroup"]))
    if "tranche_age" in variables:
        variables = [name for name in variables if name != "mineur"]
    kept = rows[rows["subgroup"].isin(variables)]
    levels = code_lists()
    places = [
        (variables.index(name), levels[name].values.index(value))
        if name in levels and value in levels[name].values
        else (variables.index(name), LAST)
        for name, value in zip(kept["subgroup"], kept["subgroup_value"], strict=True)
    ]
    return kept.iloc[sorted(range(len(kept)), key=places.__getitem__)]


LAST = 99
"""Place of a level that no closed list holds: unknown, others; all keep their order there."""


def turns(effects: pd.DataFrame, effect: pd.Series | None) -> bool:
    """Return whether an effect told from zero went the other way before the primary horizon."""
    path = path_of(effects, effect)
    if effect is None or not len(path) or pd.isna(effect["horizon_months"]):
        return False
    before = path[(path["horizon_months"] < effect["horizon_months"]) & path["estimate"].notna()]
    late = 1 if pd.isna(effect["estimate"]) else sign_of(effect) or 1
    return any(sign_of(row) == -late for row in before.itertuples())


def hides(check: Any, effects: pd.DataFrame) -> bool:
    """Return whether the sentence of a check could give away a blinded effect.

    A sensitivity analysis speaks of the effect on everybody: it is silent while that effect is,
    whatever small subgroups are masked. One that bears on no outcome in particular (negative
    controls, the spread of an instrument) speaks of none of the study's effects.
    """
    if check.gating or not check.outcome:
        return False
    whole = effects["subgroup"].fillna("") == ""
    blinded = effects[whole & (effects["status"] == BLINDED)]
    return any(
        bears_on(check.outcome, outcome, horizon)
        for outcome, horizon in zip(blinded["outcome"], blinded["horizon_months"], strict=True)
    )
