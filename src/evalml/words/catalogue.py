"""The catalogues of words, French and English: checks, messages, names of things."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from evalml.codes import code_lists, territory_names
from evalml.errors import DataError, nearest
from evalml.registry import registry_of
from evalml.typography import typeset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.values import Name


LANGUAGES = ("fr", "en")
CATALOGUES = ("checks", "messages", "names")

Template: TypeAlias = str | list[str]
"""A template; in a list, each piece after the first is left out where one of its values is."""


@cache
def catalogue(name: str) -> dict[str, Any]:
    """Return a catalogue with every phrase typeset in its language.

    Args:
        name: One of `CATALOGUES`.
    """
    found = dict(file_words(name))
    if name == "checks":  # those that declare themselves bring their words
        found |= {one.name: one.words for one in registry_of("checks").values() if one.words}
    return dict(typeset_tree(found, ""))


@cache
def file_words(name: str) -> dict[str, Any]:
    """Return a catalogue as its file holds it."""
    text = files("evalml.words").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return found


def typeset_tree(node: Any, lang: str) -> Any:
    """Return a tree in which every phrase under `fr` or `en` is typeset in that language."""
    if isinstance(node, dict):
        return {
            key: typeset_tree(value, key if key in LANGUAGES else lang)
            for key, value in node.items()
        }
    if isinstance(node, list):  # a piece goes on from the one before: its first space counts
        return [typeset(f"x{piece}", lang)[1:] for piece in node]
    return typeset(str(node), lang or "en")


def check_language(lang: str) -> str:
    """Return `lang` if there are words in it."""
    if lang not in LANGUAGES:
        raise DataError(f"no words in language '{lang}': {nearest(lang, LANGUAGES)}")
    return lang


def check_entry(name: str, finding: str) -> dict[str, Any]:
    """Return the part of the catalogue of checks that holds a finding: its question, its findings.

    Args:
        name: Name of the check.
        finding: Key of a finding; `openings.few` is `few` among those of the variant `openings`.

    Raises:
        DataError: The catalogue has no such check.
    """
    checks = catalogue("checks")
    if name not in checks:
        raise DataError(f"checks.yaml has no check '{name}': {nearest(name, checks)}")
    variant, _, _ = finding.rpartition(".")
    found: dict[str, Any] = checks[name][variant] if variant else checks[name]
    return found


def finding_template(name: str, finding: str, lang: str) -> Template:
    """Return the template of a finding of a check."""
    if finding == UNDONE:
        return template(catalogue("messages")[UNDONE], lang)
    findings = check_entry(name, finding)["findings"]
    key = finding.rpartition(".")[2]
    if key not in findings:
        message = f"checks.yaml has no finding '{finding}' of '{name}': {nearest(key, findings)}"
        raise DataError(message)
    return template(findings[key], lang)


UNDONE = "undone"
"""Finding of any check whose estimation failed when it was made again."""


def message_template(key: str, lang: str) -> Template:
    """Return the template of a message, from `messages.yaml`, or of a finding (`balance.over`).

    Raises:
        DataError: No catalogue holds it.
    """
    section, _, rest = key.partition(".")
    messages = catalogue("messages")
    if rest and section in messages and rest in messages[section]:
        return template(messages[section][rest], lang)
    if rest and section in catalogue("checks"):
        return finding_template(section, rest, lang)
    raise DataError(f"messages.yaml has no message '{key}'")


def template(entry: dict[str, Any], lang: str) -> Template:
    """Return the words of an entry in one language."""
    found: Template = entry[check_language(lang)]
    return found


def plain_phrase(section: str, key: str, lang: str) -> str:
    """Return a message that holds no value."""
    return str(message_template(f"{section}.{key}", lang))


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


LABELLED = ("outcomes", "controls", "covariates", "subgroups", "methods", "estimands", "arms",
            "openings")  # fmt: skip
"""Kinds whose keys a study may call otherwise."""


def labelled() -> frozenset[str]:
    """Return every key that a study may label, the levels and the horizons apart."""
    listed = catalogue("names")
    return frozenset(
        key for kind in LABELLED for key in (*registry_of(kind), *listed.get(kind, {}))
    )


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
