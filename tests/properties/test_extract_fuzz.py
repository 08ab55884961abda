"""Corrupted extracts: one sentence or a scorecard, never a traceback or a value.

Each corruption is drawn from a seed, so that a failure is run again by its number. Ninety are
tried each time, ten of each kind; `EVALML_FUZZ=30` tries 540.
"""

from __future__ import annotations

import hashlib
import os
import random
from copy import deepcopy
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.extract import small_extract as small
from typer.testing import CliRunner

from evalml.cli.extract import app
from evalml.errors import EvalmlError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BATCHES = int(os.environ.get("EVALML_FUZZ", "3"))
SIZE = 18  # extracts of a batch: two of each kind
SECRET = "Zzqx7SECRET"  # stands for a person's value: it may never come out
NASTY = [
    "", " ", "NULL", "NaN", "-", "0000-00-00", "2024-02-30", "31/12/2024", "12/31/2024", "99999999999999999999",
    "1e308", "-1", "=1+1", "=cmd|'/c calc'!A1", "@SUM(A1)", "+33", "<script>", "'; DROP TABLE jeunes; --", '"', '""', ",", ";",
    "\t", "é" * 50, "\u202e", "🙂", "A" * 20_000, "1,5", "1.5", "01/02/2024", "True", "oui", "294247-01-10", "-infinity", f"{SECRET}",
    f"{SECRET}@", f"={SECRET}", f"{SECRET},{SECRET}", f'{SECRET}"', f"{SECRET}\n{SECRET}",
]  # fmt: skip


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in sorted(folder.rglob("*"))
        if f.is_file()
    }


def plain_csv(folder: Path, rng: random.Random) -> None:
    options = rng.choice(
        [{}, {"delimiter": ";", "encoding": "cp1252", "dates": "%d/%m/%Y", "decimal": ","}]
    )
    small.write_csv(folder, **options)


def csv_cell(folder: Path, rng: random.Random) -> None:
    """Replace cells of a CSV by something nasty, quoted or not."""
    plain_csv(folder, rng)
    file = rng.choice(sorted(folder.glob("*.csv")))
    lines = file.read_bytes().split(b"\n")
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(1, max(2, len(lines) - 1))
        cells = lines[place].split(b",")
        cells[rng.randrange(len(cells))] = rng.choice(NASTY).encode("utf-8", "surrogatepass")
        lines[place] = b",".join(cells)
    file.write_bytes(b"\n".join(lines))


def csv_header(folder: Path, rng: random.Random) -> None:
    """Drop, rename, double or remove the header's columns."""
    plain_csv(folder, rng)
    file = rng.choice(sorted(folder.glob("*.csv")))
    head, *rest = file.read_bytes().split(b"\n")
    names = head.split(b",")
    act = rng.randrange(5)
    if act == 0:
        names.pop(rng.randrange(len(names)))
    elif act == 1:
        names[rng.randrange(len(names))] = rng.choice(NASTY).encode("utf-8")
    elif act == 2:
        names.append(names[0])
    elif act == 3:
        names = [SECRET.encode(), b"p1", b"2003-04-02"]  # a file without a header
    else:
        names = []
    file.write_bytes(b"\n".join([b",".join(names), *rest]))


def csv_bytes(folder: Path, rng: random.Random) -> None:
    """Cut a CSV, sow bytes in it, write it in another encoding."""
    plain_csv(folder, rng)
    file = rng.choice(sorted(folder.glob("*.csv")))
    raw = bytearray(file.read_bytes())
    act = rng.randrange(4)
    if act == 0:
        raw = raw[: rng.randrange(len(raw))]
    elif act == 1:
        for _ in range(5):
            raw[rng.randrange(len(raw))] = rng.choice([0, 0x81, 0xFF, 0x0D, 0x22, 0xC3])
    elif act == 2:
        raw = bytearray(raw.decode("latin-1").encode(rng.choice(["utf-16", "utf-32", "utf-7"])))
    else:
        raw += b"\n".join([SECRET.encode() * rng.randint(1, 3)] * rng.randint(1, 5))
    file.write_bytes(bytes(raw))


def parquet_bytes(folder: Path, rng: random.Random) -> None:
    """Cut a Parquet file or sow bytes in it."""
    small.write(folder)
    file = rng.choice(sorted(folder.glob("*.parquet")))
    raw = bytearray(file.read_bytes())
    if rng.random() < 0.5:
        raw = raw[: rng.randrange(len(raw))]
    else:
        for _ in range(rng.randint(1, 40)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
    file.write_bytes(bytes(raw))


def parquet_type(folder: Path, rng: random.Random) -> None:
    """Write a column of another type, or drop or double a column."""
    small.write(folder)
    file = rng.choice(sorted(folder.glob("*.parquet")))
    table = pq.read_table(file)
    place = rng.randrange(table.num_columns)
    name, n = table.column_names[place], table.num_rows
    new = rng.choice(
        [
            pa.array([SECRET] * n),
            pa.array([2**62] * n),
            pa.array([1e300] * n),
            pa.array([float("nan")] * n),
            pa.array([float("inf")] * n),
            pa.array([[SECRET]] * n),
            pa.array([{"a": SECRET}] * n),
            pa.array([True] * n),
            pa.array([b"\xff\xfe"] * n),
            pa.array([10**15] * n, pa.timestamp("us", "Europe/Paris")),
            pa.array([-(10**6)] * n, pa.date32()),
            pa.array([2**31 - 2] * n, pa.date32()),
            pa.nulls(n),
        ]
    )
    pq.write_table(
        table.drop_columns([name]) if rng.random() < 0.2 else table.set_column(place, name, new),
        file,
    )


def parquet_cell(folder: Path, rng: random.Random) -> None:
    """Put nasty text, absurd numbers and dates in typed cells."""
    rows = deepcopy(small.ROWS)
    for _ in range(rng.randint(1, 4)):
        name = rng.choice(sorted(rows))
        row = rng.choice(rows[name])
        column = rng.choice(small.contract.table(name).columns)
        row[column.name] = {
            "string": rng.choice(NASTY),
            "date": rng.choice(["0001-01-01", "9999-12-31", "1899-12-31", "2030-01-01", None]),
            "boolean": rng.choice([True, None]),
            "integer": rng.choice([-1, 2**40, 0, None]),
            "number": rng.choice([-1.0, 1e300, float("inf"), float("nan"), None]),
        }[column.type]
    small.write(folder, rows)


def folder_shape(folder: Path, rng: random.Random) -> None:
    """Remove tables, write two of one, put folders and strange files among them."""
    small.write(folder)
    act = rng.randrange(5)
    files = sorted(folder.glob("*.parquet"))
    if act == 0:
        for file in rng.sample(files, rng.randint(1, len(files))):
            file.unlink()
    elif act == 1:
        (folder / f"{rng.choice(files).stem}.csv").write_text(SECRET)
    elif act == 2:
        (folder / "base.duckdb").write_bytes(os.urandom(rng.randint(0, 5000)))
    elif act == 3:
        file = rng.choice(files)
        file.unlink()
        file.mkdir()
    else:
        (folder / "notes.txt").write_text(SECRET)
        (folder / "extract.yaml").unlink()


def header_yaml(folder: Path, rng: random.Random) -> None:
    """Corrupt extract.yaml."""
    small.write(folder)
    file = folder / "extract.yaml"
    text = file.read_text()
    broken = [
        text.replace("imilo", rng.choice(["x", "1", "[]", "{a: b}"])),
        text + "\nname: twice\n",
        text + "\ncle_inconnue: 1\n",
        text.replace("2025-01-31", rng.choice(["2025-13-01", "hier", "20250131", "null"])),
        "- 1\n- 2\n",
        "{",
        "",
        "\x00",
        text.replace("region", "regions"),
        text.replace("'32'", "32"),
        "a: &a [*a]\n",
        "!!python/object/apply:os.system ['true']\n",
    ]
    file.write_bytes(rng.choice(broken).encode() if rng.random() < 0.9 else b"\xff\xfe\x00")


CORRUPTIONS: list[Callable[[Path, random.Random], None]] = [
    csv_cell,
    csv_cell,
    csv_header,
    csv_bytes,
    parquet_bytes,
    parquet_type,
    parquet_cell,
    folder_shape,
    header_yaml,
]


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_corrupted_extract_ends_with_a_sentence_or_a_scorecard(
    tmp_path: Path, batch: int
) -> None:
    for number in range(batch * SIZE, (batch + 1) * SIZE):
        rng = random.Random(number)
        folder = tmp_path / f"extract_{number}"
        corrupt = CORRUPTIONS[number % len(CORRUPTIONS)]
        corrupt(folder, rng)
        before = fingerprint(folder)
        result = CliRunner().invoke(app, ["check", str(folder), "--memory", "500MB"])
        place = f"extract {number}, {corrupt.__name__}"
        fault = result.exception
        assert fault is None or isinstance(fault, EvalmlError | SystemExit), f"{place}: {fault!r}"
        message = "" if fault is None else str(fault)
        assert (0 if fault is None else getattr(fault, "exit_code", 2)) in (0, 2, 3), place
        assert "\n" not in message, place
        assert SECRET not in message + result.output, place
        assert "Traceback" not in result.output, place
        assert fingerprint(folder) == before, f"{place}: the input was altered"
