"""The histories of a block of persons, month after month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.synthetic.people import NEVER
from evalml.synthetic.programmes import (
    ALTERNANCE,
    CHOMAGE,
    FORMATION,
    IAE,
    M_AUTRE,
    NEW,
    SCOLARITE,
    Boosters,
    Enrolment,
    Seen,
    acceptances,
    age_in_years,
    boosters,
    chances,
    employed,
    endings,
    entrants,
    first_situation,
    intensities,
    level_of,
    limits,
    market,
    nobody,
    opening,
    static_logits,
    step,
    young_enough,
)
from evalml.synthetic.world import FOLLOWED, SPELLS

if TYPE_CHECKING:
    from evalml.arrays import AnyVector
    from evalml.synthetic.people import Areas, People, SimulatedMonths
    from evalml.synthetic.programmes import Market
    from evalml.synthetic.world import Draws, World

_BUSY = np.zeros(10, dtype=bool)
_BUSY[[ALTERNANCE, FORMATION, SCOLARITE]] = True
PROGRAMME_OF_CONTACT = FOLLOWED
REFRESH = 16
"""Added to a contact at which the situation was declared anew."""


@dataclass(frozen=True, slots=True)
class Block:
    """Entries kept from happening, for a counterfactual.

    Attributes:
        programme: Programme kept from.
        month: Month of each person kept from.
        never: Whether later months are closed too.
    """

    programme: str
    month: AnyVector
    never: bool

    def open(self, programme: str, t: int) -> AnyVector | bool:
        """Return who may enter `programme` in month `t`."""
        if programme != self.programme:
            return True
        return np.asarray(self.month > t if self.never else self.month != t)


@dataclass(frozen=True, slots=True, repr=False)
class History:
    """What happened to a block of persons, month by month.

    Attributes:
        situation: True situation, NEW added where a spell starts, shape (months, n).
        contact: 0, or 1 + position in PROGRAMME_OF_CONTACT, REFRESH added, shape (months, n).
        enrolments: Programme spells, by programme.
        applications: IAE applications: (persons, month, accepted).
    """

    situation: AnyVector
    contact: AnyVector
    enrolments: dict[str, Enrolment]
    applications: tuple[AnyVector, AnyVector, AnyVector]

    def take(self, at: AnyVector) -> History:
        """Return the histories of the persons at positions `at`, sorted."""
        place = np.full(self.situation.shape[1], -1)
        place[at] = np.arange(len(at))
        who, month, accepted = self.applications
        ours = place[who] >= 0
        few = {name: e.take(at, place) for name, e in self.enrolments.items()}
        applications = (place[who[ours]], month[ours], accepted[ours])
        return History(self.situation[:, at], self.contact[:, at], few, applications)


class _Simulation:
    """The state of a simulation in progress."""

    def __init__(
        self,
        world: World,
        p: People,
        a: Areas,
        cal: SimulatedMonths,
        draws: Draws,
        block: Block | None,
    ) -> None:
        n = len(p.women)
        self.world, self.p, self.a, self.cal, self.draws, self.block = (
            world,
            p,
            a,
            cal,
            draws,
            block,
        )
        self.market: Market = market(world, p)
        self.boosters: Boosters = boosters(world, p, cal.months)
        self.static = static_logits(world, p)
        self.doors = {str(k): opening(world, k, a, cal) for k in world.programmes}
        self.enrolments = {name: nobody(n) for name in SPELLS if name in world.programmes}
        self.hired = np.full(n, NEVER, dtype=np.int16)
        self.applied = np.full(n, -NEVER, dtype=np.int16)
        self.worked = np.zeros(n, dtype=np.uint8)
        self.seen_last = np.full(n, -NEVER, dtype=np.int16)
        self.known = np.zeros(n, dtype=bool)
        self.situation = first_situation(p, draws.uniform("first", 0))
        self.applications: list[tuple[AnyVector, AnyVector, AnyVector]] = []

    def open_to(self, name: str, seen: Seen, t: int) -> AnyVector:
        """Return who may enter a programme this month by its dates, areas and any blocking."""
        opened, closed = self.doors[name]
        may = (opened[seen.area] <= t) & (t < closed)
        return np.asarray(may & self.block.open(name, t) if self.block else may)

    def look(self, t: int) -> Seen:
        """Return what counsellors go by in month `t`."""
        p = self.p
        return Seen(
            age=age_in_years(p, t),
            e1=(self.worked & 1).astype(np.float32),
            n3=np.bitwise_count(self.worked & 7).astype(np.float32),
            n6=np.bitwise_count(self.worked & 63).astype(np.float32),
            since=t - p.welcome,
            recent=self.seen_last >= t - 5,
            busy=self.known & _BUSY[self.situation],
            area=np.where(p.move <= t, p.area_after, p.area),
        )

    def leave_programmes(self, seen: Seen, t: int) -> None:
        """End programme spells that are over in month `t`."""
        for name, e in self.enrolments.items():
            u = self.draws.uniform(f"end {name}", t)
            who, motif = endings(self.world.programmes[name], e, self.p, seen, self.situation, u, t)
            e.leave(who, t, motif)

    def enter_programmes(self, seen: Seen, t: int) -> AnyVector:
        """Start programme spells; return who entered one."""
        came = np.zeros(len(seen.age), dtype=bool)
        month = int(self.cal.of_year(t))
        base = seen.recent & ~seen.busy & (seen.since >= 1)
        for name, e in self.enrolments.items():
            entry = self.world.programmes[name]
            may = base | (seen.since == 0) if name == "PACEA" else base
            may = (
                may
                & young_enough(entry, self.p, seen.age)
                & self.open_to(name, seen, t)
                & ~self.excluded(name, t)
            )
            chance = chances(entry, self.static[name], self.a.intake[name], seen, month)
            if self.world.rollout and self.world.rollout.programme == name:
                chance = chance * np.where(self.p.eligible, 1, self.world.rollout.control_times)
            who = entrants(entry, e, chance, may, self.draws.uniform(name, t), t)
            e.enter(who, t, limits(entry, who, self.draws.uniform(f"limit {name}", t), t))
            self.after_entry(name, who, t)
            came[who] = True
        return came

    def excluded(self, name: str, t: int) -> AnyVector:
        """Return who may not enter a programme because of another one, this month's exits too."""
        inside = {k: e.active | (e.ended == t) for k, e in self.enrolments.items()}
        nobody_ = np.zeros(len(self.worked), dtype=bool)
        if name == "PARRAINAGE":
            return np.asarray(inside[name])
        out = inside.get("CEJ", nobody_) | inside.get("GJ", nobody_)
        if name == "GJ" and "PACEA" in self.enrolments:
            out = out | (self.enrolments["PACEA"].ended >= t - 1)
        out = out | inside[name] if name != "CEJ" else out
        return np.asarray(out)

    def after_entry(self, name: str, who: AnyVector, t: int) -> None:
        """End a PACEA that a CEJ replaces; open the PACEA a GJ is nested in."""
        pacea = self.enrolments.get("PACEA")
        if pacea is None or not len(who):
            return
        if name == "CEJ":
            pacea.leave(who[pacea.active[who]], t, M_AUTRE)
        if name == "GJ":
            out = who[~pacea.active[who]]
            pacea.enter(out, t, np.full(len(out), t + 12))

    def apply_to_iae(self, seen: Seen, t: int) -> AnyVector:
        """Return who is hired by a SIAE this month; keep every application."""
        entry = self.world.programmes.get("IAE")
        if entry is None:
            return np.empty(0, dtype=np.int64)
        may = young_enough(entry, self.p, seen.age) & seen.recent & (seen.since >= 1) & ~seen.busy
        may &= (self.situation == CHOMAGE) & (self.applied < t - 3) & (self.hired == NEVER)
        chance = chances(
            entry, self.static["IAE"], self.a.intake["IAE"], seen, int(self.cal.of_year(t))
        )
        who = np.flatnonzero(may & (self.draws.uniform("apply", t) < chance))
        chance = np.broadcast_to(
            np.float32(acceptances(entry, self.p, seen, self.worked)), may.shape
        )
        yes = self.draws.uniform("accept", t)[who] < chance[who]
        yes &= np.broadcast_to(self.open_to("IAE", seen, t), may.shape)[who]
        self.applied[who] = t
        self.hired[who[yes]] = t
        self.applications.append((who, np.full(len(who), t), yes))
        return who[yes]

    def work(self, hired: AnyVector, t: int) -> AnyVector:
        """Move everyone to their situation of month `t`; return whether a spell starts."""
        p, month = self.p, int(self.cal.of_year(t))
        firsts = {k: e.first for k, e in self.enrolments.items()} | {"IAE": self.hired}
        boosts = self.boosters.at(firsts, t)
        rates = intensities(
            self.world, self.market, boosts, level_of(self.a, p, t), age_in_years(p, t), month
        )
        u = tuple(self.draws.uniform(k, t) for k in ("leave", "arrive", "where"))
        after, new = step(self.world, self.market, boosts, self.situation, rates, u)
        welcome = p.welcome == t
        lost = welcome & employed(after) & (u[0] > 1 - self.world.employment.loss_at_welcome)
        out = lost | (welcome & (after == SCOLARITE) & (u[1] > 0.05))
        after[out], new[out] = CHOMAGE, True
        after[hired], new[hired] = IAE, True
        self.situation = after
        self.known &= ~new
        self.worked = ((self.worked << 1) | employed(after)).astype(np.uint8)
        return new

    def meet(self, came: AnyVector, t: int) -> AnyVector:
        """Return the contacts of month `t`."""
        c, since = self.world.contacts, t - self.p.welcome
        chance = (c.floor + c.free * 0.5 ** (since / c.free_halving_months)).astype(np.float32)
        chance *= np.where(employed(self.situation), np.float32(c.employed_times), np.float32(1))
        kind = np.ones(len(chance), dtype=np.uint8)
        for k, name in enumerate(PROGRAMME_OF_CONTACT[1:], start=2):
            if name in self.enrolments:
                inside = self.enrolments[name].active
                chance = np.where(inside, np.maximum(chance, c.in_programme[name]), chance)
                kind[inside] = k
        young = self.draws.uniform("contact", t) < chance
        met = came | (since == 0) | (young & (since > 0) & (age_in_years(self.p, t) < 31))
        fresh = met & ((self.draws.uniform("refresh", t) < c.refresh) | came | (since == 0))
        self.seen_last[met] = t
        self.known |= fresh
        return np.asarray(np.where(met, kind + REFRESH * fresh, 0).astype(np.uint8))


def first_seen_after_move(p: People, h: History) -> AnyVector:
    """Return the first month everyone is seen by the mission locale moved to, or NEVER."""
    out = np.full(len(p.women), NEVER, dtype=np.int16)
    for t in range(h.contact.shape[0] - 1, -1, -1):
        out[(h.contact[t] > 0) & (p.move <= t)] = t
    return out


def simulate(
    world: World,
    p: People,
    a: Areas,
    cal: SimulatedMonths,
    draws: Draws,
    block: Block | None = None,
) -> History:
    """Simulate the histories of a block of persons.

    `draws`: the uniforms of the block; the same draws with `block` give the counterfactual.
    """
    run, n = _Simulation(world, p, a, cal, draws, block), len(p.women)
    situation = np.empty((cal.months, n), dtype=np.uint8)
    contact = np.empty((cal.months, n), dtype=np.uint8)
    for t in range(cal.months):
        seen = run.look(t)
        run.leave_programmes(seen, t)
        came = run.enter_programmes(seen, t)
        hired = run.apply_to_iae(seen, t)
        new = run.work(hired, t)
        situation[t] = run.situation + NEW * new.astype(np.uint8)
        contact[t] = run.meet(came, t)
    nobody_ = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, bool))
    who, month, accepted = (np.concatenate(x) for x in zip(nobody_, *run.applications, strict=True))
    return History(situation, contact, run.enrolments, (who, month, accepted))
