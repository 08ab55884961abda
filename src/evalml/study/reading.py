"""From YAML, or from what papermill injects, to a study; one sentence per fault."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from evalml.errors import StudyError
from evalml.study.faults import sentence
from evalml.study.protocol import Study

if TYPE_CHECKING:
    from collections.abc import Mapping


def study_from(values: Mapping[str, Any], *, place: str = "parameters") -> Study:
    """Return the study that `values` describe.

    Args:
        values: Keys and values, as read from YAML or injected by papermill.
        place: Where they come from, for the error.

    Raises:
        StudyError: A key is unknown, missing or mistyped; one line per fault.
    """
    try:
        return Study.model_validate(dict(values))
    except ValidationError as fault:
        lines = [sentence(error, Study) for error in fault.errors(include_url=False)]
        raise StudyError(f"{place}: " + "; ".join(lines)) from None


def read_study(path: Path | str) -> Study:
    """Read and check one params file.

    Raises:
        StudyError: The file is missing, is not YAML, or does not make a study.
    """
    return study_from(read_yaml(Path(path)), place=str(path))


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping, refusing a key given twice.

    Raises:
        StudyError: The file is missing, unreadable, or not a mapping.
    """
    if not path.is_file():
        raise StudyError(f"no params file at {path}; give the path of a file of params/")
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        where = getattr(fault, "problem_mark", None)
        line = f", line {where.line + 1}" if where is not None else ""
        what = getattr(fault, "problem", None) or "not UTF-8 text"
        raise StudyError(f"{path}{line}: not valid YAML ({what})") from None
    if not isinstance(values, dict):
        raise StudyError(f"{path}: a params file is a mapping of keys to values")
    return values


class _UniqueKeys(yaml.SafeLoader):
    """A YAML reader that refuses a key given twice instead of keeping the last."""


def _unique_mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    pairs = [(loader.construct_object(k, deep=True), k, v) for k, v in node.value]
    seen: set[Any] = set()
    for key, key_node, _ in pairs:
        if key in seen:
            raise yaml.MarkedYAMLError(
                problem=f"key '{key}' given twice", problem_mark=key_node.start_mark
            )
        seen.add(key)
    return {key: loader.construct_object(value, deep=True) for key, _, value in pairs}


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)
