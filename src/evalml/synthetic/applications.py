"""Applications to a SIAE: in which order, how long before the answer, from which month on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from evalml.arrays import AnyVector
    from evalml.synthetic.people import Calendar, People
    from evalml.synthetic.simulate import History
    from evalml.synthetic.streams import Draws


def in_order(h: History) -> tuple[AnyVector, AnyVector, AnyVector]:
    """Return persons, months of the answer and answers of all applications, by person and month."""
    who, t, yes = (np.asarray(x) for x in h.applications)
    order = np.lexsort((t, who))
    return who[order], t[order].astype(np.int64), yes[order]


def sent(rng: np.random.Generator, n: int) -> tuple[AnyVector, AnyVector]:
    """Draw to which SIAE of the département each application went, and how long before its answer.

    Both come first from the generator of `iae`, in this order, so that the truth draws the same.

    Returns:
        Number of the SIAE, and days before the first of the month of the answer, shape (n,) each.
    """
    return rng.integers(0, 30, n), rng.integers(5, 40, n)


def months_applied(p: People, cal: Calendar, draws: Draws, h: History) -> AnyVector:
    """Return the month in which each application of `in_order` was made, as records date it."""
    who, t, _ = in_order(h)
    day = cal.starts[t] - sent(draws.fixed("iae"), len(who))[1]
    month = np.searchsorted(cal.starts, day, side="right") - 1
    return np.asarray(np.maximum(month, p.welcome[who]))
