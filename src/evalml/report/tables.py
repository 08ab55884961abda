"""The tables of the annex, as Markdown that each format draws natively."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.report.blinding import BLINDED, SHOWN, outcome_key
from evalml.report.figure_trajectories import arm_label
from evalml.report.markdown import bullets, md, table
from evalml.report.results import rows_of
from evalml.report.verdict import answers, hides, is_blinded, is_bounded, on_primary
from evalml.report.words import (
    level_label,
    method_inside,
    method_label,
    outcome_at,
    outcome_label,
    subgroup_label,
    words,
)
from evalml.typography import (
    NBSP,
    count_text,
    effect_number,
    effect_text,
    interval_text,
    level_text,
    number,
)
from evalml.values import Message, Name, Number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from evalml.report.note_text import Note
    from evalml.values import Value


def protocol_table(note: Note) -> str:
    """Return the target trial, an item a line."""
    rows = [
        [f"**{md(row.label or row.item, note.lang)}**", md(row.text, note.lang)]
        for row in rows_of(note.frames["protocol"])
    ]
    return table(
        note.text["protocol_columns"], rows, note.text["protocol_caption"], widths=[22, 78]
    )


TRIAL = (
    "eligibility", "strategies", "assignment", "follow_up", "outcomes", "contrasts",
    "assumptions", "analysis",
)  # fmt: skip
"""The parts of items 6 (the trial) and 7 (here) of the TARGET statement, from a to h."""
BEFORE = ("abstract", "background", "question", "rationale", "sources")
AFTER = (
    "selection", "baseline", "followed", "missing", "frequency", "estimates", "further",
    "interpretation", "limitations", "ethics", "registration", "sharing", "funding", "interests",
)  # fmt: skip
ITEMS = [
    *((str(place), item) for place, item in enumerate(BEFORE, 1)),
    *((f"6-7{letter}", item) for letter, item in zip("abcdefgh", TRIAL, strict=True)),
    *((str(place), item) for place, item in enumerate(AFTER, 8)),
]
"""The 21 items in the order of the statement."""
FROM_PROTOCOL = {
    "question": ("estimand", "primary"), "eligibility": ("eligibility",),
    "strategies": ("treated", "comparison"), "follow_up": ("time_zero", "follow_up"),
    "outcomes": ("outcomes", "primary"), "contrasts": ("estimand",),
    "analysis": ("methods", "secondary"),
    "followed": ("follow_up",),
}  # fmt: skip
"""Item of the statement -> lines of the protocol that fill it."""
NOT_GIVEN = {"ethics", "funding", "interests"}


def target_table(note: Note) -> str:
    """Return the items of the TARGET statement, each filled or said to be without object."""
    rows = [
        [number_, note.told(Message(f"target.{item}")), " ".join(target_says(note, item))]
        for number_, item in ITEMS
    ]
    return table(note.text["target_columns"], rows, note.text["target_caption"], widths=[8, 27, 65])


def target_says(note: Note, item: str) -> list[str]:
    """Return what fills an item of the TARGET statement."""
    lines = note.frames["protocol"]
    texts = dict(zip(lines["item"], lines["text"], strict=True)) if len(lines) else {}
    if item in FROM_PROTOCOL:
        found = [md(f"{texts[key]}.", note.lang) for key in FROM_PROTOCOL[item] if key in texts]
        return found or [note.told(Message("target_says.no_object"))]
    if item in NOT_GIVEN:
        return [note.told(Message("target_says.not_given"))]
    return [note.told(message) for message in target_messages(note, item)]


def target_messages(note: Note, item: str) -> list[Message]:
    """Return the sentences of an item that the protocol does not hold."""
    ending = note.ending
    if item == "assignment":
        here: dict[str, Value] = {"covariates": Number(len(note.frames["balance"]))}
        own = ending if ending in {"_opening", "_drawn"} else ""
        here_said = Message(f"target_says.assignment{own or '_here'}", {} if own else here)
        return [Message("target_says.assignment_trial"), here_said]
    if item == "sources":
        return [Message("said.text", {"text": Name("text", f"{note.meta['extract_name']}.")})]
    if item == "registration":
        digest = str(dict(note.meta.get("hashes") or {}).get("params", ""))
        return [
            Message(
                "target_says.registration", {"hash": Name("text", digest[:16])} if digest else {}
            )
        ]
    if item == "estimates":
        return [Message("target_says.estimates", {"level": Number(0.95, 0, "percent")})]
    if item in {"frequency", "interpretation"}:
        return [Message("target_says.abstract")]
    return [Message(f"target_says.{item}{ending if item == 'assumptions' else ''}")]


def effects_table(note: Note, effects: pd.DataFrame) -> str:
    """Return the effects of the whole population; the masked ones of an outcome in one line."""
    alike = len(set(effects["method"])) == 1
    rows = []
    for name, row in effect_lines(note, effects):
        blinded = effect_cells(note, row)[0] == "–"
        levels = [
            "–" if blinded else level_text(level, str(row.unit), note.lang)
            for level in (row.mean_treated, row.mean_comparison)
        ]
        method = md(method_label(str(row.method), note.lang), note.lang)
        rows.append(
            [
                md(name, note.lang),
                *([] if alike else [method]),
                *effect_cells(note, row),
                *levels,
                status_word(note, row),
            ]
        )
    columns, caption = list(note.text["effects_columns"]), note.text["effects_caption"]
    widths, letters = [25, 18, 13, 16, 18, 17, 13], "llrrrrl"
    if alike:
        del columns[1], widths[1]
        letters = "lrrrrl"
        method = md(method_inside(str(effects["method"].iloc[0]), note.lang), note.lang)
        caption = note.say(note.text["effects_caption_method"], method=method)
    return table(columns, rows, caption, widths=widths, align=letters)


def effect_lines(note: Note, effects: pd.DataFrame) -> list[tuple[str, Any]]:
    """Return the name and the row of each line: the masked horizons of an outcome come together."""
    rows = rows_of(effects)
    masked: dict[tuple[str, str, str], list[Any]] = {}
    for row in rows:
        if row.status == BLINDED:
            masked.setdefault((row.outcome, row.method, row.estimand), []).append(row)
    lines = []
    for row in rows:
        key = (row.outcome, row.method, row.estimand)
        alike = masked.get(key, []) if row.status == BLINDED else [row]
        if alike and alike[0] is row:
            months = [one.horizon_months for one in alike]
            name = outcome_at(str(row.outcome), months, note.lang, note.labels) + note.against(row)
            lines.append((name, row))
    return lines


def status_word(note: Note, row: Any) -> str:
    """Return the status of an effect; the one declared beforehand stands out."""
    primary = note.primary
    declared = row.method == primary.get("method") and outcome_key(
        row.outcome, row.horizon_months
    ) == outcome_key(str(primary.get("outcome")), primary.get("horizon_months"))
    usual = declared and not note.against(row)
    status = "primary" if usual and row.status == SHOWN else row.status
    word = str(note.text["statuses"][status])
    return f"**{word}**" if status == "primary" else word


def subgroups_table(note: Note, effects: pd.DataFrame) -> str:
    """Return the effects by subgroup of the primary outcome and method."""
    mark = note.text["suppressed"]
    rows = []
    for row in rows_of(effects):
        variable = subgroup_label(str(row.subgroup), note.lang, note.labels)
        value = level_label(str(row.subgroup), str(row.subgroup_value), note.lang, note.labels)
        counts = [count_text(n, note.lang, hidden=mark) for n in (row.n_treated, row.n_comparison)]
        estimate, interval = effect_cells(note, row)
        name = md(f"{variable[:1].upper()}{variable[1:]} : {value}", note.lang)
        rows.append(
            [name, estimate, interval, " / ".join(counts), note.text["statuses"][row.status]]
        )
    first = rows_of(effects)[0]
    caption = note.say(
        note.text["subgroups_caption"],
        outcome=md(outcome_label(first.outcome, first.horizon_months, note.lang, note.labels)),
        method=md(method_inside(first.method, note.lang)),
    )
    return table(
        note.text["subgroups_columns"], rows, caption, widths=[30, 16, 18, 20, 16], align="lrrrl"
    )


def observation_table(note: Note) -> str:
    """Return how each arm is observed."""
    rows = [
        [
            md(row.label or row.measure, note.lang),
            md(arm_label(str(row.arm), note.labels, note.lang), note.lang),
            plain_level(row.value, str(row.unit), note.lang),
            count_text(row.n, note.lang, hidden=note.text["suppressed"]),
        ]
        for row in rows_of(note.frames["observation"])
    ]
    return table(
        note.text["observation_columns"], rows, note.text["observation_caption"],
        widths=[40, 30, 15, 15], align="llrr",
    )  # fmt: skip


def plain_level(value: float, unit: str, lang: str) -> str:
    """Return a level in its unit, with two decimals where it has none."""
    return level_text(value, unit, lang) if unit else number(value, 2, lang)


def indicators_table(note: Note) -> str:
    """Return the activity indicators, suppressed cells marked."""
    mark = note.text["suppressed"]
    rows = []
    for row in rows_of(note.frames["indicators"]):
        group = f"{row.group} : {row.group_value}" if row.group else ""
        value = mark if pd.isna(row.value) else plain_level(row.value, str(row.unit), note.lang)
        rows.append(
            [
                md(row.label or row.indicator, note.lang),
                md(group, note.lang),
                value,
                count_text(row.numerator, note.lang, hidden=mark),
                count_text(row.denominator, note.lang, hidden=mark),
            ]
        )
    return table(
        note.text["indicators_columns"], rows, note.text["indicators_caption"],
        widths=[36, 24, 12, 14, 14], align="llrrr",
    )  # fmt: skip


def durations_table(note: Note) -> str:
    """Return how long each arm waits for the first month of an outcome, at each horizon."""
    frame = note.frames["durations"]
    found = {(r.measure, r.horizon_months, r.arm): r for r in rows_of(frame)}
    rows = []
    for measure, horizon in dict.fromkeys(
        (r.measure, r.horizon_months) for r in rows_of(frame) if r.arm == "difference"
    ):
        gap = found[measure, horizon, "difference"]
        unit, known = str(gap.unit), not pd.isna(gap.estimate)
        levels = [found.get((measure, horizon, arm)) for arm in ("treated", "comparison")]
        shown = [None if r is None or pd.isna(r.estimate) else float(r.estimate) for r in levels]
        rows.append(
            [
                note.text["durations_measures"][measure],
                note.say(note.text["at_months"], horizon=f"{float(horizon):.0f}"),
                *(level_text(value, unit, note.lang) for value in shown),
                effect_text(gap.estimate, unit, note.lang) if known else note.text["suppressed"],
                interval_text(gap.ci_low, gap.ci_high, unit, note.lang) if known else "–",
            ]
        )
    if not rows:
        return ""
    name = outcome_label(str(frame["outcome"].iloc[0]), None, note.lang, note.labels)
    caption = note.say(note.text["durations_caption"], outcome=name)
    return table(
        note.text["durations_columns"], rows, caption,
        widths=[28, 12, 13, 14, 15, 22], align="llrrrr",
    )  # fmt: skip


def costs_table(note: Note) -> str:
    """Return what the programme costs in allowances, and per month in employment it adds."""
    frame = note.frames["costs"]
    if not len(frame):
        return ""
    rows = []
    for row in rows_of(frame):
        unit = COST_UNITS.get(str(row.unit), str(row.unit))
        months = "" if pd.isna(row.horizon_months) else str(note.text["at_months"])
        known = not (pd.isna(row.ci_low) or pd.isna(row.ci_high))
        bounds = interval_text(row.ci_low, row.ci_high, unit, note.lang) if known else "–"
        at = note.say(months, horizon=f"{float(row.horizon_months or 0):.0f}") if months else ""
        value = level_text(None if pd.isna(row.value) else float(row.value), unit, note.lang)
        rows.append([md(row.label, note.lang), at, value, bounds, md(row.remark, note.lang)])
    return table(
        note.text["costs_columns"], rows, note.text["costs_caption"],
        widths=[34, 12, 14, 22, 30], align="llrrl",
    )  # fmt: skip


COST_UNITS = {"euros par mois": "euros", "euros": "euros", "mois": "months"}


def hashes_table(note: Note) -> str:
    """Return what the run was made of, by hash."""
    names = note.text["hash_names"]
    rows = [
        [md(names.get(name, name), note.lang), f"`{value}`"]
        for name, value in dict(note.meta["hashes"]).items()
    ]
    return table(note.text["hashes_columns"], rows, note.text["hashes"], widths=[18, 82])


Line = tuple[str, str, str]
"""Question, answer and what was seen."""


def checks_table(note: Note) -> str:
    """Return each check on the primary outcome; empty where there is none."""
    lines = [list(line) for line in check_lines(note, primary=True)]
    caption = note.text["checks_caption"]
    return table(note.text["checks_columns"], lines, caption, widths=[27, 11, 62]) if lines else ""


def other_checks_table(note: Note) -> str:
    """Return the checks on the other outcomes, question by question; empty where there is none."""
    rows, last = [], ""
    for (question, answer, seen), keys in grouped(note, check_lines(note, primary=False)).items():
        shown_question = "" if question == last else question
        rows.append([shown_question, md(outcomes_over(note, keys), note.lang), answer, seen])
        last = question
    caption = note.text["checks_other_caption"]
    columns = note.text["checks_other_columns"]
    return table(columns, rows, caption, widths=[23, 19, 11, 47]) if rows else ""


def grouped(note: Note, lines: Mapping[Line, list[str]]) -> dict[Line, list[str]]:
    """Return lines question by question; those that passed together, where they are several."""
    verdicts = words(note.lang)["verdicts"]
    quiet = {verdicts["passed"], verdicts["information"]}
    alike = Counter((question, answer) for question, answer, _ in lines)
    found: dict[Line, list[str]] = {}
    for (question, answer, seen), keys in lines.items():
        many = answer in quiet and alike[question, answer] > 1
        shown_question = note.text["checks_in_sheet"] if many else seen
        found.setdefault((question, answer, shown_question), []).extend(keys)
    question_text = list(dict.fromkeys(question for question, _, _ in found))
    return dict(sorted(found.items(), key=lambda each: question_text.index(each[0][0])))


def check_lines(note: Note, *, primary: bool | None = None) -> dict[Line, list[str]]:
    """Return the lines of a table of checks, each with the outcomes of which it is said.

    Args:
        note: The note.
        primary: Only those on the primary outcome, or only the others; all when None.
    """
    verdicts = words(note.lang)["verdicts"]
    checks = note.frames["checks"]
    if primary is not None and len(checks):
        checks = checks[on_primary(checks, note.primary) == primary]
    lines: dict[Line, list[str]] = {}
    for answer, check in zip(answers(checks), rows_of(checks), strict=True):
        verdict_text = "–" if hides(check, note.frames["effects"]) else verdict(verdicts, answer)
        line = (md(check.question, note.lang), verdict_text, check_sentence(note, check))
        lines.setdefault(line, []).append(str(check.outcome))
    return lines


def verdict(verdicts: dict[str, str], answer: str) -> str:
    """Return the answer in words; a failure stands out without colour."""
    return f"**{verdicts[answer]}**" if answer == "failed" else verdicts[answer]


INSTRUMENT = ("iv", "reduced_form")
"""What an analysis by instrument gives, whatever the method of the study."""


def secondary_table(note: Note, *, main: bool = True) -> str:
    """Return the effects of the secondary analyses; empty where there is none.

    Args:
        note: The note.
        main: The primary outcome by the primary method; the rest otherwise.
    """
    frame = note.frames["secondary"]
    rows = frame[on_main(note, frame) == main] if len(frame) else frame
    if not len(rows):
        return ""
    columns = note.text["secondary_columns"]
    caption = note.text["secondary_caption" if main else "secondary_rest_caption"]
    lines, last = [], ""
    for row in rows_of(rows):
        lines.append(secondary_line(note, row, title=row.analysis != last))
        last = row.analysis
    return table(columns, lines, caption, widths=[19, 20, 17, 16, 18, 16, 17], align="lllrrrl")


def on_main(note: Note, frame: pd.DataFrame) -> pd.Series:
    """Return which rows are of the primary outcome, by the primary method or by an instrument."""
    primary = note.primary
    methods = {primary.get("method"), *INSTRUMENT}
    return (frame["outcome"] == primary.get("outcome")) & frame["method"].isin(methods)


def secondary_line(note: Note, row: Any, *, title: bool) -> list[str]:
    """Return the cells of one secondary effect."""
    mark = note.text["suppressed"]
    label = outcome_label(str(row.outcome), row.horizon_months, note.lang, note.labels)
    counts = [count_text(n, note.lang, hidden=mark) for n in (row.n_treated, row.n_comparison)]
    return [
        md(str(row.title), note.lang) if title else "",
        md(label, note.lang),
        md(method_inside(str(row.method), note.lang), note.lang),
        *effect_cells(note, row),
        " / ".join(counts),
        note.text["statuses"][row.status],
    ]


def secondary_reasons(note: Note) -> str:
    """Return why the main effects of secondary analyses are masked, once per reason."""
    frame = note.frames["secondary"]
    if not len(frame):
        return ""
    hidden = frame[on_main(note, frame) & (frame["status"] == BLINDED) & (frame["reason"] != "")]
    hidden_rows = hidden.drop_duplicates(["analysis", "reason"])
    lines = [
        note.say(
            note.text["secondary_reason"],
            title=md(str(row.title), note.lang),
            reason=md(str(row.reason), note.lang),
        )
        for row in rows_of(hidden_rows)
    ]
    return bullets(lines) if lines else ""


def power_table(note: Note) -> str:
    """Return the smallest effect each outcome could show; empty where it was not foreseen."""
    frame = note.frames["power"]
    if not len(frame):
        return ""
    mark, rows = note.text["suppressed"], []
    for row in rows_of(frame):
        share = row.unit == "points"
        unit = "proportion" if share else str(row.unit)
        values = [v / 100 if share else v for v in (row.baseline, row.detectable)]
        level, smallest = (
            mark if pd.isna(value) else level_text(value, unit, note.lang) for value in values
        )
        rows.append(
            [
                md(outcome_label(row.outcome, row.horizon_months, note.lang, note.labels)),
                count_text(row.n_treated, note.lang, hidden=mark),
                number(float(row.clusters), 0, note.lang),
                level,
                smallest.replace("%", note.text["points"]) if share else smallest,
            ]
        )
    return table(
        note.text["power_columns"], rows, note.text["power_caption"],
        widths=[36, 14, 14, 18, 18], align="lrrrr",
    )  # fmt: skip


def outcomes_over(note: Note, keys: Iterable[str]) -> str:
    """Return what keys such as `emploi_m6` say: `En emploi à 6 et 12 mois ; En formation à 6 mois`.

    Args:
        note: The note.
        keys: Keys of outcomes, with or without their horizon.
    """
    months: dict[str, list[float]] = {}
    for key in dict.fromkeys(keys):
        outcome, _, month = key.rpartition("_m")
        timed = bool(outcome) and month.isdigit()
        months.setdefault(outcome if timed else key, []).extend([float(month)] if timed else [])
    pairs = months.items()
    names = [outcome_at(key, sorted(at), note.lang, note.labels) for key, at in pairs if key]
    return ("; " if note.lang == "en" else " ; ").join(names)


def check_sentence(note: Note, check: Any) -> str:
    """Return the sentence of a check, or why it is silent."""
    if hides(check, note.frames["effects"]):
        return str(note.text["checks_hidden"])
    return md(check.sentence, note.lang)


def effect_cells(note: Note, row: Any) -> tuple[str, str]:
    """Return the effect and its interval; a dash for a blinded one."""
    shown_row = pd.Series({"status": row.status, "estimate": row.estimate, "ci_low": row.ci_low})
    if is_blinded(shown_row) and not is_bounded(shown_row):
        return "–", "–"
    bounds = f"{NBSP};{NBSP}" if note.lang == "fr" else f",{NBSP}"
    ends = [effect_number(end, row.unit, note.lang) for end in (row.ci_low, row.ci_high)]
    number = "–" if is_bounded(shown_row) else effect_text(row.estimate, row.unit, note.lang)
    return number, f"\\[{bounds.join(ends)}\\]"
