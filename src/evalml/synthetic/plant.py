"""Change or add rows of an extract, and keep the account of every one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evalml.errors import EvalmlError

if TYPE_CHECKING:
    from evalml.arrays import AnyVector


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
