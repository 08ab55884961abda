"""Every command of evalml, and what an error becomes: one sentence and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from evalml.cli import estimate, extract, over_time, project, published, validate
from evalml.cli.console import PlainHelp
from evalml.cli.explain import doctor, explain, rules
from evalml.cli.extract import contract, synthetic
from evalml.cli.published import indicators
from evalml.cli.run import batch, demo, run
from evalml.cli.runs import certify, compare, explorer, note, pool, release, runs, status
from evalml.cli.statistics import DID, ROLLOUT, SURVIVAL, EstimateHelp, help_of
from evalml.errors import EvalmlError

app = typer.Typer(
    name="evalml",
    help="Evaluate the youth-employment programmes of the French missions locales.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    cls=PlainHelp,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        from importlib.metadata import version

        typer.echo(f"evalml {version('evalml-workbench')}")
        raise typer.Exit


@app.callback()
def begin(
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Evaluate the youth-employment programmes of the French missions locales."""


app.command("demo")(demo)
app.command("init")(project.init)
app.command("new")(project.new)
app.command("check")(project.check)
app.command("run")(run)
app.command("open")(project.open_last)
app.command("batch")(batch)
app.command("status")(status)
app.command("runs")(runs)
app.command("compare")(compare)
app.command("certify")(certify)
app.command("pool")(pool)
app.command("synthetic")(synthetic)
app.command("note")(note)
app.command("release")(release)
app.command("explorer")(explorer)
app.add_typer(extract.app, name="extract")
app.command("estimate", cls=EstimateHelp)(estimate.estimate)
app.command("rollout", epilog=help_of(ROLLOUT, "--aggregate"))(over_time.rollout)
app.command("did", epilog=help_of(DID))(over_time.did)
app.command("survival", epilog=help_of(SURVIVAL))(over_time.survival)
app.command("indicators")(indicators)
app.add_typer(published.app, name="published")
app.command("rules")(rules)
app.command("contract")(contract)
app.command("explain")(explain)
app.command("validate")(validate.validate)
app.command("doctor")(doctor)


LISTS = frozenset(
    {
        "--covariates",
        "--exact",
        "--at",
        "--subgroup",
        "--methods",
        "--designs",
        "--numbers",
        "--categories",
    }
)
"""Options of several values: `--covariates age,educ`, or repeated, or `--covariates age educ`."""


def spread(words: list[str]) -> list[str]:
    """Repeat an option before each of the values that follow it.

    A word that is the path of a file ends the list: it is the table, given after its options.
    """
    spread_words: list[str] = []
    option = ""
    for word in words:
        if word.startswith("-") and not word[1:2].isdigit():
            option = word if word in LISTS else ""
        elif option and spread_words[-1] != option and not Path(word).is_file():
            spread_words.append(option)
        elif option and spread_words[-1] != option:
            option = ""
        spread_words.append(word)
    return spread_words


def main() -> None:
    """Run the command line; an evalml error ends it with one sentence and its exit code.

    What it writes is its owner's alone: runs, registers, pseudonymised extracts.
    """
    os.umask(0o077)
    try:
        app(spread(sys.argv[1:]))
    except EvalmlError as fault:
        print(f"evalml: {fault}", file=sys.stderr)  # noqa: T201
        sys.exit(fault.exit_code)
    except BrokenPipeError:
        sys.exit(1)
    except KeyboardInterrupt:
        print("evalml: interrupted", file=sys.stderr)  # noqa: T201
        sys.exit(130)
    except OSError as fault:
        if fault.errno not in DISK:
            raise
        place = "" if fault.filename is None else f" {fault.filename}"
        print(f"evalml: the disk refuses to write{place}: {fault.strerror}", file=sys.stderr)  # noqa: T201
        sys.exit(1)


DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO})
"""What a disk that is full, or that may not be written, answers."""
