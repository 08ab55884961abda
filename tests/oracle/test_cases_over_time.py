"""Durations, weights and differences in differences of ../shared/cases, with their known answers.

The README there says what is right and how it was found: by hand, in R, or in print. The tables
are not in the repository; the tests run where they lie beside the project.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from evalml.cli.main import app
from evalml.errors import DataError
from evalml.methods.did import RolloutRequest, rollout
from evalml.methods.durations import DurationColumns
from evalml.methods.panel import PanelColumns
from evalml.methods.survival_effects import SurvivalRequest, survival

if TYPE_CHECKING:
    from pathlib import Path

    from evalml.methods.effect import Effect

DRDID = "age,educ,black,married,nodegree,hisp,re74"


@pytest.fixture(scope="module")
def cases(root: Path) -> Path:
    folder = root.parent / "shared" / "cases"
    if not folder.is_dir():
        pytest.skip("needs ../shared/cases")
    return folder


def answers(*arguments: object) -> list[dict]:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    return found if isinstance(found, list) else [found]


def survive(table: pd.DataFrame, method: str, **more: object) -> list[Effect]:
    named = {k: more.pop(k) for k in ("group", "covariates", "weights", "entry") if k in more}
    columns = DurationColumns("t", "e", **named)
    return survival(table, SurvivalRequest(columns, method, **more))


def test_events_at_zero_are_events_in_every_curve(cases: Path) -> None:
    six = pd.read_csv(cases / "duration_zero_six.csv")
    found = survive(six, "km", at=(0.0, 4.0, 8.0))
    assert [e.estimate for e in found] == pytest.approx([5 / 6, 2 / 3, 4 / 9], rel=1e-12)
    incidence = survive(six, "aj", at=(0.0, 4.0, 8.0))
    assert [e.estimate for e in incidence] == pytest.approx([1 / 6, 1 / 3, 5 / 9], rel=1e-12)


def test_events_at_zero_count_in_km_rmst_cox_and_log_rank(cases: Path) -> None:
    table = pd.read_csv(cases / "duration_zero_400.csv")
    assert survive(table, "km", at=(12.0,))[0].estimate == pytest.approx(0.2009, abs=5e-5)
    assert survive(table, "rmst", group="g", horizon=12.0)[0].estimate == pytest.approx(
        2.048, abs=5e-4
    )
    assert survive(table, "cox", covariates=("g",))[0].estimate == pytest.approx(-0.578, abs=5e-4)
    # an explicit entry at 0 is the same as none, and a shift of time by one changes no contrast
    same = survive(table.assign(entry=0.0), "cox", covariates=("g",), entry="entry")
    later = survive(table.assign(t=table.t + 1), "logrank", group="g")
    assert same[0].estimate == survive(table, "cox", covariates=("g",))[0].estimate
    now = survive(table, "logrank", group="g")
    assert now[0].estimate == pytest.approx(later[0].estimate, rel=1e-12)


def test_a_negative_duration_is_refused_with_its_line(cases: Path) -> None:
    table = pd.read_csv(cases / "duration_negative.csv")
    row = int(np.flatnonzero(table.t < 0)[0])
    for method in ("km", "na", "aj", "logrank", "gray", "rmst", "cox"):
        with pytest.raises(DataError, match=f"row {row + 1} of the table"):
            survive(table, method)
        options = ["--time", "t", "--event", "e", "--method", method]
        result = CliRunner().invoke(
            app, ["survival", str(cases / "duration_negative.csv"), *options]
        )
        assert f"line {row + 2}," in str(result.exception or result.output)


def test_ties_but_for_rounding_are_ties() -> None:
    exact = pd.DataFrame({"t": [3, 3, 5, 7, 7, 9, 9], "e": [1, 1, 0, 1, 1, 0, 1]})
    exact["g"] = [0, 1, 0, 1, 0, 1, 0]
    tenths = exact.assign(t=exact.t / 10)
    tenths.loc[1, "t"], tenths.loc[4, "t"] = 0.1 + 0.1 + 0.1, 0.1 * 7
    assert tenths.t.nunique() > exact.t.nunique()  # rounding does tell them apart
    for method, more in (("km", {}), ("logrank", {"group": "g"}), ("cox", {"covariates": ("g",)})):
        ours = [e.estimate for e in survive(tenths, method, **more)]
        assert ours == pytest.approx([e.estimate for e in survive(exact, method, **more)], rel=1e-9)
    assert survive(tenths, "km", at=(0.3,))[0].estimate == pytest.approx(5 / 7)
    mean = survive(tenths, "rmst", horizon=0.9)[0].estimate
    assert mean == pytest.approx(survive(exact, "rmst", horizon=9.0)[0].estimate / 10, rel=1e-9)


def test_the_error_of_a_weighted_mean_time_is_that_of_its_influence(cases: Path) -> None:
    table = pd.read_csv(cases / "weighted_rmst.csv")
    error = {
        name: survive(table, "rmst", group="g", horizon=12.0, weights=name)[0].std_error
        for name in ("w", "wk", "one", "ten")
    }
    assert error["w"] == pytest.approx(0.571, rel=0.03)  # bootstrap of 2 000 draws
    assert error["wk"] == pytest.approx(error["w"], rel=1e-9)
    assert error["ten"] == pytest.approx(error["one"], rel=1e-9)


@pytest.mark.parametrize(
    ("method", "estimate", "error"),
    # print: the first two from the README of R's DRDID, the third from its outcome regression
    [("dr", -871.3271, 396.0211), ("ipw", -1021.6095, 397.5201), ("reg", -1300.6450, 349.8259)],
)
def test_the_example_of_drdid_to_the_printed_digits(
    cases: Path, method: str, estimate: float, error: float
) -> None:
    table = cases / "drdid_lalonde_cps.csv"
    columns = ["--unit", "id", "--time", "year", "--outcome", "re", "--covariates", DRDID]
    (two,) = answers("did", table, *columns, "--treatment", "d", "--method", method)
    first = ["--first-treated", "g", "--est-method", method]
    (many,) = answers("rollout", table, *columns, *first)
    for found in (two, many):
        assert found["estimate"] == pytest.approx(estimate, abs=6e-4)
        assert found["std_error"] == pytest.approx(error, abs=6e-5)


@pytest.mark.parametrize("unit", [["--unit", "u"], []])
@pytest.mark.parametrize("method", ["dr", "ipw", "reg"])
def test_a_level_that_only_the_treated_hold_is_named(
    cases: Path, method: str, unit: list[str]
) -> None:
    table = str(cases / "level_only_among_treated.csv")
    options = ["--time", "t", "--outcome", "y", "--treatment", "g", "--covariates", "cat"]
    result = CliRunner().invoke(app, ["did", table, *options, *unit, "--method", method])
    assert result.exit_code != 0
    assert "'cat=Z'" in str(result.exception or result.output)


def test_a_reference_level_that_only_the_treated_hold_is_named(cases: Path) -> None:
    table = pd.read_csv(cases / "level_only_among_treated.csv")
    table["cat"] = table["cat"].replace("Z", "0 first")
    table["t"], table["first"] = table.t + 1, table.g * 2.0
    columns = PanelColumns("t", "y", "first", "u", ("cat",))
    with pytest.raises(Exception, match="'cat=0 first'"):
        rollout(table, RolloutRequest(columns))


def test_rounding_of_the_snapped_times_is_relative() -> None:
    tiny = pd.DataFrame({"t": [1e-9, 2e-9, 3e-9], "e": [1, 1, 1]})
    found = survive(tiny, "km")
    assert [e.estimate for e in found] == pytest.approx([2 / 3, 1 / 3, 0])
    assert math.isclose(found[0].details["time"], 1e-9)
