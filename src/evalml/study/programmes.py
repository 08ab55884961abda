"""The programmes, and how a sentence calls them."""

from __future__ import annotations

PROGRAMMES = ("CEJ", "GJ", "PACEA", "PARRAINAGE", "IAE")

WORDS = {"PARRAINAGE": "parrainage", "IAE": "contrat d’insertion"}
"""Those that no acronym names."""


def word_of(code: str) -> str:
    """Return a programme as it stands inside a French sentence."""
    return WORDS.get(code, code)
