"""The sentences of the note: each is a template of the words with figures of the results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.report.figure_balance import LIMIT, difference_text
from evalml.report.markdown import md
from evalml.report.results import rows_of
from evalml.report.verdict import (
    is_blinded,
    is_bounded,
    primary_effect,
    tally,
)
from evalml.report.words import Words, design_words, method_inside, outcome_label, plural, words
from evalml.typography import (
    NBSP,
    count_text,
    effect_number,
    effect_text,
    interval_text,
    level_text,
    number,
    typeset,
)
from evalml.values import Name
from evalml.words import name_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.report.results import Frames


@dataclass(frozen=True, slots=True)
class Note:
    """All a note may know: protected and masked tables, and what the study said of itself.

    Attributes:
        frames: Tables by name, without small counts and without blinded numbers.
        meta: Title, programme, period, primary outcome, command, hashes, ...
        lang: `fr` or `en`.
        threshold: Smallest count shown.
        rounding: Base of the counts of a released note; 0 for the note of the team.
    """

    frames: Frames
    meta: Mapping[str, Any]
    lang: str
    threshold: int
    rounding: int = 0

    @property
    def text(self) -> Words:
        """The phrases of the note."""
        return design_words(self.lang, str(self.meta.get("kind", "")))

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the study: outcomes, arms, subgroups."""
        return dict(self.meta.get("labels") or {})

    @property
    def primary(self) -> dict[str, Any]:
        """Outcome, horizon and method declared beforehand."""
        return dict(self.meta.get("primary") or {})

    def say(self, template: str, **values: object) -> str:
        """Return a phrase with its figures, typeset."""
        return typeset(template.format(**values), self.lang)

    def outcome(self, row: Any) -> str:
        """Return the label of the outcome of an effect."""
        return outcome_label(row.outcome, row.horizon_months, self.lang, self.labels)

    def against(self, row: Any) -> str:
        """Return against what an effect is, in brackets, where it is not the usual question."""
        key = str(row.estimand)
        found = name_label(Name("against", key), self.lang)
        return "" if found == key else f" {found}"


def answer(note: Note) -> list[str]:
    """Return the paragraphs of the answer: the effect, the threshold, the benchmark, how sure."""
    effect = primary_effect(note.frames["effects"], note.primary)
    sentences = [first_sentence(note, effect)]
    if effect is not None and not is_blinded(effect):
        sentences += [threshold_sentence(note, effect), horizons_sentence(note, effect)]
    sentences.append(benchmark_sentence(note, effect))
    return [" ".join(line for line in sentences if line), certainty_sentence(note, effect)]


def first_sentence(note: Note, effect: pd.Series | None) -> str:
    """Return the answer in one sentence."""
    text = note.text["answer"]
    primary = note.primary
    name = outcome_label(
        str(primary.get("outcome", "")), primary.get("horizon_months"), note.lang, note.labels
    )
    subject = md(name, note.lang)
    if effect is None:
        return note.say(text["missing"], subject=subject)
    if is_bounded(effect):
        ends = interval_text(effect["ci_low"], effect["ci_high"], str(effect["unit"]), note.lang)
        return note.say(text["bounded"], subject=subject, interval=ends)
    if is_blinded(effect):
        told = note.say(text["blinded"], subject=subject)
        if not effect["reason"]:
            return told
        return f"{told} {note.say(text['blinded_reason'], reason=md(effect['reason'], note.lang))}"
    unit = str(effect["unit"])
    template = text["null"]
    if effect["ci_low"] > 0 or effect["ci_high"] < 0:
        template = text["positive"] if effect["estimate"] > 0 else text["negative"]
    return note.say(
        template,
        subject=subject,
        estimate=effect_text(effect["estimate"], unit, note.lang),
        interval=interval_text(effect["ci_low"], effect["ci_high"], unit, note.lang),
        treated=level_text(effect["mean_treated"], unit, note.lang),
        comparison=level_text(effect["mean_comparison"], unit, note.lang),
    )


def threshold_sentence(note: Note, effect: pd.Series) -> str:
    """Return where the interval lies against the decision threshold chosen beforehand."""
    threshold = note.meta.get("threshold")
    if threshold is None:
        return ""
    side = "threshold_null" if effect["ci_low"] <= 0 else "threshold_positive"
    if effect["ci_low"] > threshold:
        side = "threshold_above"
    elif effect["ci_high"] < threshold:
        side = "threshold_below"
    shown = effect_text(float(threshold), str(effect["unit"]), note.lang)
    return note.say(note.text["answer"][side], threshold=shown)


def horizons_sentence(note: Note, effect: pd.Series) -> str:
    """Return the effect on the same outcome at the other horizons, where it differs from zero."""
    effects = note.frames["effects"]
    same = (effects["subgroup"] == "") & effects["estimate"].notna()
    for key in ("outcome", "method", "estimand"):
        same &= effects[key] == effect[key]
    rows = effects[same]
    rows = rows[rows["horizon_months"] != effect["horizon_months"]].sort_values("horizon_months")
    found = rows[(rows["ci_low"] > 0) | (rows["ci_high"] < 0)]
    if not len(found):
        return ""
    each = [
        note.say(
            note.text["answer"]["horizon"],
            horizon=f"{row.horizon_months:.0f}",
            estimate=effect_text(row.estimate, row.unit, note.lang),
            interval=interval_text(row.ci_low, row.ci_high, row.unit, note.lang),
        )
        for row in rows_of(found)
    ]
    between = "; " if note.lang == "en" else " ; "
    return note.say(note.text["answer"]["horizons"], effects=between.join(each))


def benchmark_sentence(note: Note, effect: pd.Series | None) -> str:
    """Return the answer of the experiment, and how far the estimate falls from it."""
    bench = note.meta.get("benchmark")
    if not bench or effect is None:
        return ""
    unit = str(effect["unit"])
    values = {
        "estimate": effect_text(bench["estimate"], unit, note.lang),
        "interval": interval_text(bench["ci_low"], bench["ci_high"], unit, note.lang),
    }
    if is_blinded(effect):
        return note.say(note.text["answer"]["benchmark_blinded"], **values)
    gap = effect_text(float(effect["estimate"]) - float(bench["estimate"]), unit, note.lang)
    return note.say(note.text["answer"]["benchmark"], gap=gap, **values)


def certainty_sentence(note: Note, effect: pd.Series | None) -> str:
    """Return how sure the checks leave us, with their count."""
    counts = tally(note.frames["checks"], note.primary)
    unseen = effect is None or is_blinded(effect)
    level = note.text["certainty"]["none" if unseen else counts.certainty]
    forms = note.text["counts"]
    return note.say(
        note.text["answer"]["certainty"],
        level=level,
        passed=plural(forms["passed"], counts.passed),
        failed=plural(forms["failed"], counts.failed),
        unjudged=plural(forms["unjudged"], counts.unjudged),
    )


def done(note: Note) -> list[str]:
    """Return what was done: who was kept, who was compared, how alike they were."""
    lines = [
        flow_sentence(note),
        sample_sentence(note),
        curve_sentence(note),
        balance_sentence(note),
    ]
    return [line for line in lines if line]


def flow_sentence(note: Note) -> str:
    """Return how many were there at the start and at the end, and which rule left out most."""
    flow = note.frames["flow"]
    lost = flow["lost"].astype("float64") if len(flow) else pd.Series(dtype="float64")
    if not len(flow) or lost.isna().all():
        return ""
    worst = int(lost.fillna(0).to_numpy().argmax())
    first = float(flow["kept"].iloc[0]) + float(lost.fillna(0).iloc[0])
    mark = note.text["suppressed"]
    counts = {
        "first": count_text(first, note.lang, hidden=mark),
        "last": count_text(flow["kept"].iloc[-1], note.lang, hidden=mark),
    }
    people = flow.get("kept_persons")
    key = "flow"
    if people is not None and not note.meta.get("unit_label"):
        key = "flow_trials"
        counts["persons"] = count_text(people.iloc[0], note.lang, hidden=mark)
        counts["persons_last"] = count_text(people.iloc[-1], note.lang, hidden=mark)
    else:
        counts["unit"] = note.meta.get("unit_label") or words(note.lang)["units"]["persons"]
    return note.say(
        note.text["done"][key],
        **counts,
        worst=md(flow["label"].iloc[worst] or flow["rule"].iloc[worst], note.lang),
        lost=count_text(lost.iloc[worst], note.lang, hidden=mark),
    )


def sample_sentence(note: Note) -> str:
    """Return how many persons of each arm, the method and the estimand."""
    effect = primary_effect(note.frames["effects"], note.primary)
    if effect is None:
        return ""
    mark = note.text["suppressed"]
    estimand = words(note.lang)["estimands"].get(effect["estimand"], effect["estimand"])
    return note.say(
        note.text["done"]["sample_trials" if "kept_persons" in note.frames["flow"] else "sample"],
        treated=count_text(effect["n_treated"], note.lang, hidden=mark),
        comparison=count_text(effect["n_comparison"], note.lang, hidden=mark),
        method=md(method_inside(effect["method"], note.lang), note.lang),
        estimand=md(estimand, note.lang),
    )


def curve_sentence(note: Note) -> str:
    """Return why the curve of the comparison ends elsewhere than the level of the answer."""
    effect = primary_effect(note.frames["effects"], note.primary)
    curves = note.frames["trajectories"]
    if effect is None or is_blinded(effect) or not len(curves):
        return ""
    at = (curves["outcome"] == effect["outcome"]) & (curves["arm"] == "comparison")
    rate = curves[at & (curves["month"] == effect["horizon_months"])]["rate"].dropna()
    unit, level = str(effect["unit"]), effect["mean_comparison"]
    if not len(rate) or pd.isna(level):
        return ""
    ends = [level_text(value, unit, note.lang) for value in (float(rate.iloc[0]), level)]
    if ends[0] == ends[1]:
        return ""
    return note.say(
        note.text["done"]["curve"],
        curve=ends[0],
        level=ends[1],
        method=md(method_inside(effect["method"], note.lang), note.lang),
    )


def balance_sentence(note: Note) -> str:
    """Return the largest standardised difference before and after."""
    balance = note.frames["balance"]
    if not len(balance):
        return ""
    size = balance[["smd_before", "smd_after"]].astype("float64").abs()
    return note.say(
        note.text["done"]["balance"],
        before=difference_text(size["smd_before"].max(), note.lang),
        after=difference_text(size["smd_after"].max(), note.lang),
        threshold=number(balance_threshold(note), 1, note.lang),
        n=len(balance),
    )


def balance_threshold(note: Note) -> float:
    """Return the threshold that the balance check used, 0.1 where there was none."""
    checks = note.frames["checks"]
    rows = checks[checks["check"] == "balance"]
    used = pd.to_numeric(rows["threshold"], errors="coerce").dropna()
    return float(used.iloc[0]) if len(used) else LIMIT


def effect_cells(note: Note, row: Any) -> tuple[str, str]:
    """Return the effect and its interval; a dash for a blinded one."""
    told = pd.Series({"status": row.status, "estimate": row.estimate, "ci_low": row.ci_low})
    if is_blinded(told) and not is_bounded(told):
        return "–", "–"
    bounds = f"{NBSP};{NBSP}" if note.lang == "fr" else f",{NBSP}"
    ends = [effect_number(end, row.unit, note.lang) for end in (row.ci_low, row.ci_high)]
    number = "–" if is_bounded(told) else effect_text(row.estimate, row.unit, note.lang)
    return number, f"\\[{bounds.join(ends)}\\]"
