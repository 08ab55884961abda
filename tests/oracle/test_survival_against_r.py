"""Survival with late entry against the R package survival, on lung, veteran and mgus2.

Expected numbers: survival_reference.json, written by survival_reference.R (version inside).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalml.methods.cox import CoxFit, cox
from evalml.methods.durations import Durations
from evalml.methods.panel import covariate_matrix
from evalml.methods.survival import (
    aalen_johansen,
    kaplan_meier,
    log_log_interval,
    log_rank,
    restricted_mean,
)

HERE = Path(__file__).parent
R = json.loads((HERE / "survival_reference.json").read_text())


def data(name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / "data" / f"{name}.csv")


def durations(
    table: pd.DataFrame, entry: object, time: object, event: str, **more: str
) -> Durations:
    start = np.full(len(table), -1.0) if entry is None else np.asarray(entry, dtype=float)
    return Durations(
        start,
        np.asarray(time, dtype=float),
        table[event].to_numpy(dtype=np.int64),
        table[more["weights"]].to_numpy(dtype=float) if "weights" in more else None,
        np.unique(table[more["cluster"]], return_inverse=True)[1] if "cluster" in more else None,
    )


def mgus2(entry: str | None, time: str, event: str, **more: str) -> Durations:
    table = data("mgus2")
    return durations(table, None if entry is None else table[entry], table[time], event, **more)


def assert_curve(ours: Durations, peer: dict, factor: float = 1.0) -> None:
    times = np.array(peer["times"], dtype=float)
    value, std_error = kaplan_meier(ours).at(times)
    np.testing.assert_allclose(value, peer["value"], rtol=1e-9)
    np.testing.assert_allclose(std_error / factor, peer["se"], rtol=1e-7)
    low, high = log_log_interval(value, std_error / factor)
    np.testing.assert_allclose(low, peer["lower"], rtol=1e-7)
    np.testing.assert_allclose(high, peer["upper"], rtol=1e-7)


def test_kaplan_meier_greenwood_and_log_log_bounds() -> None:
    lung = data("lung")
    assert_curve(durations(lung, None, lung.time, "status"), R["km_lung"])


def test_kaplan_meier_with_late_entry() -> None:
    assert_curve(mgus2("astart", "astop", "death"), R["km_late"])


def test_kaplan_meier_with_weights_has_the_robust_variance() -> None:
    assert_curve(mgus2(None, "futime", "death", weights="w"), R["km_weighted"])


def test_kaplan_meier_with_clusters_differs_by_the_factor_only() -> None:
    # R applies no small-sample factor; ours is G / (G - 1) with 40 clusters
    ours = mgus2(None, "futime", "death", cluster="area")
    assert_curve(ours, R["km_clustered"], np.sqrt(40 / 39))


@pytest.mark.parametrize(
    ("entry", "time", "name"), [(None, "etime", "aj"), ("astart", "aetime", "aj_late")]
)
@pytest.mark.parametrize("cause", [1, 2])
def test_aalen_johansen_and_its_robust_variance(
    entry: str | None, time: str, name: str, cause: int
) -> None:
    peer = R[name]
    value, std_error = aalen_johansen(mgus2(entry, time, "cause"), cause).at(
        np.array(peer["times"], dtype=float)
    )
    np.testing.assert_allclose(value, np.array(peer["value"])[:, cause - 1], rtol=1e-9)
    np.testing.assert_allclose(std_error, np.array(peer["se"])[:, cause - 1], rtol=1e-7)


def test_restricted_mean_by_sex() -> None:
    lung = data("lung")
    for k, sex in enumerate((1, 2)):
        part = lung[lung.sex == sex]
        mean = restricted_mean(durations(part, None, part.time, "status"), 600)
        assert mean.value == pytest.approx(R["rmst_lung"]["value"][k], rel=1e-9)
        assert np.sqrt(mean.variance) == pytest.approx(R["rmst_lung"]["se"][k], rel=1e-7)


def test_restricted_mean_from_age_60_to_85_with_late_entry() -> None:
    table = data("mgus2")
    for k in (0, 1):
        part = table[(table.male == k) & (table.astop > 720)]
        ours = durations(part, np.maximum(part.astart, 720), part.astop, "death")
        mean = restricted_mean(ours, 1020, origin=720)
        # R counts the area from 0, where nobody has yet entered
        assert mean.value == pytest.approx(R["rmst_late"]["value"][k] - 720, rel=1e-9)
        assert np.sqrt(mean.variance) == pytest.approx(R["rmst_late"]["se"][k], rel=1e-7)


def test_log_rank() -> None:
    lung, veteran, table = data("lung"), data("veteran"), data("mgus2")
    assert log_rank(
        durations(lung, None, lung.time, "status"), lung.sex.to_numpy() - 1
    ).chi2 == pytest.approx(R["logrank_lung"], rel=1e-9)
    cell = np.unique(veteran.celltype, return_inverse=True)[1]
    test = log_rank(durations(veteran, None, veteran.time, "status"), cell)
    assert (test.chi2, test.df) == (pytest.approx(R["logrank_cell"], rel=1e-9), 3)
    # with late entry: the score test of the exact partial likelihood is the log-rank test
    table = table[:150]
    ours = durations(table, table.astart, table.astop, "death")
    late = log_rank(ours, table.male.to_numpy())
    assert late.chi2 == pytest.approx(R["logrank_late"], rel=1e-7)


def assert_cox(fit: CoxFit, peer: dict, factor: float = 1.0) -> None:
    np.testing.assert_allclose(fit.beta, peer["beta"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(fit.std_error / factor, peer["se"], rtol=1e-6)
    assert fit.loglik == pytest.approx(peer["loglik"], rel=1e-9)


def test_cox_on_lung_and_veteran_with_ties() -> None:
    lung, veteran = data("lung"), data("veteran")
    X = lung[["age", "sex", "ph.ecog"]].to_numpy(dtype=float)
    assert_cox(cox(durations(lung, None, lung.time, "status"), X), R["cox_lung"])
    veteran["celltype"] = pd.Categorical(
        veteran.celltype, ["squamous", "smallcell", "adeno", "large"]
    ).codes.astype(str)
    X, _ = covariate_matrix(veteran[["trt", "celltype", "karno", "diagtime", "age", "prior"]])
    assert_cox(cox(durations(veteran, None, veteran.time, "status"), X), R["cox_veteran"])


@pytest.mark.parametrize("scale", ["months", "years"])
def test_cox_with_late_entry_and_with_heavy_ties(scale: str) -> None:
    table = data("mgus2")
    X = table[["male", "hgb", "mspike"]].to_numpy(dtype=float)
    if scale == "months":
        assert_cox(cox(mgus2("astart", "astop", "death"), X), R["cox_late"])
        return
    ends = table.age + np.ceil(table.futime / 12)
    assert_cox(cox(durations(table, table.age, ends, "death"), X), R["cox_late_years"])
    ours = cox(durations(table, table.age, ends, "death", cluster="area"), X)
    assert_cox(ours, R["cox_clustered"], np.sqrt(40 / 39))


def test_cox_with_weights_has_the_robust_variance() -> None:
    X = data("mgus2")[["male", "hgb", "mspike"]].to_numpy(dtype=float)
    assert_cox(cox(mgus2("astart", "astop", "death", weights="w"), X), R["cox_weighted"])
