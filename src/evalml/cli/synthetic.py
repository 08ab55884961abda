"""`evalml synthetic`: write an invented extract whose true effects are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evalml.settings import writable_folder

_OUT = Annotated[
    Path,
    typer.Argument(
        help="Folder to write, new or holding a synthetic extract.", callback=writable_folder
    ),
]
_PEOPLE = Annotated[
    int | None,
    typer.Option(help="Persons; the world's own number by default.", min=1, max=20_000_000),
]
_SEED = Annotated[int | None, typer.Option(help="Seed: the same gives the same bytes.", min=0)]
_WORLD = Annotated[str, typer.Option(help="Name in params/worlds, or path of a YAML.")]
_TERRITORY = Annotated[
    list[str] | None, typer.Option(help="Keep these départements only (INSEE codes), repeatable.")
]
_VINTAGE = Annotated[
    str | None,
    typer.Option(help="Extract made on this day (YYYY-MM-DD): later entries are not in it."),
]
_SOURCE = Annotated[
    list[str] | None,
    typer.Option(
        help="What the extract leaves out, as TABLE.KEY=VALUE, repeatable: absent=true, empty=true,"
        " from=2023-06, to=2025-03, missing_months=[2024-02], held=0.25 (share of the persons),"
        " by=structures, with_work=2.0, lost_after_entry=0.6, lower=[type_contrat],"
        " declared=false."
    ),
]


def synthetic(
    out: _OUT,
    people: _PEOPLE = None,
    seed: _SEED = None,
    world: _WORLD = "demo",
    territory: _TERRITORY = None,
    vintage: _VINTAGE = None,
    source: _SOURCE = None,
) -> None:
    """Write a synthetic extract, with what is true in it under OUT/truth/.

    Example: evalml synthetic data/synthetic/demo --people 20000 --seed 1
    --source emploi_mensuel.held=0.25
    """
    from evalml.synthetic.make import produce

    found = produce(
        out,
        world=world,
        people=people,
        seed=seed,
        departements=territory,
        vintage=vintage,
        sources=source or (),
    )
    typer.echo(f"données synthétiques: {found.people} persons of world '{found.world}' in {out}")
