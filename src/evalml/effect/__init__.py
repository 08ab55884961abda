"""How much it changed: every method on two arms, one `Effect` per estimate.

`estimate_effects` runs the person-level methods on a comparison in one pass. Nothing is imported
until it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from evalml.deprecated import renamed

if TYPE_CHECKING:
    from evalml.effect.censored import never_effects
    from evalml.effect.costs import costs_table
    from evalml.effect.durations import durations_table
    from evalml.effect.estimate import as_experiment, estimate_effects, gaps, trajectories_table
    from evalml.effect.sample import EstimationSettings, settings_of
    from evalml.effect.study_effects import estimate_methods, estimate_study
    from evalml.methods.effect import Effect, effects_table

__all__ = [
    "Effect",
    "EstimationSettings",
    "as_experiment",
    "costs_table",
    "durations_table",
    "effects_table",
    "estimate_effects",
    "estimate_methods",
    "estimate_study",
    "gaps",
    "never_effects",
    "settings_of",
    "trajectories_table",
]

_WHERE = {
    "evalml.effect.censored": ("never_effects",),
    "evalml.effect.costs": ("costs_table",),
    "evalml.effect.durations": ("durations_table",),
    "evalml.effect.estimate": ("as_experiment", "estimate_effects", "gaps", "trajectories_table"),
    "evalml.effect.sample": ("EstimationSettings", "settings_of"),
    "evalml.effect.study_effects": ("estimate_methods", "estimate_study"),
    "evalml.methods.effect": ("Effect", "effects_table"),
}
_PLACES = {name: module for module, names in _WHERE.items() for name in names}
_renamed = renamed(__name__, {"Settings": "EstimationSettings"})


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _PLACES:
        return _renamed(name)
    return getattr(import_module(_PLACES[name]), name)
