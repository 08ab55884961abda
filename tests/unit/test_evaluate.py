"""One call from a study to its answer; what it shows is protected, what it hands on shows no row."""

from __future__ import annotations

import nbformat
import papermill
import pytest
import statsmodels.api as sm
from papermill.exceptions import PapermillExecutionError
from tests_root import ROOT

import evalml as ev
from evalml.errors import EvalmlError, StudyError
from evalml.evaluation import injected_names


@pytest.fixture(scope="module")
def nsw(tmp_path_factory):
    return ev.evaluate("nsw", out=tmp_path_factory.mktemp("nsw"))


def test_an_evaluation_has_the_tables_of_its_run(nsw):
    assert set(nsw.results) >= {"effects", "checks", "balance", "protocol", "benchmark"}
    assert len(nsw.balance) == len(nsw.results["balance"])
    with pytest.raises(AttributeError, match="no 'costs'"):
        nsw.costs  # noqa: B018


def test_another_software_gives_a_second_opinion_of_a_table_of_persons_too(nsw):
    found = nsw.checks.set_index("check").loc["second_opinion"]
    assert found["passed"] is True
    assert "statsmodels" in found["sentence"]


def test_the_settings_of_a_method_reach_the_effects_and_the_checks(tmp_path):
    learner = {"learner": "LogisticRegression", "C": 0.1, "max_iter": 500}
    settings = {"aipw": {"score": learner, "trim": 0.02, "folds": 2}}
    asked = {"methods": ["diff", "aipw"], "method_settings": settings}
    small = ev.evaluate("nsw", changes=asked, out=tmp_path)
    effect = next(e for e in small.estimates if e.method == "aipw")
    assert effect.details["score_learner"] == "LogisticRegression(C=0.1, max_iter=500)"
    usual = ev.evaluate("nsw", changes={"methods": ["diff", "aipw"]}, out=tmp_path)
    assert effect.n_comparison < next(e for e in usual.estimates if e.method == "aipw").n_comparison
    checks = small.checks.set_index("check")
    dropped = effect.details["dropped_treated"] / 185
    assert checks.loc["trimmed", "value"] == pytest.approx(dropped)
    assert checks.loc["second_opinion", "finding"] == "own_settings"


def test_the_numbers_of_a_blinded_effect_are_not_shown(nsw):
    blinded = nsw.effects[nsw.effects["status"] == "blinded"]
    assert blinded["estimate"].isna().all()


def test_the_analysis_table_goes_on_in_statsmodels_and_shows_no_row(nsw):
    table = nsw.table()
    treated, outcome = table["treated"], table["re78"]
    fitted = sm.WLS(outcome, sm.add_constant(treated.astype(float)), table["weight"]).fit()
    assert fitted.params["treated"] == pytest.approx(
        next(e.estimate for e in nsw.estimates if e.method == "ipw"), rel=1e-9
    )
    for shown in (
        repr(table),
        table._repr_html_(),
        repr(table.head()),
        repr(outcome),
        str(outcome),
    ):
        assert "rows" in shown
        assert str(outcome.iloc[0]) not in shown


def test_an_evaluation_shows_its_answer_its_picture_and_its_certainty(nsw):
    page = nsw._repr_html_()
    assert "<svg" in page
    assert nsw.study.title[:10] in page
    assert repr(nsw) == "Evaluation(nsw, cross_section)"
    assert nsw.answer.lines[0].strip("*")[:20] in page
    with pytest.raises(EvalmlError, match="no figure is called 'efects'; did you mean 'effects'"):
        nsw.figure("efects")


def test_an_evaluation_offers_controls_over_its_protected_effects(nsw):
    found = nsw.explore()
    assert len(found.options(5)) > 3
    assert found._repr_mimebundle_()["text/html"] == found.page()
    assert repr(found) == f"Explorer(1 studies, {len(found.lines)} effects)"


def test_an_evaluation_writes_what_its_notebook_writes(nsw):
    files = nsw.note()
    shown = files._repr_html_()
    assert "<iframe srcdoc=" in shown
    assert "note.pdf" in shown
    assert {"note.html", "note.pdf", "note.docx"} <= set(files)
    assert (nsw.settings.out / "results/effects.csv").is_file()


def test_changes_are_arguments_and_what_was_asked_is_the_command():
    evaluation = ev.evaluate("cej", year=2023, territory="59", changes={"primary.horizon": 6})
    assert evaluation.declared.entries.first.year == 2023
    assert evaluation.request.command() == (
        "evalml run cej --year 2023 --territory 59 -p primary.horizon=6"
    )
    seeded = ev.evaluate(ev.read_study("nsw"), seed=7)
    assert seeded.declared.seed == 7
    with pytest.raises(StudyError, match="unknown key 'sead'"):
        ev.evaluate("nsw", sead=7)


def test_a_design_that_compares_areas_has_no_table_of_persons():
    with pytest.raises(EvalmlError, match="compares areas, not persons"):
        ev.evaluate("gj_ouverture").table()


def test_a_parameter_that_the_notebook_does_not_know_is_refused(tmp_path):
    source = nbformat.read(ROOT / "notebooks/nsw.ipynb", as_version=4)
    source.cells = source.cells[:4]
    nbformat.write(source, tmp_path / "in.ipynb")
    with pytest.raises(PapermillExecutionError, match=r"unknown parameter 'yaer'; did you mean"):
        papermill.execute_notebook(
            tmp_path / "in.ipynb", tmp_path / "out.ipynb", {"yaer": 2023}, progress_bar=False
        )


def test_outside_of_a_notebook_nothing_was_injected():
    assert injected_names() == []
