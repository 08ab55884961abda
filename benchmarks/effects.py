"""Speed of the person-level methods, side by side with peers where they are installed.

    OMP_NUM_THREADS=1 python benchmarks/effects.py [aipw|match|ebal ...] [--scale 1.0]

Peers: doubleml where it is installed (AIPW), scikit-learn's nearest neighbours.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from evalml.comparison.comparison import Comparison, Design, Measure
from evalml.comparison.entropy import balance_entropy
from evalml.comparison.matching import MatchOptions, match
from evalml.comparison.person import mix
from evalml.comparison.threads import thin_products
from evalml.effect.estimate import estimate_effects


def world(n: int, p: int, share: float, seed: int = 1) -> Comparison:
    import pandas as pd

    rng = np.random.Generator(np.random.PCG64(seed))
    X = rng.standard_normal((n, p))
    X[:, p // 2 :] = X[:, p // 2 :] > 0.3
    eta = np.log(share / (1 - share)) + X[:, : min(p, 6)] @ np.linspace(0.4, -0.3, min(p, 6))
    treated = rng.random(n) < 1 / (1 + np.exp(-eta))
    y = X[:, 0] + 0.5 * X[:, 1] + treated + rng.standard_normal(n)
    return Comparison(
        treated,
        (Measure("y", None, y, "", "y"),),
        pd.DataFrame(index=range(n)),
        Design(X, tuple(f"x{j}" for j in range(p))),
        None,
        mix(np.arange(n, dtype=np.uint64), 0),
        pd.DataFrame(index=range(n)),
    )


def timed(name: str, run: Callable[[], object], repeat: int = 2) -> float:
    best, cpu, found = np.inf, np.inf, None
    for _ in range(repeat):
        start, used = time.perf_counter(), time.process_time()
        found = run()
        best = min(best, time.perf_counter() - start)
        cpu = min(cpu, time.process_time() - used)
    print(f"{name:58} {best:7.2f} s (cpu {cpu:6.2f} s)   {found}")
    return best


def aipw(scale: float) -> None:
    c = world(int(1_000_000 * scale), 20, 0.2)

    def ours() -> str:
        e = estimate_effects(c, ["aipw"], folds=5)[0]
        return f"{e.estimate:.5f} ({e.std_error:.5f})"

    timed(f"aipw, 5 folds, {c.treated.size:,} x 20", ours)
    try:
        import doubleml as dml
        from sklearn.linear_model import LinearRegression, LogisticRegression
    except ImportError:
        return
    data = dml.DoubleMLData.from_arrays(
        c.design.matrix, c.measures[0].values, c.treated.astype(float)
    )

    def theirs() -> str:
        model = dml.DoubleMLIRM(
            data, LinearRegression(), LogisticRegression(C=np.inf), n_folds=5, score="ATTE"
        )
        model.fit()
        return f"{model.coef[0]:.5f} ({model.se[0]:.5f})"

    timed("  doubleml IRM, OLS and logit without penalty", theirs, 1)


def matching(scale: float) -> None:
    n1, n0 = int(100_000 * scale), int(500_000 * scale)
    c = world(n1 + n0, 8, n1 / (n1 + n0))
    cases = {
        "propensity, k=1, replacement": MatchOptions(),
        "propensity, k=5, replacement": MatchOptions(k=5),
        "logit, no replacement, caliper 0.2": MatchOptions(
            metric="logit", replace=False, caliper=0.2
        ),
        "mahalanobis, k=1, 8 covariates": MatchOptions(metric="mahalanobis"),
    }
    size = f"{c.n_treated:,} to {c.n_comparison:,}"
    for name, options in cases.items():

        def ours(options: MatchOptions = options) -> str:
            with thin_products():
                m = match(c.design, c.treated, c.person, options)
            return f"{int(m.matched.sum())} matched"

        timed(f"match {name}, {size}", ours, 1)
    try:
        from sklearn.neighbors import NearestNeighbors
    except ImportError:
        return
    X, treated = c.design.matrix, c.treated
    white = X @ np.linalg.inv(np.linalg.cholesky(np.cov(X.T))).T

    def theirs() -> str:
        found = NearestNeighbors(n_neighbors=1).fit(white[~treated]).kneighbors(white[treated])
        return f"mean distance {found[0].mean():.4f}"

    timed("  scikit-learn NearestNeighbors on the same coordinates", theirs, 1)


def ebal(scale: float) -> None:
    c = world(int(1_000_000 * scale), 20, 0.2)
    for moments in (1, 2):

        def ours(moments: int = moments) -> str:
            with thin_products():
                found = balance_entropy(c.design, c.treated, moments)
            return f"gap {found.gap:.1e} in {found.iterations} steps"

        timed(f"ebal, moments={moments}, {c.treated.size:,} x 20", ours)


if __name__ == "__main__":
    words = sys.argv[1:]
    scale = float(words[words.index("--scale") + 1]) if "--scale" in words else 1.0
    wanted = [w for w in words if w in {"aipw", "match", "ebal"}] or ["aipw", "match", "ebal"]
    for word in wanted:
        {"aipw": aipw, "match": matching, "ebal": ebal}[word](scale)
