"""What several families of tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


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
