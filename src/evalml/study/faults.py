"""What is wrong with a params file, in one sentence per fault."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from evalml.errors import nearest
from evalml.study.methods import MethodSettings
from evalml.study.parts import (
    ComparisonDesign,
    Eligibility,
    Entries,
    Primary,
    Territory,
    Treatment,
    Waits,
)
from evalml.study.thresholds import Thresholds

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

_PARTS: dict[str, type[BaseModel]] = {
    "territory": Territory,
    "entries": Entries,
    "eligibility": Eligibility,
    "treatment": Treatment,
    "comparison": ComparisonDesign,
    "primary": Primary,
    "checks": Thresholds,
    "method_settings": MethodSettings,
    "durations": Waits,
}


_SHOWN = 60
"""Characters of a value that an error repeats."""


def sentence(error: ErrorDetails, study: type[BaseModel], within: str = "") -> str:
    """Return what is wrong, where, and the nearest valid key.

    Args:
        error: What pydantic found.
        study: The model of a study.
        within: Place of the values in the file, such as `secondary.pacea`; empty at the top.
    """
    place = ".".join([*([within] if within else []), *(str(part) for part in error["loc"])])
    if error["type"] == "extra_forbidden":
        valid = _valid_keys(error["loc"], study)
        return f"unknown key '{place}'; {nearest(str(error['loc'][-1]), valid)}"
    if error["type"] == "missing":
        return f"missing key '{place}'"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return f"{place}: {message}" if place else message
    value = error["input"]
    given = f"'{value}'" if isinstance(value, dt.date) else repr(value)
    shown = given if len(given) <= _SHOWN else f"{given[:_SHOWN]}…"
    return f"'{place}' is {shown}: {message[0].lower()}{message[1:]}"


def _valid_keys(loc: tuple[int | str, ...], study: type[BaseModel]) -> list[str]:
    """Return the keys known at a place; `entries` of a comparison is a part within a part."""
    parts = [_PARTS[str(key)] for key in loc[:-1] if str(key) in _PARTS]
    model = parts[-1] if parts else study
    return [f.alias or name for name, f in model.model_fields.items()]
