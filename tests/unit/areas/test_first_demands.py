"""Who is in a roll-out: the rules at the first demand, one invented youth each."""

from __future__ import annotations

import datetime as dt

import pytest
from people import STRUCTURES, tables_of

from evalml.engine import open_engine
from evalml.errors import CohortError, StudyError
from evalml.rollout import area_cells, first_demands, opening_months, waves_of
from evalml.rollout.arrivals import half_year_label, wave_label
from evalml.study import study_from

CAME = "2014-03-10"
SOMME = {
    "id_structure": "80021S00", "nom": "Amiens", "code_departement": "80", "code_region": "32",
    "valide_du": "2000-01-01",
}  # fmt: skip


def study(**changes):
    values = {
        "study": "gj_test",
        "title": "Ouverture",
        "programme": "GJ",
        "notebook": "garantie_jeunes",
        "territory": {"national": True},
        "entries": {"from": "2014-01-01", "to": "2015-12-31"},
        "eligibility": {"outside_situations": ["Emploi", "Formation", "Scolarité"]},
        "comparison": {"design": "rollout"},
        "estimand": "itt",
        "follow_up_months": 12,
        "outcomes": ["emploi", "emploi_declare"],
        "horizons": [6, 12],
        "covariates": ["sexe"],
        "history_months": 12,
        "methods": ["callaway_santanna"],
        "primary": {"outcome": "emploi", "horizon": 12, "method": "callaway_santanna"},
        "breaks": ["2015-01-26", "2015-08-01"],
    }
    return study_from(values | changes)


def youth(**rows):
    given = {
        "jeunes": {"date_naissance": "1994-06-15", "date_premier_accueil": CAME},
        "dossiers": {"date_ouverture": CAME, "date_maj": CAME, "niveau_diplome": "CAP_BEP"},
    }
    for table, row in rows.items():
        given[table] = {**given.get(table, {}), **row} if isinstance(row, dict) else row
    return given


def people_of(given, **changes):
    engine = open_engine()
    period = ("2009-01-01", "2017-12-31")
    tables = tables_of(given, engine, period=period, structures=[*STRUCTURES, SOMME])
    found = first_demands(tables, study(**changes), engine)
    return found, engine.fetch(found.rows).set_index("id_jeune"), tables, engine


def test_the_rules_use_what_was_known_at_the_first_demand():
    told = {"date_debut": "2014-01-01", "date_saisie": CAME, "categorie": "Emploi"}
    given = {
        "plain": youth(),
        "witness": youth(dossiers={"niveau_diplome": "BAC"}),
        "young": youth(jeunes={"date_naissance": "1997-01-01"}),
        "old": youth(jeunes={"date_naissance": "1988-03-09"}),
        "eve": youth(jeunes={"date_naissance": "1988-03-11"}),
        "working": youth(situations=told),
        "told_later": youth(situations=told | {"date_saisie": "2014-05-01"}),
        "over": youth(situations=told | {"date_fin": "2014-03-01"}),
        "graduated_later": youth(dossiers={"date_maj": "2015-01-01"}),
        "later": youth(jeunes={"date_premier_accueil": "2016-05-01"}),
    }
    found, rows, _, _ = people_of(given)
    assert set(rows.index) == {"plain", "witness", "eve", "told_later", "over"}
    assert rows.loc["witness", "level"] == "witness"
    assert set(rows["level"].drop("witness")) == {"eligible"}
    flow = found.flow.set_index("rule")
    assert flow["kept"].to_dict() == {
        "first_demand": 9, "age": 7, "outside_situations": 6, "level": 5, "eligible": 4,
    }  # fmt: skip
    assert (flow["kept"].shift(fill_value=9) - flow["lost"] == flow["kept"]).all()


def test_a_youth_belongs_to_the_area_and_half_year_of_the_first_demand():
    moved = youth(
        dossiers=[
            {"date_ouverture": "2015-02-01", "id_structure": "33063S00", "date_maj": "2015-02-01"},
            {"date_ouverture": CAME, "id_structure": "62041S00", "date_maj": CAME},
        ],
        accompagnements={"dispositif": "GJ", "date_debut": "2015-02-15"},
    )
    _, rows, _, _ = people_of({"moved": moved, "stays": youth()})
    assert rows.loc["moved", "area"] == "62"
    assert half_year_label(rows.loc["moved", "cohort"]) == "2014-S1"
    assert rows.loc["moved", "entered"] == 11
    assert rows["entered"].isna()["stays"]


def test_the_territory_names_the_areas_whose_effect_is_wanted():
    lille = youth(dossiers={"id_structure": "59350S00"})
    bordeaux = youth(dossiers={"id_structure": "33063S00"})
    given = {"lille": lille, "bordeaux": bordeaux}
    found, rows, _, _ = people_of(given, territory={"region": "32"})
    assert dict(rows["inside"]) == {"lille": True, "bordeaux": False}
    assert list(found.areas["area"]) == ["33", "59"]
    with pytest.raises(CohortError, match="no area of the study's territory"):
        people_of(given, territory={"departement": ["62"]})
    with pytest.raises(CohortError, match="compares areas"):
        people_of(given, territory={"structure": ["59350S00"]})


def test_a_subgroup_must_be_known_at_the_first_demand():
    with pytest.raises(StudyError, match="not known at the first demand"):
        people_of({"plain": youth()}, subgroups=["permis_b"])


def test_the_cells_count_the_known_and_the_unknown():
    job = {"mois": "2014-09-01", "type_contrat": "CDD"}
    told = {
        "date_debut": "2014-08-10", "date_fin": "2014-10-05", "date_saisie": "2014-09-01",
        "categorie": "Emploi",
    }  # fmt: skip
    given = {
        "works": youth(emploi_mensuel=job, situations=told),
        "unknown": youth(),
        "entered": youth(accompagnements={"dispositif": "GJ", "date_debut": "2014-09-20"}),
    }
    found, _, tables, engine = people_of(given)
    chosen = study()
    cells = area_cells(tables, found, chosen.outcomes, opening_months(chosen), engine)
    at = {"level": "eligible", "group": ("", "")}
    place = cells.cohorts.index(2014 * 2)
    n, y = (m[0, place] for m in cells.matrices("emploi", 6, **at))
    assert (n, y) == (3, 1)
    n, y = (m[0, place] for m in cells.matrices("emploi_declare", 6, **at))
    assert (n, y) == (1, 1)
    assert cells.matrices("entered", 3, **at)[1][0, place] == 0
    assert cells.matrices("entered", 6, **at)[1][0, place] == 1
    assert cells.matrices("sexe=F", 6)[1][0, place] == 3


def test_a_half_year_is_not_counted_where_its_last_youth_cannot_be_followed():
    late = youth(
        jeunes={"date_premier_accueil": "2015-07-02"},
        dossiers={"date_ouverture": "2015-07-02", "date_maj": "2015-07-02"},
    )
    found, _, tables, engine = people_of({"late": late, "early": youth()})
    tables.meta.__dict__["period_end"] = dt.date(2016, 11, 30)
    cells = area_cells(tables, found, ["emploi_declare"], [6, 12], engine)
    place = cells.cohorts.index(2015 * 2 + 1)
    assert cells.matrices("n", 6)[0][0, place] == 1
    assert cells.matrices("n", 12)[0][0, place] == 0


def test_an_outcome_that_adds_up_is_refused():
    found, _, tables, engine = people_of({"plain": youth()})
    with pytest.raises(StudyError, match="a few months at a time"):
        area_cells(tables, found, ["mois_emploi_declare"], [6], engine)


def test_the_waves_are_those_of_the_texts():
    # Arrêtés of 20 December 2014 and 1 April 2015; L5131-6 for the rest (rules/gj.yaml).
    waves = waves_of("GJ").set_index("area")
    starts = {code: int(waves.loc[code, "opened"]) for code in ("13", "62", "65", "59", "75")}
    assert {code: (m // 12, m % 12 + 1) for code, m in starts.items()} == {
        "13": (2013, 10), "62": (2015, 1), "65": (2015, 4), "59": (2015, 9), "75": (2017, 1),
    }  # fmt: skip
    assert waves["partial"][["63", "93"]].all()
    assert waves.loc["93", "wave"] == "1"
    assert wave_label("3b", starts["59"]) == "vague 3b (septembre 2015)"
    with pytest.raises(CohortError, match="opened by waves nowhere"):
        waves_of("CEJ")


LILLE = "59350S00"
OWN = {
    "design": "rollout",
    "openings": {LILLE: "2014-06-01", "62041S00": "2015-02-01"},
}


def test_a_study_may_date_the_openings_of_missions_locales_itself():
    given = {
        "lille": youth(),
        "arras": youth(dossiers={"id_structure": "62041S00"}),
        "amiens": youth(dossiers={"id_structure": "80021S00"}),
    }
    found, rows, _, _ = people_of(given, comparison=OWN)
    areas = found.areas.set_index("area")
    assert areas["wave"].to_dict() == {LILLE: "1", "62041S00": "2", "80021S00": "pas d’ouverture"}
    assert areas.loc[LILLE, "opened"] == 2014 * 12 + 5
    assert areas["inside"].all()
    assert wave_label("pas d’ouverture", int(areas.loc["80021S00", "opened"])) == "pas d’ouverture"
    alone, _, _, _ = people_of(given, comparison=OWN, territory={"structure": [LILLE]})
    assert alone.areas.set_index("area")["inside"].to_dict() == {
        LILLE: True, "62041S00": False, "80021S00": False,
    }  # fmt: skip
    assert len(rows) == 3


def test_dates_of_the_study_win_over_those_of_the_texts_by_departement():
    given = {"lille": youth(), "amiens": youth(dossiers={"id_structure": "80021S00"})}
    own = {"design": "rollout", "openings": {"59": "2014-06-01"}}
    areas = people_of(given, comparison=own)[0].areas.set_index("area")
    assert areas["wave"].to_dict() == {"59": "1", "80": "pas d’ouverture"}


@pytest.mark.parametrize(
    ("changes", "kind", "sentence"),
    [
        ({"openings": {"59": "2014-06-01", LILLE: "2014-06-01"}}, StudyError, "not both"),
        ({"openings": {"62": "2014-06-01"}}, CohortError, "no first demand in 62"),
        ({"openings": {}}, StudyError, "openings"),
    ],
)
def test_openings_that_cannot_be_are_refused(changes, kind, sentence):
    with pytest.raises(kind, match=sentence):
        people_of({"lille": youth()}, comparison={"design": "rollout", **changes})


def test_openings_of_another_programme_have_no_words_yet():
    with pytest.raises(StudyError, match="those of the Garantie jeunes"):
        study(programme="CEJ", comparison=OWN)
