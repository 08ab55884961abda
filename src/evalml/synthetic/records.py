"""The records a mission locale keeps: persons, files, programme spells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evalml.extract.contract import table
from evalml.synthetic import quotas
from evalml.synthetic.margins import Margins, margins_of
from evalml.synthetic.people import LOGEMENTS, NATIONALITES, NEVER, NIVEAUX, UNKNOWN_LODGING
from evalml.synthetic.programmes import (
    CDD,
    CTT,
    FORMATION,
    M_ABANDON,
    M_AUTRE,
    M_ECHEANCE,
    MOTIFS,
    NEW,
    SCOLARITE,
    VOLONTARIAT,
)
from evalml.synthetic.simulate import first_seen_after_move
from evalml.synthetic.world import Draws

if TYPE_CHECKING:
    from evalml.arrays import AnyVector
    from evalml.synthetic.people import Areas, People, SimulatedMonths
    from evalml.synthetic.simulate import History
    from evalml.synthetic.world import World


_ARROW = {
    "string": pa.string(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
}


@dataclass(frozen=True, repr=False)
class Made:
    """A block of a world, ready to be written down as records.

    Attributes:
        world: The world.
        areas: Its missions locales.
        cal: Its months.
        draws: Draws of the block.
        people: Persons of the block.
        history: What happened to them.
        base: Persons in the blocks before.
    """

    world: World
    areas: Areas
    cal: SimulatedMonths
    draws: Draws
    people: People
    history: History
    base: int

    @cached_property
    def ids(self) -> pa.Array:
        """Pseudonym of each person."""
        return numbered("J", self.base + np.arange(len(self.people.women)), 8)

    @cached_property
    def day(self) -> AnyVector:
        """Day (from 0) of the first act of each month, shape (months, n)."""
        out = np.empty((self.cal.months, len(self.people.women)), dtype=np.int8)
        for t in range(self.cal.months):
            out[t] = self.draws.act_day(t)
        return out

    @cached_property
    def second(self) -> AnyVector:
        """First month seen by the mission locale moved to, or NEVER."""
        return first_seen_after_move(self.people, self.history)

    def contact_day(self, who: AnyVector, t: AnyVector) -> AnyVector:
        """Return the day of the first act of months `t` for persons `who`, days of the epoch."""
        return self.cal.starts[t] + self.day[t, who]

    def dossier(self, who: AnyVector, t: AnyVector) -> pa.Array:
        """Return the file that persons `who` have in months `t`."""
        number = (self.base + who) * 10 + 1 + (t >= self.second[who])
        return numbered("D", number, 9)

    def rng(self, name: str) -> np.random.Generator:
        """Return the generator of one kind of record."""
        return self.draws.fixed(name)

    def published(self) -> Margins:
        """Return the published counts the world must meet.

        Raises:
            EvalmlError: It has none.
        """
        return margins_of(self.world, self.draws.persons)

    @property
    def last_day(self) -> int:
        """Day of the extraction, days of the epoch."""
        return int(np.datetime64(self.world.period.extraction, "D").astype(np.int64))


def numbered(prefix: str, numbers: AnyVector, width: int) -> pa.Array:
    """Return identifiers: `prefix` and the numbers padded with zeros."""
    text = pc.utf8_lpad(pa.array(np.asarray(numbers, dtype=np.int64)).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, text, "")


def days(values: AnyVector, absent: AnyVector | None = None) -> pa.Array:
    """Return dates from days of the epoch, null where `absent`."""
    return pa.array(np.asarray(values, dtype=np.int32), mask=absent).cast(pa.date32())


def coded(
    values: tuple[str, ...] | list[str], at: AnyVector, absent: AnyVector | None = None
) -> pa.Array:
    """Return the text `values[at]`, null where `absent`."""
    index = pa.array(np.asarray(at, dtype=np.int32), mask=absent)
    return pc.take(pa.array(list(values), pa.string()), index)


def plain(values: AnyVector, absent: AnyVector | None = None) -> pa.Array:
    """Return numbers or booleans, null where `absent`."""
    return pa.array(values, mask=absent)


def as_contract(name: str, columns: dict[str, Any]) -> pa.Table:
    """Return a table with exactly the contract's columns, in its order and types."""
    spec = table(name)
    size = max((len(v) for v in columns.values()), default=0)
    arrays = []
    for column in spec.columns:
        kind = _ARROW[column.type]
        got = columns[column.name] if column.name in columns else pa.nulls(size, kind)
        arrays.append(got.cast(kind) if got.type != kind else got)
    return pa.table(arrays, names=[c.name for c in spec.columns])


ORIGINS = ("SPONTANE", "FAMILLE_AMIS", "FRANCE_TRAVAIL", "EDUCATION_NATIONALE", "PARTENAIRE")
CLOSURES = ("DEMENAGEMENT", "AGE", "INACTIVITE")
_SILENT_MONTHS = 14


def welcome_day(m: Made) -> AnyVector:
    """Return the day of the first welcome, days of the epoch."""
    who = np.arange(len(m.people.women))
    return m.contact_day(who, m.people.welcome.astype(np.int64))


def jeunes(m: Made) -> pa.Table:
    """Return the table `jeunes` of a block."""
    p, rng = m.people, m.rng("jeunes")
    first = welcome_day(m)
    since = first - rng.integers(30, 900, len(first))
    born = _birth_days(m)
    sexes = coded(("M", "F"), p.women)
    return as_contract(
        "jeunes",
        {
            "id_jeune": m.ids,
            "sexe": sexes,
            "date_naissance": days(born),
            "nationalite": coded(NATIONALITES, p.nationalite),
            "date_premier_accueil": days(first),
            "rqth_depuis": days(np.maximum(since, born + 15 * 365), ~p.rqth),
        },
    )


def _birth_days(m: Made) -> AnyVector:
    months = (m.people.birth_month.astype(np.int64) + m.cal.first - 1970 * 12).astype(
        "datetime64[M]"
    )
    return months.astype("datetime64[D]").astype(np.int64) + m.people.birth_day


def _last_contact(m: Made) -> AnyVector:
    met = m.history.contact[::-1] > 0
    return np.asarray(m.cal.months - 1 - met.argmax(axis=0))


def dossiers(m: Made) -> pa.Table:
    """Return the table `dossiers` of a block: one file, or two for those who moved."""
    n = len(m.people.women)
    movers = np.flatnonzero(m.second != NEVER)
    who = np.concatenate([np.arange(n), movers])
    second = np.arange(len(who)) >= n
    opened2 = m.contact_day(movers, m.second[movers].astype(np.int64))
    opened = np.concatenate([welcome_day(m), opened2])
    end, why, rng = np.full(len(who), 0), np.full(len(who), -1), m.rng("dossiers")
    end[movers], why[movers] = opened2, 0
    silent = _last_contact(m)[who] + _SILENT_MONTHS
    gone = (why < 0) & (silent < m.cal.months) & (rng.random(len(who)) < 0.6)
    end[gone], why[gone] = m.cal.starts[silent[gone]] + rng.integers(0, 28, gone.sum()), 2
    late = (rng.random(len(who)) < m.world.population.updated_later) * rng.integers(
        15, 700, len(who)
    )
    updated = np.minimum(opened + late, np.where(why >= 0, np.maximum(end, opened), m.last_day))
    return as_contract("dossiers", _file_columns(m, who, second, opened, end, why, updated))


def _file_columns(
    m: Made,
    who: AnyVector,
    second: AnyVector,
    opened: AnyVector,
    end: AnyVector,
    why: AnyVector,
    updated: AnyVector,
) -> dict[str, pa.Array]:
    p, a, pop, n = m.people, m.areas, m.world.population, len(who)
    rng = m.rng("files")
    area = np.where(second, p.area_after[who], p.area[who])
    area = _merged(m, area, opened)
    year_2024 = (np.datetime64("2024-01-01").astype("datetime64[D]")).astype(np.int64)
    lost = rng.random(n) < np.where(updated >= year_2024, pop.qpv_missing_2024, pop.qpv_missing)
    seats = [code[:5] for code in a.ids]
    same = rng.integers(0, len(seats), n)
    near = np.where(a.departement[same] == a.departement[area], same, area)
    return {
        "id_dossier": numbered("D", (m.base + who) * 10 + 1 + second, 9),
        "id_jeune": m.ids.take(pa.array(who)),
        "id_structure": coded(a.ids, area),
        "date_ouverture": days(opened),
        "date_cloture": days(end, why < 0),
        "motif_cloture": coded(CLOSURES, why.clip(0), why < 0),
        "code_commune": coded(seats, near, rng.random(n) < 0.01),
        "qpv": plain(p.qpv[who], lost),
        "frr": plain(p.frr[who], lost),
        "niveau_diplome": coded(NIVEAUX, p.niveau[who], rng.random(n) < pop.niveau_missing),
        "situation_familiale": coded(
            ("SEUL", "COUPLE"), p.couple[who], rng.random(n) < pop.niveau_missing
        ),
        "enfants": plain(p.enfants[who].astype(np.int64)),
        "logement": coded(LOGEMENTS, p.logement[who] % 5, p.logement[who] == UNKNOWN_LODGING),
        "permis_b": plain(p.permis_b[who]),
        "oriente_par": coded(ORIGINS, rng.integers(0, len(ORIGINS), n)),
        "date_maj": days(updated),
    }


def _merged(m: Made, area: AnyVector, opened: AnyVector) -> AnyVector:
    """Return the missions locales that hold files: the heir's once a merger has taken place."""
    for old, (heir, day) in m.world.mergers.items():
        late = opened >= np.datetime64(day, "D").astype(np.int64)
        ids = m.areas.ids
        area = np.where((area == ids.index(old)) & late, ids.index(heir), area)
    return area


def accompagnements(m: Made) -> pa.Table:
    """Return the programme spells of a block, in time order of each person."""
    parts = []
    for k, (_, e) in enumerate(sorted(m.history.enrolments.items())):
        who, start, end, motif, rank = (np.asarray(x, dtype=np.int64) for x in e.spells())
        parts.append(np.stack([np.full(len(who), k), who, start, end, motif, rank]))
    names = sorted(m.history.enrolments)
    if m.world.margins and "ppae" in m.published().people:
        more = quotas.delegated(m, np.unique(np.concatenate([part[1] for part in parts])))
        names.append("PPAE")
        parts.append(np.stack([np.full(len(more[0]), len(names) - 1), *more]).astype(np.int64))
    rows = np.concatenate(parts, axis=1)
    rows = rows[:, np.lexsort((rows[0], rows[2], rows[1]))]
    return _spell_table(m, names, rows)


def _spell_table(m: Made, names: list[str], rows: AnyVector) -> pa.Table:
    """Return programme spells; one that a move cuts shows an exit and a false entry."""
    k, who, start, end, motif, rank = rows
    rng, n = m.rng("spell rows"), rows.shape[1]
    until = np.where(end < 0, m.cal.months - 1, end)
    leaving = m.cal.starts[until] + rng.integers(0, 28, n)
    leaving = np.where(motif == M_AUTRE, m.contact_day(who, until), leaving)
    term = m.cal.starts[until] + m.day[start, who]
    leaving = np.where(motif == M_ECHEANCE, np.minimum(leaving, term), leaving)
    worded = _reasons(m, who, until, motif, rng)
    longest = np.array([_longest(m, name) for name in names])[k]
    planned = m.cal.starts[(start + longest).clip(0, len(m.cal.starts) - 1)] + m.day[start, who]
    late = np.where(rng.random(n) < 0.2, rng.integers(1, 21, n), 0)
    cut = (m.second[who] > start) & (m.second[who] <= until)
    again = np.flatnonzero(cut)
    at = np.concatenate([np.arange(n), again])
    old = np.arange(len(at)) < n
    moved = m.contact_day(who, np.where(cut, m.second[who], 0).astype(np.int64))[at]
    first = np.where(old, m.contact_day(who, start)[at], moved)
    shut = old & cut[at]
    gone = (end < 0)[at] & ~shut
    last = np.where(shut, moved, np.maximum(leaving[at], moved * cut[at]))
    why = np.where(shut, MOTIFS.index("DEMENAGEMENT"), worded[at])
    month = np.where(old, start[at], m.second[who[at]].astype(np.int64))
    parents = _parents(names, rows)[at]
    columns = {
        "id_accompagnement": numbered("P", np.arange(len(at)), 1),
        "id_jeune": m.ids.take(pa.array(who[at])),
        "id_dossier": m.dossier(who[at], month),
        "dispositif": coded(names, k[at]),
        "date_debut": days(first),
        "date_fin_prevue": days(np.maximum(planned[at], first)),
        "date_fin": days(last, gone),
        "motif_fin": coded(MOTIFS, why.clip(0), gone),
        "rang": plain(np.where(old, rank[at], 1 + _shut(m, names, k[at], moved))),
        "id_parent": coded_or_null(numbered("P", parents.clip(0), 1), parents < 0),
        "date_saisie": days(np.minimum(first + late[at], m.last_day)),
    }
    return as_contract("accompagnements", columns)


def _shut(m: Made, names: list[str], k: AnyVector, day: AnyVector) -> AnyVector:
    """Return whether programmes were closed to first entries on the days given."""
    ends = [m.world.programmes[n].closed if n in m.world.programmes else None for n in names]
    last = np.array([np.datetime64(x or "9999-01-01", "D").astype(np.int64) for x in ends])
    return np.asarray(day >= last[k])


def _longest(m: Made, name: str) -> int:
    return m.world.programmes[name].months_max if name in m.world.programmes else 12


def coded_or_null(values: pa.Array, absent: AnyVector) -> pa.Array:
    """Return `values` with nulls where `absent`."""
    return values.take(pa.array(np.arange(len(values)), mask=absent))


def _parents(names: list[str], rows: AnyVector) -> AnyVector:
    """Return the row of the PACEA each GJ is nested in, -1 for other rows."""
    out = np.full(rows.shape[1], -1)
    if "GJ" not in names or "PACEA" not in names:
        return out
    inner = np.flatnonzero(rows[0] == names.index("GJ"))
    outer = np.flatnonzero(rows[0] == names.index("PACEA"))
    if not len(inner) or not len(outer):
        return out
    key = rows[1] * 1000 + rows[2]
    at = np.searchsorted(key[outer], key[inner], side="right") - 1
    found = outer[at.clip(0)]
    out[inner] = np.where((at >= 0) & (rows[1][found] == rows[1][inner]), found, -1)
    return out


def _reasons(
    m: Made, who: AnyVector, end: AnyVector, motif: AnyVector, rng: np.random.Generator
) -> AnyVector:
    """Return exit reasons as a counsellor words them."""
    s = m.history.situation[end, who] & (NEW - 1)
    u = rng.random(len(who))
    worded = np.select(
        [s == FORMATION, s == SCOLARITE, s == VOLONTARIAT, (s == CDD) | (s == CTT)],
        [
            MOTIFS.index(x)
            for x in ("FORMATION", "RETOUR_SCOLARITE", "SERVICE_CIVIQUE", "EMPLOI_COURT")
        ],
        M_ECHEANCE,
    )
    motif = np.where((motif == M_ECHEANCE) & (u < 0.7), worded, motif)
    left = np.where(u < 0.3, MOTIFS.index("MANQUEMENT"), MOTIFS.index("DEMANDE_JEUNE"))
    return np.asarray(np.where((motif == M_ABANDON) & (u < 0.55), left, motif))
