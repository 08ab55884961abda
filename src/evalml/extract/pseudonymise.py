"""Keyed pseudonyms: the same person, the same pseudonym, for those who hold the key only.

A pseudonym is BLAKE2b (RFC 7693) keyed with a secret, per project and per kind of identifier.
The key is read from a file or a variable and goes into no output.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import asdict, dataclass, field
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from evalml.codes import code_list
from evalml.engine import coalesce, literal
from evalml.errors import ExtractError, PrivacyError
from evalml.extract import contract
from evalml.extract.meta import write_meta
from evalml.extract.schema import to_contract
from evalml.reading.text import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from evalml.engine import Engine, Table, Value
    from evalml.extract.read import Extract


KEY_VARIABLE = "EVALML_PSEUDONYM_KEY"
SHORTEST_KEY = 16
DIGEST_BYTES = 16
FEWEST_PERSONS = 11
"""Persons who must share a value that no closed list holds for it to be kept."""
COMMUNE = r"\d{5}|2[AB]\d{3}"
PHONE_WITHIN = r"(^|\D)(\+33|0033|0)[ .-]?[1-9]([ .-]?\d{2}){4}(\D|$)"
"""A telephone number within a sentence."""
PUBLIC = frozenset({"structures", "totaux"})
"""Tables that hold no person: their names are public."""
REPORT = "pseudonymisation.json"


@dataclass(frozen=True, slots=True)
class TableReport:
    """What was done to one table.

    Attributes:
        rows: Rows written.
        pseudonymised: Columns whose values were replaced.
        dropped: Columns left out, and why.
        emptied: Cells emptied because they could hold a direct identifier, by column.
    """

    rows: int
    pseudonymised: tuple[str, ...]
    dropped: dict[str, str] = field(default_factory=dict)
    emptied: dict[str, int] = field(default_factory=dict)


def read_key(file: Path | None) -> bytes:
    """Return the secret key, from a file or from the variable EVALML_PSEUDONYM_KEY.

    Raises:
        PrivacyError: There is no key, or it is too short to protect anybody.
    """
    if file is not None:
        if not file.is_file():
            raise PrivacyError(f"there is no key file at {file}; make one: openssl rand -hex 32")
        key = file.read_bytes().strip()
    else:
        key = os.environ.get(KEY_VARIABLE, "").strip().encode()
    if not key:
        raise PrivacyError(
            f"no key: give --key-file FILE, or set {KEY_VARIABLE} (make one: openssl rand -hex 32)"
        )
    if len(key) < SHORTEST_KEY:
        raise PrivacyError(f"the key is shorter than {SHORTEST_KEY} characters; make a longer one")
    return key


def project_key(key: bytes, project: str) -> bytes:
    """Return the key of one project: files of two projects cannot be joined."""
    return blake2b(project.encode(), key=blake2b(key, digest_size=64).digest()).digest()


def pseudonym(value: str, kind: str, key: bytes) -> str:
    """Return the pseudonym of an identifier: 32 hexadecimal digits.

    `kind`: what it identifies; the same text identifies nobody across kinds; `key`: key of the
    project, 64 bytes.
    """
    person = kind.encode()[:16]
    return blake2b(value.encode(), digest_size=DIGEST_BYTES, key=key, person=person).hexdigest()


def pseudonymise(
    extract: Extract, out: Path, key: bytes, project: str, engine: Engine
) -> dict[str, TableReport]:
    """Write the extract anew under pseudonyms, in Parquet, and a report of what was removed.

    Columns outside the contract are dropped. Cells of the contract are emptied, and counted, that
    hold an e-mail, a phone number or a NIR, that hold a value outside the list of their column, or,
    in a column without a closed list, a value of fewer than 11 persons (a name).

    Args:
        extract: The extract, read only.
        out: A folder that does not exist or is empty, outside the extract.
        key: Secret key.
        project: Name of the project the pseudonyms are for.
        engine: Where queries run.

    Raises:
        ExtractError: The output folder is in use.
    """
    _refuse_used(extract.path, out)
    partial_out = out.with_name(out.name + ".partial")
    shutil.rmtree(partial_out, ignore_errors=True)
    partial_out.mkdir(parents=True, mode=0o700)
    replace = partial(pseudonym, key=project_key(key, project))
    try:
        reports = {
            name: _table(name, rows, partial_out, replace, engine)
            for name, rows in extract.tables.items()
        }
        write_meta(extract.meta.model_copy(update={"pseudonymised": True}), partial_out)
        report = {"project": project, "tables": {n: asdict(r) for n, r in reports.items()}}
        text = json.dumps(report, ensure_ascii=False, indent=2) + "\n"
        (partial_out / REPORT).write_text(text, encoding="utf-8")
    except BaseException:
        shutil.rmtree(partial_out, ignore_errors=True)
        raise
    if out.exists():
        out.rmdir()
    partial_out.rename(out)
    return reports


def _refuse_used(path: Path, out: Path) -> None:
    """Refuse to write over the input, inside it, or over anything else."""
    source = (path if path.is_dir() else path.parent).resolve()
    target = out.resolve()
    if target == source or source in target.parents or target in source.parents:
        raise ExtractError(f"{out} is the extract, holds it or lies in it; give a folder elsewhere")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ExtractError(f"{out} already exists and is not empty; give a new folder")


def _table(
    name: str, rows: Table, out: Path, replace: Callable[..., str], engine: Engine
) -> TableReport:
    table = contract.table(name)
    kinds = {c.name: kind for c in table.columns if (kind := _kind(c)) is not None}
    texts = [c for c in table.columns if c.type == "string" and not c.name.startswith("id_")]
    typed, emptied = _without_identifiers(to_contract(rows, table), name, texts, engine)
    schema = pa.schema([(c.name, _ARROW[c.type]) for c in table.columns])
    written = 0
    with (
        engine.reading(f"table {name} cannot be read to its end; copy it again"),
        pq.ParquetWriter(out / f"{name}.parquet", schema, compression="zstd") as writer,
    ):
        for batch in engine.batches(typed):
            columns = [_replaced(batch, c, kinds, replace) for c in schema.names]
            writer.write_table(pa.table(columns, names=schema.names).cast(schema))
            written += batch.num_rows
    return TableReport(written, tuple(kinds), _dropped(name, rows), emptied)


_ARROW = {
    "string": pa.string(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
}


def _kind(column: contract.Column) -> str | None:
    """Return what an identifier column identifies, None for a column that is no identifier."""
    if not column.name.startswith("id_") or column.name == "id_structure":
        return None  # the code of a mission locale is public
    pointed = column.references.split(".")[1] if column.references else column.name
    return pointed.removeprefix("id_")


def _replaced(
    batch: pa.RecordBatch, name: str, kinds: dict[str, str], replace: Callable[..., str]
) -> pa.Array:
    """Return a column with its identifiers replaced, each distinct value once."""
    values = batch.column(name)
    if name not in kinds:
        return values
    coded = values.cast(pa.string()).dictionary_encode()
    new = [None if v is None else replace(v, kinds[name]) for v in coded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(coded.indices, pa.array(new, pa.string())).cast(
        pa.string()
    )


def _without_identifiers(
    typed: Table, table: str, columns: Sequence[contract.Column], engine: Engine
) -> tuple[Table, dict[str, int]]:
    """Empty the cells that could hold a direct identifier, and count them."""
    if not columns:
        return typed, {}
    kept: dict[str, Any] = {}
    for column in columns:
        cell = typed[column.name]
        found = cell.re_search("|".join(f"({p})" for p in (*PATTERNS.values(), PHONE_WITHIN)))
        if table not in PUBLIC:
            allowed = _allowed(typed, column, engine)
            found = found | ~cell.isin(allowed) if allowed else cell.notnull()
        kept[column.name] = found.fill_null(False)
    frame = engine.fetch(typed.aggregate(**{c: h.sum() for c, h in kept.items()})).fillna(0)
    emptied = {c: int(frame[c][0]) for c in kept if frame[c][0] > 0}
    cleaned = typed.mutate(**{c: kept[c].ifelse(None, typed[c]) for c in emptied})
    return cleaned.select(*typed.columns), emptied


def _allowed(typed: Table, column: contract.Column, engine: Engine) -> list[str]:
    """Return the values of a column that identify nobody: listed, or those of many persons.

    Capitals and accents apart, so that a list written in another case is kept as it is.
    """
    cell = typed[column.name]
    known = typed.filter(cell.notnull()).group_by(column.name)
    people = typed["id_jeune"].nunique() if "id_jeune" in typed.columns else typed.count()
    values = engine.fetch(known.aggregate(persons=people))
    codes = code_list(column.codes) if column.codes is not None else None
    listed = {fold(v) for v in codes.values} if codes is not None else set()
    many = codes is None or codes.open
    if column.name == "code_commune":
        return [v for v in values[column.name] if re.fullmatch(COMMUNE, v)]
    return [
        str(value)
        for value, persons in zip(values[column.name], values["persons"], strict=True)
        if fold(str(value)) in listed or (many and persons >= FEWEST_PERSONS)
    ]


def _dropped(name: str, rows: Table) -> dict[str, str]:
    known = {c.name for c in contract.table(name).columns}
    named = set(named_like_identifiers(name, rows.columns))
    return {
        c: "direct identifier or free text" if c in named else "not in the contract"
        for c in rows.columns
        if c not in known
    }


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
