"""What a result depends on, as hashes: the extract, the code, the lock file, the parameters.

What counts is what runs: a `.py` file is its syntax tree without docstrings, every other file
(rules, templates, styles) its bytes. The command line and the synthetic worlds are left out: no
notebook can import them, so that no result depends on them.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalml.errors import StudyError
from evalml.settings import Settings, project_root, shipped_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from evalml.study import Study
    from evalml.study.activity import Activity


APART = frozenset({"cli", "synthetic", "__main__"})
"""Parts of the package that no run executes."""

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def stages(root: Path) -> dict[str, str]:
    """Return the hash of each stage (a folder or a module) under the package's folder."""
    found: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            found.setdefault(path.relative_to(root).parts[0].removesuffix(".py"), []).append(path)
    known = _remembered()
    before = len(known)
    hashed = {n: _hash_stage(files, root, known) for n, files in found.items() if n not in APART}
    if len(known) > before:
        _remember(known)
    return hashed


def _hash_stage(files: list[Path], root: Path, known: dict[str, str]) -> str:
    digest = hashlib.sha256()
    for path in files:
        state = path.stat()
        content = _hash_content(str(path), state.st_size, state.st_mtime_ns)
        if path.suffix == ".py" and content not in known:
            known[content] = hashlib.sha256(meaning(path.read_bytes())).hexdigest()
        text = known[content] if path.suffix == ".py" else content
        digest.update(f"{path.relative_to(root).as_posix()} {text}\n".encode())
    return digest.hexdigest()


@lru_cache(maxsize=4096)
def _hash_content(path: str, size: int, modified: int) -> str:  # noqa: ARG001 - the cache's key
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


_KNOWN: dict[str, str] = {}
_MOST = 2000


def memory_file() -> Path:
    """Return where what was parsed is kept: the cache folder of the user, one file per Python."""
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "evalml" / f"meaning.{sys.implementation.cache_tag}.json"


def _remembered() -> dict[str, str]:
    """Return what each content means, by the hashes of both: parsing it all takes a second."""
    if not _KNOWN:
        with suppress(OSError, ValueError, TypeError, RuntimeError):
            known = json.loads(memory_file().read_text(encoding="utf-8"))
            _KNOWN.update(known if len(known) < _MOST else {})
    return _KNOWN


def _remember(known: dict[str, str]) -> None:
    """Keep what was parsed for the next process, where there is a folder to write to."""
    with suppress(OSError, RuntimeError):
        path = memory_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.write_text(json.dumps(known), encoding="utf-8")
        fresh.replace(path)


def meaning(source: bytes) -> bytes:
    """Return what a Python file does, as bytes: its tree without docstrings; itself if broken."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(tree).encode()


_CHUNK = 1 << 20
_HEADER = "extract.yaml"
_DRIVER = "adbc-driver-postgresql"
_PACKAGES = (
    "evalml-workbench",
    "duckdb",
    "ibis-framework",
    "numpy",
    "pandas",
    "papermill",
    "scikit-learn",
    "scipy",
    "statsmodels",
)


def hash_files(paths: Iterable[Path], root: Path) -> str:
    """Return one SHA-256 over the names (relative to `root`) and the bytes of the files."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(root).as_posix()} {hash_file(path)}\n".encode())
    return digest.hexdigest()


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, read again only when its size or its time has changed."""
    state = path.stat()
    return _hash_file(str(path), state.st_size, state.st_mtime_ns, state.st_ino)


@lru_cache(maxsize=4096)
def _hash_file(path: str, size: int, modified: int, inode: int) -> str:  # noqa: ARG001 - the key
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def extract_files(extract: Path) -> list[Path]:
    """Return the files of an extract, its truth folder (synthetic worlds) left out."""
    if extract.is_file():
        return [extract]
    files = [p for p in extract.rglob("*") if p.is_file()]
    return sorted(p for p in files if "truth" not in p.relative_to(extract).parts)


def hash_extract(extract: Path) -> str:
    """Return the hash of an extract, its truth folder (synthetic worlds) left out.

    Where it is a database, the server reads it again only if something was written meanwhile.
    """
    if _in_database(extract):
        return hash_values(_database_parts(extract))
    root = extract.parent if extract.is_file() else extract
    return hash_files(extract_files(extract), root)


def extract_parts(extract: Path) -> dict[str, str]:
    """Return the hash of each table of an extract: a file, a folder of them, or in a database.

    A database sums up its tables itself: no row leaves it.
    """
    if _in_database(extract):
        return _database_parts(extract)
    root = extract.parent if extract.is_file() else extract
    tables: dict[str, list[Path]] = {}
    for path in extract_files(extract):
        tables.setdefault(_table_of(path.relative_to(root)), []).append(path)
    return {name: hash_files(files, root) for name, files in tables.items()}


def _in_database(extract: Path) -> bool:
    """Tell whether the tables are in a database, without loading what reads one."""
    header = extract / _HEADER
    text = header.read_text(encoding="utf-8", errors="ignore") if header.is_file() else str(extract)
    if "postgres" not in text:
        return False
    from evalml.engine.postgres import database_of

    return database_of(extract) is not None


def _database_parts(extract: Path) -> dict[str, str]:
    from evalml.engine.postgres import database_of, database_parts

    header, database = extract / _HEADER, database_of(extract)
    parts = {_HEADER: hash_file(header)} if header.is_file() else {}
    return parts | (database_parts(database) if database is not None else {})


def _table_of(path: Path) -> str:
    return path.parts[0] if len(path.parts) > 1 or path.suffix == ".yaml" else path.stem


def source_parts() -> dict[str, str]:
    """Return the hash of each stage of the package, blind to comments."""
    return stages(Path(__file__).resolve().parents[1])


def hash_code() -> str:
    """Return the hash of the source that runs execute, blind to comments."""
    return hash_values(source_parts())


def hash_notebook(path: Path) -> str:
    """Return the hash of the cells of a notebook: what it says and does, not how it was saved."""
    cells = json.loads(path.read_text(encoding="utf-8")).get("cells", [])
    sources = [
        (c["cell_type"], "".join(c["source"]), sorted(c.get("metadata", {}).get("tags", [])))
        for c in cells
    ]
    return hashlib.sha256(json.dumps(sources, ensure_ascii=False).encode()).hexdigest()


@cache
def commit() -> str:
    """Return the commit of the source that runs, with a `+` where a file differs from it.

    Empty where no history of it is at hand: an evalml installed from a wheel has its version.
    """
    source = Path(__file__).resolve().parents[1]
    if not _git(source, "ls-files", "__init__.py"):
        return ""
    changed = _git(source, "status", "--porcelain", "--untracked-files=no", ".")
    return _git(source, "rev-parse", "HEAD") + ("+" if changed else "")


def _git(folder: Path, *words: str) -> str:
    """Return what git says of a folder; empty where there is no git, or no history."""
    program = shutil.which("git")
    if program is None:
        return ""
    command = [program, "-C", str(folder), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() if done.returncode == 0 else ""


def rerun_command(command: str, settings: Settings, hashes: Mapping[str, str | None]) -> str:
    """Return the command that runs a study again where it ran, and refuses other inputs.

    Args:
        command: `evalml run STUDY` with what was asked for.
        settings: Where it ran.
        hashes: Hashes of its inputs; a study without an extract has none of one.
    """
    words = []
    if hashes.get("extract"):
        words.append(f"--extract {shlex.quote(place_in_project(settings.extract))}")
    if settings.engine != "duckdb":
        words.append(f"--engine {settings.engine}")
    if settings.accept_refused:
        words.append(f"--accept-refused {shlex.quote(settings.accept_refused)}")
    expectations = [f"{name}={value[:DIGITS]}" for name, value in hashes.items() if value]
    return " \\\n  ".join([command, *words, f"--expect {','.join(expectations)}"])


DIGITS = 12
"""Digits of a hash that a command names."""


def place_in_project(path: Path) -> str:
    """Return a path inside the project as it stands there, and the name alone of any other."""
    root, full = project_root().resolve(), Path(path).resolve()
    return full.relative_to(root).as_posix() if full.is_relative_to(root) else full.name


def refuse_unexpected(hashes: Mapping[str, str | None], expected: str) -> None:
    """Refuse inputs that are not those a note names.

    Args:
        hashes: Hashes of the inputs of now.
        expected: `extract=1a2b…,code=3c4d…`, as `rerun_command` writes it.

    Raises:
        StudyError: A name is no input, or an input is another one.
    """
    found = []
    for expectation in expected.split(","):
        name, _, begins = expectation.partition("=")
        if name not in EXPECTED or not begins:
            raise StudyError(
                f"--expect {expectation}: write NAME=HASH, with a NAME of {', '.join(EXPECTED)}"
            )
        own = hashes.get(name) or ""
        if not own.startswith(begins):
            found.append(f"{EXPECTED[name]} ({own[:DIGITS] or 'none'}, not {begins})")
    if found:
        raise StudyError(f"the inputs are not those expected: {'; '.join(found)}")


EXPECTED = {
    "extract": "give with --extract the extract the note names",
    "params": "a key of the study differs from the note's",
    "code": "install the commit the note names, the source of evalml differs",
    "lock": "install from the requirements.lock of that commit",
    "notebook": "take the notebook of that commit",
}
"""Input -> what to do where it is another one."""


def hash_values(values: Mapping[str, Any]) -> str:
    """Return the hash of parameters, whatever the order of the keys."""
    text = json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def hashes_of(
    study: Study | Activity, settings: Settings, tables: Mapping[str, str] | None = None
) -> dict[str, str | None]:
    """Return the hashes of all that the results of a study depend on.

    Args:
        study: The study.
        settings: Where it runs; the hash of the extract is taken from it where it is told.
        tables: Hash of each table of the extract (`parts_of`), where they are known.
    """
    own = project_root() / "requirements.lock"
    lock = own if own.is_file() else shipped_folder() / own.name
    return {
        "params": hash_values(parameters_of(study)),
        "code": hash_code(),
        "lock": hash_files([lock], lock.parent) if lock.is_file() else None,
        "extract": _extract_of(settings, tables) if study.over_time else None,
    }


def _extract_of(settings: Settings, tables: Mapping[str, str] | None) -> str:
    if settings.extract_hash:
        return settings.extract_hash
    if tables is not None and _in_database(settings.extract):
        return hash_values(tables)
    return hash_extract(settings.extract)


def parts_of(study: Study | Activity, settings: Settings) -> dict[str, dict[str, str]]:
    """Return the hashes of the parts that a reader can be told of: tables, stages."""
    tables = extract_parts(settings.extract) if study.over_time else {}
    return {"extract": tables, "source": source_parts()}


def parameters_of(study: Study | Activity) -> dict[str, Any]:
    """Return every key of a study, defaults included, as plain values."""
    return study.model_dump(mode="json", by_alias=True, exclude_none=True)


def versions_of(study: Study | Activity, settings: Settings) -> dict[str, str]:
    """Return the versions of all that makes the numbers of a study: its engine, its server."""
    found = versions()
    if settings.engine == "spark":
        found |= {"pyspark": _first_installed("pyspark", "pyspark-client")}
    if study.over_time and _in_database(settings.extract):
        from evalml.engine.postgres import database_of, server_version

        database = database_of(settings.extract)
        if database is not None:
            found |= {"postgresql": server_version(database)}
            found |= {_DRIVER: _first_installed(_DRIVER)}
    return found


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that make the numbers."""
    return {"python": platform.python_version(), **{n: _first_installed(n) for n in _PACKAGES}}


@cache
def _first_installed(*names: str) -> str:
    for name in names:
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(name)
    return "not installed"
