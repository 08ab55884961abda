"""The note speaks two languages alike, and what leaves goes through one door."""

from __future__ import annotations

import ast
import re

import pytest
from tests_root import ROOT

from evalml.report.words import LANGUAGES, words

REPORT = ROOT / "src" / "evalml" / "report"
PERSONS = {"engine", "extract", "tables", "synthetic", "cohort", "panel", "outcomes"}
WRITERS = {"write_bytes", "write_text", "savefig", "to_csv", "save"}


def phrases(node, path=""):
    if isinstance(node, dict):
        return {
            k: v for key, value in node.items() for k, v in phrases(value, f"{path}/{key}").items()
        }
    if isinstance(node, list):
        return {
            k: v for at, value in enumerate(node) for k, v in phrases(value, f"{path}/{at}").items()
        }
    return {path: node}


def test_both_languages_have_the_same_phrases_with_the_same_figures():
    french, english = (phrases(words(lang)) for lang in LANGUAGES)
    assert set(french) == set(english)
    for path, phrase in french.items():
        assert set(re.findall(r"\{(\w+)\}", phrase)) == set(
            re.findall(r"\{(\w+)\}", english[path])
        ), path


def test_french_phrases_hold_their_signs_with_a_space_that_does_not_break():
    for path, phrase in phrases(words("fr")).items():
        assert not re.search(r" [;:!?»]|\d %|« ", phrase), path


@pytest.mark.parametrize("path", sorted(REPORT.glob("*.py")), ids=lambda p: p.name)
def test_a_report_imports_nothing_that_holds_persons(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("evalml."):
            assert node.module.split(".")[1] not in PERSONS, f"{path.name}: {node.module}"


def test_only_the_gate_makes_what_may_leave():
    for path in (ROOT / "src" / "evalml").rglob("*.py"):
        if path.name == "gate.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            assert not (isinstance(called, ast.Name) and called.id == "Released"), path.name
            assert not (isinstance(node, ast.Name) and node.id == "_GATE"), path.name


def test_the_files_of_the_report_that_write_are_known():
    writing = set()
    for path in REPORT.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in WRITERS
            ):
                writing.add(path.name)
    assert writing <= {
        "results.py",
        "figures_style.py",
        "note.py",
        "docx_finish.py",
        "release.py",
    }
