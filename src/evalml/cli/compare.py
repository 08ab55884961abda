"""`evalml compare`: which input made which figure move between two runs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from evalml.run.registry import RunComparison

_SHOWN = 40
_POINTS = 100


def compare(
    run_a: Annotated[Path, typer.Argument(help="Folder of a run: runs/STUDY/RUN_ID.")],
    run_b: Annotated[Path, typer.Argument(help="Folder of another run.")],
    all_effects: Annotated[
        bool, typer.Option("--all", help="Show the effects that did not move too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say which inputs of two runs differ, and which effects moved from A to B.

    An effect moved beyond rounding when one of its figures would be printed differently: to a
    tenth of a point for a proportion, to three significant digits for the rest. When one input
    alone differs, it is named as what made the effects move.

    Example: evalml compare runs/cej_2024/20260401T1015-1a2b runs/cej_2024/20260402T0912-5e6f
    """
    from evalml.run.registry import compare_runs, run_folder
    from evalml.run.staleness import sentences

    found = compare_runs(run_folder(run_a), run_folder(run_b))
    if as_json:
        typer.echo(_json(found))
        return
    if found.primary:
        typer.echo(_headline(found))
    for line in sentences(found.inputs):
        typer.echo(f"input: {line}")
    shown = found.effects if all_effects else found.moved
    _print(shown)
    _sum_up(found)
    typer.echo(found.verdict)


def _json(found: RunComparison) -> str:
    import json
    from dataclasses import asdict

    return json.dumps(
        {
            "verdict": found.verdict,
            "inputs": [asdict(each) for each in found.inputs],
            "effects": json.loads(found.effects.to_json(orient="records")),
            "files": found.files,
        },
        indent=2,
        ensure_ascii=False,
    )


def _headline(found: RunComparison) -> str:
    """Say what became of the primary effect."""
    row = next(found.effects.itertuples())
    name = f"the primary effect ({row.outcome}, {row.method})"
    if row.moved == "same":
        return f"{name} is the same: {_effect(row, 'a')}"
    return f"{name} went from {_effect(row, 'a')} to {_effect(row, 'b')}: {row.moved}"


def _print(effects: Any) -> None:
    from rich.table import Table

    from evalml.cli.wide import console

    if not len(effects):
        return
    table = Table("outcome", "month", "subgroup", "method", "A", "B", "B - A", "moved")
    for row in effects.head(_SHOWN).itertuples():
        subgroup = f"{row.subgroup} {row.subgroup_value}".strip()
        change = _number(row.difference, row.unit, "+")
        table.add_row(
            row.outcome, f"{row.horizon_months:g}".replace("nan", ""), subgroup, row.method,
            _effect(row, "a"), _effect(row, "b"), change, row.moved,
        )  # fmt: skip
    console().print(table)
    if len(effects) > _SHOWN:
        typer.echo(f"… and {len(effects) - _SHOWN} more (--json gives them all)")


def _effect(row: Any, side: str) -> str:
    """Return an estimate with its interval and its persons, in points where it is a proportion."""
    figures = {name: getattr(row, f"{name}_{side}") for name in ("estimate", "ci_low", "ci_high")}
    if math.isnan(figures["estimate"]):
        return "no value"
    told = {name: _number(value, row.unit) for name, value in figures.items()}
    interval = f" [{told['ci_low']}; {told['ci_high']}]" if told["ci_low"] else ""
    counts = (getattr(row, f"n_treated_{side}"), getattr(row, f"n_comparison_{side}"))
    persons = "" if any(math.isnan(n) for n in counts) else f", n {counts[0]:.0f} + {counts[1]:.0f}"
    return f"{told['estimate']}{interval}{persons}"


def _number(value: float, unit: str, sign: str = "") -> str:
    if math.isnan(value):
        return ""
    if unit == "proportion":
        return f"{_POINTS * value:{sign}.1f} pt"
    return f"{value:{sign}.4g}"


def _sum_up(found: RunComparison) -> None:
    """Count what only one of the two runs has, and the files that differ."""
    counts = found.effects["moved"].value_counts()
    told = [f"{counts[level]} with {level}" for level in counts.index if level.startswith("no ")]
    if told:
        typer.echo(f"effects that cannot be compared: {', '.join(told)} (absent or blinded)")
    typer.echo(f"outputs whose bytes differ: {len(found.files)}")
