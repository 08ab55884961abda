"""From files to records one may trust: impossible rows are put aside and counted.

A row is put aside under the first of `row_rules.ROW_RULES` it breaks, so that the counts add
up to the rows that are missing. Nothing is corrected and nothing disappears silently.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from evalml.errors import TableMissingError
from evalml.extract import contract
from evalml.extract.schema import to_contract
from evalml.tables.row_rules import Known, flagged

if TYPE_CHECKING:
    from evalml.engine import Engine, Table
    from evalml.extract.meta import ExtractMeta
    from evalml.extract.read import Extract

REJECT_COLUMNS = ("table", "rule", "rows")


@dataclass(frozen=True, slots=True, repr=False)
class Tables:
    """The accepted records of an extract.

    Attributes:
        meta: What the extract says of itself.
        tables: Lazy table by name, with exactly the columns and types of the contract.
        rejects: Rows put aside, one line per table and rule: `table`, `rule`, `rows`.
        put_aside: The rows themselves, with the `rule` each breaks, for the tables that have any.
    """

    meta: ExtractMeta
    tables: dict[str, Table]
    rejects: pd.DataFrame
    put_aside: dict[str, Table] = field(default_factory=dict)

    def table(self, name: str) -> Table:
        """Return the accepted rows of one table.

        Raises:
            TableMissingError: The extract does not hold it.
        """
        if name not in self.tables:
            contract.table(name)
            raise TableMissingError(
                f"the study needs table {name}, which this extract does not hold; add the table to "
                "the extract, or take what needs it out of the study"
            )
        return self.tables[name]

    def __repr__(self) -> str:
        """Count tables and rejects; rows are persons."""
        return (
            f"Tables({self.meta.name}, {len(self.tables)} tables, "
            f"{int(self.rejects['rows'].sum())} rows put aside)"
        )


def accept_tables(extract: Extract, engine: Engine) -> Tables:
    """Split every table of the extract once into rows accepted and rows put aside.

    A table whose rows all pass stays where it is on disk; only a table with rows put aside is
    computed anew.

    Args:
        extract: The tables as received.
        engine: Where queries run.
    """
    known = Known(extract.meta.extraction_date)
    accepted: dict[str, Table] = {}
    aside: dict[str, Table] = {}
    counts: list[tuple[str, str, int]] = []
    for table in contract.TABLES:
        if table.name not in extract.tables:
            continue
        with engine.reading(f"table {table.name} cannot be read to its end; copy it again"):
            split = _split(table, extract.tables[table.name], known, engine)
        accepted[table.name] = split.accepted
        counts += [(table.name, rule, n) for rule, n in split.counts.items()]
        if split.aside is not None:
            aside[table.name] = split.aside
    rejects = pd.DataFrame(counts, columns=list(REJECT_COLUMNS))
    return Tables(extract.meta, accepted, rejects, aside)


@dataclass(frozen=True, slots=True)
class _Split:
    accepted: Table
    aside: Table | None
    counts: dict[str, int]


def _split(table: contract.Table, raw: Table, known: Known, engine: Engine) -> _Split:
    typed = to_contract(raw, table)
    duplicates = _has_duplicates(typed, table, engine)
    marked = flagged(typed, table, known, duplicates=duplicates)
    broken = marked.filter(marked["rule"].notnull())
    tally = broken.group_by("rule").aggregate(rows=broken.count())
    frame = engine.fetch(tally).sort_values("rule")
    counts = {str(r): int(n) for r, n in zip(frame["rule"], frame["rows"], strict=True)}
    if not counts:
        known.learn(table, typed, None)
        return _Split(typed, None, {})
    kept = engine.keep(marked, engine.fresh_name(f"checked_{table.name}"))
    accepted = kept.filter(kept["rule"].isnull()).drop("rule")
    known.learn(table, accepted, typed)
    return _Split(accepted, kept.filter(kept["rule"].notnull()), counts)


def _has_duplicates(typed: Table, table: contract.Table, engine: Engine) -> bool:
    keys = typed.select(*table.key)
    sizes = keys.group_by(*table.key).aggregate(rows=keys.count())
    frame = engine.fetch(sizes.aggregate(largest=sizes.rows.max()))
    return bool(frame["largest"].fillna(0)[0] > 1)
