"""A study whose design its notebook cannot run is refused before a kernel starts."""

from __future__ import annotations

import nbformat
import pytest
from tests_root import ROOT, study_files

from evalml.errors import StudyError
from evalml.run.notebook import refuse_design
from evalml.study import read_study

COHORTS = ("cej", "pacea", "parrainage", "iae")


@pytest.mark.parametrize("path", study_files(), ids=lambda p: p.stem)
def test_every_study_has_a_notebook_that_runs_its_design(path):
    study = read_study(path)
    refuse_design(study, ROOT / "notebooks" / f"{study.notebook}.ipynb")


def test_another_design_is_refused_with_those_the_notebook_runs():
    study = read_study(ROOT / "params" / "iae_2024_hdf.yaml")
    with pytest.raises(StudyError, match=r"'nsw' cannot run accepted_refused; it runs cross_sec"):
        refuse_design(study, ROOT / "notebooks" / "nsw.ipynb")


def test_a_notebook_that_names_no_design_takes_them_all(tmp_path):
    path = tmp_path / "free.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    refuse_design(read_study(ROOT / "params" / "iae_2024_hdf.yaml"), path)


@pytest.mark.parametrize("name", COHORTS)
def test_the_notebooks_of_the_programmes_name_theirs(name):
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    assert notebook.metadata["evalml"]["designs"]
