"""Methods on persons: matching, weighting, doubly robust; the same table for everyone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.harness import Row, Way

if TYPE_CHECKING:
    from pathlib import Path

    from evalml.comparison.comparison import Comparison

Job = Callable[[], list[float]]
COVARIATES, FOLDS, SHARE = 20, 5, 0.2
FEW = [0, 1, 2, 3, 10, 11, 12, 13]
"""Columns matched on: four continuous, four of 0 and 1."""


def write(folder: Path, n: int) -> None:
    """Write an outcome, an arm and covariates, half of them continuous; and folds."""
    from evalml.comparison.comparison import mix
    from evalml.effect.sample import assign_folds

    rng = np.random.Generator(np.random.PCG64(1))
    X = rng.standard_normal((n, COVARIATES))
    X[:, COVARIATES // 2 :] = X[:, COVARIATES // 2 :] > 0.3
    eta = np.log(SHARE / (1 - SHARE)) + X[:, :6] @ np.linspace(0.4, -0.3, 6)
    treated = rng.random(n) < 1 / (1 + np.exp(-eta))
    y = X[:, 0] + 0.5 * X[:, 1] + treated + rng.standard_normal(n)
    fold = assign_folds(mix(np.arange(n, dtype=np.uint64), 0), FOLDS, 0, treated)
    for name, values in {"X": X, "treated": treated, "y": y, "fold": fold}.items():
        np.save(folder / f"{name}.npy", values)
    np.column_stack([y, treated, X]).astype("<f8").T.tofile(folder / "table.bin")


def read(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return X, treated and y."""
    return tuple(np.load(folder / f"{name}.npy") for name in ("X", "treated", "y"))


def comparison(folder: Path, columns: list[int] | None = None) -> Comparison:
    """Return the table as two arms."""
    import pandas as pd

    from evalml.comparison.comparison import Comparison, DesignMatrix, Measure, mix

    X, treated, y = read(folder)
    X = X if columns is None else np.ascontiguousarray(X[:, columns])
    empty = pd.DataFrame(index=range(y.size))
    names = tuple(f"x{j}" for j in range(X.shape[1]))
    person = mix(np.arange(y.size, dtype=np.uint64), 0)
    measure = Measure("y", None, y, "", "y")
    return Comparison(treated, (measure,), empty, DesignMatrix(X, names), None, person, empty)


def estimated(
    folder: Path, method: str, columns: list[int] | None = None, **options: object
) -> Job:
    """Return the job of estimating by one method, all its diagnostics included."""
    from evalml.effect.estimate import estimate_effects
    from evalml.effect.sample import EstimationSettings

    arms, settings = comparison(folder, columns), EstimationSettings(folds=FOLDS, **options)

    def work() -> list[float]:
        effect = estimate_effects(arms, [method], settings=settings)[0]
        return [effect.estimate, effect.std_error]

    return work


def aipw(folder: Path) -> Job:
    """Return the job of evalml."""
    return estimated(folder, "aipw")


def ipw(folder: Path) -> Job:
    """Return the job of evalml."""
    return estimated(folder, "ipw")


def aipw_doubleml(folder: Path) -> Job:
    """Return the job of doubleml: the same learners and folds."""
    import doubleml as dml
    from sklearn.linear_model import LinearRegression, LogisticRegression

    X, treated, y = read(folder)
    fold = np.load(folder / "fold.npy")
    splits = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(FOLDS)]

    def work() -> list[float]:
        data = dml.DoubleMLData.from_arrays(X, y, treated.astype(float))
        logit = LogisticRegression(C=np.inf)
        model = dml.DoubleMLIRM(data, LinearRegression(), logit, n_folds=FOLDS, score="ATTE")
        model.set_sample_splitting([splits])
        model.fit()
        return [float(model.coef[0]), float(model.se[0])]

    return work


def ipw_statsmodels(folder: Path) -> Job:
    """Return the job of statsmodels, whose standard error counts the estimation of the score."""
    import pandas as pd
    import statsmodels.api as sm
    from statsmodels.treatment.treatment_effects import TreatmentEffect

    X, treated, y = read(folder)
    Z = np.column_stack([np.ones(y.size), X])

    def work() -> list[float]:
        score = sm.Logit(treated.astype(float), Z).fit(disp=0)
        names = [f"z{j}" for j in range(Z.shape[1])]
        outcome = sm.OLS(pd.Series(y, name="y"), pd.DataFrame(Z, columns=names))
        model = TreatmentEffect(outcome, treated.astype(int), results_select=score)
        found = model.ipw(effect_group=1)
        return [float(np.ravel(found.effect)[0]), float(np.ravel(found.sd)[0])]

    return work


def entropy(folder: Path) -> Job:
    """Return the weights of evalml, as the weighted means of the comparison arm."""
    from evalml.comparison.weights import balance_entropy
    from evalml.methods.design_matrix import thin_products

    arms = comparison(folder)

    def work() -> list[float]:
        with thin_products():
            weights = balance_entropy(arms.design, arms.treated, 1).weights
        y, control = arms.measures[0].values, ~arms.treated
        return [float(np.average(y[control], weights=weights[control]))]

    return work


def entropy_scipy(folder: Path) -> Job:
    """Return the job by hand: the dual of Hainmueller (2012), minimised by SciPy."""
    from scipy.optimize import minimize

    X, treated, y = read(folder)

    def work() -> list[float]:
        centre, spread = X[treated].mean(axis=0), X[~treated].std(axis=0)
        Z = (X[~treated] - centre) / spread

        def dual(b: np.ndarray) -> tuple[float, np.ndarray]:
            eta = Z @ b
            top = eta.max()
            w = np.exp(eta - top)
            return top + np.log(w.sum()), (w / w.sum()) @ Z

        start = np.zeros(Z.shape[1])
        found = minimize(dual, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-9})
        w = np.exp(Z @ found.x - (Z @ found.x).max())
        return [float(np.average(y[~treated], weights=w))]

    return work


def match_score(folder: Path) -> Job:
    """Return the job of evalml: propensity, one partner, variance of Abadie and Imbens."""
    return estimated(folder, "match", FEW)


def match_pairs(folder: Path) -> Job:
    """Return the job of evalml: pairs without replacement, the farthest from the others first."""
    from evalml.comparison.matching import MatchOptions

    return estimated(folder, "match", FEW, match=MatchOptions(metric="propensity", replace=False))


def match_space(folder: Path) -> Job:
    """Return the job of evalml: Mahalanobis distance, one partner."""
    from evalml.comparison.matching import MatchOptions, match
    from evalml.methods.design_matrix import thin_products

    arms = comparison(folder, FEW)

    def work() -> list[float]:
        with thin_products():
            found = match(
                arms.design, arms.treated, arms.person, MatchOptions(metric="mahalanobis")
            )
        y = arms.measures[0].values
        return [float((y - found.partner_mean(y))[arms.treated].mean())]

    return work


def match_space_sklearn(folder: Path) -> Job:
    """Return the job of scikit-learn on the whitened covariates."""
    from sklearn.neighbors import NearestNeighbors

    X, treated, y = read(folder)

    def work() -> list[float]:
        few = X[:, FEW]
        white = np.linalg.solve(np.linalg.cholesky(np.cov(few.T)), few.T).T
        near = NearestNeighbors(n_neighbors=1).fit(white[~treated])
        partner = near.kneighbors(white[treated], return_distance=False)[:, 0]
        return [float((y[treated] - y[~treated][partner]).mean())]

    return work


SQUARE = "compares every pair: too slow beyond"
SIZES = {"quick": 20_000, "full": 300_000}
ROWS = (
    Row(
        "match",
        "Matching on the propensity score, one partner with replacement, Abadie-Imbens variance",
        "benchmarks.persons:write",
        "persons",
        {"quick": 5_000, "full": 20_000},
        (
            Way("evalml", "benchmarks.persons:match_score"),
            Way("R Matching", "peers.R:match_score", limit=50_000, why=f"{SQUARE} 50 000 persons"),
        ),
        tolerance=1e-6,
        about="effect and standard error",
    ),
    Row(
        "match_pairs",
        "Matching on the propensity score, pairs without replacement",
        "benchmarks.persons:write",
        "persons",
        {"quick": 20_000, "full": 100_000},
        (
            Way("evalml", "benchmarks.persons:match_pairs"),
            Way(
                "R MatchIt",
                "peers.R:match_pairs",
                limit=200_000,
                agrees="Debian's 4.5.1 does not return the nearest neighbours (fixed later)",
            ),
        ),
        tolerance=1e-6,
        about="effect and standard error",
    ),
    Row(
        "match_space",
        "Nearest neighbour in eight covariates (Mahalanobis)",
        "benchmarks.persons:write",
        "persons",
        {"quick": 20_000, "full": 300_000},
        (
            Way("evalml", "benchmarks.persons:match_space"),
            Way("scikit-learn", "benchmarks.persons:match_space_sklearn", "scikit-learn"),
        ),
        tolerance=1e-6,
        about="effect",
    ),
    Row(
        "ipw",
        "Inverse probability weighting, the score's estimation counted in the error",
        "benchmarks.persons:write",
        "persons",
        SIZES,
        (
            Way("evalml", "benchmarks.persons:ipw"),
            Way("statsmodels", "benchmarks.persons:ipw_statsmodels", "statsmodels"),
        ),
        tolerance=1e-4,
        about="effect and standard error",
    ),
    Row(
        "ebal",
        "Entropy balancing of twenty means",
        "benchmarks.persons:write",
        "persons",
        SIZES,
        (
            Way("evalml", "benchmarks.persons:entropy"),
            Way("SciPy by hand", "benchmarks.persons:entropy_scipy", "scipy"),
        ),
        tolerance=1e-5,
        about="reweighted mean",
    ),
    Row(
        "aipw",
        "Doubly robust, cross-fitted on five folds, linear and logistic regressions",
        "benchmarks.persons:write",
        "persons",
        SIZES,
        (
            Way("evalml", "benchmarks.persons:aipw"),
            Way("doubleml", "benchmarks.persons:aipw_doubleml", "doubleml"),
        ),
        tolerance=2e-3,
        about="effect and standard error",
    ),
)
