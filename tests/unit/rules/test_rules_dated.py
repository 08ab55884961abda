"""The dated rules: amounts of the CEJ against the values in force, and what the files may hold."""

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import ValidationError

from evalml.errors import EvalmlError
from evalml.report.gather import _amounts_known_until
from evalml.rules import (
    Rules,
    overdue_sentences,
    programmes,
    rules,
    wave_text,
)
from evalml.study import read_study

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


def test_values_that_no_national_text_gives_are_never_defaults() -> None:
    """The PIAL of 2018 was read, its ceiling of later years was not; a charter binds one region."""
    day = dt.date(2024, 1, 1)
    pacea, everything = rules("PACEA").at(day), rules("PACEA").at(day, unverified=True)
    assert everything["allowance_ceiling_yearly_months"].status == "unverified"
    assert everything["diagnosis_before_entry_months"].status == "regional"
    hidden = {"allowance_ceiling_yearly_months", "diagnosis_before_entry_months"}
    assert hidden.isdisjoint(pacea)
    assert "age_max" not in rules("PARRAINAGE").at(day)
    assert rules("PARRAINAGE").at(day)["age_min"].value == 16


# Amounts printed elsewhere: the pilots' decree as directions.fr relays it, UNML (2018), the
# exceptional aid of Pôle emploi (2021), a page of missions locales (2021).
PRINTED_GJ = {
    "2013-10-01": 433.75,
    "2018-10-08": 484.82,
    "2021-02-01": 497.01,
    "2021-04-01": 497.50,
}


@pytest.mark.parametrize("day", PRINTED_GJ)
def test_the_allowance_of_the_gj_is_the_rsa_less_its_housing_share(day: str) -> None:
    held = rules("GJ").at(dt.date.fromisoformat(day))["allowance"]
    assert held.value == PRINTED_GJ[day]
    assert "Décret" in held.reference.rsplit(";", 1)[1]
    assert held.overdue is None


def test_the_allowance_of_the_gj_is_known_all_the_years_it_was_paid() -> None:
    days = [dt.date(y, 7, 14) for y in range(2014, 2024)]
    amounts = [rules("GJ").at(day)["allowance"].value for day in days]
    assert amounts == sorted(amounts)
    assert len(set(amounts)) == 10
    assert "allowance" not in rules("GJ").at(dt.date(2024, 1, 1))


def test_a_yearly_change_that_was_not_read_is_said_from_its_day() -> None:
    eve, day = dt.date(2026, 3, 31), dt.date(2026, 4, 1)
    assert rules("CEJ").overdue(eve) == {}
    assert set(rules("CEJ").overdue(day)) == set(AMOUNTS)
    held = rules("CEJ").at(day)
    assert {held[a].overdue for a in AMOUNTS} == {day}
    assert tuple(held[a].value for a in AMOUNTS) == CEJ_AMOUNTS["2025-04-01"]
    assert rules("CEJ").at(eve)["allowance_minor"].overdue is None
    assert "changed on 2026-04-01" in overdue_sentences("cej", day)[0]
    assert overdue_sentences("cej", eve) == []


def test_a_wave_says_which_of_its_departements_are_partial() -> None:
    waves = rules("GJ").at(dt.date(2015, 12, 31))["waves"].value
    assert isinstance(waves, list)
    assert "13 (partial), 93 (partial), 974" in wave_text(waves[0])
    assert wave_text(waves[1]).count("(partial)") == 1


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


def test_a_note_says_which_amounts_of_its_follow_up_were_not_read() -> None:
    assert _amounts_known_until(read_study("cej", year=2025)) == "2026-04-01"
    assert _amounts_known_until(read_study("cej", year=2023)) == ""
    assert _amounts_known_until(read_study("pacea", year=2023)) == ""
