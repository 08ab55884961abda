"""A params file is checked whole before anything starts."""

from __future__ import annotations

import datetime as dt

import pytest
from tests_root import ROOT, study_values

from evalml.effect.sample import EstimationSettings, settings_of
from evalml.errors import StudyError
from evalml.study import read_study, study_from

CEJ = ROOT / "params" / "cej_2024_hdf.yaml"


def changed(**changes):
    values = study_values("cej_2024_hdf") | changes
    return {k: v for k, v in values.items() if v is not ...}


def test_a_study_is_typed():
    study = read_study(CEJ)
    assert study.entries.first == dt.date(2024, 1, 1)
    assert study.primary.horizon == 12
    assert study.over_time


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"horizonz": [6]}, r"unknown key 'horizonz'; did you mean 'horizons'\?"),
        ({"programme": ...}, r"missing key 'programme'"),
        (
            {"entries": {"from": "n'importe quoi", "to": "2024-12-31"}},
            r"'entries\.from' is \"n'importe quoi\"",
        ),
        (
            {"entries": {"form": "2024-01-01", "to": "2024-12-31"}},
            r"unknown key 'entries\.form'; did you mean 'from'\?",
        ),
        (
            {"entries": {"from": "2024-12-31", "to": "2024-01-01"}},
            r"entries: 'to' \(2024-01-01\) lies before",
        ),
        ({"entries": ...}, r"'entries' is missing"),
        ({"programme": "CEJE"}, r"programme 'CEJE' is unknown; did you mean 'CEJ'\?"),
        ({"territory": {"region": 32}}, r"'territory\.region' is 32"),
        ({"territory": {"region": "32", "national": True}}, r"territory: give exactly one of"),
        ({"horizons": [6, 24]}, r"horizon 24 lies beyond follow_up_months \(12\)"),
        (
            {"primary": {"outcome": "emploie", "horizon": 12, "method": "aipw"}},
            r"primary\.outcome 'emploie'",
        ),
        ({"checks": {"smdd": 0.1}}, r"unknown key 'checks\.smdd'; did you mean 'smd'\?"),
        *(
            ({"method_settings": given}, sentence)
            for given, sentence in (
                ({"aipw": {"scor": {}}}, r"'method_settings\.aipw\.scor'; did you mean 'score'"),
                ({"ols": {"clip": 0.1}}, r"method_settings\.ols: the method is not among"),
                ({"diff": {"trim": 0.1}}, r"method_settings\.diff: diff has no setting 'trim'"),
                ({"ipw": {"k": 2}}, r"ipw has no setting 'k'; it reads \['score', 'clip', 'trim'"),
                ({"aipw": {"score": {"learner": "Lasso"}}}, r"Lasso gives no probability"),
                ({"aipw": {"score": {"learner": "LogisticRegresion"}}}, r"'LogisticRegression'"),
                ({"aipw": {"outcome": {"learner": "Lasso", "alfa": 1}}}, r"did you mean 'alpha'"),
                ({"aipw": {"outcome": "Lasso("}}, r"'Lasso\(' is no learner; write it as"),
                ({"aipw": {"score": "StackingClassifier"}}, r"needs \['estimators'\], which"),
                ({"aipw": {"trim": 0.6}}, r"method_settings\.aipw\.trim"),
            )
        ),
        ({"seed": "graine"}, r"'seed' is 'graine'"),
    ],
)
def test_a_fault_is_named_with_its_place_and_the_nearest_valid_key(changes, sentence):
    with pytest.raises(StudyError, match=sentence):
        study_from(changed(**changes))


def test_all_the_faults_are_told_at_once():
    with pytest.raises(StudyError, match=r"seed.*horizonz"):
        study_from(changed(horizonz=[1], seed="x"))


def test_a_key_given_twice_is_refused_with_its_line(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("study: a\nseed: 1\nstudy: b\n")
    with pytest.raises(StudyError, match=r"line 3.*'study' given twice"):
        read_study(path)


@pytest.mark.parametrize("text", ["[1, 2]", "study: [", "\x00"])
def test_what_is_no_mapping_is_refused(tmp_path, text):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(StudyError, match=r"bad\.yaml"):
        read_study(path)


def test_a_missing_file_is_refused():
    with pytest.raises(StudyError, match="no params file or study"):
        read_study("params/none.yaml")


def test_the_settings_of_a_method_are_kept_and_read_again():
    given = {"score": "LogisticRegressionCV(Cs=5)", "outcome": {"learner": "Lasso", "alpha": 0.1}}
    study = study_from(changed(method_settings={"aipw": {**given, "trim": 0.02}}))
    again = study_from(study.model_dump(mode="json", by_alias=True, exclude_none=True))
    for each in (study, again):
        settings = settings_of(each, "aipw")
        assert str(settings.score) == "LogisticRegressionCV(Cs=5)"
        assert str(settings.outcome_model) == "Lasso(alpha=0.1)"
        assert settings.trim == 0.02
        assert settings_of(each, "ipw") == EstimationSettings(seed=study.seed, wild_below=30)


def test_a_secondary_analysis_drops_the_settings_of_methods_it_leaves_out():
    second = {"autre": {"title": "Autrement", "methods": ["diff", "ipw"]}}
    second["autre"]["primary"] = {"method": "ipw"}
    study = study_from(changed(method_settings={"aipw": {"clip": 0.1}}, secondary=second))
    assert study.analyses()["autre"].method_settings == {}


@pytest.mark.parametrize(
    ("key", "near"),
    [("emplo", "'emploi'"), ("niveau_diplom", "'niveau_diplome'"), ("emplo_m12", "'emploi'")],
)
def test_a_label_of_nothing_is_refused_with_what_is_near(key, near):
    with pytest.raises(StudyError, match=f"labels: nothing here is called '{key}'.*{near}"):
        read_study("cej", changes={"labels": {key: "En emploi"}})
    for known in ("emploi_m12", "niveau_diplome=BAC", "emploi_declare", "treated"):
        assert read_study("cej", changes={"labels": {known: "x"}}).labels == {known: "x"}
