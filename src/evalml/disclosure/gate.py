"""The one gate: what comes out of here may leave, and nothing else can be written to a release.

A `Released` is made by the functions of this file only; every writer of shareable files asks for
one. The type is the permission.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from evalml.errors import PrivacyError
from evalml.values import Message, Number, names
from evalml.words import render

if TYPE_CHECKING:
    from evalml.values import Values

PASS, FAIL, REVIEW = "pass", "fail", "review"
NAMES_A_PERSON = ("id_", "nir", "nom", "prenom", "date_naissance", "email", "telephone")
COUNTS = re.compile(r"n|numerator|denominator|kept|lost|events|effectif|(?:n|nb|kept|effectif)_.*")
"""Names of the columns that count persons."""
_GATE = object()


@dataclass(frozen=True, slots=True)
class Released:
    """One output that went through the gate; `hidden` counts the cells that were taken out.

    Its status is `pass`, `review` (somebody must look) or `fail` (it stays). The gate alone holds
    the key.
    """

    name: str
    content: bytes = field(repr=False)
    status: str
    reasons: tuple[Message, ...]
    hidden: int = 0
    rows: int = 0
    key: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse an output that did not come through the gate."""
        if self.key is not _GATE:
            raise PrivacyError(f"'{self.name}' did not go through the gate: it may not be written")

    def said(self, lang: str) -> list[str]:
        """Return its reasons in words."""
        return [render(reason, lang) for reason in self.reasons]

    @property
    def sha256(self) -> str:
        """Hash of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


def small_columns(frame: pd.DataFrame, threshold: int) -> list[str]:
    """Return the columns of counts that hold one from 1 to below the threshold."""
    counts = {str(c): pd.to_numeric(frame[c], errors="coerce") for c in frame
              if COUNTS.fullmatch(str(c))}  # fmt: skip
    return [c for c, n in counts.items() if ((n > 0) & (n < threshold)).any()]


def pass_table(
    frame: pd.DataFrame,
    text: str,
    *,
    name: str,
    threshold: int,
    hidden: int = 0,
    review: tuple[Message, ...] = (),
    notes: tuple[Message, ...] = (),
) -> Released:
    """Pass a judged table, unless something is in it that should not be there.

    `text` is the file to be, `hidden` how many cells were taken out, `review` why somebody must
    look first, `notes` what else there is to say, such as columns left inside.
    """
    named = [str(column) for column in frame if str(column).startswith(NAMES_A_PERSON)]
    small = small_columns(frame, threshold)
    if named or small:
        found: Values = {"columns": names("text", small or named), "threshold": Number(threshold)}
        return refuse(name, why=Message("gate.small" if small else "gate.person", found))
    seen: Values = {"threshold": Number(threshold), "hidden": Number(hidden)}
    reasons = (*review, Message("gate.counts", seen), *notes)
    status = REVIEW if review else PASS
    return Released(name, text.encode(), status, reasons, hidden, len(frame), _GATE)


def pass_file(
    name: str, content: bytes, *, why: Message, review: tuple[Message, ...] = ()
) -> Released:
    """Pass a picture or a page that was made from released tables only; `why` says of what."""
    return Released(name, content, REVIEW if review else PASS, (*review, why), key=_GATE)


def refuse(name: str, *, why: Message) -> Released:
    """Refuse an output: it stays, whoever asks."""
    return Released(name, b"", FAIL, (why,), key=_GATE)


def write_released(item: Released, folder: Path, *, accepted: bool = False) -> Path:
    """Write an output that may leave, and return its file.

    Raises:
        PrivacyError: It is not a `Released`, it failed, or it waits for a review.
    """
    if not isinstance(item, Released):
        raise PrivacyError("only what went through the gate may be written to a release")
    if item.status == FAIL or (item.status == REVIEW and not accepted):
        raise PrivacyError(f"'{item.name}' may not leave: {'; '.join(item.said('en'))}")
    path = folder / item.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(item.content)
    return path
