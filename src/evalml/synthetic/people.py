"""The persons of a world: what does not change in a history."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from evalml.months import month_number
from evalml.synthetic.world import Draws, World, pick, structure_rows, substream

if TYPE_CHECKING:
    from evalml.arrays import AnyVector

NEVER = 32000
"""A month that never comes."""
NIVEAUX = ("SANS_DIPLOME", "BREVET", "CAP_BEP", "BAC", "BAC_PLUS_2", "BAC_PLUS_3")
LOGEMENTS = ("AUTONOME", "PARENTS", "PROCHES", "FOYER", "PRECAIRE")
UNKNOWN_LODGING = len(LOGEMENTS)
NATIONALITES = ("FR", "UE", "HORS_UE")


@dataclass(frozen=True, slots=True)
class SimulatedMonths:
    """Months 0, 1, ... of a simulation, burn-in included.

    Attributes:
        first: Month number of month 0.
        months: Months simulated.
        shown: First month reported.
        starts: Day of the epoch of the first day of each month (three years beyond the end).
    """

    first: int
    months: int
    shown: int
    starts: AnyVector

    def at(self, number: int) -> int:
        """Return the position of the month numbered `number`."""
        return number - self.first

    def of_year(self, t: AnyVector | int) -> AnyVector:
        """Return the calendar month, 0 for January."""
        return np.asarray((np.asarray(t) + self.first) % 12)


def calendar(world: World) -> SimulatedMonths:
    """Return the months of a world."""
    start, end = month_number(world.period.start), month_number(world.period.end)
    first = start - world.period.burn_in_months
    span = np.arange(first - 1970 * 12, end + 37 - 1970 * 12).astype("datetime64[M]")
    days = span.astype("datetime64[D]").astype(np.int64).astype(np.int32)
    return SimulatedMonths(first, end - first + 1, start - first, days)


@dataclass(frozen=True, slots=True)
class Areas:
    """The missions locales and what is particular to each.

    Attributes:
        ids: Code of each mission locale.
        departement: Position of its département in `departements`.
        departements: INSEE codes.
        share: Share of the persons of the world who start there.
        level: Log of its arrivals into work over the mean, by month, shape (areas, months).
        intake: Logit of its entries over the mean, by programme.
        names: Names of the missions locales.
        regions: INSEE code of the region of each.
    """

    ids: list[str]
    departement: AnyVector
    departements: list[str]
    share: AnyVector
    level: AnyVector
    intake: dict[str, AnyVector]
    names: list[str]
    regions: list[str]


def areas(world: World, seed: int, cal: SimulatedMonths) -> Areas:
    """Draw the missions locales of a world: levels, shocks, capacities."""
    rows = structure_rows(world.structures)
    if world.weights:
        rows = [r for r in rows if r["departement"] in world.weights]
    codes = sorted({r["departement"] for r in rows})
    dep = np.array([codes.index(r["departement"]) for r in rows])
    weight = np.array([float(r["poids"]) for r in rows])
    total = np.array([world.weights.get(c, weight[dep == k].sum()) for k, c in enumerate(codes)])
    share = weight / np.bincount(dep, weight)[dep] * (total / total.sum())[dep]
    rng = substream(seed, "areas")
    e = world.employment
    level = np.empty((len(rows), cal.months))
    shock = rng.normal(size=len(rows)) * e.shock_sd
    for t in range(cal.months):
        shock = e.shock_persistence * shock + rng.normal(size=len(rows)) * e.shock_sd
        level[:, t] = shock
    level += (rng.normal(size=len(rows)) * e.area_sd + _wave_level(world, dep, codes))[:, None]
    intake: dict[str, AnyVector] = {
        name: substream(seed, "intake", k).normal(size=len(rows)) * entry.structure_sd
        + np.array([entry.by_departement.get(codes[d], 0.0) for d in dep])
        for k, (name, entry) in enumerate(sorted(world.programmes.items()))
    }
    ids, names = [r["id"] for r in rows], [r["nom"] for r in rows]
    own = str(world.territory.get("region", "32"))
    regions = [r.get("region", own) for r in rows]
    return Areas(ids, dep, codes, share, level.astype(np.float32), intake, names, regions)


def _wave_level(world: World, dep: AnyVector, codes: list[str]) -> AnyVector:
    """Return what is particular to the areas of each wave of a roll-out."""
    out = np.zeros(len(dep))
    if world.rollout:
        for day, value in world.rollout.levels.items():
            here = [codes.index(c) for c in world.rollout.waves[day] if c in codes]
            out[np.isin(dep, here)] = value
    return out


@dataclass(frozen=True, slots=True, repr=False)
class People:
    """The persons of one block, one array per attribute, shape (n,)."""

    women: AnyVector
    birth_day: AnyVector
    birth_month: AnyVector
    nationalite: AnyVector
    welcome: AnyVector
    area: AnyVector
    area_after: AnyVector
    move: AnyVector
    qpv: AnyVector
    frr: AnyVector
    niveau: AnyVector
    logement: AnyVector
    couple: AnyVector
    enfants: AnyVector
    permis_b: AnyVector
    rqth: AnyVector
    frailty: AnyVector
    eligible: AnyVector

    def take(self, at: AnyVector) -> People:
        """Return the persons at positions `at`."""
        return People(*(getattr(self, f.name)[at] for f in fields(self)))

    def covariates(self) -> dict[str, AnyVector]:
        """Return what coefficients may bear on, apart from age."""
        named: dict[str, AnyVector] = {
            "femme": self.women,
            "qpv": self.qpv,
            "frr": self.frr,
            "permis_b": self.permis_b,
            "enfants": self.enfants > 0,
            "couple": self.couple,
            "rqth": self.rqth,
            "etranger": self.nationalite > 0,
        }
        named |= {name: self.niveau == k for k, name in enumerate(NIVEAUX)}
        return named | {name: self.logement == k for k, name in enumerate(LOGEMENTS)}

    def score(self, coefficients: dict[str, float]) -> AnyVector:
        """Return the sum of coefficients times covariates (age left out), float32."""
        total = np.zeros(len(self.women), dtype=np.float32)
        named = self.covariates()
        for name, value in coefficients.items():
            if name != "age":
                total += np.float32(value) * named[name].astype(np.float32)
        return total


def _by_departement(value: float | dict[str, float], a: Areas) -> AnyVector:
    if isinstance(value, float):
        return np.full(len(a.departements), value)
    return np.array([value.get(code, 0.0) for code in a.departements])


def _ineligible(world: World) -> list[str]:
    return list(world.rollout.ineligible) if world.rollout else []


def _welcome(world: World, cal: SimulatedMonths, rng: np.random.Generator, n: int) -> AnyVector:
    months = np.arange(cal.months)
    weight = np.array(world.population.welcome_by_calendar_month)[cal.of_year(months)]
    return rng.choice(months, size=n, p=weight / weight.sum()).astype(np.int16)


def _as_merged(world: World, a: Areas) -> AnyVector:
    """Return the mission locale each one ends up in, mergers done."""
    out = np.arange(len(a.ids))
    for old, (heir, _) in world.mergers.items():
        out[a.ids.index(old)] = a.ids.index(heir)
    return out


def _told_apart(born: AnyVector, day: AnyVector, welcome: AnyVector, kind: AnyVector) -> AnyVector:
    """Return days of birth such that no two persons of a block look alike in what files show."""
    for _ in range(4):
        key = ((born.astype(np.int64) + 999) * 28 + day) * 1000 + welcome
        key = key * 6 + kind
        order = np.argsort(key, kind="stable")
        again = np.zeros(len(key), dtype=np.int64)
        again[order[1:]] = key[order][1:] == key[order][:-1]
        day = (day + 5 * again) % 28
    return np.asarray(day.astype(np.int16))


def people(world: World, a: Areas, cal: SimulatedMonths, draws: Draws) -> People:
    """Draw the persons of one block."""
    n, p, rng = draws.persons, world.population, draws.fixed("people")
    area = rng.choice(len(a.ids), size=n, p=a.share).astype(np.int16)
    dep = a.departement[area]
    welcome = _welcome(world, cal, rng, n)
    ages = np.array(list(p.age_at_welcome))[pick(rng, list(p.age_at_welcome.values()), n)]
    months_old = ages * 12 + rng.integers(1, 13, n)
    niveau = pick(rng, list(p.niveau_diplome.values()), n)
    young = (ages < 18) & (niveau >= 3)
    niveau = np.where(young, niveau % 3, niveau).astype(np.int8)
    women, nation = rng.random(n) < p.women, pick(rng, list(p.nationalite.values()), n)
    born, birth_day = (welcome - months_old).astype(np.int16), rng.integers(0, 28, n)
    birth_day = _told_apart(born, birth_day, welcome, women * 3 + nation)
    u = rng.random(n)
    after = welcome + 1 + rng.geometric(max(p.moves_per_year / 12, 1e-9), n).clip(0, NEVER - 999)
    to = rng.choice(len(a.ids), size=n, p=a.share).astype(np.int16)
    one = _as_merged(world, a)
    moves = (after < cal.months) & (one[to] != one[area])
    if not p.moves_across:
        moves &= a.departement[to] == dep
    return People(
        women=women,
        birth_day=birth_day,
        birth_month=born,
        nationalite=nation,
        welcome=welcome,
        area=area,
        area_after=np.where(moves, to, area),
        move=np.where(moves, after, NEVER).astype(np.int16),
        qpv=rng.random(n) < _by_departement(p.qpv, a)[dep],
        frr=rng.random(n) < _by_departement(p.frr, a)[dep],
        niveau=niveau,
        logement=np.where(
            u >= 1 - p.logement_missing,
            UNKNOWN_LODGING,
            np.where((ages < 18) & (u < 0.8), 1, pick(rng, list(p.logement.values()), n)),
        ).astype(np.int8),
        couple=(rng.random(n) < p.couple) & (ages >= 18),
        enfants=np.where(ages >= 18, pick(rng, list(p.enfants.values()), n), 0),
        permis_b=(rng.random(n) < p.permis_b * ((ages - 16) / 3.5).clip(0, 1.6)) & (ages >= 18),
        rqth=(rng.random(n) < p.rqth) | (ages >= 26),
        frailty=(rng.normal(size=n) * world.employment.frailty_sd).astype(np.float32),
        eligible=~np.isin(niveau, [NIVEAUX.index(x) for x in _ineligible(world)]),
    )
