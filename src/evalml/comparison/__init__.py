"""Who is compared: two arms in memory, and what makes them comparable.

`build_comparison` reads them from a table; `fit_propensity`, `score_weights` and `balance_table`
say how alike they are and make them more so. Nothing is imported until it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from evalml.deprecated import renamed

if TYPE_CHECKING:
    from evalml.comparison.arms import Arms, Trajectory, assemble
    from evalml.comparison.balance import Adjusted, adjust, balance_table, labels_of
    from evalml.comparison.build import CrossSection, MeasureSpec, build_comparison, cross_section
    from evalml.comparison.comparison import Comparison, DesignMatrix, Measure
    from evalml.comparison.propensity import Propensity, fit_propensity
    from evalml.comparison.weights import (
        Overlap,
        Weights,
        effective_size,
        measure_overlap,
        overlap_warnings,
        score_weights,
        trim,
        trimming,
    )

__all__ = [
    "Adjusted",
    "Arms",
    "Comparison",
    "CrossSection",
    "DesignMatrix",
    "Measure",
    "MeasureSpec",
    "Overlap",
    "Propensity",
    "Trajectory",
    "Weights",
    "adjust",
    "assemble",
    "balance_table",
    "build_comparison",
    "cross_section",
    "effective_size",
    "fit_propensity",
    "labels_of",
    "measure_overlap",
    "overlap_warnings",
    "score_weights",
    "trim",
    "trimming",
]

_WHERE = {
    "evalml.comparison.arms": ("Arms", "Trajectory", "assemble"),
    "evalml.comparison.balance": ("Adjusted", "adjust", "balance_table", "labels_of"),
    "evalml.comparison.build": ("CrossSection", "MeasureSpec", "build_comparison", "cross_section"),
    "evalml.comparison.comparison": ("Comparison", "DesignMatrix", "Measure"),
    "evalml.comparison.propensity": ("Propensity", "fit_propensity"),
    "evalml.comparison.weights": (
        "Overlap",
        "Weights",
        "effective_size",
        "measure_overlap",
        "overlap_warnings",
        "score_weights",
        "trim",
        "trimming",
    ),
}
_PLACES = {name: module for module, names in _WHERE.items() for name in names}
_renamed = renamed(__name__, {"Design": "DesignMatrix"})


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _PLACES:
        return _renamed(name)
    return getattr(import_module(_PLACES[name]), name)
