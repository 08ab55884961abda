"""What an eligibility rule may ask of a column: known at time zero, of its type and list."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from evalml.codes import code_list
from evalml.engine import literal
from evalml.errors import ImmortalTimeError, StudyError, nearest
from evalml.extract.contract import Column, table
from evalml.study import Bounds
from evalml.values import Message, Name, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from evalml.engine import BooleanValue


AFTER_ZERO = frozenset({"extraction", "date_fin", "date_cloture", "date_embauche"})
"""Ends, closures and the state at extraction: they date what comes after time zero."""

ROW_PER_PERSON = frozenset({"jeunes", "dossiers"})
"""Tables a raw column may be read from: they have one row per person at time zero."""


def column_of(name: str) -> Column:
    """Return the contract column that `table.column` names.

    Raises:
        ExtractError: No such table or column.
        StudyError: The name holds no table.
    """
    table_name, point, column_name = name.partition(".")
    if not point:
        raise StudyError(f"'{name}' names no table; write it as table.column, such as jeunes.sexe")
    return table(table_name).column(column_name)


def refuse_unknown_at_zero(names: Iterable[str], place: str) -> None:
    """Refuse a definition built on a column that is only known after time zero.

    Args:
        names: Columns, as `table.column`.
        place: Key of the study that names them, for the error.

    Raises:
        ImmortalTimeError: One of them is known too late; the message names it.
    """
    for name in names:
        column = column_of(name)
        if column.known_at in AFTER_ZERO:
            raise ImmortalTimeError(
                f"{place}: '{name}' is only known at '{column.known_at}', after time zero: "
                "a rule or covariate built on it selects on the future. Use what was known at entry"
            )
        if name.partition(".")[0] not in ROW_PER_PERSON:
            raise ImmortalTimeError(
                f"{place}: '{name}' has several rows per person, so its value at time zero is not "
                f"defined; use a column of {sorted(ROW_PER_PERSON)} or a covariate of the catalogue"
            )


TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "date": (str,),
}


def check_required(require: Mapping[str, Any], place: str) -> None:
    """Refuse a value that its column cannot have.

    Raises:
        StudyError: A column tells persons, files or structures apart, a code is not in the list,
            or a value is of another type than the column.
    """
    for name, value in require.items():
        column = column_of(name)
        if column.references is not None or column.name in table(name.partition(".")[0]).key:
            raise StudyError(
                f"{place}: '{name}' is an identifier, which no rule may select on; use a column of "
                "what is known of the person, or 'territory' for structures"
            )
        if isinstance(value, Bounds):
            if column.type not in ("integer", "number", "date"):
                raise StudyError(
                    f"{place}: '{name}' is no number and no date, so it has no range; give a value "
                    "or a list"
                )
            wanted = dt.date if column.type == "date" else (int, float)
            ends = [end for end in (value.lowest, value.highest) if end is not None]
            if not all(isinstance(end, wanted) for end in ends):
                raise StudyError(f"{place}: the range of '{name}' is not of {column.type}s")
            continue
        for one in value if isinstance(value, tuple) else (value,):
            _check_value(place, name, one)


def _check_value(place: str, name: str, value: Any) -> None:
    column = column_of(name)
    wrong = not isinstance(value, TYPES[column.type]) or (
        isinstance(value, bool) and column.type != "boolean"
    )
    if wrong:
        raise StudyError(f"{place}: '{name}' is a {column.type}, and {value!r} is not")
    if column.codes is not None and not code_list(column.codes).open:
        known = code_list(column.codes).labels
        if value not in known:
            raise StudyError(f"{place}: '{value}' is no {name}; {nearest(str(value), known)}")


def meets(column: Any, value: Any) -> BooleanValue:
    """Tell where a column has a value asked for; an empty cell does not."""
    if isinstance(value, Bounds):
        found = literal(value=True)
        if value.lowest is not None:
            found &= column >= literal(value.lowest)
        if value.highest is not None:
            found &= column <= literal(value.highest)
        return found.fill_null(False)
    asked = value if isinstance(value, tuple) else (value,)
    return column.isin(list(asked)).fill_null(False)


def required_words(name: str, value: Any) -> Message:
    """Return the rule as a sentence."""
    column = Name("text", name)
    if isinstance(value, Bounds):
        ends = {"lowest": value.lowest, "highest": value.highest}
        said = {k: Name("text", _said(end)) for k, end in ends.items() if end is not None}
        return Message("rules.require_range", {"column": column, **said})
    if isinstance(value, tuple):
        values = names("text", (str(one) for one in value))
        return Message("rules.require_one_of", {"column": column, "values": values})
    return Message("rules.require", {"column": column, "value": Name("text", str(value))})


def _said(end: Any) -> str:
    return f"{end:g}" if isinstance(end, float) else str(end)
