"""Spark answers as DuckDB does: expression by expression, and whatever an extract is written in."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.extract import small_extract as small

import evalml as ev
from evalml.engine import (
    bit_or,
    cases,
    coalesce,
    exact_mean,
    exact_sum,
    greatest,
    hash_of,
    ifelse,
    interval,
    latest,
    least,
    literal,
    month_label,
    month_of,
    row_number,
    span,
    window,
)
from evalml.errors import ExtractError

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def duckdb():
    return ev.open_engine(threads=1)


def persons(rows=400):
    """Rows with every trap: nulls, ties, accents, ends of months, negative numbers."""
    rng = np.random.Generator(np.random.PCG64(3))
    start = dt.date(2019, 12, 25)
    days = [start + dt.timedelta(days=int(d)) for d in rng.integers(0, 900, rows)]
    ends = [d + dt.timedelta(days=int(n)) if n < 300 else None
            for d, n in zip(days, rng.integers(-20, 400, rows), strict=True)]  # fmt: skip
    word = ["é", "E", None, "zoé", "", "Ç", "a b"]
    return pa.table({
        "id": [f"P{n:05d}" for n in rng.permutation(rows)],
        "person": [f"J{n}" for n in rng.integers(0, 60, rows)],
        "word": [word[n] for n in rng.integers(0, len(word), rows)],
        "day": pa.array(days, pa.date32()),
        "end": pa.array(ends, pa.date32()),
        "n": pa.array([None if n > 45 else int(n) for n in rng.integers(-50, 50, rows)], pa.int64()),
        "x": [None if u > 0.9 else round(float(u) * 4000 - 1000, 2) for u in rng.random(rows)],
        "yes": [None if u > 0.8 else bool(u > 0.4) for u in rng.random(rows)],
    })  # fmt: skip


def by_row(t):
    """Expressions of one row."""
    return t.select(
        "id",
        month=month_of(t.day),
        label=month_label(month_of(t.day)),
        hashed=hash_of(t.id),
        no_hash=hash_of(t.word),
        low=least(t.n, month_of(t.day)),
        high=greatest(t.n, 0),
        first=coalesce(t.word, t.person),
        floor=(t.n - 7) // 12,
        rest=month_of(t.day) % 12,
        late=t.day + interval(days=31) > t.end,
        later=t.day + interval(months=1),
        older=t.day + interval(years=16),
        length=(t.end - t.day).cast("int64"),
        start=t.day.truncate("M"),
        rank=cases((t.word == "é", 0), (t.yes, 1), else_=None),
        both=(t.yes | (t.n > 0)).fill_null(False),
        neither=~t.yes,
        some=t.word.isin(("é", "Ç")).fill_null(False),
        other=t.word.notin(("é", "Ç")),
        empty=t.word.nullif(""),
        plain=t.x.cast("float64").fill_null(0.0),
        whole=t.x.round().cast("int64"),
        share=t.x / 7,
        third=t.n / 2.7,
        tenth=t.n * 0.1,
        dear=t.n / 3 > 0.1,
        small=t.yes.cast("int8"),
        bits=(literal(1, "int64") << (t.n.fill_null(0) % 7 + 7).cast("int32")),
        either=ifelse(t.yes, t.n, None),
        upper=t.word.upper(),
    )


def by_person(t):
    """Aggregates of a group."""
    return t.group_by("person").agg(
        n=t.count(),
        days=t.day.nunique(),
        words=t.word.nunique(where=t.yes),
        total=t.n.sum(),
        when=t.day.min(where=t.n > 0),
        last=t.end.max(),
        any_yes=t.yes.any(),
        all_yes=t.yes.all(),
        mean=t.n.mean(),
        euros=exact_sum(t.x),
        each=exact_mean(t.x / 3),
        some=exact_mean(t.x, where=t.yes),
        kept=latest(t.word, t.day, t.id),
        bits=bit_or(literal(1, "int64") << (t.day.month() - 1).cast("int32")),
        none=t.n.sum(where=t.n > 1000),
    )


def by_place(t):
    """Windows: order with nulls and ties broken by the hash."""
    order = window(group_by="person", order_by=[t.day.desc(), hash_of(t.id)])
    before = window(group_by="person", order_by=[t.day, t.id], preceding=(None, 1))
    so_far = window(group_by="person", order_by=[t.day, t.id], following=0)
    return t.select(
        "id",
        place=row_number().over(order),
        latest=t.end.max().over(before),
        total=t.n.fill_null(0).sum().over(so_far),
        previous=t.n.lag().over(window(group_by="person", order_by=[t.day, t.id])),
        by_null=row_number().over(window(group_by="person", order_by=[t.end, t.id])),
        by_null_down=row_number().over(window(group_by="person", order_by=[t.n.desc(), t.id])),
    )


def by_month(t):
    """Rows of an array."""
    t = t.filter(t.end.notnull())
    months = span(month_of(t.day), month_of(t.end))
    return t.select("id", at=months.unnest())


def joined(t):
    """Joins on keys, on intervals, and the rows that find nobody."""
    other = t.filter(t.yes).select("person", since="day", until="end")
    near = t.join(other, ["person", t.day >= other.since, t.day <= other.until])
    outside = t.anti_join(other, ["person", t.day >= other.since])
    return near.group_by("id").agg(n=near.count()).outer_join(
        outside.select("id", m=outside.n), "id"
    ).order_by("id", "id_right")  # fmt: skip


@pytest.mark.parametrize("expression", [by_row, by_person, by_place, by_month, joined])
def test_an_expression_means_the_same_on_both_engines(spark, duckdb, expression):
    rows = persons()
    asked = expression(duckdb.take(rows.to_reader(), duckdb.fresh_name("persons")))
    wanted = duckdb.fetch(asked)
    here = spark.local.take(rows.to_reader(), spark.fresh_name("persons"))
    found = spark.fetch(expression(spark.adopt(here, spark.fresh_name("adopted"))))
    assert len(wanted) > 40
    pd.testing.assert_frame_equal(found, wanted)


def test_a_kept_result_has_the_types_of_its_expression_and_a_name_of_its_own(spark, duckdb):
    rows = persons()
    here = spark.adopt(spark.local.take(rows.to_reader(), "typed"), "typed_on_spark")
    first = spark.keep(by_person(here), "kept_twice")
    second = spark.keep(by_person(here.filter(here.n > 0)), "kept_twice")
    assert first.schema() == by_person(duckdb.take(rows.to_reader(), "typed")).schema()
    assert len(spark.fetch(first)) == 60 > len(spark.fetch(second)[lambda f: f.total < 0])
    assert [n for n, _ in spark.statements][-2:] == ["kept_twice", "kept_twice_2"]


def accepted(folder, engine):
    tables = ev.accept_tables(ev.read_extract(folder, engine), engine)
    names = ("jeunes", "dossiers", "situations", "emploi_mensuel", "structures")
    frames = {n: engine.fetch(tables.table(n)) for n in names if n in tables.tables}
    return frames, tables.rejects


def test_a_session_of_this_machine_is_closed_without_a_word_and_can_go_on(spark):
    dataclasses.replace(spark, scratch=None).close()
    assert spark.fetch(spark.memtable(pd.DataFrame({"x": [1]})))["x"].tolist() == [1]


def test_a_csv_extract_reads_on_spark_as_on_duckdb(spark, duckdb, tmp_path):
    folder = small.write_csv(tmp_path / "csv", delimiter=";", encoding="cp1252", dates="%d/%m/%Y")
    wanted, found = accepted(folder, duckdb)[0], accepted(folder, spark)[0]
    for name, frame in wanted.items():
        pd.testing.assert_frame_equal(found[name], frame)


def test_rows_put_aside_are_the_same_on_spark(spark, duckdb, tmp_path):
    folder = small.write(tmp_path / "dirty")
    path = folder / "situations.parquet"
    rows = pq.ParquetFile(path).read()
    twice = pa.concat_tables([rows, rows.slice(0, 1)])
    stranger = pa.array(["nobody", *rows["id_jeune"].to_pylist()[1:], "p1"])
    pq.write_table(
        twice.set_column(rows.column_names.index("id_jeune"), "id_jeune", stranger), path
    )
    wanted, found = accepted(folder, duckdb), accepted(folder, spark)
    assert set(wanted[1]["rule"]) == {"orphan_key", "duplicate_key"}
    pd.testing.assert_frame_equal(found[1], wanted[1])
    pd.testing.assert_frame_equal(found[0]["situations"], wanted[0]["situations"])


def test_a_column_without_type_or_in_nanoseconds_reads_on_spark(spark, duckdb, tmp_path):
    folder = small.write(tmp_path / "odd")
    path = folder / "situations.parquet"
    rows = pq.ParquetFile(path).read()
    place = rows.column_names.index("date_debut")
    rows = rows.set_column(place, "date_debut", rows["date_debut"].cast(pa.timestamp("ns")))
    place = rows.column_names.index("siae_type")
    rows = rows.set_column(place, "siae_type", pa.nulls(len(rows)))
    pq.write_table(rows, path)
    wanted, found = accepted(folder, duckdb)[0], accepted(folder, spark)[0]
    pd.testing.assert_frame_equal(found["situations"], wanted["situations"])


def test_a_damaged_file_is_refused_in_one_sentence_without_a_value(spark, tmp_path):
    folder = small.write(tmp_path / "cut")
    path = folder / "actes.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ExtractError, match=r"actes\.parquet cannot be read") as refused:
        ev.read_extract(folder, spark)
    assert "\n" not in str(refused.value)
