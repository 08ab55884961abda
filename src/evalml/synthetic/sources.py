"""What an extract of a world holds: months, persons and codes left out on request, and said."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evalml.extract.contract import DATED, LINKED_SOURCES
from evalml.months import first_day, month_number
from evalml.synthetic.columns import as_contract
from evalml.synthetic.world import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.arrays import BoolVector, Vector
    from evalml.synthetic.world import World

ENDS = {
    "situations": "date_fin",
    "accompagnements": "date_fin",
    "iae_contrats": "date_fin",
    "iae_pass": "date_fin",
}
"""Tables of spells: those not over by the first month received are there."""


ENTRIES = frozenset({"accompagnements", "iae_contrats"})
NOBODY_BEFORE = dt.date(2005, 1, 1)
"""Month from which entries are complete: before a world begins its persons have entered nothing."""


def declarations(world: World) -> dict[str, Any]:
    """Return the keys `coverage` and `linkage` of `extract.yaml`.

    The records of the missions locales go back to the first month simulated, those of other
    administrations to the start of the period.
    """
    start, end = world.period.start, world.period.end
    coverage, linkage = {}, {}
    for table in DATED:
        source = world.sources.get(table)
        if source is not None and (source.absent or not source.declared):
            continue
        back = {"emploi_mensuel": world.period.linked_before, "evenements_externes": 0}
        usual = first_day(month_number(start) - back.get(table, world.period.burn_in_months))
        usual = NOBODY_BEFORE if table in ENTRIES else usual
        first = source.first if source and source.first else usual
        last = source.last if source and source.last else end
        coverage[table] = {"from": f"{first:%Y-%m}", "to": f"{last:%Y-%m}"}
        if table in LINKED_SOURCES:
            partial = source is not None and source.held < 1
            linkage[table] = source.by if source and partial else "all"
    return {"coverage": coverage, "linkage": linkage}


def as_held(tables: dict[str, pa.Table], world: World, seed: int) -> dict[str, pa.Table]:
    """Return a block of tables with what the world's sources leave out left out.

    Table `appariements` says who was linked to the employers' declarations, and to any other
    linked source held for some only. Who is held is drawn by hash of the person (or of the mission
    locale) and the seed, so that a world is the same whatever its blocks.
    """
    found, links = dict(tables), [as_contract("appariements", {})]
    everybody = tables["jeunes"]["id_jeune"].combine_chunks()
    for name in DATED:
        source = world.sources.get(name, Source())
        if source.absent:
            del found[name]
            continue
        who = _held(tables, name, source, seed) if source.held < 1 else everybody
        if source.held < 1:
            found[name] = found[name].filter(pc.is_in(found[name]["id_jeune"], who))
        if source.declared and (name == "emploi_mensuel" or (source.held < 1 and _linked(name))):
            links.append(_links(tables["jeunes"], name, who))
        rows = _cut_short(found[name], tables, name, source, seed)
        rows = _lowered(_months(rows, name, source), source)
        found[name] = rows.slice(0, 0) if source.empty else rows
    found["appariements"] = pa.concat_tables(links)
    return found


def _linked(name: str) -> bool:
    return name in LINKED_SOURCES


def totals(rows: Mapping[str, int]) -> pa.Table:
    """Return what the sender counted: the rows of each dated table."""
    counted = {name: n for name, n in rows.items() if name in DATED}
    n = len(counted)
    columns = {
        "table": pa.array(list(counted), pa.string()),
        "measure": pa.array(["rows"] * n, pa.string()),
        "value": pa.array(list(counted.values()), pa.float64()),
    }
    return as_contract("totaux", columns)


def _links(people: pa.Table, name: str, who: pa.Array) -> pa.Table:
    ids = people["id_jeune"].combine_chunks()
    columns = {
        "id_jeune": ids,
        "source": pa.array([name] * len(ids), pa.string()),
        "apparie": pc.is_in(ids, who),
    }
    return as_contract("appariements", columns)


def uniform(names: pa.Array | pa.ChunkedArray, salt: str, seed: int) -> Vector:
    """Return a number of [0, 1) drawn by the hash of each name, shape (n,)."""
    key = f"{seed}{salt}".encode().ljust(16, b"0")[:16].decode()
    text = names.to_pandas().astype(object).to_numpy()
    hashed = pd.util.hash_array(text, hash_key=key, categorize=False)
    return (hashed >> np.uint64(11)).astype(np.float64) / 2.0**53


def _held(tables: dict[str, pa.Table], name: str, source: Source, seed: int) -> pa.Array:
    """Return the persons whose rows are there."""
    ids = tables["jeunes"]["id_jeune"].combine_chunks()
    if source.by == "structures":
        places = _place_of(tables["dossiers"], ids)
        return ids.filter(pa.array(uniform(places, f"held {name}", seed) < source.held))
    chance = np.full(len(ids), source.held)
    if source.with_work:
        odds = np.log(source.held / (1 - source.held)) + source.with_work * (
            _worked(tables["emploi_mensuel"], ids) - 0.5
        )
        chance = 1 / (1 + np.exp(-odds))
    return ids.filter(pa.array(uniform(ids, f"held {name}", seed) < chance))


def _place_of(files: pa.Table, ids: pa.Array) -> pa.Array:
    """Return the first mission locale of each person."""
    frame = files.select(["id_jeune", "id_structure", "date_ouverture"]).to_pandas()
    first = frame.sort_values(["date_ouverture", "id_structure"]).drop_duplicates("id_jeune")
    places = first.set_index("id_jeune")["id_structure"].reindex(ids.to_pandas())
    return pa.array(places.to_numpy(dtype=object), pa.string())


def _worked(jobs: pa.Table, ids: pa.Array) -> Vector:
    """Return the share of the months of the table in which each person worked, shape (n,)."""
    counts = jobs["id_jeune"].to_pandas().value_counts().reindex(ids.to_pandas()).fillna(0)
    months = max(len(pc.unique(jobs["mois"])), 1)
    return np.asarray(counts.to_numpy(dtype=np.float64) / months)


def _months(rows: pa.Table, name: str, source: Source) -> pa.Table:
    """Leave out the months that were not received."""
    day = rows[DATED[name]]
    if source.first is not None:
        end = rows[ENDS[name]] if name in ENDS else day
        kept = pc.fill_null(pc.greater_equal(end, pa.scalar(_first(source.first))), True)
        rows = rows.filter(kept)
    if source.last is not None:
        beyond = pa.scalar(first_day(month_number(source.last) + 1))
        rows = rows.filter(pc.less(rows[DATED[name]], beyond))
    for month in source.missing_months:
        day = rows[DATED[name]]
        inside = pc.and_(
            pc.greater_equal(day, pa.scalar(_first(month))),
            pc.less(day, pa.scalar(first_day(month_number(month) + 1))),
        )
        rows = rows.filter(pc.invert(inside))
    return rows


def _first(month: dt.date) -> dt.date:
    return month.replace(day=1)


def _cut_short(
    rows: pa.Table, tables: dict[str, pa.Table], name: str, source: Source, seed: int
) -> pa.Table:
    """Leave out what comes after the first programme of the persons lost from sight."""
    if not source.lost_after_entry:
        return rows
    ids = tables["jeunes"]["id_jeune"].combine_chunks()
    lost = ids.filter(pa.array(uniform(ids, f"lost {name}", seed) < source.lost_after_entry))
    spells = tables["accompagnements"].select(["id_jeune", "date_debut"]).to_pandas()
    entered = spells.groupby("id_jeune")["date_debut"].min()
    mine = rows["id_jeune"].to_pandas()
    when = pd.to_datetime(mine.map(entered)).to_numpy()
    late = pd.to_datetime(rows[DATED[name]].to_pandas()).to_numpy() > when
    gone: BoolVector = np.asarray(pc.is_in(rows["id_jeune"], lost)) & late
    return rows.filter(pa.array(~gone))


def _lowered(rows: pa.Table, source: Source) -> pa.Table:
    for column in source.lower:
        at = rows.schema.get_field_index(column)
        rows = rows.set_column(at, column, pc.utf8_lower(rows[column]))
    return rows
