"""The package's own source as a hash per stage, blind to comments, docstrings and layout.

What counts is what runs: a `.py` file is its syntax tree without docstrings, every other file
(rules, templates, styles) its bytes. The command line and the synthetic worlds are left out: no
notebook can import them, so that no result depends on them.
"""

from __future__ import annotations

import ast
import hashlib
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
    return {name: _hash_stage(files, root) for name, files in found.items() if name not in APART}


def _hash_stage(files: list[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for path in files:
        state = path.stat()
        meaning = _hash_meaning(str(path), state.st_size, state.st_mtime_ns)
        digest.update(f"{path.relative_to(root).as_posix()} {meaning}\n".encode())
    return digest.hexdigest()


@lru_cache(maxsize=4096)
def _hash_meaning(path: str, size: int, modified: int) -> str:  # noqa: ARG001 - the cache's key
    content = Path(path).read_bytes()
    if path.endswith(".py"):
        content = meaning(content)
    return hashlib.sha256(content).hexdigest()


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
