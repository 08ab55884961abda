"""Who signs the note: name, logo, colours and contact, from a YAML."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from evalml.errors import DataError, nearest
from evalml.reading.yaml_text import read_yaml_file

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Institution:
    """The signature of a note.

    Attributes:
        name: Written in the header of every page.
        logo: A PNG, JPEG or SVG file, or None.
        colour: Of titles and boxes, as #RRGGBB; dark enough to be read on white.
        contact: Written at the end, or empty.
    """

    name: str = "evalml"
    logo: Path | None = None
    colour: str = "#12436D"
    contact: str = ""

    def __post_init__(self) -> None:
        """Refuse a colour that cannot be read on white, and a logo that is not there."""
        if not re.fullmatch(r"#[0-9A-Fa-f]{6}", self.colour):
            message = f"the colour of the institution is '{self.colour}': write it as '#12436D'"
            raise DataError(message)
        if contrast_with_white(self.colour) < READABLE:
            message = (
                f"the colour {self.colour} of the institution is too light to be read on white "
                f"(contrast {contrast_with_white(self.colour):.1f}, at least {READABLE} is needed)"
            )
            raise DataError(message)
        if self.logo is not None and not self.logo.is_file():
            message = f"no logo at {self.logo}: give a path from the institution file"
            raise DataError(message)
        if self.logo is not None and not _is_image(self.logo):
            raise DataError(f"the logo {self.logo.name} is no PNG, JPEG or SVG image; give one")


IMAGES = {
    ".png": (b"\x89PNG\r\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".svg": (b"<svg", b"<?xml"),
}
"""How a file of each kind begins."""


def _is_image(path: Path) -> bool:
    """Tell whether a file begins as its ending says."""
    with path.open("rb") as file:
        begins = file.read(200).lstrip(b"\xef\xbb\xbf \t\r\n")
    return begins.startswith(IMAGES.get(path.suffix.lower(), (b"\x00none",)))


READABLE = 4.5
"""Contrast that WCAG 2 AA asks of text."""


def contrast_with_white(colour: str) -> float:
    """Return the WCAG 2 contrast of a #RRGGBB colour on white, from 1 to 21."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    low = 0.04045
    linear = [part / 12.92 if part <= low else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05)


def read_institution(path: Path | None) -> Institution:
    """Read an institution file; without one, the note is signed by the project.

    Raises:
        DataError: The file is missing, or holds a key the note does not know.
    """
    if path is None:
        return Institution()
    if not path.is_file():
        message = f"no institution file at {path}"
        raise DataError(message)
    values = read_yaml_file(path, "institution file") or {}
    if not isinstance(values, dict):
        raise DataError(f"{path.name}: an institution file is a mapping of keys to values")
    known = {field.name for field in fields(Institution)}
    for key in values:
        if key not in known:
            message = f"unknown key '{key}' in {path.name}: {nearest(str(key), known)}"
            raise DataError(message)
    logo = values.get("logo")
    return Institution(**{**values, "logo": path.parent / logo if logo else None})
