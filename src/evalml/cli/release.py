"""`evalml release`: what of a run may leave, and why the rest may not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evalml.errors import PrivacyError


def release(
    run: Annotated[Path, typer.Argument(help="Folder of a run: runs/STUDY/RUN_ID.")],
    threshold: Annotated[int, typer.Option(help="Smallest count that may be shown.")] = 11,
    register: Annotated[
        Path | None,
        typer.Option(help="File of what has left [default: release_register.csv of the runs]."),
    ] = None,
    institution: Annotated[
        Path | None, typer.Option(help="YAML of who signs the note: name, logo, colour, contact.")
    ] = None,
    exception: Annotated[
        list[str] | None,
        typer.Option(help="OUTPUT=REASON: lets an output under review leave; needs --by."),
    ] = None,
    by: Annotated[str, typer.Option(help="Name of who decides the exceptions.")] = "",
) -> None:
    """Make release/ of a run: tables, figures and note through the disclosure gate.

    Counts are compared with all that has left before, and what leaves is added to the register.

    Example: evalml release runs/cej_2024_hdf/20260401T101500-1a2b3c4d
    """
    from rich.console import Console
    from rich.table import Table

    from evalml.report.disclosure import Rule
    from evalml.report.institution import read_institution
    from evalml.report.release import release_run
    from evalml.run.manifest import list_again

    if (run / "results" / "annexe.csv").is_file():
        raise PrivacyError(
            f"{run} holds tables of activity, which the gate does not judge yet: small counts are "
            "absent from them, but nothing compares them with what has left; have the owner of the "
            "data decide, and send nothing by this command"
        )
    done = release_run(
        run,
        rule=Rule(threshold=threshold),
        register=register,
        institution=read_institution(institution),
        exceptions=dict(_pair(each) for each in exception or []),
        by=by,
    )
    list_again(run)
    table = Table("output", "status", "leaves", "reason")
    for item in done.items:
        table.add_row(
            item.name, item.status, "yes" if done.leaves(item) else "no", "; ".join(item.reasons)
        )
    Console().print(table)
    typer.echo(f"{done.moved} counts are shown as one that had left")
    typer.echo(str(done.folder / "review.html"))


def _pair(told: str) -> tuple[str, str]:
    """Return the output and the reason of an exception."""
    from evalml.errors import EvalmlError

    name, mark, reason = told.partition("=")
    if not mark:
        message = f"an exception is written OUTPUT=REASON, not '{told}'"
        raise EvalmlError(message)
    return name.strip(), reason.strip()
