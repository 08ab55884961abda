"""Which rules some row of a table breaks, from ends and groups: most tables break none.

Rows are looked at one by one only in a table that breaks a rule, and for the rules it breaks. The
answer may name a rule too many (a key that is empty is no one's child), never one too few.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.codes import code_list
from evalml.engine import cases, literal
from evalml.extract.schema import to_contract
from evalml.tables.row_rules import (
    EVENTS,
    FIRST_DAY,
    LAST_DAY,
    ROW_RULES,
    any_of,
    closed,
    ends_early,
    future,
    outside,
    parent_tests,
    with_parents,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from evalml.engine import BooleanValue, Engine, Table
    from evalml.extract import contract
    from evalml.tables.row_rules import Known

    Tests = Mapping[str, BooleanValue | None]


def folded(text: str) -> str:
    """Return a code without case, accents and outer spaces, to compare it by."""
    bare = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(c for c in bare if not unicodedata.combining(c)).casefold().strip()


def fold_codes(raw: Table, table: contract.Table, engine: Engine) -> tuple[Table, dict[str, int]]:
    """Return rows whose codes are those of their lists, and how many were written otherwise.

    A value that is in no list, whatever its case, is left as it is.

    Args:
        raw: Rows as received.
        table: The table of the contract.
        engine: Where queries run.
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
    """Find the rules that some row of a table breaks.

    Args:
        raw: Rows as received.
        table: The table of the contract.
        known: Persons and files learnt from earlier tables.
        engine: Where queries run.
    """
    told = reduce(lambda one, other: one.cross_join(other), _parts(raw, table, known))
    row = {str(k): 0 if pd.isna(v) else v for k, v in engine.fetch(told).iloc[0].items()}
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
    held = row.get(f"held_{name}", row["received"])
    return not column.nullable and bool(held < row["received"] or row.get(f"empty_{name}"))


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
