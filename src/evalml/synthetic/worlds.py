"""Read worlds: by name from params/worlds, or from any YAML."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from evalml.errors import EvalmlError, nearest
from evalml.settings import project_root, shipped_folder
from evalml.synthetic.world import Part, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel


def _plain(error: ValidationError, source: str) -> EvalmlError:
    first = error.errors()[0]
    place = ".".join(str(p) for p in first["loc"])
    hint = ""
    if first["type"] == "extra_forbidden":
        hint = "; " + nearest(str(first["loc"][-1]), _keys(World))
    return EvalmlError(f"{source}: at '{place}': {first['msg'].lower()}{hint}")


def _keys(model: type[BaseModel]) -> set[str]:
    keys: set[str] = set()
    parts: list[type[Part]] = [World, *Part.__subclasses__()]
    for part in parts if model is World else [model]:
        keys |= set(part.model_fields)
    return keys


def worlds() -> tuple[str, ...]:
    """Return the names of the worlds that come with the repository."""
    return tuple(sorted(p.stem for p in worlds_folder().glob("*.yaml")))


def worlds_folder() -> Path:
    """Return the folder of the worlds: of the project, or the shipped one."""
    own = project_root() / "params" / "worlds"
    return own if own.is_dir() else shipped_folder() / "params" / "worlds"


def read_world(name_or_path: str | Path) -> World:
    """Read a world by name (`demo`) or from a YAML file.

    Raises:
        EvalmlError: No such world, or a key of its YAML is unknown, missing or mistyped.
    """
    path = Path(name_or_path)
    if path.suffix not in {".yaml", ".yml"}:
        path = worlds_folder() / f"{name_or_path}.yaml"
        if not path.exists():
            raise EvalmlError(
                f"no world is called '{name_or_path}'; {nearest(str(name_or_path), worlds())}"
            )
    if not path.exists():
        raise EvalmlError(f"no file {path}; give a YAML of params/worlds or one of its names")
    return parse_world(path.read_text(encoding="utf-8"), str(path))


def parse_world(text: str, source: str = "world") -> World:
    """Read a world from the text of its YAML; `based_on: NAME` starts from another world.

    Raises:
        EvalmlError: The text is not YAML, or not a world.
    """
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise EvalmlError(f"{source} is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise EvalmlError(f"{source} must be a mapping of keys, as in params/worlds/demo.yaml")
    if base := raw.pop("based_on", None):
        raw = _over(read_world(base).model_dump(mode="json"), raw)
    try:
        return World.model_validate(raw)
    except ValidationError as error:
        raise _plain(error, source) from None


def _over(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with the keys of `change` laid over it; an empty one takes its key away."""
    merged = dict(base)
    for key, value in change.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _over(base[key], value) if both else value
        if value is None:
            del merged[key]
    return merged


def with_sources(world: World, given: Sequence[str]) -> World:
    """Return a world whose sources are changed by lines such as `emploi_mensuel.held=0.25`.

    Raises:
        EvalmlError: A line is not TABLE.KEY=VALUE, or the table, the key or the value is wrong.
    """
    raw: dict[str, Any] = {}
    for line in given:
        place, equals, value = line.partition("=")
        table, dot, key = place.partition(".")
        if not (equals and dot and table and key):
            raise EvalmlError(
                f"'{line}' is no source; write TABLE.KEY=VALUE, such as emploi_mensuel.held=0.25"
            )
        try:
            raw.setdefault(table, {})[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise EvalmlError(f"'{line}': the value is not YAML; quote it") from None
    whole = _over(world.model_dump(mode="json"), {"sources": raw} if raw else {})
    try:
        return World.model_validate(whole)
    except ValidationError as error:
        raise _plain(error, "--source") from None


def dump_world(world: World) -> str:
    """Return the YAML of a world, complete."""
    return yaml.safe_dump(world.model_dump(mode="json"), allow_unicode=True, sort_keys=False)


def structure_rows(name: str) -> list[dict[str, str]]:
    """Return the missions locales of a list kept beside this module.

    Raises:
        EvalmlError: There is no such list.
    """
    file = resources.files("evalml.synthetic").joinpath(f"{name}.yaml")
    if not file.is_file():
        raise EvalmlError(f"no list of missions locales is called '{name}'")
    rows: list[dict[str, str]] = yaml.safe_load(file.read_text(encoding="utf-8"))["structures"]
    return rows
