"""Read the parameters of a notebook from inside it, and refuse what papermill lets through."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from evalml.study import Study, study_from

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN = (str, int, float, bool, list, dict, tuple, type(None), dt.date)
_JUPYTER = frozenset({"In", "Out", "exit", "quit", "open", "get_ipython"})


def read_parameters(names: Mapping[str, Any]) -> Study:
    """Return the study that the parameters cell of a notebook describes.

    papermill only warns of a parameter that no cell declares; here every plain value found in the
    notebook before its first import is taken as a parameter, so that a misspelt one is refused.

    Args:
        names: The notebook's `globals()`.

    Raises:
        StudyError: A parameter is unknown, missing or mistyped.
    """
    given = {
        key: value
        for key, value in names.items()
        if not key.startswith("_") and key not in _JUPYTER and isinstance(value, _PLAIN)
    }
    absent = {k for k, v in given.items() if v is None}
    return study_from({k: v for k, v in given.items() if k not in absent}, place="parameters cell")
