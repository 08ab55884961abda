"""Records other administrations keep: employer declarations, IAE, licences, diplomas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from evalml.synthetic import quotas
from evalml.synthetic.columns import Made, as_contract, coded, days, numbered, plain
from evalml.synthetic.declare import SIAE_TYPES, TYPES, Spells
from evalml.synthetic.programmes import in_order, sent
from evalml.synthetic.records import welcome_day
from evalml.synthetic.transitions import IAE, age_in_years, employed

if TYPE_CHECKING:
    from evalml.arrays import AnyVector

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
