"""The register of evaluations in print: what was read, and the study each has, or why it has none."""

from __future__ import annotations

import pytest
import yaml
from pydantic import ValidationError
from tests_root import ROOT

import evalml as ev
from evalml.comparison.explain import explain_study
from evalml.errors import StudyError
from evalml.published.read import PublishedEvaluation, published_effects, published_evaluations

HELD = published_evaluations(ROOT / "data/published/evaluations")
STUDIES = {one.study for one in HELD.values() if one.study}


def test_the_register_holds_the_ten_and_their_studies_are_those_of_params():
    assert len(HELD) == 10
    assert {p.stem for p in (ROOT / "params/published").glob("*.yaml")} == STUDIES
    assert {one.status for one in HELD.values()} == {"runs", "near", "refused"}


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_each_study_is_read_and_its_design_takes_it(name):
    study = ev.read_study(name)
    assert study.study == name
    found = explain_study(study, None)
    declared = [d for d in found.designs if d.declared]
    assert [d.name for d in declared] == [study.design.name]
    assert all(r.status != "no" for d in declared for r in d.reasons), declared
    if study.design.monthly:
        assert ev.target_trial(study).months


def test_the_numbers_of_the_committee_are_the_interim_one_and_the_final_ones():
    values = " ".join(n.value for n in HELD["gj_comite_2018"].estimates)
    assert "+10 points" in values
    assert "+7.1 points (36.3 % against 29.2 %)" in values
    assert "+6.4 points (18.9 % against 12.5 %)" in values
    assert "nothing significant" in values
    printed = " ".join(e.en.value for e in published_effects("GJ"))
    assert all(number in printed for number in ("+10", "+7.1", "+6.4", "nothing significant"))


def test_no_number_is_given_of_what_was_not_read():
    for one in HELD.values():
        if one.population == "Not read":
            assert not one.estimates, one.title


def test_an_entry_says_why_it_does_not_run_and_names_its_study():
    path = ROOT / "data/published/evaluations/ipp_63.yaml"
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    for wrong in ({"status": "near"}, {"study": ""}, {"status": "refused", "because": "x"}):
        with pytest.raises(ValidationError, match=r"because|study"):
            PublishedEvaluation.model_validate(values | wrong)


def test_a_study_like_another_has_its_keys_but_its_own():
    base, own = ev.read_study("cej", year=2022, territory="france"), ev.read_study("ipp_63")
    assert own.covariates == base.covariates
    assert own.horizons == base.horizons
    assert own.comparison.pool == "GJ"
    assert not own.secondary


def test_a_study_like_itself_or_like_nothing_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "params"
    folder.mkdir()
    (tmp_path / "notebooks").mkdir()
    for name, base in (("one", "two"), ("two", "one"), ("three", "three"), ("four", "nothing")):
        (folder / f"{name}.yaml").write_text(f"study: {name}\nlike: {base}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name, why in (("one", "is like this one"), ("three", "no other"), ("four", "no params")):
        with pytest.raises(StudyError, match=why):
            ev.read_study(name)
