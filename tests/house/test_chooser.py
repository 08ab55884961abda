"""The page of the chooser and the page of the validation say what the tables say."""

from __future__ import annotations

import csv

from tests_root import ROOT

from evalml.comparison.needs import NEEDS
from evalml.study import DESIGNS, METHODS, methods_of
from evalml.validation import SCENARIOS


def test_the_page_of_the_chooser_has_not_drifted():
    from tools.docs_chooser import chooser_page

    page = ROOT / "docs" / "explanation" / "choose-a-method.md"
    assert page.read_text(encoding="utf-8") == chooser_page(), "run `make docs`"


def test_the_page_of_the_validation_has_not_drifted():
    from tools.docs_validation import validation_page

    page = ROOT / "docs" / "methods" / "validation.md"
    assert page.read_text(encoding="utf-8") == validation_page(), "run `make docs`"


def test_every_design_names_needs_that_are_judged_and_has_methods():
    for design in DESIGNS.values():
        assert set(design.needs) <= set(NEEDS), design.name
        assert methods_of(design.estimator), design.name
    assert {name for design in DESIGNS.values() for name in design.needs} == set(NEEDS)


def test_every_method_leads_to_a_page():
    for method in METHODS.values():
        assert (ROOT / "docs" / "methods" / method.page).is_file(), method.name


def test_the_committed_validation_holds_every_design_and_method():
    with (ROOT / "docs" / "methods" / "validation.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    found = [(row["design"], row["method"]) for row in rows]
    assert found == [(s.name, m) for s in SCENARIOS.values() for m in s.methods]
    assert all(int(row["replications"]) >= 500 for row in rows)


def test_the_page_says_why_wherever_a_method_does_not_hold():
    from tools.docs_validation import NOTES

    with (ROOT / "docs" / "methods" / "validation.csv").open(encoding="utf-8") as stream:
        odd = [r for r in csv.DictReader(stream) if not r["flaw"] and r["verdict"] != "holds"]
    assert {(row["design"], row["method"]) for row in odd} == set(NOTES)
