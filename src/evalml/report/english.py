"""The French words of a run in English, at the time a note or an explorer is written."""

from __future__ import annotations

from typing import Any

from evalml.report.typography import typeset


def phrase(text: object, lang: str) -> str:
    """Return a French phrase of the package in `lang`; one it does not know stays as it is."""
    return typeset(str(text), "fr")


def period_words(period: str, lang: str) -> str:
    """Return the months of a period in `lang`."""
    return period


def check_words(check: Any, lang: str) -> tuple[str, str]:
    """Return the question and the sentence of a check in `lang`."""
    return phrase(check.question, lang), phrase(check.sentence, lang)
