"""What several families of tests share."""

from __future__ import annotations

from pathlib import Path

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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is heavy, keep each file in one worker, and let the heavy ones begin.

    A file shares what its fixtures made; the workers end together when the long ones come first.
    """
    lost = [name for name in sorted(HEAVY | SPREAD) if not (ROOT / "tests" / name).is_file()]
    assert not lost, f"tests/conftest.py names files that are not there: {lost}"
    for item in items:
        name = item.path.relative_to(ROOT / "tests").as_posix()
        if name in HEAVY or name.startswith(("truth/", "engines/")):
            item.add_marker(pytest.mark.slow)
        if name not in SPREAD and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(name))
    heavy = {group_of(item) for item in items if item.get_closest_marker("slow") is not None}
    items.sort(key=lambda item: group_of(item) not in heavy)


def group_of(item: pytest.Item) -> str:
    """Return what keeps a test beside others: the group it names, or its file."""
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0]) if mark is not None else item.nodeid


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
