"""True spells of work, training and the rest, read off monthly situations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.synthetic.simulate import REFRESH
from evalml.synthetic.transitions import (
    AIDE,
    ALTERNANCE,
    CDD,
    CTT,
    DURABLE,
    FORMATION,
    IAE,
    NEW,
    VOLONTARIAT,
)

if TYPE_CHECKING:
    from evalml.arrays import AnyVector
    from evalml.synthetic.columns import Made

TYPES = (
    "", "CDI", "CDD", "CTT", "APPRENTISSAGE", "PROFESSIONNALISATION", "PEC", "CIE", "CDDI",
    "SERVICE_CIVIQUE",
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Spells:
    """Spells of a block, sorted by person and month; one array per attribute.

    Attributes:
        who: Person.
        start: First month.
        end: Last month.
        going: Whether it goes on after the last month simulated.
        situation: Situation.
        first_day: First day, days of the epoch.
        last_day: Last day, days of the epoch.
        type: Position of the contract in TYPES.
        planned: Planned length in months, 0 where there is none.
        hours: Weekly hours.
    """

    who: AnyVector
    start: AnyVector
    end: AnyVector
    going: AnyVector
    situation: AnyVector
    first_day: AnyVector
    last_day: AnyVector
    type: AnyVector
    planned: AnyVector
    hours: AnyVector

    def __repr__(self) -> str:
        """Say how many, never whose."""
        return f"Spells({len(self.who)})"


def _contract(
    s: AnyVector, months: AnyVector, rng: np.random.Generator
) -> tuple[AnyVector, AnyVector]:
    """Return type and planned length of spells, from their situation and length in months."""
    u, n = rng.random(len(s)), len(s)
    kind = np.select(
        [s == CDD, s == CTT, s == DURABLE, s == ALTERNANCE, s == AIDE, s == IAE, s == VOLONTARIAT],
        [2, 3, np.where(u < 0.55, 1, 2), np.where(u < 0.8, 4, 5), np.where(u < 0.7, 6, 7), 8, 9],
        0,
    )
    longer = rng.integers(0, 3, n)
    planned = np.select(
        [s == CDD, s == CTT, s == DURABLE, s == ALTERNANCE, s == AIDE, s == IAE, s == FORMATION],
        [
            (months + (longer == 2)).clip(1, 6),
            (months * 0.5).clip(0.5, 3),
            np.where(kind == 1, 0, 7 + rng.integers(0, 12, n)),
            np.where(longer == 0, 12, np.where(longer == 1, 18, 24)),
            np.where(longer == 0, 9, 12),
            np.where(longer == 0, 4, 6),
            (months + longer).clip(1, 10),
        ],
        np.where(s == VOLONTARIAT, 8, 0),
    )
    return kind.astype(np.int8), planned.astype(np.float64)


def spells(m: Made) -> Spells:
    """Return every true spell of a block."""
    raw = m.history.situation.T
    months = raw.shape[1]
    value = raw & (NEW - 1)
    starts = raw >= NEW
    starts[:, 0] = True
    at = np.flatnonzero(starts.ravel())
    who, start = at // months, at % months
    last = np.append(at[1:], starts.size) - 1
    end = last % months
    s = value.ravel()[at]
    rng = m.rng("spells")
    u = rng.random((2, len(at)))
    first = m.cal.starts[start] + (u[0] * 28).astype(np.int32)
    same = start == end
    low = np.where(same, first, m.cal.starts[end])
    width = m.cal.starts[end + 1] - low
    kind, planned = _contract(s, end - start + 1, rng)
    hours = np.where(rng.random(len(at)) < 0.65, 35, rng.integers(15, 32, len(at)))
    hours = np.where(s == VOLONTARIAT, 24, np.where(s == IAE, 26, hours))
    return Spells(
        who, start, end, end == months - 1, s, first, low + (u[1] * width).astype(np.int32),
        kind, planned, hours,
    )  # fmt: skip


def next_refresh(m: Made) -> AnyVector:
    """Return the first month from each on at which the situation is told anew.

    Shape (months + 1, n); the value is `months` where there is none.
    """
    contact = m.history.contact
    months, n = contact.shape
    out = np.full((months + 1, n), months, dtype=np.int16)
    for t in range(months - 1, -1, -1):
        out[t] = np.where(contact[t] >= REFRESH, t, out[t + 1])
    return out
