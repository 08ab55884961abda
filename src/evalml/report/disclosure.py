"""The one gate: what comes out of here may leave, and nothing else can be written to a release.

A `Released` is made by the functions of this file only; every writer of shareable files asks for
one. The type is the permission.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.errors import PrivacyError
from evalml.report.cells import (
    add_rates,
    as_before,
    dominated,
    round_shares,
    shown_counts,
    to_array,
    to_frame,
)
from evalml.report.results import csv_text
from evalml.report.small_counts import THRESHOLD, is_count
from evalml.report.suppress import hide_cells, recompute_margins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


PASS, FAIL, REVIEW = "pass", "fail", "review"
MARK = "s"
"""What stands for a hidden cell."""

_GATE = object()
NAMES_A_PERSON = ("id_", "nir", "nom", "prenom", "date_naissance", "email", "telephone")


@dataclass(frozen=True, slots=True)
class Rule:
    """What the owner of the data asks.

    Attributes:
        threshold: Smallest count that may be shown.
        dominance: Largest share of an amount that one contributor may make.
        rounding: Base to which counts are rounded; 0 leaves them.
        margins: `recomputed` from the shown cells, or `kept` as they are (they were audited).
        digits: Decimals of proportions: full precision would give away the count below them.
    """

    threshold: int = THRESHOLD
    dominance: float = 0.85
    rounding: int = 0
    margins: str = "recomputed"
    digits: int = 3

    def __post_init__(self) -> None:
        """Refuse a rule that protects nobody."""
        if self.threshold < 2 or not 0 < self.dominance <= 1 or self.rounding < 0:  # noqa: PLR2004
            message = (
                f"a disclosure rule needs a threshold of at least 2, a dominance between 0 and 1 "
                f"and a rounding of 0 or more, not {self.threshold}, {self.dominance} and "
                f"{self.rounding}"
            )
            raise PrivacyError(message)
        if self.margins not in {"recomputed", "kept"}:
            message = f"margins are 'recomputed' or 'kept', not '{self.margins}'"
            raise PrivacyError(message)


@dataclass(frozen=True, slots=True)
class Released:
    """One output that went through the gate.

    Attributes:
        name: Name of its file.
        content: Its bytes.
        status: `pass`, `review` (somebody must look) or `fail` (it stays).
        reasons: Why, one sentence each.
        hidden: Cells that were taken out.
        rows: Rows of a table, 0 for anything else.
        key: Held by the gate alone.
    """

    name: str
    content: bytes = field(repr=False)
    status: str
    reasons: tuple[str, ...]
    hidden: int = 0
    rows: int = 0
    key: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse an output that did not come through the gate."""
        if self.key is not _GATE:
            message = (
                f"'{self.name}' did not go through report/disclosure.py: it may not be written"
            )
            raise PrivacyError(message)

    @property
    def sha256(self) -> str:
        """Hash of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


def release_table(  # noqa: PLR0913
    frame: pd.DataFrame,
    rule: Rule,
    *,
    name: str,
    dims: Sequence[str],
    count: str = "n",
    amounts: Mapping[str, str] | None = None,
    rates: Sequence[str] = (),
    total: str = "Total",
    before: Released | None = None,
) -> Released:
    """Protect a table of counts by categories, and give its margins.

    Args:
        frame: A row per cell: the categories, the count, amounts, rates. Rows of totals are
            left out and made again; categories that nobody has count zero.
        rule: What the owner of the data asks.
        name: Name of the file to be.
        dims: Columns of categories.
        count: Column of counts.
        amounts: Column of an amount -> column of the largest contribution to it.
        rates: Columns that rest on the count and go with it.
        total: The category of the margins.
        before: An earlier release of the same table: what it hid stays hidden, and a count within
            the threshold of the one it showed is shown as that one.

    Returns:
        The output: categories, count, amounts and rates, hidden cells marked.

    Raises:
        PrivacyError: The table cannot be protected.
    """
    inner_rows = frame[~(frame[list(dims)].astype("str") == total).any(axis=1)]
    levels = [sorted(inner_rows[dim].astype("str").unique()) for dim in dims]
    counts = to_array(inner_rows, dims, levels, count)
    held = dominated(inner_rows, dims, levels, dict(amounts or {}), rule.dominance)
    if before is not None:
        earlier = pd.read_csv(BytesIO(before.content), dtype=dict.fromkeys(dims, "str"))
        counts, held = as_before(counts, held, earlier, dims, levels, count, rule.threshold)
    hidden = hide_cells(counts, rule.threshold, held)
    columns = {count: shown_counts(counts, hidden, rule)}
    for amount in amounts or {}:
        values = to_array(inner_rows, dims, levels, amount)
        columns[amount] = recompute_margins(values, hidden)
    table = to_frame(columns, dims, [[*level, total] for level in levels])
    table = add_rates(table, frame, dims, rates, columns[count])
    return release_frame(table, rule, name=name, hidden=int(hidden.sum()))


def release_frame(frame: pd.DataFrame, rule: Rule, *, name: str, hidden: int = 0) -> Released:
    """Pass a protected table: look for what should not be there, round, and mark what is hidden.

    Args:
        frame: A table whose small counts are NaN already.
        rule: What the owner of the data asks.
        name: Name of the file to be.
        hidden: Cells hidden so far.
    """
    named = [str(column) for column in frame if str(column).startswith(NAMES_A_PERSON)]
    if named:
        reason = f"columns that name a person: {', '.join(named)}"
        return _through(name, b"", FAIL, (reason,), rows=len(frame))
    counts = [str(column) for column in frame if is_count(str(column))]
    small = [column for column in counts if has_small(frame[column], rule.threshold)]
    if small:
        reason = f"counts below {rule.threshold} in: {', '.join(small)}"
        return _through(name, b"", FAIL, (reason,), rows=len(frame))
    text = csv_text(round_shares(frame, rule.digits))
    reason = f"no count from 1 to {rule.threshold - 1}; {hidden} cells hidden"
    return _through(name, text.encode(), PASS, (reason,), hidden, len(frame))


def has_small(counts: pd.Series, threshold: int) -> bool:
    """Return whether a count lies from 1 to below the threshold."""
    number = pd.to_numeric(counts, errors="coerce")
    return bool(((number > 0) & (number < threshold)).any())


def release_file(name: str, content: bytes, *, why: str) -> Released:
    """Pass a picture or a note that was made from released tables only.

    Args:
        name: Name of the file to be.
        content: Its bytes.
        why: What it was made of.
    """
    return _through(name, content, PASS, (why,))


def release_for_review(name: str, content: bytes, *, why: str) -> Released:
    """Hold an output that somebody must look at: it leaves by a recorded exception only."""
    return _through(name, content, REVIEW, (why,))


def refuse(name: str, *, why: str) -> Released:
    """Refuse an output: it stays, whoever asks."""
    return _through(name, b"", FAIL, (why,))


def write_released(item: Released, folder: Path, *, exception: str = "") -> Path:
    """Write an output that may leave.

    Args:
        item: What came through the gate.
        folder: The release.
        exception: Who let an output under review leave, and why.

    Returns:
        The file.

    Raises:
        PrivacyError: It is not a `Released`, it failed, or it waits for a review.
    """
    if not isinstance(item, Released):
        message = "only what went through report/disclosure.py may be written to a release"
        raise PrivacyError(message)
    if item.status == FAIL or (item.status == REVIEW and not exception):
        message = f"'{item.name}' may not leave: {'; '.join(item.reasons)}"
        raise PrivacyError(message)
    path = folder / item.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(item.content)
    return path


def _through(
    name: str, content: bytes, status: str, reasons: tuple[str, ...], hidden: int = 0, rows: int = 0
) -> Released:
    return Released(name, content, status, reasons, hidden, rows, _GATE)


def hidden_cells(frame: pd.DataFrame) -> int:
    """Return how many counts of a table are hidden."""
    counts = [column for column in frame if is_count(str(column))]
    return int(frame[counts].isna().to_numpy().sum()) if counts else 0


def as_shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its hidden counts marked, for the eye."""
    counts = [column for column in frame if is_count(str(column))]
    shown: dict[Any, pd.Series] = {
        column: frame[column].map(lambda n: MARK if pd.isna(n) else f"{n:.0f}").astype("str")
        for column in counts
    }
    return frame.assign(**shown)
