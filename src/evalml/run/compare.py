"""Two runs side by side: which inputs differ, which figures moved, and which made which move."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.errors import DataError
from evalml.run.currency import Difference, differences
from evalml.run.manifest import NAME
from evalml.run.registry import read_result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

JOINED = ("outcome", "horizon_months", "subgroup", "subgroup_value", "estimand", "method")
"""What makes a figure of two runs the same figure."""

FIGURES = ("estimate", "std_error", "ci_low", "ci_high", "n_treated", "n_comparison")
"""Columns of `effects.csv` that are compared."""

LEVELS = ("same", "within rounding", "beyond rounding", "no value in B", "no value in A")

WORDS = frozenset({"study", "title", "labels", "language"})
"""Keys of a study that say how it is told, not what is computed."""

_ALIKE = 1e-9
_SIGNIFICANT = 3
_POINTS = 3


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs side by side.

    Attributes:
        inputs: What differs of their inputs.
        figures: One row per figure (the keys, `figure`, `a`, `b`, `difference`, `moved`).
        files: Outputs whose bytes differ, or that only one of them has.
    """

    inputs: tuple[Difference, ...]
    figures: pd.DataFrame
    files: tuple[str, ...]

    @property
    def moved(self) -> pd.DataFrame:
        """The figures that would be printed differently."""
        return self.figures[~self.figures["moved"].isin(LEVELS[:2])]

    @property
    def causes(self) -> tuple[Difference, ...]:
        """The inputs that could make a figure move: all that differ but the words on the note."""
        words = [d for d in self.inputs if d.kind == "params" and d.name.split(".")[0] in WORDS]
        return tuple(d for d in self.inputs if d not in words)

    @property
    def verdict(self) -> str:
        """One sentence: which input made how many figures move."""
        return verdict_of(self.causes, len(self.moved), len(self.figures))


def verdict_of(inputs: Sequence[Difference], moved: int, total: int) -> str:
    """Return which input made figures move, as far as two runs can say it."""
    told = f"{moved} of {total} figures moved beyond rounding"
    if not inputs:
        same = "no input differs and no figure moved: the run is reproduced"
        return same if not moved else f"no input differs, yet {told}: this is not reproducible"
    if len(inputs) == 1:
        made = f"it made {told.replace(' moved', ' move')}" if moved else "no figure moved by it"
        return f"only one input differs ({inputs[0]}): {made}"
    several = f"{len(inputs)} inputs differ and {told}"
    return f"{several}; change one at a time to know which did it" if moved else several


def compare_runs(a: Path, b: Path) -> Comparison:
    """Compare two finished runs.

    Args:
        a: Folder of a run.
        b: Folder of another; the differences are B minus A.

    Raises:
        DataError: One of them is no finished run.
    """
    before, after = _record(a), _record(b)
    return Comparison(
        tuple(differences(before, after)),
        compare_effects(read_result(a, "effects"), read_result(b, "effects")),
        tuple(_files(before, after)),
    )


def _record(run: Path) -> dict[str, Any]:
    path = run / NAME
    if not path.is_file() or not (run / "results" / "effects.csv").is_file():
        raise DataError(f"{run} is no finished run with effects; give a folder runs/STUDY/RUN_ID")
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def _files(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    old, new = ({o["path"]: o["sha256"] for o in record["outputs"]} for record in (before, after))
    return sorted(path for path in {*old, *new} if old.get(path) != new.get(path))


def compare_effects(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Join two tables of effects on what makes figures the same, and say which moved."""
    left, right = (_long(frame) for frame in (a, b))
    both = left.merge(right, on=[*JOINED, "figure"], how="outer", suffixes=("_a", "_b"))
    both = both.rename(columns={"value_a": "a", "value_b": "b"})
    both = both[both["a"].notna() | both["b"].notna()]
    unit = both.pop("unit_a").fillna(both.pop("unit_b"))
    moved = [
        moved_by(x, y, proportion=u == "proportion" and not f.startswith("n_"))
        for x, y, u, f in zip(both["a"], both["b"], unit, both["figure"], strict=True)
    ]
    return both.assign(difference=both["b"] - both["a"], moved=moved).reset_index(drop=True)


def _long(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per figure of a table of effects."""
    keys = [*JOINED, "unit"]
    whole = frame.reindex(columns=[*keys, *FIGURES])
    long = whole.melt(id_vars=keys, var_name="figure", value_name="value")
    return long.assign(value=pd.to_numeric(long["value"], errors="coerce"))


def moved_by(a: float, b: float, *, proportion: bool) -> str:
    """Say whether a figure is the same, would print the same, or has moved.

    Printed means to a tenth of a point for a proportion, to three digits for the rest.
    """
    if np.isnan(a) or np.isnan(b):
        return LEVELS[4] if np.isnan(a) else LEVELS[3]
    if abs(a - b) <= _ALIKE * max(abs(a), abs(b)):
        return LEVELS[0]
    printed = [_printed(x, proportion=proportion) for x in (a, b)]
    return LEVELS[1] if printed[0] == printed[1] else LEVELS[2]


def _printed(value: float, *, proportion: bool) -> str:
    return f"{value:.{_POINTS}f}" if proportion else f"{value:.{_SIGNIFICANT}g}"
