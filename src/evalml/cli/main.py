"""Every command of evalml, and what an error becomes: one sentence and an exit code."""

from __future__ import annotations

import sys

import typer

from evalml.cli import (
    contract,
    demo,
    doctor,
    estimate,
    explain,
    extract,
    indicators,
    note,
    over_time,
    published,
    release,
    rules,
    run,
    synthetic,
    validate,
)
from evalml.errors import EvalmlError

app = typer.Typer(
    name="evalml",
    help="Evaluate the youth-employment programmes of the French missions locales.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("demo")(demo.demo)
app.command("run")(run.run)
app.command("synthetic")(synthetic.synthetic)
app.command("note")(note.note)
app.command("release")(release.release)
app.add_typer(extract.app, name="extract")
app.command("estimate")(estimate.estimate)
app.command("rollout")(over_time.rollout)
app.command("did")(over_time.did)
app.command("survival")(over_time.survival)
app.command("indicators")(indicators.indicators)
app.add_typer(published.app, name="published")
app.command("rules")(rules.rules)
app.command("contract")(contract.contract)
app.command("explain")(explain.explain)
app.command("validate")(validate.validate)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command line; an evalml error ends it with one sentence and its exit code."""
    try:
        app()
    except EvalmlError as fault:
        print(f"evalml: {fault}", file=sys.stderr)  # noqa: T201
        sys.exit(fault.exit_code)
    except BrokenPipeError:
        sys.exit(1)
