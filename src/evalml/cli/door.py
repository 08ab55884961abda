"""Help in plain text: it starts in half the time of a decorated one, and pipes well."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

LONG = 1000
"""Characters of a command's first sentence: it is wrapped, never cut."""


class Door(TyperGroup):
    """A group whose help gives the first sentence of each command whole."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, in the order they were declared."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(LONG)) for name, command in found if command]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
