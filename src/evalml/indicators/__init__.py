"""Figures of activity and of results, each with its definition, for a year and a territory."""

from evalml.indicators.catalogue import (
    GROUPS,
    INDICATORS,
    THEMES,
    Breakdown,
    Indicator,
    activity_table,
    groups_of,
    indicators_of,
    indicators_table,
)
from evalml.indicators.compute import COLUMNS, compute_indicator_years, compute_indicators

__all__ = [
    "COLUMNS",
    "GROUPS",
    "INDICATORS",
    "THEMES",
    "Breakdown",
    "Indicator",
    "activity_table",
    "compute_indicator_years",
    "compute_indicators",
    "groups_of",
    "indicators_of",
    "indicators_table",
]
