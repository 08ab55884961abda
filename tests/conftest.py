"""What several families of tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from evalml.run.kernel_pool import import_nbformat

import_nbformat()  # before anybody imports it with a grammar that takes two seconds
settings.register_profile("house", derandomize=True, database=None)
settings.load_profile("house")
"""The same examples at every run: a failure is never luck, and can be seen again."""

ROOT = Path(__file__).resolve().parents[1]

HEAVY = {
    "explorer/test_data.py",
    "house/test_words.py",
    "notebooks/test_activite.py",
    "notebooks/test_runs.py",
    "oracle/test_checks_event_study.py",
    "oracle/test_did_persons.py",
    "oracle/test_experiment.py",
    "oracle/test_indicators_from_sources.py",
    "oracle/test_published_pencil.py",
    "oracle/test_rollout_against_peers.py",
    "properties/test_effects_invariance.py",
    "properties/test_extract_fuzz.py",
    "properties/test_month_sets.py",
    "properties/test_over_time_invariance.py",
    "properties/test_plain_engine.py",
    "spec/test_cohort_and_panel.py",
    "spec/test_designs.py",
    "spec/test_indicators.py",
    "spec/test_intensity.py",
    "spec/test_money_and_controls.py",
    "spec/test_outcomes.py",
    "spec/test_what_the_extract_holds.py",
    "unit/areas/test_first_demands.py",
    "unit/comparison/test_comparison_packed.py",
    "unit/disclosure/test_judge.py",
    "unit/extract/test_extract_check.py",
    "unit/extract/test_extract_convert.py",
    "unit/extract/test_extract_pseudonymise.py",
    "unit/extract/test_extract_read.py",
    "unit/extract/test_recipes.py",
    "unit/indicators/test_cohort_pictures.py",
    "unit/indicators/test_indicators_shown.py",
    "unit/published/test_published_documents.py",
    "unit/published/test_published_frames.py",
    "unit/published/test_published_planted.py",
    "unit/reading/test_reading_tables.py",
    "unit/report/test_commands.py",
    "unit/report/test_english_note.py",
    "unit/report/test_figures.py",
    "unit/report/test_note.py",
    "unit/report/test_protect.py",
    "unit/report/test_release.py",
    "unit/report/test_release_truth.py",
    "unit/tables/test_scorecard_planted.py",
    "unit/tables/test_scorecard_synthetic.py",
    "unit/tables/test_screen.py",
    "unit/tables/test_vintages.py",
    "unit/test_bench.py",
    "unit/test_checks_sensitivity.py",
    "unit/test_evaluate.py",
    "unit/test_examples.py",
    "unit/test_explain.py",
    "unit/test_opening_checks.py",
    "unit/test_project.py",
    "unit/test_secondary.py",
    "unit/test_study_examples.py",
    "unit/test_synthetic_defects.py",
    "unit/test_synthetic_world.py",
    "unit/test_validate.py",
}
"""Files whose tests open engines, render notes or make worlds: slow together."""


SPREAD = {"properties/test_extract_fuzz.py"}
"""Files whose tests share nothing: each goes to the worker that is free."""

TOGETHER = {
    "notebooks/test_garantie_jeunes.py": "openings",
    "notebooks/test_params.py::test_a_study_of_areas_runs_from_its_file_to_its_note": "openings",
    "notebooks/test_params.py": "params",
    "notebooks/test_runs.py::test_a_run_leaves": "params",
    "notebooks/test_runs.py::test_no_count_below": "params",
    "notebooks/test_runs.py::test_no_person": "params",
    "notebooks/test_runs.py::test_the_executed_notebook": "params",
    "notebooks/test_runs.py::test_the_manifest": "params",
    "notebooks/test_runs.py::test_nsw_gives": "nsw",
    "notebooks/test_runs.py::test_the_command_that_a_note": "nsw",
    "notebooks/test_runs.py::test_plain_papermill": "nsw",
    "notebooks/test_runs.py::test_the_first_notebook": "start",
}
"""Tests of several files that share the runs a fixture made, by the beginning of their names."""


def group_of(nodeid: str) -> str:
    """Return what keeps tests in one worker: the group that names them, or their file."""
    name = nodeid.removeprefix("tests/")
    path = name.split("::")[0]
    if path in SPREAD:
        return name
    named = [start for start in TOGETHER if name.startswith(start)]
    return TOGETHER[max(named, key=len)] if named else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each group to one worker (`--dist loadgroup` reads names that pytest 9.2 froze)."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return ByGroup(config, log)


WHERE: dict[str, set[str]] = {}
"""The workers that ran each group."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note which worker ran a test."""
    WHERE.setdefault(group_of(report.nodeid), set()).add(getattr(report, "worker_id", ""))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Refuse a group that two workers shared: each made its fixtures, and time was lost."""
    split = sorted(group for group, workers in WHERE.items() if len(workers) > 1)
    if split and not session.testsfailed:
        raise pytest.UsageError(f"tests/conftest.py: run by two workers: {', '.join(split)}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is heavy, and let the groups that hold it begin: the workers end together."""
    known = {name.split("::")[0] for name in HEAVY | SPREAD | TOGETHER.keys()}
    lost = [name for name in sorted(known) if not (ROOT / "tests" / name).is_file()]
    assert not lost, f"tests/conftest.py names files that are not there: {lost}"
    for item in items:
        name = item.path.relative_to(ROOT / "tests").as_posix()
        if name in HEAVY or name.startswith(("truth/", "engines/")):
            item.add_marker(pytest.mark.slow)
    heavy = {group_of(i.nodeid) for i in items if i.get_closest_marker("slow") is not None}
    items.sort(key=lambda item: group_of(item.nodeid) not in heavy)


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the repository."""
    return ROOT


def world_of(tmp_path_factory, name: str, **how) -> Path:
    """Make a world once for all workers of a session: the first one makes it, the others wait."""
    import fcntl
    import os

    from evalml.synthetic.make import produce

    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "worlds"
    root.mkdir(exist_ok=True)
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            produce(root / "making" / name, **how)
            (root / "making" / name).rename(folder)
    return folder


@pytest.fixture(scope="session")
def small_extract(tmp_path_factory) -> Path:
    """A synthetic extract of 3 000 persons."""
    return world_of(tmp_path_factory, "small", people=3000, seed=7)


@pytest.fixture(scope="session")
def demo_extract(tmp_path_factory) -> Path:
    """The extract of the demonstration: 20 000 persons, seed 1."""
    from evalml.cli.run import PEOPLE, SEED

    return world_of(tmp_path_factory, "demo", people=PEOPLE, seed=SEED)


@pytest.fixture(scope="session")
def hdf_2024(tmp_path_factory) -> Path:
    """Hauts-de-France in 2024 at full size: its margins are those in print."""
    return world_of(tmp_path_factory, "hdf_2024", world="hdf_2024")
