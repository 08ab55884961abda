"""`evalml compare`: which input made which figure move between two runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

_SHOWN = 40


def compare(
    run_a: Annotated[Path, typer.Argument(help="Folder of a run: runs/STUDY/RUN_ID.")],
    run_b: Annotated[Path, typer.Argument(help="Folder of another run.")],
    all_figures: Annotated[
        bool, typer.Option("--all", help="Show the figures that did not move too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say which inputs of two runs differ, and which figures moved from A to B.

    A figure moved beyond rounding when it would be printed differently: to a tenth of a point for
    a proportion, to three significant digits for the rest. When one input alone differs, it is
    named as what made the figures move.

    Example: evalml compare runs/cej_2024/20260401T1015-1a2b runs/cej_2024/20260402T0912-5e6f
    """
    from evalml.run.compare import compare_runs

    found = compare_runs(run_a, run_b)
    figures = found.figures if all_figures else found.moved
    if as_json:
        typer.echo(_json(found, figures))
        return
    for each in found.inputs:
        typer.echo(f"input: {each}")
    typer.echo(f"outputs whose bytes differ: {len(found.files)}")
    _print(figures)
    typer.echo(found.verdict)


def _json(found: Any, figures: Any) -> str:
    import json
    from dataclasses import asdict

    return json.dumps(
        {
            "verdict": found.verdict,
            "inputs": [asdict(each) for each in found.inputs],
            "figures": json.loads(figures.to_json(orient="records")),
            "files": found.files,
        },
        indent=2,
        ensure_ascii=False,
    )


def _print(figures: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    if not len(figures):
        return
    table = Table("outcome", "month", "subgroup", "method", "figure", "A", "B", "B - A", "moved")
    for row in figures.head(_SHOWN).itertuples():
        subgroup = f"{row.subgroup} {row.subgroup_value}".strip()
        numbers = (_number(x) for x in (row.a, row.b, row.difference))
        month = _number(row.horizon_months)
        table.add_row(row.outcome, month, subgroup, row.method, row.figure, *numbers, row.moved)
    Console().print(table)
    if len(figures) > _SHOWN:
        typer.echo(f"… and {len(figures) - _SHOWN} more (--json gives them all)")


def _number(value: float) -> str:
    return f"{value:.6g}".replace("nan", "")
