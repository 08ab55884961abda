"""A project of one's own: `evalml init`, `new`, `check` and `open`."""

from __future__ import annotations

import difflib
import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalml.cli.console import (
    Changes,
    Departement,
    ExtractFolder,
    OutcomeOption,
    Region,
    Runs,
    StudyArgument,
    TerritoryOption,
    Year,
)
from evalml.cli.run import changes_of, check_study, place_of, plan_study
from evalml.errors import EvalmlError, StudyError, nearest
from evalml.settings import project_root, shipped_folder, writable_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = ("notebooks", "params", "data/published", "data/reference")
"""What a project receives from the package, beside its README and Makefile."""

RECORD = ".evalml-project.json"
"""Name of the record of a project: the hash of each file as it was received."""


def init(
    folder: Annotated[
        Path, typer.Argument(help="Folder of the project.", callback=writable_folder)
    ],
    update: Annotated[
        bool,
        typer.Option(
            "--update",
            help="Bring a project up to this version: what you changed is kept, and shown.",
        ),
    ] = False,
) -> None:
    """Make a project of your own: notebooks, studies, published figures, README, Makefile.

    Example: evalml init my-evaluation
    """
    record = folder / RECORD
    if record.is_file() != update:
        raise EvalmlError(
            f"{folder} is a project already; bring it up to date with --update"
            if record.is_file()
            else f"{folder} holds no {RECORD}; make a project there first, without --update"
        )
    known: dict[str, str] = _read_record(record) if update else {}
    received = dict(_files())
    clash = [name for name in received if not update and (folder / name).exists()]
    if clash:
        raise EvalmlError(
            f"{folder} already holds {clash[0]}"
            + (f" and {len(clash) - 1} more files of a project" if len(clash) > 1 else "")
            + "; give a new or empty folder"
        )
    written, kept = 0, []
    for name, text in received.items():
        target = folder / name
        mine = target.read_bytes() if target.is_file() else None
        if mine is None and name in known:
            continue  # deleted by its owner
        if mine == text or (mine is not None and _hash(mine) != known.get(name)):
            kept += [name] if mine != text and _hash(text) != known.get(name) else []
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)
        written += 1
    for name in kept:
        typer.echo(_difference(name, (folder / name).read_bytes(), received[name]))
    hashes = {name: _hash(text) for name, text in received.items() if name not in kept}
    record.write_text(json.dumps(known | hashes, indent=1, sort_keys=True) + "\n", "utf-8")
    typer.echo(f"{written} files written in {folder}")
    if kept:
        typer.echo(
            f"{len(kept)} files differ from this version because you changed them; kept as they "
            "are, the differences are above"
        )


def _files() -> Iterator[tuple[str, bytes]]:
    """Yield each file of a new project: its place, its bytes."""
    root, own = shipped_folder(), Path(__file__).parent / "project_files"
    for path in sorted(own.iterdir()):
        yield path.name, path.read_bytes()
    for folder in KEPT:
        for path in sorted((root / folder).rglob("*")):
            parts = path.relative_to(root).parts
            if path.is_file() and not any(part.startswith((".", "_")) for part in parts):
                yield "/".join(parts), path.read_bytes()


def _read_record(record: Path) -> dict[str, str]:
    try:
        found = json.loads(record.read_text("utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise EvalmlError(f"{record} cannot be read; put a copy back, or start a new folder")
    return {str(key): str(value) for key, value in found.items()}


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _difference(name: str, mine: bytes, shipped: bytes) -> str:
    """Return a unified difference from the file of the user to that of this version."""
    before, after = (text.decode("utf-8", "replace").splitlines() for text in (mine, shipped))
    names = (f"{name} (yours)", f"{name} (evalml)")
    return "\n".join(difflib.unified_diff(before, after, *names, n=1, lineterm=""))


def new(
    study: Annotated[str, typer.Argument(help="Name of the new study: params/STUDY.yaml.")],
    programme: Annotated[str, typer.Option(help="CEJ, GJ, PACEA, PARRAINAGE or IAE.")],
    year: Year = None,
    territory: TerritoryOption = None,
    departement: Departement = None,
    region: Region = None,
    outcome: OutcomeOption = None,
    changes: Changes = None,
) -> None:
    """Write a study of your own in params/, from the one of its programme.

    Example: evalml new cej_nord --programme CEJ --year 2024 --territory 59
    """
    import yaml

    from evalml.study import PROGRAMMES, find_study, rerun, study_from

    try:
        base = PROGRAMMES.find(programme.upper()).name.lower()
    except ValueError as fault:
        raise StudyError(str(fault)) from None
    if study != Path(study).name or not study.replace("_", "").replace("-", "").isalnum():
        raise StudyError(f"'{study}' is no name of a study; use letters, digits and _")
    target = project_root() / "params" / f"{study}.yaml"
    if target.exists():
        raise StudyError(f"{target} exists; give another name")
    values = rerun(
        find_study(base).values,
        year=year,
        territory=place_of(territory, departement, region),
        outcome=outcome,
        changes=changes_of(changes),
        name=study,
    )
    study_from(values, place=study)
    target.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
    target.write_text(f"# Written by evalml new, from {base}.yaml.\n{text}", "utf-8")
    typer.echo(f"wrote {target}; next: evalml check {study} --extract DIR")


def check(
    study: StudyArgument,
    extract: ExtractFolder = None,
    year: Year = None,
    territory: TerritoryOption = None,
    departement: Departement = None,
    region: Region = None,
    outcome: OutcomeOption = None,
    changes: Changes = None,
) -> None:
    """Say what a run would refuse, without running: the study, the extract, and the two together.

    Example: evalml check cej --year 2024 --departement 59 --extract data/synthetic/demo
    """
    from evalml.evaluation import evaluate
    from evalml.study import Study, StudyRequest

    where = place_of(territory, departement, region)
    request = StudyRequest(study, year, where, outcome, changes_of(changes))
    plan = plan_study(request, extract=extract)
    check_study(plan)
    if isinstance(plan.study, Study):
        evaluation = evaluate(**request.parameters(), extract=plan.settings.extract)
        evaluation.check_inputs()
        if found := getattr(evaluation, "warning", None):
            typer.echo(found, err=True)
    typer.echo(f"{plan.study.study}: nothing to refuse on {plan.settings.extract}")


def open_last(
    what: Annotated[
        str, typer.Argument(help="note, annex, notebook, review or explorer.")
    ] = "note",
    study: Annotated[str | None, typer.Option(help="Of this study [default: of any].")] = None,
    out: Runs = None,
    show_path: Annotated[bool, typer.Option("--path", help="Print where it is, only.")] = False,
) -> None:
    """Open the last note, notebook or explorer in the browser.

    Example: evalml open notebook --study cej_2024_hdf
    """
    import webbrowser

    root = out if out is not None else project_root() / "runs"
    if what not in PAGES:
        raise EvalmlError(f"there is no page '{what}'; {nearest(what, PAGES)}")
    found = [path for pattern in PAGES[what] for path in root.glob(pattern) if _is_of(path, study)]
    if not found:
        whose = "" if study is None else f" of {study}"
        makes = MAKERS.get(what, "run a study first")
        raise EvalmlError(f"no {what}{whose} under {root}; {makes}")
    last = max(found, key=lambda path: path.stat().st_mtime)
    if show_path or not (sys.stdout.isatty() and webbrowser.open(last.resolve().as_uri())):
        typer.echo(str(last))


PAGES: dict[str, tuple[str, ...]] = {
    "note": ("*/*/note.html",),
    "annex": ("*/*/annexe.html",),
    "notebook": ("*/*/notebook.html",),
    "review": ("*/*/review/review.html",),
    "explorer": ("explorer/index.html", "../explorer/index.html", "../site/index.html"),
}
"""Where the pages of runs are, below their root."""

MAKERS = {
    "review": "evalml release RUN makes the review of a run",
    "explorer": "evalml explorer RUNS --out explorer makes one from the runs of a folder",
}
"""What makes the pages that a run does not."""


def _is_of(path: Path, study: str | None) -> bool:
    return study is None or study in path.parts
