"""Event study without contamination: one coefficient by group and period.

Sun and Abraham (2021), Estimating dynamic treatment effects in event studies with heterogeneous
treatment effects, Journal of Econometrics 225(2), 175-199, doi:10.1016/j.jeconom.2020.09.006.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.effect.group_time import GroupTime, RolloutOptions
from evalml.effect.rollout_units import RolloutUnits, sort_out
from evalml.effect.twfe import moving_covariates
from evalml.effect.within_regression import Regressors, WithinFit, within_regression
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from evalml.arrays import IntVector, Vector
    from evalml.effect.panel_table import PanelTable


def sun_abraham(panel: PanelTable, anticipation: int = 0) -> GroupTime:
    """Return the effect of each group at each period from one saturated regression.

    Compared with never-treated units, or, where there is none, with the last group until it is
    treated. Aggregated by `aggregate`, with the shares of the groups taken as fixed.

    Args:
        panel: Balanced panel; covariates that move enter linearly.
        anticipation: Periods before treatment in which units may already react.

    Raises:
        EstimationError: Nobody to compare with, collinearity, one cluster.
    """
    options = RolloutOptions(anticipation=anticipation)
    never = bool((panel.first_treated > panel.periods[-1] + anticipation).any())
    options = options if never else RolloutOptions("not_yet", anticipation=anticipation)
    units = sort_out(panel.first_treated, panel.periods, options)
    drop, T = int((~units.keep).sum()), units.periods.size
    first = panel.first_treated[drop:]
    code = np.minimum(np.searchsorted(units.groups, first), units.groups.size)
    known = units.groups[np.minimum(code, units.groups.size - 1)] == first
    code = np.where(known, code, units.groups.size)
    pairs = [
        (g, t)
        for g, group in enumerate(units.groups)
        for t in range(T)
        if t != int(np.searchsorted(units.periods + anticipation, group)) - 1
    ]
    dummies = np.zeros((len(pairs), units.groups.size + 1, T))
    for row, (g, t) in enumerate(pairs):
        dummies[row, g, t] = 1.0
    cluster = None
    if panel.cluster is not None:
        cluster = np.unique(panel.cluster[drop:], return_inverse=True)[1]
    fit = within_regression(
        panel.outcome[:T, drop:],
        Regressors(dummies, code, moving_covariates(panel)[:, :T, drop:]),
        panel.weights[drop:],
        cluster,
    )
    return _read(panel, units, np.array(pairs), code, fit)


def _read(
    panel: PanelTable, units: RolloutUnits, pairs: IntVector, code: IntVector, fit: WithinFit
) -> GroupTime:
    """Put the coefficients by group and period in the common form."""
    drop, T = int((~units.keep).sum()), units.periods.size
    y, weights = panel.outcome[:T, drop:], panel.weights[drop:]
    size = np.bincount(code, minlength=units.groups.size + 1)
    if size[-1] == 0:
        raise EstimationError("nobody is left to compare with")
    mass = np.bincount(code, weights=weights)
    sums = np.array([np.bincount(code, weights=weights * row, minlength=mass.size) for row in y])
    sampled = _sampled(fit, code, units.groups.size + 1)
    g, t = pairs.T
    alone = int((sampled < 2).sum())  # noqa: PLR2004
    judged = (sampled[g] > 1) & (sampled[-1] > 1)
    warnings = [*units.warnings, *fit.sampling.warnings()]
    if alone:
        warnings.append(
            f"{alone} groups (or the comparison) of one unit or cluster: no standard error"
        )
    return GroupTime(
        method="sun_abraham",
        group=units.groups[g],
        time=units.periods[t],
        estimate=fit.beta[: g.size],
        influence=fit.influence[: g.size],
        mean_treated=(sums / mass)[t, g],
        n_treated=size[g],
        n_comparison=np.full(g.size, size[-1]),
        weight=mass[g] / mass.sum(),
        weight_influence=None,
        judged=judged,
        sampling=fit.sampling,
        details={
            **panel.counts,
            **units.counts,
            "clusters": fit.sampling.n,
            "parameters": fit.parameters,
            "warnings": warnings,
        },
    )


def _sampled(fit: WithinFit, code: IntVector, groups: int) -> Vector:
    """Count the clusters with a unit of each group."""
    cluster = fit.sampling.cluster
    codes = np.arange(code.size) if cluster is None else cluster
    pairs = np.unique(np.stack([code, codes]), axis=1)[0]
    return np.bincount(pairs, minlength=groups).astype(np.float64)
