"""Do effects stand once we count how many were looked at, and do subgroups differ?

Wald test that the effects are equal; with independent subgroups it is Cochran's Q (1954).

Holm (1979) and the step-down maximum of Romano and Wolf (2005, https://doi.org/10.1198/016214504000000539;
p-values of their 2016 note, https://doi.org/10.1016/j.spl.2016.02.012).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from evalml.checks.check import Check, as_thresholds
from evalml.checks.placebo import take_rows
from evalml.effect.methods import compute
from evalml.effect.sample import take_rows as observed_rows
from evalml.effect.settings import Settings
from evalml.effect.shared import fit_shared
from evalml.errors import DataError, EstimationError, EvalmlError
from evalml.values import Estimate, Name, Number, PValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from evalml.arrays import HashVector, IntVector, Matrix, Vector
    from evalml.checks.check import Thresholds
    from evalml.checks.placebo import Estimator
    from evalml.comparison.comparison import Comparison
    from evalml.effect.effect import Effect
    from evalml.values import Value, Values


FEWEST = 2


def interaction_test(estimates: Vector, covariance: Matrix) -> tuple[float, int, float]:
    """Return statistic, degrees of freedom and p-value of equal effects.

    Args:
        estimates: Effects by subgroup, shape (k,).
        covariance: Their covariance, shape (k, k); diagonal for separate persons and clusters.

    Raises:
        DataError: Fewer than two subgroups, or shapes that differ.
    """
    k = estimates.size
    if k < FEWEST or covariance.shape != (k, k):
        raise DataError("an interaction test needs two subgroups or more, and their covariance")
    contrast = np.column_stack([-np.ones(k - 1), np.eye(k - 1)])
    gaps = contrast @ estimates
    statistic = float(gaps @ np.linalg.solve(contrast @ covariance @ contrast.T, gaps))
    return statistic, k - 1, float(chdtrc(k - 1, statistic))


def check_interaction(
    effects: Sequence[Effect], thresholds: Thresholds, covariance: Matrix | None = None
) -> Check:
    """Tell whether the effects of one subgroup variable differ; for information.

    Args:
        effects: Effects on one outcome, one per value of the variable.
        thresholds: `alpha`.
        covariance: Covariance of the estimates; independent subgroups where None.

    Raises:
        DataError: The effects are not of one outcome, one method and one variable.
    """
    if len({(e.key, e.method, e.subgroup) for e in effects}) != 1:
        raise DataError("give the effects of one outcome, one method and one subgroup variable")
    first, name = effects[0], "interaction"
    variable = Name("covariate", first.subgroup)
    usable = [e for e in effects if np.isfinite(e.std_error) and e.std_error > 0]
    if len(usable) < FEWEST or len(usable) < len(effects):
        unjudged: Values = {"variable": variable}
        return Check(name, "no_error", None, None, None, unjudged, first.key, gating=False)
    estimates = np.array([e.estimate for e in usable])
    errors = np.array([e.std_error for e in usable])
    V = np.diag(errors**2) if covariance is None else covariance
    _, _, p = interaction_test(estimates, V)
    low, high = usable[int(estimates.argmin())], usable[int(estimates.argmax())]
    values: Values = {
        "variable": variable,
        "low": Estimate(low.estimate, low.unit, low.smallest_arm),
        "low_level": _level(low),
        "high": Estimate(high.estimate, high.unit, high.smallest_arm),
        "high_level": _level(high),
        "p": PValue(p),
    }
    finding = "differ" if p <= thresholds.alpha else "same"
    return Check(name, finding, None, p, thresholds.alpha, values, first.key, gating=False)


def _level(effect: Effect) -> Name:
    return Name("level", f"{effect.subgroup}={effect.subgroup_value}")


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
    comparison: Comparison, keys: Sequence[str], method: str, settings: Settings | None = None
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
    options = settings or Settings()
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


def run_families(
    comparison: Comparison,
    effects: Sequence[Effect],
    method: str,
    thresholds: BaseModel | Mapping[str, Any] | None = None,
    *,
    settings: Settings | None = None,
    seed: int = 0,
) -> list[Check]:
    """Judge the effects of one method as the families they were looked at in.

    All outcomes together on everybody (Romano-Wolf, or Holm for a method without influence
    functions); for each outcome, the subgroups together (Holm) and, for each subgroup variable,
    whether the effects differ.

    Args:
        comparison: The two arms.
        effects: The estimates; those by other methods, or without a number, are left aside.
        method: Name of the method.
        thresholds: `Thresholds`, the `checks` part of a study, or a mapping.
        settings: Options the effects were estimated with.
        seed: Seed of the bootstrap.
    """
    limits = as_thresholds(thresholds)
    usable = [e for e in effects if e.method == method and e.std_error > 0]
    whole = [e for e in usable if not e.subgroup]
    t_star = _statistics(comparison, whole, method, settings, limits, seed)
    checks = check_multiplicity(whole, limits, t_star)
    parts = [e for e in usable if e.subgroup]
    for key in dict.fromkeys(e.key for e in parts):
        of_outcome = [e for e in parts if e.key == key]
        checks += check_multiplicity(of_outcome, limits)
        for variable in dict.fromkeys(e.subgroup for e in of_outcome):
            family = [e for e in of_outcome if e.subgroup == variable]
            V = subgroup_covariance(comparison, family, method, settings)
            checks.append(check_interaction(family, limits, V))
    return checks


def _statistics(
    comparison: Comparison,
    effects: Sequence[Effect],
    method: str,
    settings: Settings | None,
    thresholds: Thresholds,
    seed: int,
) -> Matrix | None:
    if len(effects) < 2:  # noqa: PLR2004
        return None
    try:
        psi = influence_functions(comparison, [e.key for e in effects], method, settings)
        return multiplier_statistics(psi, _unit(comparison), draws=thresholds.draws, seed=seed)
    except EvalmlError:
        return None


def subgroup_covariance(
    comparison: Comparison,
    effects: Sequence[Effect],
    method: str,
    settings: Settings | None = None,
) -> Matrix | None:
    """Return the covariance of effects by subgroup: two that share clusters are not independent.

    Args:
        comparison: The two arms.
        effects: Effects on one outcome, one per value of one subgroup variable.
        method: Name of the method.
        settings: Its options.

    Returns:
        Shape (k, k), its diagonal being the variances of the effects; None where the method has no
        influence function.
    """
    psi = np.zeros((comparison.treated.size, len(effects)))
    try:
        for j, effect in enumerate(effects):
            column = comparison.subgroups[effect.subgroup].astype("str")
            rows = np.flatnonzero((column == effect.subgroup_value).to_numpy())
            part = take_rows(comparison, rows)
            psi[rows, j] = influence_functions(part, [effect.key], method, settings)[:, 0]
    except EvalmlError:
        return None
    sums = sum_by(psi, _unit(comparison))
    V = sums.T @ sums
    scale = np.array([e.std_error for e in effects]) / np.sqrt(np.diag(V))
    return np.asarray(V * np.outer(scale, scale))


def _unit(comparison: Comparison) -> IntVector | HashVector:
    return comparison.person if comparison.cluster is None else comparison.cluster
