"""Weights: in every method that takes them, the error is that of the weighted influence.

Two checks. The scale of the weights changes nothing. And whole weights are copies: the weighted
error is that of the table in which each unit stands as often as it weighs, clustered by unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from evalml.methods.did import DidRequest, RolloutRequest, estimate_did, rollout
from evalml.methods.durations import DurationColumns
from evalml.methods.group_time import RolloutOptions
from evalml.methods.panel import PanelColumns
from evalml.methods.survival_effects import SurvivalRequest, survival

if TYPE_CHECKING:
    from collections.abc import Callable

UNITS, PERIODS = 60, 4


def areas() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    first = rng.permutation(np.repeat([0, 2, 3, 4], UNITS // 4))
    frame = pd.DataFrame(
        {"i": np.repeat(np.arange(UNITS), PERIODS), "t": np.tile(range(1, PERIODS + 1), UNITS)}
    )
    frame["g"] = np.repeat(first, PERIODS)
    frame["x"] = np.repeat(rng.normal(size=UNITS), PERIODS)
    frame["w"] = np.repeat(rng.integers(1, 5, UNITS), PERIODS)
    frame["d"] = ((frame.g > 0) & (frame.t >= frame.g)).astype(int)
    noise = rng.normal(size=len(frame))
    frame["y"] = noise + frame.d + 0.5 * frame.x * frame.t
    return frame


def two_groups() -> pd.DataFrame:
    frame = areas()
    frame = frame[frame.t.isin((1, 2))].assign(d=lambda f: (f.g == 2) * 1)
    take_up = (frame.t == 2) & (frame.d == 1) & (frame.i % 7 > 0)
    return frame.assign(take_up=take_up * 1, first=2 * frame.d)


def persons() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    n = 80
    frame = pd.DataFrame({"i": np.arange(n), "t": rng.integers(0, 12, n), "x": rng.normal(size=n)})
    frame["e"], frame["cause"] = rng.integers(0, 2, n), rng.integers(0, 3, n)
    frame["a"], frame["w"] = rng.integers(0, 2, n), rng.integers(1, 5, n)
    return frame


def by_rollout(method: str, **options: object) -> Callable[[pd.DataFrame, dict], list]:
    unit = options.pop("unit", "i")
    covariates = ("x",) if options else ()

    def run(frame: pd.DataFrame, named: dict) -> list:
        columns = PanelColumns("t", "y", "g", unit, covariates, **named)
        chosen = RolloutOptions("never", **options)
        return rollout(frame, RolloutRequest(columns, method, "simple", chosen))

    return run


def by_did(method: str, unit: str = "i") -> Callable[[pd.DataFrame, dict], list]:
    fuzzy = method.startswith("wald")
    extra = ("d", "take_up") if fuzzy else ("d",)

    def run(frame: pd.DataFrame, named: dict) -> list:
        covariates = () if fuzzy or method == "twfe" else ("x",)
        columns = PanelColumns("t", "y", "", unit, covariates, extra=extra, **named)
        return [estimate_did(frame, DidRequest(columns, method))]

    return run


def by_survival(method: str, event: str = "e") -> Callable[[pd.DataFrame, dict], list]:
    def run(frame: pd.DataFrame, named: dict) -> list:
        group, covariates = ("", ("x", "a")) if method == "cox" else ("a", ())
        columns = DurationColumns("t", event, "", group, covariates, **named)
        at = (4.0, 9.0) if method in {"km", "na", "aj"} else ()
        return survival(frame, SurvivalRequest(columns, method, at, horizon=9.0))

    return run


METHODS = {
    "callaway_santanna": (areas, by_rollout("callaway_santanna")),
    **{
        f"callaway_santanna {how}": (areas, by_rollout("callaway_santanna", est_method=how))
        for how in ("dr", "reg", "ipw", "dr_improved")
    },
    "callaway_santanna of persons": (areas, by_rollout("callaway_santanna", unit="")),
    **{m: (areas, by_rollout(m)) for m in ("imputation", "did2s", "sun_abraham", "twfe")},
    **{f"did {m}": (two_groups, by_did(m)) for m in ("twfe", "dr", "reg", "ipw", "dr_improved")},
    **{f"did {m} of persons": (two_groups, by_did(m, "")) for m in ("dr", "reg", "ipw")},
    **{f"did {m}": (two_groups, by_did(m)) for m in ("wald_did", "wald_tc")},
    **{m: (persons, by_survival(m)) for m in ("km", "na", "rmst", "cox")},
    "aj": (persons, by_survival("aj", "cause")),
}
REGRESSIONS = ("sun_abraham", "twfe", "did twfe")
"""Their small-sample factor counts rows, of which the table of copies has more."""


COPIES = [name for name in METHODS if name != "cox"]
"""Copies are ties to Efron, weights are not: the weighted Cox model is compared with R instead."""


def numbers(found: list) -> np.ndarray:
    return np.array([[e.estimate, e.std_error] for e in found])


@pytest.mark.parametrize("name", METHODS)
def test_the_scale_of_the_weights_changes_nothing(name: str) -> None:
    make, run = METHODS[name]
    frame = make()
    one = numbers(run(frame, {"weights": "w"}))
    assert np.isfinite(one).all()
    assert not np.allclose(one, numbers(run(frame.assign(w=1), {"weights": "w"})))
    for scale in (1000.0, 1e-6):
        other = numbers(run(frame.assign(w=frame.w * scale), {"weights": "w"}))
        np.testing.assert_allclose(other, one, rtol=1e-9)


@pytest.mark.parametrize("name", COPIES)
def test_whole_weights_are_copies_of_the_same_unit(name: str) -> None:
    make, run = METHODS[name]
    frame = make()
    weighted = numbers(run(frame, {"weights": "w", "cluster": "i"}))
    twice = frame.loc[frame.index.repeat(frame.w)].copy()
    keys = ["i", "t"] if "g" in frame else ["i"]
    twice["origin"] = twice.i
    twice["i"] = twice.i * 100 + twice.groupby(keys).cumcount()
    copied = numbers(run(twice, {"cluster": "origin"}))
    np.testing.assert_allclose(copied[:, 0], weighted[:, 0], rtol=1e-9)
    ratio = copied[:, 1] / weighted[:, 1]
    if name in REGRESSIONS:
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
        assert 0.97 < ratio[0] < 1
    else:
        np.testing.assert_allclose(ratio, 1, rtol=1e-8)
