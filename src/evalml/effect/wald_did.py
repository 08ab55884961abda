"""Fuzzy differences in differences: take-up is partial, and some of the comparison take up too.

de Chaisemartin and D'Haultfoeuille (2018), Fuzzy differences-in-differences, Review of Economic
Studies 85(2), 999-1028, doi:10.1093/restud/rdx049.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from evalml.effect.iv import (
    WEAK_F,
    Naming,
    anderson_rubin,
    late_effect,
    refuse_weak,
    weak_warning,
)
from evalml.effect.panel_variance import sampling_of
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import IntVector, Vector
    from evalml.effect.effect import Effect

WaldKind: TypeAlias = Literal["wald_did", "wald_tc"]
"""Ratio of differences in differences, or corrected for trends that differ by take-up."""


@dataclass(frozen=True, slots=True, repr=False)
class FuzzyData:
    """Rows of two groups and two periods.

    Attributes:
        outcome: Shape (n,).
        take_up: 0 or 1, shape (n,).
        group: 1 where take-up rises (areas that open), shape (n,).
        post: 1 in the later period, shape (n,).
        weights: Shape (n,), or None.
        cluster: Codes of the clusters, shape (n,), or None.
    """

    outcome: Vector
    take_up: Vector
    group: Vector
    post: Vector
    weights: Vector | None = None
    cluster: IntVector | None = None


def wald_did(
    data: FuzzyData,
    naming: Naming,
    *,
    kind: WaldKind = "wald_did",
    allow_weak: bool = False,
) -> Effect:
    """Return the effect on those whom the opening moved into the programme.

    Args:
        data: Rows of two groups and two periods.
        naming: Outcome, unit, level (the method is `kind`).
        kind: `wald_did` (theorem 1) or `wald_tc` (theorem 2: trends by take-up, no assumption on
            the stability of effects).
        allow_weak: Return a flagged estimate instead of refusing a weak first stage.

    Raises:
        EstimationError: An empty cell, no rise of take-up, a weak first stage, one cluster.
    """
    means = _Means.of(data)
    sampling = sampling_of(data.cluster, data.outcome.size)
    did_y, psi_y = means.did(data.outcome)
    did_d, psi_d = means.did(data.take_up)
    if kind == "wald_tc":
        did_y, psi_y = _corrected(data, means)
        did_d, psi_d = means.rise(data.take_up)
    psi_y, psi_d = sampling.collapse(psi_y), sampling.collapse(psi_d)
    variance = float(psi_d @ psi_d) * sampling.factor
    F = did_d**2 / variance if variance > 0 else (np.inf if did_d else 0.0)
    refuse_weak(F, allow_weak=allow_weak)
    late = did_y / did_d
    details: dict[str, Any] = {
        "first_stage": did_d,
        "first_stage_f": F if np.isfinite(F) else None,
        "weak_instrument": bool(F < WEAK_F),
        "reduced_form": did_y,
        "take_up": means.by_cell(data.take_up),
        "clusters": None if data.cluster is None else sampling.n,
        "warnings": [*weak_warning(F), *sampling.warnings()],
    }
    details |= anderson_rubin(did_y, psi_y, did_d, psi_d, sampling, naming.level)
    named = Naming(kind, naming.outcome, naming.unit, naming.level)
    influence = (psi_y - late * psi_d) / did_d
    return late_effect(late, influence, sampling, named, (data.take_up, data.outcome), details)


@dataclass(frozen=True, slots=True, repr=False)
class _Means:
    """Shares of each row in the mean of its cell, by (group, period)."""

    share: dict[tuple[int, int], Vector]

    @classmethod
    def of(cls, data: FuzzyData) -> _Means:
        weights = np.ones(data.outcome.size) if data.weights is None else data.weights
        if not np.isin(data.take_up, (0.0, 1.0)).all():
            raise EstimationError("take-up must hold 0 and 1 only")
        share = {}
        for g in (0, 1):
            for t in (0, 1):
                cell = weights * ((data.group == g) & (data.post == t))
                if not cell.any():
                    raise EstimationError(f"no row in group {g}, period {t}; four cells are needed")
                share[g, t] = cell / cell.sum()
        return cls(share)

    def mean(self, v: Vector, g: int, t: int) -> tuple[float, Vector]:
        """Return the mean of a cell and the influence of each row on it."""
        share = self.share[g, t]
        mean = float(share @ v)
        return mean, share * (v - mean)

    def rise(self, v: Vector, g: int = 1) -> tuple[float, Vector]:
        """Return the change of a group between the periods."""
        (m1, psi1), (m0, psi0) = self.mean(v, g, 1), self.mean(v, g, 0)
        return m1 - m0, psi1 - psi0

    def did(self, v: Vector) -> tuple[float, Vector]:
        """Return the difference in differences."""
        (m1, psi1), (m0, psi0) = self.rise(v, 1), self.rise(v, 0)
        return m1 - m0, psi1 - psi0

    def by_cell(self, v: Vector) -> dict[str, float]:
        """Return the four means."""
        names = {
            (0, 0): "comparison_before",
            (0, 1): "comparison_after",
            (1, 0): "treated_before",
            (1, 1): "treated_after",
        }
        return {names[cell]: float(share @ v) for cell, share in self.share.items()}


def _corrected(data: FuzzyData, means: _Means) -> tuple[float, Vector]:
    """Return the numerator of the time-corrected Wald ratio: trends by take-up are taken out."""
    rise, psi = means.rise(data.outcome)
    p, psi_p = means.mean(data.take_up, 1, 0)
    for d, size, slope in ((1.0, p, 1.0), (0.0, 1 - p, -1.0)):
        if size == 0:
            continue
        trend, psi_trend = _trend(data, means, d)
        rise -= size * trend
        psi = psi - size * psi_trend - slope * trend * psi_p
    return rise, psi


def _trend(data: FuzzyData, means: _Means, d: float) -> tuple[float, Vector]:
    """Return the change of the outcome in the comparison group among rows with take-up `d`."""
    total, psi = 0.0, np.zeros(data.outcome.size)
    for t, sign in ((1, 1.0), (0, -1.0)):
        share = means.share[0, t] * (data.take_up == d)
        if not share.any():
            raise EstimationError(
                f"no row of the comparison group has take-up {d:g} in period {t}: the "
                "time-corrected ratio cannot be computed"
            )
        share = share / share.sum()
        mean = float(share @ data.outcome)
        total += sign * mean
        psi += sign * share * (data.outcome - mean)
    return total, psi
