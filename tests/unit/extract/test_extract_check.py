"""`evalml extract check`: what it writes, what it prints, and how it ends."""

from __future__ import annotations

import csv
import json
from copy import deepcopy
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.extract import small_extract as small
from typer.testing import CliRunner

from evalml.cli.extract import app
from evalml.errors import ExtractError, PrivacyError

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(w) for w in words])


def refused(result: Result, kind: type[Exception]) -> str:
    assert isinstance(result.exception, kind)
    assert result.exception.exit_code == {ExtractError: 2, PrivacyError: 3}[kind]
    return str(result.exception)


def with_defects(folder: Path) -> Path:
    rows = deepcopy(small.ROWS)
    rows["actes"] += [{**rows["actes"][0], "id_acte": f"n{i}"} for i in range(200)]
    rows["actes"][5]["date_acte"] = "2001-01-01"
    return small.write(folder, rows)


def test_a_clean_extract_ends_with_zero_and_says_so(tmp_path: Path) -> None:
    result = run("check", small.write(tmp_path / "x"))
    assert result.exit_code == 0
    assert result.output.rstrip().endswith("found something")
    assert " 0 put aside" in result.output


def test_the_scorecard_is_written_as_csv_and_as_a_page(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("check", with_defects(tmp_path / "x"), "--out", out).exit_code == 0
    with (out / "scorecard.csv").open() as file:
        lines = {(r["check"], r["table"]): r for r in csv.DictReader(file)}
    assert lines["event_before_birth", "actes"]["failing"] == "1"
    assert lines["event_before_birth", "actes"]["status"] == "warning"
    assert (out / "rejects.csv").read_text() == "table,rule,rows\nactes,event_before_birth,1\n"
    page = (out / "scorecard.html").read_text()
    assert (
        "L’événement précède la naissance de la personne\u202f; la ligne est mise de côté." in page
    )
    assert "<script" not in page


def test_rows_put_aside_are_written_only_where_asked(tmp_path: Path) -> None:
    assert (
        run("check", with_defects(tmp_path / "x"), "--put-aside", tmp_path / "aside").exit_code == 0
    )
    rows = pq.read_table(tmp_path / "aside" / "actes.parquet")
    assert rows.column("rule").to_pylist() == ["event_before_birth"]


def test_a_blocking_check_ends_with_two_and_is_named(tmp_path: Path) -> None:
    rows = deepcopy(small.ROWS)
    rows["actes"][0]["statut"] = "VENU"
    message = refused(run("check", small.write(tmp_path / "x", rows)), ExtractError)
    assert "1 blocking checks (code_not_in_list)" in message


def test_small_counts_are_hidden_where_the_data_owner_asks(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("check", with_defects(tmp_path / "x"), "--out", out, "--min-count", "11")
    assert "event_before_birth actes: < 11." in result.output
    assert (out / "rejects.csv").read_text() == "table,rule,rows\n"
    assert "&lt;\u00a011" in (out / "scorecard.html").read_text()
    with (out / "scorecard.csv").open() as file:
        hidden = next(
            r
            for r in csv.DictReader(file)
            if r["check"] == "event_before_birth" and r["table"] == "actes"
        )
    assert hidden["failing"] == hidden["share"] == ""


def test_json_holds_every_check_without_nan(tmp_path: Path) -> None:
    whole = json.loads(run("check", with_defects(tmp_path / "x"), "--json").output)
    assert whole["blocked"] == []
    assert {"check", "table", "failing", "share", "status", "sentence"} <= whole["checks"][0].keys()
    assert next(s for s in whole["sizes"] if s["table"] == "actes") == {
        "table": "actes",
        "received": 203,
        "accepted": 202,
    }


def test_nothing_is_written_inside_the_extract(tmp_path: Path) -> None:
    path = small.write(tmp_path / "x")
    assert "lies inside the extract" in refused(
        run("check", path, "--out", path / "quality"), ExtractError
    )


@pytest.mark.parametrize(
    ("table", "column", "cell", "what"),
    [
        ("jeunes", "id_jeune", "2030475123456 12".replace(" ", ""), "NIR"),
        ("dossiers", "oriente_par", "camille.martin@example.org", "e-mail"),
        ("dossiers", "oriente_par", "06 12 34 56 78", "phone"),
        ("iae_candidatures", "motif_refus", "appeler le 0612345678 ou j.d@example.fr", "e-mail"),
    ],
)
def test_an_extract_that_holds_identifiers_is_refused_without_quoting_them(
    tmp_path: Path, table: str, column: str, cell: str, what: str
) -> None:
    rows = deepcopy(small.ROWS)
    rows[table][0][column] = cell
    message = refused(run("check", small.write(tmp_path / "x", rows)), PrivacyError)
    assert f"{table}.{column} ({what}, 1 rows)" in message
    assert cell not in message


@pytest.mark.parametrize(
    "name", ["nom_usage", "PRENOM", "nir", "commentaire", "adresse_mail", "tel"]
)
def test_a_column_named_like_an_identifier_is_refused_even_when_empty(
    tmp_path: Path, name: str
) -> None:
    path = small.write(tmp_path / "x")
    table = pq.read_table(path / "jeunes.parquet")
    pq.write_table(table.append_column(name, pa.nulls(3, pa.string())), path / "jeunes.parquet")
    assert f"jeunes.{name} (name)" in refused(run("check", path), PrivacyError)


def test_pseudonyms_and_codes_are_no_identifiers(tmp_path: Path) -> None:
    rows = deepcopy(small.ROWS)
    # The shape of an I-Milo id (19 digits) and of a keyed pseudonym (hexadecimal).
    for table in rows.values():
        for row in table:
            if row.get("id_jeune") == "p1":
                row["id_jeune"] = "1306654400021970358"
            if row.get("id_jeune") == "p2":
                row["id_jeune"] = "9f86d081884c7d659a2feaa0c55ad015"
    assert run("check", small.write(tmp_path / "x", rows)).exit_code == 0
