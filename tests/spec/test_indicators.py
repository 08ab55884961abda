"""Indicators, as cases a counsellor could write: tests/cases/indicators.

Every case is one person in a mission locale of its own, so that one pass computes them all.
"""

from __future__ import annotations

import math
from functools import cache

import pytest
import yaml
from people import tables_of
from tests_root import ROOT

import evalml as ev
from evalml.errors import EvalmlError, ExtractError
from evalml.indicators import INDICATORS

FILES = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "tests/cases/indicators").glob("*.yaml"))
}
CASES = [(name, i) for name, file in FILES.items() for i in range(len(file["cases"]))]
WORDS = [FILES[name]["cases"][i]["says"] for name, i in CASES]


def case_of(name, i):
    return {"year": 2024, **FILES[name]["cases"][i]}


def person_of(name, i):
    """The rows of a case, with the plain defaults its file states."""
    case = case_of(name, i)
    year, here = case["year"], f"{name}-{i}"
    given = {"dossiers": [{}], "actes": [{"date_acte": f"{year}-03-10"}], **case["person"]}
    files = []
    for file in given["dossiers"]:
        place = "ailleurs" if file.get("id_structure") == "ailleurs" else "ici"
        opened = {"date_ouverture": f"{year - 1}-06-01", "date_maj": f"{year - 1}-06-01"}
        files.append({**opened, **file, "id_structure": f"{here}-{place}"})
    person = {
        "date_naissance": f"{year - 21}-06-15",
        "date_premier_accueil": f"{year - 1}-06-01",
        **given.get("jeunes", {}),
    }
    rows = {**given, "jeunes": person, "dossiers": files}
    for table in ("actes", "accompagnements"):
        for row in rows.get(table, []):
            if "id_dossier" in row:
                row["id_dossier"] = f"{here}-d{row['id_dossier']}"
    return rows


@cache
def figures(year):
    """All the cases of a year in one extract: (indicator, breakdown, mission locale) -> value."""
    engine = ev.open_engine()
    mine = [(name, i) for name, i in CASES if case_of(name, i)["year"] == year]
    people = {f"{name}-{i}": person_of(name, i) for name, i in mine}
    places = [
        {
            "id_structure": f"{name}-{i}-{place}",
            "nom": "essai",
            "code_departement": "59",
            "code_region": "32",
            "valide_du": "2000-01-01",
        }
        for name, i in mine
        for place in ("ici", "ailleurs")
    ]
    tables = tables_of(
        people, engine, period=(f"{year - 2}-01-01", f"{year + 1}-12-31"), structures=places
    )
    table = ev.compute_indicators(tables, year, by="structure", engine=engine)
    keys = zip(table["indicator"], table["breakdown"], table["territory"], strict=True)
    return dict(zip(keys, table["value"], strict=True))


def value(name, i, indicator, breakdown="", places=("ici", "ailleurs")):
    """The figure of a case over its mission locales, 0 where it is absent."""
    held = figures(case_of(name, i)["year"])
    found = [held.get((indicator, breakdown, f"structure:{name}-{i}-{p}")) for p in places]
    return math.fsum(v for v in found if v is not None and not math.isnan(v))


@pytest.mark.parametrize(("name", "i"), CASES, ids=WORDS)
def test_an_indicator_counts_what_its_definition_says(name, i):
    case = case_of(name, i)
    year = case["year"]
    for indicator in FILES[name]["indicators"]:
        if INDICATORS[indicator].exists_in(year):
            expected = case["gives"].get(indicator, 0)
            assert value(name, i, indicator) == pytest.approx(expected), indicator
        else:
            assert indicator not in case["gives"]
    for place, expected in case.get("at", {}).items():
        for indicator, number in expected.items():
            assert value(name, i, indicator, places=(place,)) == number, (place, indicator)
    for key, number in case.get("broken", {}).items():
        indicator, breakdown = key.split(", ")
        assert value(name, i, indicator, breakdown) == number, key
    for key in case.get("absent", []):
        indicator, breakdown = key.split(", ")
        assert not any(k[:2] == (indicator, breakdown) for k in figures(year)), key


def test_every_indicator_has_a_case_in_which_it_counts_somebody():
    counted = {k for name, i in CASES for k, v in case_of(name, i)["gives"].items() if v}
    assert counted | {"taux_absence"} >= set(INDICATORS)
    assert sorted(n for file in FILES.values() for n in file["indicators"]) == sorted(INDICATORS)


def test_areas_add_up_to_the_territory_and_parts_to_the_whole():
    engine = ev.open_engine()
    people = {
        f"p{i}": {
            "jeunes": {"sexe": "FM"[i % 2]},
            "dossiers": [{"id_structure": ("59350S00", "62041S00")[i % 3 == 0], "qpv": i % 5 == 0}],
            "actes": [{"date_acte": "2024-02-10"}],
        }
        for i in range(20)
    }
    table = ev.compute_indicators(tables_of(people, engine), 2024, engine=engine)
    whole = table[table["indicator"] == "accompagnes"].set_index(["territory", "breakdown"])[
        "value"
    ]
    assert whole["region:32", ""] == 20
    assert whole["departement:62", ""] == 7
    assert whole["departement:59", ""] + whole["departement:62", ""] == 20
    for group in ev.GROUPS.values():
        if group.exists_in(2024):
            parts = [whole["region:32", f"{group.name}={part}"] for part in group.parts]
            assert sum(parts) == 20, group.name


def test_a_territory_leaves_the_others_out():
    engine = ev.open_engine()
    here = {"actes": [{"date_acte": "2024-02-10"}]}
    people = {"lille": here, "bordeaux": {**here, "dossiers": [{"id_structure": "33063S00"}]}}
    tables = tables_of(people, engine)
    for territory, expected in (
        ({"region": "32"}, 1), ({"departement": ("33",)}, 1), ({"national": True}, 2),
    ):  # fmt: skip
        study = ev.study_from(
            {
                "study": "t", "title": "Une étude", "programme": "CEJ", "notebook": "cej",
                "territory": territory, "entries": {"from": "2024-01-01", "to": "2024-01-31"},
                "comparison": {"design": "sequential_trials"}, "outcomes": ["emploi"],
                "horizons": [12], "primary": {"outcome": "emploi", "horizon": 12, "method": "aipw"},
            }
        )  # fmt: skip
        table = ev.compute_indicators(
            tables, 2024, study.territory, names=["accompagnes"], groups=[], by=None, engine=engine
        )
        assert table["value"].tolist() == [expected]


def test_tables_an_extract_lacks_leave_their_indicators_empty_not_zero():
    engine = ev.open_engine()
    tables = tables_of({"p": {"actes": [{"date_acte": "2024-02-10"}]}}, engine)
    del tables.tables["iae_candidatures"]
    table = ev.compute_indicators(
        tables, 2024, names=["candidatures_iae", "accompagnes"], engine=engine
    )
    values = table[table["breakdown"] == ""].groupby("indicator")["value"]
    assert values.count().to_dict() == {"accompagnes": 2, "candidatures_iae": 0}


def test_a_year_the_extract_does_not_cover_whole_is_refused():
    engine = ev.open_engine()
    tables = tables_of({"p": {}}, engine, period=("2022-01-01", "2024-11-30"))
    with pytest.raises(ExtractError, match="not the whole of 2024"):
        ev.compute_indicators(tables, 2024, engine=engine)


@pytest.mark.parametrize(("key", "near"), [("names", "accompagnes"), ("groups", "sexe")])
def test_an_unknown_name_is_refused_with_the_nearest_one(key, near):
    engine = ev.open_engine()
    with pytest.raises(EvalmlError, match=f"did you mean '{near}'"):
        ev.compute_indicators(
            tables_of({"p": {}}, engine), 2024, engine=engine, **{key: [near[:-1]]}
        )
