"""One file of params/ serves every year, territory and outcome; the names of version 0.1 still run."""

from __future__ import annotations

import datetime as dt

import pytest
from tests_root import ROOT, study_files

from evalml.errors import StudyError
from evalml.study import StudyRequest, read_study, read_yaml, territory_from
from evalml.study.grid import read_grid

FORMER = [
    "cej_2022_france",
    "cej_2022_hdf",
    "cej_2022_nord",
    "cej_2023_france",
    "cej_2023_hdf",
    "cej_2023_nord",
    "cej_2024_france",
    "cej_2024_hdf",
    "cej_2024_nord",
    "gj_2013_2016_france",
    "gj_2013_2016_hdf",
    "gj_2013_france",
    "gj_2014_france",
    "gj_2015_france",
    "gj_2015_nord",
    "gj_2016_france",
    "gj_2017_france",
    "gj_2017_hdf",
    "gj_2017_nord",
    "iae_2024_france",
    "iae_2024_hdf",
    "iae_2024_nord",
    "nsw",
    "pacea_2019_france",
    "pacea_2019_hdf",
    "pacea_2019_nord",
    "pacea_2023_france",
    "pacea_2023_hdf",
    "pacea_2023_nord",
    "parrainage_2024_france",
    "parrainage_2024_hdf",
    "parrainage_2024_nord",
]


@pytest.mark.parametrize("name", FORMER)
def test_the_studies_of_version_0_1_still_run_by_their_names(name):
    study = read_study(ROOT / "params" / f"{name}.yaml")
    assert study.study == name
    assert "{" not in study.title


def test_a_year_moves_the_entries_and_brings_what_the_file_says_of_it():
    study = read_study("cej", year=2022)
    assert study.entries.first == dt.date(2022, 3, 1)
    assert study.horizons == (3, 6, 12, 24)
    assert list(study.secondary) == ["face_au_pacea", "bascule_gj"]
    assert study.study == "cej_2022_hdf"
    other = read_study("iae", year=2023)
    assert (other.entries.first, other.entries.last) == (dt.date(2023, 1, 1), dt.date(2023, 6, 30))


def test_a_territory_changes_the_title_and_leaves_out_what_is_the_same_for_all_there():
    listed = {"covariates": ["sexe", "departement"]}
    study = read_study("cej", territory="59", changes=listed)
    assert study.territory.departement == ("59",)
    assert read_study("cej", territory="59").title.endswith("en 2024 sur l’emploi, Nord")


def test_an_outcome_becomes_the_primary_one():
    study = read_study("cej", outcome="salaire_cumule")
    assert study.primary.outcome == "salaire_cumule"
    assert study.outcomes[0] == "salaire_cumule"


def test_any_key_can_be_changed_by_its_place_and_a_wrong_one_is_refused():
    study = read_study("cej", changes={"primary.horizon": 6, "checks.smd": 0.05})
    assert (study.primary.horizon, study.checks.smd) == (6, 0.05)
    assert study.study.startswith("cej_2024_hdf_x")
    with pytest.raises(StudyError, match=r"unknown key 'checks.smdd'; did you mean 'smd'"):
        read_study("cej", changes={"checks.smdd": 0.05})
    with pytest.raises(StudyError, match="'seed' holds a value, and no keys"):
        read_study("cej", changes={"seed.x": 1})


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("59", {"departement": ["59"]}),
        ("59, 62", {"departement": ["59", "62"]}),
        ("2A", {"departement": ["2A"]}),
        ("Nord", {"departement": ["59"]}),
        ("hdf", {"region": "32"}),
        ("Hauts-de-France", {"region": "32"}),
        ("region:32", {"region": "32"}),
        ("departement:32", {"departement": ["32"]}),
        ("structure:A,B", {"structure": ["A", "B"]}),
        ("france", {"national": True}),
    ],
)
def test_a_territory_is_read_as_people_write_it(asked, found):
    assert territory_from(asked) == found


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("32", "région Hauts-de-France and the département Gers; write region:32 or"),
        ("nrod", r"'nrod' is unknown; did you mean 'nord'\?"),
        ("region:00", "region '00' is unknown"),
        ("region:11,24", "one région at a time"),
        ("departement:", "names no departement"),
    ],
)
def test_a_territory_that_could_be_two_places_or_none_is_refused(asked, sentence):
    with pytest.raises(StudyError, match=sentence):
        territory_from(asked)


def test_every_year_of_every_file_makes_a_study():
    for path in study_files():
        for year in read_yaml(path).get("years", {}):
            assert read_study(path, year=year).entries.first.year == year


def test_what_was_asked_gives_the_study_again():
    for cell in read_grid(ROOT / "params/grids/gj_ouverture_areas.yaml"):
        assert cell.request.read() == cell.study
    asked = StudyRequest("cej", 2023, "59", "emploi_durable", {"primary.horizon": 6})
    assert StudyRequest(**asked.parameters()).read() == asked.read()
