"""Parameters that papermill put into a notebook: it only warns of one that no cell declares."""

from __future__ import annotations

import ast
import sys
from typing import Any

from evalml.errors import StudyError, nearest

MARK = "# Parameters"
"""First line of the cell that papermill writes."""

PARAMETERS = ("study", "year", "territory", "outcome", "extract", "changes")
"""Parameters of the notebook of an evaluation."""


def refuse_unknown_parameters() -> None:
    """Refuse what papermill gave to this notebook and the notebook does not know.

    Raises:
        StudyError: A parameter is unknown.
    """
    for name in injected_names():
        if name not in PARAMETERS:
            raise StudyError(
                f"unknown parameter '{name}'; {nearest(name, PARAMETERS)} "
                "(any other key of a study goes into changes, by its place)"
            )


def injected_names() -> list[str]:
    """Return the names that the cell of papermill sets, none outside of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    run: list[Any] = list(shell.user_ns.get("In", [])) if shell is not None else []
    sources = [str(source) for source in run if str(source).startswith(MARK)]
    return [
        target.id
        for source in sources
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
