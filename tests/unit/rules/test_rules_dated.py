"""The dated rules: amounts of the CEJ against the values in force, and what the files may hold."""

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import ValidationError

from evalml.errors import EvalmlError
from evalml.rules import Rules, programmes, rules

# Ceilings read in openfisca-france (montants/*.yaml) and, for 2025, the notice quoted there.
CEJ_AMOUNTS = {
    "2022-03-01": (500, 300, 200),
    "2022-07-01": (520, 312, 208),
    "2023-04-01": (528, 316.80, 211.20),
    "2024-04-01": (552.29, 331.37, 220.92),
    "2025-04-01": (561.68, 337.00, 224.68),
}
AMOUNTS = ("allowance_adult_not_taxable", "allowance_adult_first_bracket", "allowance_minor")


@pytest.mark.parametrize("day", CEJ_AMOUNTS)
def test_the_cej_allowance_is_the_one_in_force_that_day(day: str) -> None:
    held = rules("CEJ").at(dt.date.fromisoformat(day))
    assert tuple(held[a].value for a in AMOUNTS) == CEJ_AMOUNTS[day]
    assert all(held[a].reference and held[a].link and held[a].status == "read" for a in AMOUNTS)


def test_the_eve_of_a_change_still_has_the_old_amount() -> None:
    held = rules("cej").at(dt.date(2023, 3, 31))
    assert held["allowance_adult_not_taxable"].value == 520


def test_nothing_holds_before_a_programme_opens() -> None:
    assert rules("CEJ").at(dt.date(2022, 2, 28)) == {}


def test_ages_of_the_gj_follow_its_generalisation() -> None:
    assert rules("GJ").at(dt.date(2016, 12, 31))["age_min"].value == 18
    assert rules("GJ").at(dt.date(2017, 1, 1))["age_min"].value == 16
    assert "age_min" not in rules("GJ").at(dt.date(2022, 3, 1))


def test_the_waves_of_the_gj_name_the_departements_of_hauts_de_france() -> None:
    waves = rules("GJ").at(dt.date(2015, 12, 31))["waves"].value
    assert isinstance(waves, list)
    start = {
        d: w["start"]
        for w in waves
        for d in w["departements"]
        if d in ("02", "59", "60", "62", "80")
    }
    january, september = dt.date(2015, 1, 1), dt.date(2015, 9, 1)
    assert start == {"02": january, "60": january, "62": january, "59": september, "80": september}
    assert [len(w["departements"]) for w in waves] == [11, 11, 26, 26]


def test_an_unverified_value_is_never_a_default() -> None:
    day = dt.date(2024, 1, 1)
    assert "age_max" not in rules("PARRAINAGE").at(day)
    assert rules("PARRAINAGE").at(day, unverified=True)["age_max"].status == "unverified"


@pytest.mark.parametrize("programme", programmes())
def test_every_value_of_every_programme_says_where_it_was_read(programme: str) -> None:
    for rule in rules(programme).rules.values():
        for value in rule.values:
            assert value.reference
            assert value.read_in
            assert "recall" not in value.read_in or value.status == "unverified"


def test_an_unknown_programme_is_refused_with_the_nearest() -> None:
    with pytest.raises(EvalmlError, match="did you mean 'PACEA'"):
        rules("PACAE")


def test_values_out_of_order_are_refused() -> None:
    value = {"reference": "x", "read_in": "y", "value": 1}
    rule = {
        "label": "l",
        "unit": "u",
        "judged": "entry",
        "values": [{**value, "from": "2023-01-01"}, {**value, "from": "2022-01-01"}],
    }
    with pytest.raises(ValidationError, match="overlaps"):
        Rules.model_validate(
            {"programme": "X", "label": "x", "last_checked": "2026-01-01", "rules": {"r": rule}}
        )
