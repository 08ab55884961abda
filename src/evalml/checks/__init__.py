"""How sure we are: one file, one question, one sentence for the note.

`run_checks` makes the checks of every study; each other file answers one more question. Nothing is
imported here but the types, so that importing the package stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalml.checks.check import Check

if TYPE_CHECKING:
    from evalml.checks.check import Thresholds, as_thresholds
    from evalml.checks.observation import check_coverage, check_declared_only, check_past_adjusted
    from evalml.checks.power import check_power, power_table
    from evalml.checks.primary import check_primary, check_study, checks_table, run_checks

__all__ = [
    "Check",
    "Thresholds",
    "as_thresholds",
    "check_coverage",
    "check_declared_only",
    "check_past_adjusted",
    "check_power",
    "check_primary",
    "check_study",
    "checks_table",
    "power_table",
    "run_checks",
]

_PLACES = {
    "check": ("Thresholds", "as_thresholds"),
    "observation": ("check_coverage", "check_declared_only", "check_past_adjusted"),
    "power": ("check_power", "power_table"),
    "primary": ("check_primary", "check_study", "checks_table", "run_checks"),
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module 'evalml.checks' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"evalml.checks.{_MODULES[name]}"), name)
