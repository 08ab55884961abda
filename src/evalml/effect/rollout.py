"""One door to the roll-out methods: a long table in, flat rows out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from evalml.effect.callaway_santanna import callaway_santanna, callaway_santanna_sections
from evalml.effect.group_time import RolloutOptions
from evalml.effect.imputation import imputation
from evalml.effect.panel_columns import Missing, PanelColumns
from evalml.effect.panel_table import PanelTable, Unbalanced, read_panel, read_sections
from evalml.effect.rollout_aggregate import Aggregate, Aggregation, aggregate
from evalml.effect.rollout_effects import Reading, rollout_effects
from evalml.effect.sun_abraham import sun_abraham
from evalml.effect.twfe import twfe, twfe_event_study
from evalml.errors import EstimationError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from evalml.effect.effect import Effect

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
    missing: Missing = "refuse"
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
            (self.missing, get_args(Missing)),
            (self.unbalanced, ("refuse", "drop")),
        ):
            if value not in valid:
                raise EstimationError(f"'{value}' is not an option; {nearest(value, valid)}")
        if not 0 < self.level < 1:
            raise EstimationError("the level of the intervals lies between 0 and 1, such as 0.95")


def rollout_averages(table: pd.DataFrame, request: RolloutRequest) -> Aggregate:
    """Return the averages of a roll-out with their influence (for covariances and HonestDiD).

    Args:
        table: One row per unit and period, or per person of repeated cross-sections.
        request: What is asked.

    Raises:
        EvalmlError: The table or the design does not allow it; the message says why.
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
    """Return the averages of a roll-out seen as a balanced panel.

    Args:
        panel: Balanced panel.
        request: What is asked.

    Raises:
        EstimationError: The design does not allow it, or the method lacks this aggregation.
    """
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
    reading = Reading(
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
