"""The files of data/reference and the pages written from the code say what the code says."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from evalml.codes import code_lists
from evalml.extract.page import code_list_rows, contract_page
from evalml.rules import programmes
from evalml.rules.read import rules_page

ROOT = Path(__file__).resolve().parents[3]


def test_the_contract_page_is_the_one_the_code_writes() -> None:
    assert (ROOT / "docs/reference/contract.md").read_text(encoding="utf-8") == contract_page()


def test_the_rules_page_is_the_one_the_code_writes() -> None:
    assert (ROOT / "docs/reference/rules.md").read_text(encoding="utf-8") == rules_page()
    assert all(f"## {p}" in rules_page() for p in programmes())


def test_the_code_lists_are_those_of_the_code_with_their_source() -> None:
    with (ROOT / "data/reference/code_lists.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows == code_list_rows()
    assert {r[0] for r in rows[1:]} == set(code_lists())
    assert all(r[4] for r in rows[1:])


def test_the_directory_holds_the_42_missions_locales_of_hauts_de_france() -> None:
    """Counts by département as in the directory of the 2024 report (AREFIE)."""
    with (ROOT / "data/reference/missions_locales_hdf.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert Counter(r["code_departement"] for r in rows) == {
        "59": 16,
        "62": 9,
        "02": 6,
        "60": 8,
        "80": 3,
    }
    assert len({r["nom"] for r in rows}) == 42
    assert all(r["commune"] and r["source"] for r in rows)
