"""`evalml explorer`: many released runs on one page, to filter, compare and download."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evalml.settings import writable_folder


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
