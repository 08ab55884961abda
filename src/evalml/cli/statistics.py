"""What the statistics commands share: the options of each method, tables in, answers out."""

from __future__ import annotations

import csv as csv_module
import inspect
import io
import json
import math
from dataclasses import dataclass, fields, replace
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
from typer.core import TyperCommand

from evalml.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from evalml.methods.effect import Effect
    from evalml.reading.table import Kind, RawTable, ReadOptions


@dataclass(frozen=True, slots=True)
class Goes:
    """What goes with a method.

    Attributes:
        does: What it is, in a few words.
        se: Standard errors it has, its own first; `cluster` with --cluster.
        estimand: What it can estimate.
        options: Options that it reads, beside those that all methods of its command read.
    """

    does: str
    se: tuple[str, ...] = ()
    estimand: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


_CURVE = ("at", "interval", "group", "weights", "cluster")


def two_arms() -> dict[str, Goes]:
    """Return what goes with each method of `evalml estimate`, as each declares it."""
    from evalml.study import METHODS

    return {
        m.name: Goes(m.does, m.se, m.estimands, m.options)
        for m in METHODS.values()
        if m.run is not None
    }


class EstimateHelp(TyperCommand):
    """The command `estimate`: its help lists the methods as they stand when it is asked for."""

    def get_help(self, ctx: Any) -> str:
        """Return the help."""
        self.epilog = help_of(two_arms())
        return super().get_help(ctx)


ROLLOUT: dict[str, Goes] = {
    "callaway_santanna": Goes(
        "effects by group and time",
        estimand=("gt", "simple", "group", "dynamic", "calendar"),
        options=("control", "est_method", "covariates", "anticipation", "base", "incomplete"),
    ),
    "sun_abraham": Goes(
        "interactions with event time",
        estimand=("gt", "simple", "group", "dynamic", "calendar"),
        options=("covariates", "anticipation"),
    ),
    "did2s": Goes(
        "untreated outcomes imputed, error of the two-stage regression",
        estimand=("simple", "dynamic"),
        options=("covariates", "anticipation"),
    ),
    "imputation": Goes(
        "untreated outcomes imputed",
        estimand=("gt", "simple", "group", "dynamic", "calendar"),
        options=("covariates", "anticipation"),
    ),
    "twfe": Goes(
        "two-way fixed effects",
        estimand=("simple", "dynamic"),
        options=("covariates", "anticipation"),
    ),
}
DID: dict[str, Goes] = {
    "twfe": Goes(
        "two-way fixed effects, any number of periods", options=("unit", "covariates", "dose")
    ),
    "dr": Goes("two periods, doubly robust", options=("unit", "covariates")),
    "dr_improved": Goes(
        "two periods, doubly robust, and so is its inference", options=("unit", "covariates")
    ),
    "ipw": Goes("two periods, weights of the score", options=("unit", "covariates")),
    "reg": Goes("two periods, regression of the change", options=("unit", "covariates")),
    "wald_did": Goes(
        "two periods, partial take-up: ratio of two differences", options=("take_up",)
    ),
    "wald_tc": Goes("the same, by the trend of those not taken up", options=("take_up",)),
}
SURVIVAL: dict[str, Goes] = {
    "km": Goes("survival curve", options=_CURVE),
    "na": Goes("cumulative hazard (Nelson-Aalen)", options=_CURVE),
    "aj": Goes("cumulative incidence of each cause", options=_CURVE),
    "logrank": Goes("test of equal hazards", options=("group", "strata")),
    "gray": Goes("test of equal incidence of each cause", options=("group",)),
    "rmst": Goes("restricted mean time", options=("horizon", "group", "weights", "cluster")),
    "cox": Goes(
        "hazard ratios", options=("covariates", "formula", "strata", "group", "weights", "cluster")
    ),
}


def help_of(methods: dict[str, Goes], estimand: str = "--estimand") -> str:
    """Return the lines of `--help` that say what goes with each method."""
    lines = ["\b", "What goes with each --method:"]
    for name, goes in methods.items():
        lines.append(f"  {name}: {goes.does}")
        parts = (
            ("--se", goes.se),
            (estimand, goes.estimand),
            ("options", tuple(f"--{o.replace('_', '-')}" for o in goes.options)),
        )
        lines += [f"    {label} {', '.join(words)}" for label, words in parts if words]
    return "\n".join(lines)


def unused(methods: dict[str, Goes], chosen: Iterable[str], given: Iterable[str]) -> list[str]:
    """Return a warning for the options that were given and that no chosen method reads."""
    known = [methods[name] for name in chosen if name in methods]
    if not known:
        return []
    owned = {option for goes in methods.values() for option in goes.options}
    read = {option for goes in known for option in goes.options}
    idle = [f"--{o.replace('_', '-')}" for o in given if o in owned - read]
    names = ", ".join(chosen)
    return [f"{names} does not use: {', '.join(sorted(idle))}"] if idle else []


_KEYS = ("group", "time", "event_time", "cause", "term", "subgroup", "subgroup_value")
_NUMBERS = ("estimate", "std_error", "ci_low", "ci_high", "p_value")
_NEEDED = _NUMBERS[:4]
_ERRORS = _NUMBERS[1:4]
_UNDEFINED: dict[str, tuple[str, ...]] = {
    "equal_hazards": _ERRORS,
    "equal_cumulative_incidence": _ERRORS,
}
"""Numbers that an estimand does not have by nature: a test has a statistic and a p-value."""

Names = Annotated[list[str] | None, typer.Option(help="Columns, with commas or repeated.")]
Where = Annotated[
    str, typer.Option("--where", help="Rows to keep, such as \"re74 > 0 and region == '32'\".")
]
Separator = Annotated[
    str | None, typer.Option("--separator", help="Sign between columns, where the file is unclear.")
]
Decimal = Annotated[
    str | None,
    typer.Option("--decimal", help="Sign before decimals (. or ,), where a column is unclear."),
]
Dates = Annotated[
    str | None,
    typer.Option("--dates", help="iso, or french (day/month/year), where no day above 12 tells."),
]
Numbers = Annotated[
    list[str] | None, typer.Option("--numbers", help="Covariates that are numbers.")
]
Categories = Annotated[
    list[str] | None, typer.Option("--categories", help="Covariates that are categories.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON: a list, one object per estimate.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV: one line per estimate.")]


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How a command reads its table and prints its answer: the options that all of them share."""

    where: Where = ""
    separator: Separator = None
    decimal: Decimal = None
    dates: Dates = None
    numbers: Numbers = None
    categories: Categories = None
    json: Json = False
    csv: Csv = False

    def reading(self, missing: str) -> Reading:
        """Return how the table is read, where missing values are `missing`."""
        from evalml.reading.table import ReadOptions

        sign = {"tab": "\t", "\\t": "\t"}.get(self.separator or "", self.separator)
        options = ReadOptions(
            sign,
            self.decimal,  # type: ignore[arg-type]
            self.dates,  # type: ignore[arg-type]
            split_names(self.numbers),
            split_names(self.categories),
        )
        return Reading(self.where, options, missing)


@dataclass(frozen=True, slots=True)
class Reading:
    """How the table of a command is read.

    Attributes:
        where: Row filter, empty for all rows.
        options: What is declared of the file.
        missing: What happens to missing values.
    """

    where: str
    options: ReadOptions
    missing: str = "refuse"


def with_table_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the shared options after those of a command, which gets them as `io`."""
    hints = get_type_hints(TableOptions, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter(field.name, keyword, default=field.default, annotation=hints[field.name])
        for field in fields(TableOptions)
    ]
    own = inspect.signature(command, eval_str=True)

    @wraps(command)
    def run(**options: Any) -> None:
        given = {field.name: options.pop(field.name) for field in fields(TableOptions)}
        command(**options, io=TableOptions(**given))

    parameters = [p for p in own.parameters.values() if p.name != "io"]
    run.__signature__ = own.replace(parameters=[*parameters, *shared])  # type: ignore[attr-defined]
    run.__annotations__ = {**{p.name: p.annotation for p in parameters}, **hints}
    return run


def open_data(path: Path, names: Iterable[str], how: Reading) -> RawTable:
    """Return the columns named and those of the filter, and only the rows it keeps."""
    from evalml.reading.table import open_table
    from evalml.reading.where import keep_where, names_in

    filtered = names_in(how.where) if how.where else []
    table = open_table(path, [*(n for n in names if n), *filtered], how.options)
    if not table.size:
        raise DataError(f"{path.name} has no row; nothing can be estimated")
    if not how.where:
        return table
    return keep_where(table, how.where, drop_unknown=how.missing != "refuse")


def frame_of(table: RawTable, kinds: Mapping[str, Kind]) -> pd.DataFrame:
    """Return the columns of a table by role; columns without a name are left out."""
    import pandas as pd

    known = {name: table.column(name, kind) for name, kind in kinds.items() if name}
    return pd.DataFrame(known, index=pd.RangeIndex(table.size))


def refuse_below(
    table: RawTable, frame: pd.DataFrame, name: str, *, least: float, strict: bool, what: str
) -> None:
    """Refuse a column that holds a smaller number, with the line of the first."""
    import numpy as np

    values = frame[name].to_numpy(dtype=np.float64)
    wrong = values <= least if strict else values < least
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{table.place(row)}, column '{name}': {values[row]:g} is no {what}; correct or "
            "remove the row"
        )


def with_formula(
    frame: pd.DataFrame, covariates: Iterable[str], formula: str
) -> tuple[pd.DataFrame, list[str]]:
    """Return the table with the terms of a formula as columns, and the covariates with them."""
    import pandas as pd

    from evalml.comparison.design import expand_formula

    if not formula:
        return frame, list(covariates)
    terms = expand_formula(frame, formula)
    others = frame[[c for c in frame.columns if c not in terms.columns]]
    names = [*covariates, *(str(c) for c in terms.columns)]
    return pd.concat([others, terms], axis=1), list(dict.fromkeys(names))


def split_names(values: list[str] | None) -> tuple[str, ...]:
    """Return column names given with commas, by repeating the option, or both."""
    return tuple(n for value in values or [] for n in map(str.strip, value.split(",")) if n)


def given_options(context: typer.Context) -> list[str]:
    """Return the options of the running command that were given, not left to their default."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return [name for name, source in sources.items() if source and source.name == "COMMANDLINE"]


def as_json(effect: Effect) -> dict[str, Any]:
    """Return an estimate as a plain object, its keys lifted out of the details."""
    details = dict(effect.details)
    keys = {key: details.pop(key) for key in _KEYS if key in details}
    reason = reason_of(effect)
    found: dict[str, Any] = plain(
        {
            "method": effect.method,
            "estimand": effect.estimand,
            **keys,
            "estimate": effect.estimate,
            "std_error": effect.std_error,
            "ci_low": effect.ci_low,
            "ci_high": effect.ci_high,
            "p_value": effect.p_value,
            "n_treated": effect.n_treated,
            "n_comparison": effect.n_comparison,
            "outcome": effect.outcome,
            **({"reason": reason} if reason else {}),
            "details": details,
        }
    )
    return found


def reason_of(effect: Effect) -> str:
    """Say why an estimate lacks a number that it should have; empty when it lacks none."""
    by_nature = _ERRORS if effect.details.get("reference") else _UNDEFINED.get(effect.estimand, ())
    expected = [n for n in _NEEDED if n not in by_nature]
    lost = [n for n in expected if not math.isfinite(getattr(effect, n))]
    if not lost:
        return ""
    reason = effect.details.get("error") or effect.details.get("reason")
    warnings = effect.details.get("warnings") or []
    if effect.estimand == "survival" and effect.estimate == 0:
        reason = reason or "the curve has reached 0, where its variance is not defined"
    why = reason or (warnings[0] if warnings else "these data do not determine it")
    return f"no {', '.join(n.replace('_', ' ') for n in lost)}: {why}"


def plain(value: Any) -> Any:
    """Return a value that JSON can hold: no NaN, no infinity, no array."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value


def show(
    effects: list[Effect],
    io: TableOptions,
    table: RawTable | None = None,
    warnings: Iterable[str] = (),
) -> None:
    """Print estimates: a JSON list, CSV, or an aligned table; exit code 1 if one lacks a number.

    Args:
        effects: The estimates.
        io: Whether to print JSON or CSV.
        table: What was read: what was decided goes into the details of each estimate.
        warnings: What the reader must know of all estimates.

    Raises:
        DataError: Both JSON and CSV are wanted.
        Exit: An estimate lacks a number that it should have.
    """
    if io.json and io.csv:
        raise DataError("--json and --csv exclude each other; choose one")
    rows = [as_json(_with_reading(effect, table, list(warnings))) for effect in effects]
    if io.json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
    elif io.csv:
        typer.echo(_as_csv(rows), nl=False)
    else:
        _print_lines(rows)
    if any("reason" in row for row in rows):
        raise typer.Exit(1)


def _with_reading(effect: Effect, table: RawTable | None, warnings: list[str]) -> Effect:
    decided = dict(table.decided) if table is not None else {}
    noted = [*warnings, *decided.pop("warnings", [])]
    details = {**effect.details, "warnings": [*(effect.details.get("warnings") or []), *noted]}
    return replace(effect, details={**details, "reading": decided} if decided else details)


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    keys = [k for k in _KEYS if any(row.get(k) is not None for row in rows)]
    return ["method", *keys, *_NUMBERS, "n_treated", "n_comparison"]


def _as_csv(rows: list[dict[str, Any]]) -> str:
    names = ["outcome", "estimand", *_columns(rows), "reason", "warnings"]
    out = io.StringIO()
    writer = csv_module.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        flat = row | {"warnings": " | ".join(row["details"].get("warnings") or [])}
        writer.writerow(["" if (v := flat.get(name)) is None else v for name in names])
    return out.getvalue()


def _print_lines(rows: list[dict[str, Any]]) -> None:
    for line in _lines(rows):
        typer.echo(line)
    warnings = [w for row in rows for w in row["details"].get("warnings") or []]
    for warning in dict.fromkeys(warnings):
        typer.echo(f"warning: {warning}", err=True)
    for reason in dict.fromkeys(row["reason"] for row in rows if "reason" in row):
        typer.echo(f"evalml: {reason}", err=True)


def _lines(rows: list[dict[str, Any]]) -> list[str]:
    """Return a header and a line per estimate."""
    names = _columns(rows)
    if len({row["outcome"] for row in rows}) > 1:
        names.insert(1, "outcome")
    table = [names]
    table += [[_cell(row.get(name), number=name in _NUMBERS) for name in names] for row in rows]
    widths = [max(len(row[k]) for row in table) for k in range(len(names))]
    return ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in table]


def _cell(value: Any, *, number: bool) -> str:
    if value is None:
        return "-"
    return f"{value:.5f}" if number else str(value)
