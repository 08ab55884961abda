"""How far the two arms overlap, and what an effect may still be said of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.comparison.weights import effective_size

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector

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
