"""`evalml estimate`: the effect of a treatment, from any table with one row per person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalml.cli.statistics import Names, TableOptions, with_table_options

if TYPE_CHECKING:
    import pandas as pd

    from evalml.cli.statistics import Reading
    from evalml.comparison.comparison import Comparison
    from evalml.methods.effect import Effect
    from evalml.reading.table import Kind, RawTable


@with_table_options
def estimate(  # noqa: PLR0913, PLR0917
    context: typer.Context,
    data: Annotated[Path, typer.Argument(help="CSV or Parquet file, one row per person.")],
    treatment: Annotated[str, typer.Option(help="Column of the arms: 1 (treated) and 0.")],
    outcome: Annotated[list[str], typer.Option(help="Columns of the outcomes.")],
    covariates: Names = None,
    method: Annotated[
        list[str] | None,
        typer.Option(help="One or several of the methods listed below; aipw."),
    ] = None,
    estimand: Annotated[str, typer.Option(help="att, ate, or ato (overlap, ipw only).")] = "att",
    se: Annotated[
        str,
        typer.Option(
            help="classical, hc0, hc1, hc2, cluster, wild, influence, known_weights (weights or "
            "score taken as given), abadie_imbens; none: by method."
        ),
    ] = "",
    cluster: Annotated[str, typer.Option(help="Column of the clusters of the variance.")] = "",
    person: Annotated[str, typer.Option(help="Column of the identifier: folds and ties.")] = "",
    subgroup: Names = None,
    formula: Annotated[
        str, typer.Option(help="Columns to adjust for, such as 'age + I(age**2) + educ:re74'.")
    ] = "",
    missing: Annotated[
        str, typer.Option(help="Missing values: refuse, drop (and count), or category.")
    ] = "refuse",
    folds: Annotated[int, typer.Option(help="Folds of cross-fitting, 0 for none.")] = 5,
    fold_by: Annotated[str, typer.Option(help="Folds by person or by cluster.")] = "person",
    clip: Annotated[float | None, typer.Option(help="Keep scores in [clip, 1 - clip].")] = None,
    trim: Annotated[
        float | None, typer.Option(help="Leave out rows with scores outside [trim, 1 - trim].")
    ] = None,
    score: Annotated[
        str,
        typer.Option(
            help="Propensity: logit, boosting, or a learner of scikit-learn, such as "
            "'LogisticRegressionCV(Cs=5)', cross-fitted."
        ),
    ] = "logit",
    outcome_model: Annotated[
        str,
        typer.Option(
            help="aipw: ols, logit for 0/1, or a learner, such as 'LassoCV' or "
            "'RandomForestRegressor(n_estimators=200)'."
        ),
    ] = "ols",
    moments: Annotated[int, typer.Option(help="ebal: 1 (means), 2 (and squares).")] = 1,
    metric: Annotated[
        str, typer.Option(help="match: propensity, logit, mahalanobis, inverse_variance.")
    ] = "propensity",
    k: Annotated[int, typer.Option("--k", help="match: partners per person.")] = 1,
    caliper: Annotated[
        float | None, typer.Option(help="match: largest distance, in SD of the metric.")
    ] = None,
    exact: Names = None,
    replace: Annotated[bool, typer.Option(help="match: with replacement.")] = True,
    ties: Annotated[
        str, typer.Option(help="match: average, hash (of the person), or row (as MatchIt).")
    ] = "average",
    variance_neighbours: Annotated[
        int,
        typer.Option(help="match: neighbours of the conditional variance; 0: one for all rows."),
    ] = 1,
    score_correction: Annotated[
        bool, typer.Option("--score-correction", help="match: count the estimation of the score.")
    ] = False,
    tie_tolerance: Annotated[
        float, typer.Option(help="match: squared distances closer than this are ties.")
    ] = 0.0,
    bias_adjust: Annotated[
        bool, typer.Option("--bias-adjust", help="match: correct partners by a regression.")
    ] = False,
    bins: Annotated[int, typer.Option(help="cem: bins of each number; 0: Sturges.")] = 0,
    cutpoints: Annotated[
        list[str] | None, typer.Option(help="cem: edges of a number, 'age=20,25'; repeatable.")
    ] = None,
    subclasses: Annotated[int, typer.Option(help="subclass: subclasses of the score.")] = 6,
    normalise: Annotated[
        bool, typer.Option("--normalise/--no-normalise", help="aipw: weights sum to one.")
    ] = True,
    splits: Annotated[int, typer.Option(help="aipw: median over so many draws of folds.")] = 1,
    seed: Annotated[int, typer.Option(help="Draws the folds.")] = 0,
    level: Annotated[float, typer.Option(help="Coverage of the intervals.")] = 0.95,
    treated: Annotated[
        str | None, typer.Option("--treated", help="Value of the treated, where not 1 and 0.")
    ] = None,
    *,
    io: TableOptions,
) -> None:
    """Estimate the effect of a treatment on the persons of a table.

    Text covariates become categories; `--covariates` and `--formula` add up. A missing value stops
    the command, unless `--missing` says what to do; with `drop` and `category`, rows without an
    outcome are left out of it and counted.

    Example: evalml estimate nsw.csv --treatment treat --outcome re78 --covariates age,educ,re74
    --method aipw --json
    """
    from evalml.cli.statistics import given_options, show, split_names, two_arms, unused
    from evalml.comparison.matching import MatchOptions
    from evalml.effect.estimate import estimate_effects
    from evalml.effect.sample import EstimationSettings
    from evalml.effect.stratified import StrataOptions

    methods = list(split_names(method)) or ["aipw"]
    settings = EstimationSettings(
        estimand=estimand,  # type: ignore[arg-type]
        se=se or None,  # type: ignore[arg-type]
        folds=folds,
        seed=seed,
        level=level,
        clip=clip,
        fold_by=fold_by,  # type: ignore[arg-type]
        outcome_model=_model("outcome_model", outcome_model, ("ols", "logit")),
        score=_model("score", score, ("logit", "boosting")),
        moments=moments,
        match=MatchOptions(
            metric=metric,  # type: ignore[arg-type]
            k=k,
            replace=replace,
            caliper=caliper,
            ties=ties,  # type: ignore[arg-type]
            exact=split_names(exact),
            variance_neighbours=variance_neighbours,
            score_correction=score_correction,
            tie_tolerance=tie_tolerance,
            bias_adjust=bias_adjust,
        ),
        trim=trim,
        balance=True,
        normalise=normalise,
        splits=splits,
        strata=StrataOptions(bins, _cutpoints(cutpoints), subclasses),
    )
    roles = {
        "treatment": treatment,
        "outcomes": split_names(outcome),
        "covariates": split_names(covariates),
        "subgroups": split_names(subgroup),
        "strata": split_names(exact),
        "cluster": cluster or None,
        "person": person or None,
    }
    how = io.reading(missing)
    table, comparison = _read(data, roles, formula, how, treated)
    effects = estimate_effects(comparison, methods, settings=settings)
    effects = [_with_notes(effect, comparison) for effect in effects]
    if not io.json and not io.csv:
        _print_balance(effects[0])
    idle = unused(two_arms(), methods, given_options(context))
    show(effects, io, table, idle)


def _model(option: str, written: str, usual: tuple[str, ...]) -> Any:
    """Return a model by its usual word, or the learner of scikit-learn that is named."""
    from pydantic import ValidationError

    from evalml.errors import EstimationError, nearest
    from evalml.study.methods import Learner

    if written in usual:
        return written
    try:
        return Learner.model_validate(written)
    except ValidationError as fault:
        reason = str(fault.errors()[0]["msg"]).removeprefix("Value error, ")
        if written.islower():
            reason = f"'{written}' is unknown; {nearest(written, usual)}, or a learner's name"
        raise EstimationError(f"--{option.replace('_', '-')}: {reason}") from None


def _cutpoints(values: list[str] | None) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """Return the edges given as `name=1,2,3`, by name."""
    from evalml.errors import EstimationError

    found = []
    for value in values or []:
        name, _, edges = value.partition("=")
        try:
            found.append((name.strip(), tuple(float(edge) for edge in edges.split(","))))
        except ValueError:
            message = "--cutpoints takes a name and numbers, such as --cutpoints age=20,25"
            raise EstimationError(message) from None
    return tuple(found)


def _read(
    data: Path, roles: dict[str, Any], formula: str, how: Reading, treated: str | None
) -> tuple[RawTable, Comparison]:
    """Read the columns needed and make the comparison."""
    from evalml.cli.statistics import frame_of, open_data, with_formula
    from evalml.comparison.build import MeasureSpec, build_comparison, distinct_roles
    from evalml.comparison.design import names_in
    from evalml.effect.sample import one_of
    from evalml.reading.roles import arm

    one_of("missing", how.missing, ("refuse", "drop", "category"))
    terms = names_in(formula) if formula else []
    distinct_roles(roles["treatment"], roles["outcomes"], [*roles["covariates"], *terms])
    kinds = _kinds(roles, terms)
    table = open_data(data, [roles["treatment"], *kinds], how)
    frame = frame_of(table, kinds)
    frame[roles["treatment"]] = arm(table, roles["treatment"], treated)
    _refuse_missing_outcomes(frame, roles["outcomes"], how.missing)
    frame, covariates = with_formula(frame, roles["covariates"], formula)
    return table, build_comparison(
        frame,
        treatment=roles["treatment"],
        measures=[MeasureSpec(column) for column in roles["outcomes"]],
        covariates=covariates,
        cluster=roles["cluster"],
        person=roles["person"],
        subgroups=list(dict.fromkeys(roles["subgroups"])),
        strata=roles["strata"],
        missing=how.missing,  # type: ignore[arg-type]
    )


def _kinds(roles: dict[str, Any], terms: list[str]) -> dict[str, Kind]:
    """Return what each column is read as; what is computed with comes first."""
    kinds: dict[str, Kind] = dict.fromkeys(roles["outcomes"], "number")
    several: tuple[tuple[Kind, list[str]], ...] = (
        ("covariate", [*roles["covariates"], *terms]),
        ("text", [*roles["subgroups"], *roles["strata"]]),
        ("identifier", [n for n in (roles["cluster"], roles["person"]) if n]),
    )
    for kind, names in several:
        for name in names:
            kinds.setdefault(name, kind)
    return kinds


def _refuse_missing_outcomes(frame: pd.DataFrame, outcomes: tuple[str, ...], missing: str) -> None:
    from evalml.errors import DataError

    for name in outcomes:
        count = int(frame[name].isna().sum()) if name in frame else 0
        if count and missing == "refuse":
            message = (
                f"outcome '{name}' is missing in {count} of {len(frame)} rows; complete it, or "
                "choose --missing drop to leave these rows out (nothing then says that they are "
                "missing at random)"
            )
            raise DataError(message)


def _with_notes(effect: Effect, comparison: Comparison) -> Effect:
    """Add what was left out on reading to the warnings."""
    from dataclasses import replace

    warnings = [*effect.details.get("warnings", []), *comparison.notes]
    subgroup = {"subgroup": effect.subgroup, "subgroup_value": effect.subgroup_value}
    keys = subgroup if effect.subgroup else {}
    return replace(effect, details={**keys, **effect.details, "warnings": warnings})


def _print_balance(effect: Effect) -> None:
    """Print standardised mean differences before and after."""
    typer.echo("\nbalance (standardised mean differences)      before    after")
    for row in effect.details.get("balance", []):
        typer.echo(
            f"  {row['covariate'][:38]:38}  {row['smd_before']:8.3f} {row['smd_after']:8.3f}"
        )
