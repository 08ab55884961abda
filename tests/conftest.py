"""What several families of tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("house", derandomize=True, database=None)
settings.load_profile("house")
"""The same examples at every run: a failure is never luck, and can be seen again."""

ROOT = Path(__file__).resolve().parents[1]

HEAVY = {
    "properties/test_extract_fuzz.py",
    "properties/test_plain_engine.py",
    "notebooks/test_runs.py",
    "oracle/test_checks_event_study.py",
    "spec/test_designs.py",
    "spec/test_indicators.py",
    "spec/test_outcomes.py",
    "unit/extract/test_extract_check.py",
    "unit/extract/test_extract_convert.py",
    "unit/extract/test_extract_pseudonymise.py",
    "unit/extract/test_extract_read.py",
    "unit/published/test_published_planted.py",
    "unit/report/test_commands.py",
    "unit/report/test_note.py",
    "unit/report/test_release.py",
    "unit/tables/test_scorecard_planted.py",
    "unit/tables/test_vintages.py",
    "unit/test_synthetic_defects.py",
    "unit/test_synthetic_world.py",
    "unit/test_validate.py",
}
"""Files whose tests open engines, render notes or make worlds: slow together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the heavy files, and all that simulates, out of `make quick`."""
    for item in items:
        name = item.path.relative_to(ROOT / "tests").as_posix()
        if name in HEAVY or name.startswith(("truth/", "engines/")):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def small_extract(tmp_path_factory) -> Path:
    """A synthetic extract of 3 000 persons."""
    from evalml.synthetic.make import produce

    folder = tmp_path_factory.mktemp("extracts") / "small"
    produce(folder, people=3000, seed=7)
    return folder


@pytest.fixture(scope="session")
def demo_extract(tmp_path_factory) -> Path:
    """The extract of the demonstration: 20 000 persons, seed 1."""
    from evalml.cli.demo import PEOPLE, SEED
    from evalml.synthetic.make import produce

    folder = tmp_path_factory.mktemp("extracts") / "demo"
    produce(folder, people=PEOPLE, seed=SEED)
    return folder
