"""From files to records one may trust: impossible rows are put aside and counted.

A row is put aside under the first of `row_rules.ROW_RULES` it breaks, so that the counts add
up to the rows that are missing. Nothing is corrected and nothing disappears silently.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.codes import code_list
from evalml.engine import cases, literal
from evalml.errors import TableMissingError
from evalml.extract import contract
from evalml.extract.schema import to_contract
from evalml.tables.row_rules import (
    EVENTS,
    FIRST_DAY,
    LAST_DAY,
    ROW_RULES,
    Known,
    any_of,
    closed,
    ends_early,
    flagged,
    future,
    outside,
    parent_tests,
    with_parents,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from evalml.engine import BooleanValue, Engine, Table
    from evalml.extract import contract
    from evalml.extract.meta import ExtractMeta
    from evalml.extract.read import Extract
    from evalml.tables.row_rules import Known

    Tests = Mapping[str, BooleanValue | None]


def folded(text: str) -> str:
    """Return a code without case, accents and outer spaces, to compare it by."""
    bare = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(c for c in bare if not unicodedata.combining(c)).casefold().strip()


def fold_codes(raw: Table, table: contract.Table, engine: Engine) -> tuple[Table, dict[str, int]]:
    """Return rows whose codes are those of their lists, and how many were written otherwise.

    A value that is in no list, whatever its case, is left as it is.
    """
    lists = {
        c.name: code_list(c.codes).values
        for c in table.columns
        if c.codes is not None and raw[c.name].type().is_string()
    }
    if not lists:
        return raw, {}
    unlisted = {n: (raw[n].notin(list(v)) & (raw[n] != "")).sum() for n, v in lists.items()}
    counts = engine.fetch(raw.aggregate(**unlisted)).fillna(0).iloc[0]
    found, changed = {}, {}
    for name, listed in lists.items():
        if not counts[name]:
            continue
        codes = {folded(code): code for code in listed}
        seen = raw.group_by(raw[name]).agg(n=raw.count())
        rows = engine.fetch(seen.filter(seen[name].notin(list(listed))))
        mine = {
            str(value): (codes[folded(str(value))], int(n))
            for value, n in rows.itertuples(index=False)
            if folded(str(value)) in codes
        }
        if mine:
            found[name] = sum(n for _, n in mine.values())
            branches = [(raw[name] == value, literal(code)) for value, (code, _) in mine.items()]
            changed[name] = cases(*branches, else_=raw[name])
    return (raw.mutate(**changed) if changed else raw), found


@dataclass(frozen=True, slots=True)
class Screened:
    """A table as the contract wants it, and what is wrong with it.

    Attributes:
        typed: Rows with the contract's columns and types.
        received: How many.
        broken: Rules that some row breaks.
    """

    typed: Table
    received: int
    broken: frozenset[str]


def screen(raw: Table, table: contract.Table, known: Known, engine: Engine) -> Screened:
    """Find the rules that some row of a table breaks."""
    counted = reduce(lambda one, other: one.cross_join(other), _parts(raw, table, known))
    row = {str(k): 0 if pd.isna(v) else v for k, v in engine.fetch(counted).iloc[0].items()}
    received = int(row["received"])
    empty = [c.name for c in table.columns if row.get(f"empty_{c.name}")]
    found = {rule for rule in ROW_RULES if row.get(rule)}
    found |= {"missing_value" for c in table.columns if _misses(c, row)}
    far = (f"{side}_{c.name}" for side in ("early", "late") for c in table.columns)
    found |= {"impossible_date" for name in far if row.get(name)}
    found |= {"duplicate_key"} if engine.repeats(raw, table.key, received) else set()
    return Screened(to_contract(raw, table, may_be_empty=empty), received, frozenset(found))


def _parts(raw: Table, table: contract.Table, known: Known) -> Iterator[Table]:
    """Give the tables of one row that say what the ends, the codes and the parents tell."""
    rows = to_contract(raw, table, may_be_empty=())
    yield _ends(rows, raw, table)
    for groups, tests in (_by_code(rows, table, known), _by_parent(rows, table, known)):
        made = {rule: test.any() for rule, test in tests.items() if test is not None}
        if made:
            yield groups.aggregate(**made)


def _ends(rows: Table, raw: Table, table: contract.Table) -> Table:
    """Return what the ends of the columns tell; a file that holds them is not read for it."""
    texts = [c.name for c in table.columns if raw[c.name].type().is_string()]
    days = [c.name for c in table.columns if c.type == "date"]
    return rows.aggregate(
        received=rows.count(),
        **{f"held_{c.name}": rows[c.name].count() for c in table.columns if not c.nullable},
        **{f"empty_{name}": rows[name].min() == "" for name in texts},
        **{f"early_{name}": rows[name].min() < literal(FIRST_DAY) for name in days},
        **{f"late_{name}": rows[name].max() > literal(LAST_DAY) for name in days},
    )


def _misses(column: contract.Column, row: Mapping[str, Any]) -> bool:
    """Tell whether a column that may not be empty is, somewhere."""
    name = column.name
    n_available = row.get(f"held_{name}", row["received"])
    return not column.nullable and bool(n_available < row["received"] or row.get(f"empty_{name}"))


def _by_code(rows: Table, table: contract.Table, known: Known) -> tuple[Table, Tests]:
    """Return the combinations of codes, and what each and its last days tell."""
    codes = [c for c in table.columns if closed(c)]
    last = {c.name: rows[c.name].max() for c in table.columns if c.type == "date"}
    early = ends_early(rows, table)
    if early is not None:
        last["early"] = early.any()
    groups = (rows.group_by(*(c.name for c in codes)) if codes else rows).aggregate(**last)
    groups = _without_empty(groups, [c.name for c in codes])
    return groups, {
        "code_not_in_list": any_of(outside(groups, c) for c in codes),
        "future_date": future(groups, table, known.extraction_date),
        "end_before_start": None if early is None else groups.early,
    }


def _by_parent(rows: Table, table: contract.Table, known: Known) -> tuple[Table, Tests]:
    """Return the persons and files of the rows, and what each and its first event tell."""
    keys = [key for key, _ in known.parents(table, rows.columns)]
    if not keys:
        return rows, {}
    event = EVENTS.get(table.name)
    first = {event: rows[event].min()} if event else {}
    groups = _without_empty(rows.group_by(*keys).aggregate(**first), keys)
    groups = with_parents(groups, table, known)
    return groups, parent_tests(groups, table)


def _without_empty(groups: Table, names: Sequence[str]) -> Table:
    """Return groups with the empty text of their keys as null."""
    texts = [name for name in names if groups[name].type().is_string()]
    return groups.mutate(**{n: groups[n].nullif("") for n in texts}) if texts else groups


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
