"""What is told of a whole table agrees with what is told of its rows one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from tests.unit.extract import small_extract as small

from evalml.engine import duck, open_engine
from evalml.extract import contract, read_extract
from evalml.extract.schema import to_contract
from evalml.tables import accept_tables
from evalml.tables.row_rules import ROW_RULES, Known, flagged

if TYPE_CHECKING:
    from pathlib import Path

    from evalml.engine import Engine, Table


@pytest.fixture
def engine() -> Engine:
    return open_engine(threads=1)


@pytest.mark.parametrize("at_a_time", [2, 30_000_000])
@pytest.mark.parametrize(("last", "repeated"), [("e", False), ("b", True), (None, False)])
def test_a_key_that_appears_twice_is_found_however_many_are_sorted_at_a_time(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    at_a_time: int,
    last: str | None,
    repeated: bool,
) -> None:
    monkeypatch.setattr(duck, "HASHES", at_a_time)
    frame = pd.DataFrame({"key": ["a", "b", "c", "d", last], "n": range(5)})
    rows = engine.keep(engine.memtable(frame), "rows")
    assert engine.repeats(rows, ["key"], 5) is repeated
    assert not engine.repeats(rows, ["key", "n"], 5)


def test_two_keys_with_one_hash_are_compared_by_their_values(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = engine.keep(engine.memtable(pd.DataFrame({"key": ["a", "b"]})), "rows")
    by_value, asked = duck.Engine._repeats, []

    def watched(self: Engine, rows: Table, key: list[str]) -> bool:
        asked.append(key)
        return by_value(self, rows, key)

    monkeypatch.setattr(duck.Engine, "_repeats", watched)
    assert not engine.repeats(rows, ["key"], 2)
    assert asked == []
    engine.backend.con.execute("CREATE MACRO hash(x) AS 1::UBIGINT")
    assert not engine.repeats(rows, ["key"], 2)
    assert asked == [["key"]]


def test_an_empty_text_is_null_and_breaks_no_rule_where_a_column_may_be_empty(
    tmp_path: Path, engine: Engine
) -> None:
    first = {**small.ROWS["actes"][0], "id_acte": "c9", "theme": ""}
    path = small.write(tmp_path / "x", small.tables(actes=[first]))
    tables = accept_tables(read_extract(path, engine), engine)
    assert tables.rejects.empty
    acts = engine.fetch(tables.table("actes")).set_index("id_acte")
    assert pd.isna(acts.loc["c9", "theme"])


BROKEN = {
    "missing_value": {"statut": ""},
    "impossible_date": {"date_saisie": "1899-12-31"},
    "orphan_key": {"id_dossier": "d9"},
    "code_not_in_list": {"theme": "AILLEURS"},
    "event_before_birth": {"date_acte": "2003-04-01"},
    "future_date": {"date_acte": "2025-02-01"},
}


@pytest.mark.parametrize("rule", BROKEN)
def test_the_rule_of_one_row_among_others_is_the_one_that_rows_are_told_one_by_one(
    tmp_path: Path, engine: Engine, rule: str
) -> None:
    wrong = {**small.ROWS["actes"][0], "id_acte": "c9", **BROKEN[rule]}
    path = small.write(tmp_path / "x", small.tables(actes=[wrong]))
    extract = read_extract(path, engine)
    tables = accept_tables(extract, engine)
    assert tables.rejects.to_numpy().tolist() == [["actes", rule, 1]]
    table, known = contract.table("actes"), Known(extract.meta.extraction_date)
    for name in ("jeunes", "dossiers"):
        known.learn(contract.table(name), tables.table(name), None)
    rows = flagged(to_contract(extract.tables["actes"], table), table, known, ROW_RULES)
    told = engine.fetch(rows).set_index("id_acte")["rule"]
    assert told["c9"] == rule
    assert told.drop("c9").isna().all()
