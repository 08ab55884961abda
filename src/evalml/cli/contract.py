"""`evalml contract`: the tables and columns an extract must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evalml.errors import EvalmlError

if TYPE_CHECKING:
    from evalml.extract.contract import Table


def contract(
    table: Annotated[str | None, typer.Argument(help="One table; all of them by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
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
