"""Closed lists with their sources: the values that coded columns may take."""

from evalml.codes.read import (
    RANKING,
    CodeList,
    code_list,
    code_lists,
    departements_of,
    territory_names,
)

__all__ = ["RANKING", "CodeList", "code_list", "code_lists", "departements_of", "territory_names"]
