"""Allowances paid, their rules, and what happened before time zero, person by person."""

from __future__ import annotations

import numpy as np
import pytest
from people import tables_of

import evalml as ev
from evalml.errors import StudyError

SEEN = {"actes": [{"date_acte": "2024-02-10"}]}
ENTERS = {"accompagnements": [{"date_debut": "2024-03-12", "date_fin": "2024-12-31"}]}
PEOPLE = {
    "paid": {
        **SEEN,
        **ENTERS,
        "allocations": [
            {"mois": "2024-02-01", "montant_eur": 90.0, "dispositif": "PACEA"},
            {"mois": "2024-03-01", "montant_eur": 100.0},
            {"mois": "2024-04-01", "montant_eur": 200.0},
            {"mois": "2024-04-01", "montant_eur": 30.0, "dispositif": "PACEA"},
            {"mois": "2024-09-01", "montant_eur": 400.0},
            {"mois": "2024-10-01", "montant_eur": 800.0},
        ],
        "evenements_externes": [{"type": "PERMIS_CONDUIRE", "date": "2024-02-29"}],
        "emploi_mensuel": [{"mois": f"2022-{m:02}-01"} for m in range(3, 9)],
    },
    "unpaid": {
        **SEEN,
        "evenements_externes": [
            {"type": "PERMIS_CONDUIRE", "date": "2024-03-01"},
            {"type": "BAFA", "date": "2020-07-01"},
        ],
        "emploi_mensuel": [{"mois": "2023-02-01"}, {"mois": "2023-03-01"}, {"mois": "2025-12-01"}],
    },
}


@pytest.fixture(scope="module")
def engine():
    return ev.open_engine()


def cohort_of(engine, entries=("2024-03-01", "2024-03-31"), people=PEOPLE, optional=None):
    study = ev.study_from(
        {
            "study": "case", "title": "One case", "programme": "CEJ", "notebook": "cej",
            "territory": {"region": "32"}, "entries": dict(zip(("from", "to"), entries, strict=True)),
            "eligibility": {"outside_situations": []},
            "comparison": {"design": "sequential_trials"}, "outcomes": ["emploi"],
            "horizons": [6], "primary": {"outcome": "emploi", "horizon": 6, "method": "aipw"},
        }
    )  # fmt: skip
    tables = tables_of(
        people, engine, optional=optional or ("emploi_mensuel", "evenements_externes")
    )
    cohort = ev.build_cohort(tables, ev.target_trial(study), [], engine)
    rows = engine.fetch(cohort.entries.select("entry", "id_jeune").order_by("entry"))
    return tables, cohort, dict(zip(rows["id_jeune"], rows["entry"], strict=True))


def test_allowances_add_up_from_the_month_of_time_zero_to_the_horizon(engine):
    tables, cohort, entry = cohort_of(engine)
    paid = ev.compute_allowances(tables, cohort, [0, 1, 6], engine)
    assert paid.loc[entry["paid"]].tolist() == [100.0, 330.0, 730.0]
    assert paid.loc[entry["unpaid"]].tolist() == [0.0, 0.0, 0.0]


def test_controls_are_read_before_time_zero_only(engine):
    """March 2024 less 13 to 24 months is March 2022 to February 2023: 6 of 12, and 1 of 12."""
    tables, cohort, entry = cohort_of(engine)
    names = ["emploi_13_24_mois_avant", "emploi_24_mois_avant", "permis_avant", "bafa_avant"]
    found = ev.compute_controls(tables, cohort, names, engine)
    assert found.loc[entry["paid"]].tolist() == [0.5, 1.0, 1.0, 0.0]
    assert found.loc[entry["unpaid"]].tolist() == [pytest.approx(1 / 12), 0.0, 0.0, 1.0]
    assert list(found) == names


def test_a_month_the_source_does_not_cover_is_unknown(engine):
    late = {
        name: {**given, "emploi_mensuel": [{"mois": "2022-04-01"}, {"mois": "2025-12-01"}]}
        for name, given in PEOPLE.items()
    }
    tables, cohort, _ = cohort_of(engine, people=late)
    found = ev.compute_controls(
        tables, cohort, ["emploi_13_24_mois_avant", "emploi_15_mois_avant"], engine
    )
    assert np.isnan(found.iloc[:, 0]).all()
    assert not found.iloc[:, 1].isna().any()


def test_a_control_inside_the_history_or_unheard_of_is_refused(engine):
    tables, cohort, _ = cohort_of(engine)
    with pytest.raises(StudyError, match="permis_avant"):
        ev.compute_controls(tables, cohort, ["permis_avan"], engine)
    from dataclasses import replace

    longer = replace(cohort, trial=replace(cohort.trial, history_months=24))
    with pytest.raises(StudyError, match="24 months of history"):
        ev.compute_controls(tables, longer, ["emploi_24_mois_avant"], engine)


def test_a_control_without_its_table_is_unknown_of_everybody(engine):
    tables, cohort, _ = cohort_of(engine, optional=("emploi_mensuel",))
    found = ev.compute_controls(tables, cohort, ["bafa_avant", "emploi_15_mois_avant"], engine)
    assert found.iloc[:, 0].isna().all()
    assert found.iloc[:, 1].notna().all()
