"""`evalml run`: one study, from its params file to its note."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalml.run import Plan


def run(
    params: Annotated[Path, typer.Argument(help="A study: a file of params/.")],
    extract: Annotated[
        Path | None, typer.Option(help="Folder of the extract [default: data/synthetic/demo].")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Root of the runs [default: runs].")] = None,
    engine: Annotated[str, typer.Option(help="duckdb or spark.")] = "duckdb",
    memory: Annotated[str | None, typer.Option(help="Memory of the engine, such as 4GB.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run even if nothing changed.")] = False,
) -> None:
    """Run one study: executed notebook, results, figures and note.

    A study whose extract, parameters, notebook, code, lock file and engine have not changed since
    a finished run is not run again.

    Example: evalml run params/cej_2024_hdf.yaml --extract data/extract/2026-01
    """
    plan = prepare(params, extract=extract, out=out, engine=engine, memory=memory)
    from evalml.run import current_run, inputs_of

    found = None if force else current_run(plan, inputs_of(plan))
    folder = found if found is not None else execute_with_bar(plan)
    state = "done" if found is None else "nothing changed since the last run (--force to run again)"
    typer.echo(f"{plan.study.study}: {state}, the note is {folder / 'note.html'}")


def prepare(
    params: Path,
    *,
    extract: Path | None = None,
    out: Path | None = None,
    engine: str = "duckdb",
    memory: str | None = None,
) -> Plan:
    """Check everything that can be checked before a kernel starts.

    Raises:
        EvalmlError: The params file, the notebook or the extract is not fit for the study.
    """
    from evalml.run import plan_run
    from evalml.settings import DEFAULT_EXTRACT, Settings, project_root
    from evalml.study import read_study

    study = read_study(params)
    root = project_root()
    settings = Settings(
        extract=extract if extract is not None else root / DEFAULT_EXTRACT,
        out=out if out is not None else root / "runs",
        engine=engine,
        memory_limit=memory,
    )
    plan = plan_run(study, settings, params)
    if study.is_cohort:
        _check_extract(plan)
    return plan


def _check_extract(plan: Plan) -> None:
    """Refuse what the study asks of an extract that does not hold it."""
    from evalml.cohort import check_covariates, target_trial
    from evalml.engine import open_engine
    from evalml.extract import read_extract
    from evalml.outcomes import choose_outcomes

    engine = open_engine(plan.settings.engine)
    received = read_extract(plan.settings.extract, engine)
    choose_outcomes(plan.study.outcomes, linked="emploi_mensuel" in received.tables)
    check_covariates(plan.study.covariates)
    target_trial(plan.study)


def execute_with_bar(plan: Plan) -> Path:
    """Run a plan behind a progress bar, one step per cell."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from evalml.run import execute

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} cells"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(plan.study.study, total=None)
        return execute(plan, lambda done, total: bar.update(task, completed=done, total=total))
