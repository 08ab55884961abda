"""`evalml rollout`, `evalml did`, `evalml survival`: designs in which time matters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalml.cli.statistics import TableOptions, with_table_options
from evalml.errors import EstimationError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from evalml.methods.durations import DurationColumns
    from evalml.methods.panel import PanelColumns
    from evalml.reading.table import Kind, RawTable

Data = Annotated[Path, typer.Argument(help="CSV or Parquet file, one row per unit and period.")]
UnitColumn = Annotated[
    str, typer.Option("--unit", help="Column of the unit; none: cross-sections.")
]
Time = Annotated[str, typer.Option("--time", help="Column of the period.")]
OutcomeColumn = Annotated[str, typer.Option("--outcome", help="Column of the outcome.")]
Covariates = Annotated[
    list[str] | None, typer.Option("--covariates", help="Columns, with commas or repeated.")
]
Cluster = Annotated[str, typer.Option("--cluster", help="Column of the clusters of the variance.")]
WeightsColumn = Annotated[str, typer.Option("--weights", help="Column of the sampling weights.")]
MissingRows = Annotated[
    str, typer.Option("--missing", help="Rows with a missing value: refuse, or drop and count.")
]
Level = Annotated[float, typer.Option("--level", help="Coverage of the intervals.")]
Treated = Annotated[
    str | None, typer.Option("--treated", help="Value of the treated, where not 1 and 0.")
]

_CONTROLS = {
    "never": "never",
    "nevertreated": "never",
    "never_treated": "never",
    "not_yet": "not_yet",
    "notyet": "not_yet",
    "notyettreated": "not_yet",
    "not_yet_treated": "not_yet",
}


@with_table_options
def rollout(  # noqa: PLR0913, PLR0917
    context: typer.Context,
    data: Data,
    time: Time,
    outcome: OutcomeColumn,
    first_treated: Annotated[
        str,
        typer.Option("--first-treated", help="Column of the first treated period (0: never)."),
    ],
    unit: UnitColumn = "",
    method: Annotated[
        str, typer.Option(help="callaway_santanna, sun_abraham, imputation, did2s or twfe.")
    ] = "callaway_santanna",
    aggregate: Annotated[
        str, typer.Option(help="gt, simple, group, dynamic or calendar.")
    ] = "simple",
    control: Annotated[str, typer.Option(help="Compare with: never, or not_yet.")] = "never",
    covariates: Covariates = None,
    est_method: Annotated[
        str, typer.Option(help="Covariates by: dr, dr_improved, reg, ipw.")
    ] = "dr",
    anticipation: Annotated[int, typer.Option(help="Periods units may react before.")] = 0,
    base: Annotated[str, typer.Option(help="Base period: varying or universal.")] = "varying",
    weights: WeightsColumn = "",
    cluster: Cluster = "",
    unbalanced: Annotated[
        str, typer.Option(help="Units not seen in every period: refuse, or drop and count.")
    ] = "refuse",
    incomplete: Annotated[
        str, typer.Option(help="Effects by group and time without estimate: refuse, leave_out.")
    ] = "refuse",
    missing: MissingRows = "refuse",
    bootstrap: Annotated[int, typer.Option(help="Draws for simultaneous bands; 0: none.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 1,
    level: Level = 0.95,
    never: Annotated[
        str | None,
        typer.Option("--never", help="First treated period of the never treated; or: empty."),
    ] = None,
    *,
    io: TableOptions,
) -> None:
    """Estimate the effect of a programme that areas adopt one after another.

    Example: evalml rollout counties.csv --unit county --time year --outcome lemp
    --first-treated first_treated --aggregate dynamic --json
    """
    from evalml.cli.statistics import (
        ROLLOUT,
        given_options,
        open_data,
        show,
        split_names,
        unused,
    )
    from evalml.methods.did import RolloutRequest
    from evalml.methods.did import rollout as estimate
    from evalml.methods.group_time import RolloutOptions
    from evalml.methods.panel import PanelColumns
    from evalml.reading.roles import first_treated as read_first

    columns = PanelColumns(
        time,
        outcome,
        first_treated,
        unit,
        split_names(covariates),
        weights,
        cluster,
        zero_is_never=never is None,
    )
    wanted = control.replace("-", "_").lower()
    if wanted not in _CONTROLS:
        raise EstimationError(f"no comparison '{control}'; {nearest(wanted, ['never', 'not_yet'])}")
    options = RolloutOptions(_CONTROLS[wanted], est_method, anticipation, base, incomplete)  # type: ignore[arg-type]
    request = RolloutRequest(
        columns=columns,
        method=method,  # type: ignore[arg-type]
        aggregation=aggregate,  # type: ignore[arg-type]
        options=options,
        missing=missing,  # type: ignore[arg-type]
        unbalanced=unbalanced,  # type: ignore[arg-type]
        level=level,
        bootstrap=bootstrap,
        seed=seed,
    )
    how = io.reading(missing)
    table = open_data(data, columns.used(), how)
    frame = _panel_frame(table, columns)
    frame[first_treated] = read_first(table, first_treated, never)
    effects = estimate(frame, request)
    idle = unused(ROLLOUT, [method], given_options(context))
    show(effects, io, table, idle)


def _panel_frame(table: RawTable, columns: PanelColumns) -> pd.DataFrame:
    """Return the columns of a long table by role, but for statuses and first periods."""
    from evalml.cli.statistics import frame_of, refuse_below

    kinds: dict[str, Kind] = {columns.time: "period", columns.outcome: "number"}
    kinds |= {name: "covariate" for name in columns.covariates if name not in kinds}
    kinds |= {columns.weights: "number"} if columns.weights else {}
    for name in (columns.unit, columns.cluster):
        kinds.setdefault(name, "identifier")
    frame = frame_of(table, kinds)
    if columns.weights:
        refuse_below(table, frame, columns.weights, least=0.0, strict=True, what="weight")
    return frame


@with_table_options
def did(  # noqa: PLR0913, PLR0917
    context: typer.Context,
    data: Data,
    time: Time,
    outcome: OutcomeColumn,
    treatment: Annotated[
        str, typer.Option("--treatment", help="Column of the treatment status, 0 or 1.")
    ],
    unit: UnitColumn = "",
    method: Annotated[
        str,
        typer.Option(
            help="twfe; two periods: dr, dr_improved, ipw, reg; fuzzy: wald_did, wald_tc."
        ),
    ] = "twfe",
    take_up: Annotated[
        str, typer.Option("--take-up", help="Column of the take-up (fuzzy designs), 0 or 1.")
    ] = "",
    covariates: Covariates = None,
    weights: WeightsColumn = "",
    cluster: Cluster = "",
    missing: MissingRows = "refuse",
    level: Level = 0.95,
    treated: Treated = None,
    dose: Annotated[
        bool, typer.Option("--dose", help="twfe: the treatment is a number, not a status.")
    ] = False,
    *,
    io: TableOptions,
) -> None:
    """Estimate a difference in differences: fixed effects, or two periods with covariates.

    Example: evalml did panel.csv --unit id --time year --outcome y --treatment d --method dr
    --covariates age,sex --cluster area --json
    """
    from evalml.cli.statistics import (
        DID,
        given_options,
        open_data,
        show,
        split_names,
        unused,
    )
    from evalml.methods.did import DidRequest, estimate_did
    from evalml.methods.panel import PanelColumns

    extra = (treatment, take_up) if take_up else (treatment,)
    columns = PanelColumns(
        time, outcome, "", unit, split_names(covariates), weights, cluster, extra
    )
    request = DidRequest(columns, method, missing, level)  # type: ignore[arg-type]
    how = io.reading(missing)
    table = open_data(data, columns.used(), how)
    frame = _panel_frame(table, columns)
    _add_statuses(table, frame, columns.extra, treated, dose=dose)
    effects = [estimate_did(frame, request)]
    idle = unused(DID, [method], given_options(context))
    show(effects, io, table, idle)


def _add_statuses(
    table: RawTable, frame: pd.DataFrame, names: tuple[str, ...], treated: str | None, *, dose: bool
) -> None:
    """Add the treatment (and the take-up, 0 and 1) of each row; a dose only where it is said."""
    from evalml.reading import roles

    if dose and treated is not None:
        raise EstimationError("--dose and --treated exclude each other: a number or two arms")
    first, *others = names
    frame[first] = roles.dose(table, first) if dose else roles.arm(table, first, treated)
    for name in others:
        frame[name] = roles.arm(table, name, None, role="take-up")


@with_table_options
def survival(  # noqa: PLR0913, PLR0917
    context: typer.Context,
    data: Annotated[Path, typer.Argument(help="CSV or Parquet file, one row per person.")],
    time: Annotated[str, typer.Option("--time", help="Column of the end of follow-up.")],
    event: Annotated[
        str,
        typer.Option(
            "--event",
            help="Column of the status: 0 censored, 1 event (aj, gray: 2, 3… other causes); any "
            "other code, or one without 0, needs --event-value.",
        ),
    ],
    entry: Annotated[
        str, typer.Option("--entry", help="Column of the start of follow-up (late entry).")
    ] = "",
    group: Annotated[str, typer.Option("--group", help="Column of the groups to compare.")] = "",
    method: Annotated[str, typer.Option(help="km, na, aj, logrank, gray, rmst or cox.")] = "km",
    at: Annotated[
        list[str] | None, typer.Option("--at", help="Times to read curves at (km, na, aj).")
    ] = None,
    horizon: Annotated[
        float | None, typer.Option("--horizon", help="End of the window of rmst.")
    ] = None,
    start: Annotated[
        float | None, typer.Option("--from", help="Follow nobody before this time.")
    ] = None,
    covariates: Covariates = None,
    weights: WeightsColumn = "",
    cluster: Cluster = "",
    missing: MissingRows = "refuse",
    formula: Annotated[
        str, typer.Option(help="cox: terms such as 'age + factor(educ) + age:sex'.")
    ] = "",
    strata: Annotated[
        list[str] | None, typer.Option("--strata", help="cox, logrank: compare within these.")
    ] = None,
    interval: Annotated[
        str, typer.Option(help="km, na, aj: log-log, log or plain intervals.")
    ] = "log-log",
    level: Level = 0.95,
    event_value: Annotated[
        str | None, typer.Option("--event-value", help="Value of the event, where not 1 and 0.")
    ] = None,
    censored_value: Annotated[
        str | None,
        typer.Option("--censored-value", help="Value of no event, where it is not 0."),
    ] = None,
    *,
    io: TableOptions,
) -> None:
    """Describe and compare durations, with persons who enter late at risk only from then on.

    Example: evalml survival persons.csv --time months --event job --entry first_seen
    --group arm --method rmst --horizon 24 --json
    """
    from dataclasses import replace

    from evalml.cli.statistics import (
        SURVIVAL,
        given_options,
        open_data,
        show,
        split_names,
        unused,
        with_formula,
    )
    from evalml.comparison.design import names_in
    from evalml.methods.durations import DurationColumns
    from evalml.methods.survival_effects import SurvivalRequest
    from evalml.methods.survival_effects import survival as estimate
    from evalml.reading.roles import events

    columns = DurationColumns(
        time,
        event,
        entry,
        group,
        (*split_names(covariates), *(names_in(formula) if formula else ())),
        weights,
        cluster,
        split_names(strata),
    )
    try:
        times = tuple(float(t) for t in split_names(at))
    except ValueError:
        raise EstimationError("--at takes numbers, such as --at 6,12,24") from None
    how = io.reading(missing)
    table = open_data(data, columns.used(), how)
    frame = _durations_frame(table, columns)
    frame[event] = events(
        table, event, event=event_value, censored=censored_value, causes=method in {"aj", "gray"}
    )
    frame, terms = with_formula(frame, split_names(covariates), formula)
    request = SurvivalRequest(
        replace(columns, covariates=tuple(terms)),
        method,  # type: ignore[arg-type]
        times,
        horizon,
        start,
        missing,  # type: ignore[arg-type]
        level,
        interval,  # type: ignore[arg-type]
    )
    effects = estimate(frame, request)
    idle = unused(SURVIVAL, [method], given_options(context))
    show(effects, io, table, idle)


def _durations_frame(table: RawTable, columns: DurationColumns) -> pd.DataFrame:
    """Return the columns of a table of durations by role, but for the status."""
    from evalml.cli.statistics import frame_of, refuse_below

    kinds: dict[str, Kind] = {columns.time: "number", columns.entry: "number"}
    kinds |= {columns.weights: "number"}
    kinds |= {name: "covariate" for name in columns.covariates if name not in kinds}
    for name in (columns.group, *columns.strata):
        kinds.setdefault(name, "text")
    kinds.setdefault(columns.cluster, "identifier")
    frame = frame_of(table, kinds)
    refuse_below(table, frame, columns.time, least=0.0, strict=False, what="duration")
    if columns.entry:
        refuse_below(table, frame, columns.entry, least=0.0, strict=False, what="entry")
    if columns.weights:
        refuse_below(table, frame, columns.weights, least=0.0, strict=True, what="weight")
    return frame
