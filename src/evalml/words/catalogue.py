"""Read the catalogues: one YAML per subject, each entry in both languages side by side."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

import yaml

from evalml.errors import DataError, nearest
from evalml.registry import registry_of
from evalml.typography import typeset

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
    text = files("evalml.words").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    if name == "checks":  # those that declare themselves bring their words
        found |= {one.name: one.words for one in registry_of("checks").values()}
    return dict(typeset_tree(found, ""))


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
