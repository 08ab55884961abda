"""One pass over outcomes, methods and subgroups; every way to fail has a name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from evalml.comparison import Comparison, MeasureSpec, build_comparison
from evalml.comparison.matching import MatchOptions
from evalml.effect import EstimationSettings, effects_table, estimate_effects
from evalml.errors import EstimationError

ALL = ["diff", "ols", "regression_imputation", "match", "ipw", "ebal", "aipw"]


def table(n: int = 500) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    x, z = rng.standard_normal(n), rng.choice(["a", "b", "c"], n)
    treat = (rng.random(n) < 1 / (1 + np.exp(0.4 - 0.7 * x))).astype(int)
    y = x + treat + (z == "b") + rng.standard_normal(n)
    later = np.where(np.arange(n) % 4 == 0, np.nan, y + 1)
    return pd.DataFrame(
        {
            "treat": treat,
            "x": x,
            "z": z,
            "y": y,
            "later": later,
            "work": (y > 0.5).astype(float),
            "ml": np.arange(n) % 12,
            "woman": np.where(np.arange(n) % 2 == 0, "yes", "no"),
        }
    )


def build(frame: pd.DataFrame, outcomes: tuple[str, ...] = ("y",), **options: object) -> Comparison:
    measures = [
        MeasureSpec(o, "y" if o == "later" else o, 12 if o == "later" else None) for o in outcomes
    ]
    return build_comparison(
        frame, treatment="treat", measures=measures, covariates=["x", "z"], **options
    )


def test_effects_come_by_subgroup_then_outcome_then_method() -> None:
    c = build(table(), ("y", "later"), subgroups=["woman"])
    found = effects_table(estimate_effects(c, ["diff", "ipw"]))
    assert len(found) == 3 * 2 * 2
    assert found["subgroup_value"].tolist() == [""] * 4 + ["no"] * 4 + ["yes"] * 4
    assert found["horizon_months"].isna().sum() == 6
    assert found["method"].tolist()[:4] == ["diff", "ipw", "diff", "ipw"]


def test_rows_without_the_outcome_are_left_out_for_it_only_and_counted() -> None:
    frame = table()
    first, second = estimate_effects(build(frame, ("y", "later")), ["ipw"])
    assert (first.n_treated + first.n_comparison, first.details["unobserved"]) == (500, 0)
    assert (second.n_treated + second.n_comparison, second.details["unobserved"]) == (375, 125)
    alone = estimate_effects(build(frame.dropna(), ("later",)), ["ipw"])[0]
    assert second.estimate == pytest.approx(alone.estimate, rel=1e-9)


def test_a_subgroup_is_estimated_as_if_it_were_alone() -> None:
    frame = table()
    c = build(frame, subgroups=["woman"])
    women = build(frame[frame["woman"] == "yes"])
    methods = ["ols", "ipw", "ebal", "match"]
    found = [e for e in estimate_effects(c, methods) if e.subgroup_value == "yes"]
    for a, b in zip(found, estimate_effects(women, methods), strict=True):
        assert a.estimate == pytest.approx(b.estimate, rel=1e-9)
        assert a.std_error == pytest.approx(b.std_error, rel=1e-9)


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2"])
def test_ols_and_its_errors_are_those_of_statsmodels(kind: str) -> None:
    frame = table()
    X = sm.add_constant(pd.get_dummies(frame[["treat", "x", "z"]], drop_first=True).astype(float))
    expected = sm.OLS(frame["y"], X).fit(cov_type=kind)
    effect = estimate_effects(build(frame), ["ols"], se=kind.lower())[0]
    assert effect.estimate == pytest.approx(expected.params["treat"])
    assert effect.std_error == pytest.approx(expected.bse["treat"], rel=1e-9)


def test_clustered_ols_is_that_of_statsmodels_with_t_of_clusters_minus_1() -> None:
    frame = table()
    X = sm.add_constant(pd.get_dummies(frame[["treat", "x", "z"]], drop_first=True).astype(float))
    expected = sm.OLS(frame["y"], X).fit(
        cov_type="cluster", cov_kwds={"groups": frame["ml"]}, use_t=True
    )
    effect = estimate_effects(build(frame, cluster="ml"), ["ols"])[0]
    assert effect.std_error == pytest.approx(expected.bse["treat"], rel=1e-9)
    low, high = expected.conf_int().loc["treat"]
    assert (effect.ci_low, effect.ci_high) == pytest.approx((low, high))
    assert (effect.details["n_clusters"], effect.details["df"]) == (12, 11)


def test_the_weighted_error_counts_the_estimation_of_the_score() -> None:
    """Stacked estimating equations by numerical derivatives, against the closed form."""
    frame = table()
    y, d = frame["y"].to_numpy(), frame["treat"].to_numpy(float)
    X = sm.add_constant(pd.get_dummies(frame[["x", "z"]], drop_first=True).astype(float)).to_numpy()
    beta = sm.Logit(d, X).fit(disp=0, tol=1e-12).params
    odds = np.exp(X @ beta)
    theta = np.r_[beta, y[d == 1].mean(), np.average(y[d == 0], weights=odds[d == 0])]

    def equations(t: np.ndarray) -> np.ndarray:
        e = 1 / (1 + np.exp(-X @ t[:-2]))
        w = e / (1 - e)
        return np.column_stack([X * (d - e)[:, None], d * (y - t[-2]), (1 - d) * w * (y - t[-1])])

    steps = np.eye(theta.size) * 1e-6
    bread = np.column_stack(
        [(equations(theta + s).sum(0) - equations(theta - s).sum(0)) / 2e-6 for s in steps]
    )
    meat = equations(theta).T @ equations(theta)
    inverse = np.linalg.inv(bread)
    V = inverse @ meat @ inverse.T
    contrast = np.r_[np.zeros(beta.size), 1, -1]
    effect = estimate_effects(build(frame), ["ipw"])[0]
    assert effect.std_error == pytest.approx(np.sqrt(contrast @ V @ contrast), rel=1e-6)


def test_a_person_with_several_rows_is_a_cluster() -> None:
    frame = table().assign(id=np.arange(500) % 200)
    effect = estimate_effects(build(frame, person="id"), ["ipw"])[0]
    assert (effect.details["se"], effect.details["n_clusters"]) == ("cluster", 200)


def test_where_covariates_are_a_few_cells_all_methods_are_the_same_one() -> None:
    """Saturated in z: weighting, balancing, imputing and exact matching average the same cells."""
    frame = table()
    c = build_comparison(
        frame, treatment="treat", measures=[MeasureSpec("y")], covariates=["z"], strata=["z"]
    )
    by_cell = frame.pivot_table("y", "z", "treat", aggfunc="mean")
    share = frame.loc[frame["treat"].eq(1), "z"].value_counts(normalize=True)
    expected = float(((by_cell[1] - by_cell[0]) * share).sum())
    methods = ["aipw", "regression_imputation", "ipw", "ebal", "match"]
    options = EstimationSettings(folds=0, match=MatchOptions(exact=("z",)))
    for effect in estimate_effects(c, methods, settings=options):
        assert effect.estimate == pytest.approx(expected, rel=1e-8), effect.method


def test_adjusting_for_nothing_is_refused() -> None:
    c = build_comparison(table(), treatment="treat", measures=[MeasureSpec("y")], covariates=[])
    assert estimate_effects(c, ["diff"])[0].estimate
    with pytest.raises(EstimationError, match="ipw would adjust for nothing"):
        estimate_effects(c, ["diff", "ipw"])


def test_a_yes_or_no_outcome_can_be_regressed_by_logit() -> None:
    c = build(table(), ("work",))
    linear, logit = (
        estimate_effects(c, ["aipw"], settings=EstimationSettings(outcome_model=model))[0]
        for model in ("ols", "logit")
    )
    assert linear.estimate != logit.estimate
    assert logit.estimate == pytest.approx(linear.estimate, abs=0.03)
    with pytest.raises(EstimationError, match="other than 0 and 1"):
        estimate_effects(
            build(table()), ["aipw"], settings=EstimationSettings(outcome_model="logit")
        )


def test_folds_can_follow_clusters() -> None:
    c = build(table(), cluster="ml")
    by = [
        estimate_effects(c, ["aipw"], settings=EstimationSettings(fold_by=f))[0]
        for f in ("person", "cluster")
    ]
    assert by[0].estimate != by[1].estimate
    with pytest.raises(EstimationError, match="folds by cluster need a cluster column"):
        estimate_effects(build(table()), ["aipw"], settings=EstimationSettings(fold_by="cluster"))


def test_clipped_scores_are_counted_and_said() -> None:
    effect = estimate_effects(build(table()), ["ipw"], clip=0.4)[0]
    assert effect.details["clipped"] > 0
    assert any("were clipped to [0, 0.6]" in w for w in effect.details["warnings"])


def test_trimming_says_that_the_estimand_changed() -> None:
    effect = estimate_effects(build(table()), ["ipw"], settings=EstimationSettings(trim=0.3))[0]
    assert effect.n_treated + effect.n_comparison < 500
    assert any("of the treated kept, no longer on all" in w for w in effect.details["warnings"])


def test_treated_without_a_partner_are_counted_and_the_estimand_changes() -> None:
    frame = table()
    frame.loc[frame["treat"].eq(0) & frame["z"].eq("c"), "z"] = "a"
    c = build_comparison(
        frame, treatment="treat", measures=[MeasureSpec("y")], covariates=["x"], subgroups=["z"]
    )
    one = estimate_effects(
        c,
        ["match"],
        settings=EstimationSettings(match=MatchOptions(exact=("z",))),
        failures="record",
    )[0]
    assert one.details["dropped_treated"] == int((frame["treat"].eq(1) & frame["z"].eq("c")).sum())
    assert any("no longer on all the treated" in w for w in one.details["warnings"])


def failing(frame: pd.DataFrame, says: str, **options: object) -> None:
    methods = options.pop("methods", ["ipw"])
    build_with = options.pop("build", {})
    with pytest.raises(EstimationError, match=says):
        estimate_effects(build(frame, **build_with), methods, **options)


def test_each_way_to_fail_has_a_sentence() -> None:
    frame = table()
    failing(frame.assign(y=3.0), "outcome is constant", methods=["diff"])
    failing(frame.assign(ml=1), "only one cluster", build={"cluster": "ml"})
    failing(frame.assign(x=frame["treat"] + 0.0), "separation: 'x'")
    failing(frame, "method 'ipww' is unknown; did you mean 'ipw'", methods=["ipww"])
    failing(frame, "no standard error 'hc1'", se="hc1")
    failing(frame, "needs a cluster column", se="cluster")
    failing(frame, "ebal estimates att, not ate", methods=["ebal"], estimand="ate")
    failing(
        frame, "aipw does not estimate the effect on the overlap", methods=["aipw"], estimand="ato"
    )
    failing(frame, "level is 95", level=95)
    failing(frame, "at least one method", methods=[])
    failing(
        frame,
        "none of the .* persons to match found a partner",
        methods=["match"],
        settings=EstimationSettings(match=MatchOptions(caliper=1e-12)),
    )
    failing(
        frame,
        "gives the effect on the treated only",
        methods=["match"],
        settings=EstimationSettings(estimand="ate", match=MatchOptions(replace=False)),
    )
    failing(
        frame,
        "'town' is not a covariate",
        methods=["match"],
        settings=EstimationSettings(match=MatchOptions(exact=("town",))),
    )
    failing(
        frame.assign(y=np.where(frame["treat"] == 1, np.nan, frame["y"])),
        "no treated person with an observed outcome",
    )


def test_one_failure_can_be_recorded_without_losing_the_others() -> None:
    frame = table().assign(x=lambda f: f["treat"] + 0.0)
    found = estimate_effects(build(frame), ["diff", "ipw", "ebal"], failures="record")
    assert not np.isnan(found[0].estimate)
    assert np.isnan(found[1].estimate)
    assert "separation: 'x'" in found[1].details["error"]
    assert "did not converge" in found[2].details["error"]


def test_a_separated_score_never_gives_a_number_that_looks_fine() -> None:
    rng = np.random.default_rng(0)
    frame = table().assign(x=rng.standard_normal(500))
    frame["treat"] = (frame["x"] > 0).astype(int)
    for method in ("ipw", "aipw", "match"):
        with pytest.raises(EstimationError, match="separation"):
            estimate_effects(build(frame), [method])


def test_every_method_returns_plain_numbers_and_counts() -> None:
    for effect in estimate_effects(build(table()), ALL):
        assert effect.ci_low < effect.estimate < effect.ci_high
        assert effect.mean_treated - effect.mean_comparison == pytest.approx(effect.estimate)
        assert effect.std_error > 0
        assert 0 <= effect.p_value <= 1


def test_inside_sequential_trials_partners_are_those_at_risk_in_the_same_month() -> None:
    """A person waits in months 1 and 2 and enters in month 3: never one's own partner."""
    rng = np.random.default_rng(4)
    rows = [
        {"id": i, "month": m, "treat": int(m == entry), "x": x, "y": rng.standard_normal() + m}
        for i in range(150)
        for x in [rng.standard_normal()]
        for entry in [rng.integers(1, 7)]
        for m in range(1, min(entry, 4) + 1)
    ]
    c = build_comparison(
        pd.DataFrame(rows),
        treatment="treat",
        measures=[MeasureSpec("y")],
        covariates=["x"],
        person="id",
        strata=["month"],
    )
    free, risk = (
        estimate_effects(
            c, ["match"], settings=EstimationSettings(match=MatchOptions(exact=exact))
        )[0]
        for exact in ((), ("month",))
    )
    assert any("could be their own partner" in w for w in free.details["warnings"])
    assert not any("own partner" in w for w in risk.details["warnings"])
    assert abs(risk.estimate) < 0.4 < abs(free.estimate)


def test_a_single_person_in_an_arm_is_not_an_estimate() -> None:
    frame = table(60)
    frame["treat"] = (np.arange(60) == 3).astype(int)
    failing(frame, "only one treated person", methods=["diff"])


@pytest.mark.parametrize("method", ["regression_imputation", "aipw"])
def test_as_many_coefficients_as_rows_are_refused(method: str) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.standard_normal((60, 14)), columns=[f"x{j}" for j in range(14)])
    frame = frame.assign(y=rng.standard_normal(60), treat=(np.arange(60) < 46).astype(int))
    c = build_comparison(
        frame,
        treatment="treat",
        measures=[MeasureSpec("y")],
        covariates=[f"x{j}" for j in range(14)],
    )
    with pytest.raises(EstimationError, match=r"coefficients for|separation"):
        estimate_effects(c, [method], folds=3)


def test_few_clusters_are_said() -> None:
    frame = table().assign(ml=np.arange(500) % 6)
    (effect,) = estimate_effects(build(frame, cluster="ml"), ["ols"])
    assert any("few clusters: 6" in w for w in effect.details["warnings"])


def test_who_was_not_observed_is_counted_by_arm() -> None:
    effect = estimate_effects(build(table(), ("later",)), ["diff"])[0]
    lost = table()["later"].isna()
    assert effect.details["unobserved"] == lost.sum()
    assert effect.details["unobserved_treated"] == (lost & table()["treat"].eq(1)).sum()
