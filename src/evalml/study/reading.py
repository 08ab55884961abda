"""From YAML, or from what papermill injects, to a study; one sentence per fault."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evalml.errors import StudyError, nearest
from evalml.reading.yaml_text import read_yaml_file
from evalml.settings import project_root, shipped_folder
from evalml.study.parts import sentence
from evalml.study.protocol import Study
from evalml.study.rerun import merged, places, rerun, territory_word
from evalml.words import labelled


def study_from(values: Mapping[str, Any], *, place: str = "parameters") -> Study:
    """Return the study that `values` describe.

    Args:
        values: Keys and values, as read from YAML or injected by papermill.
        place: Where they come from, for the error.

    Raises:
        StudyError: A key is unknown, missing or mistyped; one line per fault.
    """
    try:
        study = Study.model_validate(dict(values))
    except ValidationError as fault:
        lines = [sentence(error, Study) for error in fault.errors(include_url=False)]
        raise StudyError(f"{place}: " + "; ".join(lines)) from None
    _refuse_unused_labels(study, place)
    return study


def _refuse_unused_labels(study: Study, place: str) -> None:
    """Refuse a label of something that neither the study nor the package names."""
    keys = [("labels", key) for key in study.labels] + [("labels_en", k) for k in study.labels_en]
    if not keys:
        return
    own = {*study.outcomes, *study.covariates, *study.subgroups}
    own |= {study.treatment.column} if study.treatment.column else set()
    own |= {name for given in study.secondary.values() for name in given.get("outcomes", ())}
    known = own | (labelled() if study.over_time else frozenset())
    for kind, key in keys:
        outcome, _, months = key.rpartition("_m")
        name = outcome if months.isdigit() else key
        if name not in known and name.partition("=")[0] not in known:
            near = nearest(name, known if get_close_matches(name, known) else own)
            raise StudyError(f"{place}: {kind}: nothing here is called '{key}'; {near}")


def read_study(
    source: Path | str,
    *,
    year: int | None = None,
    territory: str | Mapping[str, Any] | None = None,
    outcome: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Study:
    """Read and check one study, for another year, territory or outcome where one is given.

    Args:
        source: A params file, or the name of a study of `params/`: `cej`, `cej_2023_nord`
            (study, year and territory), or that of a study of `params/grids/`.
        year: Calendar year of the first entries.
        territory: `59`, `nord`, `hdf`, `region:32`, `france`, or the mapping of a study.
        outcome: Primary outcome.
        changes: Any other key by its place (`primary.horizon`) -> its value.

    Raises:
        StudyError: There is no such study, or it is no study once changed.
    """
    found = find_study(source)
    if found.values.get("kind") == "activity":
        raise StudyError(
            f"{source} asks for tables of activity, not for an evaluation: evalml run {source}"
        )
    own: dict[str, Any] = {"year": found.year, "territory": found.territory, "name": found.name}
    given: dict[str, Any] = {"year": year, "territory": territory, "outcome": outcome}
    given = {key: value for key, value in given.items() if value is not None}
    if changes:
        given["changes"] = {**found.changes, **changes}
    if given:
        own["name"] = given.get("changes", {}).get("study")
    values = rerun(found.values, **{**own, "changes": found.changes, **given})
    return study_from(values, place=str(source))


def _as_year(given: object) -> int | None:
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return given
    if isinstance(given, str) and re.fullmatch(r"\d{4}", given.strip()):
        return int(given)
    raise StudyError(f"year is {given!r}: give a calendar year, such as 2023")


def _as_place(given: object) -> Any:
    if given is None or isinstance(given, str | Mapping):
        return given
    if isinstance(given, int) and not isinstance(given, bool):  # papermill reads `-p territory 59`
        return f"{given:02d}"
    if isinstance(given, list | tuple) and given:
        return ",".join(str(_as_place(one)) for one in given)
    raise StudyError(f"territory is {given!r}: give a code or a name, such as 59 or nord")


def as_changes(given: object) -> Mapping[str, Any]:
    """Return what changes in a study, from a mapping or from the JSON that papermill was given.

    Raises:
        StudyError: It is neither.
    """
    try:
        found = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        found = None
    if not isinstance(found, Mapping):
        raise StudyError(f'changes is {given!r}: give keys and values, such as {{"seed": 7}}')
    return found


@dataclass(frozen=True, slots=True)
class StudyRequest:
    """A study as somebody asked for it: what a notebook is given, and what gives it again.

    Attributes:
        study: A params file, or the name of a study.
        year: Calendar year of the first entries.
        territory: Where.
        outcome: Primary outcome.
        changes: Any other key by its place -> its value.
    """

    study: str
    year: int | None = None
    territory: str | Mapping[str, Any] | None = None
    outcome: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the type of each value: papermill gives a notebook what somebody typed.

        Raises:
            StudyError: One is not what it must be.
        """
        object.__setattr__(self, "year", _as_year(self.year))
        object.__setattr__(self, "territory", _as_place(self.territory))
        object.__setattr__(self, "changes", as_changes(self.changes))
        if self.outcome is not None and not isinstance(self.outcome, str):
            raise StudyError(f"outcome is {self.outcome!r}: give the name of an outcome")

    def read(self) -> Study:
        """Return the study, checked.

        Raises:
            StudyError: There is no such study, or it is no study once changed.
        """
        given = {key: value for key, value in self.parameters().items() if key != "study"}
        return read_study(self.study, **given)

    def read_from(self, values: Mapping[str, Any]) -> Study:
        """Return the study once changed, from values instead of a file.

        Raises:
            StudyError: It is no study once changed.
        """
        given = {key: value for key, value in self.parameters().items() if key != "study"}
        return study_from(rerun(values, **given), place=self.study)

    def command(self) -> str:
        """Return the command that runs this again."""
        place = Path(self.study)  # the folders of a machine are nobody's business
        words = ["evalml", "run", place.name if place.is_absolute() else self.study]
        words += [] if self.year is None else ["--year", str(self.year)]
        if self.territory is not None:
            words += ["--territory", territory_word(self.territory)]
        words += [] if self.outcome is None else ["--outcome", self.outcome]
        for key, value in self.changes.items():
            words += ["-p", f"{key}={json.dumps(value, ensure_ascii=False, default=str)}"]
        return shlex.join(words)

    def parameters(self) -> dict[str, Any]:
        """Return what was asked for as plain values, what was not left out."""
        values: dict[str, Any] = {"study": self.study}
        for key in ("year", "territory", "outcome"):
            value = getattr(self, key)
            if value is not None:
                values[key] = dict(value) if isinstance(value, Mapping) else value
        return values | ({"changes": dict(self.changes)} if self.changes else {})


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """A study as it stands in `params/`, and what its name says of it.

    Attributes:
        path: Its params file.
        values: What the file holds.
        name: Name of the run, where the name asked for is not that of the file.
        year: Year that the name says.
        territory: Territory that the name says.
        changes: Keys that a grid sets.
    """

    path: Path
    values: dict[str, Any]
    name: str | None = None
    year: int | None = None
    territory: dict[str, Any] | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


LIKE = "like"
"""Key of a study that is another one but for its own keys: its name, such as `cej_2022_hdf`."""


def _alike(found: FoundStudy, chain: tuple[str, ...]) -> FoundStudy:
    """Return a study with the keys of the one that it says it is like, its own first."""
    if LIKE not in found.values:
        return found
    own = {key: value for key, value in found.values.items() if key != LIKE}
    name = str(found.values[LIKE])
    if Path(name).name != name or name == found.path.stem:
        raise StudyError(f"{found.path}: like '{name}' is no other study of params/")
    if name in chain:
        raise StudyError(f"{found.path}: like '{name}', which is like this one")
    base = find_study(project_params() / name, (*chain, found.path.stem))
    values = rerun(
        base.values, year=base.year, territory=base.territory, name=base.name, changes=base.changes
    )
    return FoundStudy(found.path, merged(values, own))


_LONGEST_NAME = 200
"""Bytes of the name of a params file, which file systems bound at 255."""


def find_study(source: Path | str, chain: tuple[str, ...] = ()) -> FoundStudy:
    """Find a study by its file or by its name.

    Args:
        source: File or name.
        chain: Studies that are like it, by name.

    Raises:
        StudyError: There is none.
    """
    path = Path(source)
    if len(path.name.encode()) > _LONGEST_NAME:
        raise StudyError(f"{path.name[:40]}… is no name of a study; give a shorter one")
    if path.is_file():
        return _alike(FoundStudy(path, read_yaml(path)), chain)
    folder = params_folder(path)
    name = path.name.removesuffix(".yaml").removesuffix(".yml")
    if (folder / f"{name}.yaml").is_file():
        return _alike(
            FoundStudy(folder / f"{name}.yaml", read_yaml(folder / f"{name}.yaml")), chain
        )
    if (folder / "published" / f"{name}.yaml").is_file():
        return find_study(folder / "published" / f"{name}.yaml", chain)
    found = _in_grids(folder, name) or _by_year_and_place(folder, name)
    if found is None:
        known = sorted(one.stem for one in folder.glob("*.yaml"))
        hint = nearest(name, known) if known else "give the path of a file of params/"
        raise StudyError(f"no params file or study at {source}; {hint}")
    return found


def params_folder(path: Path) -> Path:
    """Return the folder of studies: of the path, of the project, or the shipped one."""
    given = path.parent
    return given if given != Path() and any(given.glob("*.yaml")) else project_params()


def project_params() -> Path:
    """Return the folder of studies of the project, or the shipped one."""
    own = project_root() / "params"
    return own if own.is_dir() else shipped_folder() / "params"


def _by_year_and_place(folder: Path, name: str) -> FoundStudy | None:
    """Return what a name such as `cej_2023_nord` says: study, year, territory."""
    matched = re.fullmatch(
        r"(?P<base>[a-z0-9_]+?)_(?P<year>(?:19|20)\d\d)_(?P<place>[a-z0-9_]+)", name
    )
    if matched is None or not (folder / f"{matched['base']}.yaml").is_file():
        return None
    place = places().get(matched["place"])
    if place is None and re.fullmatch(r"\d[\dab]\d?(_\d[\dab]\d?)*", matched["place"]):
        place = {"departement": [code.upper() for code in matched["place"].split("_")]}
    if place is None:
        return None
    path = folder / f"{matched['base']}.yaml"
    return FoundStudy(path, read_yaml(path), name, int(matched["year"]), place)


def _in_grids(folder: Path, name: str) -> FoundStudy | None:
    """Return the study of a grid that has this name."""
    from evalml.study.grid import grid_members

    for path in sorted((folder / "grids").glob("*.yaml")):
        for member in grid_members(path):
            if member.name == name:
                return FoundStudy(
                    member.path, member.values, name, member.year, member.territory, member.changes
                )
    return None


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping, refusing a key given twice.

    Raises:
        StudyError: The file is missing, unreadable, or not a mapping.
    """
    values = read_yaml_file(path, "params file")
    if not isinstance(values, dict):
        raise StudyError(f"{path}: a params file is a mapping of keys to values")
    return values
