"""What was known at time zero: the guard against immortal time and leakage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.errors import ImmortalTimeError, StudyError
from evalml.extract.contract import Column, table

if TYPE_CHECKING:
    from collections.abc import Iterable

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
