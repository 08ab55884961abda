"""The words of the note and the figures: one YAML per language, figures in braces."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

import yaml

from evalml.errors import DataError, nearest
from evalml.typography import typeset
from evalml.values import Name
from evalml.words import name_label, section_words
from evalml.words import outcome_label as named_outcome
from evalml.words.render import TemplateValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LANGUAGES = ("fr", "en")

Words = dict[str, Any]


@cache
def words(lang: str) -> Words:
    """Return every phrase of `lang`, nested as in its YAML, set with its non-breaking spaces.

    Raises:
        DataError: There is no such language.
    """
    if lang not in LANGUAGES:
        message = f"no note in language '{lang}': {nearest(lang, LANGUAGES)}"
        raise DataError(message)
    text = files("evalml.report").joinpath(f"templates/{lang}.yaml").read_text(encoding="utf-8")
    phrases = cast("Words", typeset_all(yaml.load(text, yaml.CSafeLoader), lang))
    return phrases | {section: section_words(section, lang) for section in SECTIONS}


SECTIONS = ("estimands", "arms", "units", "outcomes")
"""Names that the figures and the explorer take from those of the package."""


@cache
def design_words(lang: str, kind: str) -> Words:
    """Return the phrases of the note for one kind of study: the usual ones, with its own over them.

    Args:
        lang: `fr` or `en`.
        kind: Kind of the study; one without words of its own gets the usual ones.
    """
    usual = cast("Words", words(lang)["note"])
    file = files("evalml.report").joinpath(f"templates/{lang}_{kind}.yaml")
    if not file.is_file():
        return usual
    own = typeset_all(yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader), lang)
    return laid_over(usual, cast("Words", own))


def laid_over(usual: Words, own: Words) -> Words:
    """Return a tree of phrases with another laid over it."""
    out = dict(usual)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(usual.get(key), dict)
        out[key] = laid_over(usual[key], value) if both else value
    return out


def typeset_all(node: Any, lang: str) -> Any:
    """Return the tree of phrases with every phrase typeset."""
    if isinstance(node, dict):
        return {key: typeset_all(value, lang) for key, value in node.items()}
    if isinstance(node, list):
        return [typeset_all(value, lang) for value in node]
    return typeset(str(node), lang)


def plural(forms: list[str], n: int) -> str:
    """Return the phrase for none, one or many, with the count in it."""
    return forms[min(n, 2)].format(n=n)


def method_label(name: str, lang: str) -> str:
    """Return the name of a method; one the words do not hold stays as it is."""
    return name_label(Name("methods", name), lang)


def method_inside(name: str, lang: str) -> str:
    """Return the name of a method as it stands inside a sentence."""
    return format(TemplateValue(Name("methods", name), lang, {}), "inside")


def outcome_label(outcome: str, horizon: object, lang: str, labels: Mapping[str, str]) -> str:
    """Return an outcome and its horizon: `En emploi à 12 mois`.

    Args:
        outcome: Name in the results.
        horizon: Months, or None or NaN for a table without time.
        lang: `fr` or `en`.
        labels: Labels of the study, which win over those of the package in French.
    """
    months = "" if horizon is None or horizon != horizon else f"_m{int(float(str(horizon)))}"  # noqa: PLR0124 - NaN
    label = named_outcome(f"{outcome}{months}", lang, labels)
    plain_key = f"{outcome}{months}" == label or label.startswith(f"{outcome} ")
    return label.replace("_", " ").capitalize() if plain_key else label


def outcome_at(outcome: str, months: Sequence[float], lang: str, labels: Mapping[str, str]) -> str:
    """Return an outcome and its horizons: `En emploi durable à 6 et 12 mois`."""
    if len(months) < 2:  # noqa: PLR2004 - one horizon, or none
        return outcome_label(outcome, months[0] if months else None, lang, labels)
    each = [f"{float(month):.0f}" for month in months]
    text = words(lang)["note"]["and"].format(first=", ".join(each[:-1]), last=each[-1])
    name = outcome_label(outcome, None, lang, labels)
    return typeset(str(words(lang)["outcome_horizon"]).format(outcome=name, horizon=text), lang)


def subgroup_label(subgroup: str, lang: str, labels: Mapping[str, str]) -> str:
    """Return the name of a subgroup variable."""
    return name_label(Name("subgroups", subgroup), lang, labels).replace("_", " ")


def level_label(subgroup: str, value: str, lang: str, labels: Mapping[str, str]) -> str:
    """Return the name of a value of a subgroup variable."""
    return name_label(Name("level", f"{subgroup}={value}"), lang, labels)
