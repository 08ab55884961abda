"""Notebooks stay documents: stripped, short cells, no logic, parameters that papermill reads whole."""

from __future__ import annotations

import ast
from collections import defaultdict

import nbformat
import papermill
import pytest
from tests_root import ROOT, study_files

from evalml.evaluation import PARAMETERS
from evalml.study import read_study

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
STUDIES = [n for n in NOTEBOOKS if n.stem in {read_study(p).notebook for p in study_files()}]
LOGIC = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Try, ast.Lambda, ast.If)
LONGEST = 12


def code_cells(path):
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def parameter_cells(path):
    return [c for c in code_cells(path) if "parameters" in c.metadata.get("tags", [])]


def test_there_are_notebooks():
    assert {p.stem for p in NOTEBOOKS} >= {"00_start_here", "cej", "nsw"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_carries_no_output(path):
    for cell in code_cells(path):
        assert cell.outputs == []
        assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_has_one_title_and_a_kernel(path):
    notebook = nbformat.read(path, as_version=4)
    titles = [
        line
        for c in notebook.cells
        if c.cell_type == "markdown"
        for line in c.source.splitlines()
        if line.startswith("# ")
    ]
    assert len(titles) == 1
    assert notebook.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_cells_are_short_and_hold_no_logic(path):
    for cell in code_cells(path):
        tree = ast.parse(cell.source)
        assert not [n for n in ast.walk(tree) if isinstance(n, LOGIC)], cell.source
        if "parameters" not in cell.metadata.get("tags", []):
            assert len(cell.source.splitlines()) <= LONGEST, cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_imports_evalml_only(path):
    for cell in code_cells(path):
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, ast.ImportFrom)
            if isinstance(node, ast.Import):
                assert [a.name for a in node.names] == ["evalml"]


@pytest.mark.parametrize("path", STUDIES, ids=lambda p: p.stem)
def test_papermill_reads_the_whole_parameters_cell_and_it_holds_what_a_rerun_changes(path):
    [cell] = parameter_cells(path)
    read = papermill.inspect_notebook(str(path))
    assert tuple(read) == PARAMETERS
    assert all(p["help"] for p in read.values())
    assert len(cell.source.splitlines()) == len(PARAMETERS)
    assert read_study(ast.literal_eval(read["study"]["default"])).notebook == path.stem


@pytest.mark.parametrize("path", study_files(), ids=lambda p: p.stem)
def test_a_params_file_is_a_study_named_after_its_file(path):
    assert read_study(path).study == path.stem


@pytest.mark.parametrize("path", STUDIES, ids=lambda p: p.stem)
def test_the_notebook_of_a_study_is_about_a_dozen_cells_of_code(path):
    assert len(code_cells(path)) <= 14


def test_no_two_notebooks_tell_the_same_story():
    told_in = defaultdict(list)
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                for paragraph in cell.source.split("\n\n"):
                    told_in[paragraph].append(path.stem)
    twice = {text: names for text, names in told_in.items() if len(set(names)) > 1}
    assert set(twice) <= {"## 1. Le protocole"}, twice
