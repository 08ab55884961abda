"""The arms of two designs, recomputed without the engine on an invented extract."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict

import pyarrow.parquet as pq
import pytest

import evalml as ev

BASE = {
    "study": "plain",
    "title": "Deux façons de compter",
    "notebook": "cej",
    "territory": {"region": "32"},
    "entries": {"from": "2023-01-01", "to": "2024-12-31"},
    "eligibility": {"age_min": 16, "age_max": 25, "outside_situations": ["Scolarité", "Formation"]},
    "outcomes": ["emploi"],
    "horizons": [12],
    "primary": {"outcome": "emploi", "horizon": 12, "method": "aipw"},
}
ACTIVE = {"programme": "CEJ", "comparison": {"design": "active_comparator", "pool": "PACEA"}}
READ = {
    "jeunes": ["date_naissance"],
    "dossiers": ["date_ouverture", "date_cloture"],
    "actes": ["type", "statut", "date_acte", "date_saisie"],
    "situations": ["categorie", "etat", "date_debut", "date_fin", "date_saisie"],
    "accompagnements": ["dispositif", "date_debut", "rang"],
    "iae_candidatures": ["date_candidature", "etat"],
    "iae_contrats": ["date_debut"],
}
FIRST, LAST = 2023 * 12, 2024 * 12 + 11
APPLIED = {"programme": "IAE", "comparison": {"design": "accepted_refused"}}


def number(day):
    """Return the number of the month of a day, infinite where there is none."""
    return math.inf if day is None else day.year * 12 + day.month - 1


@pytest.fixture(scope="module")
def rows_of(small_extract):
    """Rows of a table by person: (table, person) -> rows, none where there is none."""
    held = {}

    def of(name, who):
        if name not in held:
            held[name] = defaultdict(list)
            columns = ["id_jeune", *READ[name]]
            table = pq.read_table(small_extract / f"{name}.parquet", columns=columns)
            for row in table.to_pylist():
                held[name][row["id_jeune"]].append(row)
        return held[name][who]

    return of


@pytest.fixture(scope="module")
def persons(small_extract):
    table = pq.read_table(small_extract / "jeunes.parquet", columns=["id_jeune"])
    return table["id_jeune"].to_pylist()


def engine_rows(small_extract, changes):
    engine = ev.open_engine()
    tables = ev.accept_tables(ev.read_extract(small_extract, engine), engine)
    assert tables.rejects["rows"].sum() == 0
    cohort = ev.build_cohort(tables, ev.target_trial(ev.study_from(BASE | changes)), [], engine)
    rows = engine.fetch(cohort.entries.select("id_jeune", "month", "treated"))
    return {(p, int(m), bool(t)) for p, m, t in rows.itertuples(index=False)}


def eligible(rows_of, who, month):
    """Whether a person could have entered in a month: file open, age, accompanied, not busy."""
    zero = dt.date(month // 12, month % 12 + 1, 1)
    opened = any(
        f["date_ouverture"] < zero and (f["date_cloture"] is None or f["date_cloture"] >= zero)
        for f in rows_of("dossiers", who)
    )
    [born] = [person["date_naissance"] for person in rows_of("jeunes", who)]
    age = zero.year - born.year - ((zero.month, zero.day) < (born.month, born.day))
    met = any(
        a["statut"] == "PRESENT"
        and a["type"] != "CONTACT"
        and month - 5 <= number(a["date_acte"]) < month
        and number(a["date_saisie"]) < month
        for a in rows_of("actes", who)
    )
    busy = any(
        s["categorie"] in {"Scolarité", "Formation"}
        and s["etat"] != "PREVU"
        and number(s["date_debut"]) < month
        and number(s["date_saisie"]) < month
        and (s["date_fin"] is None or s["date_fin"] >= zero)
        for s in rows_of("situations", who)
    )
    return opened and 16 <= age <= 25 and met and not busy


def first_entries(rows_of, who, programme):
    """Month of the first spell of rank 1, and of the first of any rank; infinite where none."""
    spells = [s for s in rows_of("accompagnements", who) if s["dispositif"] == programme]
    first = [number(s["date_debut"]) for s in spells if s["rang"] == 1]
    ever = [number(s["date_debut"]) for s in spells]
    return min(first, default=math.inf), min(ever, default=math.inf)


@pytest.mark.slow
def test_the_arms_of_an_active_comparator(small_extract, rows_of, persons):
    expected = set()
    for who in persons:
        cej, ever = first_entries(rows_of, who, "CEJ")
        pacea, ever_pacea = first_entries(rows_of, who, "PACEA")
        for month in {m for m in (cej, pacea) if FIRST <= m <= LAST}:
            new = ever >= month and ever_pacea >= month
            if new and eligible(rows_of, who, month):
                expected.add((who, month, cej == month))
    assert len(expected) > 100
    assert engine_rows(small_extract, ACTIVE) == expected


@pytest.mark.slow
def test_the_arms_of_accepted_and_refused_applications(small_extract, rows_of, persons):
    expected = set()
    for who in persons:
        sent = sorted(rows_of("iae_candidatures", who), key=lambda row: row["date_candidature"])
        hired = [number(row["date_candidature"]) for row in sent if row["etat"] == "acceptee"]
        hired += [number(row["date_debut"]) for row in rows_of("iae_contrats", who)]
        ever = min(hired, default=math.inf)
        answered = {}
        for row in sent:
            if row["etat"] in {"acceptee", "refusee"}:
                answered.setdefault(number(row["date_candidature"]), row["etat"])
        for month, first in answered.items():
            if FIRST <= month <= LAST and ever >= month and eligible(rows_of, who, month):
                expected.add((who, month, first == "acceptee"))
    assert len(expected) > 100
    assert engine_rows(small_extract, APPLIED) == expected
