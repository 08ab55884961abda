"""An earlier vintage of an extract: what had been entered by a day, and no more."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from evalml.errors import EvalmlError
from evalml.synthetic.sources import totals

if TYPE_CHECKING:
    from evalml.synthetic.make import Synthetic
    from evalml.synthetic.world import World

_ENTERED = {
    "situations": "date_saisie",
    "accompagnements": "date_saisie",
    "actes": "date_saisie",
    "dossiers": "date_ouverture",
    "jeunes": "date_premier_accueil",
    "allocations": "mois",
    "emploi_mensuel": "mois",
    "iae_candidatures": "date_candidature",
    "iae_pass": "date_debut",
    "iae_contrats": "date_debut",
    "evenements_externes": "date",
}
_UNTOLD = {
    "dossiers": ("date_cloture", ("motif_cloture",)),
    "accompagnements": ("date_fin", ("motif_fin",)),
    "iae_contrats": ("date_fin", ("heures_totales",)),
    "situations": ("date_fin", ()),
}


def day_of(text: str) -> dt.date:
    """Read an ISO day.

    Raises:
        EvalmlError: The text is not a day.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise EvalmlError(f"'{text}' is not a day; write it as 2025-06-30") from error


def as_of(made: Synthetic, day: dt.date) -> Synthetic:
    """Return the extract as it stood on `day`.

    Rows entered later are left out, and ends that had not happened are not known, so that two
    vintages of a world differ by late entries and revisions only.

    Raises:
        EvalmlError: `day` lies after the world's own extraction or before its period.
    """
    period = made.world.period
    if not period.start < day <= period.extraction:
        raise EvalmlError(
            f"vintage {day} must lie after {period.start} and not after {period.extraction}"
        )
    tables = {name: _cut(name, rows, day) for name, rows in made.tables.items()}
    known = set_of(tables["jeunes"], "id_jeune")
    for name, rows in tables.items():
        if "id_jeune" in rows.column_names and name != "jeunes":
            tables[name] = rows.filter(pc.is_in(rows["id_jeune"], known))
    if "totaux" in tables:
        tables["totaux"] = totals({name: rows.num_rows for name, rows in tables.items()})
    return replace(made, tables=tables, extract=as_of_extract(made.extract, made.world, day))


def as_of_extract(extract: dict[str, Any], world: World, day: dt.date) -> dict[str, Any]:
    """Return what `extract.yaml` says of an extract made on `day`."""
    out = extract | {"extraction_date": day.isoformat()}
    if day < world.period.end:
        end = day.replace(day=1) - dt.timedelta(days=1)
        out["period_end"] = end.isoformat()
        out["coverage"] = {
            name: {"from": months["from"], "to": min(months["to"], f"{end:%Y-%m}")}
            for name, months in extract["coverage"].items()
            if months["from"] <= f"{end:%Y-%m}"
        }
    return out


def set_of(rows: pa.Table, column: str) -> pa.Array:
    """Return the values of a column, for `pc.is_in`."""
    return pc.unique(rows[column])


def _cut(name: str, rows: pa.Table, day: dt.date) -> pa.Table:
    limit = pa.scalar(day, pa.date32())
    if name in _ENTERED:
        rows = rows.filter(pc.less_equal(rows[_ENTERED[name]], limit))
    if name in _UNTOLD:
        rows = _forget(name, rows, limit)
    if name == "dossiers":
        updated = pc.if_else(
            pc.greater(rows["date_maj"], limit), rows["date_ouverture"], rows["date_maj"]
        )
        rows = _set(rows, "date_maj", updated)
    if name == "iae_candidatures":
        rows = _undecided(rows, limit)
    return rows


def _forget(name: str, rows: pa.Table, limit: pa.Scalar) -> pa.Table:
    """Empty the ends that lie after the day; ends of contracts told ahead stay."""
    end, others = _UNTOLD[name]
    late = pc.fill_null(pc.greater(rows[end], limit), False)
    if name == "situations":
        late = pc.and_(late, pc.is_null(rows["duree_prevue_mois"]))
        over = pc.fill_null(pc.less_equal(rows["date_fin"], limit), False)
        begun = pc.less_equal(rows["date_debut"], limit)
        state = pc.if_else(
            pc.and_(over, pc.invert(late)), "TERMINE", pc.if_else(begun, "EN_COURS", "PREVU")
        )
        rows = _set(rows, "etat", state)
    for column in (end, *others):
        rows = _set(
            rows, column, pc.if_else(late, pa.scalar(None, rows[column].type), rows[column])
        )
    return rows


def _undecided(rows: pa.Table, limit: pa.Scalar) -> pa.Table:
    """Put back to `en_cours` the applications whose hiring lies after the day."""
    late = pc.fill_null(pc.greater(rows["date_embauche"], limit), False)
    rows = _set(rows, "etat", pc.if_else(late, "en_cours", rows["etat"]))
    none = pa.scalar(None, pa.date32())
    return _set(rows, "date_embauche", pc.if_else(late, none, rows["date_embauche"]))


def _set(rows: pa.Table, column: str, values: pa.ChunkedArray) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(column), column, values)
