"""What the checks need beside a row: its person, its file, its structure, the spell around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.engine import interval, literal
from evalml.tables.history import FAR

if TYPE_CHECKING:
    from evalml.engine import Engine, Table
    from evalml.tables.accept import Tables
    from evalml.tables.declared import TableCheck


def beside(name: str, tables: Tables) -> Table:
    """Return the accepted rows of a table with the columns its checks need beside them."""
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
