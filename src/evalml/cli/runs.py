"""`evalml runs`: all runs as one table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


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

    from evalml.cli.wide import console

    shown = console()
    if shown.width < NARROW:
        for row in table.itertuples():
            typer.echo(f"{row.state:<9} {row.run}")
            for line in wrap(row.reason or row.headline, shown.width - 10):
                typer.echo(f"{'':9} {line}")
        return
    shown.print(_wide(table))


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
