"""The defects real extracts have, planted at declared rates and every one accounted for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evalml.errors import EvalmlError, nearest
from evalml.synthetic.world import substream

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalml.arrays import AnyVector
    from evalml.synthetic.make import Synthetic


@dataclass(slots=True, repr=False)
class Bed:
    """The tables defects are planted in, changed in place.

    Attributes:
        tables: Tables by name.
        rng: Chooses the rows.
        extraction: Day of the extraction, days of the epoch.
        planted: (defect, table, key of the row), one per defect.
        taken: Persons already touched: each carries one defect at most.
    """

    tables: dict[str, pa.Table]
    rng: np.random.Generator
    extraction: int
    planted: list[tuple[str, str, str]] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def choose(self, table: str, where: AnyVector | pa.Array, count: int, defect: str) -> AnyVector:
        """Return positions of `count` rows that hold `where`, of as many untouched persons.

        Raises:
            EvalmlError: Fewer rows qualify.
        """
        rows = self.tables[table]
        at = np.flatnonzero(np.asarray(where))
        who = rows["id_jeune"].take(pa.array(at))
        if self.taken:
            free = ~np.asarray(pc.is_in(who, pa.array(sorted(self.taken))))
            at, who = at[free], who.filter(pa.array(free))
        names, first = np.unique(
            np.asarray(who.to_numpy(zero_copy_only=False), dtype=object), return_index=True
        )
        if len(first) < count:
            message = f"the world has {len(first)} rows fit for defect '{defect}', not {count}"
            raise EvalmlError(f"{message}; lower its rate or ask for more persons")
        got = np.sort(self.rng.permutation(len(first))[:count])
        self.taken |= set(names[got])
        return np.asarray(np.sort(at[first[got]]))

    def note(self, defect: str, table: str, keys: pa.Array | pa.ChunkedArray) -> None:
        """Write planted rows into the account."""
        self.planted += [(defect, table, str(k)) for k in keys.to_pylist()]

    def days(self, table: str, column: str) -> AnyVector:
        """Return dates as days of the epoch, a very low number where there is none."""
        values = self.tables[table][column].cast(pa.int32())
        return np.asarray(pc.fill_null(values, -(10**6)), dtype=np.int64)

    def put(self, table: str, column: str, at: AnyVector, values: Any) -> None:
        """Set cells of a column at positions `at` (`values` in their order)."""
        rows = self.tables[table]
        old = rows[column].combine_chunks()
        mask = np.zeros(len(old), dtype=bool)
        mask[at] = True
        new = values if isinstance(values, pa.Array) else pa.array(values)
        changed = pc.replace_with_mask(old, pa.array(mask), new.cast(old.type))
        self.tables[table] = rows.set_column(rows.schema.get_field_index(column), column, changed)

    def add(self, table: str, rows: pa.Table, **columns: Any) -> pa.Table:
        """Append rows, some of their columns replaced; return them."""
        for name, values in columns.items():
            kind = rows.schema.field(name).type
            new = values if isinstance(values, pa.Array) else pa.array(values)
            rows = rows.set_column(rows.schema.get_field_index(name), name, new.cast(kind))
        self.tables[table] = pa.concat_tables([self.tables[table], rows])
        return rows

    def born(self, table: str, at: AnyVector) -> AnyVector:
        """Return birth days of the persons of rows `at`, days of the epoch."""
        where = pc.index_in(
            self.tables[table]["id_jeune"].take(pa.array(at)),
            self.tables["jeunes"]["id_jeune"].combine_chunks(),
        )
        return np.asarray(self.days("jeunes", "date_naissance")[np.asarray(where)])

    def of_file(self, table: str, column: str) -> AnyVector:
        """Return a date of the file of every row of a table, days of the epoch."""
        files = self.tables["dossiers"]["id_dossier"].combine_chunks()
        where = np.asarray(pc.index_in(self.tables[table]["id_dossier"], files))
        return np.asarray(self.days("dossiers", column)[where])


def dates(values: AnyVector) -> pa.Array:
    """Return dates from days of the epoch."""
    return pa.array(np.asarray(values, dtype=np.int32)).cast(pa.date32())


def fresh(prefix: str, count: int) -> list[str]:
    """Return identifiers no other row has."""
    return [f"{prefix}X{k:08d}" for k in range(count)]


PERFECT_2024 = int(np.datetime64("2024-01-01", "D").astype(np.int64))
"""Day from which the QPV perimeter of décret 2023-1312 applies."""
GJ_CLOSED = int(np.datetime64("2022-03-01", "D").astype(np.int64))
_YEAR = 365.25


def _equal(bed: Bed, table: str, column: str, value: str) -> AnyVector:
    return np.asarray(pc.fill_null(pc.equal(bed.tables[table][column], value), False))


def _end_before_start(bed: Bed, count: int) -> None:
    known = bed.days("situations", "date_fin") > 0
    at = bed.choose("situations", known, count, "end_before_start")
    start = bed.days("situations", "date_debut")[at]
    bed.put("situations", "date_fin", at, dates(start - 10))
    bed.note("end_before_start", "situations", bed.tables["situations"]["id_situation"].take(at))


def _event_before_birth(bed: Bed, count: int) -> None:
    known = bed.days("situations", "date_debut") > 0
    at = bed.choose("situations", known, count, "event_before_birth")
    bed.put("situations", "date_debut", at, dates(bed.born("situations", at) - 30))
    bed.note("event_before_birth", "situations", bed.tables["situations"]["id_situation"].take(at))


def _overlapping_situations(bed: Bed, count: int) -> None:
    start, end = bed.days("situations", "date_debut"), bed.days("situations", "date_fin")
    fit = _equal(bed, "situations", "categorie", "Emploi") & (end - start >= 20)
    fit &= end <= bed.extraction
    at = bed.choose("situations", fit, count, "overlapping_situations")
    rows = bed.tables["situations"].take(pa.array(at))
    ids = fresh("SIT", count)
    bed.add("situations", rows, id_situation=ids, date_debut=dates(start[at] + 5))
    bed.note("overlapping_situations", "situations", pa.array(ids))


def _reopened_spell(bed: Bed, count: int) -> None:
    end = bed.days("accompagnements", "date_fin")
    shut = bed.of_file("accompagnements", "date_cloture")
    last = _last_of_programme(bed)
    everyone = np.arange(len(end))
    fit = (end > 0) & (end < bed.extraction - 60) & (shut < 0) & last
    fit &= end - bed.born("accompagnements", everyone) < 25 * _YEAR
    at = bed.choose("accompagnements", fit, count, "reopened_spell")
    rows = bed.tables["accompagnements"].take(pa.array(at))
    ids, first = fresh("ACR", count), end[at] + 2
    none = pa.nulls(count, pa.date32())
    bed.add(
        "accompagnements", rows, id_accompagnement=ids, date_debut=dates(first), date_fin=none,
        date_saisie=dates(first), date_fin_prevue=dates(first + 180),
        motif_fin=pa.nulls(count, pa.string()),
    )  # fmt: skip
    bed.note("reopened_spell", "accompagnements", pa.array(ids))


def _last_of_programme(bed: Bed) -> AnyVector:
    """Return which spells are the person's last in any programme and not GJ."""
    rows = bed.tables["accompagnements"]
    who = np.asarray(rows["id_jeune"].to_numpy(zero_copy_only=False), dtype=object)
    start = bed.days("accompagnements", "date_debut")
    order = np.lexsort((start, who))
    last = np.ones(len(order), dtype=bool)
    last[:-1] = who[order][1:] != who[order][:-1]
    out = np.zeros(len(order), dtype=bool)
    out[order] = last
    return out & ~_equal(bed, "accompagnements", "dispositif", "GJ")


def _exit_after_closure(bed: Bed, count: int) -> None:
    shut = bed.of_file("accompagnements", "date_cloture")
    fit = (shut > 0) & (shut < bed.extraction - 60) & (bed.days("accompagnements", "date_fin") > 0)
    fit &= _last_of_programme(bed) & _file_is_only_one(bed)
    at = bed.choose("accompagnements", fit, count, "exit_after_closure")
    bed.put("accompagnements", "date_fin", at, dates(shut[at] + 30))
    ids = bed.tables["accompagnements"]["id_accompagnement"].take(at)
    bed.note("exit_after_closure", "accompagnements", ids)


def _file_is_only_one(bed: Bed) -> AnyVector:
    """Return which programme spells belong to persons with a single file."""
    return ~np.asarray(pc.is_in(bed.tables["accompagnements"]["id_jeune"], _with_two_files(bed)))


def _with_two_files(bed: Bed) -> pa.Array:
    counts = bed.tables["dossiers"]["id_jeune"].value_counts()
    return counts.field("values").filter(pc.greater(counts.field("counts"), 1))


def _entry_after_programme_closed(bed: Bed, count: int) -> None:
    _false_entry(bed, count, "entry_after_programme_closed", "CIVIS", GJ_CLOSED, 0, 16.5, 25.5)


def _age_out_of_range_at_entry(bed: Bed, count: int) -> None:
    _false_entry(bed, count, "age_out_of_range_at_entry", "CEJ", GJ_CLOSED, 1, 26.1, 29.9)


def _false_entry(
    bed: Bed,
    count: int,
    defect: str,
    programme: str,
    after: int,
    months: int,
    low: float,
    high: float,
) -> None:
    """Add first entries into a programme, of persons never in any and aged between two ages."""
    files = bed.tables["dossiers"]
    everyone = np.arange(files.num_rows)
    start = np.maximum(bed.days("dossiers", "date_ouverture") + 30, after + 40)
    start = np.maximum(
        start, (bed.born("dossiers", everyone) + low * _YEAR).astype(np.int64) + months
    )
    age = (start - bed.born("dossiers", everyone)) / _YEAR
    shut = bed.days("dossiers", "date_cloture")
    inside = np.asarray(
        pc.is_in(files["id_jeune"], bed.tables["accompagnements"]["id_jeune"].combine_chunks())
    )
    disabled = bed.tables["jeunes"].filter(pc.is_valid(bed.tables["jeunes"]["rqth_depuis"]))[
        "id_jeune"
    ]
    fit = (age >= low) & (age <= high) & ~inside & (shut < 0) & (start < bed.extraction - 30)
    fit &= ~np.asarray(pc.is_in(files["id_jeune"], disabled.combine_chunks()))
    at = bed.choose("dossiers", fit, count, defect)
    ids = fresh("AC" + programme[:2], count)
    model = (
        bed.tables["accompagnements"].slice(0, 1).take(pa.array(np.zeros(count, dtype=np.int64)))
    )
    chosen, first, no_text = files.take(pa.array(at)), start[at], pa.nulls(count, pa.string())
    bed.add(
        "accompagnements", model, id_accompagnement=ids, dispositif=pa.array([programme] * count),
        id_jeune=chosen["id_jeune"].combine_chunks(), date_debut=dates(first),
        id_dossier=chosen["id_dossier"].combine_chunks(), date_fin_prevue=dates(first + 365),
        date_fin=pa.nulls(count, pa.date32()), motif_fin=no_text,
        rang=np.ones(count, dtype=np.int64),
        id_parent=no_text, date_saisie=dates(first),
    )  # fmt: skip
    bed.note(defect, "accompagnements", pa.array(ids))


def _duplicate_person(bed: Bed, count: int) -> None:
    everyone = np.ones(bed.tables["jeunes"].num_rows, dtype=bool)
    at = bed.choose("jeunes", everyone, count, "duplicate_person")
    rows = bed.tables["jeunes"].take(pa.array(at))
    ids = fresh("J", count)
    where = pc.index_in(rows["id_jeune"], bed.tables["dossiers"]["id_jeune"].combine_chunks())
    files = bed.tables["dossiers"].take(where)
    bed.add("jeunes", rows, id_jeune=ids)
    bed.add("dossiers", files, id_jeune=ids, id_dossier=fresh("DP", count))
    bed.note("duplicate_person", "jeunes", pa.array(ids))


def _duplicate_dossier(bed: Bed, count: int) -> None:
    fit = bed.days("dossiers", "date_cloture") < 0
    at = bed.choose("dossiers", fit, count, "duplicate_dossier")
    rows, ids = bed.tables["dossiers"].take(pa.array(at)), fresh("D", count)
    bed.add("dossiers", rows, id_dossier=ids)
    bed.note("duplicate_dossier", "dossiers", pa.array(ids))


def _act_not_present_counted(bed: Bed, count: int) -> None:
    at = bed.choose(
        "actes", _equal(bed, "actes", "statut", "ABSENT"), count, "act_not_present_counted"
    )
    bed.put("actes", "heures", at, np.ones(count))
    bed.note("act_not_present_counted", "actes", bed.tables["actes"]["id_acte"].take(at))


def _qpv_missing_after_2024(bed: Bed, count: int) -> None:
    fit = bed.days("dossiers", "date_ouverture") >= PERFECT_2024
    fit &= np.asarray(pc.is_valid(bed.tables["dossiers"]["qpv"]))
    at = bed.choose("dossiers", fit, count, "qpv_missing_after_2024")
    bed.put("dossiers", "qpv", at, pa.nulls(count, pa.bool_()))
    bed.note("qpv_missing_after_2024", "dossiers", bed.tables["dossiers"]["id_dossier"].take(at))


def _unknown_structure(bed: Bed, count: int) -> None:
    everyone = np.ones(bed.tables["dossiers"].num_rows, dtype=bool)
    at = bed.choose("dossiers", everyone, count, "unknown_structure")
    bed.put("dossiers", "id_structure", at, pa.array([f"{k:05d}S00" for k in range(count)]))
    bed.note("unknown_structure", "dossiers", bed.tables["dossiers"]["id_dossier"].take(at))


def _merged_structure_used(bed: Bed, count: int) -> None:
    rows = bed.tables["structures"]
    gone = rows.filter(pc.is_valid(rows["valide_au"]))
    if not gone.num_rows:
        raise EvalmlError("defect 'merged_structure_used' needs a merger; add one under `mergers`")
    old = gone["id_structure"][0].as_py()
    heir = gone["remplacee_par"][0].as_py()
    since = int(gone["valide_au"].cast(pa.int32())[0].as_py())
    fit = (bed.days("dossiers", "date_ouverture") > since) & _equal(
        bed, "dossiers", "id_structure", heir
    )
    fit &= ~np.asarray(pc.is_in(bed.tables["dossiers"]["id_jeune"], _with_two_files(bed)))
    at = bed.choose("dossiers", fit, count, "merged_structure_used")
    bed.put("dossiers", "id_structure", at, pa.array([old] * count))
    bed.note("merged_structure_used", "dossiers", bed.tables["dossiers"]["id_dossier"].take(at))


def _future_date(bed: Bed, count: int) -> None:
    at = bed.choose("actes", _equal(bed, "actes", "statut", "PRESENT"), count, "future_date")
    bed.put("actes", "date_acte", at, dates(np.full(count, bed.extraction + 30)))
    bed.note("future_date", "actes", bed.tables["actes"]["id_acte"].take(at))


def _duplicate_key(bed: Bed, count: int) -> None:
    everyone = np.ones(bed.tables["situations"].num_rows, dtype=bool)
    at = bed.choose("situations", everyone, count, "duplicate_key")
    rows = bed.add("situations", bed.tables["situations"].take(pa.array(at)))
    bed.note("duplicate_key", "situations", rows["id_situation"])


def _orphan_key(bed: Bed, count: int) -> None:
    everyone = np.ones(bed.tables["situations"].num_rows, dtype=bool)
    at = bed.choose("situations", everyone, count, "orphan_key")
    bed.put("situations", "id_jeune", at, pa.array(fresh("JO", count)))
    bed.note("orphan_key", "situations", bed.tables["situations"]["id_situation"].take(at))


def _code_not_in_list(bed: Bed, count: int) -> None:
    everyone = np.ones(bed.tables["situations"].num_rows, dtype=bool)
    at = bed.choose("situations", everyone, count, "code_not_in_list")
    bed.put("situations", "categorie", at, pa.array(["Stage"] * count))
    bed.note("code_not_in_list", "situations", bed.tables["situations"]["id_situation"].take(at))


DEFECTS: dict[str, tuple[str, Callable[[Bed, int], None]]] = {
    "exit_after_closure": ("accompagnements", _exit_after_closure),
    "reopened_spell": ("accompagnements", _reopened_spell),
    "age_out_of_range_at_entry": ("accompagnements", _age_out_of_range_at_entry),
    "entry_after_programme_closed": ("accompagnements", _entry_after_programme_closed),
    "merged_structure_used": ("dossiers", _merged_structure_used),
    "unknown_structure": ("dossiers", _unknown_structure),
    "qpv_missing_after_2024": ("dossiers", _qpv_missing_after_2024),
    "overlapping_situations": ("situations", _overlapping_situations),
    "end_before_start": ("situations", _end_before_start),
    "event_before_birth": ("situations", _event_before_birth),
    "orphan_key": ("situations", _orphan_key),
    "code_not_in_list": ("situations", _code_not_in_list),
    "act_not_present_counted": ("actes", _act_not_present_counted),
    "future_date": ("actes", _future_date),
    "duplicate_dossier": ("dossiers", _duplicate_dossier),
    "duplicate_person": ("jeunes", _duplicate_person),
    "duplicate_key": ("situations", _duplicate_key),
}
"""Each defect: the table whose rows its rate is a share of, and how it is planted."""


def plant(made: Synthetic, seed: int) -> Synthetic:
    """Plant the defects the world declares; `truth/defects.csv` names every row.

    A person carries one defect at most, so that counts are exact and causes are not mixed.
    """
    for name in made.world.defects:
        if name not in DEFECTS:
            raise EvalmlError(f"no defect is called '{name}'; {nearest(name, DEFECTS)}")
    day = int(np.datetime64(made.world.period.extraction, "D").astype(np.int64))
    bed = Bed(dict(made.tables), substream(seed, "defects"), day)
    for name, (table, put) in DEFECTS.items():
        count = round(made.world.defects.get(name, 0.0) * made.tables[table].num_rows)
        if count:
            put(bed, count)
    account = pa.table(
        {
            "defect": pa.array([x[0] for x in bed.planted], pa.string()),
            "table": pa.array([x[1] for x in bed.planted], pa.string()),
            "row": pa.array([x[2] for x in bed.planted], pa.string()),
        }
    )
    return replace(made, tables=bed.tables, truth=made.truth | {"defects": account})
