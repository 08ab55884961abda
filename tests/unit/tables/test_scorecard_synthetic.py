"""Defects planted in a synthetic world: each kind is counted exactly as its account says."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from evalml.engine import open_engine
from evalml.extract import read_extract
from evalml.synthetic.make import make_world, write_extract
from evalml.synthetic.world import read_world
from evalml.tables import accept_tables
from evalml.tables.scorecard import score

if TYPE_CHECKING:
    from pathlib import Path


def counts(path: Path) -> dict[tuple[str, str], int]:
    engine = open_engine(memory_limit="1GB")
    extract = read_extract(path, engine)
    card = score(extract, accept_tables(extract, engine), engine)
    return {(x.check, x.table): x.failing or 0 for x in card.lines}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_every_planted_row_is_counted_on_top_of_what_the_world_has(
    tmp_path: Path, seed: int
) -> None:
    world = read_world("defects")
    dirty = write_extract(tmp_path / "dirty", make_world(world, people=20_000, seed=seed))
    sound = world.model_copy(update={"defects": {}})
    clean = write_extract(tmp_path / "clean", make_world(sound, people=20_000, seed=seed))
    with (dirty / "truth" / "defects.csv").open() as file:
        planted = Counter((r["defect"], r["table"]) for r in csv.DictReader(file))
    assert len(planted) == 17
    before, after = counts(clean), counts(dirty)
    assert {p: after[p] - before[p] for p in planted} == dict(planted)
