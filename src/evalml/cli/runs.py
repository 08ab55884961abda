"""`evalml runs`, `status`, `compare`, `certify`: what has run, what is stale, what moved."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalml.errors import EvalmlError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.run.registry import RunComparison
    from evalml.run.staleness import StudyState
    from evalml.study.grid import Cell


def runs(
    out: Annotated[Path | None, typer.Option(help="Root of the runs [default: runs].")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of JSON objects.")] = False,
) -> None:
    """List all runs, finished and failed, the latest first, from their records.

    Example: evalml runs --out runs --json
    """
    from evalml.run.registry import runs_table
    from evalml.settings import project_root

    table: Any = runs_table(out if out is not None else project_root() / "runs")
    if as_json:
        typer.echo(table.to_json(orient="records", indent=2, force_ascii=False))
        return
    from textwrap import wrap

    from evalml.cli.console import console

    shown = console()
    if shown.width < NARROW:
        for row in table.itertuples():
            typer.echo(f"{row.state:<9} {row.run}")
            for line in wrap(row.reason or row.headline, shown.width - 10):
                typer.echo(f"{'':9} {line}")
        return
    shown.print(_wide(table))


def certify(
    run: Annotated[Path, typer.Argument(help="Folder of a run: runs/STUDY/RUN_ID.")],
    signer: Annotated[str, typer.Option(help="Who makes the rerun, and signs.")],
    extract: Annotated[
        Path | None, typer.Option(help="The extract, where it is not where it was.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write the certificate [default: the run].")
    ] = None,
) -> None:
    """Run a finished run again, compare both cell by cell, and write a signed certificate.

    certificate.json and certificate.md say the commits, the hashes of what went in, how many
    cells of results/ are equal, and each that is not. Ends with 1 where a cell differs.

    Example: evalml certify runs/cej_2024/20260401T1015-1a2b --signer "A. Martin, DREETS"
    """
    from tempfile import TemporaryDirectory

    from evalml.cli.run import check_and_execute
    from evalml.run import certify as again
    from evalml.run.registry import run_folder

    if not signer.strip():
        raise EvalmlError("--signer is empty: say who makes the rerun and answers for it")
    folder = run_folder(run)
    record = again.read_record(folder)
    with TemporaryDirectory(prefix=f"evalml-{os.getpid()}-") as place:
        settings = again.settings_again(record, extract, Path(place))
        made = check_and_execute(again.plan_again(folder, record, settings))
        found = again.certify(folder, made, signer.strip())
    written = again.write_certificate(found, out if out is not None else folder)
    whole = found.equal + found.different
    typer.echo(
        f"{found.run}: {found.verdict.replace('_', ' ')}, {found.equal} of {whole} cells equal"
    )
    for line in found.inputs:
        typer.echo(f"input: {line}")
    typer.echo(f"signed by {found.signer}: {written[1]}")
    if found.different:
        raise typer.Exit(1)


NARROW = 150
"""Columns of a terminal below which each run is a line that can be copied."""


def _wide(table: Any) -> Any:
    """Return the runs as a table with what they took and what they were made of."""
    from rich.table import Table
    from rich.text import Text

    wide = Table("run", "state", "started", "s", "MB", "extract", "code", "finding")
    for row in table.itertuples():
        started = row.started[:16].replace("T", " ")
        size = (_number(row.seconds), _number(row.peak_memory_mb))
        words = (row.run, row.state, started, *size, row.extract, row.code)
        cells = [*words, row.reason or row.headline]
        wide.add_row(*(Text(word, overflow="fold") for word in cells))
    return wide


def _number(value: float) -> str:
    return f"{value:.0f}".replace("nan", "")


def status(
    params: Annotated[
        list[str] | None, typer.Argument(help="Studies [default: all of params/].")
    ] = None,
    grid: Annotated[Path | None, typer.Option(help="YAML of a grid of studies.")] = None,
    extract: Annotated[
        Path | None, typer.Option(help="Folder of the extract [default: data/synthetic/demo].")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Root of the runs [default: runs].")] = None,
    engine: Annotated[str, typer.Option(help="duckdb or spark.")] = "duckdb",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object each.")] = False,
) -> None:
    """Say how each study stands: current, stale and why, never run, running, or failed.

    A run is stale when a key of its params, a table of its extract, its notebook, the source of a
    stage of evalml, the lock file, a version or the engine has changed since. Comments, docstrings
    and layout of the source do not count, nor do README and docs.

    Example: evalml status params/cej_2024_hdf.yaml --extract data/extract/2026-01
    """
    import json
    from dataclasses import asdict

    cells = _cells(params, grid)
    found = [_state(cell, extract=extract, out=out, engine=engine) for cell in cells]
    if as_json:
        typer.echo(json.dumps([asdict(s) for s in found], indent=2, ensure_ascii=False))
        return
    _print_states(found)


def _cells(params: Sequence[str] | None, grid: Path | None) -> list[Cell]:
    from evalml.cli.run import read_cells
    from evalml.study.grid import read_grid
    from evalml.study.reading import params_folder

    if grid is not None:
        return read_grid(grid)
    found = sorted(params_folder(Path()).glob("*.yaml"))
    return read_cells(params or [str(path) for path in found])


def _state(cell: Cell, **where: Any) -> StudyState:
    from evalml.cli.run import plan_study
    from evalml.run.staleness import StudyState, state_of

    if cell.asked is None:
        return StudyState(cell.name, "refused", (cell.reason,))
    try:
        return state_of(plan_study(cell.asked, **where))
    except (EvalmlError, OSError) as fault:
        return StudyState(cell.name, "refused", (str(fault),))


_COLOURS = {"current": "green", "stale": "yellow", "failed": "red", "refused": "red"}


def _print_states(found: Sequence[StudyState]) -> None:
    from rich.table import Table
    from rich.text import Text

    from evalml.cli.console import console

    table = Table("study", "state", "why", "run")
    for each in found:
        state = Text(each.state, style=_COLOURS.get(each.state, ""))
        why = Text("\n".join(each.why), overflow="fold")
        table.add_row(each.study, state, why, Text(each.run, overflow="fold"))
    console().print(table)


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
    _print_effects(shown)
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


def _print_effects(effects: Any) -> None:
    from rich.table import Table

    from evalml.cli.console import console

    if not len(effects):
        return
    table = Table("outcome", "month", "subgroup", "method", "A", "B", "B - A", "moved")
    for row in effects.head(_SHOWN).itertuples():
        subgroup = f"{row.subgroup} {row.subgroup_value}".strip()
        change = _figure(row.difference, row.unit, "+")
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
    told = {name: _figure(value, row.unit) for name, value in figures.items()}
    interval = f" [{told['ci_low']}; {told['ci_high']}]" if told["ci_low"] else ""
    counts = (getattr(row, f"n_treated_{side}"), getattr(row, f"n_comparison_{side}"))
    persons = "" if any(math.isnan(n) for n in counts) else f", n {counts[0]:.0f} + {counts[1]:.0f}"
    return f"{told['estimate']}{interval}{persons}"


def _figure(value: float, unit: str, sign: str = "") -> str:
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
