"""The data of the explorer: released tables and the words of both languages, ready for JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.errors import DataError
from evalml.report.answers import group_of
from evalml.report.blinding import outcome_key
from evalml.report.results import rows_of
from evalml.report.sentences import (
    balance_in_words,
    check_words,
    labels_of_study,
    meta_in_words,
    protocol_in_words,
    reasons_in_words,
)
from evalml.report.verdict import answers, in_order
from evalml.report.words import (
    LANGUAGES,
    method_label,
    outcome_label,
    words,
)
from evalml.typography import UNITS, Unit, unit_of
from evalml.values import Month, read_messages
from evalml.words import render_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from evalml.report.explorer.read import ReleasedStudy
    from evalml.report.institution import Institution

EFFECT = (
    "outcome", "horizon", "key", "subgroup", "subgroup_value", "method", "estimate", "ci_low",
    "ci_high", "mean_treated", "mean_comparison", "n_treated", "n_comparison", "unit", "status",
    "reason", "primary", "level", "because",
)  # fmt: skip
CURVE = ("arm", "month", "rate", "std_error", "n_at_risk", "share_unobserved")
BALANCE = ("covariate", "smd_before", "smd_after", "variance_ratio")
CHECK = ("check", "outcome", "gating", "answer", "value", "threshold")

Both = dict[str, str]
"""A phrase by language."""


class Phrases:
    """Phrases in both languages, each held once: the page names them by their place."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, ...], int] = {}

    def place(self, both: tuple[str, ...]) -> int:
        """Return the place of a phrase in French and in English, -1 for an empty one."""
        return self._places.setdefault(both, len(self._places)) if any(both) else -1

    def listed(self) -> list[tuple[str, ...]]:
        """Return every phrase, in the order of the places."""
        return list(self._places)


def explorer_data(
    studies: Sequence[ReleasedStudy], institution: Institution, lang: str
) -> dict[str, Any]:
    """Return all the page needs, ready for JSON; the order of `studies` is kept.

    Args:
        studies: Released runs.
        institution: Who signs.
        lang: The language the page opens in.
    """
    phrases = Phrases()
    data = [study_data(study, phrases) for study in studies]
    return {
        "language": lang,
        "institution": {"name": institution.name, "contact": institution.contact},
        "minimum_count": max(int(study.about["minimum_count"]) for study in studies),
        "words": {each: page_words(each) for each in LANGUAGES},
        "units": units_used(studies),
        "labels": {each: labels(studies, each) for each in LANGUAGES},
        "phrases": phrases.listed(),
        "studies": data,
    }


def page_words(lang: str) -> dict[str, Any]:
    """Return the phrases of the page in one language."""
    every = words(lang)
    note = every["note"]
    return {
        **every["explorer"],
        "arms": every["arms"],
        "verdicts": every["verdicts"],
        "statuses": note["statuses"],
        "certainty": note["certainty"],
        "checks_hidden": note["checks_hidden"],
        "synthetic": note["synthetic"],
        "suppressed": note["suppressed"],
    }


def units_used(studies: Iterable[ReleasedStudy]) -> dict[str, Any]:
    """Return how the numbers of each unit are written."""
    names = {str(u) for s in studies for u in s.frames["effects"]["unit"]} | {"proportion"}
    return {name: unit_data(unit_of(name)) for name in sorted(names | (names & set(UNITS)))}


def unit_data(unit: Unit) -> dict[str, Any]:
    """Return a unit, ready for JSON."""
    return {
        "scale": unit.scale,
        "effect_digits": unit.effect_digits,
        "level_digits": unit.level_digits,
        "fr": {"one": unit.one, "many": unit.many, "level": unit.level},
        "en": {"one": unit.english[0], "many": unit.english[0], "level": unit.english[1]},
    }


def labels(studies: Sequence[ReleasedStudy], lang: str) -> dict[str, Both]:
    """Return the names of outcomes, methods, subgroups and covariates in one language."""
    found: dict[str, Both] = {"outcomes": {}, "methods": {}, "groups": {}, "covariates": {}}
    for study in studies:
        known = labels_of_study(study.about, lang)
        for row in rows_of(study.frames["effects"]):
            key = outcome_key(row.outcome, row.horizon_months)
            found["outcomes"][key] = outcome_label(row.outcome, row.horizon_months, lang, known)
            found["outcomes"][row.outcome] = outcome_label(row.outcome, None, lang, known)
            found["methods"][row.method] = method_label(row.method, lang)
            if row.subgroup:
                name = f"{row.subgroup}={row.subgroup_value}"
                found["groups"][name] = group_of(row._asdict(), lang, known)
        for outcome in study.frames["trajectories"]["outcome"].unique():
            found["outcomes"][outcome] = outcome_label(outcome, None, lang, known)
        for row in rows_of(balance_in_words(study.frames["balance"], lang, known)):
            found["covariates"][row.covariate] = row.label
    return {kind: dict(sorted(names.items())) for kind, names in found.items()}


def study_data(study: ReleasedStudy, phrases: Phrases) -> dict[str, Any]:
    """Return one study, ready for JSON."""
    about, frames = study.about, study.frames
    names = {each: labels_of_study(about, each) for each in LANGUAGES}
    in_words = {each: meta_in_words(about, each) for each in LANGUAGES}
    primary = dict(about.get("primary") or {})
    return {
        "key": study.key,
        "run": str(about.get("run", "")),
        "title": {each: str(in_words[each]["title"]) for each in LANGUAGES},
        "programme": str(about.get("programme") or ""),
        "territory": {each: str(in_words[each].get("territory_label") or "") for each in LANGUAGES},
        "period": {each: str(in_words[each].get("period_label") or "") for each in LANGUAGES},
        "year": years_of(about),
        "synthetic": bool(about.get("synthetic")),
        "source": str(about.get("extract_name") or ""),
        "extracted": str(about.get("extraction_date") or ""),
        "outcome": str(primary.get("outcome", "")),
        "horizon": primary.get("horizon_months"),
        "method": str(primary.get("method", "")),
        "finding": {each: sentence(about.get("finding"), each, names[each]) for each in LANGUAGES},
        "benchmark": about.get("benchmark"),
        "notes": sorted(study.notes),
        "effects": effects_data(frames["effects"], about, names, phrases),
        "curves": curves_data(frames["trajectories"]),
        "balance": {"columns": BALANCE, "rows": plain_rows(frames["balance"], BALANCE)},
        "limit": balance_limit(frames["checks"]),
        "checks": checks_data(frames["checks"], names, phrases),
        "protocol": protocol_data(frames["protocol"], names, phrases),
    }


def sentence(messages: Any, lang: str, labels: Mapping[str, str]) -> str:
    """Return what a study says of itself as messages, in words; empty where it says nothing."""
    text = render_all(read_messages(str(messages or "")), lang, labels)
    return text[:1].upper() + text[1:]


def protocol_data(
    protocol: pd.DataFrame, names: Mapping[str, Mapping[str, str]], phrases: Phrases
) -> list[list[int]]:
    """Return the lines of the protocol, as places of phrases: item, what the study chose."""
    both = [rows_of(protocol_in_words(protocol, each, names[each])) for each in LANGUAGES]
    return [
        [
            phrases.place(tuple(str(getattr(row, column)) for row in pair))
            for column in ("label", "text")
        ]
        for pair in zip(*both, strict=True)
    ]


def years_of(about: Mapping[str, Any]) -> str:
    """Return the years of the months of entry: `2024`, `2019-2021`, or nothing."""
    text = str((about.get("words") or {}).get("period_label") or "")
    months = [v for one in read_messages(text) for v in one.values.values()]
    years = sorted({each.month[:4] for each in months if isinstance(each, Month)})
    return "-".join(dict.fromkeys([years[0], years[-1]])) if years else ""


def effects_data(
    effects: pd.DataFrame,
    about: Mapping[str, Any],
    names: Mapping[str, Mapping[str, str]],
    phrases: Phrases,
) -> dict[str, Any]:
    """Return the effects, each with how sure we are and why; blinded ones have no number already.

    Those against never entering stay in the note and in effects.csv: a page that compares studies
    holds one question.
    """
    effects = sure_beside(effects, about)
    effects = in_order(effects[effects["estimand"] != "att_never"])
    primary = dict(about.get("primary") or {})
    main = outcome_key(str(primary.get("outcome", "")), primary.get("horizon_months"))
    keys = [
        outcome_key(outcome, horizon)
        for outcome, horizon in zip(effects["outcome"], effects["horizon_months"], strict=True)
    ]
    declared = [
        key == main and method == primary.get("method") and not subgroup
        for key, method, subgroup in zip(keys, effects["method"], effects["subgroup"], strict=True)
    ]
    table = effects.assign(key=keys, primary=declared, horizon=effects["horizon_months"])
    worded: dict[str, list[list[str]]] = {
        "reason": [list(reasons_in_words(table, each, names[each])["reason"])
                   for each in LANGUAGES],
        "because": [[sentence(why, each, names[each]) for why in table["because"]]
                    for each in LANGUAGES],
    }  # fmt: skip
    places = {
        column: [phrases.place(pair) for pair in zip(*both, strict=True)]
        for column, both in worded.items()
    }
    return {"columns": EFFECT, "rows": plain_rows(table.assign(**places), EFFECT)}


def sure_beside(effects: pd.DataFrame, about: Mapping[str, Any]) -> pd.DataFrame:
    """Return the effects with their level of certainty and what decides it, judged at the release.

    Raises:
        DataError: The release was made before each effect had its own.
    """
    sure = list(about.get("sure") or [])
    if len(sure) != len(effects):
        raise DataError(
            f"the release of {about.get('study')} does not say how sure each effect is: run "
            f"`evalml release` on its run again"
        )
    return effects.assign(level=[level for level, _ in sure], because=[why for _, why in sure])


def curves_data(trajectories: pd.DataFrame) -> dict[str, Any]:
    """Return the curves by outcome, a row per arm and month."""
    ordered = trajectories.sort_values(["outcome", "arm", "month"], kind="stable")
    return {
        str(outcome): {"columns": CURVE, "rows": plain_rows(rows, CURVE)}
        for outcome, rows in ordered.groupby("outcome", sort=True)
    }


def balance_limit(checks: pd.DataFrame) -> float | None:
    """Return the threshold that the balance was judged against, if it was."""
    used = pd.to_numeric(checks[checks["check"] == "balance"]["threshold"], errors="coerce")
    known = used.dropna()
    return float(known.iloc[0]) if len(known) else None


def checks_data(
    checks: pd.DataFrame, names: Mapping[str, Mapping[str, str]], phrases: Phrases
) -> list[dict[str, Any]]:
    """Return the checks with their question and sentence, as places of phrases."""
    silent = (checks["sentence"] == "") & ~checks["gating"].astype("bool")
    answer = pd.Series(answers(checks), checks.index, "object").mask(silent, "hidden")
    rows = plain_rows(checks.assign(answer=answer), CHECK)
    worded = []
    for row, check in zip(rows, rows_of(checks), strict=True):
        both = [check_words(check, each, names[each]) for each in LANGUAGES]
        question, found = (phrases.place(pair) for pair in zip(*both, strict=True))
        phrased = {"question": question, "sentence": found}
        worded.append({**dict(zip(CHECK, row, strict=True)), **phrased})
    return worded


def plain_rows(frame: pd.DataFrame, columns: Sequence[str]) -> list[list[Any]]:
    """Return the rows of a table as lists of plain values, None for what is absent."""
    return [
        [plain_value(value) for value in row]
        for row in frame[list(columns)].itertuples(index=False)
    ]


def plain_value(value: Any) -> Any:
    """Return a value that JSON writes the same everywhere."""
    if value is None or isinstance(value, bool | str):
        return value
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number
