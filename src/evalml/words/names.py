"""The names of things in both languages: outcomes, covariates, levels, methods, territories."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from evalml.codes import code_lists, territory_names
from evalml.registry import registry_of
from evalml.typography import typeset
from evalml.words.catalogue import catalogue, check_language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.values import Name

HORIZON = "_m"
"""What stands between an outcome and its months in a key: `emploi_m12`."""


def name_label(name: Name, lang: str, labels: Mapping[str, str] | None = None) -> str:
    """Return the label of a name in one language; a key without words stays as it is.

    Args:
        name: Its kind and its key.
        lang: `fr` or `en`.
        labels: Labels of the study, in its own language, by key.
    """
    given = labels or {}
    if name.kind == "outcome":
        return outcome_label(name.key, lang, given)
    if name.kind == "text":
        return name.key
    if name.kind in {"region", "departement"}:
        return territory_names()[f"{name.kind}s"].get(name.key, name.key)
    if name.kind in {"covariate", "level", "subgroup"}:
        return column_label(name.key, lang, given, level_only=name.kind == "level")
    return known_label(name.kind, name.key, lang, given)


PHRASES = ("subject", "of_programme", "what_it_is", "measured", "by")
"""Sections whose keys have another label of their own: a study does not rename them."""


def known_label(kind: str, key: str, lang: str, labels: Mapping[str, str]) -> str:
    """Return the label of a key: in French the study's wins, in English the package's."""
    package = package_label(kind, key, check_language(lang))
    if kind in PHRASES:
        return str(package or key)
    first, second = (labels.get(key), package) if lang == "fr" else (package, labels.get(key))
    return str(first or second or key)


def package_label(kind: str, key: str, lang: str) -> str | None:
    """Return the label of what the package declares, or lists in `names.yaml`; None without one."""
    declared = registry_of(kind)
    if key in declared:
        return typeset(str(getattr(declared[key], lang)), lang)
    listed = catalogue("names").get(kind, {}).get(key)
    return None if listed is None else str(listed[lang])


def section_words(section: str, lang: str) -> dict[str, str]:
    """Return every name of a section in one language, by key."""
    known = (*registry_of(section), *catalogue("names").get(section, {}))
    return {key: package_label(section, key, check_language(lang)) or key for key in known}


def outcome_label(key: str, lang: str, labels: Mapping[str, str] | None = None) -> str:
    """Return an outcome with its horizon, where its key has one: `En emploi à 12 mois`."""
    given = labels or {}
    outcome, _, months = key.rpartition(HORIZON)
    if not outcome or not months.isdigit():
        return known_label("outcomes", key, lang, given)
    template = str(catalogue("names")["horizon"][lang])
    label = known_label("outcomes", outcome, lang, given)
    return template.format(outcome=label, months=months)


def column_label(
    key: str, lang: str, labels: Mapping[str, str] | None = None, *, level_only: bool = False
) -> str:
    """Return the label of a covariate, or of one of its levels: `Diplôme : Baccalauréat`.

    `key`: `niveau_diplome`, or `niveau_diplome=BAC`; `lang`: `fr` or `en`; `level_only`: whether
    only the level is named.
    """
    given = labels or {}
    variable, mark, _ = key.partition("=")
    if lang == "fr" and key in given and not level_only:
        return given[key]
    title = known_label("covariates", variable, lang, given)
    if not mark:
        return title
    if level_only:
        return level_label(key, lang)
    return f"{title}{catalogue('names')['colon'][lang]}{level_label(key, lang, ONE_PERSON)}"


ONE_PERSON = "covariate:"
"""Before the levels that are called otherwise of one person: « Femme », and not « Femmes »."""


def level_label(key: str, lang: str, prefix: str = "") -> str:
    """Return the name of a level, `variable=level`; one without words stays as it is."""
    levels = catalogue("names")["levels"]
    variable, _, level = key.partition("=")
    for known in (f"{prefix}{key}", key, level):
        if known in levels:
            return str(levels[known][lang])
    return code_label(variable, level) if lang == "fr" or variable == "departement" else level


@cache
def code_label(variable: str, level: str) -> str:
    """Return the French label of a code of a closed list; another one as it is."""
    if variable == "departement":
        return territory_names()["departements"].get(level, level)
    known = code_lists().get({"situation_t0": "categorie"}.get(variable, variable))
    return known.labels.get(level, level) if known is not None else level
