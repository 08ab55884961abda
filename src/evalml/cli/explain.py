"""`evalml explain`: which designs and methods a study may use, which not, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from evalml.comparison.chooser import Explanation, Judged
    from evalml.study import Study

_MARK = {"ok": " ", "caution": "!", "no": "x"}


def explain(
    study: Annotated[str, typer.Argument(help="A study: its name, or a file of params/.")],
    extract: Annotated[
        Path | None, typer.Option(help="Folder of the extract: then its tables are known too.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say which designs and methods a study may use, which not, and why.

    It reads the study, the dated rules of the programme and the names of the tables; no person.

    Example: evalml explain params/cej_2024_hdf.yaml --extract data/synthetic/demo
    """
    import json as written

    from evalml.comparison.chooser import explain_study
    from evalml.study import read_study

    read = read_study(study)
    said = explain_study(read, _tables(extract))
    if json:
        typer.echo(written.dumps(_json(said), ensure_ascii=False))
        return
    _print(said, read)


def _tables(extract: Path | None) -> frozenset[str] | None:
    if extract is None:
        return None
    from evalml.engine import open_engine
    from evalml.extract import tables_held

    return tables_held(extract, open_engine())


def _json(said: Explanation) -> dict[str, Any]:
    from evalml.study import DESIGNS, methods_of

    designs = [
        _judged(d)
        | {
            "methods": list(methods_of(DESIGNS[d.name].estimator)),
            "command": DESIGNS[d.name].command,
        }
        for d in said.designs
    ]
    remarks = [
        {"topic": topic, "status": r.status, "sentence": r.sentence} for topic, r in said.remarks
    ]
    return {
        "study": said.study,
        "programme": said.programme,
        "designs": designs,
        "methods": [_judged(m) for m in said.methods],
        "remarks": remarks,
    }


def _judged(judged: Judged) -> dict[str, Any]:
    reasons = [{"status": r.status, "sentence": r.sentence} for r in judged.reasons]
    return {
        "name": judged.name,
        "declared": judged.declared,
        "applies": judged.applies,
        "reasons": reasons,
    }


def _print(said: Explanation, study: Study) -> None:
    from evalml.study import DESIGNS, methods_of

    months = "" if study.entries is None else f", {study.entries.first} to {study.entries.last}"
    typer.echo(f"{said.study}: {said.programme}{months}\n\nDESIGNS")
    for judged in sorted(said.designs, key=lambda d: (not d.declared, not d.applies)):
        design = DESIGNS[judged.name]
        typer.echo(f"{_verdict(judged)}  {judged.name}: {design.question}")
        _reasons(judged)
        if judged.applies:
            typer.echo(f"      estimates: {design.effect}")
            if said.programme in design.programmes:
                typer.echo(f"      compared with: {design.programmes[said.programme]}")
            typer.echo(f"      trap: {design.trap}")
            listed = ", ".join(methods_of(design.estimator))
            typer.echo(f"      methods: {listed}; {design.command}")
    typer.echo("\nMETHODS")
    for judged in sorted(said.methods, key=lambda m: (not m.applies, not m.declared)):
        typer.echo(f"{_verdict(judged)}  {judged.name}")
        _reasons(judged)
    typer.echo("\nWATCH" if said.remarks else "")
    for topic, reason in said.remarks:
        typer.echo(f"  {_MARK[reason.status]} {topic}: {reason.sentence}")


def _verdict(judged: Judged) -> str:
    cautious = any(r.status == "caution" for r in judged.reasons)
    word = ("with care" if cautious else "applies") if judged.applies else "no"
    return f"{word:>9}{' *' if judged.declared else '  '}"


def _reasons(judged: Judged) -> None:
    for reason in judged.reasons:
        typer.echo(f"    {_MARK[reason.status]} {reason.sentence}")
