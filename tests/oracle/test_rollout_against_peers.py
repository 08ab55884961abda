"""Roll-outs on the county data: the numbers of csdid, drdid, pyfixest and diff-diff.

Expected numbers: rollout_peers.json, written by rollout_peers.py (versions inside). The headline
ones are also those of the vignette of the R package `did` (simple -0.0400 (0.0120), group -0.0310
(0.0124), dynamic -0.0772 (0.0200), calendar -0.0417 (0.0160)).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalml.methods.callaway_santanna import callaway_santanna
from evalml.methods.did import DidRequest, RolloutRequest, estimate_did, rollout, rollout_averages
from evalml.methods.group_time import RolloutOptions, aggregate
from evalml.methods.panel import PanelColumns, read_panel

HERE = Path(__file__).parent
PEERS = json.loads((HERE / "rollout_peers.json").read_text())
CONTROLS = {"nevertreated": "never", "notyettreated": "not_yet"}


@pytest.fixture(scope="module")
def mpdta() -> pd.DataFrame:
    table = pd.read_csv(HERE / "data" / "mpdta.csv")
    table["z"] = np.sin(table.countyreal * 0.37 + table.year * 1.7)
    table["area"] = table.countyreal % 37
    table["w"] = 1 + table.countyreal % 5
    started = (table.first_treated > 0) & (table.year >= table.first_treated)
    table["treated_now"] = started.astype(float)
    return table


def columns(**more: object) -> PanelColumns:
    named = {
        "time": "year",
        "outcome": "lemp",
        "first_treated": "first_treated",
        "unit": "countyreal",
    }
    return PanelColumns(**(named | more))


def case_name(case: dict) -> str:
    words = [case["covariates"], case["control"], case["est_method"]]
    words += ["panel" if case["panel"] else "sections", case["base"]]
    words += [f"anticipation{case['anticipation']}"] * bool(case["anticipation"])
    return "-".join([*words, *["weights"] * case["weights"], *["none_never"] * (not case["never"])])


@pytest.mark.parametrize("case", PEERS["callaway_santanna"], ids=case_name)
def test_group_time_effects_and_their_averages_are_those_of_csdid(
    mpdta: pd.DataFrame, case: dict
) -> None:
    request = RolloutRequest(
        columns=columns(
            unit="countyreal" if case["panel"] else "",
            covariates=("lpop",) if case["covariates"] == "lpop" else (),
            weights="w" if case["weights"] else "",
        ),
        options=RolloutOptions(
            CONTROLS[case["control"]], case["est_method"], case["anticipation"], case["base"]
        ),
        aggregation="gt",
    )
    mpdta = mpdta if case["never"] else mpdta[mpdta.first_treated > 0]
    cells = rollout_averages(mpdta, request)
    np.testing.assert_array_equal(cells.group, case["group"])
    np.testing.assert_array_equal(cells.time, case["time"])
    np.testing.assert_allclose(cells.estimate, case["att"], rtol=1e-7, atol=1e-10)
    peer = np.array(case["se"], dtype=float)
    known = np.isfinite(peer) & (peer > 0)
    np.testing.assert_allclose(cells.std_error[known], peer[known], rtol=1e-6)
    for kind in ("simple", "group", "dynamic", "calendar"):
        averages = rollout_averages(
            mpdta,
            RolloutRequest(columns=request.columns, options=request.options, aggregation=kind),
        )
        peer = case["by_" + kind]
        assert averages.estimate[-1] == pytest.approx(peer["overall_att"][0], rel=1e-7)
        assert averages.std_error[-1] == pytest.approx(peer["overall_se"][0], rel=1e-6)
        if kind != "simple":
            np.testing.assert_allclose(
                averages.estimate[:-1], peer["att_egt"], rtol=1e-7, atol=1e-10
            )


def test_headline_numbers_are_those_of_the_vignette(mpdta: pd.DataFrame) -> None:
    printed = {
        "simple": (-0.0400, 0.0120),
        "group": (-0.0310, 0.0124),
        "dynamic": (-0.0772, 0.0200),
        "calendar": (-0.0417, 0.0160),
    }
    for kind, (estimate, std_error) in printed.items():
        overall = rollout(mpdta, RolloutRequest(columns=columns(), aggregation=kind))[0]
        assert overall.estimate == pytest.approx(estimate, abs=6e-5)
        assert overall.std_error == pytest.approx(std_error, abs=6e-5)


@pytest.mark.parametrize("name", ["plain", "covariate", "area", "weighted"])
def test_two_way_fixed_effects_are_those_of_pyfixest(mpdta: pd.DataFrame, name: str) -> None:
    more = {
        "plain": {},
        "covariate": {"covariates": ("z",)},
        "area": {"cluster": "area"},
        "weighted": {"weights": "w"},
    }[name]
    peer = PEERS["regressions"][name]
    static = rollout_averages(mpdta, RolloutRequest(columns=columns(**more), method="twfe"))
    assert static.estimate[-1] == pytest.approx(peer["static"][0], rel=1e-9)
    assert static.std_error[-1] == pytest.approx(peer["static"][1], rel=1e-8)
    events = rollout_averages(
        mpdta, RolloutRequest(columns=columns(**more), method="twfe", aggregation="dynamic")
    )
    np.testing.assert_allclose(events.estimate[:-1], peer["events"][0], rtol=1e-8)
    np.testing.assert_allclose(events.std_error[:-1], peer["events"][1], rtol=1e-8)


def test_a_status_regression_is_that_of_pyfixest_balanced_or_not(mpdta: pd.DataFrame) -> None:
    named = columns(first_treated="", covariates=("z",), extra=("treated_now",))
    whole = estimate_did(mpdta, DidRequest(named))
    assert whole.estimate == pytest.approx(PEERS["regressions"]["covariate"]["static"][0], rel=1e-9)
    assert whole.std_error == pytest.approx(
        PEERS["regressions"]["covariate"]["static"][1], rel=1e-8
    )
    gaps = mpdta[(mpdta.countyreal * 7 + mpdta.year) % 11 != 0]
    holed = estimate_did(gaps, DidRequest(named))
    peer = PEERS["regressions"]["unbalanced"]["static"]
    assert holed.estimate == pytest.approx(peer[0], rel=1e-9)
    assert holed.std_error == pytest.approx(peer[1], rel=1e-8)
    assert holed.details["units_incomplete"] > 0


@pytest.mark.parametrize("cluster", ["countyreal", "area"])
def test_sun_abraham_is_the_saturated_event_study_of_pyfixest(
    mpdta: pd.DataFrame, cluster: str
) -> None:
    named = columns() if cluster == "countyreal" else columns(cluster=cluster)
    ours = rollout_averages(
        mpdta, RolloutRequest(columns=named, method="sun_abraham", aggregation="dynamic")
    )
    peer = PEERS["regressions"][f"saturated_{cluster}"]
    np.testing.assert_array_equal(ours.event_time[:-1], peer["event_time"])
    np.testing.assert_allclose(ours.estimate[:-1], peer["estimate"], rtol=1e-7)
    np.testing.assert_allclose(ours.std_error[:-1], peer["se"], rtol=1e-7)


def test_imputation_is_that_of_diff_diff(mpdta: pd.DataFrame) -> None:
    ours = rollout_averages(
        mpdta, RolloutRequest(columns=columns(), method="imputation", aggregation="dynamic")
    )
    for k, (estimate, std_error) in enumerate(PEERS["imputation"]["events"].values()):
        assert ours.estimate[k] == pytest.approx(estimate, rel=1e-8)
        assert ours.std_error[k] == pytest.approx(std_error, rel=1e-6)
    overall = rollout(mpdta, RolloutRequest(columns=columns(), method="imputation"))[0]
    assert overall.estimate == pytest.approx(PEERS["imputation"]["overall"][0], rel=1e-8)
    assert overall.std_error == pytest.approx(PEERS["imputation"]["overall"][1], rel=1e-6)


@pytest.mark.parametrize("method", ["dr", "reg", "ipw"])
@pytest.mark.parametrize("sampled", ["panel", "sections"])
def test_two_period_estimators_are_those_of_drdid(
    mpdta: pd.DataFrame, method: str, sampled: str
) -> None:
    pair = mpdta[mpdta.year.isin([2003, 2004]) & mpdta.first_treated.isin([0, 2004])]
    pair = pair.assign(d=(pair.first_treated == 2004).astype(int))
    named = columns(
        unit="countyreal" if sampled == "panel" else "",
        first_treated="",
        covariates=("lpop", "z"),
        extra=("d",),
    )
    ours = estimate_did(pair, DidRequest(named, method))
    peer = PEERS["two_periods"][f"{method}_{sampled}"]
    assert ours.estimate == pytest.approx(peer[0], rel=1e-6)
    assert ours.std_error == pytest.approx(peer[1], rel=1e-6)


def test_bands_widen_with_the_number_of_effects_and_follow_the_seed(mpdta: pd.DataFrame) -> None:
    request = RolloutRequest(columns=columns(), aggregation="dynamic", bootstrap=2000, seed=7)
    first, again = rollout(mpdta, request), rollout(mpdta, request)
    assert [e.details["band_low"] for e in first] == [e.details["band_low"] for e in again]
    # the R vignette's uniform band by event time has a critical value of about 2.6
    assert 2.45 < first[1].details["critical_value"] < 2.75
    assert 1.85 < first[0].details["critical_value"] < 2.1
    other = rollout(
        mpdta, RolloutRequest(columns=columns(), aggregation="dynamic", bootstrap=2000, seed=8)
    )
    assert other[1].details["band_low"] != first[1].details["band_low"]


def test_clusters_of_one_unit_each_only_add_the_small_sample_factor(mpdta: pd.DataFrame) -> None:
    alone = rollout(mpdta, RolloutRequest(columns=columns()))[0]
    clustered = rollout(mpdta, RolloutRequest(columns=columns(cluster="countyreal")))[0]
    assert clustered.std_error == pytest.approx(alone.std_error * np.sqrt(500 / 499), rel=1e-12)


def test_the_covariance_of_event_times_has_the_squared_errors_on_its_diagonal(
    mpdta: pd.DataFrame,
) -> None:
    panel = read_panel(mpdta, columns())
    averages = aggregate(callaway_santanna(panel, RolloutOptions(base="universal")), "dynamic")
    known = averages.judged
    np.testing.assert_allclose(np.diag(averages.vcov)[known], averages.std_error[known] ** 2)
