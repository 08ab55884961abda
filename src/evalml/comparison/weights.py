"""Weights that make one arm stand for an estimand: score, entropy balancing, overlap."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.comparison.propensity import find_support, refuse_one_arm
from evalml.errors import EstimationError
from evalml.methods.design_matrix import gram
from evalml.methods.regression import standardise

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Matrix, Vector
    from evalml.comparison.comparison import DesignMatrix
    from evalml.comparison.propensity import Estimand
    from evalml.methods.design_matrix import Packed


@dataclass(frozen=True, slots=True, repr=False)
class Weights:
    """One weight per row, for its own arm.

    Attributes:
        values: Shape (n,), not normalised.
        slope: Derivative of the weight with respect to the linear predictor, shape (n,).
        clipped: Rows whose score was moved to the clipping bound.
        low: Lowest score allowed, 0 without clipping.
        high: Highest score allowed, 1 without clipping.
    """

    values: Vector
    slope: Vector
    clipped: int = 0
    low: float = 0.0
    high: float = 1.0


def score_weights(
    score: Vector, treated: BoolVector, estimand: Estimand = "att", clip: float | None = None
) -> Weights:
    """Weight each row by its propensity score e.

    Effect on the treated (att): 1 for the treated, e / (1 - e) for the others. On all (ate):
    1 / e and 1 / (1 - e). On the overlap (ato): 1 - e and e (Li, Morgan and Zaslavsky, 2018).

    Args:
        score: Propensity score, shape (n,).
        treated: Shape (n,).
        estimand: `att`, `ate` or `ato`.
        clip: Scores are kept between clip and 1 - clip; None leaves them alone. For the effect on
            the treated only the upper bound matters, and for the overlap neither.

    Raises:
        EstimationError: A weight is infinite.
    """
    low, high = _bounds(estimand, clip)
    e = np.clip(score, low, high)
    moved = e != score
    with np.errstate(divide="ignore"):
        values, slope = _WEIGHTS[estimand](e, treated)
    concerned = moved & ~treated if estimand == "att" else moved
    if not np.isfinite(values).all():
        message = (
            f"no overlap: {int((~np.isfinite(values)).sum())} rows have a propensity score of "
            "exactly 0 or 1 and an infinite weight; change the pool, or clip the score"
        )
        raise EstimationError(message)
    return Weights(values, np.where(moved, 0.0, slope), int(concerned.sum()), low, high)


def effective_size(weights: Vector) -> float:
    """Return Kish's effective sample size, (sum w)^2 / sum w^2."""
    total = float((weights**2).sum())
    return float(weights.sum()) ** 2 / total if total > 0 else 0.0


def _bounds(estimand: Estimand, clip: float | None) -> tuple[float, float]:
    if clip is None or estimand == "ato":
        return 0.0, 1.0
    if not 0.0 < clip < 0.5:  # noqa: PLR2004
        message = f"clip is {clip}; it must lie between 0 and 0.5"
        raise EstimationError(message)
    return (0.0 if estimand == "att" else clip), 1.0 - clip


def _att(e: Vector, treated: BoolVector) -> tuple[Vector, Vector]:
    odds = np.where(treated, 0.0, e / np.where(treated, 1.0, 1.0 - e))
    return np.where(treated, 1.0, odds), odds


def _ate(e: Vector, treated: BoolVector) -> tuple[Vector, Vector]:
    own = np.where(treated, e, 1.0 - e)
    weight = 1.0 / own
    return weight, np.where(treated, -(1.0 - e), e) * weight


def _ato(e: Vector, treated: BoolVector) -> tuple[Vector, Vector]:
    variance = e * (1.0 - e)
    return np.where(treated, 1.0 - e, e), np.where(treated, -variance, variance)


_WEIGHTS = {"att": _att, "ate": _ate, "ato": _ato}


MAX_ITERATIONS = 100
TOLERANCE = 1e-10
"""Largest difference of moments left, in standard deviations."""
SMALLEST_STEP = 1e-10
NAMED = 5


@dataclass(frozen=True, slots=True, repr=False)
class EntropyBalance:
    """A converged solution.

    Attributes:
        weights: 1 for the treated; for the others they sum to the number of treated, shape (n,).
        moments: What was balanced, standardised, shape (n, q).
        iterations: Newton steps.
        gap: Largest difference of moments left, in standard deviations.
        notes: Rows that weigh nothing, with the reason.
    """

    weights: Vector
    moments: Packed
    iterations: int
    gap: float
    notes: tuple[str, ...]


def balance_entropy(design: DesignMatrix, treated: BoolVector, moments: int = 1) -> EntropyBalance:
    """Weight the comparison arm so that its moments equal those of the treated.

    Hainmueller (2012): the dual is smooth and convex, and solved by Newton's method with a line
    search. Means are balanced, and with `moments=2` the squares of covariates that are not 0/1 too.

    Args:
        design: Covariates, n rows.
        treated: Shape (n,).
        moments: 1 or 2.

    Raises:
        EstimationError: The treated means lie outside what weights of the comparison arm can reach.
    """
    if moments not in (1, 2):
        message = f"moments is {moments}; give 1 (means) or 2 (means and squares)"
        raise EstimationError(message)
    support = find_support(design, treated)
    if support.treated_levels:
        levels = ", ".join(support.treated_levels[:NAMED])
        message = f"no overlap: no comparison person at {levels}; group the levels or leave it out"
        raise EstimationError(message)
    inside = ~support.alone_comparison
    refuse_one_arm(treated[inside])
    columns, names = _moments(design, moments)
    standard = standardise(columns if inside.all() else columns[inside])
    Z = _without_constant(standard.Z)
    kept_names = [names[j] for j in standard.kept]
    weights, iterations, gap = _solve(Z, treated[inside], kept_names)
    spread = np.where(treated, 1.0, 0.0)
    spread[inside] = np.where(treated[inside], 1.0, weights)
    full = Z if inside.all() else _without_constant(standard.apply(columns))
    return EntropyBalance(spread, full, iterations, gap, _notes(support.comparison_levels, inside))


def _moments(design: DesignMatrix, moments: int) -> tuple[Packed, list[str]]:
    X, names = design.columns, list(design.names)
    if moments == 1:
        return X, names
    more = np.flatnonzero(~X.binary())
    numbers = np.column_stack([X.column(int(j)) for j in more]) if more.size else X.dense[:, :0]
    squares = (numbers - numbers.mean(axis=0)) ** 2
    found = X.prepend(squares)
    p, m = X.shape[1], more.size
    in_order = np.concatenate([np.arange(m, m + p), np.arange(m)])
    return found.take(in_order), [*names, *(f"{names[j]}^2" for j in more)]


def _without_constant(Z: Packed) -> Packed:
    return Z.take(np.arange(1, Z.shape[1]))


def _solve(Z: Packed, treated: BoolVector, names: list[str]) -> tuple[Vector, int, float]:
    """Minimise log sum exp(C b) where C are the comparison moments less the treated means."""
    C = Z[~treated].less(Z[treated].mean())
    b = np.zeros(C.shape[1])
    value, w = _dual(C @ b)
    gap = np.abs(w @ C).max(initial=0.0)
    iterations = 0
    while gap > TOLERANCE:
        iterations += 1
        mean = w @ C
        hessian = gram(C, w) - np.outer(mean, mean)
        step = _newton(hessian, mean)
        b, value, w, moved = _search(C, b, step, value, float(mean @ step))
        gap = float(np.abs(w @ C).max(initial=0.0))
        if not moved or iterations >= MAX_ITERATIONS:
            break
    if gap > TOLERANCE * 1e4:
        raise EstimationError(_unreachable(np.abs(w @ C), names))
    weights = np.zeros(treated.size)
    weights[~treated] = w * treated.sum()
    return weights, iterations, float(gap)


def _dual(eta: Vector) -> tuple[float, Vector]:
    top = float(eta.max())
    w = np.exp(eta - top)
    total = float(w.sum())
    return top + float(np.log(total)), w / total


def _newton(hessian: Matrix, gradient: Vector) -> Vector:
    ridge = 1e-14 * np.trace(hessian) * np.eye(hessian.shape[0])
    try:
        return np.asarray(np.linalg.solve(hessian + ridge, gradient))
    except np.linalg.LinAlgError:
        return gradient


def _search(
    C: Packed, b: Vector, step: Vector, value: float, slope: float
) -> tuple[Vector, float, Vector, bool]:
    """Halve the step until the dual falls enough (Armijo)."""
    size = 1.0
    while size > SMALLEST_STEP:
        candidate = b - size * step
        lower, w = _dual(C @ candidate)
        if lower <= value - 1e-4 * size * slope + 1e-14 * abs(value):
            return candidate, lower, w, True
        size /= 2.0
    return b, value, _dual(C @ b)[1], False


def _unreachable(gap: Vector, names: list[str]) -> str:
    worst = np.argsort(-gap, kind="stable")[:NAMED]
    found = ", ".join(f"'{names[j]}' ({gap[j]:.2g} SD)" for j in worst if gap[j] > TOLERANCE)
    return (
        "entropy balancing did not converge: no weights of the comparison arm reach the means of "
        f"the treated; still apart: {found}; leave a covariate out or change the pool"
    )


def _notes(levels: tuple[str, ...], inside: BoolVector) -> tuple[str, ...]:
    if inside.all():
        return ()
    rows = int((~inside).sum())
    return (f"{rows} rows weigh nothing: no treated person at {', '.join(levels[:NAMED])}",)


SMALL_ESS = 50.0
"""An arm whose effective size is below this is a handful of persons, unless it was one before."""
SHARE_LEFT = 0.5
"""A comparison arm worth less than this share of the treated one is thin; so is an arm of fewer
than 100 persons that keeps less than this share of them."""
HEAVY = 0.05
"""Share of the weight of an arm that one row may hold."""
FAR = 0.95
"""A treated person above this score has almost nobody to be compared with."""
FAR_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Overlap:
    """Overlap of the arms under a set of weights.

    Attributes:
        ess_treated: Effective size of the treated arm.
        ess_comparison: Effective size of the comparison arm.
        heaviest: Largest share of its arm's weight held by one row.
        share_far: Share of the treated whose score exceeds 0.95; None without a score.
        highest_comparison: Highest score of the comparison arm; None without a score.
        share_beyond: Share of the treated above that highest score; None without a score.
    """

    ess_treated: float
    ess_comparison: float
    heaviest: float
    share_far: float | None = None
    highest_comparison: float | None = None
    share_beyond: float | None = None

    def details(self) -> dict[str, Any]:
        """Return the figures by name."""
        return asdict(self)


def measure_overlap(weights: Vector, treated: BoolVector, score: Vector | None = None) -> Overlap:
    """Return effective sizes, the heaviest row and, with a score, how far the treated go."""
    w1, w0 = weights[treated], weights[~treated]
    sizes = (effective_size(w1), effective_size(w0))
    heaviest = max(_largest_share(w1), _largest_share(w0))
    if score is None:
        return Overlap(*sizes, heaviest)
    top = float(score[~treated].max())
    return Overlap(
        *sizes,
        heaviest,
        float((score[treated] > FAR).mean()),
        top,
        float((score[treated] > top).mean()),
    )


def overlap_warnings(overlap: Overlap, n_treated: int, n_comparison: int) -> list[str]:
    """Return a sentence for each sign that the arms hardly overlap.

    Args:
        overlap: What was measured.
        n_treated: Rows of the treated arm.
        n_comparison: Rows of the comparison arm.
    """
    found = []
    ess1, ess0 = overlap.ess_treated, overlap.ess_comparison
    if _thin(ess0, n_comparison) or ess0 < SHARE_LEFT * ess1:
        found.append(
            f"weak overlap: the {n_comparison} comparison persons count as {ess0:.1f} "
            f"(effective sample size) against {ess1:.1f} treated"
        )
    if _thin(ess1, n_treated):
        found.append(
            f"weak overlap: the {n_treated} treated persons count as {ess1:.1f} "
            "(effective sample size)"
        )
    if overlap.heaviest > HEAVY and overlap.heaviest * min(n_treated, n_comparison) > 2.0:  # noqa: PLR2004
        found.append(f"weak overlap: one person holds {overlap.heaviest:.1%} of an arm's weight")
    if overlap.share_far is not None and overlap.share_far > FAR_SHARE:
        found.append(
            f"weak overlap: {overlap.share_far:.1%} of the treated have a score above {FAR}"
        )
    return found


def _thin(ess: float, n: int) -> bool:
    return ess < min(SMALL_ESS, SHARE_LEFT * n)


def trim(score: Vector, low: float = 0.1, high: float = 0.9) -> BoolVector:
    """Return the rows whose score lies between low and high (Crump and others, 2009)."""
    return (score >= low) & (score <= high)


def trimming(score: Vector, treated: BoolVector, kept: BoolVector) -> dict[str, float]:
    """Say whom the trimmed sample still speaks of: rows and shares of each arm kept."""
    return {
        "kept_treated": int((kept & treated).sum()),
        "kept_comparison": int((kept & ~treated).sum()),
        "share_treated_kept": float(kept[treated].mean()),
        "share_comparison_kept": float(kept[~treated].mean()),
        "mean_score_treated_kept": float(np.mean(score[kept & treated]))
        if (kept & treated).any()
        else float("nan"),
    }


def _largest_share(w: Vector) -> float:
    total = w.sum()
    return float(w.max() / total) if w.size and total > 0 else 0.0
