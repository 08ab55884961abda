"""The programmes, each with all that the rest of the house needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass

from evalml.errors import StudyError, nearest


@dataclass(frozen=True, slots=True)
class Programme:
    """One programme.

    Attributes:
        code: Its code in a study and in the extract.
        word: What a French sentence calls it.
        tables: Tables of results that only some programmes have: what it costs in allowances
            (`costs`), hours and allowances month by month (`intensity`), the exits its ministry
            counts (`exit_contrast`).
    """

    code: str
    word: str
    tables: tuple[str, ...] = ()


REGISTER = {
    one.code: one
    for one in (
        Programme("CEJ", "CEJ", ("costs", "intensity", "exit_contrast")),
        Programme("GJ", "GJ", ("costs", "intensity", "exit_contrast")),
        Programme("PACEA", "PACEA", ("costs",)),
        Programme("PARRAINAGE", "parrainage"),
        Programme("IAE", "contrat d’insertion"),
    )
}
"""The programmes that a study of persons over time may be about, by code."""

PROGRAMMES = tuple(REGISTER)


def programme_of(code: str) -> Programme:
    """Return a programme by its code.

    Raises:
        StudyError: There is none.
    """
    if code not in REGISTER:
        raise StudyError(f"programme '{code}' is unknown; {nearest(code, REGISTER)}")
    return REGISTER[code]


def word_of(code: str) -> str:
    """Return a programme as it stands inside a French sentence; another code as it is."""
    return REGISTER[code].word if code in REGISTER else code
