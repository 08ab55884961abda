"""Make an invented extract, its truth and its later vintages."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import yaml

from evalml.errors import EvalmlError, ExtractError, nearest
from evalml.extract.contract import TABLES
from evalml.synthetic import declare, records, sources
from evalml.synthetic.declare import situations, spells
from evalml.synthetic.defects import plant
from evalml.synthetic.margins import keep, margins_of
from evalml.synthetic.people import Areas, SimulatedMonths, areas, calendar, people
from evalml.synthetic.records import Made, as_contract, coded, days, numbered
from evalml.synthetic.simulate import simulate
from evalml.synthetic.sources import as_held, declarations, totals
from evalml.synthetic.truth import Truth, add_block, add_rollout, files_of
from evalml.synthetic.world import (
    Draws,
    World,
    dump_world,
    read_world,
    structure_rows,
    with_sources,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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
    """Read an ISO day."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise EvalmlError(f"'{text}' is not a day; write it as 2025-06-30") from error


def as_of(made: Synthetic, day: dt.date) -> Synthetic:
    """Return the extract as it stood on `day`.

    Rows entered later are left out, and ends that had not happened are not known, so that two
    vintages of a world differ by late entries and revisions only.
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


_OPTIONS: dict[str, Any] = {"compression": "zstd", "store_schema": False, "write_statistics": True}


def write_extract(path: str | Path, made: Synthetic) -> Path:
    """Write the tables, `extract.yaml` and `truth/` into the folder `path`."""
    folder = ready(Path(path))
    for name, rows in made.tables.items():
        pq.write_table(rows, folder / f"{name}.parquet", **_OPTIONS)
    describe(folder, made.extract)
    write_truth(folder, made.truth, made.world_yaml)
    return folder


def write_blocks(path: str | Path, parts: Iterator[dict[str, pa.Table]]) -> dict[str, int]:
    """Write tables block by block, a row group each; return the rows of each table."""
    rows: dict[str, int] = {}
    with ExitStack() as stack:
        writers: dict[str, pq.ParquetWriter] = {}
        for part in parts:
            for name, block in part.items():
                if name not in writers:
                    file = Path(path) / f"{name}.parquet"
                    writer = pq.ParquetWriter(file, block.schema, **_OPTIONS)
                    writers[name] = stack.enter_context(writer)
                writers[name].write_table(block)
                rows[name] = rows.get(name, 0) + block.num_rows
    return rows


def write_truth(folder: Path, truth: dict[str, pa.Table], world_yaml: str) -> None:
    """Write what is true into `truth/`, which no estimation code reads."""
    (folder / "truth").mkdir(exist_ok=True)
    for name, rows in truth.items():
        pacsv.write_csv(
            rows, folder / "truth" / f"{name}.csv", pacsv.WriteOptions(quoting_style="needed")
        )
    (folder / "truth" / "world.yaml").write_text(world_yaml, encoding="utf-8")


def describe(folder: Path, extract: dict[str, Any]) -> None:
    """Write `extract.yaml`."""
    text = yaml.safe_dump(extract, allow_unicode=True, sort_keys=False)
    (folder / "extract.yaml").write_text(text, encoding="utf-8")


def ready(folder: Path) -> Path:
    """Return the folder, made if need be; one that holds other files is refused."""
    if folder.exists() and any(folder.iterdir()):
        mark = folder / "extract.yaml"
        if not mark.exists() or "source: synthetic" not in mark.read_text(encoding="utf-8"):
            raise ExtractError(f"{folder} already holds other files; give an empty or a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


BLOCK = 50_000
"""Persons simulated together."""
_NUMBERED = {
    "situations": ("id_situation", "SIT"),
    "actes": ("id_acte", "ACT"),
    "iae_candidatures": ("id_candidature", "CAN"),
    "iae_pass": ("id_pass", "PAS"),
    "iae_contrats": ("id_contrat", "CON"),
}


@dataclass(frozen=True, slots=True, repr=False)
class Synthetic:
    """A synthetic extract and what is true in it.

    Attributes:
        world: The world it comes from.
        tables: The tables of the contract.
        truth: Files of `truth/`, as tables.
        extract: What `extract.yaml` says.
        world_yaml: The world as it was made, with its number of persons and seed.
    """

    world: World
    tables: dict[str, pa.Table]
    truth: dict[str, pa.Table]
    extract: dict[str, Any]
    world_yaml: str

    def __repr__(self) -> str:
        """Say how many rows, never whose."""
        rows = ", ".join(f"{k} {v.num_rows}" for k, v in self.tables.items())
        return f"Synthetic({self.world.world}: {rows})"


def extract_of(world: World) -> dict[str, Any]:
    """Return what `extract.yaml` says of a world."""
    return {
        "name": world.world,
        "source": "synthetic",
        "extraction_date": world.period.extraction.isoformat(),
        "territory": dict(world.territory),
        "period_start": world.period.start.isoformat(),
        "period_end": world.period.end.isoformat(),
        "pseudonymised": True,
        **declarations(world),
    }


def structures(world: World, a: Areas) -> pa.Table:
    """Return the missions locales, with their mergers."""
    since = np.datetime64("2013-01-01", "D").astype(np.int64)
    n = len(a.ids)
    ends = np.zeros(n, dtype=np.int64)
    heir = np.zeros(n, dtype=np.int64)
    for old, (new, day) in world.mergers.items():
        k = a.ids.index(old)
        ends[k], heir[k] = np.datetime64(day, "D").astype(np.int64) - 1, a.ids.index(new)
    going = ends == 0
    columns = {
        "id_structure": pa.array(a.ids),
        "nom": pa.array(a.names),
        "code_departement": coded(a.departements, a.departement),
        "code_region": pa.array(a.regions),
        "valide_du": days(np.full(n, since)),
        "valide_au": days(ends, going),
        "remplacee_par": coded(a.ids, heir, going),
    }
    return as_contract("structures", columns)


def tables_of(m: Made) -> dict[str, pa.Table]:
    """Return the tables of one block, without the ids that run over blocks."""
    sp = spells(m)
    return {
        "jeunes": records.jeunes(m),
        "dossiers": records.dossiers(m),
        "situations": situations(m, sp),
        "accompagnements": records.accompagnements(m),
        "actes": declare.actes(m),
        "allocations": declare.allocations(m),
        **sources.iae(m, sp),
        "evenements_externes": sources.evenements(m),
        "emploi_mensuel": sources.emploi_mensuel(m, sp),
    }


def _ids(name: str, part: pa.Table, before: int) -> pa.Table:
    """Give the rows of a block ids that run on from the `before` rows of earlier blocks."""
    if name in _NUMBERED:
        column, prefix = _NUMBERED[name]
        ids = numbered(prefix, before + np.arange(part.num_rows), 9)
        return part.set_column(part.schema.get_field_index(column), column, ids)
    if name == "accompagnements":
        for column in ("id_accompagnement", "id_parent"):
            k = part.schema.get_field_index(column)
            local = pc.utf8_ltrim(part.column(k), "P").cast(pa.int64())
            text = pc.utf8_lpad(pc.add(local, before).cast(pa.string()), 9, "0")
            part = part.set_column(k, column, pc.binary_join_element_wise("ACC", text, ""))
    return part


def blocks(
    world: World, n: int, seed: int, a: Areas, cal: SimulatedMonths, truth: Truth
) -> Iterator[dict[str, pa.Table]]:
    """Make a world block by block; `truth` is added to on the way."""
    rows = dict.fromkeys((t.name for t in TABLES), 0)
    size = n if world.margins else BLOCK
    for block, base in enumerate(range(0, n, size)):
        draws = Draws(seed, block, min(size, n - base))
        p = people(world, a, cal, draws)
        h = simulate(world, p, a, cal, draws)
        if world.margins:
            at = keep(margins_of(world, n), p, h, a, cal, draws)
            p, h, draws = p.take(at), h.take(at), replace(draws, keep=at)
        add_block(truth, world, p, a, cal, draws, h)
        add_rollout(truth, world, p, a, cal, draws, h)
        made = tables_of(Made(world, a, cal, draws, p, h, base))
        numbered_parts = {name: _ids(name, part, rows[name]) for name, part in made.items()}
        yield as_held(numbered_parts, world, seed)
        for name, part in made.items():
            rows[name] += part.num_rows


def make_world(world: World, people: int | None = None, seed: int | None = None) -> Synthetic:
    """Make a world in memory.

    `world`: the world, from `read_world`; `people`: persons; the world's own number where None;
    `seed`: seed; the world's own where None.
    """
    n, seed = people or world.people, world.seed if seed is None else seed
    if n < 1:
        raise EvalmlError(f"a world needs at least 1 person, not {n}")
    cal = calendar(world)
    a = areas(world, seed, cal)
    truth = Truth(world.truth.horizon_max)
    parts = list(blocks(world, n, seed, a, cal, truth))
    tables = {name: pa.concat_tables([part[name] for part in parts]) for name in parts[0]}
    tables["structures"] = structures(world, a)
    tables["totaux"] = totals({name: rows.num_rows for name, rows in tables.items()})
    ordered = {t.name: tables[t.name] for t in TABLES if t.name in tables}
    made = Synthetic(
        world, ordered, files_of(truth, cal), extract_of(world), world_text(world, n, seed)
    )
    return plant(made, seed) if world.defects else made


def world_text(world: World, people: int, seed: int) -> str:
    """Return `truth/world.yaml`: the world as it was made."""
    return dump_world(world.model_copy(update={"people": people, "seed": seed}))


@dataclass(frozen=True, slots=True)
class Produced:
    """What was written: the world's name, persons asked for, rows of each table."""

    world: str
    people: int
    rows: dict[str, int]


def produce(
    out: str | Path,
    *,
    world: str | Path = "demo",
    people: int | None = None,
    seed: int | None = None,
    departements: list[str] | None = None,
    vintage: str | None = None,
    sources: Sequence[str] = (),
) -> Produced:
    """Make a world by name and write it to a folder.

    Args:
        out: Folder to write.
        world: Name of a world or path of its YAML.
        people: Persons.
        seed: Seed.
        departements: Keep these départements only.
        vintage: ISO day of the extraction, the world's own by default.
        sources: What the extract leaves out, as lines TABLE.KEY=VALUE (`world.Source`).

    Raises:
        EvalmlError: No such world, territory, day or source, or the folder holds something else.
    """
    spec = with_sources(within(read_world(world), departements), sources)
    n, seed = people or spec.people, spec.seed if seed is None else seed
    day = day_of(vintage) if vintage else None
    folder = ready(Path(out))
    if spec.defects:
        made = make_world(spec, n, seed)
        made = as_of(made, day) if day else made
        write_extract(folder, made)
        return Produced(spec.world, n, {k: v.num_rows for k, v in made.tables.items()})
    return Produced(spec.world, n, _stream(folder, spec, n, seed, day))


def _stream(folder: Path, world: World, n: int, seed: int, day: dt.date | None) -> dict[str, int]:
    """Write a world block by block, so that memory does not grow with its persons."""
    cal = calendar(world)
    a = areas(world, seed, cal)
    truth = Truth(world.truth.horizon_max)
    extract, text = extract_of(world), world_text(world, n, seed)
    made = (
        Synthetic(world, part, {}, extract, text) for part in blocks(world, n, seed, a, cal, truth)
    )
    kept = (as_of(part, day) if day else part for part in made)
    rows = write_blocks(folder, (part.tables for part in kept))
    last = {"structures": structures(world, a), "totaux": totals(rows)}
    rows |= write_blocks(folder, iter([last]))
    describe(folder, as_of_extract(extract, world, day) if day else extract)
    write_truth(folder, files_of(truth, cal), text)
    return rows


def within(world: World, departements: list[str] | None) -> World:
    """Return the world kept to some of its départements.

    Raises:
        EvalmlError: The world has no such département.
    """
    if not departements:
        return world
    known = sorted({r["departement"] for r in structure_rows(world.structures)})
    for code in departements:
        if code not in known:
            raise EvalmlError(
                f"world '{world.world}' has no département '{code}'; {nearest(code, known)}"
            )
    weights = {code: world.weights.get(code, 1.0) for code in departements}
    change = {"weights": weights, "territory": {"departement": list(departements)}}
    return world.model_copy(update=change)
