"""What commands share: options, plain help that starts fast, tables as wide as they need."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from evalml.settings import writable_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

StudyArgument = Annotated[
    str, typer.Argument(help="A study: its name (cej, cej_2023_nord), or a file of params/.")
]
Year = Annotated[int | None, typer.Option(help="Calendar year of the first entries.")]
TerritoryOption = Annotated[
    str | None,
    typer.Option("--territory", help="59, 59,62, nord, hdf, region:32, structure:… or france."),
]
Departement = Annotated[
    str | None, typer.Option("--departement", help="INSEE codes of départements: 59 or 59,62.")
]
Region = Annotated[str | None, typer.Option("--region", help="INSEE code of a région: 32.")]
OutcomeOption = Annotated[str | None, typer.Option(help="Primary outcome, such as emploi_durable.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("-p", "--param", help="Any key of the study: -p primary.horizon=6 (repeatable)."),
]
ExtractFolder = Annotated[
    Path | None,
    typer.Option("--extract", help="Folder of the extract [default: data/synthetic/demo]."),
]
Runs = Annotated[Path | None, typer.Option("--out", help="Root of the runs [default: runs].")]
WrittenRuns = Annotated[
    Path | None,
    typer.Option("--out", help="Root of the runs [default: runs].", callback=writable_folder),
]
EngineName = Annotated[str, typer.Option("--engine", help="duckdb or spark.")]
EngineMemory = Annotated[
    str | None, typer.Option("--memory", help="Memory of the engine of a run, such as 4GB.")
]
JsonObject = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


LONG = 1000
"""Characters of a command's first sentence: it is wrapped, never cut."""


class PlainHelp(TyperGroup):
    """A group whose help gives the first sentence of each command whole."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, in the order they were declared."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(LONG)) for name, command in found if command]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


WIDE = 180
"""Columns of a table that goes to a file or a pipe, unless COLUMNS says otherwise."""


def console() -> Console:
    """Return where a command prints its tables."""
    from rich.console import Console

    there = Console()
    if there.is_terminal or os.environ.get("COLUMNS", "").isdigit():
        return there
    return Console(width=WIDE)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> None:
    """Print rows of words (or of rich texts) as a table; long words are folded, never cut."""
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, title=title or None)
    for row in rows:
        table.add_row(*(Text(w, overflow="fold") if isinstance(w, str) else w for w in row))
    console().print(table)
