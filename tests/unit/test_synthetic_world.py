from __future__ import annotations

import datetime as dt

import pyarrow.compute as pc
import pytest

from evalml.errors import EvalmlError, ExtractError
from evalml.extract import contract
from evalml.synthetic.make import as_of, make_world, produce
from evalml.synthetic.world import dump_world, parse_world, read_world

TABLES = [table for table in contract.TABLES if table.name != "affectations"]
"""What a world holds: nobody draws lots in it."""


@pytest.fixture(scope="module")
def made():
    return make_world(read_world("demo"), 3000, 7)


def test_every_table_of_the_contract_is_there_with_its_columns(made):
    for spec in TABLES:
        assert made.tables[spec.name].column_names == [c.name for c in spec.columns]


def test_keys_are_unique_and_required_columns_are_filled(made):
    for spec in TABLES:
        rows = made.tables[spec.name]
        assert rows.group_by(list(spec.key)).aggregate([]).num_rows == rows.num_rows
        for column in spec.columns:
            if not column.nullable:
                assert rows[column.name].null_count == 0, (spec.name, column.name)


def test_references_find_what_they_point_to(made):
    for spec in TABLES:
        for column in spec.columns:
            if column.references:
                table, key = column.references.split(".")
                values = made.tables[spec.name][column.name].drop_null()
                assert pc.all(pc.is_in(values, made.tables[table][key].combine_chunks())).as_py()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_world(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        produce(tmp_path / name, people=500, seed=seed)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert len(files) == len(TABLES) + 4
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    different = (tmp_path / "a/actes.parquet").read_bytes() != (
        tmp_path / "c/actes.parquet"
    ).read_bytes()
    assert different


def test_a_folder_that_holds_other_files_is_refused(tmp_path):
    (tmp_path / "letter.txt").write_text("x")
    with pytest.raises(ExtractError, match="other files"):
        produce(tmp_path, people=10)


def test_an_unknown_key_of_a_world_is_named_with_the_nearest():
    with pytest.raises(EvalmlError, match=r"'poeple'.*did you mean 'people'"):
        parse_world("based_on: demo\npoeple: 3\n", "w.yaml")


def test_an_unknown_covariate_is_named_with_the_nearest():
    with pytest.raises(EvalmlError, match="did you mean 'permis_b'"):
        parse_world("based_on: demo\nprogrammes: {CEJ: {covariates: {permi_b: 1}}}\n")


def test_a_world_survives_being_written_and_read():
    world = read_world("demo")
    assert parse_world(dump_world(world)) == world


def test_an_unknown_world_is_refused_with_the_nearest():
    with pytest.raises(EvalmlError, match="did you mean 'demo'"):
        read_world("demoo")


def test_a_territory_keeps_its_missions_locales_only(tmp_path):
    produce(tmp_path / "x", people=300, departements=["80"])
    import pyarrow.parquet as pq

    rows = pq.read_table(tmp_path / "x" / "structures.parquet")
    assert set(rows["code_departement"].to_pylist()) == {"80"}


def test_an_earlier_vintage_knows_nothing_entered_after_it(made):
    day = dt.date(2024, 6, 30)
    past = as_of(made, day)
    for name in ("situations", "accompagnements", "actes"):
        assert pc.max(past.tables[name]["date_saisie"]).as_py() <= day
        assert 0 < past.tables[name].num_rows < made.tables[name].num_rows
    ends = past.tables["accompagnements"]["date_fin"].drop_null()
    assert pc.max(ends).as_py() <= day
    assert pc.max(past.tables["dossiers"]["date_maj"]).as_py() <= day
    assert past.extract["extraction_date"] == "2024-06-30"


def test_a_repr_shows_counts_and_no_identifier(made):
    assert "jeunes 3000" in repr(made)
    assert made.tables["jeunes"]["id_jeune"][0].as_py() not in repr(made)


def test_every_world_of_the_repository_lies_in_one_territory():
    from evalml.synthetic.world import parse_world, read_world, worlds

    assert {"demo", "decade", "france", "gj_areas", "hdf_2019", "hdf_2024"} <= set(worlds())
    for name in worlds():
        assert len(read_world(name).territory) == 1, name
    with pytest.raises(EvalmlError, match="region: null"):
        parse_world("based_on: demo\nterritory: {national: true}\n")
