"""From a column of statuses to arms and events: 0 and 1 as they are, any other code when said.

Nothing in `1` and `2`, `oui` and `non` or `0`, `1` and `2` says which is the treated arm, or which
the event: the value is named, or the table refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.errors import DataError, nearest
from evalml.reading.text import PATTERNS, is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import Vector
    from evalml.reading.table import RawTable

Values = pd.Series
_MOST = 6
_EMPTY_WORDS = ("", "empty", "missing", "na", "none", "null")


def arm(table: RawTable, name: str, treated: str | None, *, role: str = "treatment") -> Vector:
    """Return 1.0 for the treated, 0.0 for the others, NaN where missing, shape (n,).

    Args:
        table: The table.
        name: Column of the status.
        treated: The value that means treated; None takes 0 and 1 only.
        role: What the column is, for the error.

    Raises:
        DataError: More than two values, or two that do not say which is which.
    """
    codes, levels = _levels(table, name)
    option = "--treated" if role == "treatment" else f"--treated (for {role})"
    if treated is None:
        if set(levels) <= {"0", "1"}:
            return _numbered(codes, [float(v) for v in levels])
        if len(levels) > 2:  # noqa: PLR2004
            raise DataError(
                f"{role} '{name}' holds {_list(levels)}; two arms are compared: keep two values "
                f"with --where, then name the treated one with {option} VALUE"
            )
        raise DataError(
            f"{role} '{name}' holds {_list(levels)}, which does not say who is treated; add "
            f"{option} VALUE"
        )
    wanted = _known(treated, levels, name, "--treated")
    if len(levels) > 2:  # noqa: PLR2004
        raise DataError(
            f"{role} '{name}' holds {_list(levels)}; keep two values with --where, or all "
            f"others would be compared with '{wanted}'"
        )
    table.say("treated", name, wanted)
    return _numbered(codes, [float(v == wanted) for v in levels])


def dose(table: RawTable, name: str) -> Vector:
    """Return a treatment as the number it is, shape (n,)."""
    table.say("dose", name, "a number: the effect is that of one unit more")
    return np.asarray(table.column(name, "number").to_numpy(), dtype=np.float64)


def events(
    table: RawTable, name: str, *, event: str | None, censored: str | None, causes: bool
) -> Vector:
    """Return 0.0 censored, 1.0 the event (2.0, 3.0 … other causes), NaN where missing, shape (n,).

    Args:
        table: The table.
        name: Column of the status.
        event: The value that is the event; None takes 0 and 1 only.
        censored: The value that is no event at all; by default 0, or the other of two values.
        causes: Whether other causes are kept apart (competing risks); otherwise they are censored.

    Raises:
        DataError: The values do not say which is the event.
    """
    codes, levels = _levels(table, name)
    if event is None:
        if censored is not None:
            raise DataError("--censored-value goes with --event-value; name the event too")
        if set(levels) <= {"0", "1"} or (causes and _are_causes(levels)):
            return _numbered(codes, [float(v) for v in levels])
        raise DataError(
            f"status '{name}' holds {_list(levels)}, which does not say what is the event; add "
            "--event-value VALUE"
        )
    wanted = _known(event, levels, name, "--event-value")
    nothing = _censored(levels, wanted, censored, name)
    others = [v for v in levels if v not in {wanted, nothing}]
    table.say("event", name, wanted)
    table.say(
        "censored", name, [v for v in (nothing, *([] if causes else others)) if v is not None]
    )
    if causes and others:
        table.say("causes", name, {str(k): v for k, v in enumerate([wanted, *others], start=1)})
    rank = {wanted: 1.0, **{v: 2.0 + k if causes else 0.0 for k, v in enumerate(others)}}
    return _numbered(codes, [rank.get(v, 0.0) for v in levels])


def _are_causes(levels: Sequence[str]) -> bool:
    return "0" in levels and all(v.isdigit() for v in levels) and len(levels) <= 20  # noqa: PLR2004


def _censored(levels: list[str], event: str, censored: str | None, name: str) -> str | None:
    if censored is not None:
        found = _known(censored, levels, name, "--censored-value")
        if found == event:
            raise DataError(f"'{event}' cannot be both the event and censored; name two values")
        return found
    if "0" in levels and event != "0":
        return "0"
    if len(levels) <= 2:  # noqa: PLR2004
        return next((v for v in levels if v != event), None)
    raise DataError(
        f"status '{name}' holds {_list(levels)}, which does not say who is censored; add "
        "--censored-value VALUE"
    )


def first_treated(table: RawTable, name: str, never: str | None) -> Values[Any]:
    """Return first treated periods, missing where `never` says that there is none.

    Args:
        table: The table.
        name: Column of the first treated period.
        never: The value that means never; `empty` for empty cells only; None leaves 0 as it is.

    Raises:
        DataError: No row holds the value.
    """
    column: Values[Any] = table.column(name, "period")
    if never is None:
        return column
    if never.strip().lower() in _EMPTY_WORDS:
        if not column.isna().any():
            raise DataError(f"--never {never or 'empty'}: no cell of '{name}' is empty")
        table.say("never", name, "empty")
        return column
    numeric = pd.api.types.is_numeric_dtype(column)
    try:
        same = column == (float(never.replace(",", ".")) if numeric else never.strip())
    except ValueError:
        raise DataError(f"--never '{never}' is no value of '{name}', which holds numbers") from None
    if not same.any():
        raise DataError(f"--never '{never}': no row of '{name}' holds it")
    table.say("never", name, never)
    return column.mask(same)


def canonical(value: str) -> str:
    """Return one spelling of a number (`1.0`, `1,0` and `1` are one value), text as it is."""
    for sign in PATTERNS:
        if is_number(value, sign) and not value.startswith(("00", "+")):
            return f"{float(value.replace(',', '.')):.17g}" if _plain(value) else value
    return value


def _plain(value: str) -> bool:
    return value.replace(",", ".", 1).replace(".", "", 1).lstrip("-").isdigit()


def _levels(table: RawTable, name: str) -> tuple[Vector, list[str]]:
    """Return the code of each row (NaN where missing) and the distinct values."""
    column = table.column(name, "text")
    spelled = [canonical(str(v)) for v in column.cat.categories]
    levels = list(dict.fromkeys(spelled))
    rank = {level: float(k) for k, level in enumerate(levels)}
    place = np.array([*(rank[v] for v in spelled), np.nan])
    if not levels:
        raise DataError(f"column '{name}' is empty; name another one")
    return place[column.cat.codes.to_numpy()], levels


def _numbered(codes: Vector, values: list[float]) -> Vector:
    known = ~np.isnan(codes)
    out = np.full(codes.size, np.nan)
    out[known] = np.array(values)[codes[known].astype(np.int64)]
    return out


def _known(value: str, levels: list[str], name: str, option: str) -> str:
    wanted = canonical(value.strip())
    if wanted in levels:
        return wanted
    hint = nearest(value, levels) if len(levels) <= _MOST else "see the values of the column"
    raise DataError(f"{option} '{value}': column '{name}' does not hold it; {hint}")


def _list(levels: list[str]) -> str:
    if len(levels) > _MOST:
        return f"{len(levels)} values"
    return f"the value{'s' * (len(levels) > 1)} " + ", ".join(f"'{v}'" for v in levels)
