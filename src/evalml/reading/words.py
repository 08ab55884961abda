"""Levels of a category: the order they come in, and which are one word written in two ways."""

from __future__ import annotations

import re
import unicodedata

from evalml.reading import numbers


def natural(level: str) -> tuple[int, float, str]:
    """Return a key that puts numbers in their order, then words in theirs."""
    if numbers.is_number(level, "."):
        return 0, float(re.sub(f"{numbers.SPACES}|,", "", level)), level
    return 1, 0.0, level


def fold(text: str) -> str:
    """Return a text without capitals, accents or double spaces, to compare it by."""
    bare = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in bare if not unicodedata.combining(c)).casefold().split())
