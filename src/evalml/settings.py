"""Where a study runs: the extract, the engine and the folders. Never part of a params file.

Settings come from the command line or from the environment, so that a notebook opened in
JupyterLab, run by plain papermill or by `evalml run` reads the same ones.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from evalml.errors import EvalmlError

EXTRACT = "EVALML_EXTRACT"
OUT = "EVALML_OUT"
ENGINE = "EVALML_ENGINE"
MEMORY = "EVALML_MEMORY"
THREADS = "EVALML_THREADS"
HASH = "EVALML_EXTRACT_HASH"
ACCEPT = "EVALML_ACCEPT_REFUSED"

DEFAULT_EXTRACT = Path("data/synthetic/demo")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where a study runs.

    Attributes:
        extract: Folder (or DuckDB file) of the extract, or the URL of its database.
        out: Folder this run writes into.
        engine: `duckdb` or `spark`.
        memory_limit: Memory the engine may take, such as `4GB`; its own default when None.
        threads: Threads of the engine; all when None.
        extract_hash: Hash of the extract, where who started the run has read it already.
        accept_refused: Why an extract that `extract check` refuses is used all the same; None to
            refuse it.
    """

    extract: Path
    out: Path
    engine: str = "duckdb"
    memory_limit: str | None = None
    threads: int | None = None
    extract_hash: str | None = None
    accept_refused: str | None = None

    def environment(self) -> dict[str, str]:
        """Return these settings as environment variables, for a kernel."""
        values = {EXTRACT: str(self.extract), OUT: str(self.out), ENGINE: self.engine}
        if self.memory_limit is not None:
            values[MEMORY] = self.memory_limit
        if self.threads is not None:
            values[THREADS] = str(self.threads)
        if self.extract_hash is not None:
            values[HASH] = self.extract_hash
        if self.accept_refused is not None:
            values[ACCEPT] = self.accept_refused
        return values


def read_settings(study: str = "notebook") -> Settings:
    """Read the settings of this process.

    Args:
        study: Name of the study, for the default output folder `runs/<study>/manual`.
    """
    root = project_root()
    threads = os.environ.get(THREADS)
    return Settings(
        extract=Path(os.environ.get(EXTRACT, root / DEFAULT_EXTRACT)),
        out=Path(os.environ.get(OUT, root / "runs" / study / "manual")),
        engine=os.environ.get(ENGINE, "duckdb"),
        memory_limit=os.environ.get(MEMORY),
        threads=int(threads) if threads else None,
        extract_hash=os.environ.get(HASH),
        accept_refused=os.environ.get(ACCEPT) or None,
    )


def shipped_folder() -> Path:
    """Return the folder of the notebooks, studies and published figures that come with evalml."""
    installed = Path(__file__).resolve().parent / "project"
    return installed if installed.is_dir() else Path(__file__).resolve().parents[2]


def project_root() -> Path:
    """Return the folder that holds `notebooks/` and `params/`: here, above, or the source tree.

    An installed evalml has no source tree: the project is then the current folder.
    """
    here, source = Path.cwd(), Path(__file__).resolve().parents[2]
    for folder in (here, *here.parents, source):
        if (folder / "notebooks").is_dir() and (folder / "params").is_dir():
            return folder
    return here


def writable_folder(folder: Path | None) -> Path | None:
    """Return the absolute path of a folder that can be written, there or to be made.

    Raises:
        EvalmlError: It is a file, lies below one, or may not be written.
    """
    if folder is None:
        return None
    try:
        target = folder.expanduser().absolute()
        if len(target.name.encode()) > _LONGEST_NAME or "\0" in str(target):
            raise EvalmlError(f"{str(folder)[:80]} is no name of a folder; give a shorter one")
        there = next(p for p in (target, *target.parents) if p.exists())
        if not there.is_dir():
            raise EvalmlError(f"{folder} cannot be made: {there} is a file; give another folder")
        with tempfile.TemporaryDirectory(prefix=".evalml-", dir=there):
            return target
    except (OSError, RuntimeError) as fault:
        why = getattr(fault, "strerror", None) or "it cannot be found"
        raise EvalmlError(f"{folder} cannot be written ({why}); give another folder") from None


_LONGEST_NAME = 200
