"""`evalml run`: one study, from its params file to its note."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalml.settings import writable_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from evalml.run import How, Plan
    from evalml.study import Asked


Source = Annotated[
    str, typer.Argument(help="A study: its name (cej, cej_2023_nord), or a file of params/.")
]
Year = Annotated[int | None, typer.Option(help="Calendar year of the first entries.")]
Where = Annotated[
    str | None,
    typer.Option("--territory", help="59, 59,62, nord, hdf, region:32, structure:… or france."),
]
Departement = Annotated[
    str | None, typer.Option("--departement", help="INSEE codes of départements: 59 or 59,62.")
]
Region = Annotated[str | None, typer.Option("--region", help="INSEE code of a région: 32.")]
Outcome = Annotated[str | None, typer.Option(help="Primary outcome, such as emploi_durable.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("-p", "--param", help="Any key of the study: -p primary.horizon=6 (repeatable)."),
]


_SHOWN = {"note": "note", "annexe": "annex"}
"""What a run shows first, by the name of its page."""


def run(  # noqa: PLR0913, PLR0917 - the options of a command
    params: Source,
    extract: Annotated[
        Path | None, typer.Option(help="Folder of the extract [default: data/synthetic/demo].")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Root of the runs [default: runs].", callback=writable_folder),
    ] = None,
    year: Year = None,
    territory: Where = None,
    departement: Departement = None,
    region: Region = None,
    outcome: Outcome = None,
    changes: Changes = None,
    engine: Annotated[str, typer.Option(help="duckdb or spark.")] = "duckdb",
    memory: Annotated[str | None, typer.Option(help="Memory of the engine, such as 4GB.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run even if nothing changed.")] = False,
    accept_refused: Annotated[
        str | None,
        typer.Option(help="Why an extract that 'extract check' refuses is used all the same."),
    ] = None,
) -> None:
    """Run one study: executed notebook, results, figures and note.

    A study whose extract, parameters, notebook, code, lock file and engine have not changed since
    a finished run is not run again.

    A name such as cej_2023_nord says the study, the year and the territory.

    Example: evalml run cej --year 2023 --departement 59 --outcome emploi_durable -p seed=7
    """
    from evalml.run import current_run, inputs_of
    from evalml.study import Asked, Study

    where = place_of(territory, departement, region)
    asked = Asked(params, year, where, outcome, changes_of(changes))
    plan = plan_study(asked, extract=extract, out=out, engine=engine, memory=memory)
    if accept_refused:
        plan = replace(plan, settings=replace(plan.settings, accept_refused=accept_refused))
    found = None if force else current_run(plan, inputs_of(plan))
    folder = found if found is not None else check_and_execute(plan)
    state = "done" if found is None else "nothing changed since the last run (--force to run again)"
    made = "note" if isinstance(plan.study, Study) else "annexe"
    typer.echo(f"{plan.study.study}: {state}, the {_SHOWN[made]} is {folder / f'{made}.html'}")


def place_of(territory: str | None, departement: str | None, region: str | None) -> str | None:
    """Return the one territory that the options name.

    Raises:
        StudyError: They name more than one.
    """
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
    """Return the keys that `-p key=value` sets; a value is read as YAML.

    Raises:
        StudyError: One has no `=`, or its value is not YAML.
    """
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
    asked: Asked,
    *,
    extract: Path | None = None,
    out: Path | None = None,
    engine: str = "duckdb",
    memory: str | None = None,
) -> Plan:
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
    return plan_run(asked, settings)


def check_study(plan: Plan, known: dict[Path, frozenset[str]] | None = None) -> None:
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
