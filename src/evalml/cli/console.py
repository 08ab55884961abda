"""Plain help that starts fast and pipes well, and a console as wide as a table needs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from typer.core import TyperGroup

if TYPE_CHECKING:
    from rich.console import Console


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
