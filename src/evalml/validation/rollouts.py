"""Worlds over time: areas that adopt one after another, two periods, partial take-up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from evalml.methods.callaway_santanna import callaway_santanna, callaway_santanna_sections
from evalml.methods.effect import Naming
from evalml.methods.fixed_effects import sun_abraham, twfe
from evalml.methods.group_time import GroupTime, RolloutOptions, aggregate
from evalml.methods.imputation import imputation
from evalml.methods.instruments import FuzzyData, IvData, iv_effect, wald_did
from evalml.methods.panel import CrossSections, PanelTable
from evalml.methods.two_period import NO_NAMES, CovariateTerms, EstMethod, panel_att
from evalml.methods.variance import critical_value, sampling_of
from evalml.validation.harness import Arm, Row, Scenario, interval_row, one_by_one

if TYPE_CHECKING:
    from evalml.arrays import Matrix, Vector


GROUPS = np.array([3.0, 4.0, 6.0, np.inf])
FORBIDDEN = "compares areas that open late with those open already, whose effects still grow"


@dataclass(frozen=True, slots=True, repr=False)
class RolloutSample:
    """A panel and the effect in each of its cells, shape (T, n)."""

    panel: PanelTable
    effect: Matrix


def rollout_panel(
    rng: np.random.Generator,
    n: int = 240,
    clusters: int | None = None,
    slope: float = 0.0,
    growth: float = 0.3,
) -> RolloutSample:
    """Draw six periods, three groups and never; effects differ by group and grow.

    `clusters`: dates are drawn by cluster, and shocks are common to a cluster and period; `slope`:
    where not zero, trends and dates depend on a covariate; `growth`: size of the effects, 0 for
    none.
    """
    T = 6
    periods = np.arange(1.0, T + 1)
    x = rng.normal(size=n)
    if clusters is None:
        push = np.where(rng.random(n) < 1 / (1 + np.exp(-0.6 * x * (slope != 0))), 0, 2)
        first = GROUPS[push + rng.integers(0, 2, n)]
        cluster = None
    else:
        cluster = np.repeat(np.arange(clusters), n // clusters)
        first = GROUPS[rng.permutation(np.arange(clusters) % 4)][cluster]
    order = np.argsort(first, kind="stable")
    first, x = first[order], x[order]
    since = np.maximum(periods[:, None] - first, -1) + 1  # periods treated, 0 before
    effect = (8 - np.where(np.isinf(first), 0, first)) * growth * since
    y = rng.normal(size=n) + 0.2 * periods[:, None] + slope * x * periods[:, None]
    y = y + effect + rng.normal(size=(T, n))
    if cluster is not None:
        cluster = cluster[order]
        y = y + 0.7 * rng.normal(size=(T, clusters or 0))[:, cluster]
    covariates = x[None, :, None] if slope else np.empty((1, n, 0))
    terms = CovariateTerms(("x",)) if slope else NO_NAMES
    return RolloutSample(
        PanelTable(y, periods, first, covariates, terms, np.ones(n), cluster), effect
    )


PanelEstimator = Callable[[PanelTable], GroupTime]
ESTIMATORS: dict[str, PanelEstimator] = {
    "callaway_santanna_never": lambda p: callaway_santanna(p, RolloutOptions("never")),
    "callaway_santanna_not_yet": lambda p: callaway_santanna(p, RolloutOptions("not_yet")),
    "sun_abraham": sun_abraham,
    "imputation": imputation,
}


def at_one(name: str, growth: float) -> Callable[[RolloutSample, int], Row]:
    """Return the effect one period after opening; the truth given the dates, or over their draws.

    Callaway and Sant'Anna count that the sizes of the groups are sampled; the other two do not.
    """

    def row(sample: RolloutSample, replication: int) -> Row:  # noqa: ARG001
        averages = aggregate(ESTIMATORS[name](sample.panel), "dynamic")
        k = int(np.flatnonzero(averages.event_time == 1)[0])
        truth = float(np.mean([(8 - g) * growth * 2 for g in (3.0, 4.0)]))
        if not name.startswith("callaway"):
            one = sample.panel.periods[:, None] - sample.panel.first_treated == 1
            truth = float(sample.effect[one].mean())
        return interval_row(averages.estimate[k], averages.std_error[k], truth)

    return row


def two_way(sample: RolloutSample, replication: int) -> Row:  # noqa: ARG001
    """Return the two-way fixed effects coefficient; the truth is the mean effect of the treated."""
    panel = sample.panel
    result = twfe(panel)
    treated = panel.periods[:, None] >= panel.first_treated
    critical = critical_value(result.sampling)
    truth = float(sample.effect[treated].mean())
    return interval_row(result.estimate[-1], result.std_error[-1], truth, critical)


def cell(estimator: PanelEstimator, *, bare: str = "") -> Callable[[RolloutSample, int], Row]:
    """Return the effect of the group of period 3 in period 4, where the truth is 5 x 0.3 x 2.

    `bare`: what is taken away before: `cluster` or `covariates`.
    """

    def row(sample: RolloutSample, replication: int) -> Row:  # noqa: ARG001
        panel = sample.panel
        if bare == "cluster":
            panel = replace(panel, cluster=None)
        if bare == "covariates":
            none = np.empty((1, panel.n_units, 0))
            panel = replace(panel, covariates=none, terms=NO_NAMES)
        cells = estimator(panel)
        k = int(np.flatnonzero((cells.group == 3) & (cells.time == 4))[0])  # noqa: PLR2004
        critical = critical_value(sampling_of(panel.cluster, panel.n_units))
        return interval_row(cells.estimate[k], cells.std_error[k], 3.0, critical)

    return row


def by_covariates(method: EstMethod) -> PanelEstimator:
    """Return Callaway-Sant'Anna with covariates by `dr`, `reg` or `ipw`."""
    return lambda panel: callaway_santanna(panel, RolloutOptions("never", method))


def sections(rng: np.random.Generator, n: int = 1200) -> CrossSections:
    """Draw repeated cross-sections: each person is seen once, effects grow by a half a period."""
    first, time = GROUPS[rng.integers(0, 4, n)], rng.integers(1, 7, n).astype(float)
    gap = time - first
    y = 0.2 * time + (first == 3) + np.where(gap >= 0, 0.5 * (gap + 1), 0.0) + rng.normal(size=n)  # noqa: PLR2004
    return CrossSections(y, time, first, np.empty((n, 0)), NO_NAMES, np.ones(n), None)


def sections_row(rows: CrossSections, replication: int) -> Row:  # noqa: ARG001
    """Return the effect one period after opening, 1 in truth."""
    averages = aggregate(callaway_santanna_sections(rows), "dynamic")
    k = int(np.flatnonzero(averages.event_time == 1)[0])
    return interval_row(averages.estimate[k], averages.std_error[k], 1.0)


def two_periods(rng: np.random.Generator, n: int = 1000) -> tuple[Vector, Vector, Vector]:
    """Draw the change of an outcome, the treatment and a covariate that moves both."""
    x = rng.normal(size=n)
    D = (rng.random(n) < 1 / (1 + np.exp(-0.5 * x))).astype(float)
    return 1 + 0.8 * x + 2 * D + rng.normal(size=n), D, x


def two_period_row(method: EstMethod, *, bare: bool = False) -> Callable[[Any, int], Row]:
    """Return the difference in differences with (or without) the covariate, 2 in truth."""

    def row(data: tuple[Vector, Vector, Vector], replication: int) -> Row:  # noqa: ARG001
        dy, D, x = data
        X = np.column_stack([np.ones(x.size), x])[:, : 1 if bare else 2]
        fit = panel_att(dy, D, X, np.ones(x.size), method)
        return interval_row(fit.att, float(np.sqrt(fit.influence @ fit.influence)), 2.0)

    return row


def fuzzy(rng: np.random.Generator, n: int = 4000) -> FuzzyData:
    """Let take-up rise from 10 to 60 % in the group that opens, from 10 to 20 % in the other."""
    group, post = rng.integers(0, 2, n), rng.integers(0, 2, n)
    level = rng.random(n)
    d = (level < 0.1 + 0.1 * post + 0.4 * group * post).astype(float)
    y = group - level + 0.5 * post + 2 * d + rng.normal(size=n)
    return FuzzyData(y, d, group.astype(float), post.astype(float))


def wald_row(data: FuzzyData, replication: int) -> Row:  # noqa: ARG001
    """Return the Wald ratio, 2 in truth."""
    effect = wald_did(data, Naming("", "y"))
    return interval_row(effect.estimate, effect.std_error, 2.0)


def took_up_row(data: FuzzyData, replication: int) -> Row:  # noqa: ARG001
    """Compare those who took up with those who did not, after opening."""
    after = data.post == 1
    arms = [data.outcome[after & (data.take_up == d)] for d in (1.0, 0.0)]
    se = float(np.sqrt(sum(a.var(ddof=1) / a.size for a in arms)))
    return interval_row(float(arms[0].mean() - arms[1].mean()), se, 2.0)


def hidden(rng: np.random.Generator, n: int = 2000) -> IvData:
    """Draw take-up moved by an instrument, a covariate, and something hidden."""
    z, u, x = rng.normal(size=(3, n))
    d = 0.6 * z + u + 0.5 * x + rng.normal(size=n)
    y = 1 + 2 * d + 2 * u - x + rng.normal(size=n)
    return IvData(y, d, z[:, None], x[:, None])


def iv_row(data: IvData, replication: int) -> Row:  # noqa: ARG001
    """Return two-stage least squares, 2 in truth."""
    effect = iv_effect(data, "y")
    return interval_row(effect.estimate, effect.std_error, 2.0)


def no_instrument_row(data: IvData, replication: int) -> Row:  # noqa: ARG001
    """Return least squares of the outcome on take-up and the covariate."""
    n = data.outcome.size
    Z = np.column_stack([np.ones(n), data.controls])
    d, y = (v - Z @ np.linalg.lstsq(Z, v, rcond=None)[0] for v in (data.treatment, data.outcome))
    beta = float(d @ y / (d @ d))
    psi = (y - beta * d) * d / (d @ d)
    return interval_row(beta, float(np.sqrt(psi @ psi)), 2.0)


_ALL = tuple(Arm(name) for name in ESTIMATORS)
_SIZE = "240 areas, 6 periods"
CLUSTERED = {
    "callaway_santanna": cell(callaway_santanna),
    "sun_abraham": cell(sun_abraham),
    "imputation": cell(imputation),
    "callaway_santanna_no_cluster": cell(callaway_santanna, bare="cluster"),
}
TRENDS = {
    "callaway_santanna_dr": cell(by_covariates("dr")),
    "callaway_santanna_reg": cell(by_covariates("reg")),
    "callaway_santanna_ipw": cell(by_covariates("ipw")),
    "callaway_santanna_bare": cell(callaway_santanna, bare="covariates"),
}

ROLLOUT_SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "rollout",
        "areas open one after another; effects differ and grow",
        "over time",
        _SIZE,
        (*_ALL, Arm("twfe", FORBIDDEN)),
        rollout_panel,
        one_by_one({name: at_one(name, 0.3) for name in ESTIMATORS} | {"twfe": two_way}),
    ),
    Scenario(
        "rollout_null",
        "the same dates, no effect",
        "over time",
        _SIZE,
        (*_ALL, Arm("twfe")),
        lambda rng: rollout_panel(rng, growth=0.0),
        one_by_one({name: at_one(name, 0.0) for name in ESTIMATORS} | {"twfe": two_way}),
    ),
    Scenario(
        "rollout_clustered",
        "dates by cluster, shocks common to a cluster and period",
        "over time",
        "60 clusters of 8, 6 periods",
        (
            *(Arm(name) for name in list(CLUSTERED)[:3]),
            Arm("callaway_santanna_no_cluster", "takes the areas for independent"),
        ),
        lambda rng: rollout_panel(rng, n=480, clusters=60),
        one_by_one(CLUSTERED),
    ),
    Scenario(
        "rollout_trends",
        "trends and dates depend on a covariate",
        "over time",
        "480 areas, 6 periods",
        (
            *(Arm(name) for name in list(TRENDS)[:3]),
            Arm("callaway_santanna_bare", "leaves the covariate out"),
        ),
        lambda rng: rollout_panel(rng, n=480, slope=0.4),
        one_by_one(TRENDS),
    ),
    Scenario(
        "rollout_sections",
        "a roll-out seen through repeated cross-sections",
        "over time",
        "1,200 persons, 6 periods",
        (Arm("callaway_santanna"),),
        sections,
        one_by_one({"callaway_santanna": sections_row}),
    ),
    Scenario(
        "two_periods",
        "two periods, trends depend on a covariate",
        "over time",
        "1,000 persons",
        (Arm("dr"), Arm("reg"), Arm("ipw"), Arm("bare", "leaves the covariate out")),
        two_periods,
        one_by_one(
            {
                "dr": two_period_row("dr"),
                "reg": two_period_row("reg"),
                "ipw": two_period_row("ipw"),
                "bare": two_period_row("reg", bare=True),
            }
        ),
    ),
    Scenario(
        "take_up",
        "take-up is partial, and the comparison areas take up too",
        "over time",
        "4,000 persons",
        (Arm("wald_did"), Arm("diff", "compares those who took up with the others")),
        fuzzy,
        one_by_one({"wald_did": wald_row, "diff": took_up_row}),
    ),
    Scenario(
        "instrument",
        "something hidden moves take-up and outcome; an instrument moves take-up",
        "over time",
        "2,000 persons",
        (Arm("iv"), Arm("ols", "what is hidden biases it")),
        hidden,
        one_by_one({"iv": iv_row, "ols": no_instrument_row}),
    ),
)
