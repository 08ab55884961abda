"""What an extract may be written in, and what is refused in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests.unit.extract import small_extract as small

from evalml.engine import open_engine
from evalml.errors import ColumnMissingError, ExtractError, TableMissingError
from evalml.extract import read_extract
from evalml.tables import accept_tables

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def frames(path: Path) -> dict[str, pd.DataFrame]:
    engine = open_engine(threads=1)
    tables = accept_tables(read_extract(path, engine), engine)
    assert tables.rejects.empty
    keys = {t: list(tables.table(t).columns) for t in tables.tables}
    return {
        t: engine.fetch(tables.table(t)).sort_values(keys[t]).reset_index(drop=True) for t in keys
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """The tables of the small extract, read from Parquet once."""
    return frames(small.write(tmp_path_factory.mktemp("whole") / "parquet"))


def same(a: dict[str, pd.DataFrame], other: Path) -> bool:
    b = frames(other)
    return a.keys() == b.keys() and all(a[t].equals(b[t]) for t in a)


DIALECTS = {
    "semicolons, cp1252, French dates, decimal comma": {
        "delimiter": ";",
        "encoding": "cp1252",
        "dates": "%d/%m/%Y",
        "decimal": ",",
    },
    "commas, UTF-8, ISO dates": {},
    "commas, UTF-8 with a byte order mark": {"encoding": "utf-8-sig"},
    "commas with quoted decimal commas": {"decimal": ","},
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_csv_extract_reads_like_the_parquet_one(
    tmp_path: Path, whole: dict[str, pd.DataFrame], dialect: str
) -> None:
    assert same(whole, small.write_csv(tmp_path / "csv", **DIALECTS[dialect]))


def test_a_duckdb_file_reads_like_the_parquet_folder(
    tmp_path: Path, whole: dict[str, pd.DataFrame]
) -> None:
    parquet, folder = small.write(tmp_path / "parquet"), tmp_path / "base"
    folder.mkdir()
    (folder / "extract.yaml").write_text((parquet / "extract.yaml").read_text())
    with duckdb.connect(str(folder / "extrait.duckdb")) as base:
        for file in parquet.glob("*.parquet"):
            base.execute(f"CREATE TABLE {file.stem} AS SELECT * FROM read_parquet('{file}')")
    assert same(whole, folder)
    assert same(whole, folder / "extrait.duckdb")


def test_a_table_may_be_a_folder_of_parquet_files(
    tmp_path: Path, whole: dict[str, pd.DataFrame]
) -> None:
    parts = small.write(tmp_path / "parts")
    table = pq.read_table(parts / "situations.parquet")
    (parts / "situations.parquet").unlink()
    (parts / "situations").mkdir()
    for i in range(2):
        pq.write_table(table.slice(2 * i, 2), parts / "situations" / f"part-{i}.parquet")
    assert same(whole, parts)


def test_types_of_other_writers_are_accepted(
    tmp_path: Path, whole: dict[str, pd.DataFrame]
) -> None:
    path = small.write(tmp_path / "x")
    table = pq.read_table(path / "dossiers.parquet")
    table = table.set_column(
        table.column_names.index("enfants"), "enfants", table["enfants"].cast(pa.float64())
    )
    table = table.set_column(
        table.column_names.index("date_maj"), "date_maj", table["date_maj"].cast(pa.timestamp("us"))
    )
    table = table.set_column(
        table.column_names.index("date_cloture"), "date_cloture", pa.nulls(table.num_rows)
    )
    pq.write_table(table, path / "dossiers.parquet")
    assert same(whole, path)


def test_columns_the_contract_does_not_know_stay_out_of_the_tables(tmp_path: Path) -> None:
    path = small.write(tmp_path / "x")
    table = pq.read_table(path / "jeunes.parquet")
    pq.write_table(
        table.append_column("conseiller", pa.array(["a", "b", "c"])), path / "jeunes.parquet"
    )
    engine = open_engine(threads=1)
    extract = read_extract(path, engine)
    assert "conseiller" in extract.tables["jeunes"].columns
    assert "conseiller" not in accept_tables(extract, engine).table("jeunes").columns


def refusal(path: Path, kind: type[ExtractError] = ExtractError) -> str:
    engine = open_engine(threads=1)
    with pytest.raises(kind) as caught:
        accept_tables(read_extract(path, engine), engine)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_no_folder_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    assert "there is no extract at" in refusal(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert "is empty" in refusal(tmp_path / "empty")


def test_a_folder_without_extract_yaml_is_refused_with_the_keys_to_write(tmp_path: Path) -> None:
    path = small.write(tmp_path / "x")
    (path / "extract.yaml").unlink()
    assert "has no extract.yaml; write one with the keys name, source" in refusal(path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"extraction_dat": "2025-01-31"},
            "unknown key 'extraction_dat'; did you mean 'extraction_date'?",
        ),
        ({"source": "milo"}, "source: input should be 'imilo', 'parcours3' or 'synthetic'"),
        (
            {"territory": {"regions": "32"}},
            "unknown key 'territory.regions'; did you mean 'region'?",
        ),
        (
            {"territory": {"region": 32}},
            "territory.region: input should be a valid string; quote the code",
        ),
        ({"period_end": "2010-01-01"}, "period_end lies before period_start"),
        ({"extraction_date": "le 31 janvier"}, "extraction_date: input should be a valid date"),
    ],
)
def test_a_wrong_key_of_extract_yaml_is_named_with_its_place(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    assert says in refusal(small.write(tmp_path / "x", **change))


def test_a_missing_key_of_extract_yaml_is_named(tmp_path: Path) -> None:
    path = small.write(tmp_path / "x")
    meta = {k: v for k, v in small.META.items() if k != "pseudonymised"}
    (path / "extract.yaml").write_text(yaml.safe_dump(meta))
    assert "missing key 'pseudonymised'" in refusal(path)


def test_a_missing_table_is_named_with_the_tables_there_are(tmp_path: Path) -> None:
    path = small.write(tmp_path / "x")
    (path / "accompagnements.parquet").unlink()
    message = refusal(path, TableMissingError)
    assert "has no table 'accompagnements'; it holds: actes, allocations" in message


def test_an_optional_table_may_be_absent_until_a_study_needs_it(tmp_path: Path) -> None:
    engine = open_engine(threads=1)
    tables = accept_tables(read_extract(small.write(tmp_path / "x"), engine), engine)
    with pytest.raises(
        TableMissingError, match="needs table emploi_mensuel, which this extract does not hold"
    ):
        tables.table("emploi_mensuel")
    with pytest.raises(TableMissingError, match="did you mean 'jeunes'"):
        tables.table("jeune")


def test_a_csv_without_a_column_names_the_file_the_column_and_the_nearest(tmp_path: Path) -> None:
    path = small.write_csv(tmp_path / "x")
    file = path / "situations.csv"
    file.write_text(file.read_text().replace("date_debut", "date_debt"))
    assert (
        refusal(path, ColumnMissingError)
        == "situations.csv has no column 'date_debut'; did you mean 'date_debt'?"
    )


def test_a_column_of_the_wrong_type_names_both_types(tmp_path: Path) -> None:
    path = small.write(tmp_path / "x")
    table = pq.read_table(path / "actes.parquet")
    column = table.column_names.index("date_acte")
    pq.write_table(
        table.set_column(column, "date_acte", table["date_acte"].cast(pa.string())),
        path / "actes.parquet",
    )
    assert "actes.parquet, column date_acte: expected date, found string" in refusal(path)


@pytest.mark.parametrize("keep", [0, 3, 200, -10])
def test_a_truncated_parquet_is_refused(tmp_path: Path, keep: int) -> None:
    path = small.write(tmp_path / "x")
    file = path / "actes.parquet"
    file.write_bytes(file.read_bytes()[:keep])
    assert "actes.parquet cannot be read; it is truncated or damaged" in refusal(path)


def test_french_dates_that_do_not_tell_days_from_months_are_refused(tmp_path: Path) -> None:
    rows = {
        name: [
            {k: ("2022-03-04" if str(v)[4:5] == "-" else v) for k, v in row.items()} for row in data
        ]
        for name, data in small.ROWS.items()
    }
    ambiguous = small.write_csv(tmp_path / "x", rows, dates="%d/%m/%Y")
    assert refusal(ambiguous) == (
        "jeunes.csv, line 2, column date_naissance: no day above 12 tells days from months; if dates are "
        "written day/month/year, say so in extract.yaml (csv: {dates: french})"
    )
    declared = small.write_csv(tmp_path / "y", rows, dates="%d/%m/%Y", csv={"dates": "french"})
    assert same(frames(declared), small.write(tmp_path / "z", rows))


CELLS = {
    "jeunes.csv, line 3, column date_naissance: not a date (written like 9999-99-99); 1 such cells": (
        "jeunes",
        "2002-11-20",
        "2002-02-30",
    ),
    "jeunes.csv, line 3, column date_naissance: dates are written both": (
        "jeunes",
        "2002-11-20",
        "20/11/2002",
    ),
    "allocations.csv, line 2, column montant_eur: numbers are written both 1.5 and 1,5": (
        "allocations",
        "500.0",
        '"500,0"',
    ),
    "situations.csv, line 3, column heures_hebdo: not a number (written like 99A)": (
        "situations",
        "35.0",
        "35h",
    ),
    "dossiers.csv, line 2, column enfants: not a integer": ("dossiers", ",SEUL,0,", ",SEUL,deux,"),
    "accompagnements.csv, line 4: the row does not have the 11 columns of the header": (
        "accompagnements",
        "a2,2021-11-02",
        "a2,2021-11-02,x",
    ),
}


@pytest.mark.parametrize("says", CELLS)
def test_a_cell_that_cannot_be_read_is_refused_with_file_line_and_column(
    tmp_path: Path, says: str
) -> None:
    path = small.write_csv(tmp_path / "x")
    table, old, new = CELLS[says]
    file = path / f"{table}.csv"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    assert says in refusal(path)


def test_thousands_or_decimals_are_not_guessed(tmp_path: Path) -> None:
    rows = {
        n: [{k: (None if isinstance(v, float) else v) for k, v in r.items()} for r in data]
        for n, data in small.ROWS.items()
    }
    rows["allocations"] = [{**r, "montant_eur": 1.234} for r in rows["allocations"]]
    says = "allocations.csv, line 2, column montant_eur: the comma could separate decimals or thousands"
    assert says in refusal(small.write_csv(tmp_path / "x", rows, delimiter=";", decimal=","))


def test_a_file_in_no_known_encoding_is_refused_with_the_line(tmp_path: Path) -> None:
    path = small.write_csv(tmp_path / "x")
    file = path / "structures.csv"
    file.write_bytes(file.read_bytes().replace(b"ML Arras", b"ML \x81rras"))
    assert "structures.csv, line 3: the file is not utf-8 nor cp1252" in refusal(path)


def test_no_repr_shows_a_row(tmp_path: Path) -> None:
    engine = open_engine(threads=1)
    extract = read_extract(small.write(tmp_path / "x"), engine)
    tables = accept_tables(extract, engine)
    assert repr(extract) == "Extract(petit, imilo, extracted 2025-01-31, 10 tables)"
    assert repr(tables) == "Tables(petit, 10 tables, 0 rows put aside)"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Hauts-de-France", {"region": "32"}),
        ("hauts de france", {"region": "32"}),
        ("Côte-d'Or", {"departement": ("21",)}),
        ("France", {"national": True}),
    ],
)
def test_a_territory_may_be_given_by_its_name(said: str, meant: dict[str, object]) -> None:
    from evalml.extract import ExtractMeta

    meta = ExtractMeta(
        name="x", source="imilo", extraction_date="2025-01-31", territory=said,
        period_start="2024-01-01", period_end="2024-12-31", pseudonymised=True,
    )  # fmt: skip
    assert meta.territory.model_dump(exclude_none=True) == meant


def test_a_territory_nobody_knows_is_refused_with_the_nearest_name() -> None:
    from pydantic import ValidationError

    from evalml.extract import ExtractMeta

    with pytest.raises(ValidationError, match="bretagne"):
        ExtractMeta(
            name="x", source="imilo", extraction_date="2025-01-31", territory="Bretange",
            period_start="2024-01-01", period_end="2024-12-31", pseudonymised=True,
        )  # fmt: skip
