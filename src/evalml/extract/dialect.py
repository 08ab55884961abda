"""How CSV files write dates and decimals: declared, proven by the cells, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.errors import ExtractError
from evalml.extract import cells
from evalml.extract.cells import Style

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from evalml.engine import Engine, Table
    from evalml.extract import contract
    from evalml.extract.csv_tables import CsvFile
    from evalml.extract.meta import Dialect

TESTS: dict[str, dict[str, str]] = {
    "date": {
        "iso": cells.ISO_DATE,
        "french": cells.FRENCH_DATE,
        "day": cells.DAY_ABOVE_12,
        "month": cells.MONTH_ABOVE_12,
    },
    "number": {
        "comma": cells.WITH_COMMA,
        "point": cells.WITH_POINT,
        "three": cells.THREE_AFTER_COMMA,
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
    return Style(declared.dates or _dates(counts), declared.decimal or _decimal(counts))


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
    line, _ = file.misfit(column, plain)
    return f"{file.path.name}, line {line}, column {column}"


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


def _decimal(counts: Sequence[tuple[CsvFile, Mapping[str, int]]]) -> str:
    comma, point = _total(counts, "comma"), _total(counts, "point")
    if not comma:
        return "."
    place = _place(counts, ("comma",), lambda cell: "," not in cell)
    if point:
        raise ExtractError(f"{place}: numbers are written both 1.5 and 1,5; keep one of the two")
    if _total(counts, "three") == comma:
        raise ExtractError(
            f"{place}: the comma could separate decimals or thousands; "
            "say so in extract.yaml (csv: {decimal: ','})"
        )
    return ","
