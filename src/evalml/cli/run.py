"""`evalml run`: one study, from its params file to its note."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalml.run import How, Plan
    from evalml.study import Study


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
    from evalml.run import current_run, inputs_of
    from evalml.study import read_study

    study = read_study(params)
    plan = plan_study(study, params, extract=extract, out=out, engine=engine, memory=memory)
    found = None if force else current_run(plan, inputs_of(plan))
    folder = found if found is not None else check_and_execute(plan)
    state = "done" if found is None else "nothing changed since the last run (--force to run again)"
    typer.echo(f"{plan.study.study}: {state}, the note is {folder / 'note.html'}")


def check_and_execute(plan: Plan) -> Path:
    """Check everything that can be checked before a cell runs, while a kernel starts, and run it.

    Raises:
        EvalmlError: The params file, the notebook or the extract is not fit for the study.
    """
    from evalml.run.ahead import kernel_ahead

    with kernel_ahead() as how:
        check_study(plan)
        return execute_with_bar(plan, how)


def plan_study(
    study: Study,
    near: Path,
    *,
    extract: Path | None = None,
    out: Path | None = None,
    engine: str = "duckdb",
    memory: str | None = None,
) -> Plan:
    """Find the notebook of a study, and say where it runs."""
    from evalml.run import plan_run
    from evalml.settings import DEFAULT_EXTRACT, Settings, project_root

    root = project_root()
    settings = Settings(
        extract=extract if extract is not None else root / DEFAULT_EXTRACT,
        out=out if out is not None else root / "runs",
        engine=engine,
        memory_limit=memory,
    )
    return plan_run(study, settings, near)


def check_study(plan: Plan, known: dict[Path, frozenset[str]] | None = None) -> None:
    """Refuse what a study asks of an extract that does not hold it.

    Args:
        plan: The study, and where it runs.
        known: Tables of the extracts that were read already; filled here.
    """
    if not plan.study.is_cohort:
        return
    from evalml.cohort import check_covariates, target_trial
    from evalml.engine import open_engine, refuse_missing_engine
    from evalml.extract import tables_held
    from evalml.outcomes import choose_outcomes

    refuse_missing_engine(plan.settings.engine)
    known = {} if known is None else known
    place = plan.settings.extract
    if place not in known:
        known[place] = tables_held(place, open_engine())
    for study in (plan.study, *plan.study.analyses().values()):
        choose_outcomes(study.outcomes, linked="emploi_mensuel" in known[place])
        check_covariates([*study.covariates, *study.subgroups])
        if study.comparison.design != "rollout":
            target_trial(study)


def execute_with_bar(plan: Plan, how: Callable[[], How]) -> Path:
    """Run a plan behind a progress bar, one step per cell."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from evalml.run import execute
    from evalml.run.lock import is_held
    from evalml.run.status import lock_file

    if is_held(lock_file(plan.settings.out, plan.study.study)):
        typer.echo(f"another process runs {plan.study.study}: waiting for it to end", err=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} cells"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(plan.study.study, total=None)
        moves = lambda done, total: bar.update(task, completed=done, total=total)  # noqa: E731
        return execute(plan, moves, how())
