"""Entering and leaving programmes, one month at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from evalml.months import month_number
from evalml.synthetic.people import NEVER
from evalml.synthetic.world import SITUATIONS, expit

if TYPE_CHECKING:
    from evalml.arrays import AnyVector
    from evalml.synthetic.people import Areas, People, SimulatedMonths
    from evalml.synthetic.simulate import History
    from evalml.synthetic.world import Acceptance, Draws, Entry, Points, World


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

    `m`: what does not change with the month; `level`: log of the area's level in the month, shape
    (n,); `age`: age in years, shape (n,); `month`: calendar month, 0 for January.
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


def month_of(cal: SimulatedMonths, t: int) -> int:
    """Return the calendar month of month `t`, 0 for January."""
    return int(cal.of_year(t))


MOTIFS = (
    "EMPLOI_DURABLE", "ALTERNANCE", "ECHEANCE", "AGE", "ABANDON", "AUTRE", "MANQUEMENT",
    "DEMANDE_JEUNE", "DEMENAGEMENT", "EMPLOI_COURT", "FORMATION", "RETOUR_SCOLARITE",
    "SERVICE_CIVIQUE",
)  # fmt: skip
M_DURABLE, M_ALTERNANCE, M_ECHEANCE, M_AGE, M_ABANDON, M_AUTRE = range(6)


@dataclass(slots=True, repr=False)
class Enrolment:
    """Who is in a programme, month after month; changed in place by the simulation.

    Attributes:
        first: Month of the first entry, or NEVER.
        start: Month of the current entry, or NEVER.
        limit: Last month the current spell may reach.
        ended: Month of the last exit, or -NEVER.
        rank: Entries so far.
        closed: Spells ended: (persons, start, end, reason, rank).
    """

    first: AnyVector
    start: AnyVector
    limit: AnyVector
    ended: AnyVector
    rank: AnyVector
    closed: list[tuple[AnyVector, ...]] = field(default_factory=list)

    @property
    def active(self) -> AnyVector:
        """Whether each person is in."""
        return np.asarray(self.start != NEVER)

    def enter(self, who: AnyVector, t: int, limit: AnyVector) -> None:
        """Start a spell in month `t` for the persons at positions `who`."""
        self.first[who] = np.minimum(self.first[who], t)
        self.start[who] = t
        self.limit[who] = limit
        self.rank[who] += 1

    def leave(self, who: AnyVector, t: int, motif: AnyVector | int) -> None:
        """End the spells of the persons at positions `who` in month `t`."""
        if len(who):
            why = np.broadcast_to(np.asarray(motif, dtype=np.int8), who.shape)
            row = (who, self.start[who], np.full(len(who), t), why, self.rank[who])
            self.closed.append(tuple(np.asarray(x).copy() for x in row))
            self.start[who] = NEVER
            self.ended[who] = t

    def take(self, at: AnyVector, place: AnyVector) -> Enrolment:
        """Return the enrolment of the persons at positions `at`; `place` gives their new ones."""
        closed = []
        for who, *others in self.closed:
            ours = place[who] >= 0
            closed.append((place[who[ours]], *(x[ours] for x in others)))
        state = (self.first, self.start, self.limit, self.ended, self.rank)
        first, start, limit, ended, rank = (x[at] for x in state)
        return Enrolment(first, start, limit, ended, rank, closed)

    def spells(self) -> tuple[AnyVector, ...]:
        """Return all spells: persons, start, end (-1 if going on), reason, rank."""
        going = np.flatnonzero(self.active)
        last = (
            going,
            self.start[going],
            np.full(len(going), -1),
            np.full(len(going), -1),
            self.rank[going],
        )
        return tuple(np.concatenate(x) for x in zip(*self.closed, last, strict=True))


def nobody(n: int) -> Enrolment:
    """Return a programme nobody has entered."""
    never = np.full(n, NEVER, dtype=np.int16)
    return Enrolment(
        never, never.copy(), never.copy(), np.full(n, -NEVER, np.int16), np.zeros(n, np.int16)
    )


@dataclass(frozen=True, slots=True, repr=False)
class Seen:
    """What a counsellor goes by in a month: all of it observed in the extract.

    Attributes:
        age: Age on the first day of the month.
        e1: Worked last month.
        n3: Months worked of the last 3.
        n6: Months worked of the last 6.
        since: Months since the first welcome (negative before it).
        recent: Whether seen in the last five months.
        busy: Whether known to be in school, training or alternance.
        area: Mission locale.
    """

    age: AnyVector
    e1: AnyVector
    n3: AnyVector
    n6: AnyVector
    since: AnyVector
    recent: AnyVector
    busy: AnyVector
    area: AnyVector


def young_enough(entry: Entry, p: People, age: AnyVector) -> AnyVector:
    """Return whether ages lie within a programme's bounds, wider for disabled workers."""
    return (age >= entry.age_min) & (age < np.where(p.rqth, entry.rqth_under, 26))


def opening(world: World, name: str, a: Areas, cal: SimulatedMonths) -> tuple[AnyVector, int]:
    """Return the first month open in each area, and the first month closed to new entries."""
    entry = world.programmes[name]
    closed = cal.at(month_number(entry.closed)) if entry.closed else NEVER
    opened = np.full(len(a.ids), cal.at(month_number(entry.opened)))
    if world.rollout and world.rollout.programme == name:
        opened[:] = NEVER
        for day, codes in world.rollout.waves.items():
            inside = np.isin(
                a.departement, [a.departements.index(c) for c in codes if c in a.departements]
            )
            opened[inside] = cal.at(month_number(day))
    return opened, closed


def logits(entry: Entry, static: AnyVector, seen: Seen, month: int) -> AnyVector:
    """Return the logit of entering this month, shape (n,).

    `month`: calendar month, 0 for January.
    """
    x: AnyVector = static + np.float32(entry.covariates.get("age", 0.0)) * (seen.age - 20)
    x = x + np.float32(entry.employed_last_month) * seen.e1
    x = x + np.float32(entry.employed_of_last_3) * seen.n3
    x = x + np.float32(entry.employed_of_last_6) * seen.n6
    x = x + np.float32(entry.months_since_welcome) * seen.since.clip(0, 24)
    return x + np.float32(entry.by_calendar_month[month])


def endings(
    entry: Entry, e: Enrolment, p: People, seen: Seen, situation: AnyVector, u: AnyVector, t: int
) -> tuple[AnyVector, AnyVector]:
    """Return who leaves in month `t`, and why."""
    inside = e.active & (e.start < t)
    stable = (situation == DURABLE) | (situation == ALTERNANCE)
    job = inside & stable & (u < entry.leaves_when_employed)
    quits = inside & ~job & (u > 1 - entry.abandons)
    old = inside & ~young_enough(entry, p, seen.age)
    over = inside & (t >= e.limit)
    motif = np.where(situation == ALTERNANCE, M_ALTERNANCE, M_DURABLE)
    motif = np.where(job, motif, np.where(quits, M_ABANDON, np.where(old, M_AGE, M_ECHEANCE)))
    who = np.flatnonzero(job | quits | old | over)
    return who, motif[who].astype(np.int8)


def entrants(
    entry: Entry, e: Enrolment, chance: AnyVector, may: AnyVector, u: AnyVector, t: int
) -> AnyVector:
    """Return the positions of who enters: first entries by `chance`, later ones by renewal."""
    again = may & (e.first < t) & (e.ended < t - 1) & ~e.active
    first = may & (e.first == NEVER)
    return np.flatnonzero((first & (u < chance)) | (again & (u < entry.renews)))


def limits(entry: Entry, who: AnyVector, u: AnyVector, t: int) -> AnyVector:
    """Return the last month of spells that start in month `t`."""
    longer = u[who] < entry.extension
    return t + entry.months_max + np.where(longer, entry.extension_months, 0)


@dataclass(frozen=True, slots=True)
class Boosters:
    """The effect curves of every programme, ready to look up by months since first entry."""

    curves: dict[str, dict[str, AnyVector]]
    times: dict[str, AnyVector]

    def at(self, firsts: dict[str, AnyVector], t: int) -> Boosts:
        """Return what programmes add in month `t`, given months of first entry."""
        total: dict[str, AnyVector | float] = {
            "access": 0.0,
            "durable": 0.0,
            "stay": 0.0,
            "training": 0.0,
        }
        for name, by_kind in self.curves.items():
            since = t - firsts[name].astype(np.int32)
            if not (since > 0).any():
                continue
            for kind, values in by_kind.items():
                gain = values[since.clip(0, len(values) - 1)] * self.times[name]
                total[kind] = total[kind] + gain
        return Boosts(**total)


def boosters(world: World, p: People, months: int) -> Boosters:
    """Prepare the effect curves of a world for a block of persons."""
    curves, times = {}, {}
    for name, effect in world.effects.items():
        kinds = {k: getattr(effect, k) for k in ("access", "durable", "stay", "training")}
        curves[str(name)] = {k: curve(v, months + 1) for k, v in kinds.items() if v}
        times[str(name)] = 1 + p.score(effect.times)
    return Boosters(curves, times)


def static_logits(world: World, p: People) -> dict[str, AnyVector]:
    """Return base, covariates and hidden ease of every programme's entry, by programme."""
    return {str(name): entry.base + _score(entry, p) for name, entry in world.programmes.items()}


def _score(part: Entry | Acceptance, p: People) -> AnyVector:
    score = p.score(part.covariates)
    return score + np.float32(part.frailty) * p.frailty if part.frailty else score


def acceptances(entry: Entry, p: People, seen: Seen, worked: AnyVector) -> AnyVector | float:
    """Return the chance that an application answered this month is accepted.

    `worked`: whether they worked in each of the last eight months, the last one first, as bits.
    """
    how = entry.acceptance
    if how is None:
        return entry.accepted
    recent = np.float32(how.employed_of_last_6) * seen.n6
    if how.employed_of_6_before:
        before = np.bitwise_count(worked >> 2).astype(np.float32)
        recent = recent + np.float32(how.employed_of_6_before) * before
    return expit(np.log(entry.accepted / (1 - entry.accepted)) + _score(how, p) + recent)


def chances(
    entry: Entry, static: AnyVector, intake: AnyVector, seen: Seen, month: int
) -> AnyVector:
    """Return the chance of a first entry this month; at the welcome it has its own level."""
    x = logits(entry, static, seen, month) + intake[seen.area].astype(np.float32)
    return expit(np.where(seen.since == 0, x - entry.base + entry.at_welcome, x))


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


def months_applied(p: People, cal: SimulatedMonths, draws: Draws, h: History) -> AnyVector:
    """Return the month in which each application of `in_order` was made, as records date it."""
    who, t, _ = in_order(h)
    day = cal.starts[t] - sent(draws.fixed("iae"), len(who))[1]
    month = np.searchsorted(cal.starts, day, side="right") - 1
    return np.asarray(np.maximum(month, p.welcome[who]))
