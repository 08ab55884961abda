"""`evalml rollout`, `evalml did`, `evalml survival`: designs in which time matters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evalml.errors import EstimationError, nearest

Data = Annotated[Path, typer.Argument(help="CSV or Parquet file, one row per unit and period.")]
Unit = Annotated[str, typer.Option("--unit", help="Column of the unit; none: cross-sections.")]
Time = Annotated[str, typer.Option("--time", help="Column of the period.")]
Outcome = Annotated[str, typer.Option("--outcome", help="Column of the outcome.")]
Covariates = Annotated[
    list[str] | None, typer.Option("--covariates", help="Columns, with commas or repeated.")
]
Cluster = Annotated[str, typer.Option("--cluster", help="Column of the clusters of the variance.")]
Weights = Annotated[str, typer.Option("--weights", help="Column of the sampling weights.")]
MissingRows = Annotated[
    str, typer.Option("--missing", help="Rows with a missing value: refuse, or drop and count.")
]
Level = Annotated[float, typer.Option("--level", help="Coverage of the intervals.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_CONTROLS = {
    "never": "never",
    "nevertreated": "never",
    "never_treated": "never",
    "not_yet": "not_yet",
    "notyet": "not_yet",
    "notyettreated": "not_yet",
    "not_yet_treated": "not_yet",
}


def rollout(  # noqa: PLR0913, PLR0917
    data: Data,
    time: Time,
    outcome: Outcome,
    first_treated: Annotated[
        str,
        typer.Option("--first-treated", help="Column of the first treated period (0: never)."),
    ],
    unit: Unit = "",
    method: Annotated[
        str, typer.Option(help="callaway_santanna, sun_abraham, imputation or twfe.")
    ] = "callaway_santanna",
    aggregate: Annotated[
        str, typer.Option(help="gt, simple, group, dynamic or calendar.")
    ] = "simple",
    control: Annotated[str, typer.Option(help="Compare with: never, or not_yet.")] = "never",
    covariates: Covariates = None,
    est_method: Annotated[str, typer.Option(help="Covariates by: dr, reg or ipw.")] = "dr",
    anticipation: Annotated[int, typer.Option(help="Periods units may react before.")] = 0,
    base: Annotated[str, typer.Option(help="Base period: varying or universal.")] = "varying",
    weights: Weights = "",
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
    json: Json = False,
) -> None:
    """Estimate the effect of a programme that areas adopt one after another.

    Example: evalml rollout counties.csv --unit county --time year --outcome lemp
    --first-treated first_treated --aggregate dynamic --json
    """
    from evalml.cli.table_io import read_table, show, split_names
    from evalml.effect.group_time import RolloutOptions
    from evalml.effect.panel_columns import PanelColumns
    from evalml.effect.rollout import RolloutRequest
    from evalml.effect.rollout import rollout as estimate

    columns = PanelColumns(
        time, outcome, first_treated, unit, split_names(covariates), weights, cluster
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
    show(estimate(read_table(data, columns.used()), request), json_wanted=json)


def did(  # noqa: PLR0913, PLR0917
    data: Data,
    time: Time,
    outcome: Outcome,
    treatment: Annotated[
        str, typer.Option("--treatment", help="Column of the treatment status, 0 or 1.")
    ],
    unit: Unit = "",
    method: Annotated[
        str, typer.Option(help="twfe; two periods: dr, ipw, reg, or fuzzy: wald_did, wald_tc.")
    ] = "twfe",
    take_up: Annotated[
        str, typer.Option("--take-up", help="Column of the take-up (fuzzy designs), 0 or 1.")
    ] = "",
    covariates: Covariates = None,
    weights: Weights = "",
    cluster: Cluster = "",
    missing: MissingRows = "refuse",
    level: Level = 0.95,
    json: Json = False,
) -> None:
    """Estimate a difference in differences: fixed effects, or two periods with covariates.

    Example: evalml did panel.csv --unit id --time year --outcome y --treatment d --method dr
    --covariates age,sex --cluster area --json
    """
    from evalml.cli.table_io import read_table, show, split_names
    from evalml.effect.did import DidRequest, estimate_did
    from evalml.effect.panel_columns import PanelColumns

    extra = (treatment, take_up) if take_up else (treatment,)
    columns = PanelColumns(
        time, outcome, "", unit, split_names(covariates), weights, cluster, extra
    )
    request = DidRequest(columns, method, missing, level)  # type: ignore[arg-type]
    show([estimate_did(read_table(data, columns.used()), request)], json_wanted=json)


def survival(  # noqa: PLR0913, PLR0917
    data: Annotated[Path, typer.Argument(help="CSV or Parquet file, one row per person.")],
    time: Annotated[str, typer.Option("--time", help="Column of the end of follow-up.")],
    event: Annotated[
        str, typer.Option("--event", help="Column: 0 censored, 1 event, 2, 3… other causes.")
    ],
    entry: Annotated[
        str, typer.Option("--entry", help="Column of the start of follow-up (late entry).")
    ] = "",
    group: Annotated[str, typer.Option("--group", help="Column of the groups to compare.")] = "",
    method: Annotated[str, typer.Option(help="km, aj, logrank, rmst or cox.")] = "km",
    at: Annotated[
        list[str] | None, typer.Option("--at", help="Times to read curves at (km, aj).")
    ] = None,
    horizon: Annotated[
        float | None, typer.Option("--horizon", help="End of the window of rmst.")
    ] = None,
    start: Annotated[
        float | None, typer.Option("--from", help="Follow nobody before this time.")
    ] = None,
    covariates: Covariates = None,
    weights: Weights = "",
    cluster: Cluster = "",
    missing: MissingRows = "refuse",
    level: Level = 0.95,
    json: Json = False,
) -> None:
    """Describe and compare durations, with persons who enter late at risk only from then on.

    Example: evalml survival persons.csv --time months --event job --entry first_seen
    --group arm --method rmst --horizon 24 --json
    """
    from evalml.cli.table_io import read_table, show, split_names
    from evalml.effect.durations import DurationColumns
    from evalml.effect.survival_effects import SurvivalRequest
    from evalml.effect.survival_effects import survival as estimate

    columns = DurationColumns(time, event, entry, group, split_names(covariates), weights, cluster)
    try:
        times = tuple(float(t) for t in split_names(at))
    except ValueError:
        raise EstimationError("--at takes numbers, such as --at 6,12,24") from None
    request = SurvivalRequest(
        columns,
        method,  # type: ignore[arg-type]
        times,
        horizon,
        start,
        missing,  # type: ignore[arg-type]
        level,
    )
    show(estimate(read_table(data, columns.used()), request), json_wanted=json)
