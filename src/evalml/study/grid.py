"""A grid of studies: one study in print, and the lists of what varies."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalml.errors import StudyError, nearest
from evalml.study.reading import FoundStudy, StudyRequest, find_study, read_yaml, study_from
from evalml.study.rerun import rerun, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from evalml.study.protocol import Study

KEYS = ("base", "vary", "study", "title")
YEARS, TERRITORY = "years", "territory"
"""Words of `vary` that are arguments of a rerun: calendar years of entry, and where."""


@dataclass(frozen=True, slots=True)
class Member:
    """One study of a grid before it is checked: where it comes from, and what changes.

    Attributes:
        name: Name of the run.
        path: The params file it comes from.
        values: What that file holds.
        year: Calendar year of entry, where the grid varies it.
        territory: Where, if the grid varies it.
        changes: Any other key -> its value.
    """

    name: str
    path: Path
    values: dict[str, Any]
    year: int | None = None
    territory: dict[str, Any] | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GridStudy:
    """One study of a grid, or the reason why there is none.

    Attributes:
        name: Name of the study.
        near: The params file it comes from.
        study: The study; None where the combination is impossible.
        reason: Why it is.
        request: What a notebook is given to find it again.
    """

    name: str
    near: Path
    study: Study | None
    reason: str = ""
    request: StudyRequest | None = None


def read_grid(path: Path) -> list[GridStudy]:
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
    cells = [_cell(member) for member in grid_members(path)]
    refuse_twins([cell.name for cell in cells], str(path))
    return cells


def grid_members(path: Path) -> Iterator[Member]:
    """Yield the studies of a grid, before they are checked."""
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
    for base in bases:
        found = _near(path, str(base))
        yield from _expand(found, vary, values.get("study"), values.get("title"))


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


def _near(grid: Path, base: str) -> FoundStudy:
    """Find a base beside the grid, above it (params/grids/ lies in params/), or by its name."""
    for folder in (grid.parent, grid.parent.parent, Path()):
        if (folder / base).is_file():
            return find_study(folder / base)
    return find_study(grid.parent.parent / base)


def _expand(
    base: FoundStudy, vary: Mapping[str, list[Any]], name: str | None, title: str | None
) -> Iterator[Member]:
    named = [[(key, *_named(key, value)) for value in vary[key]] for key in vary]
    own = str(base.name or base.values.get("study", base.path.stem))
    template = name or "_".join(["{base}", *(f"{{{key.replace('.', '_')}}}" for key in vary)])
    for combination in itertools.product(*named):
        words = {key.replace(".", "_"): word for key, word, _ in combination}
        slugs = {key: slug(word) for key, word in words.items()}
        changes = dict(base.changes)
        for _, _, given in combination:
            changes |= given
        year, territory = changes.pop(YEARS, base.year), changes.pop(TERRITORY, base.territory)
        changing = [key.replace(".", "_") for key, _, given in combination if given]
        heading = _titled(title, base, changes, {key: words[key] for key in changing}, words)
        if heading is not None:
            changes["title"] = heading
        filled = _filled(template, {"base": own, **slugs})
        yield Member(filled, base.path, base.values, year, territory, changes)


def _titled(
    template: str | None,
    base: FoundStudy,
    changes: Mapping[str, Any],
    changing: Mapping[str, str],
    words: Mapping[str, str],
) -> str | None:
    """Return the title of one study of a grid; None where the study's own says what varies."""
    title = str(base.values.get("title", ""))
    if template is not None:
        return _filled(template, {"base": title, **words})
    rest = [word for key, word in changing.items() if key not in {YEARS, TERRITORY}]
    return f"{title} ({', '.join(rest)})" if rest and "title" not in changes else None


def _filled(template: str, words: Mapping[str, str]) -> str:
    try:
        return template.format(**words)
    except (KeyError, IndexError, ValueError) as fault:
        hint = nearest(str(fault).strip("'"), words)
        raise StudyError(f"'{template}' names what does not vary; {hint}") from None


def _cell(member: Member) -> GridStudy:
    try:
        values = rerun(
            member.values,
            year=member.year,
            territory=member.territory,
            changes=member.changes,
            name=member.name,
        )
        changes = {**member.changes, "study": member.name}
        request = StudyRequest(str(member.path), member.year, member.territory, None, changes)
        return GridStudy(
            member.name, member.path, study_from(values, place=member.name), request=request
        )
    except StudyError as fault:
        return GridStudy(member.name, member.path, None, str(fault))


def _named(key: str, value: Any) -> tuple[str, dict[str, Any]]:
    """Return the word that stands for a value, and the keys it sets."""
    if isinstance(value, dict) and set(value) == {"name", "set"}:
        return str(value["name"]), dict(value["set"])
    if isinstance(value, dict) and "name" in value:
        rest = {k: v for k, v in value.items() if k != "name"}
        return str(value["name"]), {key: rest}
    return _word(value), {key: value}


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return "_".join(f"{k}_{_word(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return "_".join(_word(v) for v in value)
    return str(value)
