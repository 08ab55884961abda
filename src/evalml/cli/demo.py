"""`evalml demo`: the main job, end to end, on invented and on real data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from evalml.errors import RunError
from evalml.settings import writable_folder

STUDIES = ("cej_2024_hdf", "nsw")
PEOPLE, SEED = 20_000, 1


def demo(
    out: Annotated[
        Path | None,
        typer.Option(help="Root of the runs [default: runs].", callback=writable_folder),
    ] = None,
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
    with shared_kernels() as told:
        for study, command in commands.items():
            if study != "nsw":
                _make_extract(extract)
            running[study] = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, **told},
            )
        failed = [study for study, process in running.items() if not _ends_well(process)]
    if failed:
        raise RunError(f"{' and '.join(failed)} did not finish; the reason is above")


def _ends_well(process: subprocess.Popen[str]) -> bool:
    """Wait for a run, say what it said, and return whether it has its note."""
    said, _ = process.communicate()
    typer.echo(said.strip())
    return process.returncode == 0


def _make_extract(extract: Path) -> None:
    """Make the demonstration extract, unless the same one is there already."""
    if (extract / "extract.yaml").is_file():
        typer.echo(f"the synthetic extract of {PEOPLE} persons is already in {extract.name}/")
        return
    from evalml.synthetic.make import produce

    made = produce(extract, people=PEOPLE, seed=SEED)
    typer.echo(f"made a synthetic extract of {made.people} persons")
