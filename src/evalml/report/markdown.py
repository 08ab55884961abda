"""Pieces of pandoc Markdown: words that cannot be taken for marks, tables, figures, boxes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from evalml.typography import typeset

if TYPE_CHECKING:
    from collections.abc import Sequence

MARKS = re.compile(r"([\\`*_{}\[\]<>#$^~|@\"])")


def md(text: object, lang: str = "fr") -> str:
    """Return words from data or a params file, typeset, with no character that formats."""
    line = " ".join(str(text).split(" "))
    line = re.sub(r"[\r\n\t]+", " ", line)
    return MARKS.sub(r"\\\1", typeset(line, lang))


def unmarked(text: str) -> str:
    """Return words as they read: the marks of bold and the escapes of others taken out."""
    return re.sub(r"\\(.)", r"\1", text.replace("**", ""))


def heading(text: str, kind: str = "") -> str:
    """Return a heading of the second level, of a kind the formats may treat apart."""
    return f"## {text} {{.{kind}}}\n" if kind else f"## {text}\n"


def box(name: str, *paragraphs: str) -> str:
    """Return paragraphs in a box that each format draws in its own way."""
    body = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    style = name.capitalize()
    return f'::: {{.{name} custom-style="{style}"}}\n{body}\n:::\n'


def bullets(lines: Sequence[str]) -> str:
    """Return a list."""
    return "\n".join(f"- {line}" for line in lines) + "\n"


def picture(path: str, caption: str, alt: str, width: int = 100) -> str:
    """Return a figure with a caption and an alternative text."""
    return f'![{md_inline(caption)}]({path}){{alt="{quotable(alt)}" width={width}%}}\n'


def quotable(text: str) -> str:
    """Return words that may stand between the quotation marks of an attribute."""
    return text.replace("\\", "").replace('"', "”")


def md_inline(text: str) -> str:
    """Return a caption: typeset already, its marks taken out."""
    return MARKS.sub(r"\\\1", text)


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    caption: str,
    *,
    widths: Sequence[int],
    align: str = "",
) -> str:
    """Return a pipe table with a caption; cells are Markdown already.

    Args:
        header: Names of the columns.
        rows: Cells.
        caption: Without a number.
        widths: Relative widths of the columns.
        align: A letter per column: `l`, `c` or `r`; all left when empty.
    """
    letters = align or "l" * len(header)
    total = sum(widths)
    rule = "|".join(
        dashes(letter, round(96 * width / total))
        for letter, width in zip(letters, widths, strict=True)
    )
    lines = [" | ".join(header), rule, *(" | ".join(cell or " " for cell in row) for row in rows)]
    body = "\n".join(f"| {line} |" if line != rule else f"|{line}|" for line in lines)
    return f"{body}\n\n: {caption}\n"


def dashes(letter: str, length: int) -> str:
    """Return the rule under one column."""
    line = "-" * max(length, 3)
    return {"l": f":{line}", "c": f":{line}:", "r": f"{line}:"}[letter]


def code_inline(text: object) -> str:
    """Return a word as code, inside a sentence."""
    return f"`{str(text).replace('`', '')}`"


def code(text: str) -> str:
    """Return a block of code."""
    return f"```\n{text.replace('```', '')}\n```\n"
