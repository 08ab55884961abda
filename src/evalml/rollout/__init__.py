"""Areas that open a programme one after another: who came to them, when, and what became of them.

From the checked tables to cells (area x half-year of first demand x month since the demand), the
one thing a roll-out is estimated from.
"""

from __future__ import annotations

from evalml.rollout.arrivals import FirstDemands, first_demands, waves_of
from evalml.rollout.cells import AreaCells, area_cells, opening_months, profile_areas

__all__ = [
    "AreaCells",
    "FirstDemands",
    "area_cells",
    "first_demands",
    "opening_months",
    "profile_areas",
    "waves_of",
]
