"""How good an extract is: every declared check, counted, in a few queries per table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evalml.extract import contract
from evalml.tables.beside import beside, without_pass, without_spell
from evalml.tables.declared import TableCheck, checks_of
from evalml.tables.history import HISTORY
from evalml.tables.kinds import KINDS
from evalml.tables.row_rules import rules_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.engine import Engine
    from evalml.extract.meta import ExtractMeta
    from evalml.extract.read import Extract
    from evalml.tables.accept import Tables

COLUMNS = (
    "check",
    "family",
    "table",
    "column",
    "rows",
    "failing",
    "share",
    "warn_above",
    "block_above",
    "status",
    "put_aside",
    "sentence",
)
SEPARATE = {"without_spell": without_spell, "without_pass": without_pass}


@dataclass(frozen=True, slots=True, repr=False)
class Scorecard:
    """The checks of one extract.

    Attributes:
        meta: What the extract says of itself.
        checks: One line per check, table and column: rows concerned and failing, share,
            thresholds, `status` (`ok`, `warning`, `blocked`, `empty` where no row is concerned).
        sizes: Rows received and accepted by table.
    """

    meta: ExtractMeta
    checks: pd.DataFrame
    sizes: pd.DataFrame

    @property
    def blocked(self) -> bool:
        """Whether a blocking check fails."""
        return bool((self.checks["status"] == "blocked").any())

    @property
    def found(self) -> pd.DataFrame:
        """The checks that found at least one row, worst first."""
        failing = self.checks[self.checks["failing"] > 0]
        order = failing["status"].map({"blocked": 0, "warning": 1, "ok": 2})
        places = failing.assign(order=order).sort_values(
            ["order", "share"], ascending=[True, False], kind="stable"
        )
        return places.drop(columns="order")

    def __repr__(self) -> str:
        """Count the checks by status."""
        counts = self.checks["status"].value_counts().to_dict()
        return f"Scorecard({self.meta.name}, {counts})"


def score(extract: Extract, tables: Tables, engine: Engine) -> Scorecard:
    """Run every declared check on an extract.

    Args:
        extract: The tables as received.
        tables: Its rows, accepted and put aside.
        engine: Where queries run.
    """
    lines: list[dict[str, object]] = []
    sizes: list[dict[str, object]] = []
    for table in contract.TABLES:
        if table.name not in tables.tables:
            continue
        aside = tables.rejects[tables.rejects["table"] == table.name]
        received = _rows(extract, table, engine)
        accepted = received - int(aside["rows"].sum())
        sizes.append({"table": table.name, "received": received, "accepted": accepted})
        counts = dict(zip(aside["rule"], aside["rows"], strict=True))
        lines += _aside_lines(table, received, counts)
        lines += _counted_lines(table, extract, tables, engine)
    frame = pd.DataFrame(lines, columns=list(COLUMNS))
    return Scorecard(tables.meta, frame, pd.DataFrame(sizes))


def _rows(extract: Extract, table: contract.Table, engine: Engine) -> int:
    raw = extract.tables[table.name]
    return int(engine.fetch(raw.aggregate(n=raw.count()))["n"][0])


def _aside_lines(
    table: contract.Table, received: int, counts: dict[str, int]
) -> list[dict[str, object]]:
    applicable = rules_of(table)
    return [
        _line(check, received, int(counts.get(check.declared.check, 0)))
        for check in checks_of(table)
        if check.declared.kind == "row_rule" and check.declared.check in applicable
    ]


def _counted_lines(
    table: contract.Table, extract: Extract, tables: Tables, engine: Engine
) -> list[dict[str, object]]:
    """Count the checks that move no row: one query for the table, one more per join of tables."""
    checks = [c for c in checks_of(table) if c.declared.kind != "row_rule"]
    together = [c for c in checks if c.declared.kind in KINDS or c.declared.kind in HISTORY]
    lines = _together(table, together, tables, engine)
    for check in checks:
        if check.declared.kind in SEPARATE:
            lines.append(_line(check, *SEPARATE[check.declared.kind](tables, check, engine)))
    whole = [c for c in checks if c.declared.kind == "not_whole"]
    return lines + _not_whole(whole, extract, engine)


def _together(
    table: contract.Table, checks: Sequence[TableCheck], tables: Tables, engine: Engine
) -> list[dict[str, object]]:
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


def _not_whole(
    checks: Sequence[TableCheck], extract: Extract, engine: Engine
) -> list[dict[str, object]]:
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


def _line(check: TableCheck, rows: int, failing: int) -> dict[str, object]:
    declared = check.declared
    share = failing / rows if rows else 0.0
    return {
        "check": declared.check,
        "family": declared.family,
        "table": check.table,
        "column": check.column,
        "rows": rows,
        "failing": failing,
        "share": share,
        "warn_above": declared.warn_above,
        "block_above": declared.block_above,
        "status": _status(check, rows, share),
        "put_aside": declared.kind == "row_rule",
        "sentence": check.sentence,
    }


def _status(check: TableCheck, rows: int, share: float) -> str:
    declared = check.declared
    if rows == 0:
        return "empty"
    if declared.block_above is not None and share > declared.block_above:
        return "blocked"
    return "warning" if share > declared.warn_above else "ok"
