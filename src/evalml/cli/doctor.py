"""`evalml doctor`: what is installed, which optional engines work, what to do about the rest."""

from __future__ import annotations

from typing import Annotated

import typer


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what is installed and what is missing.

    Example: evalml doctor
    """
    import json

    from evalml.run import versions

    report = {"versions": versions(), "optional": _optional()}
    if as_json:
        typer.echo(json.dumps(report, indent=2))
        return
    for name, version in report["versions"].items():
        typer.echo(f"{name:22} {version}")
    typer.echo("")
    for name, state in report["optional"].items():
        typer.echo(f"{name:22} {state}")


_OPTIONAL = {
    "polars": ("bench", "side-by-side benchmarks"),
    "playwright": ("browser", "browser tests, with Debian's chromium package"),
    "moderndid": ("oracle", "second opinions on the estimators"),
}


def _optional() -> dict[str, str]:
    from importlib.util import find_spec

    return {
        name: "installed"
        if find_spec(name) is not None
        else f"not installed; for {purpose}: pip install 'evalml-workbench[{extra}]'"
        for name, (extra, purpose) in _OPTIONAL.items()
    }
