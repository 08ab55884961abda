"""Intervals, Nelson-Aalen, strata, Gray's test, formulas, events at 0 and rounded ties, against R.

Expected numbers: survival_options.json, written by survival_options.R (versions inside).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from evalml.comparison.design import expand_formula
from evalml.errors import EstimationError
from evalml.methods.durations import DurationColumns
from evalml.methods.survival_effects import SurvivalRequest, survival

if TYPE_CHECKING:
    from evalml.methods.effect import Effect

HERE = Path(__file__).parent
R = json.loads((HERE / "survival_options.json").read_text())


def table(name: str) -> pd.DataFrame:
    found = pd.read_csv(HERE / "data" / f"{name}.csv")
    if name == "mgus2":
        return found.assign(quarter=found.area % 4)
    return found.assign(zero=(found.time - 60).clip(lower=0), tenths=_tenths(found.time))


def _tenths(time: pd.Series) -> list[float]:
    """Return time / 10, every second one summed tenth by tenth: equal but for rounding."""
    return [sum([0.1] * int(t)) if k % 2 == 0 else t / 10 for k, t in enumerate(time)]


def found(
    frame: pd.DataFrame, method: str, time: str, event: str, columns: dict, **more: object
) -> list[Effect]:
    return survival(frame, SurvivalRequest(DurationColumns(time, event, **columns), method, **more))


def lung(method: str, *, time: str = "time", columns: dict | None = None, **more: object) -> list:
    return found(table("lung"), method, time, "status", columns or {}, **more)


def assert_coefficients(effects: list[Effect], peer: dict) -> None:
    np.testing.assert_allclose([e.estimate for e in effects], peer["beta"], rtol=1e-6)
    np.testing.assert_allclose([e.std_error for e in effects], peer["se"], rtol=1e-6)


@pytest.mark.parametrize("interval", ["plain", "log", "log-log"])
def test_the_three_intervals_of_a_survival_curve(interval: str) -> None:
    rows = lung("km", at=(50.0, 200.0, 500.0), interval=interval)
    np.testing.assert_allclose([e.ci_low for e in rows], R[interval]["lower"], rtol=1e-9)
    np.testing.assert_allclose([e.ci_high for e in rows], R[interval]["upper"], rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "time", "columns", "at"),
    [
        ("na_late", "astop", {"entry": "astart"}, (720.0, 840.0, 960.0)),
        ("na_weighted", "futime", {"weights": "w"}, (12.0, 120.0)),
    ],
)
def test_nelson_aalen_with_late_entry_and_weights(
    name: str, time: str, columns: dict, at: tuple[float, ...]
) -> None:
    rows = found(table("mgus2"), "na", time, "death", columns, at=at)
    np.testing.assert_allclose([e.estimate for e in rows], R[name]["value"], rtol=1e-9)
    np.testing.assert_allclose([e.std_error for e in rows], R[name]["se"], rtol=1e-7)


def test_nelson_aalen_and_its_interval_on_the_log_scale() -> None:
    rows = lung("na", at=(50.0, 200.0, 500.0))
    np.testing.assert_allclose([e.estimate for e in rows], R["na"]["value"], rtol=1e-9)
    np.testing.assert_allclose([e.std_error for e in rows], R["na"]["se"], rtol=1e-9)
    reach = np.array([e.ci_high / e.estimate for e in rows])
    np.testing.assert_allclose([e.estimate / e.ci_low for e in rows], reach, rtol=1e-12)
    assert rows[0].estimand == "cumulative_hazard"


def test_the_log_rank_test_and_the_cox_model_within_strata() -> None:
    test = lung("logrank", columns={"group": "sex", "strata": ("ph.ecog",)})
    assert test[0].estimate == pytest.approx(R["logrank_strata"], rel=1e-9)
    fit = lung("cox", columns={"covariates": ("age", "sex"), "strata": ("ph.ecog",)})
    assert_coefficients(fit, R["cox_strata"])
    late = {"covariates": ("male", "hgb"), "strata": ("area",)}
    rows = found(table("mgus2"), "cox", "astop", "death", {**late, "entry": "astart"})
    assert_coefficients(rows, R["cox_strata_late"])
    rows = found(table("mgus2"), "cox", "futime", "death", {**late, "weights": "w"})
    assert_coefficients(rows, R["cox_strata_weighted"])
    with pytest.raises(EstimationError, match="takes no strata"):
        lung("km", columns={"strata": ("sex",)})


def test_a_cox_model_by_a_formula() -> None:
    frame = table("lung").rename(columns={"ph.ecog": "ecog"})
    terms = expand_formula(frame, "age + factor(ecog) + age:sex")
    whole = pd.concat([frame[["time", "status"]], terms], axis=1)
    fit = found(whole, "cox", "time", "status", {"covariates": tuple(terms.columns)})
    assert_coefficients(fit, R["cox_formula"])


@pytest.mark.parametrize(("name", "group"), [("gray_sex", "sex"), ("gray_area", "quarter")])
def test_gray_tests_each_cause(name: str, group: str) -> None:
    rows = found(table("mgus2"), "gray", "etime", "cause", {"group": group})
    np.testing.assert_allclose([e.estimate for e in rows], R[name]["chi2"], rtol=1e-8)
    np.testing.assert_allclose([e.p_value for e in rows], R[name]["p"], rtol=1e-7)
    assert [e.details["df"] for e in rows] == R[name]["df"]
    assert all(np.isnan(e.std_error) for e in rows)


def test_gray_refuses_what_it_cannot_count() -> None:
    for columns, why in (
        ({"group": "sex", "entry": "astart"}, "late entry"),
        ({"group": "sex", "weights": "w"}, "weights"),
    ):
        time = "aetime" if "entry" in columns else "etime"
        with pytest.raises(EstimationError, match=why):
            found(table("mgus2"), "gray", time, "cause", columns)


def test_events_at_time_0_as_in_r() -> None:
    assert R["zero_events"] > 5
    rows = lung("km", time="zero", at=(0.0, 100.0, 300.0))
    np.testing.assert_allclose([e.estimate for e in rows], R["zero_km"]["value"], rtol=1e-9)
    np.testing.assert_allclose([e.std_error for e in rows], R["zero_km"]["se"], rtol=1e-7)
    assert_coefficients(
        lung("cox", time="zero", columns={"covariates": ("age", "sex")}), R["zero_cox"]
    )
    test = lung("logrank", time="zero", columns={"group": "sex"})
    assert test[0].estimate == pytest.approx(R["zero_logrank"], rel=1e-9)
    (mean,) = lung("rmst", time="zero", horizon=400.0)
    np.testing.assert_allclose([mean.estimate, mean.std_error], R["zero_rmst"], rtol=1e-7)


def test_ties_but_for_rounding_as_in_r() -> None:
    assert table("lung").tenths.nunique() > table("lung").time.nunique()
    fit = lung("cox", time="tenths", columns={"covariates": ("age", "sex")})
    assert_coefficients(fit, R["tenths_cox"])
    test = lung("logrank", time="tenths", columns={"group": "sex"})
    assert test[0].estimate == pytest.approx(R["tenths_logrank"], rel=1e-9)
