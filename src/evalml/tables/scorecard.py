"""How good an extract is: every declared check, counted, in a few queries per table."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from evalml.extract import contract
from evalml.rules import rules
from evalml.tables.history import HISTORY, with_context, without_pass, without_spell
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
    from evalml.tables.sources import SourceMeasure


SEPARATE = {"without_spell": without_spell, "without_pass": without_pass}


@dataclass(frozen=True, slots=True)
class ScoreLine:
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
    lines: tuple[ScoreLine, ...]
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
    def found(self) -> tuple[ScoreLine, ...]:
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
    lines: list[ScoreLine] = []
    sizes: list[Size] = []
    found, measured = measure_held(tables, engine)
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
    return Scorecard(tables.meta, tuple(lines), tuple(sizes), measured)


def refused(
    extract: Extract, tables: Tables, engine: Engine
) -> tuple[tuple[str, ...], ScoreLine | None]:
    """Return the blocking checks that an extract fails, as `check (place)`: only these are run.

    And the line of the declared jobs without a row of the linked source, where it warns.
    """
    lines: list[ScoreLine] = []
    found, _ = measure_held(tables, engine)
    for table in contract.TABLES:
        if table.name not in tables.tables:
            continue
        aside = tables.rejects[tables.rejects["table"] == table.name]
        counts = dict(zip(aside["rule"], aside["rows"], strict=True))
        lines += _aside_lines(table, tables.received[table.name], counts)
        lines += _counted_lines(table, extract, tables, engine, blocking=True)
        lines += _read_lines(table, tables, found)
    failed = tuple(f"{x.check} ({x.place})" for x in lines if x.status == "blocked")
    lost = [x for x in lines if x.check == "declared_job_without_row" and x.status == "warning"]
    return failed, next(iter(lost), None)


def _read_lines(
    table: contract.Table, tables: Tables, found: Sequence[SourceMeasure]
) -> list[ScoreLine]:
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


def _aside_lines(table: contract.Table, received: int, counts: dict[str, int]) -> list[ScoreLine]:
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
) -> list[ScoreLine]:
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
) -> list[ScoreLine]:
    if not checks:
        return []
    rows = with_context(table.name, tables)
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


def _not_whole(checks: Sequence[TableCheck], extract: Extract, engine: Engine) -> list[ScoreLine]:
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


def _line(check: TableCheck, rows: int, failing: int) -> ScoreLine:
    declared = check.declared
    return ScoreLine(
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


STATUS = {
    "blocked": "Bloquant",
    "warning": "À examiner",
    "ok": "Dans le seuil",
    "empty": "Sans objet",
}
_THIN = "\u202f"
_STYLE = """
:root{--ink:#1b1f24;--soft:#5c6670;--line:#d9dee3;--bad:#a4262c;--mid:#8a5a00;--good:#1f6f43}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);max-width:72rem;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.6rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}
p.note{color:var(--soft);margin:.2rem 0 1rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td code{font-size:.82rem;white-space:nowrap}td:first-child{white-space:nowrap}
.blocked{color:var(--bad);font-weight:600}.warning{color:var(--mid);font-weight:600}
.ok{color:var(--good)}.empty{color:var(--soft)}
"""


def number(value: int) -> str:
    """Write a count the French way: 12 345 with narrow no-break spaces."""
    return f"{value:,}".replace(",", _THIN)


def share(value: float) -> str:
    """Write a share the French way, in per cent: 0,04 %."""
    text = f"{100 * value:.2f}" if 0 < value < 0.01 else f"{100 * value:.1f}"  # noqa: PLR2004
    return f"{text.replace('.', ',')}\u00a0%"


def french(text: str) -> str:
    """Set a sentence in French typography: curved apostrophes, no-break spaces."""
    for mark, space in ((" :", "\u00a0"), (" ;", _THIN), (" ?", _THIN), (" %", "\u00a0")):
        text = text.replace(mark, space + mark[1:])
    return text.replace("'", "’").replace("1er", "1ᵉʳ").replace("n° ", "n°\u00a0")


def scorecard_page(card: Scorecard, min_count: int = 0) -> str:
    """Return the HTML page of a scorecard.

    Args:
        card: The scorecard.
        min_count: Smallest count shown; 0 shows all.
    """
    meta = card.meta
    invented = " · <strong>données synthétiques</strong>" if meta.source == "synthetic" else ""
    shown = card.protected(min_count)
    parts = [
        "<!doctype html><html lang='fr'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>Qualité de l’extrait {escape(meta.name)}</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>Qualité de l’extrait «\u00a0{escape(meta.name)}\u00a0»</h1>",
        f"<p class='note'>Extrait du {_day(meta.extraction_date)}, {_period(meta)}{invented}</p>",
        f"<p>{_summary(card, min_count)}</p>",
        *(
            f"<p class='warning'>Les montants de l’allocation {code} ont changé le {_day(day)} et "
            "les nouveaux n’ont pas été lus\u00a0: les mois qui suivent ne sont pas jugés.</p>"
            for code, day in card.unread_amounts.items()
        ),
        *(
            "<p class='note'>Mois couverts non déclarés (<code>coverage</code>)\u00a0: ceux des "
            f"lignes sont pris pour couverts, pour {', '.join(card.undeclared)}.</p>"
            for _ in card.undeclared[:1]
        ),
        "<h2>Lignes reçues et acceptées</h2>",
        _sizes(shown, min_count),
        "<h2>Ce qui a été trouvé</h2>",
        _table(shown.found, min_count) if shown.found else "<p>Aucun défaut.</p>",
        "<h2>Tous les contrôles</h2>",
        _table(shown.lines, min_count),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _summary(card: Scorecard, min_count: int) -> str:
    counts = Counter(x.status for x in card.lines)
    verdict = "L’extrait est refusé" if card.blocked else "L’extrait peut servir"
    aside = sum(x.aside or 0 for x in card.sizes)
    counted = f"moins de {min_count}" if 0 < aside < min_count else number(aside)
    return (
        f"{verdict}\u00a0: {len(card.lines)} contrôles, dont {counts['blocked']} bloquants et "
        f"{counts['warning']} à examiner\u00a0; {counted} lignes mises de côté, comptées par "
        "règle ci-dessous."
    )


def _sizes(card: Scorecard, min_count: int) -> str:
    hidden = f"&lt;\u00a0{min_count}"
    rows = [
        f"<tr><td><code>{escape(x.table)}</code></td><td class='n'>{number(x.received)}</td>"
        f"<td class='n'>{'–' if x.accepted is None else number(x.accepted)}</td>"
        f"<td class='n'>{hidden if x.aside is None else number(x.aside)}</td></tr>"
        for x in card.sizes
    ]
    return _wide(("Table", "#Reçues", "#Acceptées", "#Mises de côté"), rows)


def _table(lines: Sequence[ScoreLine], min_count: int) -> str:
    head = ("Résultat", "Contrôle", "Table", "#Lignes", "#Part", "#Seuil", "Ce que cela veut dire")
    return _wide(head, [_row(x, min_count) for x in lines])


def _row(line: ScoreLine, min_count: int) -> str:
    failing = f"&lt;\u00a0{min_count}" if line.failing is None else number(line.failing)
    place = "<br>".join(f"<code>{escape(p)}</code>" for p in line.place.replace(".", " .").split())
    part = "–" if line.share is None else share(line.share)
    return (
        f"<tr><td class='{line.status}'>{STATUS[line.status]}</td>"
        f"<td><code>{escape(line.check)}</code></td><td>{place}</td>"
        f"<td class='n'>{failing}</td><td class='n'>{part}</td>"
        f"<td class='n'>{share(line.warn_above)}</td><td>{escape(french(line.sentence))}</td></tr>"
    )


def _wide(head: Sequence[str], rows: Sequence[str]) -> str:
    """Return a table that scrolls on a narrow screen; a head that starts with # is of numbers."""
    cells = "".join(
        f"<th class='n'>{h[1:]}</th>" if h.startswith("#") else f"<th>{h}</th>" for h in head
    )
    body = "".join(rows)
    table = f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div class='wide'>{table}</div>"


def _period(meta: ExtractMeta) -> str:
    return f"période du {_day(meta.period_start)} au {_day(meta.period_end)}"


def _day(day: dt.date) -> str:
    return f"{day:%d/%m/%Y}"
