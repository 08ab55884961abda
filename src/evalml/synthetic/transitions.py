"""One month of working lives: who starts, leaves or keeps what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.synthetic.world import SITUATIONS

if TYPE_CHECKING:
    from evalml.arrays import AnyVector
    from evalml.synthetic.people import Areas, Calendar, People
    from evalml.synthetic.world import Points, World

CHOMAGE, CDD, CTT, DURABLE, ALTERNANCE, AIDE, IAE, FORMATION, SCOLARITE, VOLONTARIAT = range(10)
NEW = 128
"""Added to a situation in the month its spell starts."""
_ORDER = (CDD, CTT, DURABLE, ALTERNANCE, AIDE, FORMATION, SCOLARITE, VOLONTARIAT)


def employed(situation: AnyVector) -> AnyVector:
    """Return whether a situation is work under a contract (alternance and IAE included)."""
    return (situation >= CDD) & (situation <= IAE)


def curve(points: Points, length: int) -> AnyVector:
    """Return a curve by month since entry, 0 before its first point, float32 of `length`."""
    values = np.zeros(length, dtype=np.float32)
    for month, value in sorted(points):
        values[month:] = value
    return values


@dataclass(frozen=True, slots=True, repr=False)
class Market:
    """What a block's arrivals and exits depend on and does not change with the month.

    Attributes:
        access: Log of the arrivals into work over the base, without age, shape (n,).
        durable: The same for durable contracts, on top.
        training: The same for training.
        exits: Monthly chance of leaving each situation, shape (situations,).
        leave: Exit chances' multiplier of each person.
    """

    access: AnyVector
    durable: AnyVector
    training: AnyVector
    exits: AnyVector
    leave: AnyVector


def market(world: World, p: People) -> Market:
    """Prepare the arrivals and exits of a block of persons."""
    e = world.employment
    exits = np.array([e.exits.get(s, 0.0) for s in SITUATIONS], dtype=np.float32)
    return Market(
        access=p.score(e.arrivals.access) + p.frailty,
        durable=p.score(e.arrivals.durable),
        training=p.score(e.arrivals.training),
        exits=exits,
        leave=np.exp(np.float32(e.exit_frailty) * p.frailty),
    )


@dataclass(frozen=True, slots=True)
class Boosts:
    """What programmes add in a month, on the log scale, shape (n,) or 0."""

    access: AnyVector | float = 0.0
    durable: AnyVector | float = 0.0
    stay: AnyVector | float = 0.0
    training: AnyVector | float = 0.0


def intensities(
    world: World, m: Market, b: Boosts, level: AnyVector, age: AnyVector, month: int
) -> AnyVector:
    """Return the monthly intensity of each arrival, shape (8, n).

    Args:
        world: The world.
        m: What does not change with the month.
        b: What programmes add.
        level: Log of the area's level in the month, shape (n,).
        age: Age in years, shape (n,).
        month: Calendar month, 0 for January.
    """
    arrivals, season = world.employment.arrivals, np.float32(world.employment.season[month])
    years = (age - 20).astype(np.float32)
    common = np.exp(m.access + b.access + level + season + arrivals.access.get("age", 0) * years)
    common *= age >= 16
    durable = np.exp(m.durable + b.durable + arrivals.durable.get("age", 0) * years)
    training = np.exp(m.training + b.training)
    out = np.empty((len(_ORDER), len(age)), dtype=np.float32)
    for row, s in enumerate(_ORDER):
        base = arrivals.monthly.get(SITUATIONS[s], 0.0)
        base *= arrivals.by_calendar_month.get(SITUATIONS[s], [1.0] * 12)[month]
        if s <= AIDE:
            out[row] = base * common * (durable if s == DURABLE else 1.0)
        elif s == FORMATION:
            out[row] = base * training
        else:
            out[row] = base * (age < (19 if s == SCOLARITE else 26))
    return out


def step(
    world: World,
    m: Market,
    b: Boosts,
    situation: AnyVector,
    rates: AnyVector,
    u: tuple[AnyVector, ...],
) -> tuple[AnyVector, AnyVector]:
    """Return the situation of the month and whether a spell starts in it.

    Args:
        world: The world.
        m: What does not change with the month.
        b: What programmes add.
        situation: Situation of the month before, shape (n,).
        rates: Intensity of each arrival, shape (8, n).
        u: Three uniforms per person: leave, arrive, where to.
    """
    working = employed(situation)
    chance = m.exits[situation] * np.where(working, m.leave * np.exp(-np.asarray(b.stay)), 1.0)
    leaves = u[0] < chance
    free = leaves | (situation == CHOMAGE)
    total = np.cumsum(rates, axis=0)
    hurry = np.where(leaves, np.float32(world.employment.arrivals.after_an_exit), np.float32(1.0))
    arrives = free & (u[1] < -np.expm1(-hurry * total[-1]))
    where = np.asarray(_ORDER, dtype=np.uint8)[(u[2] * total[-1] >= total).sum(axis=0).clip(0, 7)]
    after = np.where(arrives, where, np.where(leaves, CHOMAGE, situation)).astype(np.uint8)
    return after, arrives | leaves


def age_in_years(p: People, t: int) -> AnyVector:
    """Return ages on the first day of month `t`, in years."""
    return ((t - p.birth_month) / np.float32(12)).astype(np.float32)


def first_situation(p: People, draws: AnyVector) -> AnyVector:
    """Return situations before month 0: school for the youngest, then out of work or in it."""
    age = age_in_years(p, 0)
    out = np.where(
        draws < 0.12, CDD, np.where(draws < 0.2, CTT, np.where(draws < 0.26, DURABLE, 0))
    )
    return np.where(age < 17.5, SCOLARITE, out).astype(np.uint8)


def level_of(a: Areas, p: People, t: int) -> AnyVector:
    """Return the log level of work in each person's area in month `t`."""
    return np.asarray(a.level[np.where(p.move <= t, p.area_after, p.area), t])


def month_of(cal: Calendar, t: int) -> int:
    """Return the calendar month of month `t`, 0 for January."""
    return int(cal.of_year(t))
