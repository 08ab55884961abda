"""What a check reads with_context a row: its person, its file, the spells before it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from evalml.engine import interval, literal, row_number, window
from evalml.extract import contract

if TYPE_CHECKING:
    from evalml.engine import Engine, Table
    from evalml.tables.accept import Tables
    from evalml.tables.kinds import Condition, Kind, TableCheck


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


def with_context(name: str, tables: Tables) -> Table:
    """Return the accepted rows of a table with the columns its checks need with_context them."""
    rows = tables.table(name)
    if name in ("situations", "actes", "accompagnements"):
        rows = _with_file(rows, tables)
    if name == "accompagnements":
        rows = _with_parent(_with_person(rows, tables))
    if name == "allocations":
        rows = _with_person(rows, tables)
    if name == "dossiers":
        rows = _with_structure(rows, tables)
    return rows


def _with_file(rows: Table, tables: Tables) -> Table:
    files = tables.table("dossiers")
    files = files.select(
        id_dossier=files.id_dossier,
        file_person=files.id_jeune,
        file_opened=files.date_ouverture,
        file_closed=files.date_cloture,
    )
    return rows.left_join(files, "id_dossier").drop("id_dossier_right")


def _with_person(rows: Table, tables: Tables) -> Table:
    persons = tables.table("jeunes")
    persons = persons.select(
        id_jeune=persons.id_jeune,
        born=persons.date_naissance,
        disabled_since=persons.rqth_depuis,
    )
    return rows.left_join(persons, "id_jeune").drop("id_jeune_right")


def _with_parent(rows: Table) -> Table:
    parents = rows.select(id_parent=rows.id_accompagnement, parent_programme=rows.dispositif)
    return rows.left_join(parents, "id_parent").drop("id_parent_right")


def _with_structure(rows: Table, tables: Tables) -> Table:
    places = tables.table("structures")
    until = places.valide_au.fill_null(literal(FAR)).max()
    places = places.group_by("id_structure").aggregate(structure_until=until)
    return rows.left_join(places, "id_structure").drop("id_structure_right")


def without_spell(tables: Tables, check: TableCheck, engine: Engine) -> tuple[int, int]:
    """Count the allocations, and those paid outside any spell of the programme."""
    paid, spells = tables.table("allocations"), tables.table("accompagnements")
    lag = interval(months=check.declared.params["lag_months"])
    spells = spells.select(
        id_jeune=spells.id_jeune,
        dispositif=spells.dispositif,
        since=spells.date_debut.truncate("M"),
        until=(spells.date_fin + lag).fill_null(literal(FAR)),
    )
    outside = paid.anti_join(
        spells,
        ["id_jeune", "dispositif", paid.mois >= spells.since, paid.mois <= spells.until],
    )
    return _count(paid, engine), _count(outside, engine)


def without_pass(tables: Tables, _: TableCheck, engine: Engine) -> tuple[int, int]:
    """Count the IAE contracts, and those that begin outside any PASS of the person."""
    contracts, passes = tables.table("iae_contrats"), tables.table("iae_pass")
    passes = passes.select("id_jeune", since=passes.date_debut, until=passes.date_fin)
    outside = contracts.anti_join(
        passes,
        ["id_jeune", contracts.date_debut >= passes.since, contracts.date_debut <= passes.until],
    )
    return _count(contracts, engine), _count(outside, engine)


def _count(rows: Table, engine: Engine) -> int:
    return int(engine.fetch(rows.aggregate(n=rows.count()))["n"][0])
