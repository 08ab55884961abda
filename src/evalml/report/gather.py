"""From what the stages found to the stable tables of a run: named, blinded, protected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.months import first_day, month_number
from evalml.report.blinding import blind, guard_durations, widen
from evalml.report.costs import guard_costs
from evalml.report.figure_rollout import guard_events
from evalml.report.protect import protect_results
from evalml.report.protocol import period_label, period_words, protocol_table
from evalml.report.sentences import reasons_in_words
from evalml.results import COLUMNS
from evalml.rules import programmes, rules
from evalml.study import territory_label, territory_words
from evalml.values import messages_text
from evalml.words import section_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.report.results import Frames
    from evalml.study import Study
    from evalml.values import Message


def gather(
    study: Study, frames: Mapping[str, pd.DataFrame], labels: Mapping[str, str] | None = None
) -> Frames:
    """Return the stable tables of a run, ready to be shown and written.

    Effects whose checks fail are blinded, and counts below the threshold are taken out: whatever a
    notebook displays comes from here.

    Args:
        study: The study.
        frames: What the stages found: `effects` and `checks`, and any of `flow`, `balance`,
            `trajectories`, `observation`, `costs`, `power`, `secondary`.
        labels: French labels of outcomes, covariates and levels.

    Raises:
        DataError: A table lacks a column readers count on.
    """
    names = dict(labels or {})
    ready = {name: frame for name, frame in frames.items() if name not in {"effects", "balance"}}
    effects = frames["effects"].assign(
        horizon_months=frames["effects"]["horizon_months"].astype("float64"),
        study=study.study,
        programme=study.programme,
        territory=territory_label(study.territory),
        period=period_label(study),
    )
    primary = {"outcome": study.primary.outcome} if study.over_time else None
    blinded = blind(effects, frames["checks"], primary, lang=study.language, labels=names)
    others = [column for column in blinded if column not in COLUMNS["effects"]]
    ready["effects"] = blinded[[*COLUMNS["effects"], *others]]
    if "balance" in frames:
        ready["balance"] = _balance(frames["balance"], names)
    if "event_study" in frames:
        ready["event_study"] = guard_events(frames["event_study"], ready["effects"])
    if "durations" in frames:
        ready["durations"] = guard_durations(frames["durations"], frames["checks"])
    if "costs" in frames:
        ready["costs"] = guard_costs(frames["costs"], frames["checks"], study.checks.minimum_count)
    if "secondary" in frames:
        months = frames["secondary"]["horizon_months"].astype("float64")
        secondary = frames["secondary"].assign(horizon_months=months)
        ready["secondary"] = reasons_in_words(
            widen(secondary, frames["checks"]), study.language, names
        )
    ready["protocol"] = protocol_table(study, names | secondary_titles(study, "title"))
    return protect_results(ready, study.checks.minimum_count, study.language, names)


def _balance(balance: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "covariate": balance["covariate"],
            "label": [labels.get(name, name) for name in balance["covariate"]],
            "smd_before": balance["smd_before"],
            "smd_after": balance["smd_after"],
            "variance_ratio": balance["variance_ratio"],
            "mean_treated": balance["mean_treated_before"],
            "mean_comparison_before": balance["mean_comparison_before"],
            "mean_comparison_after": balance["mean_comparison_after"],
        }
    )


UNDEFINED = {"title", "labels", "examples", "secondary", "checks", "seed", "language"}
"""Keys of a study that do not say who is in it."""


def note_meta(
    study: Study,
    *,
    command: str,
    hashes: Mapping[str, str | None],
    labels: Mapping[str, str],
    extract_name: str,
    extraction_date: str,
    synthetic: bool,
    benchmark: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what a note needs beside the tables, as plain values.

    Args:
        study: The study.
        command: What reproduces the run.
        hashes: Hashes of what went in.
        labels: French labels of outcomes, covariates and levels.
        extract_name: Name of the extract, or of the data set.
        extraction_date: Vintage of the data; empty where they have none.
        synthetic: Whether the data are invented; every page then says so.
        benchmark: Answer of an experiment: `estimate, ci_low, ci_high, label`.
    """
    own = section_words("openings", "en") if study.design.items else {}
    return {
        "study": study.study,
        "title": study.title,
        "title_en": study.title_en,
        "programme": study.programme,
        "territory_label": territory_label(study.territory),
        "period_label": period_label(study),
        "synthetic": synthetic,
        "extraction_date": extraction_date,
        "extract_name": extract_name,
        "command": command,
        "hashes": {name: value for name, value in hashes.items() if value},
        "language": study.language,
        "primary": {
            "outcome": study.primary.outcome,
            "horizon_months": study.primary.horizon,
            "method": study.primary.method,
        },
        "threshold": study.minimum_effect,
        "kind": study.design.kind,
        "benchmark": dict(benchmark) if benchmark else None,
        "amounts_known_until": _amounts_known_until(study),
        "labels": dict(labels) | secondary_titles(study, "title"),
        "labels_en": dict(study.labels_en) | secondary_titles(study, "title_en") | own,
        "words": {
            "territory_label": messages_text(found_of(territory_words(study.territory))),
            "period_label": messages_text(found_of(period_words(study.entries))),
        },
        "definition": definition(study)
        | {"analyses": {name: definition(each) for name, each in study.analyses().items()}},
    }


def definition(study: Study) -> dict[str, Any]:
    """Return what says who is in a study, for the register of what leaves."""
    return study.model_dump(mode="json", by_alias=True, exclude=UNDEFINED)


def secondary_titles(study: Study, key: str) -> dict[str, str]:
    """Return the title of each secondary analysis by its name, where it has one in `key`."""
    return {name: str(given[key]) for name, given in study.secondary.items() if key in given}


def found_of(message: Message | None) -> list[Message]:
    """Return a message as a list, empty where there is none."""
    return [] if message is None else [message]


def _amounts_known_until(study: Study) -> str:
    """Return the day of a yearly change of amounts, inside the follow-up, that no text read gives.

    Empty where every amount of the programme is known to the end of the follow-up.
    """
    if study.entries is None or study.programme not in programmes():
        return ""
    months = max(study.horizons, default=0)
    end = first_day(month_number(study.entries.last) + months)
    missed = rules(study.programme).overdue(end)
    return min(missed.values()).isoformat() if missed else ""
