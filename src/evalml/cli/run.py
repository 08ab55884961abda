"""`evalml run`, `batch`, `demo`: one study or many, from the params file to the note."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalml.cli.console import (
    Changes,
    Departement,
    EngineMemory,
    EngineName,
    ExtractFolder,
    OutcomeOption,
    Region,
    StudyArgument,
    TerritoryOption,
    WrittenRuns,
    Year,
    print_table,
)
from evalml.errors import EvalmlError, RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from evalml.run import How, RunPlan
    from evalml.run.status import RunStatus
    from evalml.study import StudyRequest
    from evalml.study.grid import GridStudy


_SHOWN = {"note": "note", "annexe": "annex"}
"""What a run shows first, by the name of its page."""


def run(  # noqa: PLR0913, PLR0917 - the options of a command
    params: StudyArgument,
    extract: ExtractFolder = None,
    out: WrittenRuns = None,
    year: Year = None,
    territory: TerritoryOption = None,
    departement: Departement = None,
    region: Region = None,
    outcome: OutcomeOption = None,
    changes: Changes = None,
    engine: EngineName = "duckdb",
    memory: EngineMemory = None,
    force: Annotated[bool, typer.Option("--force", help="Run even if nothing changed.")] = False,
    accept_refused: Annotated[
        str | None,
        typer.Option(help="Why an extract that 'extract check' refuses is used all the same."),
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(help="Hashes the inputs must begin with, as a note's command gives them."),
    ] = None,
) -> None:
    """Run one study: executed notebook, results, figures and note.

    A study whose extract, parameters, notebook, code, lock file and engine have not changed since
    a finished run is not run again.

    A name such as cej_2023_nord says the study, the year and the territory.

    Example: evalml run cej --year 2023 --departement 59 --outcome emploi_durable -p seed=7
    """
    from evalml.run import current_run, inputs_of
    from evalml.run.provenance import refuse_unexpected
    from evalml.study import Study, StudyRequest

    where = place_of(territory, departement, region)
    request = StudyRequest(params, year, where, outcome, changes_of(changes))
    plan = plan_study(request, extract=extract, out=out, engine=engine, memory=memory)
    if accept_refused:
        plan = replace(plan, settings=replace(plan.settings, accept_refused=accept_refused))
    inputs = inputs_of(plan)
    if expect is not None:
        refuse_unexpected(inputs["hashes"], expect)
    found = None if force else current_run(plan, inputs)
    folder = found if found is not None else check_and_execute(plan, force=force)
    state = "done" if found is None else "nothing changed since the last run (--force to run again)"
    made = "note" if isinstance(plan.study, Study) else "annexe"
    typer.echo(f"{plan.study.study}: {state}, the {_SHOWN[made]} is {folder / f'{made}.html'}")


def place_of(territory: str | None, departement: str | None, region: str | None) -> str | None:
    """Return the one territory that the options name."""
    from evalml.errors import StudyError

    named = {
        "--territory": territory,
        "--departement": None if departement is None else f"departement:{departement}",
        "--region": None if region is None else f"region:{region}",
    }
    given = {option: value for option, value in named.items() if value is not None}
    if len(given) > 1:
        raise StudyError(f"{' and '.join(given)} both say where; give one")
    return next(iter(given.values()), None)


def changes_of(given: Sequence[str] | None) -> dict[str, Any]:
    """Return the keys that `-p key=value` sets; a value is read as YAML."""
    from evalml.errors import StudyError
    from evalml.reading.yaml_text import read_yaml_text

    found: dict[str, Any] = {}
    for text in given or ():
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise StudyError(f"-p {text}: write key=value, such as -p primary.horizon=6")
        try:
            found[key.strip()] = read_yaml_text(value, f"-p {key.strip()}")
        except StudyError:
            raise StudyError(f"-p {key.strip()}: its value is not YAML") from None
    return found


def check_and_execute(plan: RunPlan, *, force: bool = False) -> Path:
    """Check what can be checked before a cell runs, while a kernel starts, then run it."""
    from evalml.run.execute import kernel_ahead

    with kernel_ahead() as how:
        check_study(plan)
        return execute_with_bar(plan, lambda: replace(how(), force=force))


def plan_study(
    request: StudyRequest,
    *,
    extract: Path | None = None,
    out: Path | None = None,
    engine: str = "duckdb",
    memory: str | None = None,
) -> RunPlan:
    """Read a study, find its notebook, and say where it runs."""
    from evalml.run import plan_run
    from evalml.settings import DEFAULT_EXTRACT, Settings, project_root

    root = project_root()
    place = extract if extract is not None else root / DEFAULT_EXTRACT
    settings = Settings(
        extract=place.parent if place.name == "extract.yaml" else place,
        out=out if out is not None else root / "runs",
        engine=engine,
        memory_limit=memory,
    )
    return plan_run(request, settings)


def check_study(plan: RunPlan, known: dict[Path, frozenset[str]] | None = None) -> None:
    """Refuse what a study asks of an extract that does not hold it.

    Args:
        plan: The study, and where it runs.
        known: Tables of the extracts that were read already; filled here.
    """
    from evalml.study import Study

    if not isinstance(plan.study, Study) or not plan.study.over_time:
        return
    from evalml.cohort import check_covariates, require_tables, target_trial
    from evalml.engine import open_engine, refuse_missing_engine
    from evalml.extract import tables_held
    from evalml.outcomes import check_controls, check_effect, choose_outcomes

    refuse_missing_engine(plan.settings.engine)
    studies = (plan.study, *plan.study.analyses().values())
    for study in studies:
        check_covariates([*study.covariates, *study.subgroups])
        check_controls(study.negative_controls, study.history_months)
        check_effect(study.minimum_effect, study.primary.outcome)
        if study.design.monthly:
            target_trial(study)
    known = {} if known is None else known
    place = plan.settings.extract
    if place not in known:
        known[place] = tables_held(place, open_engine())
    for study in studies:
        choose_outcomes(study.outcomes, known[place])
        require_tables([*study.covariates, *study.subgroups], known[place])


def execute_with_bar(plan: RunPlan, how: Callable[[], How]) -> Path:
    """Run a plan behind a progress bar, one step per cell."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from evalml.run import execute
    from evalml.run.status import is_locked, lock_file

    if is_locked(lock_file(plan.settings.out, plan.study.study)):
        typer.echo(
            f"another process runs {plan.study.study}: waiting for it to end, and taking its "
            "result if nothing changed",
            err=True,
        )
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


_COLOURS = {
    "waiting": "dim", "running": "cyan", "finished": "green", "current": "green",
    "failed": "red", "refused": "yellow",
}  # fmt: skip
_ROWS = 30


@contextmanager
def live(
    out: Path, studies: Sequence[str], refused: Sequence[RunStatus]
) -> Iterator[Callable[[RunStatus], None]]:
    """Show the studies while they run: a table on a terminal, a line for each elsewhere."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    if not console.is_terminal:
        total = len(studies) + len(refused)
        yield _lines(console, total)
        return
    ended: dict[str, RunStatus] = {}
    clock = time.perf_counter()

    def table() -> Any:
        return _table(out, studies, ended, time.perf_counter() - clock)

    with Live(get_renderable=table, console=console, refresh_per_second=4, transient=True):
        yield lambda status: ended.update({status.study: status})


def _lines(console: Any, total: int) -> Callable[[RunStatus], None]:
    count = iter(range(1, total + 1))

    def print_status(status: RunStatus) -> None:
        seconds = f" in {status.seconds:.1f} s" if status.state == "finished" else ""
        reason = f": {status.reason}" if status.reason else ""
        words = f"[{next(count)}/{total}] {status.study} {status.state}{seconds}{reason}"
        console.print(words, soft_wrap=True, markup=False, highlight=False)

    return print_status


def _table(out: Path, studies: Sequence[str], ended: dict[str, RunStatus], seconds: float) -> Any:
    """Draw what runs first, then what failed, then what waits; what is done is counted."""
    from rich.table import Table

    from evalml.run.status import RunStatus, read_status

    now = [ended.get(s) or read_status(out, s) or RunStatus(s, "waiting") for s in studies]
    counts = Counter(status.state for status in now)
    title = ", ".join(f"{n} {state}" for state, n in counts.items()) + f" · {seconds:.0f} s"
    order = {"running": 0, "failed": 1, "refused": 1, "waiting": 2}
    rows = sorted((s for s in now if s.state in order), key=lambda s: order[s.state])
    table = Table("study", "state", "cell", "reason", title=title)
    for status in rows[:_ROWS]:
        cell = f"{status.cell}/{status.cells}" if status.state == "running" else ""
        table.add_row(status.study, _state(status), cell, status.reason)
    return table


def _state(status: RunStatus) -> Any:
    from rich.text import Text

    return Text(status.state, style=_COLOURS[status.state])


def print_summary(ended: Sequence[RunStatus]) -> None:
    """Print how each study ended, with its reason."""
    rows = (
        (
            status.study,
            _state(status),
            "" if status.seconds is None else f"{status.seconds:.1f}",
            "" if status.peak_memory_mb is None else f"{status.peak_memory_mb:.0f}",
            status.reason or status.run,
        )
        for status in ended
    )
    print_table(("study", "state", "seconds", "MB", "reason, or run"), rows)


def write_summary(out: Path, ended: Sequence[RunStatus]) -> None:
    """Write summary.csv and summary.json, each replaced as a whole."""
    import csv
    import io
    from dataclasses import asdict

    from evalml.run.status import replace_json

    rows = [asdict(status) for status in ended]
    replace_json(out / "summary.json", rows)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    fresh = out / ".summary.csv"
    fresh.write_text(stream.getvalue(), encoding="utf-8")
    fresh.replace(out / "summary.csv")


def batch(  # noqa: PLR0913, PLR0917 - the options of a command
    params: Annotated[
        list[str] | None,
        typer.Argument(help="Studies: names, or files of params/.", show_default=False),
    ] = None,
    grid: Annotated[
        Path | None, typer.Option(help="YAML of a grid: base and vary (see params/grids/).")
    ] = None,
    extract: ExtractFolder = None,
    out: WrittenRuns = None,
    engine: EngineName = "duckdb",
    memory: EngineMemory = None,
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

    with live(root, [p.study.study for p in plans], refused) as report:
        ended = run_batch(plans, workforce, refused, report)
    _conclude(root, ended)


def _prepare(
    params: Sequence[str], grid: Path | None, **where: Any
) -> tuple[list[RunPlan], list[RunStatus]]:
    """Check every study; return what can run, and what cannot with its reason."""
    from evalml.run.status import RunStatus
    from evalml.study.grid import read_grid, refuse_twins

    if bool(params) == (grid is not None):
        raise EvalmlError("give params files, or --grid GRID.yaml, and not both")
    cells = read_grid(grid) if grid is not None else read_cells(params)
    refuse_twins([cell.name for cell in cells], "batch")
    checked: dict[Path, frozenset[str]] = {}
    plans: list[RunPlan] = []
    refused: list[RunStatus] = []
    for cell in cells:
        found = _plan(cell, checked, where)
        if isinstance(found, str):
            refused.append(RunStatus(cell.name, "refused", found))
        else:
            plans.append(found)
    return plans, refused


def read_cells(params: Sequence[str]) -> list[GridStudy]:
    """Read studies; one that is no study is kept with the reason why."""
    from evalml.study import StudyRequest, find_study
    from evalml.study.activity import activity_from, is_activity
    from evalml.study.grid import GridStudy

    cells = []
    for source in params:
        request, path = StudyRequest(source), Path(source)
        try:
            if is_activity(find_study(source).values):
                cells.append(GridStudy(activity_from(request).study, path, None, request=request))
                continue
            study = request.read()
        except EvalmlError as fault:
            cells.append(GridStudy(path.stem, path, None, str(fault)))
        else:
            cells.append(GridStudy(study.study, path, study, request=request))
    return cells


def _plan(
    cell: GridStudy, checked: dict[Path, frozenset[str]], where: dict[str, Any]
) -> RunPlan | str:
    """Return the plan of a study, or the sentence that says why there is none."""
    if cell.request is None:
        return cell.reason
    try:
        plan = plan_study(cell.request, **where)
        check_study(plan, known=checked)
    except EvalmlError as fault:
        return str(fault)
    return plan


def _conclude(out: Path, ended: Sequence[RunStatus]) -> None:
    """Print what happened, write it down, and end with the exit code it deserves."""
    write_summary(out, ended)
    print_summary(ended)
    lost = [s for s in ended if s.state not in {"finished", "current"}]
    typer.echo(f"{len(ended) - len(lost)} of {len(ended)} studies have a result in {out}")
    if lost:
        raise typer.Exit(1)


STUDIES = ("cej_2024_hdf", "nsw")
PEOPLE, SEED = 20_000, 1


def demo(
    out: WrittenRuns = None,
) -> None:
    """Evaluate the CEJ on a synthetic extract and the NSW demonstration on real data.

    Example: evalml demo
    """
    from evalml.run.execute import shared_kernels
    from evalml.settings import DEFAULT_EXTRACT, project_root

    root = project_root()
    extract = root / DEFAULT_EXTRACT
    runs = out if out is not None else root / "runs"
    places = ["--force", "--out", str(runs), "--extract", str(extract)]
    commands = {
        study: [
            *(sys.executable, "-m", "evalml", "run"),
            study,
            *places,
        ]
        for study in reversed(STUDIES)
    }
    typer.echo("evalml demo: a synthetic extract, two studies, two notes")
    running = {}
    with shared_kernels() as variables:
        for study, command in commands.items():
            if study != "nsw":
                _make_extract(extract)
            running[study] = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, **variables},
            )
        failed = [study for study, process in running.items() if not _ends_well(process)]
    if failed:
        raise RunError(f"{' and '.join(failed)} did not finish; the reason is above")


def _ends_well(process: subprocess.Popen[str]) -> bool:
    """Wait for a run, say what it said, and return whether it has its note."""
    output, _ = process.communicate()
    typer.echo(output.strip())
    return process.returncode == 0


def _make_extract(extract: Path) -> None:
    """Make the demonstration extract, unless the same one is there already."""
    if (extract / "extract.yaml").is_file():
        typer.echo(f"the synthetic extract of {PEOPLE} persons is already in {extract.name}/")
        return
    from evalml.synthetic.make import produce

    made = produce(extract, people=PEOPLE, seed=SEED)
    typer.echo(f"made a synthetic extract of {made.people} persons")
