"""`evalml explain`: which designs a study may use follows the dated rules of its programme."""

from __future__ import annotations

import json

import pytest
import typer
from tests_root import ROOT, study_values
from typer.testing import CliRunner

import evalml as ev
from evalml.cli.explain import explain
from evalml.cohort import target_trial
from evalml.comparison.explain import explain_study
from evalml.errors import StudyError
from evalml.study import DESIGNS, METHODS, methods_of, study_from

app = typer.Typer()
app.command()(explain)
CEJ = study_values("cej_2024_hdf")
CEJ = {key: value for key, value in CEJ.items() if key != "secondary"}
ALL_TABLES = frozenset({"jeunes", "emploi_mensuel", "iae_candidatures"})
BARE = frozenset({"jeunes"})


def said(tables=None, **changes):
    programme = changes.get("programme", "CEJ")
    values = {**CEJ, "treatment": {"dispositif": programme}, **changes}
    return explain_study(study_from(values), tables)


def applying(found) -> set[str]:
    return {d.name for d in found.designs if d.applies}


def reasons(found, design: str) -> str:
    judged = next(d for d in found.designs if d.name == design)
    return " / ".join(f"{r.status}: {r.sentence}" for r in judged.reasons)


def remarks(found, topic: str) -> str:
    return " / ".join(f"{r.status}: {r.sentence}" for t, r in found.remarks if t == topic)


def months(first: str, last: str) -> dict[str, str]:
    return {"from": f"{first}-01", "to": f"{last}-01"}


NORTH = {"departement": ["59", "62"]}

CASES = [
    ("CEJ", "2024-01", "2024-12", {"sequential_trials", "did_persons", "active_comparator"}),
    ("CEJ", "2022-01", "2022-06", set()),  # before the opening of March 2022
    ("GJ", "2015-01", "2015-08", {"sequential_trials", "did_persons", "rollout"}),
    ("GJ", "2019-01", "2019-12", {"sequential_trials", "did_persons", "active_comparator"}),
    ("GJ", "2022-02", "2022-04", set()),  # closed on 28 February 2022
    ("PACEA", "2018-01", "2018-12", {"sequential_trials", "did_persons"}),
    ("PARRAINAGE", "2024-01", "2024-12", {"sequential_trials", "did_persons", "encouragement"}),
    ("IAE", "2024-01", "2024-12", {"sequential_trials", "did_persons", "accepted_refused"}),
]


@pytest.mark.parametrize(("programme", "first", "last", "designs"), CASES)
def test_the_designs_that_apply_follow_the_programme_and_its_dates(programme, first, last, designs):
    found = said(programme=programme, entries=months(first, last), territory=NORTH)
    assert applying(found) == designs


def test_a_roll_out_needs_areas_that_open_at_different_dates():
    window = {"programme": "GJ", "entries": months("2015-01", "2015-08")}
    differ = said(**window, territory=NORTH)
    assert "59 on 2015-09-01, 62 on 2015-01-01" in reasons(differ, "rollout")
    together = said(**window, territory={"departement": ["59", "80"]})
    assert "open together" in reasons(together, "rollout")
    assert "rollout" not in applying(together)
    split = said(**window, territory={"departement": ["93", "59"]})
    assert "caution: département 93 opened in two waves" in reasons(split, "rollout")


def test_no_area_is_left_after_generalisation():
    found = said(programme="GJ", entries=months("2017-01", "2017-12"))
    assert "open in every mission locale since 2017-01-01" in reasons(found, "rollout")


def test_gj_and_cej_were_never_open_together():
    comparison = {"design": "active_comparator", "pool": "GJ"}
    found = said(entries=months("2022-03", "2022-04"), comparison=comparison)
    assert "comparison of cohorts" in reasons(found, "active_comparator")
    assert "active_comparator" not in applying(found)


def test_never_treated_is_refused_as_a_pool():
    found = said(comparison={"design": "sequential_trials", "pool": "never_entered"})
    assert "sequential_trials" not in applying(found)
    assert "no: pool 'never_entered'" in reasons(found, "sequential_trials")


def test_a_study_without_covariates_has_no_design():
    assert "no: no covariates" in reasons(said(covariates=[]), "sequential_trials")


def test_refused_applications_need_their_table():
    design = {"programme": "IAE", "comparison": {"design": "accepted_refused"}}
    assert "accepted_refused" in applying(said(ALL_TABLES, **design))
    assert "accepted_refused" not in applying(said(BARE, **design))
    assert "60 days" in reasons(said(BARE, **design), "accepted_refused")


def test_capacity_needs_several_missions_locales():
    found = said(programme="PARRAINAGE", territory={"structure": ["59350S00"]})
    assert "encouragement" not in applying(found)


def test_declared_outcomes_are_announced_as_blinded():
    assert "ok: emploi is observed by emploi_mensuel" in remarks(said(ALL_TABLES), "outcomes")
    bare = remarks(said(BARE), "outcomes")
    assert "emploi becomes emploi_declare" in bare
    assert "blinded" in bare
    assert "no: salaire needs" in remarks(said(BARE, outcomes=["emploi", "salaire"]), "outcomes")


def test_a_grace_period_is_refused_by_name():
    with pytest.raises(StudyError, match="'grace_months' is 3"):
        said(grace_months=3)


def test_only_what_a_study_may_name_is_explained():
    named = {m.name for m in said().methods}
    assert named == {m.name for m in METHODS.values() if m.in_study}
    assert not named & {"twfe", "sun_abraham", "ipcw"}


def test_small_numbers_call_for_the_detectable_effect_first():
    few = said(programme="PARRAINAGE", minimum_effect=None)
    assert "caution: compute the minimum detectable effect first" in remarks(few, "small numbers")
    assert "caution" not in remarks(said(), "small numbers")


def test_a_gj_inside_a_pacea_is_not_counted_twice():
    window = {"programme": "PACEA", "entries": months("2018-01", "2018-12")}
    inside = said(**window, eligibility={"outside_programmes": []})
    assert "phase of a PACEA" in remarks(inside, "nesting")
    assert not remarks(said(**window, eligibility={"outside_programmes": ["GJ"]}), "nesting")


def test_employment_inside_iae_is_not_the_outcome():
    assert "emploi_hors_iae" in remarks(said(programme="IAE"), "inside IAE")


def test_ages_are_compared_with_the_rule_of_the_day():
    assert "the rule says 16" in remarks(said(eligibility={"age_min": 18}), "ages")
    assert not remarks(said(), "ages")
    assert "give eligibility.age_max" in remarks(said(programme="PARRAINAGE"), "ages")


def test_registration_by_the_law_is_announced_from_2025():
    assert not remarks(said(), "registration")
    assert remarks(said(entries=months("2025-01", "2025-06")), "registration")


def test_ebal_does_not_estimate_the_effect_on_all():
    methods = {m.name: m for m in said(estimand="ate").methods}
    assert not methods["ebal"].applies
    assert methods["aipw"].applies


def test_a_table_of_persons_has_one_design():
    result = CliRunner().invoke(app, [str(ROOT / "params" / "nsw.yaml"), "--json"])
    found = json.loads(result.stdout)
    assert [d["name"] for d in found["designs"] if d["applies"]] == ["cross_section"]
    assert found["remarks"] == []


def test_the_text_puts_the_declared_design_first_and_says_why_not_the_others():
    result = CliRunner().invoke(app, [str(ROOT / "params" / "cej_2024_hdf.yaml")])
    lines = result.stdout.splitlines()
    assert "sequential_trials" in lines[lines.index("DESIGNS") + 1]
    assert "    x CEJ opened everywhere on 2022-03-01; only GJ was rolled out by areas" in lines


def test_the_tables_of_the_extract_are_read(small_extract):
    words = [str(ROOT / "params" / "cej_2024_hdf.yaml"), "--extract", str(small_extract), "--json"]
    found = json.loads(CliRunner().invoke(app, words, catch_exceptions=False).stdout)
    sentences = [r["sentence"] for r in found["remarks"] if r["topic"] == "outcomes"]
    assert any(s.startswith("emploi is observed") for s in sentences)


def test_a_study_that_is_not_one_is_refused(tmp_path):
    with pytest.raises(StudyError, match="no params file"):
        CliRunner().invoke(app, [str(tmp_path / "none.yaml")], catch_exceptions=False)


OWN = {
    "active_comparator": {"pool": "PACEA"},
    "encouragement": {"instrument": "capacite"},
}
"""What a design needs beside its name."""


def run_of(found, design, base):
    """The study that `explain` recommends: a design that applies, every method that does."""
    judged = {m.name for m in found.methods if m.applies}
    methods = [m for m in methods_of(DESIGNS[design].estimator) if m in judged]
    primary = {"outcome": base["outcomes"][0], "horizon": 12, "method": methods[-1]}
    persons = {} if DESIGNS[design].monthly else {"durations": None, "examples": []}
    return {
        **base,
        "comparison": {"design": design, **OWN.get(design, {})},
        "estimand": DESIGNS[design].estimands[0],
        "methods": methods,
        "primary": primary,
        **persons,
    }


@pytest.mark.parametrize(("programme", "first", "last", "designs"), CASES)
def test_what_applies_is_never_refused(programme, first, last, designs):
    ages = {"eligibility": {"age_min": 16, "age_max": 25}}
    base = {**CEJ, **ages, "programme": programme, "treatment": {"dispositif": programme}}
    base |= {"entries": months(first, last), "territory": NORTH}
    found = explain_study(study_from(base))
    for design in designs:
        values = run_of(explain_study(study_from(base)), design, base)
        asked = study_from(values)
        again = explain_study(asked)
        assert {m.name for m in again.methods if m.declared} == set(asked.methods)
        assert all(m.applies for m in again.methods if m.declared), design
        if asked.design.monthly:
            assert target_trial(asked).design.name == design
    assert applying(found) == designs


@pytest.mark.slow
@pytest.mark.parametrize("design", ["sequential_trials", "active_comparator"])
def test_what_applies_runs(design, small_extract, tmp_path):
    base = {**CEJ, "outcomes": ["emploi"], "horizons": [12], "subgroups": []}
    base |= {"covariates": ["sexe", "age", "niveau_diplome", "emploi_avant_1"]}
    study = study_from(run_of(explain_study(study_from(base)), design, base))
    assert len(study.methods) >= 7
    evaluation = ev.evaluate(study, extract=small_extract, out=tmp_path)
    whole = [e for e in evaluation.estimates if e.estimand == "att"]
    assert {e.method for e in whole} == set(study.methods)
    assert not [e.method for e in whole if "error" in e.details]
