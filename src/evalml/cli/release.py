"""`evalml release`: what of a run may leave, and why the rest may not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evalml.errors import EvalmlError


def release(  # noqa: PLR0913, PLR0917
    run: Annotated[Path, typer.Argument(help="Folder of a run: runs/STUDY/RUN_ID.")],
    accept: Annotated[
        list[str] | None,
        typer.Option(help="Output under review that may leave, or a pattern: 'figures/*'."),
    ] = None,
    refuse: Annotated[
        list[str] | None, typer.Option(help="Output under review that stays.")
    ] = None,
    by: Annotated[str, typer.Option(help="Name of who decides.")] = "",
    why: Annotated[str, typer.Option(help="Reason of the decision.")] = "",
    threshold: Annotated[
        int | None, typer.Option(help="Smallest count that may be shown [default: 11].")
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(help="Rules of the owner of the data [default: disclosure.yaml of the runs]."),
    ] = None,
    register: Annotated[
        Path | None,
        typer.Option(help="File of what has left [default: release_register.jsonl of the runs]."),
    ] = None,
    institution: Annotated[
        Path | None, typer.Option(help="YAML of who signs the note: name, logo, colour, contact.")
    ] = None,
) -> None:
    """Make release/ of a run: tables, figures and note through the disclosure gate.

    What comes too near to an earlier release waits for a person: read review/review.html, then
    accept or refuse each output.

    Example: evalml release runs/cej_2024_hdf/20260401T101500-1a2b3c4d
    """
    from rich.console import Console
    from rich.table import Table

    from evalml.disclosure.rule import SETTINGS, read_rule
    from evalml.report.institution import read_institution
    from evalml.report.release import Decision, release_run
    from evalml.run.manifest import list_again

    if rules is not None and not rules.is_file():
        message = f"no rules at {rules}: give a YAML of threshold, rounding, dominance"
        raise EvalmlError(message)
    done = release_run(
        run,
        rule=read_rule(rules or run.parent.parent / SETTINGS, threshold),
        register=register,
        institution=read_institution(institution),
        decision=Decision(tuple(accept or ()), tuple(refuse or ()), by, why),
    )
    list_again(run)
    table = Table("output", "status", "leaves", "reason")
    for item in done.items:
        table.add_row(
            item.name, item.status, "yes" if done.leaves(item) else "no", "; ".join(item.reasons)
        )
    Console().print(table)
    typer.echo(str(done.page))
