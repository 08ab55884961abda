"""`evalml extract`: check, compare, pseudonymise and convert an extract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalml.errors import ExtractError, PrivacyError

if TYPE_CHECKING:
    from evalml.tables.accept import Tables
    from evalml.tables.scorecard import Scorecard

app = typer.Typer(help="Check, compare, pseudonymise and convert an extract.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Memory = Annotated[str, typer.Option(help="Memory the engine may take before it uses the disk.")]


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="Folder or DuckDB file of the extract.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for scorecard.csv, rejects.csv and scorecard.html.")
    ] = None,
    put_aside: Annotated[
        Path | None,
        typer.Option(help="Folder for the rows put aside themselves: persons' data, keep it safe."),
    ] = None,
    min_count: Annotated[
        int, typer.Option(min=0, help="Hide counts below this one in what is written and printed.")
    ] = 0,
    memory: Memory = "3GB",
    as_json: Json = False,
) -> None:
    """Check an extract: defects counted and explained, impossible rows put aside.

    Ends with 2 where a blocking check fails, 3 where direct identifiers are found.

    Example: evalml extract check data/extract --out quality/
    """
    from evalml.engine import open_engine
    from evalml.extract import read_extract
    from evalml.extract.identifiers import find_identifiers
    from evalml.tables import accept_tables
    from evalml.tables.scorecard import score

    _refuse_inside(path, out, put_aside)
    engine = open_engine(memory_limit=memory)
    extract = read_extract(path, engine)
    with engine.reading(f"{path} cannot be read to its end; copy it again"):
        leaks = find_identifiers(extract, engine)
        if leaks:
            raise PrivacyError(_leaks(leaks))
        tables = accept_tables(extract, engine)
        card = score(extract, tables, engine)
    if out is not None:
        _write(card, tables, out, min_count)
    if put_aside is not None:
        _write_put_aside(tables, put_aside, engine)
    _show(card, min_count, as_json=as_json)
    if card.blocked:
        raise ExtractError(
            f"the extract fails {len(card.blocked)} blocking checks ({', '.join(card.blocked)}); "
            "correct it at the source"
        )


@app.command()
def pseudonymise(
    path: Annotated[Path, typer.Argument(help="Folder or DuckDB file of the extract.")],
    out: Annotated[Path, typer.Argument(help="New folder, outside the extract.")],
    project: Annotated[
        str, typer.Option(help="What the pseudonyms are for; two projects cannot be joined.")
    ],
    key_file: Annotated[
        Path | None, typer.Option(help="File of the secret key; else EVALML_PSEUDONYM_KEY.")
    ] = None,
    memory: Memory = "3GB",
    as_json: Json = False,
) -> None:
    """Replace identifiers by keyed pseudonyms, and drop what says who a person is.

    The same key and project give the same pseudonyms in every table and every vintage.

    Example: evalml extract pseudonymise received/ data/extract --project cej2024 --key-file k.key
    """
    import json
    from dataclasses import asdict

    from evalml.engine import open_engine
    from evalml.extract import read_extract
    from evalml.extract.pseudonymise import pseudonymise as write
    from evalml.extract.pseudonymise import read_key

    key = read_key(key_file)
    engine = open_engine(memory_limit=memory)
    reports = write(read_extract(path, engine), out, key, project, engine)
    if as_json:
        whole = {"project": project, "tables": {n: asdict(r) for n, r in reports.items()}}
        typer.echo(json.dumps(whole, ensure_ascii=False, indent=2))
        return
    for name, report in reports.items():
        typer.echo(f"{name:22} {report.rows:>12,} rows; {', '.join(report.pseudonymised) or '-'}")
        for column, reason in report.dropped.items():
            typer.echo(f"  dropped {column}: {reason}")
        for column, cells in report.emptied.items():
            typer.echo(f"  emptied {cells:,} cells of {column}: direct identifier")
    typer.echo(f"written to {out}, with the report")


def _refuse_inside(path: Path, *outputs: Path | None) -> None:
    """Refuse to write into the extract: the input is never altered."""
    inside = path.resolve() if path.is_dir() else path.resolve().parent
    for out in outputs:
        if out is not None and (out.resolve() == inside or inside in out.resolve().parents):
            raise ExtractError(f"{out} lies inside the extract; give a folder outside it")


def _leaks(leaks: list[Any]) -> str:
    places = "; ".join(
        f"{leak.table}.{leak.column} ({leak.what}{f', {leak.rows} rows' if leak.rows else ''})"
        for leak in leaks[:5]
    )
    more = f" and {len(leaks) - 5} more" if len(leaks) > 5 else ""  # noqa: PLR2004
    return (
        f"the extract holds direct identifiers: {places}{more}; run evalml extract pseudonymise "
        "and check its output instead"
    )


def _write(card: Scorecard, tables: Tables, out: Path, min_count: int) -> None:
    from evalml.tables.scorecard_page import scorecard_page

    out.mkdir(parents=True, exist_ok=True)
    shown = card.protected(min_count)
    shown.checks.to_csv(out / "scorecard.csv", index=False)
    rejects = tables.rejects
    rejects[rejects["rows"] >= min_count].to_csv(out / "rejects.csv", index=False)
    (out / "scorecard.html").write_text(scorecard_page(card, min_count), encoding="utf-8")


def _write_put_aside(tables: Tables, folder: Path, engine: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.put_aside.items():
        engine.write_parquet(rows, folder / f"{name}.parquet")


def _show(card: Scorecard, min_count: int, *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    shown = card.protected(min_count)
    if as_json:
        whole = {
            "extract": card.meta.name,
            "blocked": list(card.blocked),
            "sizes": [asdict(x) for x in card.sizes],
            "checks": [{**asdict(x), "share": x.share} for x in shown.lines],
        }
        typer.echo(json.dumps(whole, ensure_ascii=False, indent=2))
        return
    for size in card.sizes:
        aside = size.received - size.accepted
        hidden = 0 < aside < min_count
        counted = f"fewer than {min_count}" if hidden else f"{aside:,}"
        typer.echo(f"{size.table:22} {size.received:>12,} rows, {counted} put aside")
    typer.echo("")
    for x in shown.found:
        counted = f"< {min_count}" if x.failing is None else f"{x.failing:,} ({x.share:.2%})"
        typer.echo(f"{x.status:8} {x.check} {x.place}: {counted}. {x.sentence}")
    typer.echo(f"{len(shown.lines)} checks, {len(shown.found)} found something")
