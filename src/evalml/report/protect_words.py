"""Small counts in the sentences of the checks: they become bounds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from evalml.report.typography import number

if TYPE_CHECKING:
    from collections.abc import Iterable

COUNT_WORDS = r"(?:personnes?|jeunes?|individus?|bénéficiaires?|essais?|dossiers?)"

SMALL_OF = re.compile(
    r"(?:(?P<share>\d+(?:[,.]\d+)?)(?P<sign>[ \u00a0\u202f]*%)(?P<between>[^%;.]*?))?"
    r"(?<![\d,.])(?P<part>\d{1,3})(?P<of>[ \u00a0]sur[ \u00a0])(?P<whole>\d[\d\u202f\u00a0]*\d|\d)"
)
"""« 3,2 % des bénéficiaires (6 sur 185) »: a share, and the count it gives away."""


def hide_parts(sentence: str, threshold: int) -> str:
    """Return a sentence in which « 6 sur 185 » and the share before it are bounds."""

    def less(found: re.Match[str]) -> str:
        whole = int(re.sub(r"\D", "", found["whole"]))
        if not (0 < int(found["part"]) < threshold or 0 < whole < threshold):
            return found[0]
        told = f"moins de {threshold}{found['of']}{found['whole']}"
        if found["share"] is None:
            return told
        bound = number(100 * threshold / max(whole, threshold), 1)
        return f"moins de {bound}{found['sign']}{found['between']}{told}"

    return SMALL_OF.sub(less, sentence)


def hide_counts(sentences: Iterable[str], threshold: int) -> list[str]:
    """Return sentences in which « 6 jeunes » is « moins de 11 jeunes », « 6 sur 185 » a bound."""

    def less(found: re.Match[str]) -> str:
        small = 0 < int(found[1]) < threshold
        return f"moins de {threshold} {found[2]}" if small else found[0]

    pattern = re.compile(rf"(?<![\d,.\u202f\u00a0])(\d{{1,3}})[ \u00a0\u202f]({COUNT_WORDS})\b")
    return [pattern.sub(less, hide_parts(sentence, threshold)) for sentence in sentences]
