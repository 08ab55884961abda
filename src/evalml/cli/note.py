"""`evalml note`: the note of a run that has finished, again or in another language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


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
    out: Annotated[Path | None, typer.Option(help="Folder to write to [default: RUN].")] = None,
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
