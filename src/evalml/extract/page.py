"""The reference page of the contract, written from the contract itself."""

from __future__ import annotations

from evalml.codes import code_lists
from evalml.extract import contract

_HEAD = """# The extract contract, version {version}

<!-- Written by `evalml contract --markdown`; a test compares this page with the code. -->

An extract is a folder (or a DuckDB file) of the tables below, in Parquet or CSV, with an
`extract.yaml`. Columns marked ? may be empty. *Known at* is the day from which a study may use a
value: a rule of eligibility or a covariate that uses a value before it was known is refused. A
column marked "may be absent" need not be in the file.

A month that a table does not cover, or a person not linked to a source, is **unknown**: a
covariate has a level of its own for it, an outcome has no value, an indicator says « non connu ».
It is never a zero.
"""
_YAML = """
## `extract.yaml`

| key | what it says |
|---|---|
| `name` | name of the extract |
| `source` | `imilo`, `parcours3` or `synthetic` |
| `extraction_date` | the vintage: the day the extract was made; nothing later can be known |
| `territory` | one of `{region: "32"}`, `{departement: ["59", "62"]}`, `{structure: [...]}`, \
`{national: true}`; codes quoted |
| `period_start`, `period_end` | first and last day covered |
| `pseudonymised` | `true` once identifiers are pseudonyms |
| `coverage`? | `{TABLE: {from: 2017-01, to: 2025-12}}`: months for which a table is complete, \
spells that only pass through included; a table that is not named is taken to cover the months of \
its rows, and that is said |
| `linkage` | `{emploi_mensuel: all}`: whose rows a source of another administration holds: `all`, \
or those of the `persons` or whole `structures` that table `appariements` names; compulsory where \
`emploi_mensuel` or `evenements_externes` is there |
| `csv`? | `{delimiter, encoding, dates, decimal}`, where the CSV files do not tell |
| `breaks`? | changes of information system within the period: `date`, `what`, `reference` |
"""


def contract_page() -> str:
    """Return `docs/reference/contract.md`."""
    parts = [_HEAD.format(version=contract.VERSION), _YAML]
    parts += [_table(t) for t in contract.TABLES]
    parts.append(_lists())
    return "\n".join(parts)


def _table(table: contract.Table) -> str:
    optional = ", optional" if table.optional or table.name in contract.MAY_LACK else ""
    lines = [
        f"## `{table.name}`: one row per {table.one_row_per}{optional}",
        "",
        f"Key: {', '.join(f'`{k}`' for k in table.key)}.",
        "",
        "| column | type | what it holds | known at |",
        "|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_row(c) for c in table.columns), ""])


def _row(column: contract.Column) -> str:
    empty = "?" if column.nullable else ""
    notes = [f"{column.description} (may be absent)" if column.optional else column.description]
    if column.codes:
        notes.append(f"list [`{column.codes}`](#{column.codes})")
    if column.references:
        notes.append(f"of `{column.references}`")
    if column.minimum is not None and column.maximum is not None:
        notes.append(f"{column.minimum:g} to {column.maximum:g}")
    known = (
        column.known_at if column.known_at in ("always", "extraction") else f"`{column.known_at}`"
    )
    return f"| `{column.name}`{empty} | {column.type} | {'; '.join(notes)} | {known} |"


def _lists() -> str:
    lines = ["## Closed lists", "", "Extend a list with a source; never rename a value.", ""]
    for name, codes in code_lists().items():
        more = " Further values are kept as they are." if codes.open else ""
        lines += [f"### {name}", "", f"Source: {codes.source}.{more}", ""]
        lines += [f"- `{value}` {label}" for value, label in codes.labels.items()]
        lines.append("")
    return "\n".join(lines)


def code_list_rows() -> list[list[str]]:
    """Return `data/reference/code_lists.csv`, header first: one row per value of a closed list."""
    rows = [["list", "value", "label", "open", "source"]]
    for name, codes in code_lists().items():
        more = "yes" if codes.open else "no"
        rows += [[name, str(v), label, more, codes.source] for v, label in codes.labels.items()]
    return rows
