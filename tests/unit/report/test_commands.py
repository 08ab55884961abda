"""`evalml note` and `evalml release`, as they are typed."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from evalml.cli.runs import note, release
from evalml.errors import EvalmlError, PrivacyError
from evalml.report.results import write_meta

app = typer.Typer()
app.command()(note)
app.command()(release)


def run_in(run_of, tmp_path, kind="null"):
    folder, meta = run_of(kind)
    here = tmp_path / "runs" / "study" / "r1"
    here.mkdir(parents=True)
    (folder / "results").rename(here / "results")
    write_meta(meta, here / "results")
    return here


def test_a_note_is_written_in_the_asked_language_and_format(run_of, tmp_path):
    folder = run_in(run_of, tmp_path)
    told = CliRunner().invoke(app, ["note", str(folder), "--lang", "en", "--format", "html"])
    assert told.exit_code == 0, told.output
    assert (folder / "note_en.html").exists()
    assert not (folder / "note_en.pdf").exists()


def test_an_unknown_format_is_named_with_the_nearest_valid_one(run_of, tmp_path):
    told = CliRunner().invoke(app, ["note", str(run_in(run_of, tmp_path)), "--format", "pdff"])
    assert isinstance(told.exception, EvalmlError)
    assert "did you mean 'pdf'?" in str(told.exception)


def test_a_release_lists_every_output_with_its_status(run_of, tmp_path):
    folder = run_in(run_of, tmp_path)
    (folder / "notebook.html").write_text("<p></p>")
    told = CliRunner().invoke(app, ["release", str(folder)], env={"COLUMNS": "200"})
    assert told.exit_code == 0, told.output
    assert "tables/effects.csv" in told.output
    assert "fail" in told.output
    assert (folder / "review" / "review.html").exists()
    assert (tmp_path / "runs" / "release_register.jsonl").exists()


def test_a_decision_on_what_is_not_under_review_is_refused_for_privacy(run_of, tmp_path):
    folder = run_in(run_of, tmp_path)
    told = CliRunner().invoke(app, ["release", str(folder), "--accept", "note.html", "--by", "A"])
    assert isinstance(told.exception, PrivacyError)
    assert not (folder / "release").exists()


def test_the_rules_of_the_owner_are_read_from_their_file(run_of, tmp_path):
    folder = run_in(run_of, tmp_path)
    (tmp_path / "runs" / "disclosure.yaml").write_text("rouding: 10\n")
    told = CliRunner().invoke(app, ["release", str(folder)])
    assert "did you mean 'rounding'" in str(told.exception)
