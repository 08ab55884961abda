"""Moves stitched under a declared gap, and structures followed through mergers."""

from __future__ import annotations

import datetime as dt
from copy import deepcopy
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from tests.unit.extract import small_extract as small

from evalml.engine import open_engine
from evalml.errors import ExtractError
from evalml.extract import read_extract
from evalml.tables import accept_tables
from evalml.tables.crosswalk import in_charge, with_structure_in_charge
from evalml.tables.stitch import stitch_spells

if TYPE_CHECKING:
    from pathlib import Path


def spells(*rows: tuple[str, str, str, str | None, int]) -> pd.DataFrame:
    frame = pd.DataFrame(
        rows, columns=["id_accompagnement", "id_dossier", "date_debut", "date_fin", "rang"]
    )
    for column in ("date_debut", "date_fin"):
        frame[column] = [None if pd.isna(d) else dt.date.fromisoformat(d) for d in frame[column]]
    return frame.assign(id_jeune="p1", dispositif="PACEA")


def stitched(frame: pd.DataFrame, gap_days: int) -> list[tuple[str, str, str | None, int]]:
    engine = open_engine(threads=1)
    out = engine.fetch(stitch_spells(engine.memtable(frame), gap_days)).sort_values("date_debut")
    end = [None if pd.isna(d) else str(pd.Timestamp(d).date()) for d in out["date_fin"]]
    start = [str(pd.Timestamp(d).date()) for d in out["date_debut"]]
    return list(zip(out["id_accompagnement"], start, end, out["parts"], strict=True))


MOVE = (("a1", "d1", "2022-01-01", "2022-06-30", 1), ("a2", "d2", "2022-08-15", "2023-01-31", 1))


def test_a_move_within_the_gap_is_one_spell_and_beyond_it_two() -> None:
    frame = spells(*MOVE)  # 46 days between the two
    assert stitched(frame, 46) == [("a1", "2022-01-01", "2023-01-31", 2)]
    assert len(stitched(frame, 45)) == 2


def test_a_spell_that_goes_on_keeps_the_stitched_one_open() -> None:
    frame = spells(
        ("a1", "d1", "2022-01-01", "2022-06-30", 1),
        ("a2", "d2", "2022-07-01", None, 1),
        ("a3", "d2", "2022-09-01", "2022-10-01", 2),
    )
    assert stitched(frame, 0 + 31) == [("a1", "2022-01-01", None, 3)]


def test_a_short_spell_inside_a_long_one_ends_nothing() -> None:
    frame = spells(
        ("a1", "d1", "2022-01-01", "2022-12-31", 1),
        ("a2", "d1", "2022-03-01", "2022-04-01", 1),
        ("a3", "d1", "2023-01-10", "2023-02-01", 2),
    )
    assert stitched(frame, 31) == [("a1", "2022-01-01", "2023-02-01", 3)]


def structures(*rows: tuple[str, str, str | None, str | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["id_structure", "valide_du", "valide_au", "remplacee_par"])


def test_mergers_are_followed_from_the_day_they_take_effect() -> None:
    places = structures(
        ("A", "2005-01-01", "2019-12-31", "B"),
        ("B", "2005-01-01", "2022-12-31", "C"),
        ("C", "2005-01-01", None, None),
    )
    assert in_charge(places, dt.date(2019, 12, 31)).to_dict() == {"A": "A", "B": "B", "C": "C"}
    assert in_charge(places, dt.date(2020, 1, 1)).to_dict() == {"A": "B", "B": "B", "C": "C"}
    assert in_charge(places, dt.date(2023, 1, 1)).to_dict() == {"A": "C", "B": "C", "C": "C"}


def test_a_circle_of_mergers_is_refused() -> None:
    places = structures(
        ("A", "2005-01-01", "2019-12-31", "B"), ("B", "2005-01-01", "2019-12-31", "A")
    )
    with pytest.raises(ExtractError, match="circle"):
        in_charge(places, dt.date(2023, 1, 1))


def test_files_get_the_structure_in_charge_without_gaining_rows(tmp_path: Path) -> None:
    rows = deepcopy(small.ROWS)
    rows["structures"][1] |= {"valide_au": "2023-12-31", "remplacee_par": "59350S00"}
    engine = open_engine(threads=1)
    tables = accept_tables(read_extract(small.write(tmp_path / "x", rows), engine), engine)
    files = tables.table("dossiers")
    for day, expected in ((dt.date(2023, 6, 1), 2), (dt.date(2024, 6, 1), 1)):
        out = engine.fetch(with_structure_in_charge(files, tables, day, engine))
        assert (len(out), out["id_structure"].nunique(), list(out.columns)) == (
            3,
            expected,
            list(files.columns),
        )
