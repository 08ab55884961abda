"""Checks of a row against the earlier rows of the same person, as window expressions."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from evalml.engine import interval, literal, row_number, window
from evalml.extract import contract

if TYPE_CHECKING:
    from evalml.engine import Table
    from evalml.tables.declared import TableCheck
    from evalml.tables.kinds import Condition, Kind

FAR = dt.date(2100, 12, 31)


def overlap(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether a spell begins before an earlier one has ended; sharing a day is no overlap."""
    latest = _latest_end(rows, check)
    return literal(True), latest > rows[check.declared.params["first"]]


def reopened(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether a spell begins shortly after the earlier ones ended, without being a renewal."""
    params = check.declared.params
    latest, first = _latest_end(rows, check), rows[params["first"]]
    soon = (first >= latest) & (first <= latest + interval(days=params["days"]))
    if "unless" in params:
        rank = rows[params["unless"]]
        before = rank.lag().over(_earlier(check))
        soon = soon & (rank <= before)
    return literal(True), soon


def moved(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether a programme spell goes on in another file: a move, not an exit and an entry."""
    earlier = window(
        group_by=["id_jeune", "dispositif"], order_by=["date_debut", "id_accompagnement"]
    )
    ended, file = rows.date_fin.lag().over(earlier), rows.id_dossier.lag().over(earlier)
    soon = rows.date_debut <= ended + interval(days=check.declared.params["days"])
    return literal(True), (file != rows.id_dossier) & (rows.date_debut >= ended) & soon


def first_not_first(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether a spell noted as a first entry follows an earlier spell of the same programme."""
    earlier = window(
        group_by=["id_jeune", "dispositif"], order_by=["date_debut", "id_accompagnement"]
    )
    ended = rows.date_fin.lag().over(earlier)
    late = rows.date_debut > ended + interval(days=check.declared.params["days"])
    return rows.rang == 1, late


def lookalike(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether an earlier row has the same values in every column compared."""
    same = check.declared.params["same"]
    key = contract.table(check.table).key
    place = row_number().over(window(group_by=same, order_by=list(key)))
    concerned = rows[same[0]].notnull()
    for column in same[1:]:
        concerned = concerned & rows[column].notnull()
    return concerned, place > 0


def _latest_end(rows: Table, check: TableCheck) -> Any:
    """Return the latest end among the earlier spells; a spell without end has not ended."""
    ends = rows[check.declared.params["last"]].fill_null(literal(FAR))
    return ends.max().over(_earlier(check, before_only=True))


def _earlier(check: TableCheck, *, before_only: bool = False) -> Any:
    """Return the window of a row's history, or of the rows before it only."""
    params = check.declared.params
    if before_only:  # ties are spells with the same two days: their order changes no count
        order = [params["first"], params["last"]]
        return window(group_by=params["within"], order_by=order, preceding=(None, 1))
    order = [params["first"], *contract.table(check.table).key]
    return window(group_by=params["within"], order_by=order)


HISTORY: dict[str, Kind] = {
    f.__name__: f for f in (overlap, reopened, moved, first_not_first, lookalike)
}
