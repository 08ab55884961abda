"""`evalml indicators`: the figures of activity and of results of an extract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalml.settings import writable_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd


def indicators(
    extract: Annotated[Path, typer.Argument(help="Folder of the extract.")],
    year: Annotated[int, typer.Option("--year", help="Calendar year, covered whole.")],
    by: Annotated[
        str, typer.Option("--by", help="Areas: departement, structure or region.")
    ] = "departement",
    group: Annotated[
        list[str] | None, typer.Option("--group", help="Breakdown to compute, repeatable.")
    ] = None,
    age_on: Annotated[
        str,
        typer.Option("--age-on", help="Day of the age: premier_acte, or fin_annee (31 December)."),
    ] = "premier_acte",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write indicators.csv here.", callback=writable_folder),
    ] = None,
    threshold: Annotated[int, typer.Option("--threshold", help="Smallest count shown.")] = 11,
) -> None:
    """Compute the activity and result indicators of a year, by area; small counts are hidden.

    Example: evalml indicators data/extract/2026-01 --year 2025 --group sexe --out tables/
    """
    from evalml.errors import EvalmlError, nearest
    from evalml.indicators import activity_table
    from evalml.indicators.compute import PLACES
    from evalml.report.results import write_results

    if by not in PLACES:
        raise EvalmlError(f"--by: no area is called '{by}'; {nearest(by, PLACES)}")
    table, synthetic = indicators_of_extract(
        extract, [year], by=by, groups=group or [], threshold=threshold, age_on=age_on
    )
    for line in warnings_of(table):
        typer.echo(line, err=True)
    if out is not None:
        for file in write_results({"indicators": table.assign(synthetic=synthetic)}, out):
            typer.echo(f"wrote {file}")
        return
    shown = activity_table(table, synthetic=synthetic)
    typer.echo(shown.to_string(index=False, float_format="{:.1f}".format))


def warnings_of(table: pd.DataFrame) -> list[str]:
    """Return one line for each reason why figures are unknown, and for each young year."""
    whole = table[table["breakdown"] == ""].drop_duplicates(["indicator", "year"])
    unknown = whole[whole["state"] == "unknown"]
    counted = unknown.groupby(["year", "reason"], as_index=False)["indicator"].count()
    columns = (counted[c] for c in ("year", "indicator", "reason"))
    lines = [
        f"{y}: {n} indicators unknown; column reason (in French): {why}"
        for y, n, why in zip(*columns, strict=True)
    ]
    for year, rows in whole[whole["young"]].groupby("year"):
        low, vintage = 100 * rows["completeness"].min(), rows["vintage"].iloc[0]
        lines.append(
            f"{year} is young in the extract of {vintage}: {len(rows)} indicators lack late entries"
            f" (down to {low:.0f} per cent of those expected); read it again later"
        )
    return lines


def indicators_of_extract(
    extract: Path,
    years: Iterable[int],
    *,
    by: str = "departement",
    groups: Iterable[str] | None = None,
    threshold: int = 11,
    age_on: str = "premier_acte",
) -> tuple[pd.DataFrame, bool]:
    """Return the protected indicators of the years an extract covers, and whether it is invented.

    Raises:
        ExtractError: The extract covers none of the years whole.
    """
    import pandas as pd

    from evalml.engine import open_engine
    from evalml.errors import ExtractError
    from evalml.extract import read_extract
    from evalml.indicators import compute_indicators
    from evalml.report.indicators_table import protect_indicators
    from evalml.tables import accept_tables

    engine = open_engine()
    tables = accept_tables(read_extract(extract, engine), engine)
    chosen = list(groups) if groups is not None else None
    first, last = tables.meta.period_start, tables.meta.period_end
    covered = [
        y for y in sorted(set(years)) if first.year <= y and (y, 12) <= (last.year, last.month)
    ]
    if not covered:
        raise ExtractError(f"the extract covers {first} to {last}, none of the years asked whole")
    parts = [
        compute_indicators(
            tables,
            year,
            engine=engine,
            by=by,  # type: ignore[arg-type]
            groups=_held(chosen, year),
            age_on=age_on,  # type: ignore[arg-type]
        )
        for year in covered
    ]
    table = pd.concat(parts, ignore_index=True)
    synthetic = tables.meta.source == "synthetic"
    return protect_indicators(table, threshold=threshold), synthetic


def _held(groups: list[str] | None, year: int) -> list[str] | None:
    """Leave out the breakdowns that do not exist in a year; a wrong name is refused later."""
    from evalml.indicators import GROUPS

    if groups is None:
        return None
    return [g for g in groups if g not in GROUPS or GROUPS[g].exists_in(year)]
