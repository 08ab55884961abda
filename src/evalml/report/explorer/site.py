"""The explorer: one page that holds its style, its script and its data; nothing is fetched."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from evalml.disclosure.gate import Released, pass_file, write_released
from evalml.report.explorer.payload import explorer_data
from evalml.report.explorer.read import ReleasedStudy, find_releases, read_release
from evalml.report.institution import Institution
from evalml.report.words import words
from evalml.values import Message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SCRIPTS = (
    "format.js", "state.js", "effects.js", "compare.js", "curves.js", "balance.js", "study.js",
    "download.js", "start.js",
)  # fmt: skip
"""Parts of the script, in the order they are joined."""

WHY = Message("gate.explorer")


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
    keys = ("programme", "territory_label", "period_label", "study", "run")
    return tuple(str(about.get(key) or "") for key in keys)


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
    style = asset("explorer.css").replace("#12436D", institution.colour, 1)
    items = [pass_file("index.html", page(data, lang, style).encode(), why=WHY)]
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


def page(data: dict[str, Any], lang: str, style: str) -> str:
    """Return the page; nothing runs in it but the script whose hash it names."""
    text, code = words(lang)["explorer"], script()
    fields = {
        "lang": lang,
        "title": text["title"],
        "skip": text["skip"],
        "noscript": text["noscript"],
        "institution": data["institution"]["name"],
    }
    safe = {key: html.escape(str(value)) for key, value in fields.items()}
    safe |= {"style_hash": hash_of(style), "script_hash": hash_of(code)}
    safe |= {"style": style, "script": code, "data": as_json(data)}
    return re.sub(r"{{(\w+)}}", lambda found: safe[found[1]], asset("index.html"))


def hash_of(text: str) -> str:
    """Return how a policy of content names a style or a script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def as_json(data: dict[str, Any]) -> str:
    """Return data as JSON that no page can take for a mark, the same for the same data."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for mark in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text
