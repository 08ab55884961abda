"""The package's own source as a hash per stage, blind to comments, docstrings and layout.

What counts is what runs: a `.py` file is its syntax tree without docstrings, every other file
(rules, templates, styles) its bytes. The command line and the synthetic worlds are left out: no
notebook can import them, so that no result depends on them.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

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
        told = known[content] if path.suffix == ".py" else content
        digest.update(f"{path.relative_to(root).as_posix()} {told}\n".encode())
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
