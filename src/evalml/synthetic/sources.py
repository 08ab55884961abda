"""What an extract of a world holds: months, persons and codes left out on request, and said."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evalml.extract.contract import DATED, LINKED_SOURCES
from evalml.months import first_day, month_number
from evalml.synthetic import quotas
from evalml.synthetic.declare import SIAE_TYPES, TYPES, Spells
from evalml.synthetic.programmes import IAE, age_in_years, employed, in_order, sent
from evalml.synthetic.records import Made, as_contract, coded, days, numbered, plain, welcome_day
from evalml.synthetic.world import TableContent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.arrays import AnyVector, BoolVector, Vector
    from evalml.synthetic.world import World


ENDS = {
    "situations": "date_fin",
    "accompagnements": "date_fin",
    "iae_contrats": "date_fin",
    "iae_pass": "date_fin",
}
"""Tables of spells: those not over by the first month received are there."""


ENTRIES = frozenset({"accompagnements", "iae_contrats"})
NOBODY_BEFORE = dt.date(2005, 1, 1)
"""Month from which entries are complete: before a world begins its persons have entered nothing."""


def declarations(world: World) -> dict[str, Any]:
    """Return the keys `coverage` and `linkage` of `extract.yaml`.

    The records of the missions locales go back to the first month simulated, those of other
    administrations to the start of the period.
    """
    start, end = world.period.start, world.period.end
    coverage, linkage = {}, {}
    for table in DATED:
        source = world.sources.get(table)
        if source is not None and (source.absent or not source.declared):
            continue
        back = {"emploi_mensuel": world.period.linked_before, "evenements_externes": 0}
        usual = first_day(month_number(start) - back.get(table, world.period.burn_in_months))
        usual = NOBODY_BEFORE if table in ENTRIES else usual
        first = source.first if source and source.first else usual
        last = source.last if source and source.last else end
        coverage[table] = {"from": f"{first:%Y-%m}", "to": f"{last:%Y-%m}"}
        if table in LINKED_SOURCES:
            partial = source is not None and source.held < 1
            linkage[table] = source.by if source and partial else "all"
    return {"coverage": coverage, "linkage": linkage}


def as_held(tables: dict[str, pa.Table], world: World, seed: int) -> dict[str, pa.Table]:
    """Return a block of tables with what the world's sources leave out left out.

    Table `appariements` says who was linked to the employers' declarations, and to any other
    linked source held for some only. Who is held is drawn by hash of the person (or of the mission
    locale) and the seed, so that a world is the same whatever its blocks.
    """
    found, links = dict(tables), [as_contract("appariements", {})]
    everybody = tables["jeunes"]["id_jeune"].combine_chunks()
    for name in DATED:
        source = world.sources.get(name, TableContent())
        if source.absent:
            del found[name]
            continue
        who = _held(tables, name, source, seed) if source.held < 1 else everybody
        if source.held < 1:
            found[name] = found[name].filter(pc.is_in(found[name]["id_jeune"], who))
        if source.declared and (name == "emploi_mensuel" or (source.held < 1 and _linked(name))):
            links.append(_links(tables["jeunes"], name, who))
        rows = _cut_short(found[name], tables, name, source, seed)
        rows = _lowered(_months(rows, name, source), source)
        found[name] = rows.slice(0, 0) if source.empty else rows
    found["appariements"] = pa.concat_tables(links)
    return found


def _linked(name: str) -> bool:
    return name in LINKED_SOURCES


def totals(rows: Mapping[str, int]) -> pa.Table:
    """Return what the sender counted: the rows of each dated table."""
    counted = {name: n for name, n in rows.items() if name in DATED}
    n = len(counted)
    columns = {
        "table": pa.array(list(counted), pa.string()),
        "measure": pa.array(["rows"] * n, pa.string()),
        "value": pa.array(list(counted.values()), pa.float64()),
    }
    return as_contract("totaux", columns)


def _links(people: pa.Table, name: str, who: pa.Array) -> pa.Table:
    ids = people["id_jeune"].combine_chunks()
    columns = {
        "id_jeune": ids,
        "source": pa.array([name] * len(ids), pa.string()),
        "apparie": pc.is_in(ids, who),
    }
    return as_contract("appariements", columns)


def uniform(names: pa.Array | pa.ChunkedArray, salt: str, seed: int) -> Vector:
    """Return a number of [0, 1) drawn by the hash of each name, shape (n,)."""
    key = f"{seed}{salt}".encode().ljust(16, b"0")[:16].decode()
    text = names.to_pandas().astype(object).to_numpy()
    hashed = pd.util.hash_array(text, hash_key=key, categorize=False)
    return (hashed >> np.uint64(11)).astype(np.float64) / 2.0**53


def _held(tables: dict[str, pa.Table], name: str, source: TableContent, seed: int) -> pa.Array:
    """Return the persons whose rows are there."""
    ids = tables["jeunes"]["id_jeune"].combine_chunks()
    if source.by == "structures":
        places = _place_of(tables["dossiers"], ids)
        return ids.filter(pa.array(uniform(places, f"held {name}", seed) < source.held))
    chance = np.full(len(ids), source.held)
    if source.with_work:
        odds = np.log(source.held / (1 - source.held)) + source.with_work * (
            _worked(tables["emploi_mensuel"], ids) - 0.5
        )
        chance = 1 / (1 + np.exp(-odds))
    return ids.filter(pa.array(uniform(ids, f"held {name}", seed) < chance))


def _place_of(files: pa.Table, ids: pa.Array) -> pa.Array:
    """Return the first mission locale of each person."""
    frame = files.select(["id_jeune", "id_structure", "date_ouverture"]).to_pandas()
    first = frame.sort_values(["date_ouverture", "id_structure"]).drop_duplicates("id_jeune")
    places = first.set_index("id_jeune")["id_structure"].reindex(ids.to_pandas())
    return pa.array(places.to_numpy(dtype=object), pa.string())


def _worked(jobs: pa.Table, ids: pa.Array) -> Vector:
    """Return the share of the months of the table in which each person worked, shape (n,)."""
    counts = jobs["id_jeune"].to_pandas().value_counts().reindex(ids.to_pandas()).fillna(0)
    months = max(len(pc.unique(jobs["mois"])), 1)
    return np.asarray(counts.to_numpy(dtype=np.float64) / months)


def _months(rows: pa.Table, name: str, source: TableContent) -> pa.Table:
    """Leave out the months that were not received."""
    day = rows[DATED[name]]
    if source.first is not None:
        end = rows[ENDS[name]] if name in ENDS else day
        kept = pc.fill_null(pc.greater_equal(end, pa.scalar(_first(source.first))), True)
        rows = rows.filter(kept)
    if source.last is not None:
        beyond = pa.scalar(first_day(month_number(source.last) + 1))
        rows = rows.filter(pc.less(rows[DATED[name]], beyond))
    for month in source.missing_months:
        day = rows[DATED[name]]
        inside = pc.and_(
            pc.greater_equal(day, pa.scalar(_first(month))),
            pc.less(day, pa.scalar(first_day(month_number(month) + 1))),
        )
        rows = rows.filter(pc.invert(inside))
    return rows


def _first(month: dt.date) -> dt.date:
    return month.replace(day=1)


def _cut_short(
    rows: pa.Table, tables: dict[str, pa.Table], name: str, source: TableContent, seed: int
) -> pa.Table:
    """Leave out what comes after the first programme of the persons lost from sight."""
    if not source.lost_after_entry:
        return rows
    ids = tables["jeunes"]["id_jeune"].combine_chunks()
    lost = ids.filter(pa.array(uniform(ids, f"lost {name}", seed) < source.lost_after_entry))
    spells = tables["accompagnements"].select(["id_jeune", "date_debut"]).to_pandas()
    entered = spells.groupby("id_jeune")["date_debut"].min()
    mine = rows["id_jeune"].to_pandas()
    when = pd.to_datetime(mine.map(entered)).to_numpy()
    late = pd.to_datetime(rows[DATED[name]].to_pandas()).to_numpy() > when
    gone: BoolVector = np.asarray(pc.is_in(rows["id_jeune"], lost)) & late
    return rows.filter(pa.array(~gone))


def _lowered(rows: pa.Table, source: TableContent) -> pa.Table:
    for column in source.lower:
        at = rows.schema.get_field_index(column)
        rows = rows.set_column(at, column, pc.utf8_lower(rows[column]))
    return rows


AIDED = [TYPES.index(code) for code in ("PEC", "CIE") if code in TYPES]
CAUSES = ("EMPLOYEUR", "EMPLOYEUR", "REGLE", "CANDIDAT", "PLATEFORME")
"""Who or what refused, in the order of REFUSALS."""
SENDERS = ("ML", "FT", "EMPLOYEUR", "CANDIDAT")
REFUSALS = ("POSTE_POURVU", "PAS_DE_RECRUTEMENT", "NON_ELIGIBLE", "NON_VENU", "AUTRE")


def emploi_mensuel(m: Made, sp: Spells) -> pa.Table:
    """Return a row for each month of each person that holds a contract, all contracts alike.

    They start `linked_before` months before the period.
    """
    start = np.maximum(sp.start, m.cal.shown - m.world.period.linked_before)
    at = np.flatnonzero(employed(sp.situation) & (sp.end >= start))
    length = sp.end[at] - start[at] + 1
    row = np.repeat(np.arange(len(at)), length)
    month = start[at][row] + np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    spell = at[row]
    rng = m.rng("pay")
    part = np.where(
        month == sp.start[spell], rng.random(len(row), dtype=np.float32) * 0.9 + 0.1, 1.0
    )
    hours = np.round(sp.hours[spell] * 52 / 12 * part, 1)
    wage = 11.65 + np.float32(0.9) * np.abs(rng.normal(size=len(at)))[row]
    columns = {
        "id_jeune": m.ids.take(pa.array(sp.who[spell])),
        "mois": days(m.cal.starts[month]),
        "en_emploi": plain(np.ones(len(row), dtype=bool)),
        "type_contrat": coded(TYPES, sp.type[spell]),
        "duree_prevue_mois": plain(sp.planned[spell].astype(float), sp.planned[spell] == 0),
        "heures": plain(hours),
        "salaire_brut": plain(np.round(hours * wage, 2)),
        "jours": plain(np.maximum(np.round(part * 30.0), 1.0)),
        "aide": plain(np.isin(sp.type[spell], AIDED)),
    }
    return as_contract("emploi_mensuel", columns)


def evenements(m: Made) -> pa.Table:
    """Return events no programme changes: licence, BAFA, diploma before the welcome."""
    p, rng, n = m.people, m.rng("evenements"), len(m.people.women)
    ease = np.exp(0.5 * p.frailty - 0.3 * p.qpv - 0.35 * (p.niveau < 2) + 0.2 * (p.niveau > 3))
    adult = (p.birth_month + 18 * 12).clip(m.cal.shown)
    wait = rng.exponential(1 / (0.011 * ease))
    licence = adult + np.minimum(wait, 9999).astype(np.int64)
    has = ~p.permis_b & (licence < m.cal.months)
    bafa = p.birth_month + 17 * 12 + rng.integers(0, 60, n)
    trained = (rng.random(n) < 0.03 * ease) & (bafa >= m.cal.shown) & (bafa < m.cal.months)
    diploma = (age_in_years(p, 0) + p.welcome / 12 > 16) & (p.niveau >= 1)
    june = welcome_day(m) - rng.integers(60, 700, n)
    day = rng.integers(0, 28, n)
    at = [np.flatnonzero(x) for x in (has, trained, diploma)]
    when = [
        m.cal.starts[licence[at[0]]] + day[at[0]],
        m.cal.starts[bafa[at[1]]] + day[at[1]],
        june[at[2]],
    ]
    kind = np.repeat(np.arange(3), [len(x) for x in at])
    columns = {
        "id_jeune": m.ids.take(pa.array(np.concatenate(at))),
        "type": coded(("PERMIS_CONDUIRE", "BAFA", "DIPLOME"), kind),
        "date": days(np.concatenate(when)),
    }
    return as_contract("evenements_externes", columns)


def iae(m: Made, sp: Spells) -> dict[str, pa.Table]:
    """Return the three IAE tables of a block."""
    who, t, yes = in_order(m.history)
    rng, n = m.rng("iae"), len(who)
    kind = (who + t) % 4
    number, delay = sent(rng, n)
    firm = m.areas.departement[m.people.area[who]] * 100 + number
    applied = np.maximum(m.cal.starts[t] - delay, welcome_day(m)[who])
    hired_on = _hired(m, sp, who, t)
    u = rng.random(n)
    waiting = ~yes & (t >= m.cal.months - 2) & (u < 0.5)
    state = np.where(yes, 0, np.where(waiting, 3, np.where(u < 0.06, 2, 1)))
    reason = rng.integers(0, len(REFUSALS), n)
    sender = np.searchsorted([0.62, 0.75, 0.82], rng.random(n))
    if m.world.margins:
        sender = quotas.senders(m, who, t, yes, sender)
    candidatures = {
        "id_candidature": pa.nulls(n, pa.string()),
        "id_jeune": m.ids.take(pa.array(who)),
        "id_siae": numbered("S", firm, 5),
        "siae_type": coded(SIAE_TYPES, kind),
        "date_candidature": days(np.minimum(applied, np.where(yes, hired_on, applied))),
        "emetteur": coded(SENDERS, sender),
        "etat": coded(("acceptee", "refusee", "annulee", "en_cours"), state),
        "motif_refus": coded(REFUSALS, reason, state != 1),
        "cause_refus": coded(CAUSES, reason, state != 1),
        "date_embauche": days(hired_on, ~yes),
    }
    return {"iae_candidatures": as_contract("iae_candidatures", candidatures)} | _contracts(
        m, sp, firm[yes], who[yes]
    )


def _hired(m: Made, sp: Spells, who: AnyVector, t: AnyVector) -> AnyVector:
    """Return the first day of the IAE spell that starts in month `t`, 0 where there is none."""
    at = np.flatnonzero(sp.situation == IAE)
    key = sp.who[at] * m.cal.months + sp.start[at]
    place = np.searchsorted(key, who * m.cal.months + t).clip(0, max(len(at) - 1, 0))
    if not len(at):
        return np.zeros(len(who), dtype=np.int64)
    found = key[place] == who * m.cal.months + t
    return np.asarray(np.where(found, sp.first_day[at][place], m.cal.starts[t]))


def _contracts(m: Made, sp: Spells, firm: AnyVector, hired: AnyVector) -> dict[str, pa.Table]:
    """Return contracts and passes: one of each per spell in a SIAE."""
    at = np.flatnonzero(sp.situation == IAE)
    who, first, last = sp.who[at], sp.first_day[at], sp.last_day[at]
    going, n = sp.going[at], len(at)
    place = np.searchsorted(hired, who).clip(0, max(len(hired) - 1, 0))
    months = sp.end[at] - sp.start[at] + 1
    ids = m.ids.take(pa.array(who))
    siae = numbered("S", firm[place] if len(firm) else np.zeros(n), 5)
    contracts = {
        "id_contrat": pa.nulls(n, pa.string()),
        "id_jeune": ids,
        "id_siae": siae,
        "siae_type": coded(SIAE_TYPES, (who + sp.start[at]) % 4),
        "date_debut": days(first),
        "date_fin": days(last, going),
        "heures_totales": plain(np.round(months * 26 * 52 / 12.0, 0), going),
    }
    suspended = np.where(m.rng("pass").random(n) < 0.1, 60, 0)
    passes = {
        "id_pass": pa.nulls(n, pa.string()),
        "id_jeune": ids,
        "date_debut": days(first),
        "date_fin": days(first + 729 + suspended),
        "jours_suspension": plain(suspended.astype(np.int64)),
    }
    return {
        "iae_contrats": as_contract("iae_contrats", contracts),
        "iae_pass": as_contract("iae_pass", passes),
    }
