"""The findings of a run in words: the tables of checks and of effects, in one language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalml.values import Message, Name, read_messages, read_values
from evalml.words import check_sentence, question, render_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


def finding_of(check: Any) -> Message:
    """Return what a row of `checks` found; one without values says the sentence it holds."""
    if not check.finding:
        return Message("said.text", {"text": Name("text", str(check.sentence))})
    return Message(f"{check.check}.{check.finding}", read_values(str(check.values)))


def checks_in_words(
    checks: pd.DataFrame, lang: str, labels: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return the checks with their questions and sentences in `lang`.

    Args:
        checks: Table of checks; a row without a finding keeps its words.
        lang: `fr` or `en`.
        labels: Labels of the study.
    """
    found = [check_words(row, lang, labels) for row in checks.itertuples()]
    return checks.assign(
        question=[asked for asked, _ in found], sentence=[sentence for _, sentence in found]
    )


def check_words(check: Any, lang: str, labels: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Return the question and the sentence of a row of `checks` in `lang`."""
    if not check.finding:
        return str(check.question), str(check.sentence)
    name, finding = str(check.check), str(check.finding)
    values = read_values(str(check.values))
    return question(name, finding, lang), check_sentence(name, finding, values, lang, labels)


def reasons_in_words(
    effects: pd.DataFrame, lang: str, labels: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return effects with the reason of each masked one in `lang`, from its causes.

    Args:
        effects: Table of effects, with `causes`; a row without causes keeps its reason.
        lang: `fr` or `en`.
        labels: Labels of the study.
    """
    reasons = [
        render_all(read_messages(str(causes)), lang, labels) if causes else str(reason)
        for causes, reason in zip(effects["causes"], reasons_of(effects), strict=True)
    ]
    return effects.assign(reason=reasons)


def reasons_of(effects: pd.DataFrame) -> list[str]:
    """Return the reasons that effects carry already, empty where they carry none."""
    return list(effects["reason"]) if "reason" in effects else [""] * len(effects)
