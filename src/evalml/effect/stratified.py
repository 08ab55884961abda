"""The effect within strata: coarsened exact matching, and subclasses of the score.

Iacus, King and Porro (2012), doi:10.1093/pan/mpr013; Rosenbaum and Rubin (1984),
doi:10.1080/01621459.1984.10478078. The strata are taken as given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.effect.estimators import PointEstimate, hc_errors
from evalml.errors import EstimationError, nearest

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Vector
    from evalml.comparison.comparison import DesignMatrix
    from evalml.comparison.propensity import Estimand


@dataclass(frozen=True, slots=True)
class StrataOptions:
    """How strata are made.

    Attributes:
        bins: Bins of equal width of each number (cem); 0 for Sturges' number.
        cutpoints: Lower edges of the bins of some numbers instead, by name (cem).
        subclasses: Number of subclasses of the score (subclass).
    """

    bins: int = 0
    cutpoints: tuple[tuple[str, tuple[float, ...]], ...] = ()
    subclasses: int = 6

    def __post_init__(self) -> None:
        """Refuse what makes no strata.

        Raises:
            EstimationError: Fewer than one bin, or than two subclasses.
        """
        if self.bins < 0 or self.subclasses < 2:  # noqa: PLR2004
            raise EstimationError("bins are 1 or more (0: by Sturges), subclasses 2 or more")


@dataclass(frozen=True, slots=True, repr=False)
class Strata:
    """Strata of the rows, and what follows whatever the outcome.

    Attributes:
        codes: Code of each row, -1 where its stratum lacks an arm, shape (n,).
        weights: Weight of each row in its arm, 0 where it is not used, shape (n,).
        details: What there is to say.
    """

    codes: IntVector
    weights: Vector
    details: dict[str, Any]


def coarsen(design: DesignMatrix, options: StrataOptions) -> IntVector:
    """Number the combinations of binned covariates, shape (n,); categories stay whole.

    As MatchIt: bins of equal width from the smallest to the largest value, Sturges' number of them
    over both arms.
    """
    edges_of = dict(options.cutpoints)
    for name in edges_of:
        if name not in design.names:
            message = f"cutpoints: no column '{name}'; {nearest(name, design.names)}"
            raise EstimationError(message)
    n = design.columns.shape[0]
    bins = options.bins or int(np.ceil(np.log2(n) + 1))
    codes = np.zeros(n, dtype=np.int64)
    for j, name in enumerate(design.names):
        values = design.columns.column(j)
        edges = np.linspace(values.min(), values.max(), bins + 1)[1:-1]
        if name in edges_of:
            edges = np.sort(np.array(edges_of[name]))
        place = np.searchsorted(edges, values, side="right")
        codes = np.unique(codes * (edges.size + 1) + place, return_inverse=True)[1]
    return codes.astype(np.int64)


def subclasses(score: Vector, treated: BoolVector, estimand: Estimand, number: int) -> IntVector:
    """Cut the score at its quantiles, those of the treated for the effect on them, shape (n,)."""
    counted = score[treated] if estimand == "att" else score
    edges = np.quantile(counted, np.linspace(0, 1, number + 1))[1:-1]
    return np.searchsorted(edges, score, side="right").astype(np.int64)


def weigh_strata(codes: IntVector, treated: BoolVector, estimand: Estimand) -> Strata:
    """Weight the rows of each stratum so that both arms stand for the persons of the estimand.

    `codes`: code of the stratum, shape (n,); `estimand`: `att` or `ate`.
    """
    if estimand not in {"att", "ate"}:
        raise EstimationError(f"strata estimate att or ate, not {estimand}")
    S = int(codes.max()) + 1
    n1, n0 = np.bincount(codes[treated], minlength=S), np.bincount(codes[~treated], minlength=S)
    both = (n1 > 0) & (n0 > 0)
    if not both.any():
        raise EstimationError("no stratum holds both arms; use fewer bins or covariates")
    target = np.where(both, n1 if estimand == "att" else n1 + n0, 0)
    own = np.where(treated, n1[codes], n0[codes])
    weights = np.where(both[codes], target[codes] / own, 0.0)
    lost = int((treated & ~both[codes]).sum()), int((~treated & ~both[codes]).sum())
    return Strata(np.where(both[codes], codes, -1), weights, _describe(int(both.sum()), lost))


def _describe(strata: int, lost: tuple[int, int]) -> dict[str, Any]:
    warnings = []
    if lost[0]:
        warnings.append(
            f"{lost[0]} treated lie in strata without comparison rows and were dropped: the effect "
            "is that on the others, no longer on all the treated"
        )
    return {
        "strata": strata,
        "dropped_treated": lost[0],
        "dropped_comparison": lost[1],
        "warnings": warnings,
    }


def stratified_difference(
    y: Vector, treated: BoolVector, strata: Strata, estimand: Estimand
) -> PointEstimate:
    """Return the mean over strata of the difference of the arms within them.

    The influence function is that of the mean over strata, which are taken as given; `hc` errors
    are those of the weighted regression on the treatment (the weights as given).

    `y`: outcome, shape (n,); `estimand`: `att` or `ate`.
    """
    used, w = strata.codes >= 0, strata.weights
    codes, d, values = strata.codes[used], treated[used], y[used]
    mean1, mean0 = (float(np.average(y[arm], weights=w[arm])) for arm in (treated, ~treated))
    theta = mean1 - mean0
    S = int(codes.max()) + 1
    by_arm = [_means(values[arm], codes[arm], S) for arm in (d, ~d)]
    residual = values - np.where(d, by_arm[0][codes], by_arm[1][codes])
    gap = (by_arm[0] - by_arm[1])[codes] - theta
    counted = np.where(d, 1.0, 0.0) if estimand == "att" else np.ones(d.size)
    psi = np.zeros(y.size)
    psi[used] = counted * gap + np.where(d, 1.0, -1.0) * w[used] * residual
    psi *= y.size / counted.sum()
    return PointEstimate(
        theta, psi, mean1, mean0, _weighted_errors(y, treated, w), used=used, details=strata.details
    )


def _means(values: Vector, codes: IntVector, strata: int) -> Vector:
    count = np.bincount(codes, minlength=strata)
    sums = np.bincount(codes, weights=values, minlength=strata)
    return np.asarray(sums / np.maximum(count, 1))


def _weighted_errors(y: Vector, treated: BoolVector, w: Vector) -> dict[str, float]:
    """Return the errors of the weighted regression on the treatment, over the rows used."""
    used = w > 0
    total = np.where(treated, w[treated].sum(), w[~treated].sum())
    means = [float(np.average(y[arm], weights=w[arm])) for arm in (~treated, treated)]
    share = (w / total)[used]
    residual = (y - np.where(treated, means[1], means[0]))[used]
    errors = hc_errors(share * residual * share.size, share, 2)
    return {"known_weights": errors["hc0"], **errors}
