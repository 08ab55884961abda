"""An extract in PostgreSQL: read as the files are, refused as they are, and never altered."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tests.engines.places import evalml
from tests.unit.extract import small_extract as small

import evalml as ev
from evalml.engine.postgres import (
    Database,
    database_of,
    database_parts,
    database_url,
    reading_database,
    refuse_password,
)
from evalml.errors import ColumnMissingError, EvalmlError, ExtractError, TableMissingError
from evalml.extract import tables_held

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def engine():
    return ev.open_engine(threads=1)


@pytest.fixture
def schema(server, tmp_path):
    """A new schema with the small hand-written extract, and the folder of its files."""
    name = f"s{os.urandom(4).hex()}"
    folder = small.write(tmp_path / "files")
    server.load(folder, name)
    return name, folder


def header(server, folder, target, schema, **more):
    """A folder whose `extract.yaml` says the tables are in the server."""
    target.mkdir()
    said = yaml.safe_load((folder / "extract.yaml").read_text(encoding="utf-8"))
    said["database"] = {"url": server.url(server.reader), "schema": schema, **more}
    (target / "extract.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return target


def frames(path, engine):
    tables = ev.accept_tables(ev.read_extract(path, engine), engine)
    return {n: engine.fetch(t) for n, t in tables.tables.items()}, tables.rejects


def assert_same(wanted, found):
    assert found.keys() == wanted.keys()
    for name, frame in wanted.items():
        pd.testing.assert_frame_equal(found[name], frame)


def test_every_table_is_read_as_its_file_is(server, schema, engine, tmp_path):
    name, folder = schema
    wanted, _ = frames(folder, engine)
    found, rejects = frames(header(server, folder, tmp_path / "base", name), engine)
    assert_same(wanted, found)
    assert rejects.empty


def test_a_url_alone_is_an_extract_where_the_database_says_what_it_is(
    server, schema, engine, tmp_path
):
    name, folder = schema
    said = yaml.safe_load((folder / "extract.yaml").read_text(encoding="utf-8"))
    server.run(f"CREATE TABLE {name}.extract (key text PRIMARY KEY, value text)")
    for key, value in said.items():
        text = yaml.safe_dump(value).replace("...\n", "").replace("'", "''")
        server.run(f"INSERT INTO {name}.extract VALUES ('{key}', '{text}')")
    server.run(f"GRANT SELECT ON {name}.extract TO {server.reader}")
    url = f"{server.url(server.reader)}?options=-csearch_path%3D{name}"
    received = ev.read_extract(Path(url), engine)
    assert received.meta == ev.read_extract(folder, engine).meta
    assert "situations" in received.tables


def test_types_of_the_server_that_mean_the_same_are_taken(server, schema, engine, tmp_path):
    name, folder = schema
    server.run(
        f"CREATE DOMAIN {name}.code AS varchar(20)",
        f"ALTER TABLE {name}.jeunes ALTER sexe TYPE {name}.code",
        f"ALTER TABLE {name}.situations ALTER heures_hebdo TYPE numeric(6, 2)",
        f"ALTER TABLE {name}.situations ALTER date_debut TYPE timestamp",
        f"ALTER TABLE {name}.accompagnements ALTER rang TYPE smallint",
        f"ALTER TABLE {name}.dossiers ALTER enfants TYPE double precision",
        f"ALTER TABLE {name}.dossiers ADD COLUMN extra jsonb",
    )
    wanted, _ = frames(folder, engine)
    found, _ = frames(header(server, folder, tmp_path / "base", name), engine)
    assert_same(wanted, found)


def test_a_day_without_end_is_put_aside_like_any_impossible_one(server, schema, engine, tmp_path):
    name, folder = schema
    server.run(
        f"UPDATE {name}.situations SET date_fin = 'infinity' WHERE id_situation = 's1'",
        f"UPDATE {name}.situations SET date_fin = '-infinity' WHERE id_situation = 's3'",
    )
    _, rejects = frames(header(server, folder, tmp_path / "base", name), engine)
    assert rejects.to_dict("records") == [
        {"table": "situations", "rule": "impossible_date", "rows": 2}
    ]


REFUSALS = {
    "a table is missing": ("DROP TABLE {s}.actes", TableMissingError, "no table 'actes'"),
    "a column is missing": (
        "ALTER TABLE {s}.jeunes RENAME sexe TO sexes",
        ColumnMissingError,
        "jeunes of the database postgres of 127.0.0.1 has no column 'sexe'; did you mean 'sexes'",
    ),
    "a column has another type": (
        "ALTER TABLE {s}.jeunes ALTER date_naissance TYPE text",
        ExtractError,
        "column date_naissance: expected date, found string",
    ),
    "an instant is no day": (
        "ALTER TABLE {s}.jeunes ALTER date_naissance TYPE timestamptz",
        ExtractError,
        "column date_naissance: expected date, found timestamp",
    ),
    "the reader may not read a table": (
        "REVOKE SELECT ON {s}.actes FROM lecteur",
        TableMissingError,
        "no table 'actes'",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_does_not_follow_the_contract_is_refused_before_a_row_is_read(
    server, schema, engine, tmp_path, case
):
    name, folder = schema
    statement, error, sentence = REFUSALS[case]
    server.run(statement.format(s=name))
    place = header(server, folder, tmp_path / "base", name)
    for look in (lambda: ev.read_extract(place, engine), lambda: tables_held(place, engine)):
        with pytest.raises(error) as refused:
            look()
        assert sentence in str(refused.value)


def test_nothing_can_be_written(server, schema):
    name, _ = schema
    with (
        pytest.raises(ExtractError, match="SQLSTATE 25006"),  # read_only_sql_transaction
        reading_database(Database(server.url(server.reader), name)) as session,
        session.batches(f"DELETE FROM {name}.jeunes RETURNING id_jeune") as rows,
    ):
        rows.read_all()


def test_all_tables_are_seen_at_one_moment(server, schema):
    name, _ = schema
    count = f"SELECT count(*) AS n FROM {name}.jeunes"
    with reading_database(Database(server.url(server.reader), name)) as session:
        session.columns()
        server.run(f"DELETE FROM {name}.jeunes")
        with session.batches(count) as rows:
            assert rows.read_all()["n"].to_pylist() == [3]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://lecteur:tres-secret@base/imilo",
        "postgresql://lecteur@base/imilo?password=tres-secret",
        "postgresql://lecteur@base/imilo?sslpassword=tres-secret",
    ],
)
def test_a_password_in_the_url_is_refused_and_not_repeated(url, tmp_path, engine):
    with pytest.raises(ExtractError, match="PGPASSWORD") as refused:
        refuse_password(url)
    assert "secret" not in str(refused.value)
    with pytest.raises(ExtractError) as refused:
        ev.read_extract(Path(url), engine)
    assert "secret" not in str(refused.value)
    folder = small.write(tmp_path / "files")
    header_file = folder / "extract.yaml"
    header_file.write_text(f"{header_file.read_text(encoding='utf-8')}database: {url}\n")
    with pytest.raises(ExtractError) as refused:
        ev.read_extract(folder, engine)
    assert "secret" not in str(refused.value)


def test_a_wrong_password_says_where_to_give_it(server, monkeypatch, engine):
    monkeypatch.setenv("PGPASSWORD", "tres-secret")
    with pytest.raises(ExtractError, match="refused the password; set PGPASSWORD") as refused:
        tables_held(Path(server.url(server.reader)), engine)
    assert "secret" not in str(refused.value)


def test_the_password_is_read_from_pgpass(server, monkeypatch, tmp_path):
    monkeypatch.delenv("PGPASSWORD")
    password = server.reader_password.replace(":", "\\:")
    pgpass = tmp_path / "pgpass"
    pgpass.write_text(f"127.0.0.1:{server.port}:*:{server.reader}:{password}\n", encoding="utf-8")
    pgpass.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(pgpass))
    with reading_database(Database(server.url(server.reader))) as session:
        assert session.schema == "public"


def test_a_server_that_is_not_there_is_said_in_one_sentence(server, engine):
    with pytest.raises(ExtractError, match="cannot be reached") as refused:
        tables_held(Path("postgresql://lecteur@127.0.0.1:1/imilo"), engine)
    assert "\n" not in str(refused.value)


def test_a_folder_does_not_hold_files_and_name_a_database(server, schema, engine, tmp_path):
    name, folder = schema
    place = header(server, folder, tmp_path / "both", name)
    (place / "jeunes.parquet").write_bytes((folder / "jeunes.parquet").read_bytes())
    with pytest.raises(ExtractError, match="holds table 'jeunes' too"):
        ev.read_extract(place, engine)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("postgresql://moi@base.fr:5432/imilo", "postgresql://moi@base.fr:5432/imilo"),
        ("postgresql://base.fr/imilo", "postgresql://base.fr/imilo"),
        ("postgresql:///imilo", "postgresql:///imilo"),
        ("postgres://base/imilo?sslmode=require", "postgres://base/imilo?sslmode=require"),
        ("postgresql:///imilo?host=/var/run/x", "postgresql:///imilo?host=/var/run/x"),
        ("data/extract", None),
    ],
)
def test_a_url_survives_being_a_path(url, kept):
    assert database_url(Path(url)) == kept
    assert database_url(Path(url).resolve()) == kept


def test_the_hash_of_a_table_follows_its_rows_and_not_their_order(server, schema, tmp_path):
    name, folder = schema
    place = database_of(header(server, folder, tmp_path / "base", name))
    before = database_parts(place)
    assert database_parts(place) == before
    server.run(
        f"CREATE TABLE {name}.turned AS SELECT * FROM {name}.jeunes ORDER BY id_jeune DESC",
        f"TRUNCATE {name}.jeunes",
        f"INSERT INTO {name}.jeunes SELECT * FROM {name}.turned",
        f"DROP TABLE {name}.turned",
    )
    assert database_parts(place) == before
    server.run(f"UPDATE {name}.jeunes SET sexe = 'M' WHERE id_jeune = 'p1'")
    after = database_parts(place)
    assert {t for t in before if after[t] != before[t]} == {"jeunes"}


def test_a_run_is_current_until_a_row_of_the_database_changes(server, schema, tmp_path):
    from evalml.run.provenance import extract_parts, hash_extract

    name, folder = schema
    place = header(server, folder, tmp_path / "base", name)
    before = hash_extract(place)
    assert hash_extract(place) == before
    assert {"extract.yaml", "jeunes"} <= extract_parts(place).keys()
    server.run(f"DELETE FROM {name}.actes WHERE id_acte = 'c3'")
    assert hash_extract(place) != before


def test_the_server_reads_its_tables_once_while_nothing_is_written(
    server, schema, tmp_path, monkeypatch
):
    from evalml.engine import postgres
    from evalml.run.provenance import hashes_of, parts_of, versions_of
    from evalml.settings import Settings
    from evalml.study import read_study

    name, folder = schema
    study = read_study(Path("params/cej_2024_hdf.yaml"))
    settings = Settings(header(server, folder, tmp_path / "base", name), tmp_path)
    scans, checksum = [], postgres.Session.checksum
    monkeypatch.setattr(postgres, "_SUMMED", {})
    monkeypatch.setattr(postgres.Session, "checksum", lambda s: scans.append(1) or checksum(s))
    first = hashes_of(study, settings, parts_of(study, settings)["extract"])
    assert hashes_of(study, settings) == first
    assert len(scans) == 1
    server.run(f"DELETE FROM {name}.actes WHERE id_acte = 'c3'")
    assert hashes_of(study, settings)["extract"] != first["extract"]
    assert len(scans) == 2
    told = Settings(settings.extract, tmp_path, extract_hash=first["extract"])
    assert hashes_of(study, told) == first
    assert len(scans) == 2
    assert versions_of(study, settings)["postgresql"][:2].isdigit()


def test_the_server_leaves_out_other_territories_and_the_study_does_not_change(
    server, extract, engine, tmp_path, in_postgres
):
    """Persons with a file in the Nord, everything about them; the study of the Nord is the same."""
    said = yaml.safe_load((extract / "extract.yaml").read_text(encoding="utf-8"))
    said |= {
        "territory": {"departement": ["59"]},
        "database": {
            "url": server.url(server.reader),
            "schema": "imilo",
            "restrict": ["territory"],
        },
    }
    place = tmp_path / "nord"
    place.mkdir()
    (place / "extract.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    whole, part = (ev.accept_tables(ev.read_extract(p, engine), engine) for p in (extract, place))
    sizes = {n: (whole.received[n], part.received[n]) for n in ("jeunes", "actes", "structures")}
    assert 0 < sizes["jeunes"][1] < sizes["jeunes"][0]
    assert 0 < sizes["actes"][1] < sizes["actes"][0]
    assert sizes["structures"][1] == sizes["structures"][0]
    assert part.rejects.equals(whole.rejects)  # nobody is an orphan for having been left out
    study = ev.read_study(Path("params/cej_2024_hdf.yaml"))
    nord = study.model_copy(update={"territory": type(study.territory)(departement=("59",))})
    found = []
    for tables in (whole, part):
        cohort = ev.build_cohort(tables, ev.target_trial(nord), nord.covariates, engine)
        outcomes = ev.compute_outcomes(ev.build_panel(tables, cohort, engine), nord.outcomes)
        arms = ev.assemble(outcomes, nord.horizons, (), engine)
        found.append((cohort.flow, arms))
    (flow, arms), (flow_nord, arms_nord) = found
    pd.testing.assert_frame_equal(flow_nord, flow)
    for one, other in zip(arms.trajectories, arms_nord.trajectories, strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(other.values), pd.DataFrame(one.values))


def test_the_server_leaves_out_what_lies_outside_the_period(server, schema, engine, tmp_path):
    name, folder = schema
    place = header(server, folder, tmp_path / "base", name, restrict=["period"])
    text = (place / "extract.yaml").read_text(encoding="utf-8")
    text = text.replace("period_start: '2019-01-01'", "period_start: '2022-03-01'")
    assert "2022-03-01" in text
    (place / "extract.yaml").write_text(text, encoding="utf-8")
    received = ev.read_extract(place, engine).tables
    kept = {n: set(engine.fetch(received[n].select(k))[k]) for n, k in KEYS.items()}
    assert kept["situations"] == {"s1", "s2"}  # s3 ended before, s4 begins after
    assert "c2" not in kept["actes"]  # of January 2022
    assert kept["accompagnements"] == {"a1", "a2", "a3"}  # a first entry needs all the past


KEYS = {"situations": "id_situation", "actes": "id_acte", "accompagnements": "id_accompagnement"}


def test_a_study_on_spark_reads_postgresql_too(server, schema, spark, tmp_path):
    name, folder = schema
    place = header(server, folder, tmp_path / "base", name)
    wanted, _ = frames(folder, ev.open_engine(threads=1))
    found, _ = frames(place, spark)
    assert_same(wanted, found)


def test_without_the_driver_one_sentence_says_what_to_install(monkeypatch, engine):
    from evalml.engine import postgres

    monkeypatch.setattr(postgres, "find_spec", lambda _: None)
    with pytest.raises(EvalmlError, match=r"pip install 'evalml-workbench\[postgres\]'"):
        tables_held(Path("postgresql://lecteur@127.0.0.1/imilo"), engine)


def test_the_command_line_checks_an_extract_in_a_database(in_postgres):
    done = evalml("extract", "check", in_postgres)
    assert done.returncode in (0, 1), done.stderr
    assert "jeunes" in done.stdout
