"""`evalml doctor`: what is installed, which optional engines work, what to do about the rest."""

from __future__ import annotations

from typing import Annotated

import typer


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what is installed and what is missing, and which engines would start.

    Example: evalml doctor
    """
    import json

    from evalml.run import versions

    report = {"versions": versions(), "engines": _engines(), "optional": _optional()}
    if as_json:
        typer.echo(json.dumps(report, indent=2))
        return
    for name, version in report["versions"].items():
        typer.echo(f"{name:22} {version}")
    for part in ("engines", "optional"):
        typer.echo("")
        for name, state in report[part].items():
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


def _engines() -> dict[str, str]:
    """Say of each engine, and of each place extracts are read from, whether it is ready."""
    from importlib import metadata

    from evalml.engine.postgres import postgres_lacks
    from evalml.engine.spark import java_home, java_version, spark_lacks, spark_site

    site = spark_site()
    spark = spark_lacks(site)
    if spark is None and site.connect:
        spark = f"ready; runs at {site.url}, without Java here"
    elif spark is None:
        home = java_home()
        java = java_version(home / "bin" / "java") if home is not None else 0
        spark = f"ready; pyspark {metadata.version('pyspark')}, Java {java}, runs at {site.url}"
    lacking = postgres_lacks()
    driver = "adbc-driver-postgresql"
    found = f"ready; {driver} {metadata.version(driver)}" if lacking is None else lacking
    return {
        "duckdb": f"ready; duckdb {metadata.version('duckdb')}",
        "spark": spark,
        "postgresql": found,
    }
