"""Import recipes: what they refuse, and files in the true layout that give the extract back."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from tests.unit.extract import small_extract as small
from typer.testing import CliRunner

from evalml.cli.extract import app
from evalml.engine import open_engine
from evalml.errors import ExtractError
from evalml.extract import read_extract
from evalml.extract.recipe import RECIPES, read_recipe, recipe_from
from evalml.synthetic.layouts import LAYOUTS, write_layout
from evalml.tables import accept_tables

MONTHS = {"from": "debut", "to": "fin"}
CELLS = {"id_jeune": "id_jeune", "mois": "mois", "en_emploi": {"constant": "true"}}
SPELLS: dict[str, Any] = {
    "completes": True,
    "persons": {"match": "cle"},
    "sources": {"contrats": {}},
    "tables": {
        "emploi_mensuel": {
            "from": "contrats", "person": "cle", "months": MONTHS,
            "group": {"by": ["id_jeune", "mois"], "columns": {"jours": {"days": ["du", "au"]}, "heures": {"sum": "h", "times": "part"}}},
            "columns": {**CELLS, "jours": "jours", "heures": "heures"},
        }
    },
}  # fmt: skip


def changed(*path: str, **values: Any) -> dict[str, Any]:
    whole = json.loads(json.dumps(SPELLS))
    place = whole
    for step in path:
        place = place[step]
    place.update(values)
    return whole


TABLE = ("tables", "emploi_mensuel")
MISSPELT = {
    "unknown key 'perssons'; did you mean 'persons'?": changed(perssons={}),
    "unknown key 'tables.emploi_mensuel.personn'; did you mean 'person'?": changed(*TABLE, personn="x"),
    "unknown key 'tables.emploi_mensuel.months.too'; did you mean 'to'?": changed(*TABLE, "months", too="x"),
    "unknown key 'sources.contrats.headr'; did you mean 'header'?": changed("sources", "contrats", headr=2),
    "'contrat' is not known; did you mean 'contrats'?": changed(*TABLE, **{"from": "contrat"}),
    "no column 'jour' in table 'emploi_mensuel'; did you mean 'jours'?": changed(*TABLE, columns={**CELLS, "jour": "jours"}),
    "no table 'emploi_mensuels'; did you mean 'emploi_mensuel'?": changed("tables", emploi_mensuels={"from": "contrats", "columns": {}}),
    "'mois' is missing, and the contract needs it": changed(*TABLE, columns={"id_jeune": "id_jeune", "en_emploi": "x"}),
    "give one of column, first, last, constant, month, compute": changed(*TABLE, columns={**CELLS, "mois": {"column": "a", "constant": "b"}}),
    "give one of min, max, sum, days, most": changed(*TABLE, "group", "columns", jours={"sum": "a", "min": "b"}),
    "names: 'contrat' is not known; did you mean 'contrats'?": changed(names={"contrat": {"file": "x"}}),
    "names.contrats.columns: 'cles' is not known; did you mean 'cle'?": changed(names={"contrats": {"columns": {"cles": "x"}}}),
    "'person' needs the key 'persons'": changed(persons=None),
    "'CDDD' is not in the list type_contrat; did you mean 'CDD'?": changed(*TABLE, columns={**CELLS, "type_contrat": {"column": "t", "codes": {"CDD": "CDDD"}}}),
    "tables.emploi_mensuel.where: give a list, between [ and ]": changed(*TABLE, where=3),
    "tables.emploi_mensuel.group.columns.jours.days: give a list, between [ and ]": changed(*TABLE, "group", "columns", jours={"days": "du"}),
}  # fmt: skip


@pytest.mark.parametrize("said", MISSPELT)
def test_a_recipe_is_held_to_its_grammar_and_to_the_contract(said: str) -> None:
    recipe_from(SPELLS, "mine")
    with pytest.raises(ExtractError) as fault:
        recipe_from(MISSPELT[said], "mine")
    assert said in str(fault.value)


def test_a_code_outside_a_closed_list_is_refused_with_what_is_near() -> None:
    raw = yaml.safe_load(Path(read_recipe.__code__.co_filename).with_name("recipes").joinpath("parcours3.yaml").read_text())  # fmt: skip
    raw["tables"]["jeunes"]["columns"]["sexe"]["codes"]["X"] = "FEMME"
    with pytest.raises(
        ExtractError, match=r"tables\.jeunes\.columns\.sexe: 'FEMME' is not in the list sexe"
    ):
        recipe_from(raw, "mine")


@dataclass
class Made:
    layout: str
    extract: Path
    out: Path
    report: dict[str, Any]
    traps: dict[str, int]

    def rows(self, name: str, folder: Path | None = None) -> pd.DataFrame:
        return pd.read_parquet((folder or self.out) / f"{name}.parquet")


@pytest.fixture(scope="module", params=list(LAYOUTS))
def made(request: Any, small_extract: Path, tmp_path_factory: Any) -> Made:
    extract = tmp_path_factory.mktemp(request.param) / "extract"
    shutil.copytree(small_extract, extract)
    folder = write_layout(extract, request.param)
    out = extract.parent / "out"
    words = [str(folder / "files"), str(out), "--from", request.param]
    words += ["--onto", str(folder / "base"), "--links", str(folder / "links.csv")]
    result = CliRunner().invoke(app, ["convert", *words])
    assert result.exit_code == 0, result.exception
    report = json.loads((out / "conversion.json").read_text())
    return Made(
        request.param, extract, out, report, json.loads((folder / "traps.json").read_text())
    )


KEYS = {
    "iae_candidatures": ("id_candidature", ["id_jeune", "siae_type", "date_candidature", "emetteur", "etat", "cause_refus", "date_embauche"]),
    "iae_pass": ("id_pass", ["id_jeune", "date_debut", "date_fin", "jours_suspension"]),
    "iae_contrats": ("id_contrat", ["id_jeune", "siae_type", "date_debut", "date_fin", "heures_totales"]),
    "emploi_mensuel": (None, ["id_jeune", "mois", "en_emploi", "type_contrat", "aide"]),
}  # fmt: skip


def test_the_files_of_a_system_give_the_extract_back(made: Made) -> None:
    for name in LAYOUTS[made.layout][0]:
        key, columns = KEYS[name]
        before, after = made.rows(name, made.extract), made.rows(name)
        if name == "iae_candidatures":
            assert (after["etat"] == "obsolete").sum() == made.traps["hired elsewhere"]
            after = after[after["etat"] != "obsolete"]
        order = ["id_jeune", "mois"]
        if key is not None:
            before = before.assign(n=before[key].str.replace(r"\D", "", regex=True).astype(int))
            after, order = after.assign(n=after[key].astype(int)), ["n"]
        left, right = (
            t.sort_values(order)[columns].reset_index(drop=True) for t in (before, after)
        )
        pd.testing.assert_frame_equal(left, right, check_dtype=False)


def test_every_trap_is_counted(made: Made) -> None:
    traps, report = made.traps, made.report
    left = {why: n for reasons in report["rows_left_out"].values() for why, n in reasons.items()}
    said = {
        "not IAE": left.get("EA, EATT, GEIQ and OPCS are not IAE"),
        "stock import": left.get("stock import of November 2021: nobody decided"),
        "old agréments": left.get("agréments of before the PASS IAE"),
        "older versions": left.get("an older version, or a repeated row"),
        "older declarations": left.get("an older version, or a repeated row"),
        "not VALIDE": left.get("monthly state that is not VALIDE"),
        "end before the start": left.get(
            "no first day, an unreadable day, or an end before the start"
        ),
    }
    assert {k: n for k, n in said.items() if k in traps} == {
        k: traps[k] for k in said if k in traps
    }
    lost = sum(p.get("rows_of_persons_not_found", 0) for p in report["persons"].values())
    strangers = traps.get("rows of persons not in the extract", traps.get("contracts of nobody"))
    assert lost == strangers
    assert all(traps.values())


def test_the_new_extract_is_accepted_and_says_for_whom_it_was_linked(made: Made) -> None:
    engine = open_engine(threads=1)
    extract = read_extract(made.out, engine)
    tables = accept_tables(extract, engine)
    brought = set(made.report["rows"])
    assert tables.rejects[tables.rejects["table"].isin(brought)].empty
    assert {extract.meta.linkage[n] for n in brought} == {"all"}


def run(tmp_path: Path, recipe: dict[str, Any], *words: str) -> Any:
    base = tmp_path / "base"
    if not base.exists():
        small.write(base)
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    out = tmp_path / "out"
    shutil.rmtree(out, ignore_errors=True)
    args = [str(tmp_path / "files"), str(out), "--from", str(tmp_path / "recipe.yaml")]
    return CliRunner().invoke(app, ["convert", *args, "--onto", str(base), *words])


def files(tmp_path: Path, contracts: str, links: str = "id_jeune;cle\np1;k1\n") -> tuple[str, str]:
    (tmp_path / "files").mkdir(exist_ok=True)
    (tmp_path / "files" / "contrats.csv").write_text(contracts, encoding="utf-8")
    (tmp_path / "links.csv").write_text(links)
    return "--links", str(tmp_path / "links.csv")


def test_overlapping_contracts_give_each_day_once_and_hours_by_days(tmp_path: Path) -> None:
    linked = files(
        tmp_path,
        "cle;debut;fin;h\nk1;01/01/2024;29/02/2024;120\nk1;15/01/2024;31/01/2024;17\n"
        "k1;20/02/2024;10/02/2024;5\nk9;01/01/2024;31/01/2024;9\n",
    )
    result = run(tmp_path, SPELLS, *linked)
    assert result.exit_code == 0, result.exception
    rows = pd.read_parquet(tmp_path / "out" / "emploi_mensuel.parquet").sort_values("mois")
    assert rows["jours"].tolist() == [31, 29]
    assert rows["heures"].tolist() == [pytest.approx(62 + 17), pytest.approx(58)]
    report = json.loads((tmp_path / "out" / "conversion.json").read_text())
    assert report["persons"]["emploi_mensuel"]["persons_not_found"] == 1
    assert sum(report["rows_left_out"]["table emploi_mensuel"].values()) == 1


HEADER = "cle;debut;fin;h\n"


def converted(tmp_path: Path, recipe: Any, contracts: str, links: str = "id_jeune;cle\np1;k1\n") -> Any:  # fmt: skip
    result = run(tmp_path, recipe, *files(tmp_path, contracts, links))
    assert result.exit_code == 0, result.exception
    rows = pd.read_parquet(tmp_path / "out" / "emploi_mensuel.parquet")
    report = json.loads((tmp_path / "out" / "conversion.json").read_text())
    return rows.sort_values(["id_jeune", "mois"]), report, result.output


@pytest.mark.parametrize(("cell", "unread"), [("1.200,00 €", 1), ("12O", 1), ("", 0)])
def test_a_sum_with_a_part_unread_or_empty_is_unknown_and_counted(
    cell: str, unread: int, tmp_path: Path
) -> None:
    rows, report, said = converted(
        tmp_path,
        SPELLS,
        f"{HEADER}k1;01/05/2023;30/06/2023;{cell}\nk1;01/05/2023;31/05/2023;10\nk1;01/07/2023;31/07/2023;1 200\n",
    )
    assert rows["heures"].isna().tolist() == [True, True, False]
    assert rows["heures"].iloc[2] == 1200
    assert rows["jours"].tolist() == [31, 30, 31]
    assert report["cells_unreadable"].get("emploi_mensuel.h", 0) == unread
    assert report["measures_unknown"] == {"table emploi_mensuel.heures": 2}
    assert "unknown table emploi_mensuel.heures: 2 groups" in said


def test_no_month_is_made_after_the_extraction_and_open_spells_are_counted(tmp_path: Path) -> None:
    rows, report, _ = converted(
        tmp_path,
        SPELLS,
        f"{HEADER}k1;15/12/2024;30/06/2124;120\nk1;01/11/2024;30/11/2024;9\nk1;10/01/2025;;7\n"
        "k1;01/02/2025;28/02/2025;9\n",
    )
    assert rows["mois"].astype(str).tolist() == ["2024-11-01", "2024-12-01", "2025-01-01"]
    assert rows["jours"].tolist() == [30, 17, 31]
    assert rows["heures"].isna().tolist() == [False, True, True]
    assert report["open_spells"] == {"table emploi_mensuel": 2}
    left = report["rows_left_out"]["table emploi_mensuel"]
    assert left == {"it begins after the extraction": 1}


VERSIONS = changed("sources", contrats={"latest": {"by": "id", "order": ["v"]}})


def test_an_empty_key_is_no_key_and_a_key_of_two_persons_is_refused(tmp_path: Path) -> None:
    links = "id_jeune;cle\np1;k1\np2;k2\n"
    head = "cle;id;debut;fin;h;v\n"
    body = "k1;;01/01/2024;31/01/2024;1;1\nk2;;01/01/2024;31/01/2024;2;1\n"
    rows, report, said = converted(tmp_path, VERSIONS, head + body, links)
    assert rows["heures"].tolist() == [1, 2]
    assert report["empty_keys"] == {"source contrats": 2}
    assert "key empty source contrats: 2 rows, kept" in said
    shared = head + body.replace(";;", ";c3;")
    result = run(tmp_path, VERSIONS, *files(tmp_path, shared, links))
    assert "1 keys of 'latest' are those of several persons; add 'cle'" in str(result.exception)
    both = changed("sources", contrats={"latest": {"by": ["cle", "id"], "order": ["v"]}})
    rows, _, _ = converted(tmp_path, both, shared, links)
    assert rows["heures"].tolist() == [1, 2]


def test_a_row_without_its_key_is_said(tmp_path: Path) -> None:
    recipe = changed(*TABLE, columns={**CELLS, "mois": {"column": "m", "past": True}})
    del recipe["tables"]["emploi_mensuel"]["months"], recipe["tables"]["emploi_mensuel"]["group"]
    _, report, _ = converted(tmp_path, recipe, "cle;m\nk1;01/05/2023\nk1;\n")
    assert report["empty_keys"] == {"table emploi_mensuel": 1}


BY_MONTH = {"id_jeune": "id_jeune", "mois": {"column": "m"}, "en_emploi": {"constant": "true"}}


@pytest.mark.parametrize(
    ("measure", "cells", "found", "unread"),
    [
        ({"max": "x"}, ("9", "10"), 10, 0),
        ({"min": "x"}, ("9,5", "10,25"), 9.5, 0),
        ({"sum": "x"}, ("9,5", "10,25"), 19.75, 0),
        ({"sum": "x"}, ("", ""), None, 0),
    ],
)
def test_measures_of_a_group_are_those_of_numbers(
    measure: Any, cells: tuple[str, str], found: float | None, unread: int, tmp_path: Path
) -> None:
    recipe = changed(*TABLE, columns={**BY_MONTH, "heures": "x"})
    table = recipe["tables"]["emploi_mensuel"]
    del table["months"]
    table["group"] = {"by": ["id_jeune", "m"], "columns": {"x": measure}}
    lines = "".join(f"k1;01/05/2023;{x}\n" for x in cells)
    rows, report, _ = converted(tmp_path, recipe, "cle;m;x\n" + lines)
    value = rows["heures"].iloc[0]
    assert value == found or (found is None and pd.isna(value))
    assert sum(report["cells_unreadable"].values()) == unread


def test_the_last_of_days_is_unknown_where_one_cannot_be_read(tmp_path: Path) -> None:
    recipe = changed(*TABLE, columns={**CELLS, "mois": "m"})
    table = recipe["tables"]["emploi_mensuel"]
    del table["months"]
    table["group"] = {"by": ["id_jeune", "k"], "columns": {"m": {"min": "m"}}}
    text = "cle;k;m\nk1;a;01/05/2023\nk1;a;31/02/2023\nk1;b;01/03/2023\nk1;b;\n"
    rows, report, _ = converted(tmp_path, recipe, text)
    assert rows["mois"].dropna().astype(str).tolist() == ["2023-03-01"]
    assert report["cells_unreadable"] == {"emploi_mensuel.m": 1}


def test_the_last_of_two_columns_is_unknown_where_one_cannot_be_read(tmp_path: Path) -> None:
    recipe = changed(*TABLE, columns={**CELLS, "mois": {"last": ["a", "b"]}})
    del recipe["tables"]["emploi_mensuel"]["months"], recipe["tables"]["emploi_mensuel"]["group"]
    text = "cle;a;b\nk1;01/03/2023;\nk1;01/04/2023;31/02/2023\n"
    rows, report, _ = converted(tmp_path, recipe, text)
    assert rows["mois"].dropna().astype(str).tolist() == ["2023-03-01"]
    assert report["cells_unreadable"] == {"emploi_mensuel.mois": 1}


def test_a_joined_sum_tells_no_counterpart_from_an_unknown_one(tmp_path: Path) -> None:
    recipe = changed(*TABLE, join={"source": "t", "match": {"id": "id"}})
    whole = {"group": {"by": "id", "columns": {"x": {"sum": "x"}}}}
    recipe["sources"] = {"contrats": {}, "parts": {}, "t": {"from": "parts", **whole}}
    table = recipe["tables"]["emploi_mensuel"]
    del table["months"], table["group"]
    table["columns"] = {**BY_MONTH, "heures": {"first": ["t.x"], "empty": "0"}}
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "parts.csv").write_text("id;x\n1;2\n1;3\n2;2\n2;\n")
    text = "cle;m;id\nk1;01/01/2023;1\nk1;01/02/2023;2\nk1;01/03/2023;3\n"
    rows, _, _ = converted(tmp_path, recipe, text)
    assert rows["heures"].fillna(-1).tolist() == [5, -1, 0]


REFUSED = {
    "h: the sign could separate decimals or thousands": (f"{HEADER}k1;01/01/2024;31/01/2024;1,200\n", "id_jeune;cle\np1;k1\n", {}),
    "a spreadsheet cut them": ("cle;debut;fin;h\nk1;01/01/2024;;1\n", "id_jeune;cle\np1;1,23457E+11\n", {}),
    "gives one cle to several persons": ("cle;debut;fin;h\nk1;01/01/2024;;1\n", "id_jeune;cle\np1;k1\np2;k1\n", {}),
    "has no column 'fin'": ("cle;debut;fni;h\nk1;01/01/2024;;1\n", "id_jeune;cle\np1;k1\n", {}),
}  # fmt: skip


@pytest.mark.parametrize("said", REFUSED)
def test_what_cannot_be_told_is_refused_and_nothing_is_written(said: str, tmp_path: Path) -> None:
    contracts, links, _ = REFUSED[said]
    result = run(tmp_path, SPELLS, *files(tmp_path, contracts, links))
    assert isinstance(result.exception, ExtractError)
    assert said in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_a_recipe_explains_itself(tmp_path: Path) -> None:
    files(tmp_path, "cle;debut;fin;h;nom\n")
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(SPELLS))
    words = [str(tmp_path / "files"), "--from", str(tmp_path / "recipe.yaml"), "--explain"]
    text = CliRunner().invoke(app, ["convert", *words]).output
    assert "mois                   <- mois" in text
    assert "not used of contrats: nom" in text
    assert "tables not in the source: jeunes" in text


def test_the_recipes_that_are_shipped_are_read() -> None:
    for name in RECIPES:
        assert read_recipe(name).title
    with pytest.raises(ExtractError, match="did you mean 'fluxiae'"):
        read_recipe("fluxia")


PLACES = {"id_structure": "code", "nom": "nom", "code_departement": "dep", "code_region": "dep"}


def structures(tmp_path: Path, source: dict[str, Any], columns: dict[str, Any], *words: str) -> Any:
    small.write(tmp_path / "header")
    recipe = {"sources": {"s": source}, "tables": {"structures": {"from": "s", "columns": columns}}}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    args = [str(tmp_path / "files"), str(tmp_path / "out"), "--header", str(tmp_path / "header")]
    args += ["--from", str(tmp_path / "recipe.yaml"), *words]
    result = CliRunner().invoke(app, ["convert", *args])
    assert result.exit_code == 0, result.exception
    return pd.read_parquet(tmp_path / "out" / "structures.parquet"), result.output


def test_titles_a_line_of_totals_and_names_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    text = "Extraction du 01/02/2024\n\nN°;Nom ml;dep\n1;ML A;59\nTotal;;1\n"
    (tmp_path / "files" / "st.csv").write_text(text, encoding="utf-8-sig")
    names = {"s": {"file": "st", "columns": {"code": "N°", "nom": "Nom ml"}}}
    (tmp_path / "names.yaml").write_text(yaml.safe_dump(names, allow_unicode=True), "utf-8")
    columns = {**PLACES, "valide_du": {"constant": "2020-01-01"}}
    source = {"file": "ml", "header": 3, "total": "Total"}
    rows, said = structures(tmp_path, source, columns, "--names", str(tmp_path / "names.yaml"))
    assert rows[["id_structure", "nom"]].to_numpy().tolist() == [["1", "ML A"]]
    assert "left out of source s: 1 rows, line of totals" in said


def test_dated_json_records_give_a_row_per_element_and_no_name(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    for day, spells in {"2024-01-31": 2, "2024-02-29": 1}.items():
        inner = [{"nom": f"n{k}", "dep": "59"} for k in range(spells)]
        record = {"code": 7, "patronyme": "X", "lieu": {"dep": "59"}, "situations": inner}
        (tmp_path / "files" / f"d_{day}.json").write_text(json.dumps([record]))
    columns = {
        "id_structure": "record.code",
        "nom": "nom",
        "code_departement": "record.lieu.dep",
        "code_region": "dep",
        "valide_du": "snapshot",
    }
    source = {"file": "d", "each": "situations", "snapshots": True}
    rows, said = structures(tmp_path, source, columns)
    assert sorted(rows["nom"]) == ["n0", "n0", "n1"]
    assert set(rows["id_structure"]) == {"7"}
    assert sorted(rows["valide_du"].astype(str)) == ["2024-01-31", "2024-01-31", "2024-02-29"]
    assert "not used of d: record.patronyme" in said
