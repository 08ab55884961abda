"""`evalml note`, `release`, `explorer`: what a finished run says, and what of it may leave."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evalml.errors import EvalmlError
from evalml.settings import writable_folder


def note(
    run: Annotated[
        Path, typer.Argument(help="A run: runs/STUDY (its latest) or runs/STUDY/RUN_ID.")
    ],
    lang: Annotated[
        str | None, typer.Option(help="fr or en [default: language of the study].")
    ] = None,
    institution: Annotated[
        Path | None, typer.Option(help="YAML of who signs: name, logo, colour, contact.")
    ] = None,
    formats: Annotated[str, typer.Option("--format", help="html, docx, pdf.")] = "html,docx,pdf",
    threshold: Annotated[int, typer.Option(help="Smallest count that may be shown.")] = 11,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write to [default: RUN].", callback=writable_folder),
    ] = None,
) -> None:
    """Write the evidence note of a run from its results only.

    Example: evalml note runs/cej_2024_hdf/20260401T101500-1a2b3c4d --lang en
    """
    from evalml.errors import EvalmlError, nearest
    from evalml.report.institution import read_institution
    from evalml.report.note import FORMATS, write_note
    from evalml.run.registry import run_folder

    asked = [word.strip() for word in formats.split(",") if word.strip()]
    for word in asked:
        if word not in FORMATS:
            message = f"a note has no format '{word}': {nearest(word, FORMATS)}"
            raise EvalmlError(message)
    signed = read_institution(institution)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    files = write_note(
        run_folder(run), lang=lang, institution=signed, formats=asked, threshold=threshold, out=out
    )
    for path in files:
        typer.echo(str(path))


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
    from evalml.run.status import list_again

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


def explorer(
    runs: Annotated[
        list[Path], typer.Argument(help="Released runs, or folders that hold some: runs.")
    ],
    out: Annotated[
        Path, typer.Option(help="Folder to write the site to.", callback=writable_folder)
    ],
    language: Annotated[str, typer.Option(help="Language it opens in: fr or en.")] = "fr",
    institution: Annotated[
        Path | None, typer.Option(help="YAML of who signs: name, colour, contact.")
    ] = None,
) -> None:
    """Make a static site over released results: open index.html, without a server or a network.

    Example: evalml explorer runs --out site
    """
    from evalml.report.explorer import build_explorer
    from evalml.report.institution import read_institution

    os.umask(0o022)  # a site is made to be read by others
    studies, without = build_explorer(
        runs, out, lang=language, institution=read_institution(institution)
    )
    for run in without:
        typer.echo(f"left out, nothing of it is released: {run}")
    typer.echo(f"{len(studies)} studies")
    typer.echo(str(out / "index.html"))
