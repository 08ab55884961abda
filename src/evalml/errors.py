"""What can go wrong, and the exit code the command line gives for it.

A message says what was found, where, and what to do. It never holds a person's value.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class EvalmlError(Exception):
    """Anything evalml refuses; the input or the parameters are wrong (exit code 2)."""

    exit_code = 2


class StudyError(EvalmlError):
    """A params file, or parameters given to a notebook, that do not make a study."""


class ExtractError(EvalmlError):
    """An extract that cannot be read, or does not follow the contract."""


class TableMissingError(ExtractError):
    """A table that the study needs and the extract does not hold."""


class ColumnMissingError(ExtractError):
    """A column that the contract, or a definition, needs and the table does not hold."""


class ImmortalTimeError(EvalmlError):
    """A definition that uses what was not yet known at time zero."""


class CohortError(EvalmlError):
    """A target trial that nobody, or nobody comparable, can enter."""


class DataError(EvalmlError):
    """A person-level table that cannot be analysed as asked (missing values, types, one arm)."""


class FileError(ExtractError, DataError):
    """A file that cannot be read as a table: encoding, separator, header, width of a row."""


class EstimationError(EvalmlError):
    """An estimator that must not answer: separation, no overlap, no convergence, one cluster."""


class RunError(EvalmlError):
    """A run that started and did not finish (exit code 1)."""

    exit_code = 1


class PrivacyError(EvalmlError):
    """An output that may not leave, or an input that may not be read (exit code 3)."""

    exit_code = 3


MOST_LISTED = 60
"""Valid words that one error lists."""


def nearest(word: str, valid: Iterable[str]) -> str:
    """Return a hint with the nearest valid word, or the list of them.

    Args:
        word: What was found.
        valid: What is allowed.

    Returns:
        A sentence such as ``did you mean 'horizons'?``.
    """
    choices = sorted(valid)
    close = get_close_matches(word, choices, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    listed = ", ".join(choices[:MOST_LISTED])
    return f"valid: {listed}" + (f"… ({len(choices)})" if len(choices) > MOST_LISTED else "")


def refuse_unknown(names: Iterable[str], there: Sequence[str]) -> None:
    """Refuse a name that is not among the columns of a table, or is the name of two of them.

    A file without header would show its first person as column names: only a near one is quoted.

    Raises:
        ColumnMissingError: A name is not among the columns.
        DataError: Two columns have the name.
    """
    for name in names:
        if name not in there:
            close = get_close_matches(name, there, n=1, cutoff=0.6)
            hint = f"did you mean '{close[0]}'?" if close else "check the header of the file"
            raise ColumnMissingError(f"the table has no column '{name}'; {hint}")
        if there.count(name) > 1:
            raise DataError(f"the table has two columns called '{name}'; rename one of them")
