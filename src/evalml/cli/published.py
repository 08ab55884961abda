"""`evalml published`, `indicators`: figures in print, and the figures of an extract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalml.cli.console import JsonObject, PlainHelp
from evalml.settings import shipped_folder, writable_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from evalml.published.audit import Audit


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
    """Return the protected indicators of the years covered, and whether they are invented."""
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
            groups=_existing(chosen, year),
            age_on=age_on,  # type: ignore[arg-type]
        )
        for year in covered
    ]
    table = pd.concat(parts, ignore_index=True)
    synthetic = tables.meta.source == "synthetic"
    return protect_indicators(table, threshold=threshold), synthetic


def _existing(groups: list[str] | None, year: int) -> list[str] | None:
    """Leave out the breakdowns that do not exist in a year; a wrong name is refused later."""
    from evalml.indicators import GROUPS

    if groups is None:
        return None
    return [g for g in groups if g not in GROUPS or GROUPS[g].exists_in(year)]


app = typer.Typer(
    name="published",
    help="Check figures in print: against one another, or against an extract.",
    no_args_is_help=True,
    cls=PlainHelp,
)
_HERE = Path("data/published")
_SHIPPED = _HERE if _HERE.is_dir() else shipped_folder() / _HERE


@app.command("audit")
def audit(
    path: Annotated[
        Path, typer.Argument(help="A CSV of printed figures, or a folder of them.")
    ] = _SHIPPED,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            callback=writable_folder,
            help="Write findings.csv, identities.csv, audit.html.",
        ),
    ] = None,
    as_json: JsonObject = False,
) -> None:
    """Test printed figures against one another; failures are findings, not errors.

    Example: evalml published audit data/published --out audit/
    """
    import json

    from evalml.published import audit_path
    from evalml.published.audit import write_audit

    result = audit_path(path)
    written = write_audit(result, out) if out else ()
    if as_json:
        typer.echo(json.dumps(_json(result), ensure_ascii=False, indent=2))
        return
    _table(result)
    for file in written:
        typer.echo(f"wrote {file}")


def _json(result: Audit) -> dict[str, Any]:
    from evalml.published.identity import ENGLISH, arithmetic

    return {
        "figures": len(result.figures),
        "identities": len(result.outcomes),
        "failures": len(result.failures),
        "tested": {k: {"tested": n, "failed": m} for k, (n, m) in result.tested().items()},
        "findings": [
            {
                "figures": list(f.figures),
                "cause": f.cause,
                "certainty": f.certainty,
                "correction": f.correction or None,
                "explanation": f.explanation,
                "failures": [arithmetic(o, result.figures, ENGLISH) for o in f.failures],
            }
            for f in result.findings
        ],
    }


_CERTAINTY = {
    "quasi certaine": "near certain",
    "probable": "likely",
    "possible": "possible",
    "indéterminée": "undetermined",
}
_CAUSE = {
    "slip": "misprint",
    "extractions": "two extractions",
    "definitions": "two definitions",
    "base": "wrong base",
    "truncated": "truncated, not rounded",
    "order": "page out of order",
    "reference": "date of a reference",
    "format": "not a number's writing",
    "unknown": "unknown",
}


def _table(result: Audit) -> None:
    from rich.console import Console
    from rich.table import Table

    from evalml.published.identity import ENGLISH, arithmetic

    table = Table(title="What no rounding explains", show_lines=True)
    table.add_column("#", justify="right")
    table.add_column("figure", overflow="fold", ratio=3)
    table.add_column("printed, to be read", overflow="fold", ratio=2)
    table.add_column("cause", overflow="fold", ratio=2)
    table.add_column("arithmetic", overflow="fold", ratio=4)
    for position, finding in enumerate(result.findings, 1):
        first = result.figures[finding.figures[0]]
        more = len(finding.failures) - 1
        sums = [arithmetic(o, result.figures, ENGLISH) for o in finding.failures[:1]]
        read = f"\n→ {finding.correction}" if finding.correction else ""
        table.add_row(
            str(position),
            f"{first.id}\n{first.source}, {first.place}",
            first.printed + read,
            f"{_CAUSE.get(finding.cause, finding.cause)}\n({_CERTAINTY[finding.certainty]})",
            "".join(sums) + (f"\n(and {more} more)" if more > 0 else ""),
        )
    console = Console()
    console.print(table)
    console.print(
        f"printed figures: {len(result.figures)}; identities tested: {len(result.outcomes)}; "
        f"failing: {len(result.failures)}; findings: {len(result.findings)}"
    )


@app.command("compare")
def compare(
    source: Annotated[
        Path,
        typer.Argument(help="An extract, a run folder, or a CSV of indicators."),
    ],
    published: Annotated[
        Path, typer.Option("--published", help="The printed figures: a CSV or a folder.")
    ] = _SHIPPED,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="CSV from indicators to definition codes.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", callback=writable_folder, help="Write compare.csv and compare.html here."
        ),
    ] = None,
    gaps: Annotated[
        Path | None, typer.Option("--gaps", help="CSV where gaps are kept over versions.")
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", help="Name of this version; evalml's by default.")
    ] = None,
) -> None:
    """Say of each printed figure: equal, within rounding, differs by …, or not computable.

    Example: evalml published compare data/extract/2026-01 --out compare/
    """
    import pandas as pd

    from evalml.published import audit_path, compare_published
    from evalml.published.audit import compare_page, read_mapping
    from evalml.published.compare import explain_differences

    audit = audit_path(published)
    given = pd.read_csv(mapping, dtype=str) if mapping else read_mapping(published)
    indicators, synthetic = _indicators(source, audit)
    compared = compare_published(audit.figures, indicators, given)
    compared = explain_differences(compared, audit, synthetic=synthetic)
    _show_compared(compared, synthetic=synthetic)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        compared.to_csv(out / "compare.csv", index=False)
        page = compare_page(compared, synthetic=synthetic)
        (out / "compare.html").write_text(page, encoding="utf-8")
        typer.echo(f"wrote {out / 'compare.csv'} and compare.html")
    if gaps:
        _keep(gaps, compared, version)


def _show_compared(compared: pd.DataFrame, *, synthetic: bool) -> None:
    """Print the comparison as tables, in French: verdicts, what differs and why, what is absent."""
    from evalml.published.audit import (
        INVENTED,
        differences_table,
        hidden_sentence,
        reasons_table,
        split_differences,
        verdicts_table,
    )

    if synthetic:
        typer.echo(INVENTED)
    _print(verdicts_table(compared), "Verdicts par document")
    shown, hidden = split_differences(compared, synthetic=synthetic)
    if len(shown):
        _print(differences_table(shown), "Ce qui diffère, et ce qui l’explique")
    if hidden:
        typer.echo(hidden_sentence(hidden))
    _print(reasons_table(compared), "Ce qui n’est pas calculable, et pourquoi")


def _print(frame: pd.DataFrame, title: str) -> None:
    from rich.table import Table

    from evalml.cli.console import console

    table = Table(title=title, title_justify="left")
    for name in frame.columns:
        right = frame[name].map(lambda value: isinstance(value, int)).all() or name in _NUMBERS
        table.add_column(str(name), justify="right" if right else "left", overflow="fold")
    for row in frame.itertuples(index=False, name=None):
        table.add_row(*(str(value) for value in row))
    console().print(table)


_NUMBERS = ("Imprimé", "Recalculé", "Écart")


def _indicators(source: Path, audit: Audit) -> tuple[pd.DataFrame, bool]:
    """Read the indicators of a run, or compute those of an extract; say if the data are invented.

    The counts of an invented extract are nobody's, and are compared whole.
    """
    from evalml.extract.meta import META_FILE, read_meta
    from evalml.indicators import GROUPS
    from evalml.published.audit import read_indicators

    folder = source if source.is_dir() else source.parent
    if source.suffix == ".csv" or not (folder / META_FILE).is_file():
        read = read_indicators(source)
        return read, "synthetic" in read and bool(read["synthetic"].eq(True).any())
    printed = audit.figures.values()
    named = {part.split("=")[0] for f in printed for part in f.breakdown.split(";")}
    return indicators_of_extract(
        source,
        {f.year for f in printed},
        groups=[g for g in GROUPS if g in named],
        threshold=0 if read_meta(folder).source == "synthetic" else 11,
    )


def _keep(file: Path, compared: pd.DataFrame, version: str | None) -> None:
    from importlib.metadata import version as installed

    from evalml.published.compare import keep_gaps

    changed = keep_gaps(file, compared, version or installed("evalml-workbench"))
    typer.echo(f"wrote {file}; verdicts that moved since the last version: {len(changed)}")
    if len(changed):
        typer.echo(changed.to_string(index=False))
