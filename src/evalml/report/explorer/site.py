"""The folder of the explorer: one page, its style, its script and its data; nothing is fetched."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from evalml.disclosure.gate import Released, pass_file, write_released
from evalml.report.explorer.payload import explorer_data
from evalml.report.explorer.read import ReleasedStudy, find_releases, read_release
from evalml.report.institution import Institution
from evalml.report.words import words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SCRIPTS = (
    "format.js", "state.js", "filters.js", "effects.js", "years.js", "curves.js", "balance.js",
    "studies.js", "download.js", "start.js",
)  # fmt: skip
"""Parts of the script, in the order they are joined."""

WHY = "made of released tables only"


def build_explorer(
    places: Sequence[Path],
    out: Path,
    *,
    lang: str = "fr",
    institution: Institution | None = None,
) -> tuple[list[ReleasedStudy], list[Path]]:
    """Write a static site over released runs: open `index.html`, no server is needed.

    Args:
        places: Folders of released runs, or folders that hold some, such as `runs`.
        out: Where to write.
        lang: The language the page opens in, `fr` or `en`.
        institution: Who signs.

    Returns:
        The studies shown, in order, and the runs left out because nothing of them is released.

    Raises:
        DataError: A run that was named has no release.
        PrivacyError: A released file was changed since.
    """
    runs, without = find_releases(places)
    read = {order(study): study for study in map(read_release, runs)}
    studies = [read[each] for each in sorted(read)]
    for item in site_items(name_apart(studies), institution or Institution(), lang):
        write_released(item, out)
    return studies, without


def order(study: ReleasedStudy) -> tuple[str, ...]:
    """Return what studies are sorted by."""
    about = study.about
    told = ("programme", "territory_label", "period_label", "study", "run")
    return tuple(str(about.get(key) or "") for key in told)


def name_apart(studies: Sequence[ReleasedStudy]) -> list[ReleasedStudy]:
    """Return the studies with a key each: the run is added where a study comes twice."""
    keys = [study.key for study in studies]
    return [
        study
        if keys.count(study.key) == 1
        else replace(study, key=f"{study.key}.{study.about['run']}")
        for study in studies
    ]


def site_items(
    studies: Sequence[ReleasedStudy], institution: Institution, lang: str
) -> list[Released]:
    """Return the files of the site, through the gate."""
    data = explorer_data(studies, institution, lang)
    contents = {
        "index.html": page(data, lang),
        "explorer.css": asset("explorer.css").replace("#12436D", institution.colour, 1),
        "explorer.js": script(),
        "data.js": f"window.EVALML = {as_json(data)};\n",
    }
    items = [pass_file(name, text.encode(), why=WHY) for name, text in contents.items()]
    for study in studies:
        for name, content in study.notes.items():
            items.append(pass_file(f"notes/{study.key}/{name}", content, why=WHY))
    return items


def asset(name: str) -> str:
    """Return a file of the page."""
    return files("evalml.report.explorer").joinpath("assets", name).read_text(encoding="utf-8")


def script() -> str:
    """Return the parts of the script as one, which leaves no name behind."""
    parts = "\n".join(asset(name) for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}}})();\n'


def page(data: dict[str, Any], lang: str) -> str:
    """Return the page before its script has run."""
    text = words(lang)["explorer"]
    told = {
        "lang": lang,
        "title": text["title"],
        "skip": text["skip"],
        "noscript": text["noscript"],
        "institution": data["institution"]["name"],
    }
    filled = asset("index.html")
    for key, value in told.items():
        filled = filled.replace(f"{{{{{key}}}}}", html.escape(str(value)))
    return filled


def as_json(data: dict[str, Any]) -> str:
    """Return data as JSON that no page can take for a mark, the same for the same data."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for mark in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text
