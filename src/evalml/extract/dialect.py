"""How CSV files write dates and decimals: declared, proven by the cells, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.errors import ExtractError
from evalml.extract.cells import Style
from evalml.reading.text import (
    DAY_ABOVE_12,
    FRENCH_DAY,
    ISO_DAY,
    MONTH_ABOVE_12,
    PATTERNS,
    SEPARATED,
    decimal_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from evalml.engine import Engine, Table
    from evalml.extract import contract
    from evalml.extract.csv_tables import CsvFile
    from evalml.extract.meta import Dialect
    from evalml.reading.text import Decimal

TESTS: dict[str, dict[str, str]] = {
    "date": {
        "iso": ISO_DAY,
        "french": FRENCH_DAY,
        "day": DAY_ABOVE_12,
        "month": MONTH_ABOVE_12,
    },
    "number": {
        "separated": SEPARATED,
        "comma": PATTERNS[","],
        "point": PATTERNS["."],
        "either": f"{PATTERNS[',']}|{PATTERNS['.']}",
    },
}


def count_styles(text: Table, table: contract.Table, engine: Engine) -> dict[str, int]:
    """Count, in one pass, the cells of each column written in each style: `column style`."""
    sums = {
        f"{c.name} {style}": text[c.name].re_search(fits).sum()
        for c in table.columns
        for style, fits in TESTS.get(c.type, {}).items()
    }
    if not sums:
        return {}
    row = engine.fetch(text.aggregate(**sums)).fillna(0).iloc[0]
    return {str(k): int(v) for k, v in row.items()}


def decide(counts: Sequence[tuple[CsvFile, Mapping[str, int]]], declared: Dialect) -> Style:
    """Return the style of the extract.

    Raises:
        ExtractError: The files mix styles, or do not tell days from months or decimals from
            thousands, and `extract.yaml` does not say.
    """
    return Style(declared.dates or _dates(counts), _decimal(counts, declared.decimal))


def _total(counts: Sequence[tuple[CsvFile, Mapping[str, int]]], style: str) -> int:
    return sum(n for _, c in counts for k, n in c.items() if k.endswith(f" {style}"))


def _place(
    counts: Sequence[tuple[CsvFile, Mapping[str, int]]],
    styles: tuple[str, ...],
    plain: Callable[[str], bool],
) -> str:
    """Say where the first cell of one of these styles is; `plain` cells are passed over."""
    file, column = next(
        (f, k.rsplit(" ", 1)[0])
        for f, c in counts
        for k, n in c.items()
        if n and k.rsplit(" ", 1)[1] in styles
    )
    return _first(file, column, plain)


def _dates(counts: Sequence[tuple[CsvFile, Mapping[str, int]]]) -> str:
    iso, french, month = (_total(counts, s) for s in ("iso", "french", "month"))
    if not french and not month:
        return "iso"
    place = _place(counts, ("french", "month"), lambda cell: "/" not in cell)
    if iso:
        raise ExtractError(
            f"{place}: dates are written both 2024-03-01 and 01/03/2024; keep one of the two"
        )
    if month:
        raise ExtractError(f"{place}: dates are written month first; write them 2024-03-01")
    if not _total(counts, "day"):
        raise ExtractError(
            f"{place}: no day above 12 tells days from months; if dates are written "
            "day/month/year, say so in extract.yaml (csv: {dates: french})"
        )
    return "french"


def _decimal(
    counts: Sequence[tuple[CsvFile, Mapping[str, int]]], declared: Decimal | None
) -> Decimal:
    """Return the decimal sign that the number columns of the extract prove.

    Each column is judged by itself: one that could be read with either sign, to another value, is
    refused even where others prove theirs.
    """
    proven: dict[Decimal, tuple[CsvFile, str]] = {}
    for file, found in counts:
        for column in (k.rsplit(" ", 1)[0] for k in found if k.endswith(" separated")):
            either, comma, point = (found[f"{column} {s}"] for s in ("either", "comma", "point"))
            if not found[f"{column} separated"] or not either:
                continue
            sign = decimal_of(
                comma_fits=comma == either,
                point_fits=point == either,
                separated=True,
                declared=declared,
            )
            if sign is None:
                _refuse_decimal(file, column, mixed=comma != either)
            else:
                proven.setdefault(sign, (file, column))
    if len(proven) > 1:
        file, column = proven[","]
        place = _first(file, column, lambda cell: "," not in cell)
        raise ExtractError(f"{place}: numbers are written both 1.5 and 1,5; keep one of the two")
    return next(iter(proven), declared or ".")


def _refuse_decimal(file: CsvFile, column: str, *, mixed: bool) -> None:
    line, shape = file.misfit(column, lambda cell: "," not in cell and "." not in cell)
    place = f"{file.path.name}, line {line}, column {column}"
    if mixed:
        raise ExtractError(f"{place}: numbers are written both 1.5 and 1,5; keep one of the two")
    name, sign = ("comma", ",") if "," in shape else ("point", ".")
    raise ExtractError(
        f"{place}: the {name} could separate decimals or thousands; "
        f"say so in extract.yaml (csv: {{decimal: '{sign}'}}, or the other sign)"
    )


def _first(file: CsvFile, column: str, passed: Callable[[str], bool]) -> str:
    line, _ = file.misfit(column, passed)
    return f"{file.path.name}, line {line}, column {column}"
