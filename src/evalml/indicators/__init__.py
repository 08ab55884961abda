"""Figures of activity and of results, each with its definition, for a year and a territory."""

from evalml.indicators.catalogue import (
    INDICATORS,
    THEMES,
    Indicator,
    indicators_of,
    indicators_table,
)
from evalml.indicators.compute import COLUMNS, compute_indicator_years, compute_indicators
from evalml.indicators.groups import GROUPS, Group, groups_of, groups_table
from evalml.indicators.pivot import activity_table

__all__ = [
    "COLUMNS",
    "GROUPS",
    "INDICATORS",
    "THEMES",
    "Group",
    "Indicator",
    "activity_table",
    "compute_indicator_years",
    "compute_indicators",
    "groups_of",
    "groups_table",
    "indicators_of",
    "indicators_table",
]
