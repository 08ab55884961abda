"""`evalml explain`, `rules`, `doctor`: what may be used, what the law was, what is installed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalml.cli.console import JsonObject
from evalml.errors import EvalmlError

if TYPE_CHECKING:
    from evalml.comparison.explain import Explanation, JudgedDesign
    from evalml.rules import Rules, RuleValue
    from evalml.study import Study


_MARK = {"ok": " ", "caution": "!", "no": "x"}


def explain(
    study: Annotated[str, typer.Argument(help="A study: its name, or a file of params/.")],
    extract: Annotated[
        Path | None, typer.Option(help="Folder of the extract: then its tables are known too.")
    ] = None,
    json: JsonObject = False,
) -> None:
    """Say which designs and methods a study may use, which not, and why.

    It reads the study, the dated rules of the programme and the names of the tables; no person.

    Example: evalml explain params/cej_2024_hdf.yaml --extract data/synthetic/demo
    """
    import json as written

    from evalml.comparison.explain import explain_study
    from evalml.study import read_study

    read = read_study(study)
    explanation = explain_study(read, _tables(extract))
    if json:
        typer.echo(written.dumps(_explained(explanation), ensure_ascii=False))
        return
    _print_designs(explanation, read)


def _tables(extract: Path | None) -> frozenset[str] | None:
    if extract is None:
        return None
    from evalml.engine import open_engine
    from evalml.extract import tables_held

    return tables_held(extract, open_engine())


def _explained(explanation: Explanation) -> dict[str, Any]:
    from evalml.study import DESIGNS, methods_of

    designs = [
        _judged(d)
        | {
            "methods": list(methods_of(DESIGNS[d.name].estimator)),
            "command": DESIGNS[d.name].command,
        }
        for d in explanation.designs
    ]
    remarks = [
        {"topic": topic, "status": r.status, "sentence": r.sentence}
        for topic, r in explanation.remarks
    ]
    return {
        "study": explanation.study,
        "programme": explanation.programme,
        "designs": designs,
        "methods": [_judged(m) for m in explanation.methods],
        "remarks": remarks,
    }


def _judged(judged: JudgedDesign) -> dict[str, Any]:
    reasons = [{"status": r.status, "sentence": r.sentence} for r in judged.reasons]
    return {
        "name": judged.name,
        "declared": judged.declared,
        "applies": judged.applies,
        "reasons": reasons,
    }


def _print_designs(explanation: Explanation, study: Study) -> None:
    from evalml.study import DESIGNS, methods_of

    months = "" if study.entries is None else f", {study.entries.first} to {study.entries.last}"
    typer.echo(f"{explanation.study}: {explanation.programme}{months}\n\nDESIGNS")
    for judged in sorted(explanation.designs, key=lambda d: (not d.declared, not d.applies)):
        design = DESIGNS[judged.name]
        typer.echo(f"{_verdict(judged)}  {judged.name}: {design.question}")
        _reasons(judged)
        if judged.applies:
            typer.echo(f"      estimates: {design.effect}")
            if explanation.programme in design.programmes:
                typer.echo(f"      compared with: {design.programmes[explanation.programme]}")
            typer.echo(f"      trap: {design.trap}")
            listed = ", ".join(methods_of(design.estimator))
            typer.echo(f"      methods: {listed}; {design.command}")
    typer.echo("\nMETHODS")
    for judged in sorted(explanation.methods, key=lambda m: (not m.applies, not m.declared)):
        typer.echo(f"{_verdict(judged)}  {judged.name}")
        _reasons(judged)
    typer.echo("\nWATCH" if explanation.remarks else "")
    for topic, reason in explanation.remarks:
        typer.echo(f"  {_MARK[reason.status]} {topic}: {reason.sentence}")


def _verdict(judged: JudgedDesign) -> str:
    cautious = any(r.status == "caution" for r in judged.reasons)
    word = ("with care" if cautious else "applies") if judged.applies else "no"
    return f"{word:>9}{' *' if judged.declared else '  '}"


def _reasons(judged: JudgedDesign) -> None:
    for reason in judged.reasons:
        typer.echo(f"    {_MARK[reason.status]} {reason.sentence}")


STALE_DAYS = 365


def rules(
    programme: Annotated[
        str | None, typer.Argument(help="Code of the programme, such as cej; all by default.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="Day, such as 2023-06-01; today by default.")
    ] = None,
    unverified: Annotated[
        bool,
        typer.Option(
            "--unverified", help="Show values not read in a text, and regional ones, too."
        ),
    ] = False,
    as_json: JsonObject = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/reference/rules.md.")
    ] = False,
) -> None:
    """Print the rules of a programme on a given day, with their legal references.

    Example: evalml rules cej --at 2023-06-01
    """
    import datetime as dt
    import json

    from evalml import rules as dated
    from evalml.rules import overdue_sentences

    if markdown:
        from evalml.rules.read import rules_page

        typer.echo(rules_page(), nl=False)
        return
    try:
        day = dt.date.fromisoformat(at) if at else dt.date.today()
    except ValueError:
        raise EvalmlError(f"--at {at} is not a day; write it 2023-06-01") from None
    names = [programme] if programme else list(dated.programmes())
    dated_values = {n.upper(): dated.rules(n).at(day, unverified=unverified) for n in names}
    if as_json:
        typer.echo(
            json.dumps(_rules_of_day(day.isoformat(), dated_values), ensure_ascii=False, indent=2)
        )
        return
    for name, values in dated_values.items():
        typer.echo(f"{name}, {dated.rules(name).label}, on {day}{_stale(dated.rules(name))}")
        for warning in overdue_sentences(name, day):
            typer.echo(f"  WARNING: {warning}")
        if not values:
            typer.echo("  no rule holds on that day")
        for value in values.values():
            _print_rule(value)
        typer.echo("")


def _rules_of_day(day: str, dated_values: dict[str, dict[str, RuleValue]]) -> dict[str, Any]:
    return {
        "at": day,
        "programmes": {
            name: {n: v.model_dump(mode="json") for n, v in values.items()}
            for name, values in dated_values.items()
        },
    }


def _print_rule(value: RuleValue) -> None:
    from evalml.rules import wave_text

    doubt = {"read": "", "unverified": " [unverified]", "regional": " [one region only]"}[
        value.status
    ]
    late = f" [changed on {value.overdue}, not read]" if value.overdue else ""
    unit = "" if value.unit in ("text", "list", "date") else f" {value.unit}"
    shown = value.value
    if isinstance(shown, list):
        shown = "; ".join(f"wave {wave_text(wave)}" for wave in shown)
    typer.echo(f"  {value.name:34} {shown}{unit}{doubt}{late}")
    typer.echo(f"  {'':34} {value.label} (judged {_WHEN[value.judged]}; since {value.start})")
    typer.echo(f"  {'':34} {value.reference}{'' if value.link is None else ' ' + value.link}")
    if value.note:
        typer.echo(f"  {'':34} Note: {value.note}")


def _stale(rules_of: Rules) -> str:
    import datetime as dt

    age = (dt.date.today() - rules_of.last_checked).days
    return f" (last checked on {rules_of.last_checked}: compare again)" if age > STALE_DAYS else ""


_WHEN = {"entry": "at entry", "throughout": "all along"}


def doctor(
    as_json: JsonObject = False,
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

    from evalml.engine.cluster import spark_site, unreachable
    from evalml.engine.postgres import postgres_lacks
    from evalml.engine.spark import java_home, java_version, spark_lacks

    site = spark_site()
    spark = spark_lacks(site) or unreachable(site)
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
