"""One Markdown file to HTML, DOCX and PDF, the same bytes for the same text.

Pandoc writes HTML, DOCX and typst; typst writes a PDF that conforms to PDF/UA-1 or refuses.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from evalml.errors import RunError
from evalml.report.docx_finish import finish_docx

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from evalml.report.institution import Institution


UNDATED = dt.date(2000, 1, 1)
"""What the files of a note without a date of extraction carry."""


@dataclass(frozen=True, slots=True)
class Stationery:
    """What stands around the text.

    Attributes:
        institution: Who signs.
        lang: `fr` or `en`.
        stamp: Words on every page, such as « Données synthétiques », or empty.
        date: ISO day that the files carry instead of the time of writing.
        page: Template of the page number, with {page} and {pages}.
        figure: The word before the number of a figure.
        table: The word before the number of a table.
        landscape: Whether the pages lie on their side, for wide tables.
    """

    institution: Institution
    lang: str
    stamp: str
    date: str
    page: str
    figure: str
    table: str
    landscape: bool = False

    @property
    def epoch(self) -> int:
        """Seconds from 1970 to the date, UTC."""
        try:
            day = dt.date.fromisoformat(self.date[:10])
        except ValueError:
            day = UNDATED
        return int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp())


def render(source: Path, paper: Stationery, formats: Sequence[str]) -> list[Path]:
    """Write the asked formats beside their Markdown source, at the same time.

    Args:
        source: The Markdown file; figures are relative to its folder.
        paper: What stands around the text.
        formats: Among `html`, `docx`, `pdf`.

    Returns:
        The files written, in the order asked.

    Raises:
        RunError: Pandoc or typst refused the text.
    """
    with ThreadPoolExecutor(len(WRITERS)) as pool:
        return list(pool.map(lambda kind: WRITERS[kind](source, paper), formats))


def write_html(source: Path, paper: Stationery) -> Path:
    """Write one self-contained page, with its figures and style inside."""
    target = source.with_suffix(".html")
    with templates() as folder:
        pandoc(
            source, paper, "html5", target, "--standalone", "--embed-resources", "--section-divs",
            f"--template={folder / 'note.html'}", f"--css={folder / 'note.css'}",
        )  # fmt: skip
    return target


def write_docx(source: Path, paper: Stationery) -> Path:
    """Write a Word document with native styled tables and alternative texts."""
    target = source.with_suffix(".docx")
    pandoc(source, paper, "docx", target)
    finish_docx(target, paper)
    return target


def write_pdf(source: Path, paper: Stationery) -> Path:
    """Write an accessible PDF (PDF/UA-1): typst refuses a figure without alternative text."""
    import typst

    target = source.with_suffix(".pdf")
    middle = source.with_suffix(".typ")
    with templates() as folder:
        pandoc(source, paper, "typst", middle, f"--template={folder / 'note.typ'}", "--standalone")
    try:
        typst.compile(
            middle, output=target, root=source.parent, ignore_system_fonts=True,
            pdf_standards=["ua-1"], timestamp=paper.epoch,
        )  # fmt: skip
    except typst.TypstError as error:
        message = f"the PDF of {source.name} was refused: {error}; nothing was written"
        raise RunError(message) from error
    finally:
        middle.unlink(missing_ok=True)
    return target


WRITERS = {"html": write_html, "docx": write_docx, "pdf": write_pdf}


def templates() -> AbstractContextManager[Path]:
    """Return the folder of templates, as a context manager."""
    return as_file(files("evalml.report") / "templates")


@cache
def pandoc_path() -> str:
    """Return where the pandoc that ships with the package lies, whatever else is installed."""
    import pypandoc

    shipped = Path(pypandoc.__file__).parent / "files" / "pandoc"
    return str(shipped if shipped.is_file() else pypandoc.get_pandoc_path())


def pandoc(source: Path, paper: Stationery, to: str, target: Path, *options: str) -> None:
    """Run pandoc in the folder of the source, with the time and the words of the paper.

    Raises:
        RunError: Pandoc refused.
    """
    with templates() as folder, TemporaryDirectory() as quiet:
        command = [
            pandoc_path(), source.name, "--from=markdown-smart", f"--to={to}",
            f"--output={target.name}", f"--lua-filter={folder / 'note.lua'}", "--columns=40",
            "--wrap=none", f"--data-dir={quiet}", *variables(paper), *options,
        ]  # fmt: skip
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(paper.epoch)}
        # The command is a fixed list and the program ships with the package: no shell, no input.
        done = subprocess.run(  # noqa: S603
            command, cwd=source.parent, env=environment, capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        message = f"pandoc could not write {target.name}: {done.stderr.strip()[:400]}"
        raise RunError(message)


def variables(paper: Stationery) -> list[str]:
    """Return the words of the paper as pandoc metadata."""
    logo = paper.institution.logo
    page = paper.page.split("{pages}")[0].split("{page}")
    exact = {
        "colour": paper.institution.colour,
        "logo": str(logo.resolve()) if logo else "",
        "landscape": "true" if paper.landscape else "",
    }
    values = {
        "lang": paper.lang,
        "institution": paper.institution.name,
        "stamp": paper.stamp,
        "date-iso": paper.date,
        "page-before": page[0].strip(),
        "page-between": page[1].strip(),
        "figure-word": paper.figure,
        "table-word": paper.table,
    }
    return [
        *[f"--metadata={key}:{value}" for key, value in values.items() if value],
        *[f"--variable={key}:{value}" for key, value in exact.items() if value],
    ]
