"""The ibis engine agrees with a plain one on 200 random worlds, and no order of rows matters.

A world is a mission locale with its youths. Thirty-four worlds are computed at a time under one random
trial: persons are independent, so each is compared on its own.
"""

from __future__ import annotations

import copy
import datetime as dt
import math
from functools import cache

import numpy as np
import pandas as pd
import plain_engine as plain
import pytest
from people import STRUCTURES, tables_of

import evalml as ev
from evalml.codes import RANKING
from evalml.comparison.arms import trajectory_values
from evalml.effect.durations import first_times

BATCHES, WORLDS, YOUTHS = 6, 34, 8
START, DAYS = dt.date(2022, 1, 1), 1400
COVARIATES = ["age", "niveau_diplome", "actes_3m", "pacea", "situation_t0", "emploi_avant_1",
              "mois_emploi_avant", "emploi_declare_avant_1", "emploi_declare_avant_6",
              "formation_avant_3", "demandeur_avant_2", "mois_connus_avant",
              "mois_emploi_declare_avant", "emploi_perdu_3m", "fin_situation_avant"]  # fmt: skip
COVERED = {"emploi_mensuel": {"from": "2022-09", "to": "2025-03"},
           "situations": {"from": "2022-06", "to": "2025-12"}}  # fmt: skip
"""What the extract of every other batch holds; half of its youths are linked."""
MONTHLY = [*plain.ANY, "neet"]
CUMULATED = ["mois_emploi", "mois_emploi_declare", "salaire_cumule"]
CONTRACTS = ["CDI", "CDD", "CTT", "PEC", "CIE", "CDDI", None]


def some_day(rng, low=0, high=DAYS):
    return START + dt.timedelta(days=int(rng.integers(low, high)))


def spell(rng, longest=400):
    start = some_day(rng)
    end = start + dt.timedelta(days=int(rng.integers(0, longest)))
    late = int(rng.choice([0, 0, 0, 20, 70]))
    return {
        "date_debut": start,
        "date_fin": None if rng.random() < 0.3 else end,
        "date_saisie": start + dt.timedelta(days=late),
    }


def pick(rng, values):
    return values[int(rng.integers(len(values)))]


def some_situation(rng):
    kind = pick(rng, [*RANKING, "Emploi", "Emploi"])
    job = kind == "Emploi"
    return {
        "categorie": kind,
        "type_contrat": pick(rng, CONTRACTS) if job else None,
        "duree_prevue_mois": pick(rng, [None, 3.0, 6.0, 6.5, 7.0, 24.0]),
        "siae_type": "ACI" if job and rng.random() < 0.15 else None,
        "etat": "PREVU" if rng.random() < 0.1 else "TERMINE",
        **spell(rng),
    }


def some_act(rng):
    day = some_day(rng)
    return {
        "type": pick(rng, ["ENTRETIEN", "ATELIER", "CONTACT"]),
        "statut": pick(rng, ["PRESENT", "PRESENT", "PRESENT", "ABSENT"]),
        "date_acte": day,
        "date_saisie": day + dt.timedelta(days=int(rng.choice([0, 0, 40]))),
    }


def some_person(rng, name, places):
    files = []
    for i in range(int(rng.integers(1, 3))):
        opened = some_day(rng, 0, 800)
        closed = opened + dt.timedelta(days=int(rng.integers(100, 900)))
        files.append(
            {
                "id_dossier": f"{name}-d{i}",
                "id_structure": pick(rng, places),
                "date_ouverture": opened,
                "date_cloture": closed if rng.random() < 0.3 else None,
                "date_maj": opened + dt.timedelta(days=int(rng.choice([0, 0, 500]))),
                "niveau_diplome": pick(rng, ["BAC", "CAP_BEP", None]),
            }
        )
    if len(files) == 2 and rng.random() < 0.2:
        files[1]["date_ouverture"] = files[0]["date_ouverture"]  # a tie, broken by the hash
    return {
        "date_naissance": dt.date(1993, 1, 1) + dt.timedelta(days=int(rng.integers(0, 6000))),
        "rqth_depuis": some_day(rng) if rng.random() < 0.2 else None,
        "dossiers": files,
        "actes": [some_act(rng) for _ in range(rng.integers(0, 9))],
        "situations": [some_situation(rng) for _ in range(rng.integers(0, 6))],
        "accompagnements": [
            {
                "dispositif": pick(rng, ["CEJ", "CEJ", "PACEA", "GJ"]),
                "rang": pick(rng, [1, 1, 1, 2]),
                **spell(rng),
            }
            for _ in range(rng.integers(0, 3))
        ],
        "emploi_mensuel": [
            {"mois": some_day(rng).replace(day=1), "salaire_brut": float(rng.integers(1, 2000))}
            for _ in range(rng.integers(0, 9))
        ],
    }


def near_entry(rng, person, trial):
    """Give a person what an entrant has: an act shortly before the trial, a contract in it."""
    met = trial["first"] - dt.timedelta(days=int(rng.integers(20, 150)))
    person["actes"].append(
        {"type": "ENTRETIEN", "statut": "PRESENT", "date_acte": met, "date_saisie": met}
    )
    if rng.random() < 0.7:
        person["accompagnements"].clear()
    start = trial["first"] + dt.timedelta(days=int(rng.integers(0, 120)))
    person["accompagnements"].append(
        {
            "dispositif": "CEJ", "rang": pick(rng, [1, 1, 1, 2]), "date_debut": start,
            "date_fin": None, "date_saisie": start,
        }
    )  # fmt: skip


def some_trial(rng):
    first = dt.date(2023, int(rng.integers(1, 13)), 1)
    months = int(rng.integers(2, 4))
    last = dt.date(
        first.year + (first.month + months - 1) // 12, (first.month + months - 1) % 12 + 1, 1
    )
    return {
        "dispositif": "CEJ",
        "first_entry": bool(rng.random() < 0.7),
        "reach": int(rng.integers(2, 10)),
        "outside": pick(rng, [("Scolarité", "Formation"), ("Scolarité",)]),
        "outside_programmes": pick(rng, [("GJ",), ("GJ", "PACEA")]),
        "age_min": 16,
        "age_max": 25,
        "age_max_rqth": 29,
        "first": first,
        "last": last,
    }


def study_of(trial):
    return ev.study_from(
        {
            "study": "random", "title": "Un monde au hasard", "programme": "CEJ", "notebook": "cej",
            "territory": {"region": "32"}, "entries": {"from": trial["first"], "to": trial["last"]},
            "eligibility": {
                "accompanied_within_months": trial["reach"],
                "outside_situations": trial["outside"],
                "outside_programmes": trial["outside_programmes"],
            },
            "treatment": {"dispositif": "CEJ", "first_entry": trial["first_entry"]},
            "comparison": {"design": "sequential_trials"}, "outcomes": ["emploi"],
            "horizons": [12], "primary": {"outcome": "emploi", "horizon": 12, "method": "aipw"},
        }
    )  # fmt: skip


def rows_of(person):
    """The person as rows for `tables_of`."""
    traits = ("date_naissance", "rqth_depuis")
    tables = {
        table: copy.deepcopy(rows) for table, rows in person.items() if isinstance(rows, list)
    }
    linked = {"appariements": {"apparie": person["linked"]}} if "linked" in person else {}
    return {"jeunes": {t: person[t] for t in traits}, **tables, **linked}


def places_of():
    here = [
        {
            "id_structure": f"M{w:03d}", "nom": "essai", "code_departement": "59",
            "code_region": "32", "valide_du": "2000-01-01",
        }
        for w in range(WORLDS)
    ]  # fmt: skip
    return [*STRUCTURES, *here]


def world(batch):
    rng = np.random.Generator(np.random.PCG64([2024, batch]))
    trial = some_trial(rng)
    people = {}
    for w in range(WORLDS):
        for i in range(YOUTHS):
            name = f"w{w}-{i}"
            people[name] = some_person(
                rng, name, [f"M{w:03d}", f"M{w:03d}", "59350S00", "33063S00"]
            )
            if rng.random() < 0.5:
                near_entry(rng, people[name], trial)
            if batch % 2:
                people[name] |= {
                    "linked": bool(rng.random() < 0.5),
                    "covered": (2022 * 12 + 8, 2025 * 12 + 2),
                    "declared_from": 2022 * 12 + 5,
                }
    return trial, people


def compute(trial, people):
    engine = ev.open_engine(threads=1)
    partial = any("linked" in person for person in people.values())
    tables = tables_of(
        {name: rows_of(person) for name, person in people.items()}, engine,
        period=("2022-01-01", "2026-12-31"), structures=places_of(),
        optional=("emploi_mensuel", *(["appariements"] if partial else [])),
        coverage=COVERED if partial else {},
        linkage={"emploi_mensuel": "persons"} if partial else {},
    )  # fmt: skip
    cohort = ev.build_cohort(tables, ev.target_trial(study_of(trial)), COVARIATES, engine)
    panel = ev.build_panel(tables, cohort, engine)
    outcomes = ev.compute_outcomes(panel, [*MONTHLY, *CUMULATED])
    entries = engine.fetch(cohort.entries.order_by("entry"))
    key = entries[["entry", "id_jeune", "month"]]
    states = engine.fetch(panel.rows).merge(key, on="entry")
    values = engine.fetch(outcomes.rows).merge(key, on="entry")
    paths = trajectory_values(
        ev.compute_outcomes(panel, ["emploi_durable", "scolarite"]), entries, engine
    )
    months = np.arange(panel.months[0], panel.months[1] + 1)
    time, event = first_times(paths["emploi_durable"], [paths["scolarite"]], months)
    waits = key.assign(time=time, event=event)
    return cohort, panel, entries, states, values, waits


@cache
def computed(batch):
    """Return what the engine makes of a batch, once for all tests."""
    return compute(*world(batch))


def give_covered(people):
    """Give each person the months the linked source covers, where none are declared."""
    worked = [plain.month(w["mois"]) for p in people.values() for w in p["emploi_mensuel"]]
    for person in people.values():
        person.setdefault("covered", (min(worked), max(worked)))


def none_of(value):
    return None if pd.isna(value) else value


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
def test_the_engine_agrees_with_the_plain_one(batch):
    trial, people = world(batch)
    cohort, panel, entries, states, values, waits = computed(batch)
    days = [trial["first"]]
    while days[-1] < trial["last"]:
        days.append((days[-1] + dt.timedelta(days=32)).replace(day=1))
    local = {p["id_structure"] for p in places_of() if p["code_region"] == "32"}
    give_covered(people)
    expected, kept = plain.cohort(people, trial, days, local)

    # the cohort: who, when, in which arm, with which covariates; and the flow
    found = entries.set_index(["id_jeune", "month"])
    assert set(found.index) == set(expected)
    assert len(found) > 5
    for key, row in expected.items():
        for column, value in row.items():
            assert none_of(found.loc[key, column]) == value, (key, column)
    assert dict(zip(cohort.flow["rule"], cohort.flow["kept"], strict=True)) == kept

    # the panel: one state per person-month, and unknown is no row or a null, never a zero
    first, last = panel.months
    assert not states.duplicated(["entry", "k"]).any()
    told = {
        (n, m, k): s
        for n, m, k, s in states[["id_jeune", "month", "k", "state"]].itertuples(index=False)
        if not pd.isna(s)
    }
    for name, zero in expected:
        for k in range(first, last + 1):
            assert told.get((name, zero, k)) == plain.state(people[name], zero + k), (name, zero, k)
    assert len(told) == sum(
        plain.state(people[n], m + k) is not None
        for n, m in expected
        for k in range(first, last + 1)
    )

    # the outcomes, monthly and added up, and the first durable job
    held = values.set_index(["id_jeune", "month", "k"])[[*MONTHLY, *CUMULATED]]
    held = dict(zip(held.index, held.to_dict("records"), strict=True))
    waited = {
        (n, m): (t, e)
        for n, m, t, e in waits[["id_jeune", "month", "time", "event"]].itertuples(index=False)
    }
    for name, zero in expected:
        person = people[name]
        for k in range(first, last + 1):
            row = held.get((name, zero, k), {})
            for outcome in MONTHLY:
                value = none_of(row.get(outcome))
                assert value == plain.outcome(person, zero + k, outcome), (name, zero, k, outcome)
            for outcome in CUMULATED if k > 0 else ():
                value = none_of(row.get(outcome))
                wanted = plain.cumulated(person, zero, k, outcome, person["covered"])
                assert value == wanted or math.isclose(value, wanted), (name, zero, k, outcome)
        assert waited[name, zero] == plain.first_durable(person, zero, last), (name, zero)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [0, 1])
def test_nothing_depends_on_the_order_of_the_rows(batch):
    trial, people = world(batch)
    rng = np.random.Generator(np.random.PCG64(batch))
    names = rng.permutation(list(people))
    shuffled = {}
    for name in names:
        person = copy.deepcopy(people[name])
        for table, rows in person.items():
            if isinstance(rows, list):
                person[table] = [rows[i] for i in rng.permutation(len(rows))]
        shuffled[str(name)] = person
    for before, after in zip(computed(batch)[2:], compute(trial, shuffled)[2:], strict=True):
        order = [c for c in ("entry", "k") if c in before]
        left, right = (f.sort_values(order, ignore_index=True) for f in (before, after))
        assert left.equals(right[left.columns])
