"""How good an extract is: every declared check, counted, in a few queries per table."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from evalml.extract import contract
from evalml.rules import rules
from evalml.tables.history import HISTORY, beside, without_pass, without_spell
from evalml.tables.kinds import KINDS, PROGRAMMES, TableCheck, checks_of
from evalml.tables.row_rules import rules_of
from evalml.tables.sources import measure_held

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from evalml.engine import Engine
    from evalml.extract.meta import ExtractMeta
    from evalml.extract.read import Extract
    from evalml.tables.accept import Tables
    from evalml.tables.sources import Found

SEPARATE = {"without_spell": without_spell, "without_pass": without_pass}


@dataclass(frozen=True, slots=True)
class Line:
    """One check on one table.

    Attributes:
        check: Name of the check.
        family: Its family.
        table: Table.
        column: Column, or two columns, it bears on; empty for the whole row.
        rows: Rows concerned.
        failing: Rows that fail; None where the count is hidden.
        warn_above: Share above which it warns.
        block_above: Share above which it blocks, None for never.
        put_aside: Whether the failing rows were put aside.
        sentence: What was looked for, and what it means, in French.
    """

    check: str
    family: str
    table: str
    column: str
    rows: int
    failing: int | None
    warn_above: float
    block_above: float | None
    status: str
    put_aside: bool
    sentence: str

    @property
    def share(self) -> float | None:
        """Share of the rows concerned that fail, None where the count is hidden."""
        if self.failing is None:
            return None
        return self.failing / self.rows if self.rows else 0.0

    @property
    def place(self) -> str:
        """Table, and column where there is one."""
        return f"{self.table}.{self.column}" if self.column else self.table


@dataclass(frozen=True, slots=True)
class Size:
    """Rows of a table as received and as accepted; None where the difference is hidden."""

    table: str
    received: int
    accepted: int | None

    @property
    def aside(self) -> int | None:
        """Rows put aside."""
        return None if self.accepted is None else self.received - self.accepted


@dataclass(frozen=True, slots=True, repr=False)
class Scorecard:
    """The checks of one extract.

    Attributes:
        meta: What the extract says of itself.
        lines: One line per check, table and column; `status` is `ok`, `warning`, `blocked`, or
            `empty` where no row is concerned.
        sizes: Rows received and accepted by table.
        held: What the extract holds by month, mission locale and arm to be (`measure_held`).
    """

    meta: ExtractMeta
    lines: tuple[Line, ...]
    sizes: tuple[Size, ...]
    held: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def blocked(self) -> tuple[str, ...]:
        """The blocking checks that fail."""
        return tuple(dict.fromkeys(x.check for x in self.lines if x.status == "blocked"))

    @property
    def unread_amounts(self) -> dict[str, dt.date]:
        """The programmes some amount of which changed in the extract's period and was not read."""
        missed = {code: rules(code).overdue(self.meta.period_end) for code in PROGRAMMES}
        return {code: min(days.values()) for code, days in missed.items() if days}

    @property
    def undeclared(self) -> tuple[str, ...]:
        """The dated tables whose coverage `extract.yaml` does not say: that of their rows holds."""
        dated = [x.table for x in self.sizes if x.table in contract.DATED and x.received]
        return tuple(name for name in dated if name not in self.meta.coverage)

    @property
    def found(self) -> tuple[Line, ...]:
        """The lines that found at least one row, worst first."""
        failing = [x for x in self.lines if x.failing is None or x.failing > 0]
        order = ("blocked", "warning", "ok")
        return tuple(sorted(failing, key=lambda x: (order.index(x.status), -(x.share or 0))))

    @property
    def checks(self) -> pd.DataFrame:
        """The lines as a table, shares included."""
        return pd.DataFrame([{**asdict(x), "share": x.share} for x in self.lines])

    def protected(self, min_count: int) -> Scorecard:
        """Return the same scorecard with counts from 1 to `min_count` - 1 hidden."""
        lines = tuple(
            replace(x, failing=None) if x.failing and x.failing < min_count else x
            for x in self.lines
        )
        sizes = tuple(
            replace(x, accepted=None) if x.aside and x.aside < min_count else x for x in self.sizes
        )
        return replace(self, lines=lines, sizes=sizes)

    def __repr__(self) -> str:
        """Count the checks and those that found something."""
        return f"Scorecard({self.meta.name}, {len(self.lines)} checks, {len(self.found)} found)"


def score(extract: Extract, tables: Tables, engine: Engine) -> Scorecard:
    """Run every declared check on an extract.

    Args:
        extract: The tables as received.
        tables: Its rows, accepted and put aside.
        engine: Where queries run.
    """
    lines: list[Line] = []
    sizes: list[Size] = []
    found, held = measure_held(tables, engine)
    for table in contract.TABLES:
        if table.name not in tables.tables:
            continue
        aside = tables.rejects[tables.rejects["table"] == table.name]
        received = tables.received[table.name]
        accepted = received - int(aside["rows"].sum())
        sizes.append(Size(table.name, received, accepted))
        counts = dict(zip(aside["rule"], aside["rows"], strict=True))
        lines += _aside_lines(table, received, counts)
        lines += _counted_lines(table, extract, tables, engine)
        lines += _read_lines(table, tables, found)
    return Scorecard(tables.meta, tuple(lines), tuple(sizes), held)


def refused(extract: Extract, tables: Tables, engine: Engine) -> tuple[str, ...]:
    """Return the blocking checks that an extract fails, as `check (place)`: only these are run."""
    lines: list[Line] = []
    found, _ = measure_held(tables, engine)
    for table in contract.TABLES:
        if table.name not in tables.tables:
            continue
        aside = tables.rejects[tables.rejects["table"] == table.name]
        counts = dict(zip(aside["rule"], aside["rows"], strict=True))
        lines += _aside_lines(table, tables.received[table.name], counts)
        lines += _counted_lines(table, extract, tables, engine, blocking=True)
        lines += _read_lines(table, tables, found)
    return tuple(f"{x.check} ({x.place})" for x in lines if x.status == "blocked")


def _read_lines(table: contract.Table, tables: Tables, found: Sequence[Found]) -> list[Line]:
    """Return the checks that were counted while the table was read, or over whole tables."""
    lines = []
    for check in checks_of(table):
        kind, name = check.declared.kind, check.declared.check
        if kind == "folded_code":
            n = tables.folded.get(f"{table.name}.{check.column}", 0)
            lines.append(_line(check, tables.received.get(table.name, 0), n))
        if kind == "held":
            lines += [
                _line(check, f.rows, f.failing)
                for f in found
                if (f.check, f.table) == (name, table.name)
            ]
    return lines


def _aside_lines(table: contract.Table, received: int, counts: dict[str, int]) -> list[Line]:
    applicable = rules_of(table)
    return [
        _line(check, received, int(counts.get(check.declared.check, 0)))
        for check in checks_of(table)
        if check.declared.kind == "row_rule" and check.declared.check in applicable
    ]


def _counted_lines(
    table: contract.Table,
    extract: Extract,
    tables: Tables,
    engine: Engine,
    *,
    blocking: bool = False,
) -> list[Line]:
    """Count the checks that move no row: one query for the table, one more per join of tables.

    With `blocking`, only those that can refuse an extract.
    """
    checks = [c for c in checks_of(table) if c.declared.kind != "row_rule"]
    if blocking:
        checks = [c for c in checks if c.declared.block_above is not None]
    together = [c for c in checks if c.declared.kind in KINDS or c.declared.kind in HISTORY]
    lines = _together(table, together, tables, engine)
    for check in checks:
        if check.declared.kind in SEPARATE:
            lines.append(_line(check, *SEPARATE[check.declared.kind](tables, check, engine)))
    whole = [c for c in checks if c.declared.kind == "not_whole"]
    return lines + _not_whole(whole, extract, engine)


def _together(
    table: contract.Table, checks: Sequence[TableCheck], tables: Tables, engine: Engine
) -> list[Line]:
    if not checks:
        return []
    rows = beside(table.name, tables)
    kinds = KINDS | HISTORY
    marks = {}
    for i, check in enumerate(checks):
        concerned, failing = kinds[check.declared.kind](rows, check, tables.meta.extraction_date)
        concerned = concerned.fill_null(False)
        marks[f"concerned_{i}"] = concerned
        marks[f"failing_{i}"] = concerned & failing.fill_null(False)
    marked = rows.select(**marks)
    sums = engine.fetch(marked.aggregate(**{n: marked[n].sum() for n in marks})).fillna(0).iloc[0]
    return [
        _line(check, int(sums[f"concerned_{i}"]), int(sums[f"failing_{i}"]))
        for i, check in enumerate(checks)
    ]


def _not_whole(checks: Sequence[TableCheck], extract: Extract, engine: Engine) -> list[Line]:
    """Count decimals in integer columns, as received: accepted values are rounded."""
    lines = []
    for check in checks:
        value = extract.tables[check.table][check.column]
        if value.type().is_floating():
            broken = (value != value.round()) & ~value.isnan()
            frame = engine.fetch(
                extract.tables[check.table].aggregate(
                    rows=value.notnull().sum(), failing=broken.sum()
                )
            ).fillna(0)
            lines.append(_line(check, int(frame["rows"][0]), int(frame["failing"][0])))
    return lines


def _line(check: TableCheck, rows: int, failing: int) -> Line:
    declared = check.declared
    return Line(
        check=declared.check,
        family=declared.family,
        table=check.table,
        column=check.column,
        rows=rows,
        failing=failing,
        warn_above=declared.warn_above,
        block_above=declared.block_above,
        status=_status(check, rows, failing / rows if rows else 0.0),
        put_aside=declared.kind == "row_rule",
        sentence=check.sentence,
    )


def _status(check: TableCheck, rows: int, share: float) -> str:
    declared = check.declared
    if rows == 0:
        return "empty"
    if declared.block_above is not None and share > declared.block_above:
        return "blocked"
    return "warning" if share > declared.warn_above else "ok"
