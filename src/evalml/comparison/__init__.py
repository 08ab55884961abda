"""Who is compared: two arms in memory, and what makes them comparable.

`build_comparison` reads them from a table; `fit_propensity`, `score_weights` and `balance_table`
say how alike they are and make them more so. Nothing is imported until it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalml.comparison.adjusted import Adjusted, adjust
    from evalml.comparison.arms import Arms, Trajectory, assemble
    from evalml.comparison.balance import balance_table
    from evalml.comparison.build import MeasureSpec, build_comparison
    from evalml.comparison.comparison import Comparison, Design, Measure
    from evalml.comparison.experiment import CrossSection, cross_section
    from evalml.comparison.labels import labels_of
    from evalml.comparison.overlap import Overlap, measure_overlap, overlap_warnings, trim, trimming
    from evalml.comparison.propensity import Propensity, fit_propensity
    from evalml.comparison.weights import Weights, effective_size, score_weights

__all__ = [
    "Adjusted",
    "Arms",
    "Comparison",
    "CrossSection",
    "Design",
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

_PLACES = {
    "labels_of": "labels",
    "Adjusted": "adjusted",
    "Arms": "arms",
    "CrossSection": "experiment",
    "Trajectory": "arms",
    "adjust": "adjusted",
    "assemble": "arms",
    "cross_section": "experiment",
    "Comparison": "comparison",
    "Design": "comparison",
    "Measure": "comparison",
    "MeasureSpec": "build",
    "Overlap": "overlap",
    "Propensity": "propensity",
    "Weights": "weights",
    "balance_table": "balance",
    "build_comparison": "build",
    "effective_size": "weights",
    "fit_propensity": "propensity",
    "measure_overlap": "overlap",
    "overlap_warnings": "overlap",
    "score_weights": "weights",
    "trim": "overlap",
    "trimming": "overlap",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _PLACES:
        message = f"module 'evalml.comparison' has no attribute '{name}'"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(f"evalml.comparison.{_PLACES[name]}"), name)
