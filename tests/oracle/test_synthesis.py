"""Effects of several places pooled: against R's metafor, and thirteen regions against the whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import evalml as ev
from evalml.cli.main import app
from evalml.errors import DataError
from evalml.methods.synthesis import pool, pool_effects

ALIKE = (
    np.array([2.1, 3.4, 1.2, 4.0, 2.8, 0.6, 3.1, 2.2, 5.1, 1.9, 2.5, 3.3, 1.4]) / 100,
    np.array([0.9, 1.2, 0.7, 1.5, 0.8, 1.0, 1.1, 0.6, 1.9, 0.8, 1.3, 1.0, 0.9]) / 100,
)
APART = np.array([0.5, 4.4, -1.2, 7.0, 2.8]) / 100, np.array([0.9, 1.2, 0.7, 1.5, 0.8]) / 100
FIELDS = ("fixed", "fixed_se", "random", "random_se", "random_low", "random_high", "i_squared", "q",
          "q_p", "tau2")  # fmt: skip
METAFOR = {
    "alike": (0.02211464475, 0.002561007202, 0.02227304068, 0.002691829947, 0.01640804705, 0.0281380343, 0.07313707374, 12.80672233, 0.3832441292, 6.912268219e-06),
    "apart": (0.01457303273, 0.004090407867, 0.02539228633, 0.01421159571, -0.01406542901, 0.06485000166, 0.9102708052, 38.02657042, 1.106505391e-07, 0.0009012081161),
}  # fmt: skip
"""rma(yi, sei, method = "FE") and rma(yi, sei, method = "PM", test = "adhoc") of metafor in R (synthesis_reference.R)."""


@pytest.mark.parametrize(("given", "name"), [(ALIKE, "alike"), (APART, "apart")])
def test_both_are_those_of_metafor(given, name):
    found = pool(*given)
    assert [getattr(found, f) for f in FIELDS[:-1]] + [found.tau**2] == pytest.approx(
        METAFOR[name], rel=1e-5, abs=1e-9
    )


def test_one_more_place_is_further_than_the_mean_where_places_differ():
    found = pool(*APART)
    # tau2 of metafor; Student's 3.182 on three degrees of freedom
    between = 0.0009012081161
    half = 3.182446 * np.sqrt(1 / np.sum(1 / (APART[1] ** 2 + between)) + between)
    assert (found.predicted_low, found.predicted_high) == pytest.approx(
        (found.random - half, found.random + half), rel=1e-5
    )
    assert np.isnan(pool(APART[0][:2], APART[1][:2]).predicted_low)
    with pytest.raises(DataError, match="two or more"):
        pool(APART[0][:1], APART[1][:1])


def rows(frame, place):
    comparison = ev.build_comparison(
        frame, treatment="d", covariates=["x"], measures=[ev.MeasureSpec("y", "emploi", 12)]
    )
    from evalml.effect import effects_table

    table = effects_table(ev.estimate_effects(comparison, ["diff", "aipw"]))
    return table.assign(programme="CEJ", territory=place, status="shown", reason="")


def country(n=130_000, regions=13, seed=4):
    rng = np.random.default_rng(seed)
    x, region = rng.normal(size=n), rng.integers(0, regions, n)
    d = (rng.random(n) < 1 / (1 + np.exp(1 - 0.5 * x))).astype(int)
    y = 0.4 * x + 0.1 * d + rng.normal(size=n)
    return pd.DataFrame({"x": x, "d": d, "y": y, "region": region})


def test_thirteen_regions_give_the_whole_within_a_tenth_of_its_error():
    frame = country()
    runs = {f"r{k}": rows(frame[frame["region"] == k], f"R{k}") for k in range(13)}
    pooled = pool_effects(runs).set_index("method")
    whole = rows(frame, "France").set_index("method")
    for method in ("diff", "aipw"):
        gap = pooled.loc[method, "fixed"] - whole.loc[method, "estimate"]
        assert abs(gap) < 0.1 * whole.loc[method, "std_error"], method
        assert pooled.loc[method, "fixed_se"] == pytest.approx(
            whole.loc[method, "std_error"], rel=0.03
        )
        assert pooled.loc[method, "places"] == 13
        assert pooled.loc[method, "n_treated"] == frame["d"].sum()


def test_masked_effects_are_left_out_and_counted_and_overlap_is_refused():
    frame = country(3000, 3)
    runs = {f"r{k}": rows(frame[frame["region"] == k], f"R{k}") for k in range(3)}
    runs["r2"] = runs["r2"].assign(status="blinded")
    pooled = pool_effects(runs)
    assert pooled["places"].tolist() == [2, 2]
    assert pooled["masked"].tolist() == [1, 1]
    for other, why in (
        (runs["r0"].assign(territory="R1"), "overlap"),
        (runs["r0"].assign(territory="France entière"), "overlap"),
        (runs["r0"].assign(programme="PACEA"), "several programmes"),
        (runs["r0"].assign(outcome="formation"), "show no effect"),
    ):
        with pytest.raises(DataError, match=why):
            pool_effects({"a": other, "b": runs["r1"]})


def test_the_command_reads_what_was_released(tmp_path):
    frame, places = country(3000, 3), []
    for k in range(3):
        place = tmp_path / f"cej_{k}" / "20240101T000000-aaaa"
        (place / "results").mkdir(parents=True)
        tables = place / "release" / "tables"
        tables.mkdir(parents=True)
        held = rows(frame[frame["region"] == k], f"R{k}").assign(study="cej", period="2024")
        held.to_csv(tables / "effects.csv", index=False)
        places.append(str(place))
    out = tmp_path / "pooled.csv"
    done = CliRunner().invoke(app, ["pool", *places, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert pd.read_csv(out)["places"].tolist() == [3, 3]
    (tmp_path / "cej_0/20240101T000000-aaaa/release/tables/effects.csv").unlink()
    with pytest.raises(DataError, match="evalml release"):
        CliRunner().invoke(app, ["pool", *places], catch_exceptions=False)
