"""Secondary analyses declared beforehand: the study, with a few keys changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

OVERRIDES = (
    "territory", "entries", "eligibility", "treatment", "comparison", "estimand",
    "follow_up_months", "outcomes", "horizons", "covariates", "history_months",
    "methods", "method_settings", "primary", "minimum_effect", "subgroups", "checks", "breaks",
    "seed",
)  # fmt: skip
"""Keys of a study that a secondary analysis may give again."""

KEYS = ("title", "title_en", *OVERRIDES)

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
