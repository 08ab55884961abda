"""Areas that open a programme one after another: who came to them, when, and what became of them.

From the checked tables to cells (area x half-year of first demand x month since the demand), the
one thing a roll-out is estimated from.
"""

from evalml.areas.cells import AreaCells, area_cells, opening_months
from evalml.areas.people import FirstDemands, first_demands
from evalml.areas.profile import profile_areas
from evalml.areas.waves import waves_of

__all__ = [
    "AreaCells",
    "FirstDemands",
    "area_cells",
    "first_demands",
    "opening_months",
    "profile_areas",
    "waves_of",
]
