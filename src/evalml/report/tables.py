"""The tables of the note, as Markdown that each format draws natively."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.report.blinding import BLINDED, SHOWN, outcome_key
from evalml.report.figure_trajectories import arm_label
from evalml.report.markdown import md, table
from evalml.report.note_limits import outcome_over
from evalml.report.note_text import effect_cells
from evalml.report.results import rows_of
from evalml.report.words import (
    level_label,
    method_inside,
    method_label,
    outcome_label,
    subgroup_label,
)
from evalml.typography import count_text, interval_text, level_text, number

if TYPE_CHECKING:
    from evalml.report.note_text import Note


def protocol_table(note: Note) -> str:
    """Return the target trial, an item a line."""
    rows = [
        [f"**{md(row.label or row.item, note.lang)}**", md(row.text, note.lang)]
        for row in rows_of(note.frames["protocol"])
    ]
    return table(
        note.text["protocol_columns"], rows, note.text["protocol_caption"], widths=[22, 78]
    )


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
            name = outcome_over(note, str(row.outcome), months) + note.against(row)
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
