"""Closed lists with their sources: the values that coded columns may take."""

from evalml.codes.read import CodeList, code_list, code_lists

__all__ = ["CodeList", "code_list", "code_lists"]
