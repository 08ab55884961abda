"""Direct identifiers that an extract must not hold: looked for by name and by content."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalml.codes import code_list
from evalml.engine import coalesce, literal
from evalml.extract import contract

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evalml.engine import Engine, Table, Value
    from evalml.extract.read import Extract

# Column names that hold who a person is, or what a counsellor wrote freely.
NAMES = re.compile(
    r"(^|_)(nom|noms|prenom|prenoms|nir|nss|insee_nir|mail|email|e_mail|courriel|tel|telephone|"
    r"portable|mobile|adresse|rue|voie|iban|matricule|photo|commentaire|commentaires|remarque|"
    r"observation|observations|description|texte|note|notes|libre|nom_naissance|nom_usage|"
    r"numero_de|numerode|ide|naissance_nom)(_|$)",
    re.IGNORECASE,
)
# What a cell looks like when it is one.
PATTERNS = {
    "e-mail": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}",
    "phone": r"^(\+33|0033|0)[ .]?[1-9]([ .-]?\d{2}){4}$",
    "NIR": (r"^[12]\s?\d{2}\s?(0[1-9]|1[0-2]|[2-9]\d)\s?(\d{2}|2[AB])\s?\d{3}\s?\d{3}(\s?\d{2})?$"),
}
LONGEST_NUMBER = 24
ALLOWED = {("structures", "nom")}


@dataclass(frozen=True, slots=True)
class Leak:
    """A column that holds, or is named like, a direct identifier.

    Attributes:
        table: Table.
        column: Column.
        what: `name`, `NIR`, `e-mail` or `phone`.
        rows: Rows that look like one; 0 where only the name tells.
    """

    table: str
    column: str
    what: str
    rows: int = 0


def named_like_identifiers(table: str, columns: Iterable[str]) -> list[str]:
    """Return the columns outside the contract whose name says who a person is."""
    known = {c.name for c in contract.table(table).columns}
    return [c for c in columns if c not in known and (table, c) not in ALLOWED and NAMES.search(c)]


def find_identifiers(extract: Extract, engine: Engine) -> list[Leak]:
    """Look for direct identifiers in every text column, one query per table.

    Columns of closed lists and columns that repeat the key of another table are left out: their
    content is checked where it is declared.
    """
    leaks: list[Leak] = []
    for name, rows in extract.tables.items():
        leaks += [Leak(name, c, "name") for c in named_like_identifiers(name, rows.columns)]
        leaks += _by_content(name, rows, engine)
    return leaks


def _by_content(name: str, rows: Table, engine: Engine) -> list[Leak]:
    columns = [c for c in rows.columns if rows[c].type().is_string() and _searched(name, c)]
    tests = {
        f"{c}\t{what}": _looks_like(rows[c], pattern).sum()
        for c in columns
        for what, pattern in PATTERNS.items()
    }
    if not tests:
        return []
    places = list(tests)
    frame = engine.fetch(
        rows.aggregate(**{f"n{i}": coalesce(tests[p], literal(0)) for i, p in enumerate(places)})
    )
    counts = {p: int(frame[f"n{i}"][0]) for i, p in enumerate(places)}
    found = [(p.split("\t"), n) for p, n in counts.items() if n > 0]
    return [Leak(name, place[0], place[1], n) for place, n in found]


def _looks_like(cell: Value, pattern: str) -> Value:
    """Tell which cells follow a pattern; those too long for a number are not searched."""
    short = cell.contains("@") if pattern is PATTERNS["e-mail"] else cell.length() <= LONGEST_NUMBER
    return short.ifelse(cell.re_search(pattern), literal(False))


def _searched(table: str, column: str) -> bool:
    if (table, column) in ALLOWED:
        return False
    known = {c.name: c for c in contract.table(table).columns}
    if column not in known:
        return True
    declared = known[column]
    closed = declared.codes is not None and not code_list(declared.codes).open
    return not closed and declared.references is None
