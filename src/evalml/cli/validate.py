"""`evalml validate`: bias, coverage and power of each method where the truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalml.errors import EvalmlError
from evalml.settings import writable_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evalml.arrays import Matrix
    from evalml.validation import Scenario, Summary

    Found = dict[tuple[str, str], dict[int, Matrix]]

CHUNK = 25
_NUMBERS = (
    "truth bias bias_error rmse spread std_error coverage coverage_low coverage_high rejection"
)

NameList = Annotated[
    list[str] | None, typer.Option(help="With commas or repeated; all by default.")
]


def validate(
    replications: Annotated[int, typer.Option(help="Samples drawn of each design.")] = 500,
    methods: NameList = None,
    designs: Annotated[
        list[str] | None,
        typer.Option(help="Designs, or persons, 'over time', durations; all by default."),
    ] = None,
    jobs: Annotated[int, typer.Option(help="Processes; the figures do not depend on it.")] = 2,
    seed: Annotated[int, typer.Option(help="Seed of the samples.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            callback=writable_folder,
            help="Folder of validation.csv and of finished chunks: a rerun resumes.",
        ),
    ] = None,
    catalogue: Annotated[
        bool, typer.Option("--list", help="List the designs and their methods, and stop.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Try each method on samples whose truth is known: bias, error, coverage, power.

    Every method is tried on its own assumptions, and some outside them, where they must fail.

    Example: evalml validate --designs persons --replications 500 --out runs/validation
    """
    from evalml.cli.statistics import split_names
    from evalml.validation import choose, summarise

    if replications < 2 or jobs < 1 or seed < 0:  # noqa: PLR2004
        raise EvalmlError("--replications is 2 or more, --jobs 1 or more, --seed 0 or more")
    chosen = choose(split_names(designs), split_names(methods))
    if catalogue:
        _list(chosen)
        return
    found = _simulate(chosen, Trials(replications, seed, jobs, out))
    rows = []
    for scenario, wanted in chosen:
        for arm in scenario.arms:
            if arm.method in wanted:
                chunks = found[scenario.name, arm.method]
                rows.append(_row(scenario, summarise(scenario, arm, _stack(chunks)), seed))
    if out is not None:
        _write(out, rows)
    _show(rows, json_wanted=json)
    if out is not None and not json:
        typer.echo(f"wrote {out / 'validation.csv'}")


@dataclass(frozen=True, slots=True)
class Trials:
    """How much is drawn, and where it is kept.

    Attributes:
        replications: Samples of each design.
        seed: Seed of the samples.
        jobs: Processes.
        out: Folder, or None to keep nothing.
    """

    replications: int
    seed: int
    jobs: int
    out: Path | None

    def chunks(self) -> Iterator[range]:
        """Return the replications by chunks; the chunks do not depend on the number of jobs."""
        for start in range(0, self.replications, CHUNK):
            yield range(start, min(start + CHUNK, self.replications))

    def folder(self) -> Path | None:
        """Return where the chunks of this seed and of this code are kept."""
        if self.out is None:
            return None
        return self.out / "chunks" / f"seed{self.seed}-{_fingerprint()}"


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk of one design: what a process does at a time, and all that a kill can lose."""

    design: str
    methods: tuple[str, ...]
    replications: range
    seed: int
    folder: Path | None


def _simulate(chosen: Sequence[tuple[Scenario, tuple[str, ...]]], plan: Trials) -> Found:
    """Read the chunks that are kept, compute the others, and return them all."""
    folder = plan.folder()
    found: Found = {(s.name, m): {} for s, wanted in chosen for m in wanted}
    tasks = []
    for scenario, wanted in chosen:
        for chunk in plan.chunks():
            missing = []
            for method in wanted:
                kept = _read(_place(folder, scenario.name, method, chunk), len(chunk))
                if kept is None:
                    missing.append(method)
                else:
                    found[scenario.name, method][chunk.start] = kept
            if missing:
                tasks.append(Chunk(scenario.name, tuple(missing), chunk, plan.seed, folder))
    with _bar() as bar:
        step = bar.add_task("replications", total=sum(len(t.replications) for t in tasks))
        for task, matrices in _work(tasks, plan.jobs):
            for method, matrix in matrices.items():
                found[task.design, method][task.replications.start] = matrix
            bar.update(step, advance=len(task.replications), description=task.design)
    return found


def _work(tasks: list[Chunk], jobs: int) -> Iterator[tuple[Chunk, dict[str, Matrix]]]:
    """Do the tasks in some processes, in any order."""
    if jobs == 1 or len(tasks) < 2:  # noqa: PLR2004
        yield from map(do_task, tasks)
        return
    from joblib import Parallel, delayed

    pool = Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")
    yield from pool(delayed(do_task)(task) for task in tasks)


def do_task(task: Chunk) -> tuple[Chunk, dict[str, Matrix]]:
    """Compute a chunk and keep it at once; a chunk is whole or absent."""
    from evalml.validation import SCENARIOS, replicate

    scenario = SCENARIOS[task.design]
    matrices = replicate(scenario, task.methods, task.replications, task.seed)
    for method, matrix in matrices.items():
        path = _place(task.folder, task.design, method, task.replications)
        if path is not None:
            _keep(path, matrix)
    return task, matrices


def _place(folder: Path | None, design: str, method: str, chunk: range) -> Path | None:
    if folder is None:
        return None
    return folder / design / method / f"{chunk.start:06d}-{chunk.stop:06d}.npy"


def _keep(path: Path, matrix: Matrix) -> None:
    """Write beside, then rename: a kill leaves no half chunk under the final name."""
    import os

    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    with fresh.open("wb") as stream:
        np.save(stream, matrix, allow_pickle=False)
    fresh.replace(path)


def _read(path: Path | None, size: int) -> Matrix | None:
    """Return a chunk that is kept and whole, or None."""
    import numpy as np

    if path is None or not path.is_file():
        return None
    try:
        matrix: Matrix = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError):
        return None
    return matrix if matrix.shape == (size, 6) else None


def _fingerprint() -> str:
    """Return a short hash of the code and libraries the figures depend on."""
    import hashlib
    from importlib.metadata import version

    import evalml
    from evalml.run.provenance import hash_files

    root = Path(evalml.__file__).parent
    sources = [p for part in ("comparison", "effect") for p in (root / part).rglob("*.py")]
    code = hash_files(sources, root)
    libraries = " ".join(version(name) for name in ("numpy", "scipy", "pandas"))
    return hashlib.sha256(f"{code} {libraries}".encode()).hexdigest()[:12]


def _stack(chunks: dict[int, Matrix]) -> Matrix:
    import numpy as np

    return np.concatenate([chunks[start] for start in sorted(chunks)])


def _row(scenario: Scenario, summary: Summary, seed: int) -> dict[str, Any]:
    """Return the line of the table: six significant digits, as the Monte-Carlo error allows."""
    from dataclasses import asdict

    row = {"family": scenario.family, "design": scenario.name, "label": scenario.label}
    values = asdict(summary)
    for name in _NUMBERS.split():
        values[name] = float(f"{values[name]:.6g}")
    return row | {"size": scenario.size, "seed": seed} | values


def _write(out: Path, rows: list[dict[str, Any]]) -> None:
    """Write the table at once."""
    import pandas as pd

    out.mkdir(parents=True, exist_ok=True)
    fresh = out / "validation.csv.tmp"
    pd.DataFrame(rows).to_csv(fresh, index=False, lineterminator="\n")
    fresh.replace(out / "validation.csv")


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)


def _list(chosen: Sequence[tuple[Scenario, tuple[str, ...]]]) -> None:
    for scenario, wanted in chosen:
        typer.echo(f"{scenario.name} ({scenario.family}; {scenario.size}): {scenario.label}")
        flaws = {arm.method: arm.flaw for arm in scenario.arms}
        for method in wanted:
            typer.echo(f"  {method}" + (f"  [must fail: {flaws[method]}]" if flaws[method] else ""))


def _show(rows: list[dict[str, Any]], *, json_wanted: bool) -> None:
    import json

    from evalml.cli.statistics import plain

    if json_wanted:
        typer.echo(json.dumps(plain(rows), ensure_ascii=False))
        return
    _table(rows)
    right = [row for row in rows if not row["flaw"]]
    holding = sum(row["verdict"] == "holds" for row in right)
    typer.echo(
        f"{holding} of {len(right)} methods hold on their own assumptions: bias within 2 "
        "Monte-Carlo errors, coverage from 93 to 97 %"
    )


def _table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("design", "method"):
        table.add_column(name, no_wrap=True)
    for name in ("bias", "(MC error)", "RMSE", "mean se", "coverage", "[95 % MC]", "rejects"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict")
    before = ""
    for row in rows:
        table.add_row(
            row["design"] if row["design"] != before else "",
            row["method"],
            _number(row["bias"], "+.4f"),
            _number(row["bias_error"], ".4f"),
            _number(row["rmse"], ".4f"),
            _number(row["std_error"], ".4f"),
            _number(row["coverage"], ".3f"),
            f"{_number(row['coverage_low'], '.3f')}-{_number(row['coverage_high'], '.3f')}",
            _number(row["rejection"], ".3f"),
            row["verdict"] + (f" ({row['failed']} refused)" if row["failed"] else ""),
        )
        before = row["design"]
    Console(width=None if Console().is_terminal else 140).print(table)


def _number(value: float, form: str) -> str:
    return "-" if value != value else format(value, form)  # noqa: PLR0124 - not a number
