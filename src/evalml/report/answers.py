"""One effect as a reader sees it, in one language: its number or why it has none, how sure we are.

The registry of runs and the controls of a notebook say the same of an effect as the explorer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.disclosure.rule import THRESHOLD
from evalml.report.certainty import certainty_of
from evalml.report.note import masked_tables
from evalml.report.results import read_meta, read_table
from evalml.report.sentences import labels_of_study, meta_in_words
from evalml.report.verdict import is_blinded, is_bounded, primary_effect
from evalml.report.words import level_label, method_label, outcome_label, subgroup_label, words
from evalml.typography import count_text, effect_text, interval_text, typeset
from evalml.words import render

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from evalml.report.certainty import Certainty


@dataclass(frozen=True, slots=True)
class Answer:
    """An effect in words.

    Attributes:
        outcome: Outcome and horizon.
        group: Subgroup and its value; empty for everybody.
        method: Name of the method.
        effect: The effect with its unit, its bounds where those alone are known; empty: masked.
        interval: Its interval at 95 %; empty where there is none.
        persons: Size of the two arms.
        certainty: Level of certainty.
        because: What decides the level, or why the effect is masked.
    """

    outcome: str
    group: str
    method: str
    effect: str
    interval: str
    persons: str
    certainty: str
    because: str


def answer_of(row: Any, sure: Certainty, lang: str, labels: Mapping[str, str]) -> Answer:
    """Return an effect of a protected table in words.

    Args:
        row: A row of `effects`, blinded numbers taken out, reasons in `lang`.
        sure: How sure the checks leave us of it.
        lang: `fr` or `en`.
        labels: Labels of the study.
    """
    every, unit = words(lang), str(row["unit"])
    masked = is_blinded(row) and not is_bounded(row)
    ends = (row["ci_low"], row["ci_high"])
    interval = "" if masked or pd.isna(ends[0]) else interval_text(*ends, unit, lang)
    effect = "" if masked else interval
    if pd.notna(row["estimate"]) and not masked:
        effect = effect_text(float(row["estimate"]), unit, lang)
    arms = {
        arm: count_text(row[f"n_{arm}"], lang, hidden=every["note"]["suppressed"])
        for arm in ("treated", "comparison")
    }
    return Answer(
        outcome=outcome_label(row["outcome"], row["horizon_months"], lang, labels),
        group=group_of(row, lang, labels),
        method=method_label(row["method"], lang),
        effect=effect,
        interval=interval,
        persons=typeset(every["explorer"]["n_arms"].format(**arms), lang),
        certainty=every["note"]["certainty"][sure.level],
        because=str(row["reason"]) if masked else render(sure.weakest.message, lang, labels),
    )


def group_of(row: Any, lang: str, labels: Mapping[str, str]) -> str:
    """Return a subgroup and its value, such as « Sexe : Femmes »; empty for everybody."""
    name, value = str(row["subgroup"]), str(row["subgroup_value"])
    if not name:
        return ""
    variable = subgroup_label(name, lang, labels)
    text = f"{variable[:1].upper()}{variable[1:]} : {level_label(name, value, lang, labels)}"
    return typeset(text if lang == "fr" else text.replace(" : ", ": "), lang)


def protected_run(run: Path, lang: str) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Return the effects and checks of a run as they may be shown, and what it says of itself.

    Args:
        run: Folder of the run.
        lang: Language of the reasons.

    Raises:
        DataError: The run keeps no word on its study.
    """
    meta = meta_in_words(read_meta(run / "results"), lang)
    read = {name: read_table(run / "results" / f"{name}.csv") for name in ("effects", "checks")}
    return dict(masked_tables(read, THRESHOLD, lang, labels_of_study(meta, lang))), meta


def run_answer(run: Path, lang: str) -> Answer | None:
    """Return the primary effect of a run in words, None where the run has none.

    Args:
        run: Folder of the run.
        lang: `fr` or `en`.
    """
    if not all((run / "results" / name).is_file() for name in ("effects.csv", "meta.json")):
        return None
    frames, meta = protected_run(run, lang)
    effect = primary_effect(frames["effects"], dict(meta.get("primary") or {}))
    if effect is None:
        return None
    return answer_of(effect, certainty_of(frames, meta), lang, labels_of_study(meta, lang))
