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
from evalml.tables.row_rules import Known, flagged
from evalml.tables.screen import fold_codes, screen

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
        received: Rows received by table.
        folded: Codes written in another case or with other accents, by `table.column`.
    """

    meta: ExtractMeta
    tables: dict[str, Table]
    rejects: pd.DataFrame
    put_aside: dict[str, Table] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    folded: dict[str, int] = field(default_factory=dict)

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
    splits: dict[str, _Split] = {}
    folded: dict[str, int] = {}
    for table in contract.TABLES:
        if table.name in extract.tables:
            with engine.reading(f"table {table.name} cannot be read to its end; copy it again"):
                raw, written = fold_codes(extract.tables[table.name], table, engine)
                folded |= {f"{table.name}.{column}": n for column, n in written.items()}
                splits[table.name] = _split(table, raw, known, engine)
    counts = [(t, rule, n) for t, s in splits.items() for rule, n in s.counts.items()]
    return Tables(
        extract.meta,
        {t: s.accepted for t, s in splits.items()},
        pd.DataFrame(counts, columns=list(REJECT_COLUMNS)),
        {t: s.aside for t, s in splits.items() if s.aside is not None},
        {t: s.received for t, s in splits.items()},
        folded,
    )


@dataclass(frozen=True, slots=True)
class _Split:
    accepted: Table
    aside: Table | None
    counts: dict[str, int]
    received: int


def _split(table: contract.Table, raw: Table, known: Known, engine: Engine) -> _Split:
    found = screen(raw, table, known, engine)
    if not found.broken:
        known.learn(table, found.typed, None)
        return _Split(found.typed, None, {}, found.received)
    marked = flagged(found.typed, table, known, found.broken)
    kept = engine.keep(marked, engine.fresh_name(f"checked_{table.name}"))
    frame = engine.fetch(kept.group_by("rule").aggregate(rows=kept.count()))
    frame = frame.dropna().sort_values("rule")
    counts = {str(r): int(n) for r, n in zip(frame["rule"], frame["rows"], strict=True)}
    if not counts:
        known.learn(table, found.typed, None)
        return _Split(found.typed, None, {}, found.received)
    accepted = kept.filter(kept["rule"].isnull()).drop("rule")
    known.learn(table, accepted, found.typed)
    return _Split(accepted, kept.filter(kept["rule"].notnull()), counts, found.received)
