"""Numbers and spaces as a French reader expects them."""

from __future__ import annotations

import pytest

from evalml.typography import (
    count_text,
    date_text,
    effect_text,
    interval_text,
    level_text,
    number,
    plain,
    typeset,
)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1794.34, 1, "1 794,3"),
        (-0.04, 1, "0,0"),
        (-0.5, 1, "−0,5"),
        (float("nan"), 1, "–"),
        (None, 0, "–"),
        (1234567, 0, "1 234 567"),
    ],
)
def test_french_numbers(value, digits, text):
    assert number(value, digits) == text.replace(" ", "\u202f")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.042, "proportion", "+4,2 points"),
        (0.0151, "proportion", "+1,5 point"),
        (-0.3, "months", "-0,3 mois"),
        (1794.34, "dollars", "+1 794 dollars"),
        (1.4, "dollars", "+1 dollar"),
        (2.5, "kg", "+2,50 kg"),
    ],
)
def test_effects_carry_their_sign_and_their_unit(value, unit, text):
    assert plain(effect_text(value, unit)) == text


def test_levels_intervals_counts_and_dates():
    assert plain(level_text(0.423, "proportion")) == "42,3 %"
    assert plain(interval_text(0.021, 0.063, "proportion")) == "de +2,1 à +6,3 points"
    assert count_text(4213) == "4\u202f213"
    assert count_text(float("nan"), hidden="s") == "s"
    assert plain(date_text("2026-03-01")) == "1er mars 2026"
    assert date_text("1978") == "1978"


def test_english_numbers():
    assert number(1794.34, 1, "en") == "1,794.3"
    assert plain(level_text(0.423, "proportion", "en")) == "42.3%"


@pytest.mark.parametrize(
    ("typed", "set_"),
    [
        ("L'effet est-il nul ?", "L’effet est-il nul\u202f?"),
        (
            "Motif : trop loin ; voir « balance »",
            "Motif\u00a0: trop loin\u202f; voir «\u00a0balance\u00a0»",
        ),
        ("95 % de 1 250 jeunes à 12 mois", "95\u00a0% de 1\u202f250\u00a0jeunes à 12\u00a0mois"),
        ("n° 4, n = 12", "n°\u00a04, n\u00a0=\u00a012"),
        ("https://exemple.fr:80/a?b", "https://exemple.fr:80/a?b"),
    ],
)
def test_lines_do_not_break_before_a_sign(typed, set_):
    assert typeset(typed) == set_
    assert typeset(typeset(typed)) == set_
