"""What a result depends on, as hashes: the extract, the code, the lock file, the parameters."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalml.settings import Settings, project_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from evalml.study import Study

_CHUNK = 1 << 20
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
        digest.update(path.relative_to(root).as_posix().encode())
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def hash_extract(extract: Path) -> str:
    """Return the hash of an extract, its truth folder (synthetic worlds) left out."""
    if extract.is_file():
        return hash_files([extract], extract.parent)
    files = [p for p in extract.rglob("*") if p.is_file()]
    return hash_files((p for p in files if "truth" not in p.relative_to(extract).parts), extract)


def hash_code() -> str:
    """Return the hash of the source of the package."""
    source = Path(__file__).resolve().parents[1]
    suffixes = {".py", ".yaml", ".lua", ".css", ".typ", ".csv"}
    return hash_files((p for p in source.rglob("*") if p.suffix in suffixes), source)


def hash_values(values: Mapping[str, Any]) -> str:
    """Return the hash of parameters, whatever the order of the keys."""
    text = json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def hashes_of(study: Study, settings: Settings) -> dict[str, str | None]:
    """Return the hashes of all that the results of a study depend on."""
    lock = project_root() / "requirements.lock"
    return {
        "params": hash_values(parameters_of(study)),
        "code": hash_code(),
        "lock": hash_files([lock], lock.parent) if lock.is_file() else None,
        "extract": hash_extract(settings.extract) if study.is_cohort else None,
    }


def parameters_of(study: Study) -> dict[str, Any]:
    """Return every key of a study, defaults included, as plain values."""
    return study.model_dump(mode="json", by_alias=True, exclude_none=True)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that make the numbers."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
