"""`evalml status`: which studies are current, which are stale, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalml.errors import EvalmlError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.run.standing import Standing
    from evalml.study.grid import Cell


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
    found = [_standing(cell, extract=extract, out=out, engine=engine) for cell in cells]
    if as_json:
        typer.echo(json.dumps([asdict(s) for s in found], indent=2, ensure_ascii=False))
        return
    _print(found)


def _cells(params: Sequence[str] | None, grid: Path | None) -> list[Cell]:
    from evalml.cli.batch import read_cells
    from evalml.study.grid import read_grid
    from evalml.study.reading import params_folder

    if grid is not None:
        return read_grid(grid)
    found = sorted(params_folder(Path()).glob("*.yaml"))
    return read_cells(params or [str(path) for path in found])


def _standing(cell: Cell, **where: Any) -> Standing:
    from evalml.cli.run import plan_study
    from evalml.run.standing import Standing, standing_of

    if cell.asked is None:
        return Standing(cell.name, "refused", (cell.reason,))
    try:
        return standing_of(plan_study(cell.asked, **where))
    except (EvalmlError, OSError) as fault:
        return Standing(cell.name, "refused", (str(fault),))


_COLOURS = {"current": "green", "stale": "yellow", "failed": "red", "refused": "red"}


def _print(found: Sequence[Standing]) -> None:
    from rich.table import Table
    from rich.text import Text

    from evalml.cli.wide import console

    table = Table("study", "state", "why", "run")
    for each in found:
        state = Text(each.state, style=_COLOURS.get(each.state, ""))
        why = Text("\n".join(each.why), overflow="fold")
        table.add_row(each.study, state, why, Text(each.run, overflow="fold"))
    console().print(table)
