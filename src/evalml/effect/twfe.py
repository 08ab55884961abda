"""Two-way fixed effects: the regression that a heterogeneous roll-out biases.

Kept because reports ask for it, and to be shown beside methods that are not biased: Goodman-Bacon
(2021), doi:10.1016/j.jeconom.2021.03.014; de Chaisemartin and D'Haultfoeuille (2020),
doi:10.1257/aer.20181169.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.effect.group_time import RolloutOptions
from evalml.effect.rollout_aggregate import Aggregate
from evalml.effect.rollout_units import sort_out
from evalml.effect.within_regression import Regressors, WithinFit, within_regression
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalml.arrays import Vector
    from evalml.effect.panel_table import PanelTable

_WARNING = (
    "two-way fixed effects compare units already treated with each other: biased when effects "
    "differ by group or over time"
)


def twfe(panel: PanelTable) -> Aggregate:
    """Return the coefficient of "treated by now" in a regression with unit and period effects.

    Args:
        panel: Balanced panel; covariates that move enter linearly.

    Raises:
        EstimationError: No unit changes its treatment, collinearity, one cluster.
    """
    first, group = np.unique(panel.first_treated, return_inverse=True)
    treated = (panel.periods >= first[:, None]).astype(np.float64)
    fit = within_regression(
        panel.outcome,
        Regressors(treated[None], group, moving_covariates(panel)),
        panel.weights,
        panel.cluster,
    )
    return _read(panel, fit, np.empty(0))


def twfe_event_study(panel: PanelTable, anticipation: int = 0) -> Aggregate:
    """Return coefficients by event time, the last untreated period being the reference.

    The overall effect is the mean of the coefficients from treatment on.

    Args:
        panel: Balanced panel.
        anticipation: Periods before treatment in which units may already react; the reference
            lies before them.

    Raises:
        EstimationError: No never-treated unit (event times are then not all identified),
            collinearity, one cluster.
    """
    units = sort_out(panel.first_treated, panel.periods, RolloutOptions(anticipation=anticipation))
    drop = int((~units.keep).sum())
    finite = np.where(
        panel.first_treated[drop:] > panel.periods[-1], np.inf, panel.first_treated[drop:]
    )
    first, group = np.unique(finite, return_inverse=True)
    event = panel.periods - first[:, None]
    times = np.unique(event[np.isfinite(event)])
    before = times[times < -anticipation]
    if before.size == 0:
        raise EstimationError("no treated unit is seen before treatment: there is no reference")
    reference = before[-1]
    keys = times[times != reference]
    cluster = None if panel.cluster is None else panel.cluster[drop:]
    fit = within_regression(
        panel.outcome[:, drop:],
        Regressors(
            (event == keys[:, None, None]).astype(np.float64),
            group,
            moving_covariates(panel)[:, :, drop:],
        ),
        panel.weights[drop:],
        None if cluster is None else np.unique(cluster, return_inverse=True)[1],
    )
    return _read(panel, fit, keys, [*units.warnings])


def moving_covariates(panel: PanelTable) -> NDArray[np.float64]:
    """Return the covariates that change over time, shape (p, T, n); the others are absorbed."""
    values = panel.covariates
    if values.shape[0] == 1:
        return np.empty((0, *panel.outcome.shape))
    moves = (values != values[:1]).any(axis=(0, 1))
    return np.ascontiguousarray(values[:, :, moves].transpose(2, 0, 1))


def _read(
    panel: PanelTable, fit: WithinFit, keys: Vector, warnings: list[str] | None = None
) -> Aggregate:
    """Put the coefficients of interest, and their average after treatment, in the common form."""
    k = max(keys.size, 1)
    estimate, influence = fit.beta[:k], fit.influence[:k]
    if keys.size:
        mix = (keys >= 0) / max((keys >= 0).sum(), 1)
        estimate = np.append(estimate, mix @ estimate)
        influence = np.vstack([influence, mix @ influence])
    event_time = np.append(keys, np.nan)
    none = np.full(event_time.size, np.nan)
    post = panel.periods[:, None] >= panel.first_treated
    ever = np.isfinite(panel.first_treated) & post.any(axis=0)
    codes = np.arange(ever.size) if panel.cluster is None else panel.cluster
    sampled = np.unique(codes[ever]).size
    mean = float((panel.outcome * post).sum() / post.sum()) if post.any() else float("nan")
    return Aggregate(
        method="twfe",
        kind="dynamic" if keys.size else "simple",
        group=none,
        time=none,
        event_time=event_time,
        estimate=estimate,
        influence=influence,
        mean_treated=np.full(event_time.size, mean),
        n_treated=np.full(event_time.size, int(ever.sum())),
        n_comparison=np.full(event_time.size, int((~ever).sum())),
        judged=np.full(event_time.size, sampled > 1),
        sampling=fit.sampling,
        details={
            **panel.counts,
            "clusters": fit.sampling.n,
            "parameters": fit.parameters,
            "warnings": [
                _WARNING,
                *(warnings or []),
                *["one treated unit or cluster only: no standard error"] * (sampled < 2),  # noqa: PLR2004
                *fit.sampling.warnings(),
            ],
        },
    )
