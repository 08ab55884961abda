"""Which records are kept so that published counts of records are met exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.errors import EvalmlError
from evalml.synthetic.margins import area_names, area_of, year_months
from evalml.synthetic.programmes import (
    AIDE,
    ALTERNANCE,
    CDD,
    CTT,
    DURABLE,
    FORMATION,
    IAE,
    M_ECHEANCE,
    SCOLARITE,
    VOLONTARIAT,
)

if TYPE_CHECKING:
    from evalml.arrays import AnyVector
    from evalml.synthetic.declare import Spells
    from evalml.synthetic.margins import Margins
    from evalml.synthetic.records import Made

PEOPLE = {
    "emplois_durables": (DURABLE,),
    "alternances": (ALTERNANCE,),
    "formations": (FORMATION,),
    "retours_scolarite": (SCOLARITE,),
    "services_civiques": (VOLONTARIAT,),
}
INFORMATION_MEETINGS = 0.25
"""Share of group sessions that are information meetings."""
CLASSES = {
    "contrats_durables": (DURABLE,),
    "contrats_alternance": (ALTERNANCE,),
    "contrats_aides": (AIDE,),
    "contrats_autres": (CDD, CTT, IAE),
    "formations": (FORMATION,),
}


def exactly(
    margins: Margins, pool: AnyVector, first: AnyVector, count: int, rng: np.random.Generator,
    what: str,
) -> AnyVector:  # fmt: skip
    """Return `count` of the positions `pool`, those in `first` before the others.

    A world smaller than the published one gives what it has.
    """
    if len(pool) < count and margins.scale == 1:
        raise EvalmlError(f"the world has {len(pool)} records for {what}, {count} are published")
    order = np.lexsort((rng.random(len(pool)), ~first))
    return np.asarray(pool[order[: max(count, 0)]])


def in_year(m: Made, who: AnyVector, t: AnyVector) -> AnyVector:
    """Return which events lie in the margins' year, of persons accompanied in it."""
    lo, hi = year_months(m.published(), m.cal)
    met = (m.history.contact[lo:hi] > 0).any(axis=0)
    return np.asarray((t >= lo) & (t < hi) & np.asarray(met)[who])


def next_contact(m: Made) -> AnyVector:
    """Return the first month from each on with any contact, `months` if none, shape (months, n)."""
    months, n = m.history.contact.shape
    out, last = np.empty((months, n), dtype=np.int16), np.full(n, months, dtype=np.int16)
    for t in range(months - 1, -1, -1):
        last = np.where(m.history.contact[t] > 0, t, last).astype(np.int16)
        out[t] = last
    return out


def meet_quotas(
    m: Made, sp: Spells, declared: AnyVector, when: AnyVector
) -> tuple[AnyVector, AnyVector]:
    """Return which spells are declared, and when, once published counts are met.

    Spells of the year that the model leaves undeclared may be told at the next contact, told
    ones may be left out; spells of other years are as the model has them.
    """
    margins, rng = m.published(), m.rng("quotas")
    year = in_year(m, sp.who, sp.start) & (sp.start <= sp.end)
    meet = next_contact(m)[sp.start, sp.who].astype(np.int64)
    able = year & (meet < m.cal.months) & (sp.start >= m.people.welcome[sp.who])
    area = area_of(margins, m.areas, m.people)[sp.who]
    out, late = declared.copy(), np.where(declared, when, meet)
    for k, code in enumerate(area_names(margins, m.areas)):
        for name, kinds in CLASSES.items():
            if name not in margins.rows:
                continue
            kind = year & (area == k) & np.isin(sp.situation, kinds)
            pool = np.flatnonzero(kind & able)
            kept = exactly(
                margins, pool, declared[pool], margins.rows[name][code], rng, f"{name} in {code}"
            )
            out[kind] = False
            out[kept] = True
        for name, kinds in PEOPLE.items():
            if name in margins.people:
                kind = year & (area == k) & np.isin(sp.situation, kinds)
                _persons(margins, sp, kind, able, margins.people[name][code], out, rng)
        if "emplois" in margins.people:
            _at_work(
                margins, sp, year & (area == k), able, margins.people["emplois"][code], out, rng
            )
    return out, late


def _at_work(
    margins: Margins,
    sp: Spells,
    here: AnyVector,
    able: AnyVector,
    count: int,
    out: AnyVector,
    rng: np.random.Generator,
) -> None:
    """Declare other contracts so that `count` persons have one of any kind, changing `out`."""
    job = here & (sp.situation >= CDD) & (sp.situation <= IAE)
    other = job & ~np.isin(sp.situation, (DURABLE, ALTERNANCE))
    already = np.unique(sp.who[job & ~other & out])
    more = np.setdiff1d(sp.who[other & able], already)
    all_ = np.ones(len(more), dtype=bool)
    chosen = exactly(margins, more, all_, count - len(already), rng, "youths at work")
    out[other & ~np.isin(sp.who, already)] = False
    out[other & able & np.isin(sp.who, chosen)] = True


def delegated(m: Made, who: AnyVector) -> tuple[AnyVector, ...]:
    """Return PPAE spells of exactly the published number of youths: a delegation, no effect.

    `who`: persons who may not have one.
    """
    margins, rng = m.published(), m.rng("delegated")
    lo, hi = year_months(margins, m.cal)
    met = m.history.contact[lo:hi] > 0
    free = np.array(met.any(axis=0))
    free[who] = False
    area = area_of(margins, m.areas, m.people)
    parts = []
    for k, code in enumerate(area_names(margins, m.areas)):
        pool = np.flatnonzero(free & (area == k))
        all_ = np.ones(len(pool), dtype=bool)
        parts.append(exactly(margins, pool, all_, margins.people["ppae"][code], rng, "PPAE"))
    who = np.sort(np.concatenate(parts))
    start = lo + met[:, who].argmax(axis=0)
    end = start + rng.integers(2, 12, len(who))
    end = np.where(end >= m.cal.months, -1, end)
    return who, start, end, np.where(end < 0, -1, M_ECHEANCE), np.ones(len(who))


def _persons(
    margins: Margins,
    sp: Spells,
    kind: AnyVector,
    able: AnyVector,
    count: int,
    out: AnyVector,
    rng: np.random.Generator,
) -> None:
    """Declare spells of `kind` for exactly `count` persons, changing `out`."""
    who = np.unique(sp.who[kind & able])
    kept = exactly(margins, who, np.ones(len(who), dtype=bool), count, rng, "a count of persons")
    out[kind] = False
    out[kind & able & np.isin(sp.who, kept)] = True


def immersions(m: Made, who: AnyVector, start: AnyVector, pmsmp: AnyVector) -> AnyVector:
    """Return which immersions are kept: those of the published number, and other years'.

    Args:
        m: The block.
        who: Person of each.
        start: Its first day.
        pmsmp: Whether it is a PMSMP: counts of youths are about those alone.
    """
    margins, rng = m.published(), m.rng("immersion quota")
    lo, hi = year_months(margins, m.cal)
    year = (start >= m.cal.starts[lo]) & (start < m.cal.starts[hi])
    met = in_year(m, who, np.full(len(who), lo))
    kept = np.array(~year, dtype=bool)
    area = area_of(margins, m.areas, m.people)[who]
    for k, code in enumerate(area_names(margins, m.areas)):
        if "immersions" in margins.rows:
            pool = np.flatnonzero(year & met & (area == k))
            all_ = np.ones(len(pool), dtype=bool)
            kept[
                exactly(
                    margins,
                    pool,
                    all_,
                    margins.rows["immersions"][code],
                    rng,
                    f"immersions in {code}",
                )
            ] = True
        elif "pmsmp" in margins.people:
            here = year & met & (area == k)
            people = np.unique(who[here & pmsmp])
            all_, count = np.ones(len(people), dtype=bool), margins.people["pmsmp"][code]
            ours = exactly(margins, people, all_, count, rng, "youths with a PMSMP")
            kept[here] = ~pmsmp[here] | np.isin(who[here], ours)
    return kept


def acts(
    m: Made, who: AnyVector, t: AnyVector, more: AnyVector, kind: AnyVector
) -> tuple[AnyVector, AnyVector]:
    """Return kinds of acts and which are kept, so that interviews and group sessions are met.

    The first act of a month of contact stays as it is; the further ones, all present, are typed
    or left out. Kinds: 0 interview, 1 workshop, 2 information meeting, 3 other contact.
    """
    margins, rng = m.published(), m.rng("act quota")
    if "entretiens" not in margins.rows:
        return kind, np.ones(len(who), dtype=bool)
    year = in_year(m, who, t)
    area = area_of(margins, m.areas, m.people)[who]
    kind, kept = kind.copy(), np.ones(len(who), dtype=bool)
    for k, code in enumerate(area_names(margins, m.areas)):
        here = year & (area == k)
        first = here & ~more
        alone = margins.rows["entretiens"][code] - int((first & (kind == 0)).sum())
        group = margins.rows["collectifs"][code] - int((first & (kind > 0)).sum())
        pool = np.flatnonzero(here & more)
        all_ = np.ones(len(pool), dtype=bool)
        got = exactly(margins, pool, all_, alone + group, rng, f"acts in {code}")
        kept[pool] = False
        kept[got] = True
        kind[got[:alone]] = 0
        kind[got[alone:]] = 1 + (rng.random(group) < INFORMATION_MEETINGS)
    return np.asarray(kind), kept


def senders(
    m: Made, who: AnyVector, t: AnyVector, accepted: AnyVector, sender: AnyVector
) -> AnyVector:
    """Return who sent each application: the mission locale for the published number accepted."""
    margins, rng = m.published(), m.rng("sender quota")
    lo, hi = year_months(margins, m.cal)
    sender = np.array(sender)
    if "iae_acceptees" not in margins.rows:
        return np.asarray(sender)
    area = area_of(margins, m.areas, m.people)[who]
    year = accepted & (t >= lo) & (t < hi)
    for k, code in enumerate(area_names(margins, m.areas)):
        pool = np.flatnonzero(year & (area == k))
        first = sender[pool] == 0
        got = exactly(
            margins, pool, first, margins.rows["iae_acceptees"][code], rng, f"IAE hires in {code}"
        )
        sender[pool] = np.where(first, 2, sender[pool])
        sender[got] = 0
    return np.asarray(sender)
