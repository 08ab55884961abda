"""Do the effects stand once we count how many were looked at?

Holm (1979) and the step-down maximum of Romano and Wolf (2005, https://doi.org/10.1198/016214504000000539;
p-values of their 2016 note, https://doi.org/10.1016/j.spl.2016.02.012).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.refit import take_rows
from evalml.effect.methods import compute, fit_shared
from evalml.effect.sample import EstimationSettings
from evalml.effect.sample import take_rows as observed_rows
from evalml.errors import DataError, EstimationError
from evalml.values import Name, Number, PValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import HashVector, IntVector, Matrix, Vector
    from evalml.checks.refit import Estimator
    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Comparison
    from evalml.methods.effect import Effect
    from evalml.values import Value

FEW_CLUSTERS = 12


def holm(p: Vector) -> Vector:
    """Return Holm's adjusted p-values, shape (k,); NaN stays NaN and is not counted."""
    adjusted = np.full(p.size, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def romano_wolf(t: Vector, t_star: Matrix) -> Vector:
    """Return the step-down adjusted p-values.

    Args:
        t: Observed t statistics, shape (k,).
        t_star: Centred t statistics of the bootstrap, shape (draws, k).

    Returns:
        Shape (k,).

    Raises:
        DataError: Shapes differ.
    """
    if t_star.ndim != 2 or t_star.shape[1] != t.size:  # noqa: PLR2004
        raise DataError("one column of bootstrap statistics for each hypothesis")
    order = np.argsort(-np.abs(t), kind="stable")
    # maximum over the hypotheses not yet rejected: the order-th and all weaker ones
    largest = np.maximum.accumulate(np.abs(t_star)[:, order[::-1]], axis=1)[:, ::-1]
    beyond = (largest >= np.abs(t)[order]).sum(axis=0)
    steps = (1 + beyond) / (1 + t_star.shape[0])
    adjusted = np.empty(t.size)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def multiplier_statistics(
    psi: Matrix, cluster: IntVector | HashVector | None = None, *, draws: int = 999, seed: int = 0
) -> Matrix:
    """Return centred t statistics by drawing multiplicity weights on persons or clusters.

    The first order of re-estimating with weights 1 + xi, without re-estimating. Signs (Rademacher)
    are drawn, or Webb's six points where clusters are few.

    Args:
        psi: Influence functions, shape (n, k), with mean zero; 0 where a person is not used.
        cluster: Codes of the clusters, or hashes of the persons, shape (n,); rows where None, and
            the draws then follow the order of the rows.
        draws: Number of draws.
        seed: Seed.

    Returns:
        Shape (draws, k).

    Raises:
        EstimationError: There is a single cluster, or an estimate without variance.
    """
    sums: Matrix = psi if cluster is None else sum_by(psi, cluster)
    if sums.shape[0] < 2:  # noqa: PLR2004
        raise EstimationError("a single cluster has no variance; cluster by something finer")
    scale = np.sqrt((sums**2).sum(axis=0))
    if not (scale > 0).all():
        raise EstimationError("an estimate has no variance (a constant outcome); leave it out")
    rng = np.random.Generator(np.random.PCG64(seed))
    rows = max(1, 20_000_000 // sums.shape[0])
    t_star = np.empty((draws, sums.shape[1]))
    for start in range(0, draws, rows):
        stop = min(start + rows, draws)
        t_star[start:stop] = _multipliers(rng, stop - start, sums.shape[0]) @ sums / scale
    return t_star


def _multipliers(rng: np.random.Generator, draws: int, size: int) -> Matrix:
    if size >= FEW_CLUSTERS:
        return np.asarray(rng.integers(0, 2, size=(draws, size)) * 2.0 - 1.0, dtype=np.float64)
    webb: Vector = np.sqrt(np.array([0.5, 0.5, 1.0, 1.0, 1.5, 1.5])) * np.tile([-1.0, 1.0], 3)
    return webb[rng.integers(0, webb.size, size=(draws, size))]


def sum_by(psi: Matrix, cluster: IntVector | HashVector) -> Matrix:
    """Return the sums of the rows of `psi` by cluster, shape (clusters, k)."""
    codes = np.unique(cluster, return_inverse=True)[1]
    return np.column_stack([np.bincount(codes, weights=column) for column in psi.T])


def influence_functions(
    comparison: Comparison,
    keys: Sequence[str],
    method: str,
    settings: EstimationSettings | None = None,
) -> Matrix:
    """Return the influence of each row on each estimate, zero where the outcome is unknown.

    Args:
        comparison: The two arms.
        keys: Keys of the outcomes.
        method: A method that has an influence function.
        settings: Its options.

    Returns:
        Shape (n, k), each column summing to about zero; its squares sum to the variance.

    Raises:
        EstimationError: The method has no influence function, or cannot answer.
    """
    options = settings or EstimationSettings()
    psi = np.zeros((comparison.treated.size, len(keys)))
    for j, key in enumerate(keys):
        values = comparison.measure(key).values
        sample = observed_rows(comparison, ~np.isnan(values))
        shared = fit_shared(sample, [method], options)
        found = compute(method, values[sample.rows], sample, shared, options)
        if found.psi is None:
            raise EstimationError(
                f"'{method}' has no influence function; use refit_statistics to draw its samples"
            )
        psi[sample.rows, j] = found.psi / found.psi.size
    return psi


def refit_statistics(
    comparison: Comparison,
    keys: Sequence[str],
    estimate: Estimator,
    *,
    draws: int,
    seed: int,
) -> tuple[Vector, Matrix]:
    """Return observed and centred bootstrap t statistics, everything refitted at each draw.

    Clusters (persons where there are none) are drawn with replacement: each comes with a whole
    multiplicity, the cohort is never rebuilt, and the copies of a person share its fold.

    Args:
        comparison: The two arms.
        keys: Keys of the outcomes.
        estimate: Estimator.
        draws: Number of draws; each costs one estimate per outcome.
        seed: Seed.

    Returns:
        Statistics of shape (k,) and (draws, k).
    """
    first = [estimate(comparison, key) for key in keys]
    center = np.array([e.estimate for e in first])
    error = np.array([e.std_error for e in first])
    unit = comparison.person if comparison.cluster is None else comparison.cluster
    codes = np.unique(unit, return_inverse=True)[1]
    size = int(codes.max()) + 1
    rng = np.random.Generator(np.random.PCG64(seed))
    t_star = np.empty((draws, len(keys)))
    for b in range(draws):
        times = np.bincount(rng.integers(0, size, size), minlength=size)[codes]
        sample = take_rows(comparison, np.repeat(np.arange(codes.size), times))
        again = [estimate(sample, key) for key in keys]
        t_star[b] = [(e.estimate - c) / e.std_error for e, c in zip(again, center, strict=True)]
    return center / error, t_star


def check_multiplicity(
    effects: Sequence[Effect], thresholds: Thresholds, t_star: Matrix | None = None
) -> list[Check]:
    """Judge each effect once the number of effects is accounted for.

    Args:
        effects: The effects looked at together.
        thresholds: `alpha`.
        t_star: Bootstrap statistics, shape (draws, k), for Romano-Wolf; Holm where None.

    Returns:
        One check per effect, for information.
    """
    if not effects:
        return []
    p = np.array([e.p_value for e in effects])
    if t_star is None:
        adjusted, name = holm(p), "holm"
    else:
        t = np.array([e.estimate / e.std_error for e in effects])
        adjusted, name = romano_wolf(t, t_star), "romano_wolf"
    return [
        _judged(e, float(a), name, p.size, thresholds)
        for e, a in zip(effects, adjusted, strict=True)
    ]


def _judged(effect: Effect, adjusted: float, name: str, k: int, thresholds: Thresholds) -> Check:
    if not np.isfinite(adjusted):
        return Check("multiplicity", "no_error", None, None, None, {}, effect.key, gating=False)
    passed = adjusted <= thresholds.alpha
    values: dict[str, Value] = {
        "n": Number(k),
        "alpha": Number(thresholds.alpha, 0, "percent"),
        "correction": Name("corrections", name),
        "adjusted": PValue(adjusted),
        "p": PValue(effect.p_value),
    }
    finding = "significant" if passed else "not_significant"
    if effect.subgroup:
        finding += "_group"
        values["group"] = Name("covariate", f"{effect.subgroup}={effect.subgroup_value}")
    return Check(
        "multiplicity",
        finding,
        passed,
        adjusted,
        thresholds.alpha,
        values,
        effect.key,
        gating=False,
    )
