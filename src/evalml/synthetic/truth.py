"""What is true in a world: effects on those who entered, from their simulated other histories."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from evalml.months import first_day, month_number
from evalml.synthetic.people import NEVER, NIVEAUX
from evalml.synthetic.programmes import (
    ALTERNANCE,
    DURABLE,
    FORMATION,
    IAE,
    NEW,
    age_in_years,
    employed,
    in_order,
    months_applied,
)
from evalml.synthetic.simulate import Block, History, simulate

if TYPE_CHECKING:
    from evalml.arrays import AnyVector
    from evalml.synthetic.people import Areas, People, SimulatedMonths
    from evalml.synthetic.world import Draws, World

OUTCOMES = ("emploi", "emploi_durable", "emploi_hors_iae", "alternance", "formation")
_SINGLE = {"emploi_durable": DURABLE, "alternance": ALTERNANCE, "formation": FORMATION}
ARMS = ("treated", "not_then", "never")
OUTSIDE = 255
"""The situation of a month outside the period."""
BEFORE = 24
"""Months before entry shown in the curves."""
Cell = tuple[str, str, str]


def outcome(situation: AnyVector, name: str) -> AnyVector:
    """Return whether each person-month is in an outcome of OUTCOMES."""
    s = situation & (NEW - 1)
    if name == "emploi":
        return employed(s)
    if name == "emploi_hors_iae":
        return np.asarray(employed(s) & (s != IAE))
    return np.asarray(s == _SINGLE[name])


@dataclass(slots=True)
class Sums:
    """Running counts of persons in an outcome by arm and month since entry.

    Attributes:
        at_risk: Entrants with that month in the period, shape (months,).
        inside: Of them, in the outcome, shape (3 arms, months).
    """

    at_risk: AnyVector
    inside: AnyVector


@dataclass(slots=True)
class Truth:
    """True counts of a world, added up over blocks of persons: (programme, subgroup, value)."""

    horizon_max: int
    sums: dict[tuple[Cell, str], Sums] = field(default_factory=dict)
    waves: dict[tuple[str, bool], AnyVector] = field(default_factory=dict)

    def add(self, cell: Cell, name: str, at_risk: AnyVector, inside: AnyVector) -> None:
        """Add the counts of one block."""
        key = (cell, name)
        if key not in self.sums:
            self.sums[key] = Sums(at_risk, inside)
        else:
            self.sums[key].at_risk = self.sums[key].at_risk + at_risk
            self.sums[key].inside = self.sums[key].inside + inside


def first_entries(h: History, programme: str, n: int) -> AnyVector:
    """Return the month of everyone's first entry, or NEVER."""
    if programme != "IAE":
        return h.enrolments[programme].first
    who, t, accepted = h.applications
    first = np.full(n, NEVER, dtype=np.int16)
    first[who[accepted]] = t[accepted]
    return first


def _applied(p: People, cal: SimulatedMonths, draws: Draws, h: History) -> AnyVector:
    """Return the month of the application that was accepted, or NEVER."""
    who, _, accepted = in_order(h)
    zero = np.full(len(p.women), NEVER, dtype=np.int16)
    zero[who[accepted]] = months_applied(p, cal, draws, h)[accepted]
    return zero


def _subgroups(
    world: World, p: People, a: Areas, entry: AnyVector
) -> dict[tuple[str, str], AnyVector]:
    minor = age_in_years(p, 0) + entry / 12 < 18
    dep = a.departement[p.area]
    values: dict[str, dict[str, AnyVector]] = {
        "sexe": {"F": p.women, "M": ~p.women},
        "qpv": {"true": p.qpv, "false": ~p.qpv},
        "niveau_diplome": {name: p.niveau == k for k, name in enumerate(NIVEAUX)},
        "mineur": {"true": minor, "false": ~minor},
        "suivi_avant": {"true": p.welcome < entry, "false": p.welcome >= entry},
        "departement": {code: dep == k for k, code in enumerate(a.departements)},
    }
    all_: dict[tuple[str, str], AnyVector] = {("all", "all"): np.ones(len(entry), dtype=bool)}
    return all_ | {(g, v): on for g in world.truth.subgroups for v, on in values[g].items()}


def _aligned(situation: AnyVector, entry: AnyVector, horizon_max: int) -> AnyVector:
    """Return situations by month since entry from -BEFORE, OUTSIDE where there is none."""
    months = situation.shape[0]
    at = entry[None, :].astype(np.int64) + np.arange(-BEFORE, horizon_max + 1)[:, None]
    inside = (at >= 0) & (at < months)
    got = np.take_along_axis(situation, at.clip(0, months - 1), axis=0)
    return np.asarray(np.where(inside, got & (NEW - 1), OUTSIDE).astype(np.uint8))


def add_block(
    truth: Truth, world: World, p: People, a: Areas, cal: SimulatedMonths, draws: Draws, h: History
) -> None:
    """Simulate the other histories of a block's entrants and add what they show to `truth`."""
    lo = cal.at(month_number(world.truth.entries_from))
    hi = cal.at(month_number(world.truth.entries_to))
    for programme in world.truth.programmes:
        first = first_entries(h, programme, len(p.women))
        zero = first
        if programme == "IAE" and world.truth.iae_from == "application":
            zero = _applied(p, cal, draws, h)
        who = np.flatnonzero((zero >= lo) & (zero <= hi))
        few, entry = p.take(who), zero[who]
        own = replace(draws, keep=who if draws.keep is None else draws.keep[who])
        blocked = [Block(programme, first[who], never) for never in (False, True)]
        others = [simulate(world, few, a, cal, own, block).situation for block in blocked]
        arms = [h.situation[:, who], *others]
        lined = [_aligned(s, entry, truth.horizon_max) for s in arms]
        for (group, value), on in _subgroups(world, few, a, entry).items():
            cell = (programme, group, value)
            risk = (lined[0][:, on] != OUTSIDE).sum(axis=1)
            for name in OUTCOMES:
                inside = np.stack([outcome_of(x[:, on], name).sum(axis=1) for x in lined])
                truth.add(cell, name, risk, inside)


def add_rollout(
    truth: Truth, world: World, p: People, a: Areas, cal: SimulatedMonths, draws: Draws, h: History
) -> None:
    """Simulate a block as if no area ever opened, and add what it shows by wave and month.

    Counted each month: youths welcomed by then and aged under 26, those at work with and without
    the opening, those who had entered.
    """
    rollout = world.rollout
    if rollout is None:
        return
    never = Block(rollout.programme, np.zeros(len(p.women), dtype=np.int16), never=True)
    closed = simulate(world, p, a, cal, draws, never)
    first = first_entries(h, rollout.programme, len(p.women))
    for day, codes in sorted(rollout.waves.items()):
        inside = np.isin(
            a.departement[p.area], [a.departements.index(c) for c in codes if c in a.departements]
        )
        for eligible in (True, False):
            who = np.flatnonzero(inside & (p.eligible == eligible))
            few, rows = p.take(who), np.zeros((4, cal.months), dtype=np.int64)
            for t in range(cal.months):
                age = age_in_years(few, t)
                risk = (few.welcome <= t) & (age >= world.programmes[rollout.programme].age_min)
                risk &= age < ROLLOUT_AGE
                for k, on in enumerate(
                    (
                        risk,
                        outcome(h.situation[t, who], "emploi"),
                        outcome(closed.situation[t, who], "emploi"),
                        first[who] <= t,
                    )
                ):
                    rows[k, t] = (risk & on).sum()
            key = (day.isoformat(), eligible)
            truth.waves[key] = truth.waves.get(key, np.zeros_like(rows)) + rows


ROLLOUT_AGE = 26


def rollout_table(truth: Truth, cal: SimulatedMonths) -> pa.Table:
    """Return `truth/rollout.csv`: by wave, month and eligibility, the effect of opening."""
    rows: list[tuple[object, ...]] = []
    for (wave, eligible), counts in sorted(truth.waves.items()):
        for t in range(cal.shown, cal.months):
            n, work, without, entered = (int(x) for x in counts[:, t])
            if n:
                month = first_day(cal.first + t).isoformat()
                itt = (work - without) / n
                rows.append((wave, month, eligible, n, itt, work / n, without / n, entered / n))
    names = (
        "wave",
        "month",
        "eligible",
        "n",
        "true_itt",
        "rate_open",
        "rate_never_open",
        "entered",
    )
    return _table(names, rows)


def outcome_of(lined: AnyVector, name: str) -> AnyVector:
    """Return an outcome of aligned situations; months outside the period are not in it."""
    return outcome(np.where(lined == OUTSIDE, 0, lined), name)


_KEYS = ("programme", "outcome", "horizon_months", "subgroup", "subgroup_value")


def effects_table(truth: Truth) -> pa.Table:
    """Return `truth/effects.csv`: true effects by programme, outcome, horizon and subgroup."""
    rows: list[tuple[object, ...]] = []
    for ((programme, group, value), name), s in sorted(truth.sums.items()):
        for h in range(1, truth.horizon_max + 1):
            n, inside = int(s.at_risk[BEFORE + h]), s.inside[:, BEFORE + h]
            if n == 0:
                continue
            y1, y0, never = (float(x) / n for x in inside)
            rows.append((programme, name, h, group, value, y1 - y0, y1 - never, n, y1, y0))
    names = (
        *_KEYS,
        "true_att",
        "true_att_never",
        "n_entrants",
        "true_mean_treated",
        "true_mean_untreated",
    )
    return _table(names, rows)


def curves_table(truth: Truth) -> pa.Table:
    """Return `truth/curves.csv`: true rates by arm and month since entry, before it too."""
    rows: list[tuple[object, ...]] = []
    for ((programme, group, value), name), s in sorted(truth.sums.items()):
        for k, month in enumerate(range(-BEFORE, truth.horizon_max + 1)):
            n = int(s.at_risk[k])
            rows += [
                (programme, name, group, value, arm, month, float(s.inside[j, k]) / n, n)
                for j, arm in enumerate(ARMS)
                if n
            ]
    names = ("programme", "outcome", "subgroup", "subgroup_value", "arm", "month", "rate", "n")
    return _table(names, rows)


def files_of(truth: Truth, cal: SimulatedMonths) -> dict[str, pa.Table]:
    """Return the files of `truth/`, by name."""
    found = {"effects": effects_table(truth), "curves": curves_table(truth)}
    return found | ({"rollout": rollout_table(truth, cal)} if truth.waves else {})


def _table(names: tuple[str, ...], rows: list[tuple[object, ...]]) -> pa.Table:
    return pa.table({name: [row[k] for row in rows] for k, name in enumerate(names)})
