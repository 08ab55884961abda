"""Two vintages: every planted change is found, one vintage twice gives nothing."""

from __future__ import annotations

import datetime as dt
import json
from copy import deepcopy
from typing import TYPE_CHECKING

import pytest
from tests.unit.extract import small_extract as small
from typer.testing import CliRunner

from evalml.cli.extract import app
from evalml.engine import open_engine
from evalml.errors import ExtractError
from evalml.extract import read_extract
from evalml.tables import accept_tables
from evalml.tables.vintage import VintageDiff, diff_vintages, entry_profile, incomplete_months

if TYPE_CHECKING:
    from pathlib import Path

Rows = dict[str, list[dict[str, object]]]


def compared(tmp_path: Path, old: Rows, new: Rows) -> VintageDiff:
    engine = open_engine(threads=1)
    paths = (
        small.write(tmp_path / "old", old),
        small.write(tmp_path / "new", new, extraction_date="2025-04-30"),
    )
    before, after = (accept_tables(read_extract(p, engine), engine) for p in paths)
    return diff_vintages(before, after, engine)


def movements(diff: VintageDiff) -> dict[tuple[str, str], int]:
    return {(t, w): n for t, w, n in diff.movements.itertuples(index=False)}


def test_one_vintage_twice_gives_an_empty_diff(tmp_path: Path) -> None:
    assert compared(tmp_path, small.ROWS, small.ROWS).empty


def test_every_known_change_is_found_once(tmp_path: Path) -> None:
    new = deepcopy(small.ROWS)
    person = {**new["jeunes"][0], "id_jeune": "p9"}
    new["jeunes"] = [*new["jeunes"][:2], person]  # p3 gone, p9 added
    for table in (
        "dossiers",
        "situations",
        "actes",
        "iae_candidatures",
        "iae_pass",
        "iae_contrats",
    ):
        new[table] = [r for r in new[table] if r["id_jeune"] != "p3"]
    new["situations"][1]["date_fin"] = "2024-11-30"  # s2 closed
    new["situations"][0]["date_fin"] = None  # s1 reopened
    new["situations"][2] |= {
        "date_fin": "2022-02-20",
        "date_debut": "2021-10-04",
    }  # s3 moved at both ends
    new["accompagnements"][0]["motif_fin"] = "EMPLOI_COURT"
    new["situations"] += [
        # Begun before the old extraction (2025-01-31), entered after it, 3 months late.
        {
            **small.ROWS["situations"][1],
            "id_situation": "s8",
            "date_debut": "2024-12-02",
            "date_saisie": "2025-03-03",
        },
        {
            **small.ROWS["situations"][1],
            "id_situation": "s9",
            "date_debut": "2025-03-01",
            "date_saisie": "2025-03-03",
        },
    ]
    diff = compared(tmp_path, small.ROWS, new)
    assert movements(diff) == {
        ("jeunes", "added"): 1,
        ("jeunes", "gone"): 1,
        ("dossiers", "gone"): 1,
        ("situations", "added after the old extraction"): 1,
        ("situations", "added late"): 1,
        ("situations", "gone"): 1,
        ("situations", "closed"): 1,
        ("situations", "reopened"): 1,
        ("situations", "end moved"): 1,
        ("situations", "start moved"): 1,
        ("accompagnements", "other columns changed"): 1,
    }
    assert diff.delays.to_dict("records") == [{"table": "situations", "months": 3, "rows": 1}]
    # s9 begins after the month of the old extraction: it explains no change of a known month.
    assert diff.indicators.to_dict("records") == [
        {"indicator": "employment spells begun", "month": "2024-12", "old": 0, "new": 1}
    ]


def test_an_entry_added_late_changes_the_month_it_belongs_to(tmp_path: Path) -> None:
    new = deepcopy(small.ROWS)
    new["accompagnements"].append(
        {
            **new["accompagnements"][0],
            "id_accompagnement": "a9",
            "id_jeune": "p3",
            "id_dossier": "d3",
            "date_debut": "2023-02-01",
            "date_fin": "2023-05-31",
            "date_saisie": "2025-02-10",
        }
    )
    diff = compared(tmp_path, small.ROWS, new)
    assert diff.indicators[["indicator", "month", "old", "new"]].to_numpy().tolist() == [
        ["entries CEJ", "2023-02", 0, 1],
        ["exits CEJ", "2023-05", 0, 1],
    ]


def test_recent_months_are_said_incomplete_from_the_delays_of_older_ones(tmp_path: Path) -> None:
    """Half the rows entered at once, half two months later: the last two months are half full."""
    rows = deepcopy(small.ROWS)
    rows["situations"] = [
        {
            **small.ROWS["situations"][0],
            "id_situation": f"s{m}{late}",
            "date_debut": f"2023-{m:02d}-10",
            "date_fin": f"2023-{m:02d}-20",
            "date_saisie": str(dt.date(2023 + (m + late - 1) // 12, (m + late - 1) % 12 + 1, 15)),
        }
        for m in range(1, 13)
        for late in (0, 2)
    ]
    engine = open_engine(threads=1)
    tables = accept_tables(read_extract(small.write(tmp_path / "x", rows), engine), engine)
    assert entry_profile(tables, "situations", engine).iloc[:4].tolist() == [0.5, 0.5, 1.0, 1.0]
    months = incomplete_months(tables, engine).query("table == 'situations'")
    assert months[["month", "expected_share"]].to_numpy().tolist() == [
        ["2025-01", 0.5],
        ["2024-12", 0.5],
    ]


def test_the_command_writes_the_tables_and_hides_small_counts(tmp_path: Path) -> None:
    new = deepcopy(small.ROWS)
    new["jeunes"].append({**new["jeunes"][0], "id_jeune": "p9"})
    paths = (
        small.write(tmp_path / "old"),
        small.write(tmp_path / "new", new, extraction_date="2025-04-30"),
    )
    result = CliRunner().invoke(
        app, ["diff", *map(str, paths), "--out", str(tmp_path / "out"), "--json"]
    )
    assert json.loads(result.output)["movements"] == [
        {"table": "jeunes", "what": "added", "rows": 1}
    ]
    assert (tmp_path / "out" / "movements.csv").read_text() == "table,what,rows\njeunes,added,1\n"
    hidden = CliRunner().invoke(app, ["diff", *map(str, paths), "--min-count", "11"])
    assert "jeunes added < 11" in " ".join(hidden.output.split())


def test_vintages_in_the_wrong_order_are_refused(tmp_path: Path) -> None:
    old, new = (
        small.write(tmp_path / "old"),
        small.write(tmp_path / "new", extraction_date="2025-04-30"),
    )
    result = CliRunner().invoke(app, ["diff", str(new), str(old)])
    assert isinstance(result.exception, ExtractError)


@pytest.mark.parametrize("words", [["diff", "a", "b"]])
def test_a_vintage_that_is_not_there_is_refused(words: list[str]) -> None:
    assert isinstance(CliRunner().invoke(app, words).exception, ExtractError)
