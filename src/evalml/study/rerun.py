"""The same study for another year, territory or outcome: from what is asked to the values.

One file of `params/` holds one study. What a rerun changes is an argument: the year of entry, the
territory, the primary outcome, or any key by its place (`primary.horizon`). What a year brings with
it (a programme that opens in March, a follow-up that the data allow) stands in the file, under
`years`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from evalml.codes import territory_names
from evalml.errors import StudyError, nearest
from evalml.study.parts import Territory
from evalml.values import Message, Number, names
from evalml.words import render

REGIONS = {
    "11": "idf", "24": "cvl", "27": "bfc", "28": "nor", "32": "hdf", "44": "ges", "52": "pdl",
    "53": "bre", "75": "naq", "76": "occ", "84": "ara", "93": "pac", "94": "cor",
}  # fmt: skip
"""Usual abbreviations of the regions, in the names of runs."""

NATIONAL = "france"
KINDS = ("region", "departement", "structure")
SPLIT = re.compile(r"\s*[,;]\s*")


def slug(text: str) -> str:
    """Return a text as it stands in a name of a run: lower case, no accent, `_` between words."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def territory_words(territory: Territory | None) -> Message | None:
    """Return the name of a territory as a message; None where a study has none."""
    if territory is None:
        return None
    if territory.region is not None:
        return Message("places.named", {"places": names("region", [territory.region])})
    if territory.departement is not None:
        return Message("places.named", {"places": names("departement", territory.departement)})
    if territory.structure is not None:
        return Message("places.structures", {"n": Number(len(territory.structure))})
    return Message("places.all")


def territory_label(territory: Territory | None, lang: str = "fr") -> str:
    """Return the name of a territory, such as « Hauts-de-France »; empty for none."""
    found = territory_words(territory)
    return "" if found is None else render(found, lang)


def place_name(territory: Mapping[str, Any]) -> str:
    """Return a territory as it stands in the name of a run: `hdf`, `nord`, `59_62`, `france`."""
    names = territory_names()
    if "region" in territory:
        code = str(territory["region"])
        return REGIONS.get(code, slug(names["regions"].get(code, f"region_{code}")))
    if "departement" in territory:
        codes = [str(code) for code in territory["departement"]]
        if len(codes) == 1:
            return slug(names["departements"].get(codes[0], codes[0]))
        return slug("_".join(codes))
    if "structure" in territory:
        listed = "\n".join(sorted(str(one) for one in territory["structure"]))
        return f"structures_{hashlib.sha256(listed.encode()).hexdigest()[:8]}"
    return NATIONAL


def territory_from(place: str | int | Mapping[str, Any] | Territory) -> dict[str, Any]:
    """Return a territory from what a person types.

    Args:
        place: `59`, `59,62`, `nord`, `hdf`, `region:32`, `departement:59`, `structure:…`, `france`,
            or the mapping of a study.

    Raises:
        StudyError: Nothing is called so, or a code names a région and a département.
    """
    if isinstance(place, Territory):
        return place.model_dump(exclude_none=True)
    if isinstance(place, Mapping):
        return dict(place)
    text = f"{place:02d}" if isinstance(place, int) else str(place).strip()
    kind, found, codes = text.partition(":")
    if found and kind in KINDS:
        return _of_kind(kind, [code for code in SPLIT.split(codes.strip()) if code])
    named = places()
    if slug(text) in named:
        return dict(named[slug(text)])
    return _from_codes([code for code in SPLIT.split(text) if code])


def territory_word(territory: str | Mapping[str, Any]) -> str:
    """Return a territory as a person types it: `59`; `region:32` where the code alone is of two."""
    where = territory_from(territory)
    for kind in KINDS:
        if where.get(kind) is not None:
            codes = where[kind] if isinstance(where[kind], str) else ",".join(map(str, where[kind]))
            alone = _read_alone(codes).get(kind, ())
            same = codes == (alone if isinstance(alone, str) else ",".join(alone))
            return codes if same else f"{kind}:{codes}"
    return NATIONAL


def _read_alone(codes: str) -> dict[str, Any]:
    try:
        return _from_codes(codes.split(","))
    except StudyError:
        return {}


def places() -> dict[str, dict[str, Any]]:
    """Return every territory that has a name, by the name it takes in a run."""
    names = territory_names()
    found: dict[str, dict[str, Any]] = {NATIONAL: {"national": True}}
    found["france_entiere"] = {"national": True}
    found |= {slug(name): {"departement": [code]} for code, name in names["departements"].items()}
    for code, name in names["regions"].items():
        found.setdefault(slug(name), {"region": code})
        if code in REGIONS:
            found.setdefault(REGIONS[code], {"region": code})
    return found


def _of_kind(kind: str, codes: list[str]) -> dict[str, Any]:
    names = territory_names()
    known = {"region": names["regions"], "departement": names["departements"]}.get(kind)
    if not codes:
        raise StudyError(f"territory: '{kind}:' names no {kind}")
    wrong = [code for code in codes if known is not None and code not in known]
    if wrong:
        raise StudyError(
            f"territory: {kind} '{wrong[0]}' is unknown; {nearest(wrong[0], known or ())}"
        )
    if kind == "region":
        if len(codes) > 1:
            raise StudyError(f"territory: one région at a time, not {', '.join(codes)}")
        return {"region": codes[0]}
    return {kind: codes}


def _from_codes(codes: list[str]) -> dict[str, Any]:
    names = territory_names()
    regions, departements = names["regions"], names["departements"]
    if not codes:
        raise StudyError("territory: give a département, a région or 'france'")
    for code in codes:
        if code in regions and code in departements:
            raise StudyError(
                f"territory: '{code}' is the région {regions[code]} and the département "
                f"{departements[code]}; write region:{code} or departement:{code}"
            )
        if code in regions and len(codes) == 1:
            return {"region": code}
        if code not in departements:
            raise StudyError(f"territory: '{code}' is unknown; {nearest(code, places())}")
    return {"departement": codes}


def rerun(
    values: Mapping[str, Any],
    *,
    year: int | None = None,
    territory: str | Mapping[str, Any] | Territory | None = None,
    outcome: str | None = None,
    changes: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Return the values of a study with what a rerun changes.

    Args:
        values: Values of a params file, `years` included.
        year: Calendar year of the first entries; the entries move with it, and `years` says what
            else that year changes.
        territory: Where; see `territory_from`.
        outcome: Primary outcome; added to the outcomes where they lack it.
        changes: Any other key by its place -> its value.
        name: Name of the run; made of the study, the year, the territory and what else changed
            when None.

    Raises:
        StudyError: The year or the territory cannot be understood.
    """
    changed = deepcopy(dict(values))
    years = changed.pop("years", None) or {}
    requested = dict(changes or {})
    if not (
        year is None and territory is None and outcome is None and not requested and name is None
    ):
        if year is not None:
            _set_year(changed, int(year), years)
        if territory is not None:
            _set_territory(changed, territory_from(territory))
        if outcome is not None:
            _set_outcome(changed, outcome)
        for key, value in requested.items():
            set_key(changed, key, value)
        changed["study"] = name or _name(values, changed, outcome, requested)
        if changed.get("title") == values.get("title"):
            _say_in_title(changed, year, territory)
    return _with_title(changed)


def set_key(values: dict[str, Any], place: str, value: Any) -> None:
    """Set the value at a place such as `primary.horizon`."""
    *above, last = place.split(".")
    for key in above:
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            raise StudyError(f"'{place}': '{key}' holds a value, and no keys")
        values = inner
    values[last] = value


def _set_year(values: dict[str, Any], year: int, years: Mapping[Any, Any]) -> None:
    entries = values.get("entries")
    if not isinstance(entries, dict) or not {"from", "to"} <= set(entries):
        raise StudyError(f"year {year}: the study has no entries (from, to) to move")
    first, last = (_day(entries[end], end) for end in ("from", "to"))
    moved = year - first.year
    try:
        ends = (first.replace(year=year), last.replace(year=last.year + moved))
    except ValueError:
        raise StudyError(
            f"year {year}: the entries cannot move there; give a calendar year"
        ) from None
    values["entries"] = {"from": ends[0].isoformat(), "to": ends[1].isoformat()}
    known = {int(key): given for key, given in years.items()}
    for key, given in (known.get(year) or {}).items():
        values[key] = _over(values.get(key), given, key)


def _day(value: Any, place: str) -> dt.date:
    try:
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    except ValueError:
        raise StudyError(f"entries.{place}: '{value}' is no day such as 2024-01-01") from None


def _over(base: Any, given: Any, key: str) -> Any:
    """Return what stands at a key once a year has said what it changes."""
    if not (isinstance(base, dict) and isinstance(given, dict)) or key in WHOLE:
        return given
    if key == "secondary":  # in the order of the year; one without a value is that of the study
        merged = {name: base[name] if one is None else one for name, one in given.items()}
        return {**merged, **{name: one for name, one in base.items() if name not in merged}}
    return {**base, **given}


def _set_territory(values: dict[str, Any], territory: dict[str, Any]) -> None:
    """Set where, and leave out of the covariates what is the same for all there."""
    values["territory"] = territory
    if len(territory.get("departement", ())) != 1:
        return
    for part in (values, *(values.get("secondary") or {}).values()):
        if "covariates" in part and not isinstance(part["covariates"], str):
            part["covariates"] = [one for one in part["covariates"] if one != "departement"]


def _set_outcome(values: dict[str, Any], outcome: str) -> None:
    listed = list(values.get("outcomes") or ())
    values["outcomes"] = listed if outcome in listed else [outcome, *listed]
    values["primary"] = {**(values.get("primary") or {}), "outcome": outcome}


def _name(
    values: Mapping[str, Any],
    changed: Mapping[str, Any],
    outcome: str | None,
    changes: Mapping[str, Any],
) -> str:
    parts = [str(values.get("study", "study"))]
    if isinstance(changed.get("entries"), dict):
        parts.append(str(_day(changed["entries"].get("from"), "from").year))
    if isinstance(changed.get("territory"), dict):
        parts.append(place_name(changed["territory"]))
    if outcome is not None:
        parts.append(slug(outcome))
    if changes:
        text = json.dumps(changes, sort_keys=True, default=str, ensure_ascii=False)
        parts.append(f"x{hashlib.sha256(text.encode()).hexdigest()[:8]}")
    return "_".join(parts)


TITLES = {"title": "fr", "title_en": "en"}
"""Titles of a study, and their language."""


def _say_in_title(values: dict[str, Any], year: int | None, territory: Any) -> None:
    """Add to the titles that have no place for them the year and the territory asked for."""
    for key, lang in TITLES.items():
        title = str(values.get(key) or "")
        words = []
        if territory is not None and "{territory}" not in title:
            words.append(territory_label(_territory(values), lang))
        if year is not None and "{year}" not in title:
            words.append(str(year))
        if title and words:
            values[key] = f"{title} ({', '.join(words)})"


def _with_title(values: dict[str, Any]) -> dict[str, Any]:
    """Fill the year and the territory into the titles."""
    for key, lang in TITLES.items():
        title = values.get(key)
        if isinstance(title, str) and "{" in title:
            entries = values.get("entries")
            first = entries.get("from") if isinstance(entries, dict) else None
            year = str(_day(first, "from").year) if first is not None else ""
            where = territory_label(_territory(values), lang)
            values[key] = title.replace("{year}", year).replace("{territory}", where)
    return values


def _territory(values: Mapping[str, Any]) -> Territory | None:
    given = values.get("territory")
    if given is None:
        return None
    try:
        return Territory.model_validate(given)
    except ValueError:
        return None  # the study is refused with its own sentence when it is checked


OVERRIDES = (
    "territory", "entries", "eligibility", "treatment", "comparison", "estimand",
    "follow_up_months", "outcomes", "horizons", "covariates", "history_months",
    "methods", "method_settings", "primary", "minimum_effect", "subgroups", "checks", "breaks",
    "seed",
)  # fmt: skip
"""Keys of a study that a secondary analysis may give again."""

MAY_CHANGE = ("title", "title_en", *OVERRIDES)

OWN = frozenset({"secondary", "durations", "examples"})
"""Keys of the main analysis alone."""

WHOLE = frozenset({"territory", "entries", "comparison"})
"""Mappings that are replaced; of the others, only the keys given are."""


def merged(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a study with those of one secondary analysis in their place."""
    values = {key: value for key, value in base.items() if key not in OWN}
    for key, value in given.items():
        current = values.get(key)
        if isinstance(value, dict) and isinstance(current, dict) and key not in WHOLE:
            values[key] = {**current, **value}
        else:
            values[key] = value
    settings = values.get("method_settings") or {}
    named = values.get("methods", settings)
    values["method_settings"] = {name: settings[name] for name in settings if name in named}
    return values
