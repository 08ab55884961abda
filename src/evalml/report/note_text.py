"""The two pages of the note as messages: values of the results, which the words fill last."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.report.blinding import BLINDED, CAUTIONS, small_only
from evalml.report.certainty import HIGH, NONE, Certainty, Ground, certainty_of, likelihood
from evalml.report.markdown import md
from evalml.report.results import rows_of
from evalml.report.trace import in_cell, in_cells, linked
from evalml.report.verdict import (
    on_primary,
    path_of,
    primary_effect,
    sign_of,
    standard_error,
    subgroups_of,
    turns,
    verdict_of,
)
from evalml.report.words import Words, design_words, outcome_label
from evalml.study import PROGRAMMES
from evalml.study.methods import METHODS
from evalml.typography import typeset
from evalml.values import (
    Count,
    Estimate,
    Interval,
    Message,
    Name,
    Names,
    Number,
    Share,
    names,
    read_messages,
    read_values,
)
from evalml.words import name_label, render
from evalml.words.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from evalml.report.results import Frames
    from evalml.values import Value

HETEROGENEOUS = 0.05
"""Level at which effects differ between groups, shared among the variables looked at."""


@dataclass(frozen=True, slots=True)
class Note:
    """All a note may know: protected and masked tables, and what the study said of itself.

    Attributes:
        frames: Tables by name, without small counts and without blinded numbers.
        meta: Title, programme, period, primary outcome, command, hashes, ...
        lang: `fr` or `en`.
        threshold: Smallest count shown.
        rounding: Base of the counts of a released note; 0 for the note of the team.
        level: Certainty judged on the tables inside, for a note of released tables; empty to judge
            on its own.
        annex: Page that holds the cells of its numbers; empty for numbers without links.
        cells: The numbers told so far, by the cell each was read in.
    """

    frames: Frames
    meta: Mapping[str, Any]
    lang: str
    threshold: int
    rounding: int = 0
    level: str = ""
    annex: str = ""
    cells: dict[str, list[str]] = field(default_factory=dict, compare=False)

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

    @property
    def useful(self) -> float | None:
        """The useful effect set beforehand, where one was."""
        given = self.meta.get("threshold")
        return None if given is None else float(given)

    @property
    def opening(self) -> bool:
        """Whether areas opened over time."""
        return self.meta.get("kind") == "rollout"

    @property
    def family(self) -> str:
        """The family of the primary method: what its effect rests on."""
        method = METHODS.get(str(self.primary.get("method")))
        return "" if method is None else method.family

    @property
    def ending(self) -> str:
        """The ending of the sentences that are those of its kind of comparison."""
        return "_opening" if self.opening else ENDINGS.get(self.family, "")

    @property
    def effect(self) -> pd.Series | None:
        """The row of the primary effect."""
        return primary_effect(self.frames["effects"], self.primary)

    @property
    def certainty(self) -> Certainty:
        """How sure the checks leave us; the level is that judged inside, where it was given."""
        own = certainty_of(self.frames, self.meta)
        return Certainty(self.level or own.level, own.grounds)

    def say(self, template: str, **values: object) -> str:
        """Return a phrase with its figures, typeset."""
        return typeset(template.format(**values), self.lang)

    def told(self, message: Message) -> str:
        """Return a message in words, its first letter a capital, ready for Markdown."""
        text = render(message, self.lang, self.labels, marked=bool(self.annex))
        return self.linked(md(text[:1].upper() + text[1:], self.lang))

    def inside(self, message: Message) -> str:
        """Return a message in words as it stands inside a sentence."""
        text = render(message, self.lang, self.labels, marked=bool(self.annex))
        return self.linked(md(text, self.lang))

    def linked(self, text: str) -> str:
        """Return Markdown whose numbers lead to their cells, where the note has an annex."""
        return linked(text, self.annex, str(self.text["trace"]["place"]), self.cells)

    def outcome(self, row: Any) -> str:
        """Return the label of the outcome of an effect."""
        return outcome_label(row.outcome, row.horizon_months, self.lang, self.labels)

    def against(self, row: Any) -> str:
        """Return against what an effect is, in brackets, where it is not the usual question."""
        key = str(row.estimand)
        found = name_label(Name("against", key), self.lang)
        return "" if found == key else f" {found}"


def known(**values: Value | None) -> dict[str, Value]:
    """Return the values that are there."""
    return {name: value for name, value in values.items() if value is not None}


def estimate(value: Any, unit: str) -> Estimate | None:
    """Return an effect or an amount, None where it is absent."""
    return None if value is None or pd.isna(value) else Estimate(float(value), unit)


def interval(low: Any, high: Any, unit: str) -> Interval | None:
    """Return an interval, None where an end is absent."""
    return None if pd.isna(low) or pd.isna(high) else Interval(float(low), float(high), unit)


def level(value: Any, unit: str) -> Value | None:
    """Return a level: a share for a proportion, an amount in its unit otherwise."""
    if pd.isna(value):
        return None
    if unit == "proportion":
        return Share(None, None, float(value))
    return Estimate(float(value), unit)


def of_effect(effect: Any, column: str, unit: str) -> Value | None:
    """Return an effect or a level of a row of effects, with its cell."""
    value = getattr(effect, column)
    shown = estimate(value, unit) if column == "estimate" else level(value, unit)
    return in_cell(shown, "effects", effect, column)


def bounds(effect: Any, unit: str) -> Value | None:
    """Return the interval of a row of effects, with its cells."""
    ends = interval(effect.ci_low, effect.ci_high, unit)
    return in_cell(ends, "effects", effect, "ci_low", "ci_high")


def persons(effect: Any, column: str) -> Value | None:
    """Return a number of persons of a row of effects, with its cell."""
    return None if effect is None else in_cell(count(effect[column]), "effects", effect, column)


def months(value: Any) -> Number | None:
    """Return a horizon, None for a table without time."""
    return None if value is None or pd.isna(value) else Number(float(value), 0, "months")


def count(value: Any) -> Count | None:
    """Return a number of persons, None where it was taken out."""
    return None if value is None or pd.isna(value) else Count(int(value))


def measured(outcome: str) -> Name:
    """Return what the outcome measures, with its article; its label where none is known."""
    listed = outcome in catalogue("names")["measured"]
    return Name("measured" if listed else "outcome", outcome)


def subject(note: Note, kind: str) -> Name:
    """Return the programme as the subject of a sentence, or after « of »."""
    key = str(note.meta.get("programme"))
    return Name(kind, f"opening_{key}" if note.opening else key)


def verdict(note: Note) -> str:
    """Return what the primary effect amounts to."""
    return verdict_of(note.effect, note.useful)


def title(note: Note) -> Message:
    """Return the finding as a title."""
    effect, kind, primary = note.effect, verdict(note), note.primary
    values = known(
        subject=subject(note, "subject"),
        of=subject(note, "of_programme"),
        measured=measured(str(primary.get("outcome", ""))),
        months=months(primary.get("horizon_months")),
        estimate=None if effect is None else of_effect(effect, "estimate", str(effect["unit"])),
    )
    if kind == "plus":
        kind = "useful"
    turned = turns(note.frames["effects"], effect) and not is_masked(kind)
    return Message(f"title.{kind}{'_turn' if turned else ''}", values)


def is_masked(kind: str) -> bool:
    """Return whether a verdict has no number."""
    return kind in {"blinded", "hidden", "missing", "bounded"}


def lessons(note: Note) -> list[tuple[str, str]]:
    """Return the points to retain: a key of their heading, and their text."""
    points = [("time", over_time(note)), ("whom", note.told(for_whom(note)))]
    points.append(("cost", " ".join(note.told(each) for each in spending(note))))
    unknown = not_known(note)
    if unknown:
        points.append(("unknown", " ".join(note.told(each) for each in unknown)))
    return [(key, text) for key, text in points if text]


def over_time(note: Note) -> str:
    """Return the effect at each horizon in order, then the levels and what they amount to."""
    effect = note.effect
    if effect is None:
        return note.told(title(note)) + "."
    lines = at_horizons(note, rows_of(path_of(note.frames["effects"], effect)))
    between = "; " if note.lang == "en" else " ; "
    path = typeset(between.join(lines), note.lang)
    parts = [f"{path[:1].upper()}{path[1:]}."]
    parts += [
        note.told(each) for each in (*masked_because(note), *amounts_to(note), *unseen_factor(note))
    ]
    return " ".join(parts)


def at_horizons(note: Note, rows: list[Any]) -> list[str]:
    """Return the effect at each horizon in words; masked horizons that follow come together."""
    runs: list[list[Any]] = []
    for row in rows:
        key = at_horizon(row).key
        if key != "time.found" and runs and at_horizon(runs[-1][0]).key == key:
            runs[-1].append(row)
        else:
            runs.append([row])
    return [of_run(note, run) for run in runs]


def of_run(note: Note, run: list[Any]) -> str:
    """Return the effects at horizons that follow, of which the same is said."""
    first = at_horizon(run[0], [one.horizon_months for one in run])
    if run[0].status == BLINDED:
        return note.inside(first)
    rest = [Message("time.level_again", at_horizon(row).values) for row in run[1:]]
    return ", ".join([note.inside(first), *map(note.inside, rest)])


def at_horizon(row: Any, others: Sequence[Any] = ()) -> Message:
    """Return the effect at one horizon."""
    unit = str(row.unit)
    listed = [Name("text", f"{float(month):.0f}") for month in others if pd.notna(month)]
    values = known(
        months=months(row.horizon_months),
        each=Names(tuple(listed[:-1])) if len(listed) > 1 else None,
        last=months(others[-1]) if len(listed) > 1 else None,
        estimate=of_effect(row, "estimate", unit),
        interval=bounds(row, unit),
    )
    if row.status == BLINDED:
        key = "time.small" if small_only(str(row.causes)) else "time.masked"
        return Message(f"{key}_each" if "each" in values else key, values)
    if "estimate" not in values:
        return Message("time.bounded" if "interval" in values else "time.masked", values)
    if "interval" not in values:
        return Message("time.masked", values)
    return Message("time.found" if sign_of(row) else "time.level", values)


def amounts_to(note: Note) -> list[Message]:
    """Return the levels of both arms, and where the effect lies from the useful one."""
    effect, kind = note.effect, verdict(note)
    if effect is None or is_masked(kind):
        return []
    unit = str(effect["unit"])
    levels = known(
        months=months(effect["horizon_months"]),
        treated=of_effect(effect, "mean_treated", unit),
        comparison=of_effect(effect, "mean_comparison", unit),
    )
    messages = []
    if {"treated", "comparison"} <= set(levels):
        messages.append(Message(f"time.levels{'_opening' if note.opening else ''}", levels))
    useful = known(useful=estimate(note.useful, unit))
    if kind in WEIGHED and (useful or kind == "unclear"):
        at = known(months=months(effect["horizon_months"]))
        messages.append(Message(f"time.{WEIGHED[kind]}", useful | at))
    return messages + benchmark(note, unit)


WEIGHED = {
    "useful": "useful", "positive": "positive", "small": "below", "no_useful": "no_useful",
    "unclear": "unclear",
}  # fmt: skip
"""Verdict -> what is said of the useful effect."""


def benchmark(note: Note, unit: str) -> list[Message]:
    """Return the answer of the experiment, where there is one."""
    bench = note.meta.get("benchmark")
    if not bench:
        return []
    values = known(
        benchmark=estimate(bench["estimate"], unit),
        benchmark_interval=interval(bench["ci_low"], bench["ci_high"], unit),
    )
    return [Message("time.benchmark", values)] if len(values) > 1 else []


def masked_because(note: Note) -> list[Message]:
    """Return why the primary effect is masked, in one plain sentence."""
    effect = note.effect
    if effect is None or verdict(note) != "blinded":
        return []
    causes = [plain_cause(message) for message in read_messages(str(effect["causes"]))[:1]]
    return [in_row(cause, "effects", effect, "causes") for cause in causes] or [
        Message("why.other")
    ]


def in_row(message: Message, name: str, row: Any, column: str) -> Message:
    """Return a message whose values carry the cell that holds them all."""
    return Message(message.key, in_cells(message.values, name, row, column))


def unseen_factor(note: Note) -> list[Message]:
    """Return what no check could rule out of an effect that has a number, or bounds."""
    effect, kind = note.effect, verdict(note)
    if effect is None or kind in {"blinded", "hidden", "missing"}:
        return []
    cautions = [m for m in read_messages(str(effect.get("causes") or "")) if m.key in CAUTIONS]
    if not cautions:
        return []
    bias = cautions[0].values.get("bias")
    return [Message("time.unchecked") if bias is None else Message("time.widened", {"bias": bias})]


ENDINGS = {"did_persons": "_trends", "experiment": "_drawn"}
"""Family of the primary method -> the ending of the sentences that are its own."""

CAUSES = {
    "observation": "observation", "negative_controls": "negative_controls", "past": "past",
    "balance": "balance", "overlap": "overlap", "separation": "overlap", "areas": "few",
    "effective_sample_size": "few", "pre_trend": "pre_trend", "linkage": "linkage",
    "draw": "draw",
}  # fmt: skip
"""Check that masks an effect -> the reason in a plain sentence."""


def plain_cause(cause: Message) -> Message:
    """Return the reason of a masked effect as the first page gives it."""
    check, _, finding = cause.key.partition(".")
    key = CAUSES.get(check, "other")
    if key == "observation":
        both = {
            name: cause.values[name] for name in ("treated", "comparison") if name in cause.values
        }
        if len(both) < 2:  # noqa: PLR2004 - one value per arm
            return Message("why.other")
        return Message("why.low" if finding == "low" else "why.observation", both)
    return Message(f"why.{key}")


def for_whom(note: Note) -> Message:
    """Return whether the effect differs between the groups declared beforehand."""
    if is_masked(verdict(note)):
        return Message("whom.masked")
    rows = subgroups_of(note.frames["effects"], note.primary)
    if not len(rows):
        return Message("whom.none")
    judged = {
        str(name): group
        for name, group in rows[rows["estimate"].notna() & rows["ci_low"].notna()].groupby(
            "subgroup", sort=False
        )
        if len(group) > 1
    }
    if not judged:
        return Message("whom.few")
    apart = {name: heterogeneity(group) for name, group in judged.items()}
    name = min(apart, key=apart.__getitem__)
    if apart[name] > HETEROGENEOUS / len(judged):
        return Message("whom.same", {"variables": names("by", judged)})
    group = judged[name].sort_values("estimate")
    ends: dict[str, Value] = {"variable": Name("by", name)}
    for key, row in (("low", group.iloc[0]), ("high", group.iloc[-1])):
        shown = of_effect(row, "estimate", str(row["unit"]))
        ends |= {} if shown is None else {key: shown}
        ends[f"{key}_level"] = Name("level", f"{name}={row['subgroup_value']}")
    return Message("whom.differ", ends)


def heterogeneity(group: pd.DataFrame) -> float:
    """Return the p-value of Cochran's test that the effects of separate groups are the same."""
    from scipy.stats import chi2

    errors = pd.Series([standard_error(row) for _, row in group.iterrows()], group.index, "float64")
    usable = errors.notna() & (errors > 0)
    weight = 1 / errors[usable] ** 2
    found = group["estimate"][usable].astype("float64")
    if len(found) < 2:  # noqa: PLR2004 - nothing to compare
        return 1.0
    mean = float((weight * found).sum() / weight.sum())
    return float(chi2.sf(float((weight * (found - mean) ** 2).sum()), len(found) - 1))


def spending(note: Note) -> list[Message]:
    """Return what the programme costs in allowances at the primary horizon."""
    costs, at = note.frames["costs"], note.primary.get("horizon_months")
    rows = costs[costs["horizon_months"] == at] if len(costs) and at is not None else costs.iloc[:0]
    lines = {str(row.measure): row for row in rows_of(rows)}
    values = known(
        months=months(at),
        net=spent(lines, "net_cost"),
        paid=spent(lines, "paid"),
        without=spent(lines, "paid_without"),
    )
    if {"net", "paid", "without"} <= set(values):
        messages = [Message("spent.net", values | seen_of(note))]
    elif "paid" in values:
        return [Message("spent.paid", values | seen_of(note))]
    else:
        return [Message("spent.none")]
    per_month = spent(lines, "per_month")
    added = lines.get("months")
    if per_month is not None:
        messages.append(Message("spent.per_month", {"per_month": per_month}))
    elif added is not None and pd.notna(added.value):
        messages.append(Message("spent.no_month"))
    return messages


def spent(costs: Mapping[str, Any], measure: str) -> Value | None:
    """Return an amount of the costs with its cell, None where it is absent."""
    row = costs.get(measure)
    return None if row is None else in_cell(estimate(row.value, "euros"), "costs", row, "value")


def not_known(note: Note) -> list[Message]:
    """Return what the sources do not cover, and the outcomes of which nothing may be said."""
    every = note.frames["checks"]
    messages = []
    if is_declared(note):
        messages.append(Message("unknown.declared"))
    for check in rows_of(every[on_primary(every, note.primary)]):
        message = uncovered(check)
        if message is not None and message not in messages:
            messages.append(message)
    return messages[:MOST_UNKNOWN] + masked_outcomes(note)


MOST_UNKNOWN = 2
"""What the first page says of what is not covered; the second and the annex hold the rest."""


def is_declared(note: Note) -> bool:
    """Return whether the primary outcome is what youths declare to their counsellor."""
    declared = note.meta.get("declared")
    return bool(declared) or "declare" in str(note.primary.get("outcome"))


def uncovered(check: Any) -> Message | None:
    """Return what a check says that a source does not cover; None where it says nothing of it."""
    finding = str(check.finding).rpartition(".")[2]
    key = "coverage" if check.check == "coverage" else f"{check.check}_{finding}"
    key = "system_break" if check.check == "system_break" else key
    if not finding or key not in catalogue("messages")["unknown"]:
        return None
    return in_row(
        Message(f"unknown.{key}", read_values(str(check.values))), "checks", check, "values"
    )


def masked_outcomes(note: Note) -> list[Message]:
    """Return the other outcomes whose every effect is masked, by reason."""
    effects = note.frames["effects"]
    whole = effects[
        (effects["subgroup"] == "") & (effects["outcome"] != note.primary.get("outcome"))
    ]
    by_reason: dict[str, list[str]] = {}
    for outcome, rows in whole.groupby("outcome", sort=False):
        if (rows["status"] == BLINDED).all():
            by_reason.setdefault(reason_of(rows["causes"]), []).append(str(outcome))
    return [
        Message(f"unknown.masked_{reason}", {"outcomes": names("outcome", outcomes)})
        for reason, outcomes in by_reason.items()
    ]


def reason_of(causes: Iterable[object]) -> str:
    """Return why the effects of an outcome are masked: a reason of `why`, `small` or `other`."""
    each = [str(one) for one in causes]
    keys = {one.key.partition(".")[0] for text in each for one in read_messages(text)}
    if "observation" in keys:
        return "observation"
    if all(small_only(text) for text in each):
        return "small"
    return next((reason for check, reason in CAUSES.items() if check in keys), "other")


def pool_of(note: Note) -> dict[str, Value]:
    """Return the programme that the comparison persons enter; nothing where they enter none."""
    given = dict(dict(note.meta.get("definition") or {}).get("comparison") or {})
    pool = str(given.get("pool") or "")
    return {"pool": Name("programmes", pool)} if pool in PROGRAMMES else {}


def compared(note: Note) -> Message:
    """Return who is compared with whom, persons first."""
    effect, flow = note.effect, note.frames["flow"]
    eligible = None
    if len(flow) and "kept_persons" in flow:
        last = flow.iloc[-1]
        eligible = in_cell(count(last["kept_persons"]), "flow", last, "kept_persons")
    entrants = entrants_of(note)
    seen = persons(effect, "n_treated")
    values = known(
        eligible=eligible,
        treated=seen if entrants is None else entrants,
        seen=None if entrants is None else seen,
        comparison=persons(effect, "n_comparison"),
        programme=Name("programmes", str(note.meta.get("programme"))),
        **pool_of(note),
    )
    if len(note.frames["balance"]):
        apart = {ground.reading for ground in note.certainty.grounds} & UNLIKE
        values["tried" if apart else "covariates"] = Number(len(note.frames["balance"]))
    return Message(f"compared.{design_of(note)}", values)


def seen_of(note: Note) -> dict[str, Value]:
    """Return of how many entrants the outcome is known, where it is not of all."""
    return known(seen=persons(note.effect, "n_treated") if entrants_of(note) else None)


def entrants_of(note: Note) -> Value | None:
    """Return how many entered, where the outcome is known of fewer; None elsewhere."""
    rows, effect = note.frames["observation"], note.effect
    if effect is None or not {"arm", "measure", "n"} <= set(rows.columns):
        return None
    rows = rows[(rows["arm"] == "treated") & (rows["measure"] == "contacts")]
    row = None if not len(rows) else rows.iloc[0]
    if row is None or pd.isna(row["n"]) or pd.isna(effect["n_treated"]):
        return None
    more = int(row["n"]) > int(effect["n_treated"])
    return in_cell(count(row["n"]), "observation", row, "n") if more else None


UNLIKE = {"balance.over", "overlap.over", "separation.apart"}
"""Readings that forbid to say the groups were made alike."""


def design_of(note: Note) -> str:
    """Return the design of a study: as it is defined, or as its protocol or its kind says it."""
    defined = dict(dict(note.meta.get("definition") or {}).get("comparison") or {}).get("design")
    rows = note.frames["protocol"]
    rows = rows[rows["item"] == "design"] if len(rows) else rows
    words = str(rows["words"].iloc[0]) if len(rows) and "words" in rows else ""
    values = [value for message in read_messages(words) for value in message.values.values()]
    keys = [value.key for value in values if isinstance(value, Name)]
    kind = str(note.meta.get("kind"))
    each = [str(defined), *keys, USUAL.get(kind, kind)]
    known_ = catalogue("messages")["compared"]
    return next((name for name in each if name in known_), "cross_section")


USUAL = {"cohort": "sequential_trials"}
"""Design of a kind of study that says no more."""


def picture(note: Note, *, curves: bool) -> Message:
    """Return what the picture of the first page shows, as its title."""
    effect = note.effect
    kind, values = verdict(note), {"measured": measured(str(note.primary.get("outcome", "")))}
    if not curves:
        return Message("picture.methods", values)
    path = path_of(note.frames["effects"], effect)
    if is_masked(kind) or not len(path):
        return Message("picture.alone", values)
    signs = [sign_of(row) for row in rows_of(path) if pd.notna(row.estimate)]
    first = next((sign for sign in signs if sign), 0)
    kinds = {1: "more", -1: "less", 0: "same"}
    shape = {(-1, 1): "turn", (-1, 0): "less_first"}.get((first, signs[-1]))
    shape = shape or kinds[first and signs[-1]]
    return Message(f"picture.{shape}{'_opening' if note.opening else ''}", values)


def sure(note: Note) -> list[tuple[str, str]]:
    """Return the five grounds of certainty: a key of their heading, and their text."""
    effect = note.effect
    lines = []
    for ground in note.certainty.grounds:
        text = note.told(ground.message)
        if ground.name == "chance" and effect is not None:
            text = " ".join([text, *(note.told(each) for each in likelihood(effect, note.useful))])
        lines.append((ground.name, text))
    return lines


def cannot(note: Note) -> list[Message]:
    """Return what the design cannot show."""
    messages = [Message(f"cannot.unmeasured{note.ending}")]
    if pool := pool_of(note):
        programme = Name("programmes", str(note.meta.get("programme")))
        messages.insert(0, Message("cannot.instead", {"programme": programme, **pool}))
    every = note.frames["checks"]
    for check in rows_of(every[(every["check"] == "crossover") & (every["finding"] == "share")]):
        values = read_values(str(check.values))
        shown: dict[str, Value] = {key: values[key] for key in ("share", "months") if key in values}
        if len(shown) == 2:  # noqa: PLR2004 - both or nothing
            named = Message("cannot.crossover", with_months(shown))
            messages.append(in_row(named, "checks", check, "values"))
    messages.append(Message("cannot.others"))
    if last := last_horizon(note):
        messages.append(Message("cannot.after", {"months": last}))
    if is_declared(note):
        messages.append(Message("cannot.declared"))
    if day := note.meta.get("amounts_known_until"):
        shown_day = dt.date.fromisoformat(str(day)).strftime("%d/%m/%Y")
        messages.append(Message("cannot.amounts", {"day": Name("text", shown_day)}))
    return [*messages, Message("cannot.intensity")]


def with_months(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return values whose number of months carries its unit."""
    given = values["months"]
    return {
        **values,
        "months": Number(given.value, 0, "months") if isinstance(given, Number) else given,
    }


def last_horizon(note: Note) -> Number | None:
    """Return the last month followed; None for a table without time."""
    horizons = note.frames["effects"]["horizon_months"].dropna()
    return months(horizons.max()) if len(horizons) else None


def needed(note: Note) -> list[Message]:
    """Return what it would take to know: a line per ground that is not sure, an experiment."""
    grounds = sorted(note.certainty.grounds, key=lambda each: each.level)
    failed = [ground for ground in grounds if ground.level == NONE]
    if is_masked(verdict(note)):  # what masks the effect comes before all that could be better
        grounds = failed or grounds
    wanted: list[Message] = []
    for ground in grounds:
        message = need(note, ground)
        wanted += [message] if ground.level < HIGH and message not in wanted else []
    messages = wanted[:MOST_NEEDED]
    if last := last_horizon(note):
        messages.append(Message("needed.after", {"months": last}))
    return messages if note.family == "experiment" else [*messages, Message("needed.experiment")]


def need(note: Note, ground: Ground) -> Message:
    """Return what would make a ground surer, from what was found there."""
    if ground.name == "chance" or ground.reading in FEW:
        every = note.frames["checks"]
        power = rows_of(every[every["check"] == "power"])
        for row in power[:1]:
            seen = in_cells(read_values(str(row.values)), "checks", row, "values")
            return Message("needed.chance", known(detectable=seen.get("detectable")))
        return Message("needed.chance")
    if ground.name == "alike" and ground.reading.partition(".")[0] not in BY_SOURCE:
        return Message("needed.groups")
    return Message(f"needed.{ground.name}")


FEW = {"effective_sample_size.few", "areas.few", "balance.vague", "first_demands.vague"}
"""Readings of the groups that more youths would settle."""
BY_SOURCE = {"observation", "linkage", "extract_refused"}
"""Checks that a better source would mend, not another comparison group."""
MOST_NEEDED = 3
"""Grounds for which the second page says what is missing."""
