"""A grid of studies: one study in print, and the lists of what varies."""

from __future__ import annotations

import itertools
import re
import unicodedata
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalml.errors import StudyError, nearest
from evalml.study import Study, read_yaml, study_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KEYS = ("base", "vary", "study", "title")
YEARS = "years"
"""The one word of `vary` that is no key of a study: calendar years of entry."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One study of a grid, or the reason why there is none.

    Attributes:
        name: Name of the study.
        near: The params file it comes from.
        study: The study; None where the combination is impossible.
        reason: Why it is.
    """

    name: str
    near: Path
    study: Study | None
    reason: str = ""


def read_grid(path: Path) -> list[Cell]:
    """Expand a grid into its studies, each checked, before anything starts.

    The file has `base` (a params file, or a list of them, beside the grid), `vary` (for each key
    the list of its values) and, if wanted, templates for the `study` name and the `title`, in
    which `{years}` or `{territory}` stand for what varies. A key of `vary` is a key of a study,
    `eligibility.age_max` for one inside another; `years` gives calendar years of entry. A value
    may be a mapping with `name`, the word that stands for it, and `set`, the keys it sets.

    Args:
        path: The YAML file.

    Returns:
        One cell per base and combination, in order.

    Raises:
        StudyError: The file is no grid, or two combinations have the same name.
    """
    values = read_yaml(path)
    for key in values:
        if key not in KEYS:
            raise StudyError(f"{path}: unknown key '{key}' in a grid; {nearest(key, KEYS)}")
    bases = values.get("base")
    bases = [bases] if isinstance(bases, str) else bases
    vary = values.get("vary", {})
    if not bases or not isinstance(vary, dict) or not all(_is_list(v) for v in vary.values()):
        message = "a grid has 'base' (a params file or a list of them) and 'vary' (lists of values)"
        raise StudyError(f"{path}: {message}")
    cells = [
        cell
        for base in bases
        for cell in _expand(_near(path, str(base)), vary, values.get("study"), values.get("title"))
    ]
    refuse_twins([cell.name for cell in cells], str(path))
    return cells


def refuse_twins(names: list[str], place: str) -> None:
    """Refuse two studies of the same name: each would take the other's folder.

    Raises:
        StudyError: There are.
    """
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        message = f"several studies are called {', '.join(twins)}; give each its own name"
        raise StudyError(f"{place}: {message}")


def _is_list(values: Any) -> bool:
    return isinstance(values, list) and bool(values)


def _near(grid: Path, base: str) -> Path:
    """Find a base beside the grid, above it (params/grids/ lies in params/), or from here."""
    for folder in (grid.parent, grid.parent.parent, Path()):
        if (folder / base).is_file():
            return folder / base
    return grid.parent / base


def _expand(
    base: Path, vary: Mapping[str, list[Any]], name: str | None, title: str | None
) -> Iterator[Cell]:
    values = read_yaml(base)
    named = [[(key, *_named(key, value)) for value in vary[key]] for key in vary]
    for combination in itertools.product(*named):
        words = {key.replace(".", "_"): word for key, word, _ in combination}
        changed = deepcopy(values)
        for _, _, changes in combination:
            for key, value in changes.items():
                _set(changed, key.split("."), value)
        slugs = {key: _slug(word) for key, word in words.items()}
        own = str(values.get("study", base.stem))
        template = name or "_".join(["{base}", *(f"{{{key}}}" for key in words)])
        changed["study"] = _filled(template, {"base": own, **slugs})
        changed["title"] = _titled(title, str(values.get("title", "")), words)
        yield _cell(changed, base)


def _titled(template: str | None, title: str, words: Mapping[str, str]) -> str:
    if template is None:
        return f"{title} ({', '.join(words.values())})" if words else title
    return _filled(template, {"base": title, **words})


def _filled(template: str, words: Mapping[str, str]) -> str:
    try:
        return template.format(**words)
    except (KeyError, IndexError, ValueError) as fault:
        hint = nearest(str(fault).strip("'"), words)
        raise StudyError(f"'{template}' names what does not vary; {hint}") from None


def _cell(values: dict[str, Any], near: Path) -> Cell:
    try:
        return Cell(values["study"], near, study_from(values, place=values["study"]))
    except StudyError as fault:
        return Cell(values["study"], near, None, str(fault))


def _named(key: str, value: Any) -> tuple[str, dict[str, Any]]:
    """Return the word that stands for a value, and the keys it sets."""
    if isinstance(value, dict) and set(value) == {"name", "set"}:
        return str(value["name"]), dict(value["set"])
    if isinstance(value, dict) and "name" in value:
        rest = {k: v for k, v in value.items() if k != "name"}
        return str(value["name"]), {key: rest}
    if key == YEARS:
        return str(value), {"entries": {"from": f"{value}-01-01", "to": f"{value}-12-31"}}
    return _word(value), {key: value}


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return "_".join(f"{k}_{_word(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return "_".join(_word(v) for v in value)
    return str(value)


def _slug(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def _set(values: dict[str, Any], keys: list[str], value: Any) -> None:
    *above, last = keys
    for key in above:
        values = values.setdefault(key, {})
    values[last] = value
