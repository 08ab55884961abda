"""The review page of a release: what would leave beside what is inside, and why the rest stays.

It stays inside. Each number is written as it would leave, over the one of `results/`.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.disclosure.gate import FAIL, PASS, REVIEW, Released
from evalml.disclosure.judge import Judged
from evalml.report.note_text import Note
from evalml.report.results import rows_of
from evalml.report.words import plural
from evalml.results import RESULT_TABLES as LAYOUTS
from evalml.words import render

if TYPE_CHECKING:
    from evalml.report.release import Release

STYLE = """
:root { color-scheme: light; font: 16px/1.45 system-ui, sans-serif; color: #1a1a1a; }
body { margin: 2rem auto; max-width: 110rem; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.3rem; margin-top: 2.2rem; }
h3 { font-size: 1.1rem; margin-top: 1.8rem; } h2, h3 { break-after: avoid; }
.wide { overflow-x: auto; } pre { background: #eef2f6; padding: .6rem; overflow-x: auto; }
.stamp { border: 2px solid #b34000; color: #b34000; padding: .4rem .8rem; font-weight: 600; }
table { width: 100%; border-collapse: collapse; font-size: .95rem;
  font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #ccc; padding: .3rem .4rem; vertical-align: top;
  overflow-wrap: break-word; }
td { max-width: 28rem; } td.t { min-width: 16em; }
th { text-align: left; background: #eef2f6; } td.n { text-align: right; white-space: nowrap; }
.in, .why { font-size: .85rem; } .in { display: block; color: #555; }
.why { color: #8a1c00; white-space: normal; }
.pass { color: #17692f; } .review { color: #8a5a00; } .fail { color: #8a1c00; }
.pass, .review, .fail { font-weight: 600; }
@media print { @page { size: A4 landscape; margin: 12mm; } body { margin: 0; max-width: none; }
  table { font-size: 7pt; } th, td { padding: 1pt 2.5pt; } thead { display: table-header-group; }
  th { font-size: 6pt; } .in, .why { font-size: 6.5pt; } tr { break-inside: avoid; } }
"""

LONG = 40
"""Characters from which a text needs room."""


def review_page(done: Release, note: Note) -> str:
    """Return the HTML of the review page; the note has its words, title and stamp."""
    text = note.text["review"]
    title = f"{text['title']}{' : ' if note.lang == 'fr' else ': '}{note.meta['title']}"
    stamp = note.text["synthetic_long"] if note.meta.get("synthetic") else ""
    fates = [fate(item, done) for item in done.items]
    lines = [plural(text["count"][status], fates.count(status)) for status in text["count"]]
    lead = note.say(text["lead"], threshold=done.rule.threshold, rounding=done.rule.rounding)
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="stamp">{escape(stamp)}</p>' if stamp else "",
        "<ul>", *(f"<li>{escape(line)}</li>" for line in lines), "</ul>",
        *to_decide(done, note, text),
        f"<h2>{escape(text['outputs'])}</h2>",
        grid(text["outputs"], text["columns"], [item_row(item, done, note) for item in done.items]),
        f"<h2>{escape(text['cells'])}</h2>",
        f"<p>{escape(lead)}</p>",
        *(table_part(name, each, note.frames[name], text) for name, each in done.tables.items()),
    ]  # fmt: skip
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
    )
    main = "\n".join(part for part in body if part)
    start = f'<!doctype html>\n<html lang="{note.lang}"><head>{head}</head>'
    return f"{start}\n<body><main>{main}</main></body></html>\n"


ASKS = ("gate.near", "gate.waits")
"""Reasons for which an output waits."""


def fate(item: Released, done: Release) -> str:
    """Return whether an output leaves (`pass`), waits (`review`) or stays (`fail`)."""
    if done.leaves(item):
        return PASS
    return REVIEW if item.status == REVIEW and item.name not in done.decided else FAIL


def to_decide(done: Release, note: Note, text: Any) -> list[str]:
    """Return what the reviewer must decide, and the commands that record it."""
    waiting = [item for item in done.items if fate(item, done) == REVIEW]
    parts = [f"<h2>{escape(text['decide'])}</h2>"]
    if not waiting:
        return [*parts, f"<p>{escape(text['nothing'])}</p>"]
    lines = [
        f"<li><code>{escape(item.name)}</code><br>"
        + "<br>".join(escape(render(each, note.lang)) for each in item.reasons if each.key in ASKS)
        + "</li>"
        for item in waiting
    ]
    run = "/".join(done.folder.parts[-4:-1])
    commands = [
        f"<pre tabindex=\"0\">evalml release {escape(run)} --{word} '*' "
        f'--by "{escape(text["by"])}" --why "{escape(text["why"])}"</pre>'
        for word in ("accept", "refuse")
    ]
    question = f"<p>{escape(text['question'])}</p>"
    return [*parts, question, "<ul>", *lines, "</ul>", f"<p>{escape(text['how'])}</p>", *commands]


def item_row(item: Released, done: Release, note: Note) -> str:
    """Return the line of one output."""
    text = note.text["review"]
    decision = done.decided.get(item.name, {})
    status = text["statuses"][decision.get("decision", item.status)]
    name = escape(item.name)
    if item.status == "review":
        name = f'<a href="waiting/{name}">{name}</a>'
    reasons = "<br>".join(escape(reason) for reason in item.said(note.lang))
    if decision:
        reasons += f"<br>{escape(decision['by'])} : {escape(decision['why'])}"
    cells = (name, f'<span class="{item.status}">{escape(status)}</span>', reasons,
             item.hidden or "–", item.sha256[:16] if item.content else "–")  # fmt: skip
    return "".join(f"<td>{each}</td>" for each in cells)


def table_part(name: str, judged: Judged, leaves: pd.DataFrame, text: Any) -> str:
    """Return one table: what would leave over what is inside, and why a cell is absent.

    A column of one value is said once; values that a sentence of the row says are not repeated.
    """
    layout = LAYOUTS[name if name in LAYOUTS else "indicators"]
    numbers = {*layout.counts, *layout.values, "p_value"}
    same = {c: value for c in leaves if c not in numbers
            if (value := only(leaves[c])) is not None or c in layout.typed}  # fmt: skip
    columns = [str(column) for column in leaves if column not in same]
    inside = rows_of(judged.inside.reset_index(drop=True))
    rows = []
    for at, row in enumerate(leaves.to_dict("records")):
        cells = ""
        for column in columns:
            found = getattr(inside[at], column, None) if column in judged.inside else None
            why = judged.absent.get((at, column), "")
            why = "" if column in layout.sentences and row[column] else text["absent"].get(why, why)
            cells += cell(row[column], found, why, number=column in numbers)
        rows.append(cells)
    shared = " ; ".join(f"{c} = {plain(value)}" for c, value in same.items() if value)
    paragraph = f"<p>{escape(shared)}</p>" if shared else ""
    title = f"tables/{name}.csv"
    return f"<h3>{escape(title)}</h3>{paragraph}" + grid(title, columns, rows)


def only(values: pd.Series) -> Any:
    """Return the one value of a column, empty where it has none, None where it has several."""
    found = values.drop_duplicates()
    return None if len(found) > 1 else "" if found.isna().all() else found.iloc[0]


def cell(leaves: Any, inside: Any, why: str, *, number: bool) -> str:
    """Return one cell: what leaves, what is inside, and why it is absent."""
    shown = "–" if leaves is None or pd.isna(leaves) else plain(leaves)
    if not number and not why:
        return f'<td class="{"t" if len(shown) > LONG else ""}">{escape(shown)}</td>'
    inner = f'<span class="why">{escape(why)}</span>' if why else escape(shown)
    if inside is not None and not pd.isna(inside):
        inner += f'<span class="in">{escape(plain(inside))}</span>'
    return f'<td class="{"n" if number else ""}">{inner}</td>'


def plain(value: Any) -> str:
    """Return a value as a reader sees it: five significant digits are enough to compare."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.5g}" if abs(value) < 1000 else f"{value:.0f}"  # noqa: PLR2004


def grid(name: str, columns: list[str], rows: list[str]) -> str:
    """Return a table of rows of marked cells, which scrolls by itself where it is too wide."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" role="region" tabindex="0" aria-label="{escape(name)}">{table}</div>'
