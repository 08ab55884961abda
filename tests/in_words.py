"""What a check says, for the tests that read its words."""

from __future__ import annotations

from evalml.words import check_sentence, question


def say(check, lang="fr", labels=None):
    """Return what a check found, in words."""
    return check_sentence(check.name, check.finding, check.values, lang, labels)


def ask(check, lang="fr"):
    """Return what a check asks."""
    return question(check.name, check.finding, lang)
