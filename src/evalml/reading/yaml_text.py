"""YAML that people write: small, flat enough to be read, each key once, nothing repeated by alias.

A few lines of aliases can stand for billions of values, and a long run of brackets exhausts the
stack: both are refused before anything is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ConfigDict

from evalml.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST = 1_000_000
"""Bytes of a file that a person may write."""
DEEPEST = 30
"""Levels of lists and mappings within each other."""


class StrictModel(BaseModel):
    """What a file holds: frozen; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StrictModelByName(StrictModel):
    """One that code fills by the names of attributes, where a file writes an alias (`from`)."""

    model_config = ConfigDict(populate_by_name=True)


def read_yaml_file(path: Path, what: str) -> Any:
    """Return what a YAML file holds.

    Args:
        path: The file.
        what: What it is, for the error, such as `params file`.

    Raises:
        StudyError: It is missing, too large, not UTF-8, or no YAML that is read here.
    """
    if not path.is_file():
        raise StudyError(f"no {what} at {path}; give the path of a YAML file")
    if path.stat().st_size > LARGEST:
        raise StudyError(f"{path} is larger than {LARGEST // 1000} kB, too large for a {what}")
    try:
        return read_yaml_text(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError:
        raise StudyError(f"{path}: not valid YAML (not UTF-8 text)") from None
    except OSError as fault:
        raise StudyError(f"{path} cannot be read: {fault.strerror}") from None


def read_yaml_text(text: str, place: str) -> Any:
    """Return what a YAML text holds; `place` says where it stands, for the error.

    Raises:
        StudyError: It is no YAML that is read here.
    """
    try:
        _refuse_bombs(text)
        return yaml.load(text, _UniqueKeys)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        where = getattr(fault, "problem_mark", None)
        line = f", line {where.line + 1}" if where is not None else ""
        what = getattr(fault, "problem", None) or "a value that cannot be read"
        raise StudyError(f"{place}{line}: not valid YAML ({what})") from None


def _refuse_bombs(text: str) -> None:
    """Walk the events of a text, which builds nothing, and stop at an alias or too deep a level."""
    depth = 0
    events: Iterator[Any] = yaml.parse(text, yaml.CSafeLoader)
    for event in events:
        mark: Any = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            problem = f"*{event.anchor} repeats a value; write it out"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.MarkedYAMLError(
                problem=f"more than {DEEPEST} lists or mappings within each other",
                problem_mark=mark,
            )


class _UniqueKeys(yaml.CSafeLoader):
    """A YAML reader that refuses a key given twice instead of keeping the last."""


def _unique_mapping(loader: yaml.CSafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    pairs = [(loader.construct_object(k, deep=True), k, v) for k, v in node.value]
    seen: set[Any] = set()
    for key, key_node, _ in pairs:
        if not isinstance(key, str | int | float | bool) and key is not None:
            raise yaml.MarkedYAMLError(
                problem="a key that is no word", problem_mark=key_node.start_mark
            )
        if key in seen:
            raise yaml.MarkedYAMLError(
                problem=f"key '{key}' given twice", problem_mark=key_node.start_mark
            )
        seen.add(key)
    return {key: loader.construct_object(value, deep=True) for key, _, value in pairs}


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)
