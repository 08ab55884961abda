"""The studies of params/, run once for every test that looks at a run."""

from __future__ import annotations

import pytest
from runs.small import evalml
from tests.conftest import world_of

COHORTS = (
    "cej_2022_hdf", "gj_2017_hdf", "iae_2024_hdf", "pacea_2019_hdf", "parrainage_2024_hdf",
)  # fmt: skip
"""One study per programme and design; the others differ by a year or a place."""
OPENING = "gj_2013_2016_france"
"""The study of a roll-out, which compares areas."""


def ran(root, extract, *studies):
    """Run studies in one batch, and return the folder of their runs."""
    words = ("batch", *studies, "--extract", extract, "--out", root / "runs", "--jobs", "2")
    done = evalml(*words)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return root / "runs"


@pytest.fixture(scope="session")
def decade(tmp_path_factory):
    """Ten years of Hauts-de-France, 8 000 persons."""
    return world_of(tmp_path_factory, "decade", world="decade", people=8000, seed=7)


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    """France where the Garantie jeunes opens area by area."""
    return world_of(tmp_path_factory, "gj_areas", world="gj_areas", people=12_000, seed=4)


@pytest.fixture(scope="session")
def runs(tmp_path_factory, decade):
    """The runs of the studies that compare persons."""
    return ran(tmp_path_factory.mktemp("params"), decade, *COHORTS)


@pytest.fixture(scope="session")
def openings(tmp_path_factory, opened):
    """The run of the study that compares areas."""
    return ran(tmp_path_factory.mktemp("openings"), opened, OPENING)


def the_run(runs, name):
    """Return the one run of a study."""
    [folder] = [p.parent for p in (runs / name).glob("[0-9]*/manifest.json")]
    return folder
