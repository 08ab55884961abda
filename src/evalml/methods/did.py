"""Differences in differences from a long table: two groups, or units that adopt over time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args

import numpy as np

from evalml.errors import EstimationError, nearest
from evalml.methods.callaway_santanna import callaway_santanna, callaway_santanna_sections
from evalml.methods.effect import Naming, effect_of_influence
from evalml.methods.fixed_effects import (
    dense_regression,
    moving_covariates,
    sun_abraham,
    twfe,
    twfe_event_study,
)
from evalml.methods.group_time import (
    Aggregate,
    Aggregation,
    AverageOptions,
    RolloutOptions,
    aggregate,
    rollout_effects,
)
from evalml.methods.imputation import imputation
from evalml.methods.instruments import FuzzyData, WaldKind, wald_did
from evalml.methods.panel import (
    MissingRows,
    PanelColumns,
    PanelTable,
    Unbalanced,
    read_panel,
    read_sections,
)
from evalml.methods.two_period import EstMethod, TwoPeriod, panel_att, sections_att
from evalml.methods.variance import sampling_of

if TYPE_CHECKING:
    import pandas as pd

    from evalml.arrays import BoolVector, Matrix, Vector
    from evalml.methods.effect import Effect
    from evalml.methods.panel import CrossSections
    from evalml.methods.variance import Sampling


_NO_VARIATION = 1e-12
DidMethod: TypeAlias = Literal["twfe", "dr", "ipw", "reg", "dr_improved", "wald_did", "wald_tc"]
"""Fixed effects, one of the two-period estimators, or a fuzzy design."""


@dataclass(frozen=True, slots=True)
class DidRequest:
    """What is asked of a difference in differences.

    Attributes:
        columns: Which column is what; the extra columns hold the treatment status and, for the
            fuzzy designs, the take-up.
        method: Method.
        missing: Refuse or drop rows with missing values.
        level: Coverage of the interval.
    """

    columns: PanelColumns
    method: DidMethod = "twfe"
    missing: MissingRows = "refuse"
    level: float = 0.95

    def __post_init__(self) -> None:
        """Refuse what is not an option."""
        for value, valid in (
            (self.method, get_args(DidMethod)),
            (self.missing, get_args(MissingRows)),
        ):
            if value not in valid:
                raise EstimationError(f"'{value}' is not an option; {nearest(value, valid)}")


def estimate_did(table: pd.DataFrame, request: DidRequest) -> Effect:
    """Return the difference in differences of a long table.

    Args:
        table: One row per unit and period, or per person of two cross-sections.
        request: What is asked.

    Raises:
        EvalmlError: The table or the design does not allow it; the message says why.
    """
    columns = request.columns
    named = Naming(request.method, columns.outcome, level=request.level)
    if request.method == "wald_did" or request.method == "wald_tc":  # noqa: PLR1714  (narrows)
        return _fuzzy(table, request, request.method)
    if request.method == "twfe":
        if not columns.unit:
            raise EstimationError("twfe absorbs unit effects: name the column of the unit")
        panel = read_panel(table, columns, missing=request.missing, unbalanced="keep")
        return did_twfe(panel, columns.extra[0], named)
    if not columns.unit:
        sections = read_sections(table, columns, missing=request.missing)
        return did_sections(sections, columns.extra[0], named)
    panel = read_panel(table, columns, missing=request.missing)
    return did_two_periods(panel, columns.extra[0], named)


def _fuzzy(table: pd.DataFrame, request: DidRequest, kind: WaldKind) -> Effect:
    """Return a Wald ratio; rows of the same unit count as a cluster where none is named."""
    columns = request.columns
    if len(columns.extra) < 2:  # noqa: PLR2004
        raise EstimationError(f"{kind} needs the column of the take-up (0 or 1) of each row")
    if columns.covariates:
        raise EstimationError(f"{kind} takes no covariates; leave them out")
    if columns.unit and not columns.cluster:
        columns = replace(columns, cluster=columns.unit)
    rows = read_sections(table, columns, missing=request.missing)
    periods = np.unique(rows.time)
    _need_two(periods.size)
    group, take_up = (rows.extra[name] for name in columns.extra)
    _need_binary(group)
    data = FuzzyData(
        outcome=rows.outcome,
        take_up=take_up,
        group=group,
        post=(rows.time == periods[1]).astype(np.float64),
        weights=rows.weights,
        cluster=rows.cluster,
    )
    effect = wald_did(data, Naming(kind, columns.outcome, level=request.level), kind=kind)
    return replace(effect, details=rows.counts | effect.details)


def did_twfe(panel: PanelTable, treatment: str, named: Naming) -> Effect:
    """Return the coefficient of a treatment status, unit and period effects absorbed.

    Units need not be seen in every period. A status that does not move within units is read, with
    two periods, as the treated group.
    """
    D, warnings = panel.extra[treatment], []
    seen = np.ones_like(D, dtype=bool) if panel.seen is None else panel.seen
    if panel.periods.size == 2 and panel.seen is None and (D[0] == D[1]).all():  # noqa: PLR2004
        D = D * np.array([[0.0], [1.0]])
        warnings.append("the treatment does not move within units: read as the treated group")
    X = np.concatenate([D[None], moving_covariates(panel)])
    fit = dense_regression(panel.outcome, X, seen * panel.weights, panel.cluster)
    absorbed = panel.covariates.shape[2] - (X.shape[0] - 1)
    if absorbed:
        warnings.append(f"{absorbed} covariates do not move over time: absorbed with the units")
    ever = ((D != 0) & seen).any(axis=0)
    treated = seen & (D != 0)
    mean = float(panel.outcome[treated].mean()) if treated.any() else float("nan")
    details: dict[str, Any] = {
        "rows_used": fit.rows,
        "units_incomplete": int((~seen).any(axis=0).sum()),
        "parameters": fit.parameters,
        "warnings": [*warnings, *fit.sampling.warnings()],
    }
    codes = np.arange(ever.size) if panel.cluster is None else panel.cluster
    if np.unique(codes[ever]).size < 2:  # noqa: PLR2004
        details["warnings"] = [
            "one treated unit or cluster only: no standard error",
            *details["warnings"],
        ]
        fit.influence[0] = np.nan
    att = TwoPeriod(float(fit.beta[0]), fit.influence[0])
    counts = (int(ever.sum()), int((~ever).sum()))
    details["clusters"] = fit.sampling.n
    return _effect(att, fit.sampling, counts, mean, named, panel.counts | details)


def did_two_periods(panel: PanelTable, treatment: str, named: Naming) -> Effect:
    """Return the effect on the treated over two periods, with covariates of the first.

    `panel`: balanced panel of two periods whose extra columns hold the status; `named.method`:
    `dr`, `ipw`, `reg` or `dr_improved`.
    """
    D = _treated_group(panel.extra[treatment], panel.periods.size)
    X = np.hstack([np.ones((panel.n_units, 1)), panel.covariates[0]])
    dy = panel.outcome[1] - panel.outcome[0]
    att = panel_att(dy, D, X, panel.weights, _two_period(named), terms=panel.terms)
    sampling = sampling_of(panel.cluster, panel.n_units)
    treated = D == 1
    mean = float(np.average(panel.outcome[1, treated], weights=panel.weights[treated]))
    _refuse_single(treated, sampling)
    collapsed = TwoPeriod(att.att, sampling.collapse(att.influence))
    details: dict[str, Any] = {
        "clusters": None if panel.cluster is None else sampling.n,
        "warnings": sampling.warnings(),
    }
    counts = (int(treated.sum()), int((~treated).sum()))
    return _effect(collapsed, sampling, counts, mean, named, panel.counts | details)


def did_sections(sections: CrossSections, treatment: str, named: Naming) -> Effect:
    """Return the effect on the treated from two repeated cross-sections.

    `sections`: rows of two periods; the status marks the treated group in both; `named.method`:
    `dr`, `ipw` or `reg`.
    """
    periods = np.unique(sections.time)
    _need_two(periods.size)
    D, post = sections.extra[treatment], (sections.time == periods[1]).astype(np.float64)
    _need_binary(D)
    X = np.hstack([np.ones((D.size, 1)), sections.covariates])
    chosen: EstMethod = _two_period(named) if sections.covariates.shape[1] else "reg"
    att = sections_att(sections.outcome, D, post, X, sections.weights, chosen, sections.terms)
    sampling = sampling_of(sections.cluster, D.size)
    cell = (D == 1) & (post == 1)
    _refuse_single(D == 1, sampling)
    mean = float(np.average(sections.outcome[cell], weights=sections.weights[cell]))
    collapsed = TwoPeriod(att.att, sampling.collapse(att.influence))
    details = {
        "clusters": None if sections.cluster is None else sampling.n,
        "warnings": sampling.warnings(),
    }
    counts = (int((D == 1).sum()), int((D == 0).sum()))
    return _effect(collapsed, sampling, counts, mean, named, sections.counts | details)


def _two_period(named: Naming) -> EstMethod:
    """Return the method of an estimate as one of those over two periods."""
    return cast("EstMethod", named.method)


def _effect(
    att: TwoPeriod,
    sampling: Sampling,
    counts: tuple[int, int],
    mean: float,
    named: Naming,
    details: dict[str, Any],
) -> Effect:
    effect = effect_of_influence(
        att.att,
        att.influence,
        sampling,
        named,
        counts=counts,
        mean_treated=mean,
        details=details,
    )
    if effect.std_error <= _NO_VARIATION * (1 + abs(att.att)):
        raise EstimationError("the change of the outcome does not vary: no standard error")
    return effect


def _treated_group(D: Matrix, periods: int) -> Vector:
    """Return 1 for units treated in the second period, 0 for the others."""
    _need_two(periods)
    _need_binary(D)
    if (D[0] == D[1]).all():
        return np.asarray(D[1], dtype=np.float64)
    early = int((D[0] == 1).sum())
    if early:
        raise EstimationError(
            f"{early} units are treated in the first period already; leave them out, or mark the "
            "treated group in both periods"
        )
    return np.asarray(D[1], dtype=np.float64)


def _need_two(periods: int) -> None:
    if periods != 2:  # noqa: PLR2004
        raise EstimationError(
            f"the table holds {periods} periods; dr, ipw and reg need exactly two "
            "(keep two, or use rollout for more)"
        )


def _need_binary(D: Matrix | Vector) -> None:
    if not np.isin(D, (0.0, 1.0)).all():
        raise EstimationError("the treatment must hold 0 and 1 only")


def _refuse_single(treated: BoolVector, sampling: Sampling) -> None:
    """Refuse a variance that a single treated (or comparison) unit or cluster cannot give."""
    codes = np.arange(treated.size) if sampling.cluster is None else sampling.cluster
    for arm, name in ((treated, "treated"), (~treated, "comparison")):
        if np.unique(codes[arm]).size < 2:  # noqa: PLR2004
            raise EstimationError(
                f"there is one {name} unit or cluster only: no standard error can be computed"
            )


RolloutMethod: TypeAlias = Literal[
    "callaway_santanna", "sun_abraham", "imputation", "did2s", "twfe"
]
"""How a roll-out is estimated."""


@dataclass(frozen=True, slots=True)
class RolloutRequest:
    """What is asked of a roll-out.

    Attributes:
        columns: Which column is what.
        method: Method.
        aggregation: Which averages.
        options: Comparison group, covariates, anticipation, base (Callaway-Sant'Anna; the other
            methods use `anticipation` only).
        missing: Refuse or drop rows with missing values.
        unbalanced: Refuse or drop units that are not seen in every period.
        unit: Unit of the estimate.
        level: Coverage of the intervals.
        bootstrap: Draws for simultaneous bands, 0 for none.
        seed: Seed of the draws.
    """

    columns: PanelColumns
    method: RolloutMethod = "callaway_santanna"
    aggregation: Aggregation = "simple"
    options: RolloutOptions = field(default_factory=RolloutOptions)
    missing: MissingRows = "refuse"
    unbalanced: Unbalanced = "refuse"
    unit: str = ""
    level: float = 0.95
    bootstrap: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what is not an option."""
        for value, valid in (
            (self.method, get_args(RolloutMethod)),
            (self.aggregation, get_args(Aggregation)),
            (self.missing, get_args(MissingRows)),
            (self.unbalanced, ("refuse", "drop")),
        ):
            if value not in valid:
                raise EstimationError(f"'{value}' is not an option; {nearest(value, valid)}")
        if not 0 < self.level < 1:
            raise EstimationError("the level of the intervals lies between 0 and 1, such as 0.95")


def rollout_averages(table: pd.DataFrame, request: RolloutRequest) -> Aggregate:
    """Return the averages of a roll-out with their influence (for covariances and HonestDiD).

    `table`: one row per unit and period, or per person of repeated cross-sections.
    """
    if not request.columns.unit:
        if request.method != "callaway_santanna":
            raise EstimationError(
                f"{request.method} needs a unit seen in every period; name it, or use "
                "callaway_santanna, which also reads repeated cross-sections"
            )
        sections = read_sections(table, request.columns, missing=request.missing)
        effects = callaway_santanna_sections(sections, request.options)
        return aggregate(effects, request.aggregation)
    panel = read_panel(
        table, request.columns, missing=request.missing, unbalanced=request.unbalanced
    )
    return panel_averages(panel, request)


def panel_averages(panel: PanelTable, request: RolloutRequest) -> Aggregate:
    """Return the averages of a roll-out seen as a balanced panel."""
    if panel.seen is not None:
        raise EstimationError("a roll-out needs a balanced panel; drop the incomplete units")
    anticipation = request.options.anticipation
    if request.method == "twfe":
        if request.aggregation == "simple":
            return twfe(panel)
        if request.aggregation == "dynamic":
            return twfe_event_study(panel, anticipation)
        raise EstimationError("twfe has the aggregations simple and dynamic only")
    if request.method == "sun_abraham":
        return aggregate(sun_abraham(panel, anticipation), request.aggregation)
    if request.method in {"imputation", "did2s"}:
        two_stage = request.method == "did2s"
        if two_stage and request.aggregation not in {"simple", "dynamic"}:
            raise EstimationError("did2s has the aggregations simple and dynamic only")
        effects = imputation(panel, anticipation, two_stage=two_stage)
        return aggregate(effects, request.aggregation)
    return aggregate(callaway_santanna(panel, request.options), request.aggregation)


def rollout(table: pd.DataFrame, request: RolloutRequest) -> list[Effect]:
    """Return one row per average: the overall one first, then by key (see `rollout_effects`).

    Args:
        table: One row per unit and period, or per person of repeated cross-sections.
        request: What is asked.

    Raises:
        EvalmlError: The table or the design does not allow it; the message says why.
    """
    reading = AverageOptions(
        request.columns.outcome, request.unit, request.level, request.bootstrap, request.seed
    )
    averages = rollout_averages(table, request)
    averages.details["warnings"] += _unused(request)
    return rollout_effects(averages, reading)


def _unused(request: RolloutRequest) -> list[str]:
    """Say which options were given that the method does not use."""
    if request.method == "callaway_santanna":
        return []
    default, given = RolloutOptions(), request.options
    names = [
        n for n in ("control", "est_method", "base") if getattr(given, n) != getattr(default, n)
    ]
    if given.anticipation and request.method == "twfe" and request.aggregation == "simple":
        names.append("anticipation")
    return [f"{request.method} does not use: {', '.join(names)}"] if names else []
