"""The threshold applied to the stable tables of a run, before anything draws or prints them.

Every function takes a table and gives one in which no count lies from 1 to below the threshold, nor
can be found by subtracting its neighbours. Protecting a protected table changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from evalml.arrays import BoolVector
from evalml.disclosure.gate import COUNTS
from evalml.disclosure.judge import judged_messages, judged_values
from evalml.disclosure.register import rows
from evalml.disclosure.rule import THRESHOLD, DisclosureRule
from evalml.report.blinding import BLINDED, NUMBERS, outcome_key
from evalml.report.results import Frames, complete_table
from evalml.report.sentences import tables_in_words
from evalml.results import COLUMNS
from evalml.values import (
    Message,
    Name,
    Number,
    messages_text,
    read_messages,
    read_values,
    values_text,
)

ALMOST_ONE = 0.999
"""Sum of the shares of a covariate all of whose categories are shown."""
RESTING = ("value", "rate", "estimate", "std_error", "ci_low", "ci_high")
"""Values that go with a small count of their row."""


def protect_results(
    frames: Mapping[str, pd.DataFrame],
    threshold: int = THRESHOLD,
    lang: str = "fr",
    labels: Mapping[str, str] | None = None,
) -> Frames:
    """Return the stable tables with every small count, and what would give it away, taken out.

    NaN stands where something was; sentences and reasons are written again in `lang`.
    """
    guarded: Frames = {}
    for name, frame in frames.items():
        known = complete_table(name, frame) if name in COLUMNS and len(frame) else frame
        guard = GUARDS.get(name, protect_counts)
        guarded[name] = guard(known, threshold) if len(frame) and name != "balance" else known
    if len(guarded.get("balance", ())) and len(frames.get("effects", ())):
        counts = frames["effects"][["n_treated", "n_comparison"]].astype("float64").max()
        guarded["balance"] = protect_balance(guarded["balance"], counts.tolist(), threshold)
    if len(guarded.get("checks", ())) and len(guarded.get("effects", ())):
        guarded["checks"] = without_masked(guarded["checks"], guarded["effects"])
    return tables_in_words(guarded, lang, labels)


def without_masked(checks: pd.DataFrame, effects: pd.DataFrame) -> pd.DataFrame:
    """Return the checks without the effect and the name of a subgroup that `effects` masks."""
    masked = {(outcome_key(row["outcome"], row["horizon_months"]),
               f"{row['subgroup']}={row['subgroup_value']}")
              for row in rows(effects) if row["subgroup"] and pd.isna(row["estimate"])}  # fmt: skip
    quoted = [
        str(row["check"]) == "interaction"
        and any(
            isinstance(value, Name) and (str(row["outcome"]), value.key) in masked
            for value in read_values(str(row["values"])).values()
        )
        for row in rows(checks)
    ]
    hidden = pd.Series(quoted, checks.index, "bool")
    if not hidden.any():
        return checks
    only = [values_text({"variable": read_values(str(text))["variable"]}) if each else text
            for text, each in zip(checks["values"], hidden, strict=True)]  # fmt: skip
    without = checks.assign(values=only, finding=checks["finding"].mask(hidden, "masked"))
    return blank(without, hidden, ["value"])


def too_small(counts: pd.Series, threshold: int) -> pd.Series:
    """Return where a count lies from 1 to below the threshold; a zero names nobody."""
    number = pd.to_numeric(counts, errors="coerce")
    return (number > 0) & (number < threshold)


def small_part(n: pd.Series, share: pd.Series, threshold: int) -> pd.Series:
    """Return where `share` of `n` persons, or the rest of them, makes a small count."""
    number = pd.to_numeric(n, errors="coerce")
    part = (pd.to_numeric(share, errors="coerce") * number).round()
    inside = (part >= 0) & (part <= number)
    return inside & (too_small(part, threshold) | too_small(number - part, threshold))


def blank(
    frame: pd.DataFrame, where: pd.Series | BoolVector, columns: tuple[str, ...] | list[str]
) -> pd.DataFrame:
    """Return `frame` with NaN in `columns` of the rows `where`."""
    present = [column for column in columns if column in frame]
    return frame.assign(**{c: frame[c].astype("float64").mask(where) for c in present})


def one_more(small: pd.Series, size: pd.Series, groups: list[pd.Series]) -> pd.Series:
    """Return the smallest other row of each group in which exactly one row is hidden.

    A group with a single hidden row gives it away by subtraction from the whole.
    """
    number = pd.to_numeric(size, errors="coerce")
    gone = small | number.isna()
    left = (gone.groupby(groups).transform("sum") == 1) & ~gone
    first = number[left].groupby([key[left] for key in groups]).idxmin()
    return pd.Series(small.index.isin(first), index=small.index)


def protect_counts(frame: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Take out small counts of any table, with the value that rests on them."""
    counts = [str(column) for column in frame.columns if COUNTS.fullmatch(str(column))]
    hidden = frame[counts].apply(too_small, threshold=threshold).any(axis=1)
    if {"numerator", "denominator"} <= set(frame.columns):
        hidden |= too_small(frame["denominator"] - frame["numerator"], threshold)
    keys = [column for column in ("indicator", "measure", "group") if column in frame]
    if keys and counts and "group_value" in frame:
        groups = [frame[key].fillna("") for key in keys]
        hidden = hidden | one_more(hidden, frame[counts[-1]], groups)
    return blank(frame, hidden, (*counts, *RESTING))


def protect_flow(flow: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Join each rule that leaves out too few persons with its neighbour.

    What a rule keeps is what the one before kept, less what it leaves out: a hidden count would be
    found by subtraction, so the steps are merged until each is large enough (or empty).
    """
    arms = [steps for _, steps in flow.groupby("arm", sort=False)] if "arm" in flow else [flow]
    table = pd.concat([joined(steps, threshold) for steps in arms], ignore_index=True)
    parts = [str(column) for column in flow if str(column).startswith("kept_")]
    for part in parts:
        table = blank(table, too_small(table[part], threshold), [part])
    hidden = too_small(table["lost"], threshold) | too_small(table["kept"], threshold)
    return blank(table, hidden, ["kept", "lost", *parts])


def joined(flow: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Return the steps of one arm, those that leave out a few joined with the next or the last."""
    done: list[dict[str, Any]] = []
    for step in rows(flow):
        few = done and 0 < float(done[-1]["lost"]) < threshold
        done[-1:] = [join_steps(done[-1], step)] if few else [*done[-1:], step]
    while len(done) > 1 and 0 < float(done[-1]["lost"]) < threshold:
        done[-2:] = [join_steps(*done[-2:])]
    return pd.DataFrame(done, columns=flow.columns)


def join_steps(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return one step that does what the two did, one after the other."""
    words = {
        column: " ; ".join(str(step[column]) for step in (first, second) if step[column])
        for column in ("rule", "label")
    }
    words_of = [str(step.get("words") or "") for step in (first, second)]
    if all(words_of):
        words["words"] = messages_text([each for text in words_of for each in read_messages(text)])
    return {**second, **words, "lost": float(first["lost"]) + float(second["lost"])}


def protect_balance(balance: pd.DataFrame, sizes: list[float], threshold: int) -> pd.DataFrame:
    """Hide the means of a category that only a few persons of an arm are in.

    A mean of a category times the size of its arm is a count. All three means go: one of them and
    the standardised difference would give the others.
    """
    means = balance[["mean_treated", "mean_comparison_before"]].astype("float64")
    arms = zip(means, sizes, strict=True)
    few = [small_part(means[mean].mask(means[mean].notna(), n), means[mean], threshold)
           for mean, n in arms]  # fmt: skip
    hidden = (few[0] | few[1]) & ((means >= 0) & (means <= 1)).all(axis=1)
    factor = balance["covariate"].str.split("=").str[0]
    whole = means["mean_treated"].groupby(factor).transform("sum") > ALMOST_ONE
    whole &= balance["covariate"].str.contains("=", regex=False)
    hidden |= one_more(hidden & whole, means["mean_treated"], [factor]) & whole
    return blank(balance, hidden, [*means, "mean_comparison_after"])


def protect_effects(effects: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Blind the effects that rest on, or reveal, too few persons; and one more per subgroup."""
    few = too_small(effects["n_treated"], threshold) | too_small(effects["n_comparison"], threshold)
    arms = [small_part(effects[f"n_{arm}"], effects[f"mean_{arm}"], threshold)
            for arm in ("treated", "comparison")]  # fmt: skip
    parts = (arms[0] | arms[1]) & (effects["unit"] == "proportion") & (effects["status"] != BLINDED)
    small = few | parts
    keys = [key for key in ("analysis", "outcome", "horizon_months", "method", "subgroup")
            if key in effects]  # fmt: skip
    inside = effects["subgroup"] != ""
    groups = [effects[key].astype("str") for key in keys]
    second = one_more(small & inside, effects["n_treated"], groups) & inside
    rule = rule_inside(threshold)
    causes = effects["causes"].map(lambda text: judged_messages(str(text), rule)[0])
    for where, key in ((few, "few_persons"), (parts, "few_outcomes"), (second, "neighbour")):
        message = Message(f"disclosure.{key}", {"threshold": Number(threshold)})
        causes = causes.mask(where & (effects["status"] != BLINDED), messages_text([message]))
    hidden = small | second
    masked = effects.assign(status=effects["status"].mask(hidden, BLINDED), causes=causes)
    return blank(masked, hidden, [*NUMBERS, "n_treated", "n_comparison"])


def protect_trajectories(trajectories: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Take out the months with too few persons, and shares that make a small count."""
    keys = [column for column in ("outcome", "arm", "month") if column in trajectories]
    table = trajectories.sort_values(keys, kind="stable", ignore_index=True)
    few = too_small(table["n_at_risk"], threshold)
    n = table["n_at_risk"].mask(few)
    shares = table["rate"].between(0, 1).groupby(table["outcome"]).transform("all")
    counted = shares & (table["arm"] != "comparison")
    hidden = few | (counted & small_part(n, table["rate"], threshold))
    table = blank(table, hidden, ["rate", "std_error"])
    seen = few | small_part(n, table["share_unobserved"], threshold)
    return blank(table, seen, ["share_unobserved"]).assign(n_at_risk=n)


def protect_intensity(intensity: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Take out the months that rest on too few persons, and the counts behind the shares."""
    counted = protect_counts(intensity, threshold)
    band = counted["measure"].str.startswith("hours_")
    size = counted["numerator"].where(counted["numerator"] != 0, np.inf)  # an empty band hides none
    second = one_more(band & counted["value"].isna(), size, [counted["month"].where(band, -1)])
    counted = blank(counted, second & band, ["value", "numerator"])
    table = counted.sort_values(["measure", "month"], kind="stable", ignore_index=True)
    return table.assign(numerator=table["numerator"].where(table["measure"] == "inside"))


def protect_checks(checks: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Hide the values of the checks that count too few persons, and the figure of their check."""
    pairs = [judged_values(str(text), rule_inside(threshold)) for text in checks["values"]]
    hidden = pd.Series([any_hidden for _, any_hidden in pairs], index=checks.index, dtype="bool")
    return blank(checks.assign(values=[text for text, _ in pairs]), hidden, ["value"])


def rule_inside(threshold: int) -> DisclosureRule:
    """Return the rule of what stays inside: small counts are taken out, none is rounded."""
    return DisclosureRule(threshold=threshold, rounding=1)


GUARDS: dict[str, Callable[[pd.DataFrame, int], pd.DataFrame]] = {
    "flow": protect_flow,
    "effects": protect_effects,
    "secondary": protect_effects,
    "trajectories": protect_trajectories,
    "checks": protect_checks,
    "intensity": protect_intensity,
}
"""How each table is protected; the others by `protect_counts`."""
