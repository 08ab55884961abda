"""Write environment.yml from pyproject.toml, so that dependencies are declared once.

The file cannot be solved where no conda channel is reached; names and versions are those of
pyproject.toml, and `tests/house` compares the two.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIP_ONLY = {"typst", "pypandoc-binary", "causaldata"}
RENAMED = {"ibis-framework[duckdb]": "ibis-duckdb", "duckdb": "python-duckdb"}


def environment() -> str:
    """Return the text of environment.yml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    conda, pip = [], []
    for requirement in project["dependencies"]:
        name, version = _split(requirement)
        if name in PIP_ONLY:
            pip.append(f"{name}{version}")
        else:
            conda.append(f"{RENAMED.get(name, name)}{version}")
    lines = [
        "# Generated from pyproject.toml by `make environment`; do not edit.",
        "name: evalml",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - python{project['requires-python']}",
        "  - pip",
        *(f"  - {line}" for line in sorted(conda)),
        "  - pip:",
        *(f"      - {line}" for line in sorted(pip)),
        "      - -e .",
    ]
    return "\n".join(lines) + "\n"


def _split(requirement: str) -> tuple[str, str]:
    cut = next((i for i, c in enumerate(requirement) if c in "<>=!~"), len(requirement))
    return requirement[:cut].strip(), requirement[cut:].strip()


def main() -> None:
    """Write the file."""
    (ROOT / "environment.yml").write_text(environment(), encoding="utf-8")


if __name__ == "__main__":
    main()
