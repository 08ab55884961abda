"""One call from a study to its answer: `evaluate`."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalml.engine import open_engine
from evalml.errors import StudyError, nearest
from evalml.evaluation.base import Evaluation
from evalml.evaluation.cross_section import TableEvaluation
from evalml.evaluation.over_time import OpeningEvaluation, PersonEvaluation
from evalml.evaluation.secondary import secondary_analyses
from evalml.settings import read_settings
from evalml.study import Study, StudyRequest, as_changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.engine import Engine

__all__ = ["Evaluation", "evaluate", "secondary_analyses"]

BUILDERS: dict[str, type[Evaluation]] = {
    "cohort": PersonEvaluation,
    "rollout": OpeningEvaluation,
    "cross_section": TableEvaluation,
}
"""What walks a study, by what its design compares."""


def evaluate(
    study: Study | Path | str,
    *,
    year: int | None = None,
    territory: str | Mapping[str, Any] | None = None,
    outcome: str | None = None,
    changes: Mapping[str, Any] | None = None,
    extract: Path | str | None = None,
    out: Path | str | None = None,
    engine: Engine | None = None,
    **keys: Any,
) -> Evaluation:
    """Return the evaluation of a study; its stages are walked when something of them is asked for.

    Args:
        study: A study, its file, or its name (`cej`, `cej_2023_nord`).
        year: Calendar year of the first entries.
        territory: Where: `59`, `nord`, `hdf`, `region:32`, `france`, or the mapping of a study.
        outcome: Primary outcome.
        changes: Any other key of the study by its place (`primary.horizon`) -> its value.
        extract: Folder of the extract, DuckDB file, or URL of a database; that of the settings
            when None.
        out: Folder that `note` writes into; that of the settings when None.
        engine: Where queries run; opened by the settings when None.
        **keys: Keys of the study at the top level, such as `seed=7`.

    Returns:
        Frames (`effects`, `checks`, `balance`, `flow`, `trajectories`, …) already protected,
        figures, the answer, and `note()`.

    Raises:
        StudyError: The study cannot be read, or what changes makes it impossible.

    Example:
        >>> import evalml as ev
        >>> ev.evaluate("nsw")
        Evaluation(nsw, cross_section)
    """
    refuse_unknown_parameters()
    given = {**as_changes(changes or {}), **keys}
    if isinstance(study, Study):
        source = study.model_dump(mode="json", by_alias=True, exclude_none=True)
        request = StudyRequest(study.study, year, territory, outcome, given)
        read = request.read_from(source)
    else:
        request = StudyRequest(str(study), year, territory, outcome, given)
        read = request.read()
    settings = read_settings(read.study)
    if extract is not None:
        if not isinstance(extract, str | Path):
            raise StudyError(f"extract is {extract!r}: give a folder, a DuckDB file or an address")
        settings = replace(settings, extract=Path(extract), extract_hash=None)
    if out is not None:
        settings = replace(settings, out=Path(out))
    opened = (
        engine
        if engine is not None
        else open_engine(
            settings.engine, memory_limit=settings.memory_limit, threads=settings.threads
        )
    )
    return BUILDERS[read.design.kind](read, request, settings, opened)


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
