"""What nobody should ask is refused at once, in one sentence, before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from evalml.cli.main import app
from evalml.cli.run import changes_of, check_study, plan_study
from evalml.errors import EvalmlError
from evalml.report.institution import read_institution
from evalml.settings import writable_folder
from evalml.study import StudyRequest


def ask(out: Path, study: str, year: int | None, changes: tuple[str, ...]) -> None:
    """Check a study as `evalml run` does before a kernel works."""
    asked = StudyRequest(study, year, changes=changes_of(changes))
    check_study(plan_study(asked, extract=out / "no extract", out=out))


def refusal(out: Path, *changes: str, study: str = "cej", year: int | None = None) -> str:
    """Return why a study is refused, which no table of an extract is needed for."""
    with pytest.raises(EvalmlError) as fault:
        ask(out, study, year, changes)
    said = str(fault.value)
    assert "\n" not in said
    assert len(said) < 1500
    assert not list(out.iterdir())
    return said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("minimum_effect=2", "minimum_effect is 2, and 'emploi' is a proportion"),
        ("entries={from: 9999-01-01, to: 9999-12-31}", "'entries.from' is '9999-01-01'"),
        ("checks.draws=1000000000000", "'checks.draws' is 1000000000000"),
        ("checks.refits=1000000000000", "'checks.refits' is 1000000000000"),
        ("follow_up_months=1000000", "'follow_up_months' is 1000000"),
        ("eligibility.require={jeunes.id_jeune: J1}", "'jeunes.id_jeune' is an identifier"),
        ("eligibility.require={dossiers.id_dossier: J1}", "'dossiers.id_dossier' is an identifier"),
        ("eligibility.require={dossiers.id_structure: S}", "or 'territory' for structures"),
        ("eligibility.require={id_jeune: J1}", "'id_jeune' names no table; write it as table.col"),
        ("eligibility.require={jeunes.sexe: Z}", "'Z' is no jeunes.sexe; valid: F, M"),
        ("eligibility.outside_situations=[Vacances]", "'Vacances' is no situation; valid:"),
        ("negative_controls=[foo]", "negative_controls: no 'foo'; valid:"),
        ("covariates=[id_jeune]", "no covariate is called 'id_jeune'"),
        ("territory={departement: []}", "'territory.departement' is []"),
        ("seed=99999999999999999999999999", "'seed' is 99999999999999999999999999"),
        (f"study={'a' * 300}", "should have at most 80 characters"),
        (f"title={'a' * 30_000}", "should have at most 300 characters"),
        (f"title={'[' * 100_000}", "not YAML"),
        ("title=[&a [x], *a]", "not YAML"),
    ],
)
def test_a_hostile_key_is_refused_in_one_sentence(tmp_path: Path, change: str, says: str) -> None:
    assert says in refusal(tmp_path, change)


def test_a_year_or_a_name_that_cannot_be_is_refused(tmp_path: Path) -> None:
    assert "'entries.from' is '9999-01-01'" in refusal(tmp_path, year=9999)
    assert "is no name of a study; give a shorter one" in refusal(tmp_path, study="a" * 300)


def test_a_logo_that_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_text("<html>")
    (tmp_path / "signs.yaml").write_text("name: X\nlogo: logo.png\n")
    with pytest.raises(EvalmlError, match=r"the logo logo\.png is no PNG, JPEG or SVG image"):
        read_institution(tmp_path / "signs.yaml")


@pytest.mark.parametrize(
    "place",
    [
        "postgresql://user:secret@127.0.0.1:1/db",
        "postgresql://127.0.0.1:1/db?password=secret",
        "mysql://user:secret@127.0.0.1/db",
        "host=127.0.0.1 user=u password=secret",
    ],
)
def test_a_password_is_never_repeated(place: str) -> None:
    done = CliRunner().invoke(app, ["extract", "check", place])
    assert isinstance(done.exception, EvalmlError), done.output
    assert "secret" not in f"{done.exception}{done.output}"
    assert "postgresql://" in str(done.exception) or "PGPASSWORD" in str(done.exception)


def test_folders_that_cannot_be_made_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for wrong in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / ("a" * 300)):
        with pytest.raises(EvalmlError, match=r"give another folder|give a shorter one"):
            writable_folder(wrong)


def test_a_relative_folder_is_where_the_command_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert writable_folder(Path("made/here")) == tmp_path / "made" / "here"
    assert not list(tmp_path.iterdir())
