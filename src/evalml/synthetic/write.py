"""Write a synthetic extract: the tables where a study reads them, the truth in a folder apart."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import yaml

from evalml.errors import ExtractError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalml.synthetic.make import Synthetic

_OPTIONS: dict[str, Any] = {"compression": "zstd", "store_schema": False, "write_statistics": True}


def write_extract(path: str | Path, made: Synthetic) -> Path:
    """Write the tables, `extract.yaml` and `truth/` into the folder `path`.

    Raises:
        ExtractError: The folder holds something else already.
    """
    folder = ready(Path(path))
    for name, rows in made.tables.items():
        pq.write_table(rows, folder / f"{name}.parquet", **_OPTIONS)
    describe(folder, made.extract)
    write_truth(folder, made.truth, made.world_yaml)
    return folder


def write_blocks(path: str | Path, parts: Iterator[dict[str, pa.Table]]) -> dict[str, int]:
    """Write tables block by block, a row group each; return the rows of each table."""
    rows: dict[str, int] = {}
    with ExitStack() as stack:
        writers: dict[str, pq.ParquetWriter] = {}
        for part in parts:
            for name, block in part.items():
                if name not in writers:
                    file = Path(path) / f"{name}.parquet"
                    writer = pq.ParquetWriter(file, block.schema, **_OPTIONS)
                    writers[name] = stack.enter_context(writer)
                writers[name].write_table(block)
                rows[name] = rows.get(name, 0) + block.num_rows
    return rows


def write_truth(folder: Path, truth: dict[str, pa.Table], world_yaml: str) -> None:
    """Write what is true into `truth/`, which no estimation code reads."""
    (folder / "truth").mkdir(exist_ok=True)
    for name, rows in truth.items():
        pacsv.write_csv(
            rows, folder / "truth" / f"{name}.csv", pacsv.WriteOptions(quoting_style="needed")
        )
    (folder / "truth" / "world.yaml").write_text(world_yaml, encoding="utf-8")


def describe(folder: Path, extract: dict[str, Any]) -> None:
    """Write `extract.yaml`."""
    text = yaml.safe_dump(extract, allow_unicode=True, sort_keys=False)
    (folder / "extract.yaml").write_text(text, encoding="utf-8")


def ready(folder: Path) -> Path:
    """Return the folder, made if need be; one that holds other files is refused.

    Raises:
        ExtractError: The folder holds something that is not a synthetic extract.
    """
    if folder.exists() and any(folder.iterdir()):
        mark = folder / "extract.yaml"
        if not mark.exists() or "source: synthetic" not in mark.read_text(encoding="utf-8"):
            raise ExtractError(f"{folder} already holds other files; give an empty or a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
