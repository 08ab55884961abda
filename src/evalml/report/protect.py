"""The threshold applied to the stable tables of a run, before anything draws or prints them.

Every function takes a table and gives one in which no count lies from 1 to below the threshold, nor
can be found by subtracting its neighbours. Protecting a protected table changes nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.report.blinding import BLINDED, NUMBERS
from evalml.report.protect_months import protect_intensity
from evalml.report.protect_words import hide_counts
from evalml.report.results import COLUMNS, Frames, complete_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from evalml.arrays import BoolVector, Vector

Step = dict[str, Any]

ALMOST_ONE = 0.999
"""Sum of the shares of a covariate all of whose categories are shown."""

THRESHOLD = 11
"""Smallest count that may be shown: the rule of tax data, the strictest of those met."""

SMALL = "Secret statistique : moins de {threshold} personnes concernées."


def protect_results(frames: Mapping[str, pd.DataFrame], threshold: int = THRESHOLD) -> Frames:
    """Return the stable tables with every small count, and what would give it away, taken out.

    Args:
        frames: Tables by name, as `read_results` gives them; other names pass through
            `protect_counts`.
        threshold: Smallest count that may be shown.

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
    return guarded


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


def blank(frame: pd.DataFrame, where: pd.Series | BoolVector, columns: list[str]) -> pd.DataFrame:
    """Return `frame` with NaN in `columns` of the rows `where`."""
    present = [column for column in columns if column in frame]
    return frame.assign(
        **{column: frame[column].astype("float64").mask(where) for column in present}
    )


def protect_flow(flow: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Join each rule that leaves out too few persons with its neighbour.

    What a rule keeps is what the one before kept, less what it leaves out: a hidden count would be
    found by subtraction, so the steps are merged until each is large enough (or empty).
    """
    arms = [rows for _arm, rows in flow.groupby("arm", sort=False)] if "arm" in flow else [flow]
    return pd.concat([protect_steps(rows, threshold) for rows in arms], ignore_index=True)


def protect_steps(flow: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Protect the steps of one arm."""
    done: list[Step] = []
    for row in flow.to_dict("records"):
        step = {str(column): value for column, value in row.items()}
        if done and is_small(done[-1]["lost"], threshold):
            done[-1] = join_steps(done[-1], step)
        else:
            done.append(step)
    while len(done) > 1 and is_small(done[-1]["lost"], threshold):
        last = done.pop()
        done[-1] = join_steps(done[-1], last)
    table = hold_parts(pd.DataFrame(done, columns=flow.columns), threshold)
    hidden = too_small(table["lost"], threshold) | too_small(table["kept"], threshold)
    return blank(table, hidden, ["kept", "lost", *kept_parts(table)])


def kept_parts(flow: pd.DataFrame) -> list[str]:
    """Return the columns that say how many of a kind are kept, such as `kept_treated`."""
    return [str(column) for column in flow if str(column).startswith("kept_")]


def hold_parts(flow: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Return the steps with the count of each kind repeated until it has moved enough.

    The comparison arm is what is left of the whole, so that it does not tell what the treated
    arm lost.
    """
    parts = kept_parts(flow)
    held = flow.assign(
        **{part: hold(flow[part].to_numpy("float64", na_value=np.nan), threshold) for part in parts}
    )
    for part in parts:
        held = blank(held, too_small(held[part], threshold), [part])
    if {"kept_treated", "kept_comparison"} <= set(parts):
        rest = held["kept"] - held["kept_treated"]
        held = held.assign(kept_comparison=rest.mask(too_small(rest, threshold)))
    return held


def is_small(count: Any, threshold: int) -> bool:
    """Return whether one count lies from 1 to below the threshold; a hidden one does not."""
    return 0 < float(count) < threshold


def join_steps(first: Step, second: Step) -> Step:
    """Return one step that does what the two did, one after the other."""
    words = {
        column: " ; ".join(str(step[column]) for step in (first, second) if step[column])
        for column in ("rule", "label")
    }
    return {**second, **words, "lost": float(first["lost"]) + float(second["lost"])}


def protect_effects(effects: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Blind the effects that rest on, or reveal, too few persons; and one more per subgroup."""
    small = too_small(effects["n_treated"], threshold) | too_small(
        effects["n_comparison"], threshold
    )
    shares = effects["unit"] == "proportion"
    for arm in ("treated", "comparison"):
        part = small_part(effects[f"n_{arm}"], effects[f"mean_{arm}"], threshold)
        small |= shares & part & (effects["status"] != BLINDED)
    keys = ["outcome", "horizon_months", "method", "subgroup"]
    groups = [effects[key].astype("str") for key in keys]
    inside = effects["subgroup"] != ""
    second = one_more(small & inside, effects["n_treated"], groups) & inside
    hidden = small | second
    reason = SMALL.format(threshold=threshold)
    told = effects.assign(
        status=effects["status"].mask(hidden, BLINDED),
        reason=effects["reason"].mask(hidden, reason),
    )
    return blank(told, hidden, [*NUMBERS, "n_treated", "n_comparison"])


def one_more(small: pd.Series, size: pd.Series, groups: list[pd.Series]) -> pd.Series:
    """Return the smallest other row of each group in which exactly one row is hidden.

    A group with a single hidden row gives it away by subtraction from the whole.
    """
    table = pd.DataFrame({"small": small, "size": pd.to_numeric(size, errors="coerce")})
    for place, key in enumerate(groups):
        table[f"key{place}"] = key
    keys = [str(column) for column in table.columns[2:]]
    by = [table[key] for key in keys]
    gone = table["small"] | table["size"].isna()
    alone = gone.groupby(by).transform("sum") == 1
    left = table[alone & ~gone]
    first = left.sort_values([*keys, "size"], kind="stable").drop_duplicates(keys).index
    return pd.Series(table.index.isin(first), index=table.index)


def protect_secondary(secondary: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Protect the effects of each secondary analysis as those of a study."""
    parts = [protect_effects(rows, threshold) for _, rows in secondary.groupby("analysis")]
    return pd.concat(parts).reindex(secondary.index)


def protect_trajectories(trajectories: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Take out the months with too few persons, and shares that make a small count.

    The number at risk is repeated until it has moved by the threshold: the persons who leave in
    one month cannot be counted by subtraction.
    """
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
    held = n.groupby([table[key] for key in keys]).transform(
        lambda counts: hold(counts.to_numpy("float64"), threshold)
    )
    return table.assign(n_at_risk=held)


def hold(counts: Vector, threshold: int) -> Vector:
    """Return `counts` where each value is repeated until it has moved by `threshold`."""
    shown = counts.copy()
    last = np.nan
    for place, count in enumerate(counts):
        if np.isnan(last) or abs(count - last) >= threshold or count == 0:
            last = count
        shown[place] = last if not np.isnan(count) else np.nan
    return shown


def protect_counts(frame: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Take out small counts of any table, with the value that rests on them."""
    counts = [str(column) for column in frame.columns if is_count(str(column))]
    hidden = pd.Series(data=False, index=frame.index)
    for column in counts:
        hidden |= too_small(frame[column], threshold)
    if {"numerator", "denominator"} <= set(frame.columns):
        hidden |= too_small(frame["denominator"] - frame["numerator"], threshold)
    keys = [column for column in ("indicator", "measure", "group") if column in frame]
    if keys and counts and "group_value" in frame:
        size = frame[counts[-1]]
        hidden = hidden | one_more(hidden, size, [frame[key].fillna("") for key in keys])
    return blank(frame, hidden, [*counts, "value", "rate", "std_error", "ci_low", "ci_high"])


def is_count(column: str) -> bool:
    """Return whether a column counts persons, from its name."""
    return column in {"n", "numerator", "denominator", "kept", "lost", "effectif"} or bool(
        re.match(r"(?:n|nb|effectif)_", column)
    )


def protect_checks(checks: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Replace small counts of persons in the sentences of the checks by « moins de 11 ».

    The figure of a check whose sentence held one, or came with one hidden already, goes too: it is
    the same count as a share.
    """
    told = hide_counts(checks["sentence"], threshold)
    masked = re.compile(rf"moins de {threshold}\s[^\W\d]", re.IGNORECASE)
    hidden = pd.Series([bool(masked.search(text)) for text in told], index=checks.index)
    hidden |= pd.Series(told, index=checks.index) != checks["sentence"]
    return blank(checks.assign(sentence=told), hidden, ["value"])


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
