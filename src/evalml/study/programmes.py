"""The programmes, each with all that the rest of the house needs to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalml.registry import Registry


@dataclass(frozen=True, slots=True)
class Programme:
    """One programme; its dated rules are in `rules/`, under its name.

    Attributes:
        name: Its code in a study and in the extract.
        fr: What a French sentence calls it.
        en: What an English sentence calls it.
        designs: Designs that fit it -> who is compared with.
        tables: Tables of results that only some programmes have: what it costs in allowances
            (`costs`), hours and allowances month by month (`intensity`), the exits its ministry
            counts (`exit_contrast`).
        comparator: Programme of the same youths, for an active comparator.
        small: Whether few enter: what could be detected then comes first.
        nests: Programme that may begin as a phase of this one.
    """

    name: str
    fr: str
    en: str
    designs: Mapping[str, str] = field(default_factory=dict)
    tables: tuple[str, ...] = ()
    comparator: str = ""
    small: bool = False
    nests: str = ""


PROGRAMMES: Registry[Programme] = Registry("programme")
"""The programmes that a study of persons over time may be about."""

PROGRAMMES.add(
    Programme(
        "CEJ",
        "CEJ",
        "the CEJ",
        {
            "sequential_trials": "accompanied, eligible, not entered yet",
            "active_comparator": "entrants of PACEA",
        },
        ("costs", "intensity", "exit_contrast"),
        comparator="PACEA",
    ),
    Programme(
        "GJ",
        "GJ",
        "the GJ",
        {
            "sequential_trials": "accompanied, eligible, not entered yet, once the area is open",
            "active_comparator": "entrants of PACEA without a GJ inside (2017 to February 2022)",
            "rollout": "areas not open yet (October 2013 to December 2016)",
        },
        ("costs", "intensity", "exit_contrast"),
        comparator="PACEA",
    ),
    Programme(
        "PACEA",
        "PACEA",
        "the PACEA",
        {"sequential_trials": "accompanied outside a contract"},
        ("costs",),
        nests="GJ",
    ),
    Programme(
        "PARRAINAGE",
        "parrainage",
        "parrainage",
        {
            "sequential_trials": "accompanied in the same mission locale, not mentored yet",
            "encouragement": "missions locales and months with fewer mentors",
        },
        small=True,
    ),
    Programme(
        "IAE",
        "contrat d’insertion",
        "an IAE contract",
        {
            "sequential_trials": "accompanied, no contract in a SIAE yet",
            "accepted_refused": "refused, same type of SIAE, same months",
        },
    ),
)
