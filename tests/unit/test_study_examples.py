"""A study may bring examples: invented persons, and what it must make of them."""

from __future__ import annotations

import pytest
from tests_root import study_values

from evalml.errors import StudyError
from evalml.evaluation.examples import check_examples
from evalml.study import study_from

ACT = {"date_acte": "M-1/10"}
TREATED = {
    "says": "enters",
    "actes": ACT,
    "accompagnements": {"dispositif": "CEJ", "date_debut": "M/12"},
    "emploi_mensuel": {"mois": "M+6"},
    "makes": {"arm": "treated", "age": 19, "sexe": "F", "emploi_m3": 0, "emploi_m6": True},
}
WAITS = {"says": "waits", "actes": ACT, "makes": {"arm": "comparison", "emploi_declare_m6": None}}
OLD = {"says": "too old", "actes": ACT, "jeunes": {"date_naissance": "M-400"}}


def study(*examples, **changes):
    return study_from({**study_values("cej"), "examples": list(examples), **changes})


def test_examples_that_hold_are_counted():
    every = [TREATED, WAITS, {**OLD, "makes": {"arm": "age"}}]
    away = {"says": "elsewhere", "actes": ACT, "dossiers": {"id_structure": "AILLEURS"}}
    assert check_examples(study(*every, {**away, "makes": {"arm": "open_file"}})) == 4
    assert check_examples(study()) == 0


def test_an_example_that_does_not_hold_says_what_was_found():
    wrong = [{**TREATED, "makes": {"arm": "treated", "age": 21, "emploi_m6": False}}, WAITS]
    with pytest.raises(StudyError, match=r"example 'enters': age is 19, not 21; .*emploi_m6 is 1"):
        check_examples(study(*wrong, {**OLD, "makes": {"arm": "age"}}))
    with pytest.raises(StudyError, match="example 'too old': arm is 'age', not 'comparison'"):
        check_examples(study(TREATED, WAITS, {**OLD, "makes": {"arm": "comparison"}}))


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"acte": ACT}, "no table is called 'acte'; did you mean 'actes'"),
        ({"actes": {"date_act": "M"}}, "'actes' has no column 'date_act'; did you mean"),
        ({"actes": {"date_acte": "hier"}}, "'hier' is no date; write it from time zero"),
        ({"actes": {"date_acte": "M/31x"}}, "'M/31x' is no date"),
    ],
)
def test_a_fault_of_an_example_is_named(row, sentence):
    with pytest.raises(StudyError, match=sentence):
        check_examples(study(TREATED, {**WAITS, "says": "wrong", **row}))


def test_examples_are_those_of_the_main_analysis_of_a_design_with_a_time_zero():
    assert study(TREATED, WAITS).analyses()
    with pytest.raises(StudyError, match="'examples': a rollout has no time zero"):
        study_from({**study_values("gj_ouverture"), "examples": [WAITS]})
