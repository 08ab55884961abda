"""How much it changed: one file per method, one `Effect` per estimate.

`estimate_effects` runs the person-level methods on a comparison in one pass. Nothing is imported
until it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalml.effect.benchmark import as_experiment, gaps
    from evalml.effect.costs import costs_table
    from evalml.effect.declared import estimate_study
    from evalml.effect.effect import Effect
    from evalml.effect.estimate import estimate_effects
    from evalml.effect.never import never_effects
    from evalml.effect.settings import Settings
    from evalml.effect.table import effects_table
    from evalml.effect.trajectories import trajectories_table

__all__ = [
    "Effect",
    "Settings",
    "as_experiment",
    "costs_table",
    "effects_table",
    "estimate_effects",
    "estimate_study",
    "gaps",
    "never_effects",
    "trajectories_table",
]

_PLACES = {
    "as_experiment": "benchmark",
    "costs_table": "costs",
    "gaps": "benchmark",
    "estimate_study": "declared",
    "Effect": "effect",
    "Settings": "settings",
    "effects_table": "table",
    "never_effects": "never",
    "estimate_effects": "estimate",
    "trajectories_table": "trajectories",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _PLACES:
        message = f"module 'evalml.effect' has no attribute '{name}'"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(f"evalml.effect.{_PLACES[name]}"), name)
