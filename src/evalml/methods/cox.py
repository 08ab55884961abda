"""The Cox model with late entry and ties (Efron), model-based or robust variance.

Cox (1972), doi:10.1111/j.2517-6161.1972.tb00899.x; Efron (1977),
doi:10.1080/01621459.1977.10480613; Lin and Wei (1989), doi:10.1080/01621459.1989.10478874.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalml.errors import EstimationError
from evalml.methods.durations import Durations, RiskSets, at_risk, risk_sets
from evalml.methods.regression import NotConvergedError, maximise, whole_solver
from evalml.methods.survival import refuse_causes
from evalml.methods.variance import sampling_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalml.arrays import IntVector, Matrix, Vector
    from evalml.methods.regression import NewtonState


_INFINITE = 15.0


@dataclass(frozen=True, slots=True, repr=False)
class CoxFit:
    """A fitted Cox model.

    Attributes:
        beta: Log hazard ratios, shape (p,).
        std_error: Their standard errors, shape (p,).
        loglik: Log partial likelihood.
        events: Number of events.
        robust: Whether the variance is the robust one (weights or clusters).
        clusters: Number of clusters, or None.
    """

    beta: Vector
    std_error: Vector
    loglik: float
    events: int
    robust: bool
    clusters: int | None


@dataclass(frozen=True, slots=True, repr=False)
class _Sums:
    """Sums over those at risk (S) and over those with the event (R) at each time, and Efron's.

    `e` holds, for each time, the sums over its ties r = 0 … d-1, with c = r/d and
    phi = S0 - c R0, of 1/phi, c/phi, 1/phi^2, c/phi^2, c^2/phi^2 and log phi.
    """

    S0: Vector
    S1: Matrix
    S2: NDArray[np.float64]
    R0: Vector
    R1: Matrix
    R2: NDArray[np.float64]
    e: Matrix
    wbar: Vector
    deaths: Vector
    wx: Vector


def cox(durations: Durations, X: Matrix) -> CoxFit:
    """Fit a Cox model by Newton steps on the partial likelihood.

    Args:
        durations: Durations whose events are 0 and 1 (other causes: recode them as censored).
        X: Covariates without constant, shape (n, p).

    Raises:
        EstimationError: No event, several causes, collinear covariates, a coefficient that grows
            without end (no event in one category), one cluster.
    """
    refuse_causes(durations, "cox")
    if X.shape[1] == 0:
        raise EstimationError("cox needs a group or covariates")
    sets = risk_sets(durations)
    scale = X.std(axis=0)
    if (scale == 0).any():
        raise EstimationError("a covariate of the Cox model does not vary; leave it out")
    Z = (X - X.mean(axis=0)) / scale
    beta = _fit(durations, sets, Z)
    sums = _sums(durations, sets, Z, beta)
    loglik, _, information = _derivatives(sums, beta)
    inverse = np.linalg.inv(information)
    robust = durations.weights is not None or durations.cluster is not None
    V, clusters = inverse, None
    if robust:
        sampling = sampling_of(_dense(durations), durations.time.size)
        influence = _score_residuals(durations, sets, Z, beta, sums) @ inverse
        psi = np.array([sampling.collapse(column) for column in influence.T])
        V = psi @ psi.T * sampling.factor
        clusters = None if durations.cluster is None else sampling.n
    return CoxFit(
        beta=beta / scale,
        std_error=np.sqrt(np.diag(V)) / scale,
        loglik=loglik,
        events=int((durations.event == 1).sum()),
        robust=robust,
        clusters=clusters,
    )


@dataclass(frozen=True, slots=True, repr=False)
class _PartialLikelihood:
    """The partial likelihood; its state is (log hazard ratios,)."""

    durations: Durations
    sets: RiskSets
    Z: Matrix

    def step(self, state: NewtonState) -> tuple[NewtonState, Matrix]:
        sums = _sums(self.durations, self.sets, self.Z, state[0])
        _, score, information = _derivatives(sums, state[0])
        message = "the covariates of the Cox model are collinear; leave one out"
        solver = whole_solver(information, message)
        return (solver.solve(score),), information

    def value(self, state: NewtonState) -> float:
        sums = _sums(self.durations, self.sets, self.Z, state[0])
        return _derivatives(sums, state[0])[0]


def _fit(durations: Durations, sets: RiskSets, Z: Matrix) -> Vector:
    """Maximise the partial likelihood."""
    try:
        (beta,) = maximise(_PartialLikelihood(durations, sets, Z), (np.zeros(Z.shape[1]),)).state
        if np.abs(beta).max() <= _INFINITE:
            return beta
    except NotConvergedError:
        pass
    raise EstimationError(
        "a coefficient of the Cox model grows without end: a covariate (or a group) has events on "
        "one side only; merge categories or leave it out"
    )


def _sums(durations: Durations, sets: RiskSets, Z: Matrix, beta: Vector) -> _Sums:
    """Return the sums the likelihood and its derivatives are made of."""
    K, p = sets.times.size, Z.shape[1]
    happened = np.flatnonzero(durations.event == 1)
    w, place = durations.w, sets.last[happened] - 1
    r = w * np.exp(np.clip(Z @ beta, -500, 500))

    def pair(v: Vector) -> tuple[Vector, Vector]:
        tied: Vector = np.bincount(place, weights=v[happened], minlength=K).astype(np.float64)
        return at_risk(v, sets.first, sets.last, K), tied

    S0, R0 = pair(r)
    S1, R1 = np.empty((K, p)), np.empty((K, p))
    S2, R2 = np.empty((K, p, p)), np.empty((K, p, p))
    for a in range(p):
        ra = r * Z[:, a]
        S1[:, a], R1[:, a] = pair(ra)
        for b in range(a + 1):
            S2[:, a, b], R2[:, a, b] = pair(ra * Z[:, b])
            S2[:, b, a], R2[:, b, a] = S2[:, a, b], R2[:, a, b]
    deaths = np.bincount(place, minlength=K).astype(np.float64)
    return _Sums(
        S0,
        S1,
        S2,
        R0,
        R1,
        R2,
        e=_efron(S0, R0, deaths.astype(np.int64)),
        wbar=np.bincount(place, weights=w[happened], minlength=K) / deaths,
        deaths=deaths,
        wx=(w[happened, None] * Z[happened]).sum(axis=0),
    )


def _efron(S0: Vector, R0: Vector, deaths: IntVector) -> Matrix:
    """Return Efron's sums over ties, shape (6, K)."""
    place = np.repeat(np.arange(S0.size), deaths)
    start = np.cumsum(deaths) - deaths
    c = (np.arange(place.size) - start[place]) / deaths[place]
    phi = S0[place] - c * R0[place]
    terms = (1 / phi, c / phi, 1 / phi**2, c / phi**2, c**2 / phi**2, np.log(phi))
    return np.array([np.bincount(place, weights=t, minlength=S0.size) for t in terms])


def _derivatives(s: _Sums, beta: Vector) -> tuple[float, Vector, Matrix]:
    """Return the log partial likelihood, its gradient and the information."""
    e = s.e * s.wbar
    loglik = float(s.wx @ beta - e[5].sum())
    score = s.wx - (e[0] @ s.S1 - e[1] @ s.R1)
    second = np.tensordot(e[0], s.S2, axes=1) - np.tensordot(e[1], s.R2, axes=1)
    cross = (s.S1 * e[3][:, None]).T @ s.R1
    outer = (s.S1 * e[2][:, None]).T @ s.S1 - cross - cross.T
    outer = outer + (s.R1 * e[4][:, None]).T @ s.R1
    return loglik, score, second - outer


def _score_residuals(
    durations: Durations, sets: RiskSets, Z: Matrix, beta: Vector, s: _Sums
) -> Matrix:
    """Return the derivative of the score in each person's weight, times the weight, (n, p)."""
    r = durations.w * np.exp(np.clip(Z @ beta, -500, 500))
    e = s.e * s.wbar
    h, g = e[0], s.S1 * e[2][:, None] - s.R1 * e[3][:, None]
    own_h = e[0] - e[1]
    own_g = s.S1 * (e[2] - e[3])[:, None] - s.R1 * (e[3] - e[4])[:, None]

    def while_at_risk(v: Matrix) -> Matrix:
        total = np.concatenate([np.zeros((1, v.shape[1])), np.cumsum(v, axis=0)])
        out: Matrix = total[sets.last] - total[sets.first]
        return out

    H, G = while_at_risk(h[:, None]), while_at_risk(g)
    out: Matrix = -r[:, None] * (Z * H - G)
    mine = np.flatnonzero(durations.event == 1)
    k = sets.last[mine] - 1
    mean = (s.S1 * s.e[0][:, None] - s.R1 * s.e[1][:, None]) / s.deaths[:, None]
    out[mine] += durations.w[mine, None] * (Z[mine] - mean[k])
    gap_h, gap_g = (h - own_h)[k], (g - own_g)[k]
    out[mine] += r[mine, None] * (Z[mine] * gap_h[:, None] - gap_g)
    return out


def _dense(durations: Durations) -> NDArray[np.int64] | None:
    """Return cluster codes without holes."""
    if durations.cluster is None:
        return None
    return np.unique(durations.cluster, return_inverse=True)[1].astype(np.int64)
