"""Pseudonyms: joins kept with one key, none across keys, no identifier left, no key written."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests.unit.extract import small_extract as small
from typer.testing import CliRunner

from evalml.cli.extract import app
from evalml.engine import open_engine
from evalml.errors import EvalmlError, ExtractError, PrivacyError
from evalml.extract import contract
from evalml.extract.pseudonymise import (
    KEY_VARIABLE,
    _without_identifiers,
    project_key,
    pseudonym,
)

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

KEY = "4f1d8c0b9a7e6d5c3b2a190817161514"
# Long identifiers, as real ones are, so that finding one in a file cannot be chance.
REAL = {"p1": "1306654400021970358", "p2": "1306654400021970999", "p3": "1306654400021971234"}


def identified(folder: Path) -> Path:
    rows = deepcopy(small.ROWS)
    for table in rows.values():
        for row in table:
            for name, value in row.items():
                if name.startswith("id_") and name != "id_structure" and value is not None:
                    row[name] = REAL.get(str(value), f"IDENTIFIANT-{value}-0001")
    rows["dossiers"][0]["oriente_par"] = "camille.martin@example.org"
    path = small.write(folder, rows)
    table = pq.read_table(path / "jeunes.parquet")
    for name, cells in {
        "nom_naissance": ["MARTIN", "DUBOIS", "LEROY"],
        "agence": ["Lille-Sud-0042"] * 3,
    }.items():
        table = table.append_column(name, pa.array(cells))
    pq.write_table(table, path / "jeunes.parquet")
    return path


def run(path: Path, out: Path, *words: str, key: str = KEY, project: str = "cej") -> Result:
    env = {KEY_VARIABLE: key}
    return CliRunner(env=env).invoke(
        app, ["pseudonymise", str(path), str(out), "--project", project, *words]
    )


def ids(out: Path, table: str, column: str = "id_jeune") -> list[str]:
    return pq.read_table(out / f"{table}.parquet").column(column).to_pylist()


def everything(out: Path) -> str:
    cells = [str(pq.read_table(f).to_pydict()) for f in out.glob("*.parquet")]
    raw = [f.read_bytes().decode("latin-1") for f in out.iterdir()]
    return "\n".join(cells + raw)


def test_one_key_keeps_every_join_and_is_stable(tmp_path: Path) -> None:
    path = identified(tmp_path / "x")
    assert run(path, tmp_path / "a").exit_code == run(path, tmp_path / "b").exit_code == 0
    for name in small.ROWS:
        assert pq.read_table(tmp_path / "a" / f"{name}.parquet").equals(
            pq.read_table(tmp_path / "b" / f"{name}.parquet")
        )
    people = set(ids(tmp_path / "a", "jeunes"))
    assert len(people) == 3
    assert set(ids(tmp_path / "a", "situations")) <= people
    assert (
        ids(tmp_path / "a", "accompagnements", "id_parent")[2]
        == ids(tmp_path / "a", "accompagnements", "id_accompagnement")[1]
    )
    assert set(ids(tmp_path / "a", "actes", "id_dossier")) <= set(
        ids(tmp_path / "a", "dossiers", "id_dossier")
    )


@pytest.mark.parametrize("other", [{"key": KEY[::-1]}, {"project": "gj"}])
def test_another_key_or_project_joins_nothing(tmp_path: Path, other: dict[str, str]) -> None:
    path = identified(tmp_path / "x")
    run(path, tmp_path / "a")
    run(path, tmp_path / "b", **other)
    for table, column in (
        ("jeunes", "id_jeune"),
        ("dossiers", "id_dossier"),
        ("iae_contrats", "id_siae"),
    ):
        assert not set(ids(tmp_path / "a", table, column)) & set(ids(tmp_path / "b", table, column))


def test_no_original_identifier_and_no_key_is_left_in_the_outputs(tmp_path: Path) -> None:
    path = identified(tmp_path / "x")
    result = run(path, tmp_path / "out")
    text = everything(tmp_path / "out") + result.output
    for found in (
        *REAL.values(),
        "IDENTIFIANT",
        "MARTIN",
        "DUBOIS",
        "LEROY",
        "camille",
        "Lille-Sud",
        KEY,
    ):
        assert found not in text
    assert run_check(tmp_path / "out").exit_code == 0


def run_check(path: Path) -> Result:
    return CliRunner().invoke(app, ["check", str(path)])


def test_the_report_says_what_was_removed(tmp_path: Path) -> None:
    run(identified(tmp_path / "x"), tmp_path / "out")
    report = json.loads((tmp_path / "out" / "pseudonymisation.json").read_text())
    assert report["tables"]["jeunes"]["dropped"] == {
        "nom_naissance": "direct identifier or free text",
        "agence": "not in the contract",
    }
    assert report["tables"]["dossiers"]["emptied"] == {"oriente_par": 3}  # of few persons, one mail
    assert report["tables"]["situations"] == {
        "rows": 4,
        "pseudonymised": ["id_situation", "id_jeune", "id_dossier"],
        "dropped": {},
        "emptied": {},
    }
    assert yaml.safe_load((tmp_path / "out" / "extract.yaml").read_text())["pseudonymised"] is True


def test_only_values_of_a_list_or_of_many_persons_are_kept() -> None:
    engine, names = open_engine(threads=1), ("motif_cloture", "oriente_par", "code_commune")
    frame = pd.DataFrame(
        {
            "id_jeune": [str(k) for k in range(24)],
            "motif_cloture": ["AGE", "Déces", "06 12 34 56 78", "Camille Martin"] * 6,
            "oriente_par": ["France Travail"] * 12 + ["appeler Camille au 0612345678"] * 12,
            "code_commune": ["59350", "2A004"] * 11 + ["Lille", "rue X"],
        }
    )
    frame.loc[23, "oriente_par"] = "Camille Martin"
    columns = [contract.table("dossiers").column(n) for n in names]
    rows = engine.memtable(frame)
    clean, emptied = _without_identifiers(rows, "dossiers", columns, engine)
    left = engine.fetch(clean)
    assert set(left["motif_cloture"].dropna()) == {"AGE", "Déces"}
    assert set(left["code_commune"].dropna()) == {"59350", "2A004"}
    assert emptied["motif_cloture"] == 12
    assert emptied["code_commune"] == 2
    assert set(left["oriente_par"].dropna()) == {"France Travail"}
    assert emptied["oriente_par"] == 12


def refused(result: Result, kind: type[EvalmlError]) -> str:
    assert isinstance(result.exception, kind)
    return str(result.exception)


def test_without_a_key_or_with_a_short_one_nothing_is_written(tmp_path: Path) -> None:
    path = identified(tmp_path / "x")
    assert "no key: give --key-file" in refused(run(path, tmp_path / "out", key=""), PrivacyError)
    assert "shorter than 16" in refused(run(path, tmp_path / "out", key="secret"), PrivacyError)
    assert not (tmp_path / "out").exists()


def test_it_never_writes_over_its_input_nor_over_anything(tmp_path: Path) -> None:
    path = identified(tmp_path / "x")
    before = {f.name: f.read_bytes() for f in path.iterdir()}
    for out in (path, path / "inside", tmp_path):
        assert "is the extract, holds it or lies in it" in refused(run(path, out), ExtractError)
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "a").write_text("")
    assert "is not empty" in refused(run(path, tmp_path / "used"), ExtractError)
    assert {f.name: f.read_bytes() for f in path.iterdir()} == before


def test_a_key_file_gives_the_same_pseudonyms_as_the_variable(tmp_path: Path) -> None:
    path, file = identified(tmp_path / "x"), tmp_path / "secret.key"
    file.write_text(KEY + "\n")
    run(path, tmp_path / "a")
    run(path, tmp_path / "b", "--key-file", str(file), key="")
    assert ids(tmp_path / "a", "jeunes") == ids(tmp_path / "b", "jeunes")


def test_the_same_text_is_another_pseudonym_for_another_kind() -> None:
    key = project_key(KEY.encode(), "cej")
    assert pseudonym("123", "jeune", key) != pseudonym("123", "dossier", key)
    assert len(pseudonym("123", "jeune", key)) == 32
