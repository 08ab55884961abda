"""What a mission locale does month by month: acts, allowances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from evalml.rules import rules
from evalml.synthetic import quotas
from evalml.synthetic.columns import Made, as_contract, coded, days, plain
from evalml.synthetic.margins import area_names, area_of
from evalml.synthetic.quotas import exactly, in_year
from evalml.synthetic.simulate import PROGRAMME_OF_CONTACT, REFRESH
from evalml.synthetic.transitions import NEW, employed

if TYPE_CHECKING:
    from evalml.arrays import AnyVector
    from evalml.synthetic.columns import Made


THEMES = (
    "EMPLOI", "PROJET_PROFESSIONNEL", "FORMATION", "MOBILITE", "SANTE", "LOGEMENT", "CITOYENNETE",
    "CULTURE_SPORT_LOISIRS",
)  # fmt: skip
NO_THEME = len(THEMES)


def helped(m: Made, room: AnyVector) -> AnyVector:
    """Return which themes each person is helped on in the year, shape (n, themes).

    Args:
        m: The block.
        room: Acts that count, by person: nobody is helped on more themes than that.
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

    Args:
        m: The block.
        who: Person of each act, sorted.
        t: Month of each act.
        counted: Whether the act is kept, took place and counts.
        theme: Themes drawn so far, kept in other years.
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
