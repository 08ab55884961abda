"""The threshold applied to the stable tables of a run, before anything draws or prints them.

Every function takes a table and gives one in which no count lies from 1 to below the threshold, nor
can be found by subtracting its neighbours. Protecting a protected table changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.report.blinding import BLINDED, NUMBERS
from evalml.report.flow_steps import protect_flow
from evalml.report.protect_months import protect_intensity
from evalml.report.results import COLUMNS, Frames, complete_table
from evalml.report.sentences import tables_in_words
from evalml.report.small_counts import (
    THRESHOLD,
    blank,
    hold,
    is_small,
    one_more,
    protect_counts,
    small_part,
    too_small,
)
from evalml.values import (
    Count,
    Counts,
    Estimate,
    Hidden,
    Interval,
    Message,
    Number,
    Share,
    kind_of,
    messages_text,
    read_messages,
    read_values,
    values_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from evalml.values import Value

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
    causes = effects["causes"].map(lambda text: protect_causes(str(text), threshold))
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


def protect_checks(checks: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Hide the values of the checks that count, or rest on, too few persons.

    The figure of a check one of whose values is hidden goes too: it may be the same count.
    """
    pairs = [protect_values(str(text), threshold) for text in checks["values"]]
    hidden = pd.Series([any_hidden for _, any_hidden in pairs], index=checks.index, dtype="bool")
    return blank(checks.assign(values=[text for text, _ in pairs]), hidden, ["value"])


def protect_values(text: str, threshold: int) -> tuple[str, bool]:
    """Return values as JSON with those that are too small hidden, and whether one is."""
    values = {name: judge(value, threshold) for name, value in read_values(text).items()}
    written = values_text(values) if values else text
    return written, any(map(is_hidden, values.values()))


def is_hidden(value: Value) -> bool:
    """Return whether a value, or one of several, was taken out."""
    if isinstance(value, Counts):
        return any(isinstance(count, Hidden) for _, count in value.rows)
    return isinstance(value, Hidden)


def protect_causes(text: str, threshold: int) -> str:
    """Return messages as JSON with the values that are too small hidden."""
    found = read_messages(text)
    judged = [
        Message(one.key, {name: judge(value, threshold) for name, value in one.values.items()})
        for one in found
    ]
    return messages_text(judged)


def judge(value: Value, threshold: int) -> Value:
    """Return a value, or `Hidden` where it counts, or rests on, too few persons."""
    if isinstance(value, Counts):
        return Counts(tuple((name, hide(count, threshold)) for name, count in value.rows))
    small = (
        (isinstance(value, Count) and small_of(value.n, value.of, threshold))
        or (isinstance(value, Share) and small_of(value.part, value.whole, threshold))
        or (isinstance(value, Estimate | Interval) and small_of(value.n, None, threshold))
    )
    return Hidden(kind_of(value)) if small else value


def hide(count: Count | Hidden, threshold: int) -> Count | Hidden:
    """Return a count, or `Hidden` where it is too small."""
    small = isinstance(count, Count) and small_of(count.n, count.of, threshold)
    return Hidden("count") if small else count


def small_of(part: int | None, whole: int | None, threshold: int) -> bool:
    """Return whether a part, its whole or what is left of it names too few persons."""
    rest = None if part is None or whole is None else whole - part
    return any(n is not None and is_small(n, threshold) for n in (part, whole, rest))


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
