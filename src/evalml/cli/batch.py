"""`evalml batch`: many studies in parallel; one failing run loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalml.errors import EvalmlError
from evalml.settings import writable_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.run import Plan
    from evalml.run.status import Status
    from evalml.study.grid import Cell


def batch(  # noqa: PLR0913, PLR0917 - the options of a command
    params: Annotated[
        list[str] | None,
        typer.Argument(help="Studies: names, or files of params/.", show_default=False),
    ] = None,
    grid: Annotated[
        Path | None, typer.Option(help="YAML of a grid: base and vary (see params/grids/).")
    ] = None,
    extract: Annotated[
        Path | None, typer.Option(help="Folder of the extract [default: data/synthetic/demo].")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Root of the runs [default: runs].", callback=writable_folder),
    ] = None,
    engine: Annotated[str, typer.Option(help="duckdb or spark.")] = "duckdb",
    memory: Annotated[
        str | None, typer.Option(help="Memory of the engine of each run, such as 4GB.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Runs at once [default: cores].")] = None,
    time_limit: Annotated[
        float | None, typer.Option(min=0, help="Seconds one run may take.")
    ] = None,
    memory_limit: Annotated[
        float | None, typer.Option(min=0, help="MB the kernel of one run may take.")
    ] = None,
    backend: Annotated[str, typer.Option(help="loky (this machine) or dask (a cluster).")] = "loky",
    scheduler: Annotated[
        str | None, typer.Option(help="Address of the dask scheduler [default: one made here].")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run even what is current.")] = False,
) -> None:
    """Run many studies in parallel, each in a kernel of its own.

    Studies are checked before anything starts; one that cannot be run is reported and the others
    run. What a finished run of the same inputs has answered is not run again, so that a batch
    that was cut short is resumed by giving the same command. Ends with a table of what happened
    (also summary.csv and summary.json under --out): exit code 0 when all studies have a result, 1
    when one has not, 2 when none could start.

    Example: evalml batch --grid params/grids/cej_years_territories.yaml --jobs 2
    """
    from evalml.run.batch import Workforce, refuse_missing_backend, run_batch
    from evalml.run.kernel import Limits

    refuse_missing_backend(backend)
    where = {"extract": extract, "out": out, "engine": engine, "memory": memory}
    plans, refused = _prepare(params or [], grid, **where)
    if not plans:
        raise EvalmlError("; ".join(dict.fromkeys(s.reason for s in refused)))
    root = plans[0].settings.out
    workforce = Workforce(jobs, backend, scheduler, Limits(time_limit, memory_limit), force)
    from evalml.cli.batch_table import live

    with live(root, [p.study.study for p in plans], refused) as told:
        ended = run_batch(plans, workforce, refused, told)
    _conclude(root, ended)


def _prepare(
    params: Sequence[str], grid: Path | None, **where: Any
) -> tuple[list[Plan], list[Status]]:
    """Check every study; return what can run, and what cannot with its reason."""
    from evalml.run.status import Status
    from evalml.study.grid import read_grid, refuse_twins

    if bool(params) == (grid is not None):
        raise EvalmlError("give params files, or --grid GRID.yaml, and not both")
    cells = read_grid(grid) if grid is not None else read_cells(params)
    refuse_twins([cell.name for cell in cells], "batch")
    checked: dict[Path, frozenset[str]] = {}
    plans: list[Plan] = []
    refused: list[Status] = []
    for cell in cells:
        found = _plan(cell, checked, where)
        if isinstance(found, str):
            refused.append(Status(cell.name, "refused", found))
        else:
            plans.append(found)
    return plans, refused


def read_cells(params: Sequence[str]) -> list[Cell]:
    """Read studies; one that is no study is kept with the reason why."""
    from evalml.study import Asked, find_study
    from evalml.study.activity import activity_from, is_activity
    from evalml.study.grid import Cell

    cells = []
    for source in params:
        asked, path = Asked(source), Path(source)
        try:
            if is_activity(find_study(source).values):
                cells.append(Cell(activity_from(asked).study, path, None, asked=asked))
                continue
            study = asked.read()
        except EvalmlError as fault:
            cells.append(Cell(path.stem, path, None, str(fault)))
        else:
            cells.append(Cell(study.study, path, study, asked=asked))
    return cells


def _plan(cell: Cell, checked: dict[Path, frozenset[str]], where: dict[str, Any]) -> Plan | str:
    """Return the plan of a study, or the sentence that says why there is none."""
    from evalml.cli.run import check_study, plan_study

    if cell.asked is None:
        return cell.reason
    try:
        plan = plan_study(cell.asked, **where)
        check_study(plan, known=checked)
    except EvalmlError as fault:
        return str(fault)
    return plan


def _conclude(out: Path, ended: Sequence[Status]) -> None:
    """Print what happened, write it down, and end with the exit code it deserves."""
    from evalml.cli.batch_table import summary_table, write_summary
    from evalml.cli.wide import console

    write_summary(out, ended)
    console().print(summary_table(ended))
    lost = [s for s in ended if s.state not in {"finished", "current"}]
    typer.echo(f"{len(ended) - len(lost)} of {len(ended)} studies have a result in {out}")
    if lost:
        raise typer.Exit(1)
