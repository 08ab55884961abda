"""A console for tables: as wide as the terminal, and wide enough where there is none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 180
"""Columns of a table that goes to a file or a pipe, unless COLUMNS says otherwise."""


def console() -> Console:
    """Return where a command prints its tables."""
    from rich.console import Console

    there = Console()
    if there.is_terminal or os.environ.get("COLUMNS", "").isdigit():
        return there
    return Console(width=WIDE)
