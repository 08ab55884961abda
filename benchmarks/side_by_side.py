"""Several worlds in one extract, so that what does not depend on their number is paid once.

Every identifier carries the number of its world: no person, file or mission locale is in two. What
a study makes of the extract is then taken apart again, and estimated world by world.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evalml.comparison.arms import group_rare
from evalml.comparison.build import MeasureSpec, build_comparison
from evalml.synthetic.make import make_world, write_extract
from evalml.synthetic.world import read_world

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evalml.arrays import IntVector
    from evalml.comparison.comparison import Comparison
    from evalml.synthetic.make import Synthetic

MARK = 3
"""Letters of an identifier that tell the world."""


def make_side_by_side(
    folder: Path, world: str, seeds: Sequence[int], people: int | None = None
) -> dict[int, pd.DataFrame]:
    """Write the worlds of several seeds as one extract; return the true effects of each."""
    made = {seed: make_world(read_world(world), people, seed) for seed in seeds}
    write_extract(folder, together(made))
    return {seed: m.truth["effects"].to_pandas() for seed, m in made.items()}


def together(made: dict[int, Synthetic]) -> Synthetic:
    """Return several worlds as one extract, each with its number in front of every identifier.

    What each sender announces in `totaux` is true of its world alone, so the table is left out.
    """
    first = next(iter(made.values()))
    tables = {
        name: pa.concat_tables([marked(m.tables[name], seed) for seed, m in made.items()])
        for name in first.tables
        if name != "totaux"
    }
    return replace(first, tables=tables, truth={})


def marked(table: pa.Table, seed: int) -> pa.Table:
    """Put the number of a world in front of every identifier of a table."""
    for place, name in enumerate(table.column_names):
        if name.startswith("id_"):
            marked = pc.binary_join_element_wise(f"{seed:0{MARK}}", table.column(name), "")
            table = table.set_column(place, name, marked)
    return table


def part_of(comparison: Comparison, rows: IntVector, structures: pd.Series) -> Comparison:
    """Return the comparison of the rows of one world, built anew as if it had been alone."""
    columns = {m.key: m.values[rows] for m in comparison.measures}
    frame = comparison.covariates.iloc[rows].reset_index(drop=True)
    names = list(frame.columns)
    frame = frame.assign(
        **columns,
        treated=comparison.treated[rows],
        id_structure=structures.to_numpy()[rows],
        person=comparison.person[rows].astype("int64"),
    )
    specs = [
        MeasureSpec(m.key, m.outcome, m.horizon_months, m.unit, m.label, m.channel)
        for m in comparison.measures
    ]
    described, _ = group_rare(frame, names, frame["treated"].to_numpy(dtype=bool))
    return build_comparison(
        described, treatment="treated", measures=specs, covariates=names,
        cluster="id_structure", person="person",
    )  # fmt: skip
