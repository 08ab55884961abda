"""`evalml extract`, `contract`, `synthetic`: check, compare, convert, describe or invent one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalml.cli.console import JsonObject, PlainHelp
from evalml.errors import EvalmlError, ExtractError, PrivacyError
from evalml.settings import writable_folder

if TYPE_CHECKING:
    import pandas as pd

    from evalml.extract.contract import Table
    from evalml.tables.accept import Tables
    from evalml.tables.scorecard import Scorecard
    from evalml.tables.vintage import VintageDiff


app = typer.Typer(
    help="Check, compare, pseudonymise and convert an extract.", no_args_is_help=True, cls=PlainHelp
)

Memory = Annotated[str, typer.Option(help="Memory the engine may take before it uses the disk.")]


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="Folder or DuckDB file of the extract.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for scorecard.csv, rejects.csv, held.csv, scorecard.html.",
            callback=writable_folder,
        ),
    ] = None,
    put_aside: Annotated[
        Path | None,
        typer.Option(
            callback=writable_folder,
            help="Folder for the rows put aside themselves: persons' data, keep it safe.",
        ),
    ] = None,
    min_count: Annotated[
        int, typer.Option(min=0, help="Hide counts below this one in what is written and printed.")
    ] = 0,
    memory: Memory = "3GB",
    as_json: JsonObject = False,
) -> None:
    """Check an extract: defects counted and explained, impossible rows put aside.

    Ends with 2 where a blocking check fails, 3 where direct identifiers are found.

    Example: evalml extract check data/extract --out quality/
    """
    from evalml.engine import open_engine
    from evalml.extract import read_extract
    from evalml.extract.pseudonymise import find_identifiers
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
def diff(
    old: Annotated[Path, typer.Argument(help="Extract of the older vintage.")],
    new: Annotated[Path, typer.Argument(help="Extract of the newer vintage.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the four tables, in CSV.", callback=writable_folder),
    ] = None,
    min_count: Annotated[int, typer.Option(min=0, help="Hide counts below this one.")] = 0,
    memory: Memory = "3GB",
    as_json: JsonObject = False,
) -> None:
    """Say what moved between two vintages, so that a changed figure can be explained.

    Example: evalml extract diff data/2025-01 data/2025-04 --out moved/
    """
    from evalml.engine import open_engine
    from evalml.extract import read_extract
    from evalml.tables import accept_tables
    from evalml.tables.vintage import diff_vintages

    for source in (old, new):
        _refuse_inside(source, out)
    engine = open_engine(memory_limit=memory)
    with engine.reading(f"{old} or {new} cannot be read to its end; copy it again"):
        before, after = (accept_tables(read_extract(p, engine), engine) for p in (old, new))
        if after.meta.extraction_date < before.meta.extraction_date:
            raise ExtractError(f"{new} was extracted before {old}; give the older vintage first")
        moved = diff_vintages(before, after, engine)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name, frame in _parts(moved, min_count).items():
            frame.to_csv(out / f"{name}.csv", index=False)
    _show_diff(moved, min_count, as_json=as_json)


@app.command()
def pseudonymise(
    path: Annotated[Path, typer.Argument(help="Folder or DuckDB file of the extract.")],
    out: Annotated[
        Path, typer.Argument(help="New folder, outside the extract.", callback=writable_folder)
    ],
    project: Annotated[
        str, typer.Option(help="What the pseudonyms are for; two projects cannot be joined.")
    ],
    key_file: Annotated[
        Path | None, typer.Option(help="File of the secret key; else EVALML_PSEUDONYM_KEY.")
    ] = None,
    memory: Memory = "3GB",
    as_json: JsonObject = False,
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
    with engine.reading(f"{path} cannot be read to its end; copy it again"):
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


@app.command()
def convert(  # noqa: PLR0913, PLR0917
    path: Annotated[Path, typer.Argument(help="Folder of the files of the source.")],
    out: Annotated[
        Path | None,
        typer.Argument(help="New folder for the extract.", callback=writable_folder),
    ] = None,
    recipe: Annotated[
        str,
        typer.Option(
            "--from", help="A recipe: parcours3, les_emplois, fluxiae, contracts, …, or a YAML."
        ),
    ] = "parcours3",
    header: Annotated[
        Path | None, typer.Option(help="Folder that holds the extract.yaml to give the extract.")
    ] = None,
    onto: Annotated[
        Path | None, typer.Option(help="Extract that the source completes, copied beside it.")
    ] = None,
    links: Annotated[
        Path | None, typer.Option(help="CSV of id_jeune and the key the source has for a person.")
    ] = None,
    names: Annotated[
        Path | None,
        typer.Option(help="YAML: what files and columns of the recipe are called here."),
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help="The same as --from FILE.")] = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Print source column -> contract column, and stop."),
    ] = False,
    memory: Memory = "3GB",
) -> None:
    """Make an extract of the files of a source, by an import recipe; what is lost is counted.

    Example: evalml extract convert export/ data/p3 --from parcours3 --header p3-header/
    """
    from evalml.engine import open_engine
    from evalml.extract.convert import convert as write
    from evalml.extract.convert import headers_left
    from evalml.extract.meta import read_meta
    from evalml.extract.recipe import explain as lines_of
    from evalml.extract.recipe import read_recipe

    how = read_recipe(mapping or recipe, names)
    engine = open_engine(memory_limit=memory)
    if explain:
        typer.echo("\n".join(lines_of(how, headers_left(path, how, engine))))
        return
    if out is None:
        raise ExtractError("give OUT, the new folder of the extract, or --explain")
    meta = read_meta(header) if header is not None else None
    if meta is not None and how.source not in {"", meta.source}:
        raise ExtractError(f"{header}/extract.yaml says source: {meta.source}; write {how.source}")
    report = write(path, out, meta, how, engine, onto=onto, links=links)
    typer.echo("\n".join(report.lines()))
    typer.echo(f"written to {out}; check it: evalml extract check {out}")


def _parts(moved: VintageDiff, min_count: int) -> dict[str, pd.DataFrame]:
    """Return the tables of a diff, counts below `min_count` left empty."""
    return {
        "movements": moved.movements.assign(rows=_hidden(moved.movements["rows"], min_count)),
        "delays": moved.delays.assign(rows=_hidden(moved.delays["rows"], min_count)),
        "indicators": moved.indicators.assign(
            old=_hidden(moved.indicators["old"], min_count),
            new=_hidden(moved.indicators["new"], min_count),
        ),
        "incomplete": moved.incomplete,
    }


def _hidden(counts: pd.Series[int], min_count: int) -> pd.Series[int]:
    return counts.astype("Int64").mask((counts > 0) & (counts < min_count))


def _show_diff(moved: VintageDiff, min_count: int, *, as_json: bool) -> None:
    import json

    parts = _parts(moved, min_count)
    if as_json:
        whole = {n: json.loads(f.to_json(orient="records")) for n, f in parts.items()}
        typer.echo(json.dumps({"empty": moved.empty, **whole}, ensure_ascii=False, indent=2))
        return
    titles = {
        "movements": "What moved",
        "delays": "Rows the older vintage should have held, by months of delay",
        "indicators": "Indicators that changed",
        "incomplete": "Months of the newer vintage not yet complete",
    }
    if moved.empty:
        typer.echo("nothing moved between the two vintages")
    for name, frame in parts.items():
        if len(frame):
            shown = frame.astype("string").fillna(f"< {min_count}")
            typer.echo(f"\n{titles[name]}\n{shown.to_string(index=False)}")


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
    from evalml.tables.scorecard import scorecard_page

    out.mkdir(parents=True, exist_ok=True)
    shown = card.protected(min_count)
    shown.checks.to_csv(out / "scorecard.csv", index=False)
    rejects = tables.rejects
    rejects[rejects["rows"] >= min_count].to_csv(out / "rejects.csv", index=False)
    existing = card.held
    existing[existing["n"] >= max(min_count, 1)].to_csv(out / "held.csv", index=False)
    (out / "scorecard.html").write_text(scorecard_page(card, min_count), encoding="utf-8")


def _write_put_aside(tables: Tables, folder: Path, engine: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.put_aside.items():
        engine.write_parquet(rows, folder / f"{name}.parquet")


def _show(card: Scorecard, min_count: int, *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from evalml.rules import overdue_sentences

    shown = card.protected(min_count)
    period_end = card.meta.period_end
    warnings = [
        f"{late}; those months are not judged"
        for code in card.unread_amounts
        for late in overdue_sentences(code, period_end)
    ]
    if card.undeclared:
        warnings.append(
            f"extract.yaml declares no coverage for {', '.join(card.undeclared)}: the months of "
            "their rows are taken to be complete"
        )
    if as_json:
        whole = {
            "extract": card.meta.name,
            "blocked": list(card.blocked),
            "sizes": [asdict(x) for x in shown.sizes],
            "checks": [{**asdict(x), "share": x.share} for x in shown.lines],
            "warnings": warnings,
        }
        typer.echo(json.dumps(whole, ensure_ascii=False, indent=2))
        return
    for size in shown.sizes:
        counted = f"fewer than {min_count}" if size.aside is None else f"{size.aside:,}"
        typer.echo(f"{size.table:22} {size.received:>12,} rows, {counted} put aside")
    typer.echo("")
    for warning in warnings:
        typer.echo(f"warning  {warning}")
    for x in shown.found:
        counted = f"< {min_count}" if x.failing is None else f"{x.failing:,} ({x.share:.2%})"
        typer.echo(f"{x.status:8} {x.check} {x.place}: {counted}. {x.sentence}")
    typer.echo(f"{len(shown.lines)} checks, {len(shown.found)} found something")


def contract(
    table: Annotated[str | None, typer.Argument(help="One table; all of them by default.")] = None,
    as_json: JsonObject = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/reference/contract.md.")
    ] = False,
    lists: Annotated[
        bool, typer.Option("--lists", help="Print the closed lists as CSV, with their source.")
    ] = False,
) -> None:
    """Print the extract contract: tables, columns, types, closed lists.

    Example: evalml contract situations
    """
    import csv
    import json
    import sys

    from evalml.extract import contract as declared
    from evalml.extract.page import code_list_rows, contract_page

    if as_json + markdown + lists > 1:
        raise EvalmlError("--json, --markdown and --lists exclude one another; give one")
    tables = [declared.table(table)] if table else list(declared.TABLES)
    if as_json:
        whole = declared.as_dict()
        whole["tables"] = [t for t in whole["tables"] if t["name"] in {x.name for x in tables}]
        typer.echo(json.dumps(whole, ensure_ascii=False, indent=2))
    elif lists:
        csv.writer(sys.stdout, lineterminator="\n").writerows(code_list_rows())
    elif markdown:
        typer.echo(contract_page(), nl=False)
    else:
        for one in tables:
            _print(one)


def _print(table: Table) -> None:
    optional = " (optional)" if table.optional else ""
    typer.echo(f"{table.name}{optional}: one row per {table.one_row_per}")
    for column in table.columns:
        empty = "may be empty" if column.nullable else ""
        codes = f"list {column.codes}" if column.codes else ""
        key = "key" if column.name in table.key else ""
        notes = ", ".join(n for n in (key, codes, column.references or "", empty) if n)
        typer.echo(
            f"  {column.name:22} {column.type:8} {column.description}{'; ' * bool(notes)}{notes}"
        )
    typer.echo("")


_OUT = Annotated[
    Path,
    typer.Argument(
        help="Folder to write, new or holding a synthetic extract.", callback=writable_folder
    ),
]
_PEOPLE = Annotated[
    int | None,
    typer.Option(help="Persons; the world's own number by default.", min=1, max=20_000_000),
]
_SEED = Annotated[int | None, typer.Option(help="Seed: the same gives the same bytes.", min=0)]
_WORLD = Annotated[str, typer.Option(help="Name in params/worlds, or path of a YAML.")]
_TERRITORY = Annotated[
    list[str] | None, typer.Option(help="Keep these départements only (INSEE codes), repeatable.")
]
_VINTAGE = Annotated[
    str | None,
    typer.Option(help="Extract made on this day (YYYY-MM-DD): later entries are not in it."),
]
_LAYOUT = Annotated[
    str | None,
    typer.Option(help="Write its files too, as les_emplois, fluxiae or contracts has them."),
]
_SOURCE = Annotated[
    list[str] | None,
    typer.Option(
        help="What the extract leaves out, as TABLE.KEY=VALUE, repeatable: absent=true, empty=true,"
        " from=2023-06, to=2025-03, missing_months=[2024-02], held=0.25 (share of the persons),"
        " by=structures, with_work=2.0, lost_after_entry=0.6, lower=[type_contrat],"
        " declared=false."
    ),
]


def synthetic(
    out: _OUT,
    people: _PEOPLE = None,
    seed: _SEED = None,
    world: _WORLD = "demo",
    territory: _TERRITORY = None,
    vintage: _VINTAGE = None,
    source: _SOURCE = None,
    layout: _LAYOUT = None,
) -> None:
    """Write a synthetic extract, with what is true in it under OUT/truth/.

    Example: evalml synthetic data/synthetic/demo --people 20000 --seed 1
    --source emploi_mensuel.held=0.25
    """
    from evalml.synthetic.make import produce

    found = produce(
        out,
        world=world,
        people=people,
        seed=seed,
        departements=territory,
        vintage=vintage,
        sources=source or (),
    )
    typer.echo(f"données synthétiques: {found.people} persons of world '{found.world}' in {out}")
    if layout is not None:
        from evalml.synthetic.layouts import write_layout

        typer.echo(f"files as {layout} writes them, with their traps: {write_layout(out, layout)}")
