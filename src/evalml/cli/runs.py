"""`evalml runs`, `status`, `compare`, `certify`, `note`, `release`, `explorer`: on runs."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalml.cli.console import (
    EngineName,
    ExtractFolder,
    JsonObject,
    Runs,
    console,
    print_table,
)
from evalml.errors import DataError, EvalmlError, nearest
from evalml.settings import writable_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.run.registry import RunComparison
    from evalml.run.staleness import StudyState
    from evalml.study.grid import GridStudy


def runs(
    root: Annotated[
        Path | None, typer.Argument(help="Root of the runs, as --out [default: runs].")
    ] = None,
    out: Runs = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of JSON objects.")] = False,
) -> None:
    """List all runs, the latest first: what each found and how sure, or why there is nothing.

    Example: evalml runs runs --json
    """
    import json
    from textwrap import wrap

    from evalml.run.registry import runs_table
    from evalml.settings import project_root

    if root is not None and out is not None and root != out:
        raise EvalmlError(f"two roots of runs are given, {root} and --out {out}: give one")
    place = root or out or project_root() / "runs"
    table: Any = runs_table(place)
    table = table.assign(answer=[_finding(place, row) for row in table.itertuples()])
    if as_json:
        rows = json.loads(table.to_json(orient="records"))
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    width = min(console().width, LINE)
    for row in table.itertuples():
        typer.echo(f"{row.state:<9} {row.run}")
        when = f"{row.started[:16].replace('T', ' ')}, {_number(row.seconds)} s. "
        summary = f"{when if row.started else ''}{row.answer}"
        for line in wrap(summary, width - 10, break_on_hyphens=False):
            typer.echo(f"{'':9} {line}")
    states = table["state"].value_counts()
    counted = ", ".join(f"{n} {state}" for state, n in sorted(states.items()))
    typer.echo(f"{len(table)} runs: {counted}" if len(table) else f"no run under {place}")


LINE = 80
"""Columns that the list of runs takes at most."""


def _finding(root: Path, row: Any) -> str:
    """Return what a run found and how sure that is, or why there is nothing to say."""
    from evalml.errors import DataError
    from evalml.report.answers import run_answer

    if row.state != "finished":
        return str(row.reason)
    try:
        found = run_answer(root / row.run, "en")
    except (DataError, KeyError, ValueError):
        return "its results are of another version of evalml: run the study again"
    if found is None:
        return row.headline or "void: it holds no effect"
    if not found.effect:
        return f"{found.outcome}: masked. {found.because}"
    interval = f" ({found.interval})" if found.interval != found.effect else ""
    sure = f"Certainty {found.certainty}: {found.because}"
    return f"{found.outcome}: {found.effect}{interval}, n {found.persons}. {sure}"


def certify(
    run: Annotated[Path, typer.Argument(help="Folder of a run: runs/STUDY/RUN_ID.")],
    signer: Annotated[str, typer.Option(help="Who makes the rerun, and signs.")],
    extract: Annotated[
        Path | None, typer.Option(help="The extract, where it is not where it was.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write the certificate [default: the run].")
    ] = None,
) -> None:
    """Run a finished run again, compare both cell by cell, and write a signed certificate.

    certificate.json and certificate.md say the commits, the hashes of what went in, how many
    cells of results/ are equal, and each that is not. Ends with 1 where a cell differs.

    Example: evalml certify runs/cej_2024/20260401T1015-1a2b --signer "A. Martin, DREETS"
    """
    from tempfile import TemporaryDirectory

    from evalml.cli.run import check_and_execute
    from evalml.run import certify as again
    from evalml.run.registry import run_folder

    if not signer.strip():
        raise EvalmlError("--signer is empty: say who makes the rerun and answers for it")
    folder = run_folder(run)
    record = again.read_record(folder)
    with TemporaryDirectory(prefix=f"evalml-{os.getpid()}-") as place:
        settings = again.settings_again(record, extract, Path(place))
        made = check_and_execute(again.plan_again(folder, record, settings))
        found = again.certify(folder, made, signer.strip())
    written = again.write_certificate(found, out if out is not None else folder)
    whole = found.equal + found.different
    typer.echo(
        f"{found.run}: {found.verdict.replace('_', ' ')}, {found.equal} of {whole} cells equal"
    )
    for line in found.inputs:
        typer.echo(f"input: {line}")
    typer.echo(f"signed by {found.signer}: {written[1]}")
    if found.different:
        raise typer.Exit(1)


def _number(value: float) -> str:
    return f"{value:.0f}".replace("nan", "")


def status(
    params: Annotated[
        list[str] | None, typer.Argument(help="Studies [default: all of params/].")
    ] = None,
    grid: Annotated[Path | None, typer.Option(help="YAML of a grid of studies.")] = None,
    extract: ExtractFolder = None,
    out: Runs = None,
    engine: EngineName = "duckdb",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object each.")] = False,
) -> None:
    """Say how each study stands: current, stale and why, never run, running, or failed.

    A run is stale when a key of its params, a table of its extract, its notebook, the source of a
    stage of evalml, the lock file, a version or the engine has changed since. Comments, docstrings
    and layout of the source do not count, nor do README and docs.

    Example: evalml status params/cej_2024_hdf.yaml --extract data/extract/2026-01
    """
    import json
    from dataclasses import asdict

    cells = _cells(params, grid)
    found = [_state(cell, extract=extract, out=out, engine=engine) for cell in cells]
    if as_json:
        typer.echo(json.dumps([asdict(s) for s in found], indent=2, ensure_ascii=False))
        return
    _print_states(found)


def _cells(params: Sequence[str] | None, grid: Path | None) -> list[GridStudy]:
    from evalml.cli.run import read_cells
    from evalml.study.grid import read_grid
    from evalml.study.reading import params_folder

    if grid is not None:
        return read_grid(grid)
    found = sorted(params_folder(Path()).glob("*.yaml"))
    return read_cells(params or [str(path) for path in found])


def _state(cell: GridStudy, **where: Any) -> StudyState:
    from evalml.cli.run import plan_study
    from evalml.run.staleness import StudyState, state_of

    if cell.request is None:
        return StudyState(cell.name, "refused", (cell.reason,))
    try:
        return state_of(plan_study(cell.request, **where))
    except (EvalmlError, OSError) as fault:
        return StudyState(cell.name, "refused", (str(fault),))


_COLOURS = {"current": "green", "stale": "yellow", "failed": "red", "refused": "red"}


def _print_states(found: Sequence[StudyState]) -> None:
    from rich.text import Text

    states = (Text(each.state, style=_COLOURS.get(each.state, "")) for each in found)
    rows = (
        (each.study, state, "\n".join(each.why), each.run)
        for each, state in zip(found, states, strict=True)
    )
    print_table(("study", "state", "why", "run"), rows)


_SHOWN = 40
_POINTS = 100


def compare(
    run_a: Annotated[Path, typer.Argument(help="Folder of a run: runs/STUDY/RUN_ID.")],
    run_b: Annotated[Path, typer.Argument(help="Folder of another run.")],
    all_effects: Annotated[
        bool, typer.Option("--all", help="Show the effects that did not move too.")
    ] = False,
    as_json: JsonObject = False,
) -> None:
    """Say which inputs of two runs differ, and which effects moved from A to B.

    An effect moved beyond rounding when one of its figures would be printed differently: to a
    tenth of a point for a proportion, to three significant digits for the rest. When one input
    alone differs, it is named as what made the effects move.

    Example: evalml compare runs/cej_2024/20260401T1015-1a2b runs/cej_2024/20260402T0912-5e6f
    """
    from evalml.run.registry import compare_runs, run_folder
    from evalml.run.staleness import sentences

    found = compare_runs(run_folder(run_a), run_folder(run_b))
    if as_json:
        typer.echo(_json(found))
        return
    if found.primary:
        typer.echo(_headline(found))
    for line in sentences(found.inputs):
        typer.echo(f"input: {line}")
    shown = found.effects if all_effects else found.moved
    _print_effects(shown)
    _sum_up(found)
    typer.echo(found.verdict)


def pool(
    places: Annotated[list[Path], typer.Argument(help="Runs, one per region: runs/STUDY/RUN_ID.")],
    inside: Annotated[
        bool, typer.Option("--inside", help="Read results/, before release, instead of release/.")
    ] = False,
    outcome: Annotated[str, typer.Option(help="This outcome only.")] = "",
    out: Annotated[Path | None, typer.Option(help="CSV to write.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of JSON objects.")] = False,
) -> None:
    """Pool the released effects of several regions, without any person.

    Fixed and random effects, heterogeneity, and the interval of the effect in one more region.

    Example: evalml pool runs/cej_2024_hdf runs/cej_2024_bre runs/cej_2024_nor
    """
    import json

    from evalml.methods.synthesis import pool_effects
    from evalml.report.results import read_table
    from evalml.run.registry import run_folder

    found = {}
    for place in places:
        run = run_folder(place)
        path = run / "results/effects.csv" if inside else run / "release/tables/effects.csv"
        if not path.is_file():
            raise DataError(f"{run} has no {path.relative_to(run)}: evalml release {run}, first")
        found[str(place)] = read_table(path)
    table = pool_effects(found)
    if outcome and outcome not in set(table["outcome"]):
        raise DataError(f"no pooled outcome '{outcome}'; {nearest(outcome, set(table['outcome']))}")
    table = table[table["outcome"] == outcome] if outcome else table
    if out is not None:
        table.to_csv(out, index=False)
    if as_json:
        typer.echo(json.dumps(json.loads(table.to_json(orient="records")), indent=2))
        return
    _print_pooled(table)


def _print_pooled(table: Any) -> None:
    rows = [
        (
            f"{r.outcome}, {r.horizon_months} months"
            + (f", {r.subgroup_value}" * bool(r.subgroup)),
            f"{r.method} ({r.estimand})",
            f"{r.places}" + (f" (+{r.masked} masked)" if r.masked else ""),
            f"{r.fixed:.4g} [{r.fixed_low:.4g}, {r.fixed_high:.4g}]",
            f"{r.random:.4g} [{r.random_low:.4g}, {r.random_high:.4g}]",
            f"{r.tau:.2g} ({100 * r.i_squared:.0f} %, p {r.q_p:.2g})",
            f"[{r.predicted_low:.4g}, {r.predicted_high:.4g}]",
        )
        for r in table.itertuples()
    ]
    columns = ("effect", "method", "runs", "fixed", "random", "between (I2, p)", "one more place")
    print_table(columns, rows)


def _json(found: RunComparison) -> str:
    import json
    from dataclasses import asdict

    return json.dumps(
        {
            "verdict": found.verdict,
            "inputs": [asdict(each) for each in found.inputs],
            "effects": json.loads(found.effects.to_json(orient="records")),
            "files": found.files,
        },
        indent=2,
        ensure_ascii=False,
    )


def _headline(found: RunComparison) -> str:
    """Say what became of the primary effect."""
    row = next(found.effects.itertuples())
    name = f"the primary effect ({row.outcome}, {row.method})"
    if row.moved == "same":
        return f"{name} is the same: {_effect(row, 'a')}"
    return f"{name} went from {_effect(row, 'a')} to {_effect(row, 'b')}: {row.moved}"


def _print_effects(effects: Any) -> None:
    if not len(effects):
        return
    rows = (
        (
            row.outcome,
            f"{row.horizon_months:g}".replace("nan", ""),
            f"{row.subgroup} {row.subgroup_value}".strip(),
            row.method,
            _effect(row, "a"),
            _effect(row, "b"),
            _figure(row.difference, row.unit, "+"),
            row.moved,
        )
        for row in effects.head(_SHOWN).itertuples()
    )
    columns = ("outcome", "month", "subgroup", "method", "A", "B", "B - A", "moved")
    print_table(columns, rows)
    if len(effects) > _SHOWN:
        typer.echo(f"… and {len(effects) - _SHOWN} more (--json gives them all)")


def _effect(row: Any, side: str) -> str:
    """Return an estimate with its interval and its persons, in points where it is a proportion."""
    figures = {name: getattr(row, f"{name}_{side}") for name in ("estimate", "ci_low", "ci_high")}
    if math.isnan(figures["estimate"]):
        return "no value"
    shown = {name: _figure(value, row.unit) for name, value in figures.items()}
    interval = f" [{shown['ci_low']}; {shown['ci_high']}]" if shown["ci_low"] else ""
    counts = (getattr(row, f"n_treated_{side}"), getattr(row, f"n_comparison_{side}"))
    persons = "" if any(math.isnan(n) for n in counts) else f", n {counts[0]:.0f} + {counts[1]:.0f}"
    return f"{shown['estimate']}{interval}{persons}"


def _figure(value: float, unit: str, sign: str = "") -> str:
    if math.isnan(value):
        return ""
    if unit == "proportion":
        return f"{_POINTS * value:{sign}.1f} pt"
    return f"{value:{sign}.4g}"


def _sum_up(found: RunComparison) -> None:
    """Count what only one of the two runs has, and the files that differ."""
    counts = found.effects["moved"].value_counts()
    counted = [f"{counts[level]} with {level}" for level in counts.index if level.startswith("no ")]
    if counted:
        typer.echo(f"effects that cannot be compared: {', '.join(counted)} (absent or blinded)")
    typer.echo(f"outputs whose bytes differ: {len(found.files)}")


def note(
    run: Annotated[
        Path, typer.Argument(help="A run: runs/STUDY (its latest) or runs/STUDY/RUN_ID.")
    ],
    lang: Annotated[
        str | None, typer.Option(help="fr or en [default: language of the study].")
    ] = None,
    institution: Annotated[
        Path | None, typer.Option(help="YAML of who signs: name, logo, colour, contact.")
    ] = None,
    formats: Annotated[str, typer.Option("--format", help="html, docx, pdf.")] = "html,docx,pdf",
    threshold: Annotated[int, typer.Option(help="Smallest count that may be shown.")] = 11,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write to [default: RUN].", callback=writable_folder),
    ] = None,
) -> None:
    """Write the evidence note of a run from its results only.

    Example: evalml note runs/cej_2024_hdf/20260401T101500-1a2b3c4d --lang en
    """
    from evalml.errors import DataError, EvalmlError, nearest
    from evalml.report.institution import read_institution
    from evalml.report.note import FORMATS, write_note
    from evalml.run.registry import run_folder

    wanted = [word.strip() for word in formats.split(",") if word.strip()]
    for word in wanted:
        if word not in FORMATS:
            message = f"a note has no format '{word}': {nearest(word, FORMATS)}"
            raise EvalmlError(message)
    signed = read_institution(institution)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    folder = run_folder(run)
    try:
        files = write_note(
            folder, lang=lang, institution=signed, formats=wanted, threshold=threshold, out=out
        )
    except DataError as fault:
        raise DataError(f"{fault}{made_by(folder)}") from None
    for path in files:
        typer.echo(str(path))


def made_by(run: Path) -> str:
    """Return which version made a run where it is not this one, and what to do of it."""
    import json

    from evalml.run import versions
    from evalml.run.provenance import commit

    path = run / "manifest.json"
    if not path.is_file():
        return ""
    record = json.loads(path.read_text(encoding="utf-8"))
    name = "evalml-workbench"
    then = (record.get("versions", {}).get(name, "?"), record.get("commit", ""))
    now = (versions()[name], commit())
    if then == now:
        return ""
    made, here = (" at commit ".join(filter(None, (v, c[:12]))) for v, c in (then, now))
    return f"; evalml {made} made this run and this is {here}: run the study again"


def release(  # noqa: PLR0913, PLR0917
    run: Annotated[Path, typer.Argument(help="Folder of a run: runs/STUDY/RUN_ID.")],
    accept: Annotated[
        list[str] | None,
        typer.Option(help="Output under review that may leave, or a pattern: 'figures/*'."),
    ] = None,
    refuse: Annotated[
        list[str] | None, typer.Option(help="Output under review that stays.")
    ] = None,
    by: Annotated[str, typer.Option(help="Name of who decides.")] = "",
    why: Annotated[str, typer.Option(help="Reason of the decision.")] = "",
    threshold: Annotated[
        int | None, typer.Option(help="Smallest count that may be shown [default: 11].")
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(help="Rules of the owner of the data [default: disclosure.yaml of the runs]."),
    ] = None,
    register: Annotated[
        Path | None,
        typer.Option(help="File of what has left [default: release_register.jsonl of the runs]."),
    ] = None,
    institution: Annotated[
        Path | None, typer.Option(help="YAML of who signs the note: name, logo, colour, contact.")
    ] = None,
) -> None:
    """Make release/ of a run: tables, figures and note through the disclosure gate.

    What comes too near to an earlier release waits for a person: read review/review.html, then
    accept or refuse each output.

    Example: evalml release runs/cej_2024_hdf/20260401T101500-1a2b3c4d
    """
    from evalml.disclosure.rule import SETTINGS, read_rule
    from evalml.report.institution import read_institution
    from evalml.report.release import Decision, release_run
    from evalml.run.status import list_again

    if rules is not None and not rules.is_file():
        message = f"no rules at {rules}: give a YAML of threshold, rounding, dominance"
        raise EvalmlError(message)
    done = release_run(
        run,
        rule=read_rule(rules or run.parent.parent / SETTINGS, threshold),
        register=register,
        institution=read_institution(institution),
        decision=Decision(tuple(accept or ()), tuple(refuse or ()), by, why),
    )
    list_again(run)
    rows = (
        (item.name, item.status, "yes" if done.leaves(item) else "no", "; ".join(item.said("en")))
        for item in done.items
    )
    print_table(("output", "status", "leaves", "reason"), rows)
    typer.echo(str(done.page))


def explorer(
    runs: Annotated[
        list[Path], typer.Argument(help="Released runs, or folders that hold some: runs.")
    ],
    out: Annotated[
        Path, typer.Option(help="Folder to write the site to.", callback=writable_folder)
    ],
    language: Annotated[str, typer.Option(help="Language it opens in: fr or en.")] = "fr",
    institution: Annotated[
        Path | None, typer.Option(help="YAML of who signs: name, colour, contact.")
    ] = None,
) -> None:
    """Make a static site over released results: open index.html, without a server or a network.

    Example: evalml explorer runs --out site
    """
    from evalml.report.explorer import build_explorer
    from evalml.report.institution import read_institution

    os.umask(0o022)  # a site is made to be read by others
    studies, without = build_explorer(
        runs, out, lang=language, institution=read_institution(institution)
    )
    for run in without:
        typer.echo(f"left out, nothing of it is released: {run}")
    typer.echo(f"{len(studies)} studies")
    typer.echo(str(out / "index.html"))
