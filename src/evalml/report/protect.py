"""The threshold applied to the stable tables of a run, before anything draws or prints them.

Every function takes a table and gives one in which no count lies from 1 to below the threshold, nor
can be found by subtracting its neighbours. Protecting a protected table changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.disclosure.counts import (
    blank,
    one_more,
    protect_counts,
    small_part,
    too_small,
)
from evalml.disclosure.rule import THRESHOLD, Rule
from evalml.disclosure.values import judged_messages, judged_values
from evalml.report.blinding import BLINDED, NUMBERS
from evalml.report.flow_steps import protect_flow
from evalml.report.results import Frames, complete_table
from evalml.report.sentences import tables_in_words
from evalml.results import COLUMNS
from evalml.values import Message, Number, messages_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ALMOST_ONE = 0.999
"""Sum of the shares of a covariate all of whose categories are shown."""


def protect_results(
    frames: Mapping[str, pd.DataFrame],
    threshold: int = THRESHOLD,
    lang: str = "fr",
    labels: Mapping[str, str] | None = None,
) -> Frames:
    """Return the stable tables with every small count, and what would give it away, taken out.

    Args:
        frames: Tables by name, as `read_results` gives them; other names pass through
            `protect_counts`.
        threshold: Smallest count that may be shown.
        lang: Language of the sentences and the reasons, which are written again.
        labels: Labels of the study.

    Returns:
        New tables; NaN stands where something was taken out.
    """
    guarded: Frames = {}
    for name, frame in frames.items():
        if len(frame) == 0:
            guarded[name] = frame
            continue
        known = complete_table(name, frame) if name in COLUMNS else frame
        guarded[name] = GUARDS.get(name, protect_counts)(known, threshold)
    if len(guarded.get("balance", ())) and len(frames.get("effects", ())):
        sizes = [
            float(pd.to_numeric(frames["effects"][f"n_{arm}"], errors="coerce").max())
            for arm in ("treated", "comparison")
        ]
        guarded["balance"] = protect_balance(guarded["balance"], sizes, threshold)
    return tables_in_words(guarded, lang, labels)


def protect_balance(balance: pd.DataFrame, sizes: list[float], threshold: int) -> pd.DataFrame:
    """Hide the means of a category that only a few persons of an arm are in.

    A mean of a category times the size of its arm is a count. All three means go: one of them and
    the standardised difference would give the others.
    """
    means = ("mean_treated", "mean_comparison_before")
    named = balance["covariate"].str.contains("=", regex=False)
    within = (
        balance[list(means)].astype("float64").apply(lambda mean: mean.between(0, 1)).all(axis=1)
    )
    few = pd.Series(data=False, index=balance.index)
    for mean, size in zip(means, sizes, strict=True):
        few |= small_part(pd.Series(size, index=balance.index), balance[mean], threshold)
    factor = balance["covariate"].str.split("=").str[0]
    hidden = few & within
    whole = balance["mean_treated"].astype("float64").groupby(factor).transform("sum") > ALMOST_ONE
    hidden |= one_more(hidden & named & whole, balance["mean_treated"], [factor]) & named & whole
    return blank(balance, hidden, [*means, "mean_comparison_after"])


def protect_effects(effects: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Blind the effects that rest on, or reveal, too few persons; and one more per subgroup."""
    few = too_small(effects["n_treated"], threshold) | too_small(effects["n_comparison"], threshold)
    shares = (effects["unit"] == "proportion") & (effects["status"] != BLINDED)
    parts = pd.Series(data=False, index=effects.index)
    for arm in ("treated", "comparison"):
        parts |= shares & small_part(effects[f"n_{arm}"], effects[f"mean_{arm}"], threshold)
    small = few | parts
    keys = ["outcome", "horizon_months", "method", "subgroup"]
    groups = [effects[key].astype("str") for key in keys]
    inside = effects["subgroup"] != ""
    second = one_more(small & inside, effects["n_treated"], groups) & inside
    causes = effects["causes"].map(
        lambda text: judged_messages(str(text), rule_inside(threshold))[0]
    )
    for where, key in ((second, "neighbour"), (parts, "few_outcomes"), (few, "few_persons")):
        message = Message(f"disclosure.{key}", {"threshold": Number(threshold)})
        causes = causes.mask(where & (effects["causes"] == ""), messages_text([message]))
    hidden = small | second
    masked = effects.assign(status=effects["status"].mask(hidden, BLINDED), causes=causes)
    return blank(masked, hidden, [*NUMBERS, "n_treated", "n_comparison"])


def protect_secondary(secondary: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Protect the effects of each secondary analysis as those of a study."""
    parts = [protect_effects(rows, threshold) for _, rows in secondary.groupby("analysis")]
    return pd.concat(parts).reindex(secondary.index)


def protect_trajectories(trajectories: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Take out the months with too few persons, and shares that make a small count."""
    keys = [column for column in ("outcome", "arm") if column in trajectories]
    table = trajectories.sort_values([*keys, "month"], kind="stable", ignore_index=True)
    few = too_small(table["n_at_risk"], threshold)
    n = table["n_at_risk"].mask(few)
    shares = table["rate"].between(0, 1).groupby(table["outcome"]).transform("all")
    counted = shares & (table["arm"] != "comparison")
    hidden = few | (counted & small_part(n, table["rate"], threshold))
    table = blank(table, hidden, ["rate", "std_error"])
    seen = few | small_part(n, table["share_unobserved"], threshold)
    table = blank(table, seen, ["share_unobserved"])
    return table.assign(n_at_risk=n)


def protect_intensity(intensity: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Take out the months that rest on too few persons, and the counts behind the shares."""
    counted = protect_counts(intensity, threshold)
    band = counted["measure"].str.startswith("hours_")
    hidden = band & counted["value"].isna()
    size = counted["numerator"].where(counted["numerator"] != 0, np.inf)  # an empty band hides none
    second = one_more(hidden, size, [counted["month"].where(band, -1)])
    counted = blank(counted, second & band, ["value", "numerator"])
    table = counted.sort_values(["measure", "month"], kind="stable", ignore_index=True)
    return table.assign(numerator=table["numerator"].where(table["measure"] == "inside"))


def protect_checks(checks: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Hide the values of the checks that count, or rest on, too few persons.

    The figure of a check one of whose values is hidden goes too: it may be the same count.
    """
    pairs = [judged_values(str(text), rule_inside(threshold)) for text in checks["values"]]
    hidden = pd.Series([any_hidden for _, any_hidden in pairs], index=checks.index, dtype="bool")
    return blank(checks.assign(values=[text for text, _ in pairs]), hidden, ["value"])


def rule_inside(threshold: int) -> Rule:
    """Return the rule of what stays inside: small counts are taken out, none is rounded."""
    return Rule(threshold=threshold, rounding=1)


def protect_events(events: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Take out the half-years of an event study that rest on too few persons."""
    small = too_small(events["n_treated"], threshold) | too_small(events["n_comparison"], threshold)
    numbers = ["estimate", "std_error", "ci_low", "ci_high", "n_treated", "n_comparison"]
    return blank(events, small, numbers)


def keep(frame: pd.DataFrame, _threshold: int) -> pd.DataFrame:
    """Return a table that counts nobody as it is."""
    return frame


GUARDS: dict[str, Callable[[pd.DataFrame, int], pd.DataFrame]] = {
    "flow": protect_flow,
    "effects": protect_effects,
    "secondary": protect_secondary,
    "trajectories": protect_trajectories,
    "checks": protect_checks,
    "protocol": keep,
    "event_study": protect_events,
    "published": keep,
    "costs": protect_counts,
    "exit_contrast": protect_counts,
    "intensity": protect_intensity,
    "balance": keep,
}
