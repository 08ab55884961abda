"""The arms of two designs, recomputed without the engine on an invented extract."""

from __future__ import annotations

import math

import pandas as pd
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
FIRST, LAST = 2023 * 12, 2024 * 12 + 11
APPLIED = {"programme": "IAE", "comparison": {"design": "accepted_refused"}}


def number(day):
    day = pd.to_datetime(day)
    return day.dt.year * 12 + day.dt.month - 1


@pytest.fixture(scope="module")
def rows_of(small_extract):
    """Rows of a table by person: (table, person) -> rows, empty where there is none."""
    held = {}

    def of(name, who):
        if name not in held:
            table = pd.read_parquet(small_extract / f"{name}.parquet")
            held[name] = dict(tuple(table.groupby("id_jeune"))), table.iloc[:0]
        groups, nothing = held[name]
        return groups.get(who, nothing)

    return of


@pytest.fixture(scope="module")
def persons(small_extract):
    return pd.read_parquet(small_extract / "jeunes.parquet", columns=["id_jeune"])["id_jeune"]


def engine_rows(small_extract, changes):
    engine = ev.open_engine()
    tables = ev.accept_tables(ev.read_extract(small_extract, engine), engine)
    assert tables.rejects["rows"].sum() == 0
    cohort = ev.build_cohort(tables, ev.target_trial(ev.study_from(BASE | changes)), [], engine)
    rows = engine.fetch(cohort.entries.select("id_jeune", "month", "treated"))
    return {(p, int(m), bool(t)) for p, m, t in rows.itertuples(index=False)}


def eligible(rows_of, who, month):
    """Whether a person could have entered in a month: file open, age, accompanied, not busy."""
    zero = pd.Timestamp(month // 12, month % 12 + 1, 1)
    files = rows_of("dossiers", who)
    opened, closed = (pd.to_datetime(files[c]) for c in ("date_ouverture", "date_cloture"))
    if not ((opened < zero) & (closed.isna() | (closed >= zero))).any():
        return False
    born = pd.Timestamp(rows_of("jeunes", who)["date_naissance"].iloc[0])
    age = zero.year - born.year - ((zero.month, zero.day) < (born.month, born.day))
    acts = rows_of("actes", who)
    acts = acts[(acts["statut"] == "PRESENT") & (acts["type"] != "CONTACT")]
    done, known = number(acts["date_acte"]), number(acts["date_saisie"])
    met = ((done >= month - 5) & (done < month) & (known < month)).any()
    spells = rows_of("situations", who)
    spells = spells[spells["categorie"].isin(["Scolarité", "Formation"])]
    spells = spells[spells["etat"] != "PREVU"]
    start, entered = number(spells["date_debut"]), number(spells["date_saisie"])
    end = pd.to_datetime(spells["date_fin"])
    busy = (start < month) & (entered < month) & (end.isna() | (end >= zero))
    return 16 <= age <= 25 and met and not busy.any()


def first_entries(rows_of, who, programme):
    """Month of the first spell of rank 1, and of the first of any rank; infinite where none."""
    spells = rows_of("accompagnements", who)
    spells = spells[spells["dispositif"] == programme]
    start = number(spells["date_debut"])
    first = start[spells["rang"] == 1]
    return (first.min() if len(first) else math.inf), (start.min() if len(start) else math.inf)


@pytest.mark.slow
def test_the_arms_of_an_active_comparator(small_extract, rows_of, persons):
    expected = set()
    for who in persons:
        cej, ever = first_entries(rows_of, who, "CEJ")
        pacea, ever_pacea = first_entries(rows_of, who, "PACEA")
        for month in {m for m in (cej, pacea) if FIRST <= m <= LAST}:
            new = ever >= month and ever_pacea >= month
            if new and eligible(rows_of, who, int(month)):
                expected.add((who, int(month), cej == month))
    assert len(expected) > 100
    assert engine_rows(small_extract, ACTIVE) == expected


@pytest.mark.slow
def test_the_arms_of_accepted_and_refused_applications(small_extract, rows_of, persons):
    expected = set()
    for who in persons:
        sent = rows_of("iae_candidatures", who)
        sent = sent.assign(month=number(sent["date_candidature"]))
        began = number(rows_of("iae_contrats", who)["date_debut"])
        hired = sent.loc[sent["etat"] == "acceptee", "month"]
        ever = min(hired.min() if len(hired) else math.inf, began.min() if len(began) else math.inf)
        answered = sent[sent["etat"].isin(["acceptee", "refusee"])].sort_values("date_candidature")
        for month, mine in answered.groupby("month"):
            within = FIRST <= month <= LAST and ever >= month
            if within and eligible(rows_of, who, int(month)):
                expected.add((who, int(month), mine["etat"].iloc[0] == "acceptee"))
    assert len(expected) > 100
    assert engine_rows(small_extract, APPLIED) == expected
