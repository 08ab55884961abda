"""What counsellors are told, when, and how wrong: the table `situations`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from evalml.rules import rules
from evalml.synthetic import quotas
from evalml.synthetic.margins import area_names, area_of
from evalml.synthetic.programmes import (
    AIDE,
    ALTERNANCE,
    CDD,
    CTT,
    DURABLE,
    FORMATION,
    IAE,
    NEW,
    SCOLARITE,
    VOLONTARIAT,
    employed,
)
from evalml.synthetic.quotas import exactly, in_year
from evalml.synthetic.records import Made, as_contract, coded, days, plain
from evalml.synthetic.simulate import PROGRAMME_OF_CONTACT, REFRESH

if TYPE_CHECKING:
    from evalml.arrays import AnyVector
    from evalml.synthetic.records import Made


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


CATEGORIES = (
    "Demandeur d'emploi", "Emploi", "Contrat en Alternance", "Formation", "Scolarité",
    "Contrat de volontariat - bénévolat", "Immersion en entreprise", "Pmsmp",
)  # fmt: skip
_CATEGORY = np.zeros(10, dtype=np.int8)
_CATEGORY[[CDD, 2, 3, AIDE, IAE]] = 1
_CATEGORY[[ALTERNANCE, FORMATION, SCOLARITE, VOLONTARIAT]] = (2, 3, 4, 5)
SIAE_TYPES = ("ACI", "AI", "EI", "ETTI")
STATES = ("PREVU", "EN_COURS", "TERMINE")
_IMMERSION = {"CEJ": 0.11, "GJ": 0.11, "PACEA": 0.07}
_OTHERS = 0.05


def _declared_situations(m: Made, sp: Spells) -> tuple[AnyVector, AnyVector]:
    """Return which spells are declared, and the month in which (months if never)."""
    after = next_refresh(m)
    d, months = m.world.declaration, m.cal.months
    when = after[sp.start, sp.who].astype(np.int64)
    during = when <= sp.end
    late = (when < months) & (when <= sp.end + d.retrospective_months)
    back = m.rng("retrospective").random(len(when)) < d.retrospective
    return during | (late & back), when


def _last_days(m: Made, sp: Spells, on: AnyVector) -> tuple[AnyVector, AnyVector]:
    """Return last days of declared spells and whether they are unknown at extraction."""
    rng, months = m.rng("ends"), m.cal.months
    after = next_refresh(m)[(sp.end + 1).clip(0, months), sp.who]
    ended = (after < months) & ~sp.going
    ahead = (sp.planned > 0) & (rng.random(len(on)) < m.world.declaration.end_known_ahead)
    future = sp.first_day + (sp.planned * 30.4).astype(np.int64) - 1
    future = np.maximum(future, m.last_day + 1 + rng.integers(0, 90, len(on)))
    last = np.where(sp.going, future, sp.last_day)
    return last, ~(ended | ahead)


def situations(m: Made, sp: Spells) -> pa.Table:
    """Return the declared situations of a block, immersions included."""
    declared, when = _declared_situations(m, sp)
    if m.world.margins:
        declared, when = quotas.meet_quotas(m, sp, declared, when)
    rng, d = m.rng("declare"), m.world.declaration
    last, unknown = _last_days(m, sp, declared)
    at = np.flatnonzero(declared)
    n = len(at)
    s, who, month = sp.situation[at], sp.who[at], when[at]
    first = sp.first_day[at]
    if not m.world.margins:  # which fix the year spells are told to begin in
        first = _from_welcome(m, who, month, first, last[at], rng)
    late = (rng.random(n) < d.date_shifted) * rng.integers(1, 16, n)
    first = np.minimum(first + late, np.maximum(first, last[at]))
    entered = np.maximum(m.contact_day(who, month), first)
    category, kind = _CATEGORY[s].copy(), sp.type[at].copy()
    wrong = rng.random(n) < d.wrong_category
    kind[wrong & (kind == 2)] = 1
    category[wrong & (s == FORMATION)] = 4
    typed = (category == 1) | (category == 2) | (category == 5)
    lost = ~typed | (rng.random(n) < d.type_missing)
    none = unknown[at]
    state = np.where(none | (last[at] > m.last_day), 1, 2)
    columns = {
        "id_jeune": m.ids.take(pa.array(who)),
        "id_dossier": m.dossier(who, month),
        "categorie": coded(CATEGORIES, category),
        "type_contrat": coded(TYPES, kind, lost),
        "duree_prevue_mois": plain(sp.planned[at], (sp.planned[at] == 0) | (typed & (kind == 1))),
        "heures_hebdo": plain(sp.hours[at].astype(float), ~employed(s)),
        "siae_type": coded(SIAE_TYPES, (who + sp.start[at]) % 4, s != IAE),
        "etat": coded(STATES, state),
        "date_debut": days(first),
        "date_fin": days(np.maximum(last[at], first), none),
        "date_saisie": days(np.minimum(entered, m.last_day)),
    }
    main = as_contract("situations", columns | {"id_situation": pa.array([""] * n)})
    return pa.concat_tables([main, _immersions(m)])


def _from_welcome(
    m: Made, who: AnyVector, month: AnyVector, first: AnyVector, last: AnyVector,
    rng: np.random.Generator,
) -> AnyVector:  # fmt: skip
    """Return first days as told: what began before the welcome is entered as recent."""
    told_at = m.contact_day(who, month)
    recent = np.minimum(told_at - rng.integers(0, 60, len(who)), last)
    old = month == m.people.welcome[who]
    return np.asarray(np.where(old, np.maximum(first, recent), first))


def _apart(who: AnyVector, t: AnyVector, *columns: AnyVector) -> tuple[AnyVector, ...]:
    """Return immersions in each person's order, without those that overlap the one before."""
    order = np.lexsort((t, who))
    who, t, entered, first, length = (x[order] for x in (who, t, *columns))
    ends = first + length
    over = np.zeros(len(who), dtype=bool)
    over[1:] = (who[1:] == who[:-1]) & (first[1:] <= ends[:-1])
    return tuple(x[~over] for x in (who, t, entered, first, length))


def _immersions(m: Made) -> pa.Table:
    """Return short immersions in firms, of those out of work whom a programme follows."""
    contact, rng = m.history.contact, m.rng("immersions")
    chance = np.array([0.0, 0.006, *(_IMMERSION.get(k, _OTHERS) for k in PROGRAMME_OF_CONTACT[1:])])
    chance *= m.world.declaration.immersions_times
    kind = contact & (REFRESH - 1)
    free = ~employed(m.history.situation & (NEW - 1))
    t, who = np.nonzero((rng.random(contact.shape, dtype=np.float32) < chance[kind]) & free)
    n = len(t)
    entered = m.contact_day(who, t)
    first = entered + rng.integers(1, 12, n)
    length = rng.integers(4, 21, n)
    who, t, entered, first, length = _apart(who, t, entered, first, length)
    pmsmp = rng.random(len(who)) < 0.6
    if m.world.margins:
        ok = quotas.immersions(m, who, first, pmsmp)
        who, t, entered, first, length = (x[ok] for x in (who, t, entered, first, length))
        pmsmp = pmsmp[ok]
    n = len(who)
    over = first + length <= m.last_day
    columns = {
        "id_situation": pa.array([""] * n, pa.string()),
        "id_jeune": m.ids.take(pa.array(who)),
        "id_dossier": m.dossier(who, t),
        "categorie": coded(CATEGORIES, 6 + pmsmp),
        "heures_hebdo": plain(np.full(n, 35.0)),
        "etat": coded(STATES, np.where(over, 2, np.where(first <= m.last_day, 1, 0))),
        "date_debut": days(first),
        "date_fin": days(first + length),
        "date_saisie": days(entered),
    }
    return as_contract("situations", columns)


THEMES = (
    "EMPLOI", "PROJET_PROFESSIONNEL", "FORMATION", "MOBILITE", "SANTE", "LOGEMENT", "CITOYENNETE",
    "CULTURE_SPORT_LOISIRS",
)  # fmt: skip
NO_THEME = len(THEMES)


def helped(m: Made, room: AnyVector) -> AnyVector:
    """Return which themes each person is helped on in the year, shape (n, themes).

    `room`: acts that count, by person: nobody is helped on more themes than that.
    """
    margins, rng = m.published(), m.rng("themes")
    area = area_of(margins, m.areas, m.people)
    out = np.zeros((len(room), len(THEMES)), dtype=bool)
    left = room.copy()
    for k, code in enumerate(area_names(margins, m.areas)):
        seen = int(((area == k) & (room > 0)).sum())
        for name in sorted(margins.themes, key=lambda x: -margins.themes[x][code]):
            pool = np.flatnonzero((area == k) & (left > 0))
            all_ = np.ones(len(pool), dtype=bool)
            count = round(margins.themes[name][code] * seen)
            who = exactly(margins, pool, all_, count, rng, f"theme {name} in {code}")
            out[who, THEMES.index(name)] = True
            left[who] -= 1
    return out


def assign(
    m: Made, who: AnyVector, t: AnyVector, counted: AnyVector, theme: AnyVector
) -> AnyVector:
    """Return themes of acts; in the margins' year each person goes round their themes.

    `who`: person of each act, sorted; `counted`: whether the act is kept, took place and counts.
    """
    if not m.published().themes:
        return theme
    at = np.flatnonzero(counted & in_year(m, who, t))
    person = who[at]
    room = np.bincount(person, minlength=len(m.people.women))
    chosen = helped(m, room)
    order, many = np.argsort(~chosen, axis=1, kind="stable"), chosen.sum(axis=1)
    rank = np.arange(len(at)) - (np.cumsum(room) - room)[person]
    mine = order[person, rank % np.maximum(many[person], 1)]
    out = np.array(theme)
    out[at] = np.where(many[person] > 0, mine, NO_THEME)
    return out


TYPES_OF_ACT = ("ENTRETIEN", "ATELIER", "INFO_COLLECTIVE", "CONTACT")
STATUS = ("PRESENT", "ABSENT", "ANNULE", "REPORTE")


def actes(m: Made) -> pa.Table:
    """Return the acts of a block: one present act per month of contact, and further ones."""
    rng, c = m.rng("actes"), m.world.contacts
    who, t = np.nonzero(m.history.contact.T)
    kind = (m.history.contact[t, who] & (REFRESH - 1)) - 1
    mean = np.array([c.acts.get(k, 0.5) for k in PROGRAMME_OF_CONTACT])
    times = 1 + rng.poisson(mean[kind])
    row = np.repeat(np.arange(len(who)), times)
    n = len(row)
    more = np.ones(n, dtype=bool)
    more[np.cumsum(times) - times] = False
    who, t = who[row], t[row]
    first = m.day[t, who]
    span = (28 - first).astype(np.float32)
    day = first + np.where(more, rng.random(n, dtype=np.float32) * span, 0).astype(np.int64)
    u = rng.random(n, dtype=np.float32)
    type_ = np.searchsorted([0.68, 0.90, 0.96], np.where(more, u, u * 0.95)).astype(np.int8)
    away = more & (rng.random(n, dtype=np.float32) < c.absent)
    kept = np.ones(n, dtype=bool)
    if m.world.margins:
        away &= ~quotas.in_year(m, who, t)
        type_, kept = quotas.acts(m, who, t, more, type_)
    status = np.where(away, 1 + rng.integers(0, 3, n), 0)
    theme = np.searchsorted(
        [0.30, 0.52, 0.66, 0.74, 0.82, 0.87, 0.97], rng.random(n, dtype=np.float32)
    )
    if m.world.margins:
        counted = kept & ~away & (type_ < 3)
        theme = assign(m, who, t, counted, theme)
    date = m.cal.starts[t] + day
    late = np.where(rng.random(n, dtype=np.float32) < 0.15, rng.integers(1, 15, n), 0)
    hours = np.array([1.0, 3.0, 2.0, 0.25])[type_]
    columns = {
        "id_acte": pa.nulls(n, pa.string()),
        "id_jeune": m.ids.take(pa.array(who)),
        "id_dossier": m.dossier(who, t),
        "type": coded(TYPES_OF_ACT, type_),
        "theme": coded(THEMES, theme % NO_THEME, theme == NO_THEME),
        "statut": coded(STATUS, status),
        "date_acte": days(date),
        "heures": plain(hours, away),
        "date_saisie": days(np.minimum(date + late, m.last_day)),
    }
    return as_contract("actes", columns).filter(pa.array(kept))


def _rate(programme: str, rule: str, day: AnyVector) -> AnyVector:
    """Return the monthly amount of a dated rule at each day, the first one before it begins."""
    used = rules(programme).rules[rule].used
    starts = np.array([value.start for value in used], dtype="datetime64[D]").astype(np.int64)
    amounts = np.array([float(str(value.value)) for value in used])
    return amounts[np.maximum(np.searchsorted(starts, day, side="right") - 1, 0)]


def _full_allowance(programme: str, day: AnyVector, minor: AnyVector) -> AnyVector:
    if programme == "CEJ":
        adult = _rate("CEJ", "allowance_adult_not_taxable", day)
        return np.where(minor, _rate("CEJ", "allowance_minor", day), adult)
    return _rate("GJ", "allowance", day)


def allocations(m: Made) -> pa.Table:
    """Return allowances by month: CEJ and GJ at their rate less earnings, PACEA now and then."""
    parts, rng = [], m.rng("allocations")
    for name in ("CEJ", "GJ", "PACEA"):
        if name not in m.history.enrolments:
            continue
        who, start, end, _, _ = (
            np.asarray(x, dtype=np.int64) for x in m.history.enrolments[name].spells()
        )
        end = np.where(end < 0, m.cal.months - 1, end)
        length = end - start
        row = np.repeat(np.arange(len(who)), length)
        month = start[row] + 1 + np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
        person = who[row]
        working = employed(m.history.situation[month, person] & (NEW - 1))
        minor = month - m.people.birth_month[person] < 18 * 12
        full = (
            100.0 + 20 * rng.integers(0, 10, len(month))
            if name == "PACEA"
            else _full_allowance(name, m.cal.starts[month], minor)
        )
        paid = rng.random(len(month)) < (0.1 if name == "PACEA" else np.where(working, 0.35, 0.93))
        amount = np.round(np.where(working, full * 0.5, full), 2)
        parts.append((person[paid], np.full(paid.sum(), name), month[paid], amount[paid]))
    if not parts:
        return as_contract("allocations", {})
    who, name_, month, amount = (np.concatenate(x) for x in zip(*parts, strict=True))
    columns = {
        "id_jeune": m.ids.take(pa.array(who)),
        "dispositif": pa.array(name_.astype(object), pa.string()),
        "mois": days(m.cal.starts[month]),
        "montant_eur": plain(amount),
    }
    return as_contract("allocations", columns)
