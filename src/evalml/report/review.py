"""The review page of a release: each output with its status, its reason and its hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.report.markdown import bullets, heading, md, table
from evalml.typography import count_text

if TYPE_CHECKING:
    from evalml.report.disclosure import Released
    from evalml.report.note_text import Note
    from evalml.report.release import Release


def review_page(done: Release, note: Note) -> str:
    """Return the Markdown of the review page.

    Args:
        done: What was decided.
        note: For the title and the language.
    """
    text = note.text["review"]
    title = md(f"{text['title']} : {note.meta['title']}", note.lang).replace("'", "''")
    counts = {
        status: sum(item.status == status for item in done.items)
        for status in ("pass", "review", "fail")
    }
    lines = [note.say(text["count"][status], n=n) for status, n in counts.items()]
    lines.append(note.say(text["moved"], n=done.moved, threshold=note.threshold))
    parts = [
        f"---\ntitle: '{title}'\nsubtitle: '{md(note.meta['programme'], note.lang)}'\n---\n",
        bullets(lines),
        table(
            text["columns"],
            [item_row(item, done, note) for item in done.items],
            text["caption"],
            widths=[22, 12, 36, 10, 20],
        ),
    ]
    if done.exceptions:
        told = [
            note.say(text["exception"], name=md(name), by=md(done.by), reason=md(reason))
            for name, reason in done.exceptions.items()
        ]
        parts += [heading(text["h_exceptions"]), bullets(told)]
    return "\n".join(parts)


def item_row(item: Released, done: Release, note: Note) -> list[str]:
    """Return the line of one output."""
    text = note.text["review"]
    status = text["statuses"][item.status]
    if item.status == "review" and done.leaves(item):
        status = text["statuses"]["exception"]
    reason = item_reason(item, note)
    sha = f"`{item.sha256[:16]}`" if item.content else "–"
    return [f"`{item.name}`", status, reason, count_text(item.hidden, note.lang), sha]


def item_reason(item: Released, note: Note) -> str:
    """Return why an output may leave, in the language of the page; a refusal is told as it is."""
    text = note.text["review"]["reasons"]
    if item.status == "pass" and item.rows:
        return note.say(text["table"], last=note.threshold - 1, n=item.hidden)
    if item.status == "fail":
        return f"[{md('; '.join(item.reasons), 'en')}]{{lang=en}}"
    return str(text["drawn" if item.status == "pass" else "review"])
