"""Indicators, as cases a counsellor could write: tests/cases/indicators.

Every case is one person in a mission locale of its own, so that one pass computes them all.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from functools import cache

import pytest
import yaml
from people import tables_of
from tests_root import ROOT

import evalml as ev
from evalml.errors import EvalmlError, ExtractError
from evalml.extract.contract import DATED
from evalml.extract.meta import Months
from evalml.indicators import INDICATORS

FILES = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "tests/cases/indicators").glob("*.yaml"))
}
CASES = [(name, i) for name, file in FILES.items() for i in range(len(file["cases"]))]
WORDS = [FILES[name]["cases"][i]["says"] for name, i in CASES]


def complete(tables, **held):
    """The same records, which say that they are complete for their whole period."""
    meta = tables.meta
    whole = {name: Months(**{"from": meta.period_start, "to": meta.period_end}) for name in DATED}
    declared = {n: Months(**{"from": first, "to": last}) for n, (first, last) in held.items()}
    return replace(tables, meta=meta.model_copy(update={"coverage": whole | declared}))


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
    table = ev.compute_indicators(complete(tables), year, by="structure", engine=engine)
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
    table = ev.compute_indicators(complete(tables_of(people, engine)), 2024, engine=engine)
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
    tables = complete(tables_of(people, engine))
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


def small(engine, **given):
    """Two youths: one accompanied, one with a file only."""
    here = {"actes": [{"date_acte": "2024-02-10"}], **given}
    return complete(tables_of({"p": here, "q": {"actes": []}}, engine))


def whole_of(table):
    found = table[(table["breakdown"] == "") & (table["territory"] == "region:32")]
    return found.set_index("indicator")


def test_what_the_extract_lacks_is_unknown_with_its_reason_and_never_zero():
    engine = ev.open_engine()
    tables = small(engine)
    for name in ("iae_candidatures", "allocations"):
        del tables.tables[name]
    names = ["candidatures_iae", "allocations_cej", "accompagnes", "cej_sorties_positives"]
    found = whole_of(ev.compute_indicators(tables, 2024, names=names, engine=engine))
    assert found["state"].to_dict() == {
        "candidatures_iae": "unknown", "allocations_cej": "unknown", "accompagnes": "known",
        "cej_sorties_positives": "no_base",
    }  # fmt: skip
    assert found["value"].count() == 1
    assert "« allocations »" in found["reason"]["allocations_cej"]
    assert found["reason"]["accompagnes"] == ""


def test_months_that_are_not_covered_make_the_year_unknown_in_all_that_reads_them():
    engine = ev.open_engine()
    tables = complete(
        small(engine), actes=("2023-01", "2024-06"), situations=("2024-02", "2025-12")
    )
    found = whole_of(ev.compute_indicators(tables, 2024, engine=engine))
    unknown = set(found.index[found["state"] == "unknown"])
    # who is accompanied is not known, so neither is what is counted among them
    assert {"accompagnes", "entretiens_individuels", "contrats", "jeunes_th"} <= unknown
    assert {"sorties_cej", "cej_sorties_positives"} <= unknown
    assert {"entrees_cej", "dossiers_ouverts", "premiers_accueils"} <= set(found.index) - unknown
    assert found.loc[list(unknown), "value"].isna().all()
    assert "2023-01 à 2024-06" in found["reason"]["accompagnes"]


def test_a_licence_in_progress_is_unknown_where_no_file_says_it():
    engine = ev.open_engine()
    told = small(engine, dossiers=[{"permis_b": False, "permis_en_cours": True}])
    for tables, value in ((small(engine), None), (told, 1)):
        table = ev.compute_indicators(
            tables, 2024, names=["accompagnes"], groups=["permis_b"], engine=engine
        )
        row = table[table["breakdown"] == "permis_b=en_cours"].iloc[0]
        assert row["state"] == ("unknown" if value is None else "known")
        assert math.isnan(row["value"]) if value is None else row["value"] == value


def test_the_day_of_the_age_is_a_choice_that_the_label_and_the_table_say():
    engine = ev.open_engine()
    tables = small(engine, jeunes={"date_naissance": "2006-05-01"})
    for age_on, minors, words in (
        ("premier_acte", 1, "premier acte de l’année, à défaut 31 décembre"),
        ("fin_annee", 0, "31 décembre"),
    ):
        table = ev.compute_indicators(
            tables, 2024, names=["accompagnes"], groups=["age"], age_on=age_on, engine=engine
        )
        row = table[table["breakdown"] == "age=-18"].iloc[0]
        assert (row["value"], row["age_on"]) == (minors, words)
        assert row["label"] == f"Jeunes accompagnés (âge au {words})"
        assert set(table.loc[table["breakdown"] == "", "age_on"]) == {""}
    with pytest.raises(EvalmlError, match="did you mean 'fin_annee'"):
        ev.compute_indicators(tables, 2024, age_on="fin_anne", engine=engine)


def test_the_year_before_stands_beside_the_year_and_is_unknown_where_not_covered():
    engine = ev.open_engine()
    tables = small(engine)
    names = ["accompagnes", "entrees_cej"]
    both = ev.compute_indicator_years(
        tables, [2024, 2021], names=names, groups=["zrr"], engine=engine
    )
    assert both["year"].drop_duplicates().tolist() == [2024, 2021]
    before = both[both["year"] == 2021]
    # the CEJ did not exist; the extract begins in 2022
    assert set(before["indicator"]) == {"accompagnes"}
    assert set(before["state"]) == {"unknown"}
    assert before["value"].isna().all()
    assert "2022-01-01" in before["reason"].iloc[0]
    assert (both[both["year"] == 2024]["state"] == "known").all()
    with pytest.raises(ExtractError, match="not the whole of 2019"):
        ev.compute_indicator_years(tables, [2019], engine=engine)


def test_a_year_read_too_early_says_how_much_late_entries_will_still_add():
    engine = ev.open_engine()
    # entered a month late, every other one
    rows = [
        {
            "date_acte": f"{year}-{month:02d}-10",
            "date_saisie": f"{year + month // 12}-{month % 12 + 1:02d}-10",
        }
        for year in (2023, 2024, 2025)
        for month in range(1, 13)
    ]
    late = {"p": {"actes": rows}, "q": {"actes": [{"date_acte": r["date_acte"]} for r in rows]}}
    tables = complete(tables_of(late, engine))
    read = replace(
        tables, meta=tables.meta.model_copy(update={"extraction_date": dt.date(2025, 12, 31)})
    )
    found = {
        year: ev.compute_indicators(
            read, year, names=["actes", "allocations_cej"], groups=[], engine=engine
        )
        for year in (2024, 2025)
    }
    old, young = (whole_of(found[year]).loc["actes"] for year in (2024, 2025))
    assert (old["completeness"], old["young"]) == (1, False)
    # of the 24 acts of the year, the two of December are half entered by its end: 24 of 26
    assert young["completeness"] == pytest.approx(24 / 26)
    assert young["young"]
    assert math.isnan(whole_of(found[2025])["completeness"]["allocations_cej"])
    assert set(found[2025]["vintage"]) == {"2025-12-31"}


def test_every_column_of_the_catalogue_is_counted_by_one_part():
    import re

    from evalml.indicators.compute import PARTS, tables_read
    from evalml.indicators.counts import OF_PLACE

    columns = {c for i in INDICATORS.values() for c in (i.numerator, i.denominator) if c}
    of_the_file = {"accueilli", "dossier_cree", "dossier_ouvert", "parent", "etranger",
                   "en_situation_de_handicap"}  # fmt: skip
    for column in columns - of_the_file - set(OF_PLACE):
        parts = [p.columns for p in PARTS if re.fullmatch(p.columns, column)]
        assert len(parts) == 1, (column, parts)
    assert tables_read(INDICATORS["cej_sorties_positives"]) == ("accompagnements", "situations")
    assert tables_read(INDICATORS["contrats"]) == ("situations", "actes")


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
