"""Who is in which arm under each design, as cases a counsellor could write: cases/cohort/designs."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml
from people import DEFAULTS, tables_of
from tests_root import ROOT

import evalml as ev
from evalml.errors import CohortError, StudyError
from evalml.months import first_day

CASES = yaml.safe_load((ROOT / "tests/cases/cohort/designs.yaml").read_text(encoding="utf-8"))
MARCH = {"from": "2024-03-01", "to": "2024-03-31"}
ACTIVE = {"design": "active_comparator", "pool": "PACEA"}
GJ = {
    "design": "active_comparator",
    "pool": "GJ",
    "entries": {"from": "2022-01-01", "to": "2022-02-28"},
}
OLD = {"from": "2019-03-01", "to": "2019-03-31"}
STUDIES = {
    "active_comparator": {"comparison": ACTIVE},
    "other_months": {"comparison": GJ, "entries": {"from": "2022-03-01", "to": "2022-04-30"}},
    "accepted_refused": {"programme": "IAE", "comparison": {"design": "accepted_refused"}},
    "refused_by_employers": {
        "programme": "IAE",
        "comparison": {"design": "accepted_refused", "refusals": ["EMPLOYEUR"]},
    },
    "iae_contracts": {"programme": "IAE"},
    "nested_with": {"programme": "PACEA", "entries": OLD, "treatment": {"nested": "with"}},
    "nested_without": {"programme": "PACEA", "entries": OLD, "treatment": {"nested": "without"}},
    "renewals": {"programme": "PACEA", "treatment": {"first_entry": False, "rang": 2}},
    "before_and_after": {
        "comparison": {"design": "did_persons"},
        "methods": ["did_persons"],
        "primary": {"outcome": "emploi", "horizon": 12, "method": "did_persons"},
    },
    "before_and_after_pool": {
        "comparison": {"design": "did_persons", "pool": "PACEA"},
        "methods": ["did_persons"],
        "primary": {"outcome": "emploi", "horizon": 12, "method": "did_persons"},
    },
    "randomised": {
        "comparison": {"design": "randomised_trial"},
        "estimand": "itt",
        "methods": ["itt", "late"],
        "primary": {"outcome": "emploi", "horizon": 12, "method": "itt"},
    },
}
SEEN = {
    "other_months": ["2021-12-10", "2022-02-10"],
    "nested_with": ["2019-02-10"],
    "nested_without": ["2019-02-10"],
}


def study(**changes):
    return ev.study_from(
        {
            "study": "case",
            "title": "One case",
            "programme": "CEJ",
            "notebook": "cej",
            "territory": {"region": "32"},
            "entries": MARCH,
            "eligibility": {"age_min": 16, "age_max": 25},
            "comparison": {"design": "sequential_trials"},
            "outcomes": ["emploi"],
            "horizons": [12],
            "primary": {"outcome": "emploi", "horizon": 12, "method": "aipw"},
            **changes,
        }
    )


def person(design, case):
    early = design in {"nested_with", "nested_without", "other_months"}
    file = {"date_ouverture": "2018-06-01", "date_maj": "2018-06-01"} if early else {}
    return {
        "jeunes": {"date_naissance": "1999-06-15"} if early else {},
        "dossiers": [file],
        "actes": [{"date_acte": day} for day in SEEN.get(design, ["2024-02-10"])],
        "accompagnements": case.get("spells", []),
        "iae_candidatures": case.get("applications", []),
        "iae_contrats": case.get("contracts", []),
        "affectations": case.get("draws", []),
    }


@pytest.fixture(scope="module")
def cohorts():
    """Every design once, all its persons in one cohort: design -> (rows by name, flow)."""
    engine = ev.open_engine()
    found = {}
    for design, cases in CASES.items():
        people = {f"case-{i}": person(design, case) for i, case in enumerate(cases)}
        drawn = ("affectations",) if design == "randomised" else ()
        tables = tables_of(people, engine, period=("2016-01-01", "2025-12-31"), optional=drawn)
        trial = ev.target_trial(study(**STUDIES[design]))
        cohort = ev.build_cohort(tables, trial, [], engine)
        found[design] = engine.fetch(cohort.entries), cohort.flow
    return found


def month(number):
    return f"{first_day(int(number)):%Y-%m}"


@pytest.mark.parametrize(
    ("design", "number"),
    [(design, i) for design, cases in CASES.items() for i in range(len(cases))],
    ids=[f"{design}: {case['says']}" for design, cases in CASES.items() for case in cases],
)
def test_the_arm_of_each_person(design, number, cohorts):
    case, rows = CASES[design][number], cohorts[design][0]
    mine = rows[rows["id_jeune"] == f"case-{number}"]
    if case["arm"] not in {"treated", "comparison"}:
        assert mine.empty
        return
    [row] = mine.to_dict("records")
    assert row["treated"] == (case["arm"] == "treated")
    if "month" in case:
        assert month(row["month"]) == str(case["month"])
    later = None if pd.isna(row["later_entry"]) else month(row["later_entry"])
    assert later == case.get("later")


@pytest.mark.parametrize("design", CASES)
def test_the_flow_loses_each_person_at_the_rule_the_case_names(design, cohorts):
    flow = cohorts[design][1]
    lost = dict(zip(flow["rule"], flow["lost"], strict=True))
    months = 4 if design == "other_months" else 1
    for rule in {case["arm"] for case in CASES[design]} - {"treated", "comparison"}:
        named = sum(case["arm"] == rule for case in CASES[design])
        assert lost[rule] >= named if months > 1 else lost[rule] == named, rule
    assert (flow["kept"].diff().fillna(0) == -flow["lost"]).all()


def described(people, names, **changes):
    engine = ev.open_engine()
    tables = tables_of(people, engine, period=("2016-01-01", "2025-12-31"))
    cohort = ev.build_cohort(tables, ev.target_trial(study(**changes)), names, engine)
    return engine.fetch(cohort.entries).set_index("id_jeune")


def seen(**given):
    return {"actes": [{"date_acte": "2024-02-10"}], **given}


def test_traits_are_those_of_time_zero():
    enters = {"accompagnements": [{"date_debut": "2024-03-12"}]}
    born = {"a": "2006-03-02", "b": "2006-03-01", "c": "2002-03-02", "d": "2002-03-01"}
    people = {n: seen(jeunes={"date_naissance": d}, **enters) for n, d in born.items()}
    people["gj"] = seen(
        accompagnements=[{"dispositif": "GJ", "date_debut": "2021-06-01", "date_fin": "2024-03-01"}]
    )
    people["left"] = seen(
        accompagnements=[{"dispositif": "GJ", "date_debut": "2021-06-01", "date_fin": "2024-02-29"}]
    )
    rows = described(people, ["mineur", "tranche_age", "gj_en_cours"])
    # 18 on the first of March 2024 is no minor; 22 neither is 18-21.
    assert rows["mineur"].loc[["a", "b", "c", "d"]].tolist() == [1, 0, 0, 0]
    groups = rows["tranche_age"]
    assert groups["a"] != groups["b"] == groups["c"] != groups["d"]
    assert rows["gj_en_cours"].loc[["gj", "left", "a"]].tolist() == [1, 0, 0]


def test_the_rank_and_the_months_out_are_those_of_time_zero():
    first = {"dispositif": "PACEA", "date_debut": "2022-06-01", "date_fin": "2023-11-30"}
    second = {"dispositif": "PACEA", "date_debut": "2024-03-12", "rang": 2}
    people = {
        "again": seen(accompagnements=[first, second]),
        "waits": seen(accompagnements=[first]),
    }
    renewal = {"programme": "PACEA", "treatment": {"first_entry": False, "rang": 2}}
    rows = described(people, ["rang", "mois_depuis_sortie"], **renewal)
    assert rows["rang"].tolist() == [2.0, 2.0]
    assert rows["mois_depuis_sortie"].tolist() == [4.0, 4.0]  # November to March


def test_an_application_is_described_by_the_one_that_counts():
    sent = [
        {"date_candidature": "2023-06-01", "etat": "refusee"},
        {"date_candidature": "2024-03-02", "etat": "annulee", "siae_type": "EI"},
        {"date_candidature": "2024-03-09", "etat": "refusee", "siae_type": "AI", "emetteur": "FT"},
    ]
    people = {
        "compared": seen(iae_candidatures=sent),
        "hired": seen(iae_candidatures=[{"date_candidature": "2024-03-02"}]),
    }
    rows = described(
        people,
        ["siae_type", "emetteur", "candidatures_avant"],
        programme="IAE",
        comparison={"design": "accepted_refused"},
    )
    assert rows.loc["compared", ["siae_type", "emetteur", "candidatures_avant"]].tolist() == [
        "AI",
        "FT",
        1.0,
    ]


def test_the_capacity_leaves_the_person_out_and_counts_the_twelve_months_before():
    arras = [{"id_structure": "62041S00"}]
    mentored = {"dispositif": "PARRAINAGE", "date_fin": "2023-12-31"}
    people = {
        "waits": seen(),
        "enters": seen(accompagnements=[{"dispositif": "PARRAINAGE", "date_debut": "2024-03-12"}]),
        "before": seen(accompagnements=[{**mentored, "date_debut": "2023-03-01"}]),
        "too early": seen(accompagnements=[{**mentored, "date_debut": "2023-02-28"}]),
        "elsewhere": seen(dossiers=arras),
        "mentored elsewhere": seen(
            dossiers=arras, accompagnements=[{**mentored, "date_debut": "2023-09-01"}]
        ),
    }
    rows = described(
        people,
        [],
        programme="PARRAINAGE",
        comparison={"design": "encouragement", "instrument": "capacite"},
        methods=["iv"],
        primary={"outcome": "emploi", "horizon": 12, "method": "iv"},
    )
    # Lille: four youths met in the twelve months before, one first entry among the other three.
    # Arras: two met, one entry among the other one.
    assert rows["capacite"].loc[["waits", "enters", "elsewhere"]].tolist() == [1 / 3, 1 / 3, 1.0]


def test_within_a_mission_locale_each_entrant_has_its_own_comparison_persons():
    waiting = {f"lille-{i}": seen() for i in range(9)}
    away = {f"arras-{i}": seen(dossiers=[{"id_structure": "62041S00"}]) for i in range(5)}
    enters = {"enters": seen(accompagnements=[{"date_debut": "2024-03-12"}])}
    within = {"design": "sequential_trials", "within": "structure", "per_entrant": 4}
    engine = ev.open_engine()
    rows, flows = [], []
    for people in (waiting | away | enters, dict(reversed((waiting | away | enters).items()))):
        trial = ev.target_trial(study(comparison=within))
        cohort = ev.build_cohort(tables_of(people, engine), trial, [], engine)
        rows.append(engine.fetch(cohort.entries).set_index("id_jeune"))
        flows.append(cohort.flow.iloc[-1])
    assert set(rows[0].index) == set(rows[1].index)
    assert len(rows[0]) == 5
    assert set(rows[0]["id_structure"]) == {"59350S00"}
    assert flows[0][["rule", "kept", "lost"]].tolist() == ["same_place", 5, 10]


REFUSALS = {
    "a comparator that was closed": (
        {"comparison": {"design": "active_comparator", "pool": "GJ"}},
        CohortError,
        r"GJ takes first entries .* change 'comparison\.entries'",
    ),
    "an unknown comparator": (
        {"comparison": {"design": "active_comparator", "pool": "PACE"}},
        StudyError,
        r"comparison: pool 'PACE' is no programme.*did you mean 'PACEA'",
    ),
    "the programme as its own comparator": (
        {"comparison": {"design": "active_comparator", "pool": "CEJ"}},
        StudyError,
        r"comparison\.pool is 'CEJ', the programme evaluated",
    ),
    "the month of entry where the arms enter in different months": (
        {"comparison": GJ, "covariates": ["mois_entree"]},
        StudyError,
        r"'mois_entree' separates the arms",
    ),
    "months of a comparator without one": (
        {"comparison": {"design": "sequential_trials", "entries": MARCH}},
        StudyError,
        r"'entries' of the comparison are for an active_comparator",
    ),
    "applications to what takes none": (
        {"comparison": {"design": "accepted_refused"}},
        StudyError,
        r"accepted_refused compares applications to the IAE, not entries into CEJ",
    ),
    "an application where there is none": (
        {"covariates": ["siae_type"]},
        StudyError,
        r"'siae_type' describes an application",
    ),
    "an instrument estimated by a mean": (
        {"comparison": {"design": "encouragement", "instrument": "capacite"}},
        StudyError,
        r"an encouragement is estimated by \[iv\]",
    ),
    "an encouragement without instrument": (
        {"comparison": {"design": "encouragement"}},
        StudyError,
        r"an encouragement needs one of \['capacite'\]",
    ),
    "a double difference whose pool is nothing known": (
        {"comparison": {"design": "did_persons", "pool": "never_entered"}},
        StudyError,
        r"pool 'never_entered' is no programme",
    ),
    "a base for what has none": (
        {"comparison": {"design": "sequential_trials", "base_months": 3}},
        StudyError,
        r"'base_months' of the comparison are for did_persons",
    ),
    "a draw adjusted for covariates": (
        {"comparison": {"design": "randomised_trial"}, "estimand": "itt"},
        StudyError,
        r"a randomised_trial is estimated by \[itt, late\]",
    ),
    "a rank that is a first entry": (
        {"treatment": {"rang": 2}},
        StudyError,
        r"rang 2 is no first entry; set first_entry to false",
    ),
    "a nested GJ outside a PACEA": (
        {"treatment": {"nested": "with"}},
        StudyError,
        r"treatment\.nested is about the GJ inside a PACEA",
    ),
    "a pool that selects on the future": (
        {"comparison": {"design": "sequential_trials", "pool": "never_entered"}},
        CohortError,
        r"the only one that selects on nothing that happens later",
    ),
}


@pytest.mark.parametrize("case", REFUSALS, ids=list(REFUSALS))
def test_what_cannot_be_is_refused_in_one_sentence(case):
    changes, kind, sentence = REFUSALS[case]
    with pytest.raises(kind, match=sentence):
        ev.target_trial(study(**changes))


def test_both_arms_have_the_ages_that_both_programmes_take():
    # CEJ takes a disabled worker to 29; the GJ took nobody beyond 25, and closed the month before.
    alone, both = (
        ev.target_trial(
            study(
                entries={"from": "2022-03-01", "to": "2022-04-30"},
                eligibility={},
                comparison=comparison,
            )
        )
        for comparison in ({"design": "sequential_trials"}, GJ)
    )
    assert {(a.lowest, a.highest, a.highest_rqth) for a in alone.ages} == {(16, 25, 29)}
    assert {(a.lowest, a.highest, a.highest_rqth) for a in both.ages} == {(16, 25, 25)}
    assert [month(m) for m in both.months] == ["2022-01", "2022-02", "2022-03", "2022-04"]
    assert not both.same_months


def test_the_default_rows_of_the_cases_are_those_the_header_tells():
    assert DEFAULTS["jeunes"]["date_naissance"] == "2003-06-15"
    assert DEFAULTS["iae_candidatures"]["etat"] == "acceptee"
