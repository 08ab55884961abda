"""Instrumental variables by two-stage least squares, and fuzzy differences in differences.

Angrist and Imbens (1995), doi:10.1080/01621459.1995.10476535. Strength: the effective F of Montiel
Olea and Pflueger (2013), doi:10.1080/00401706.2013.806694, robust and clustered. With one
instrument, the Anderson-Rubin interval stays right however weak it is.

de Chaisemartin and D'Haultfoeuille (2018), Fuzzy differences-in-differences, Review of Economic
Studies 85(2), 999-1028, doi:10.1093/restud/rdx049.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from scipy.special import ndtri

from evalml.errors import EstimationError
from evalml.methods.effect import Naming, effect_of_influence
from evalml.methods.regression import least_squares
from evalml.methods.variance import sampling_of

if TYPE_CHECKING:
    from evalml.arrays import IntVector, Matrix, Vector
    from evalml.methods.effect import Effect
    from evalml.methods.variance import Sampling


WEAK_F = 10.0
"""Below this effective F an instrument is called weak (Staiger and Stock's rule of thumb)."""
_RANK = 1e-10


@dataclass(frozen=True, slots=True, repr=False)
class IvData:
    """What an instrumental-variables estimate needs.

    Attributes:
        outcome: Shape (n,).
        treatment: Take-up, shape (n,).
        instruments: Shape (n, q).
        controls: Exogenous columns without the constant (areas, periods, …), shape (n, p).
        weights: Shape (n,), or None.
        cluster: Codes of the clusters, shape (n,), or None.
    """

    outcome: Vector
    treatment: Vector
    instruments: Matrix
    controls: Matrix
    weights: Vector | None = None
    cluster: IntVector | None = None


@dataclass(frozen=True, slots=True, repr=False)
class IvFit:
    """A two-stage least-squares estimate.

    Attributes:
        late: Effect on those whom the instruments move.
        influence: Shape (m,), summing to its error.
        first_stage_f: Effective F of the instruments.
        first_stage: Coefficients of the instruments in the first stage, shape (q,).
        reduced_form: Reduced form and first stage, and their influence, for one instrument.
        sampling: What was sampled.
    """

    late: float
    influence: Vector
    first_stage_f: float
    first_stage: Vector
    reduced_form: tuple[float, Vector, float, Vector] | None
    sampling: Sampling


def two_stage_least_squares(data: IvData) -> IvFit:
    """Return the 2SLS estimate, controls partialled out.

    Args:
        data: Outcome, take-up, instruments, controls.

    Raises:
        EstimationError: An instrument does not vary given the controls, one cluster.
    """
    n = data.outcome.size
    w = np.ones(n) if data.weights is None else data.weights
    sampling = sampling_of(data.cluster, n)
    C = np.hstack([np.ones((n, 1)), data.controls])
    y, d, Z = (_partial(v, C, w) for v in (data.outcome, data.treatment, data.instruments))
    if (np.sum(Z**2, axis=0) <= _RANK * np.sum(data.instruments**2, axis=0)).any():
        raise EstimationError("an instrument does not vary once the controls are held fixed")
    first = least_squares(Z, w)
    gram, pi = first.solver.cross, first.coefficients(d)
    if first.solver.kept.size < Z.shape[1]:
        raise EstimationError("an instrument follows from the others; leave it out")
    fitted = Z @ pi
    strength = float(w @ (fitted * d))
    late = float(w @ (fitted * y)) / strength
    influence = sampling.collapse(w * fitted * (y - d * late) / strength)
    pi_influence = np.array([sampling.collapse(c) for c in first.influence(d, pi).T])
    V = pi_influence @ pi_influence.T * sampling.factor
    effective = float(pi @ gram @ pi / np.trace(V @ gram))
    reduced = None
    if Z.shape[1] == 1:
        rho = float(Z[:, 0] @ (w * y) / gram[0, 0])
        rho_influence = sampling.collapse(Z[:, 0] * w * (y - Z[:, 0] * rho) / gram[0, 0])
        reduced = (rho, rho_influence, float(pi[0]), pi_influence[0])
    return IvFit(late, influence, effective, pi, reduced, sampling)


def iv_effect(
    data: IvData, outcome: str, *, unit: str = "", level: float = 0.95, allow_weak: bool = False
) -> Effect:
    """Return the effect on compliers; a weak instrument is refused, or flagged on request.

    Args:
        data: Outcome, take-up, instruments, controls.
        outcome: Name of the outcome.
        unit: Unit of the estimate.
        level: Coverage.
        allow_weak: Return a flagged estimate instead of refusing.

    Raises:
        EstimationError: The effective F is below 10 and `allow_weak` is off.
    """
    fit = two_stage_least_squares(data)
    refuse_weak(fit.first_stage_f, allow_weak=allow_weak)
    details: dict[str, Any] = {
        "first_stage_f": fit.first_stage_f,
        "weak_instrument": fit.first_stage_f < WEAK_F,
        "clusters": None if data.cluster is None else fit.sampling.n,
        "warnings": [*weak_warning(fit.first_stage_f), *fit.sampling.warnings()],
    }
    if fit.reduced_form is not None:
        details |= anderson_rubin(*fit.reduced_form, fit.sampling, level)
    return late_effect(
        fit.late,
        fit.influence,
        fit.sampling,
        Naming("iv", outcome, unit, level),
        (data.treatment, data.outcome),
        details,
    )


def late_effect(
    late: float,
    influence: Vector,
    sampling: Sampling,
    naming: Naming,
    data: tuple[Vector, Vector],
    details: dict[str, Any],
) -> Effect:
    """Return a local effect as a flat row; `data` holds take-up and outcome."""
    d, y = data
    treated = d > 0
    return effect_of_influence(
        late,
        influence,
        sampling,
        naming,
        counts=(int(treated.sum()), int((~treated).sum())),
        mean_treated=float(y[treated].mean()) if treated.any() else float("nan"),
        details=details,
        estimand="late",
    )


def refuse_weak(F: float, *, allow_weak: bool) -> None:
    """Refuse an instrument whose effective F is below 10, unless asked not to."""
    if not allow_weak and not F >= WEAK_F:
        raise EstimationError(
            f"weak instrument: the effective F of the first stage is {F:.1f} (10 is the least); "
            "the estimate and its interval would not be reliable"
        )


def weak_warning(F: float) -> list[str]:
    """Say that an instrument is weak."""
    if F >= WEAK_F:
        return []
    return [f"weak instrument (effective F {F:.1f}): read the Anderson-Rubin interval only"]


def anderson_rubin(
    rho: float,
    rho_influence: Vector,
    pi: float,
    pi_influence: Vector,
    sampling: Sampling,
    level: float = 0.95,
) -> dict[str, Any]:
    """Return the Anderson-Rubin set of one instrument: all b with rho - b pi not far from zero.

    Args:
        rho: Reduced form.
        rho_influence: Its influence values.
        pi: First stage.
        pi_influence: Its influence values.
        sampling: What was sampled.
        level: Coverage.

    Returns:
        `anderson_rubin` as (low, high), or None where the set is not an interval, and
        `anderson_rubin_set`: `interval`, `outside` (all but an interval) or `everything`.
    """
    z2 = float(ndtri(0.5 + level / 2) ** 2) * sampling.factor
    a = pi**2 - z2 * float(pi_influence @ pi_influence)
    b = -2 * (rho * pi - z2 * float(rho_influence @ pi_influence))
    c = rho**2 - z2 * float(rho_influence @ rho_influence)
    gap = b * b - 4 * a * c
    if a > 0:
        root = float(np.sqrt(max(gap, 0.0)))
        bounds = [(-b - root) / (2 * a), (-b + root) / (2 * a)]
        return {"anderson_rubin": bounds, "anderson_rubin_set": "interval"}
    kind = "outside" if gap > 0 else "everything"
    return {"anderson_rubin": None, "anderson_rubin_set": kind}


def _partial(v: Vector | Matrix, C: Matrix, w: Vector) -> Vector:
    """Return what the controls do not explain, by weighted least squares."""
    out: Vector = v - C @ least_squares(C, w).solver.solve((C * w[:, None]).T @ v)
    return out


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
    named = replace(naming, method=kind)
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
