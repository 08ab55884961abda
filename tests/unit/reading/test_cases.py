"""Every table of ../shared/cases by the command of its README: right, or refused as written."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from evalml.cli.main import app
from evalml.errors import EvalmlError

if TYPE_CHECKING:
    from pathlib import Path

DRDID = "--unit id --time year --outcome re --treatment d"
DRDID += " --covariates age,educ,black,married,nodegree,hisp,re74"
LAST = "--time t --event e"
ARMS = "--treatment d --outcome y --covariates age --method ols"
CLOCK = "--unit u --time t --outcome y --first-treated g"


@pytest.fixture(scope="module")
def cases(root: Path) -> Path:
    folder = root.parent / "shared" / "cases"
    if not folder.is_dir():
        pytest.skip("needs ../shared/cases")
    return folder


def run(cases: Path, command: str, name: str, options: str) -> list[dict[str, Any]]:
    words = [command, str(cases / f"{name}.csv"), *shlex.split(options), "--json"]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("command", "name", "options", "answers", "within"),
    [
        (
            "survival",
            "duration_zero_six",
            f"{LAST} --method km --at 0,4,8",
            [5 / 6, 2 / 3, 4 / 9],
            1e-12,
        ),
        ("survival", "duration_zero_400", f"{LAST} --method km --at 12", [0.2009], 5e-5),
        (
            "survival",
            "duration_zero_400",
            f"{LAST} --method rmst --group g --horizon 12",
            [2.048],
            5e-4,
        ),
        ("survival", "duration_zero_400", f"{LAST} --method cox --covariates g", [-0.578], 5e-4),
        ("estimate", "decimal_comma_covariate", ARMS, [1.75877], 5e-6),
        ("estimate", "decimal_comma_outcome", ARMS, [1.75877], 5e-6),
        ("estimate", "excel_sep_line", ARMS, [1.75877], 5e-6),
        ("estimate", "narrow_space_thousands", ARMS, [1758.77], 5e-3),
        ("did", "drdid_lalonde_cps", f"{DRDID} --method dr", [-871.3271], 6e-5),
        ("did", "drdid_lalonde_cps", f"{DRDID} --method ipw", [-1021.6095], 6e-5),
    ],
)
def test_right(
    cases: Path, command: str, name: str, options: str, answers: list[float], within: float
) -> None:
    found = [row["estimate"] for row in run(cases, command, name, options)]
    assert found[: len(answers)] == pytest.approx(answers, abs=within)


@pytest.mark.parametrize(
    ("command", "name", "options", "says"),
    [
        *(
            ("survival", "duration_negative", f"{LAST} --method {m}", "line 2, column 't': -3 is")
            for m in ("km", "na", "aj", "logrank", "gray", "rmst", "cox")
        ),
        *(
            (
                "survival",
                "status_one_two",
                f"--time t --event s --group g --method {m}",
                "'1', '2', which does not say what is the event; add --event-value",
            )
            for m in ("km", "na", "aj", "logrank", "gray", "rmst", "cox")
        ),
        ("rollout", "clock_with_zero", CLOCK, "add --never 0, or --never empty"),
        (
            "rollout",
            "clock_of_days_year_first_treated",
            CLOCK,
            "'t' is in days (2024-03-01) and 'g' in years (2024)",
        ),
        (
            "did",
            "level_only_among_treated",
            "--unit u --time t --outcome y --treatment g --method dr --covariates cat",
            "holds 'cat=Z'",
        ),
    ],
)
def test_refused(cases: Path, command: str, name: str, options: str, says: str) -> None:
    words = [command, str(cases / f"{name}.csv"), *shlex.split(options)]
    fault = CliRunner().invoke(app, words).exception
    assert isinstance(fault, EvalmlError), fault
    assert says in str(fault)
    assert "\n" not in str(fault)


def test_the_scale_of_weights_leaves_the_error_of_a_mean_time(cases: Path) -> None:
    options = f"{LAST} --method rmst --group g --horizon 12 --weights"
    w, wk, one, ten = (
        run(cases, "survival", "weighted_rmst", f"{options} {name}")[0]["std_error"]
        for name in ("w", "wk", "one", "ten")
    )
    assert w == pytest.approx(0.571, rel=0.03)
    assert wk == pytest.approx(w, rel=1e-9)
    assert ten == pytest.approx(one, rel=1e-9)


@pytest.mark.parametrize("method", ["km --at 100,300", "logrank --group g", "rmst --group g"])
def test_a_named_event_is_the_status_of_zero_and_one(cases: Path, method: str) -> None:
    named, plain = (
        run(cases, "survival", "status_one_two", f"--time t --method {method} --event {event}")
        for event in ("s --event-value 2", "s01")
    )
    assert [r["estimate"] for r in named] == [r["estimate"] for r in plain]


def test_a_group_of_zero_exists_once_never_is_said(cases: Path) -> None:
    options = f"{CLOCK} --never empty --aggregate group"
    rows = {row["group"]: row for row in run(cases, "rollout", "clock_with_zero", options)}
    assert rows[1]["estimate"] == pytest.approx(1.5, abs=0.05)
    assert rows[1]["n_comparison"] == 60
    assert 0 in rows


def test_a_curve_that_reaches_zero_is_printed_with_why_it_has_no_error(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("t,e\n1,1\n2,1\n")
    words = ["survival", str(tmp_path / "t.csv"), *shlex.split(f"{LAST} --at 2")]
    done = CliRunner().invoke(app, [*words, "--json"])
    (row,) = json.loads(done.stdout)
    assert (done.exit_code, row["estimate"], row["std_error"]) == (1, 0.0, None)
    assert row["reason"].endswith("the curve has reached 0, where its variance is not defined")


def test_a_treatment_of_many_values_is_refused_at_once(tmp_path: Path) -> None:
    rows = "\n".join(f"p{k},{k % 7}" for k in range(20_000))
    (tmp_path / "t.csv").write_text(f"d,y\n{rows}\n")
    words = ["estimate", str(tmp_path / "t.csv"), "--treatment", "d", "--outcome", "y"]
    fault = CliRunner().invoke(app, [*words, "--method", "diff"]).exception
    assert "holds 20000 values; two arms are compared" in str(fault)
