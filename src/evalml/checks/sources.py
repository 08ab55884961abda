"""Does the extract hold the past that the study reads, and does the adjustment use it?

What the extract does not cover is unknown, not zero: the study goes on with a level of its own for
it, and these checks say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from evalml.checks.check import Check
from evalml.months import first_day
from evalml.values import Month, Name, Names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from evalml.values import Values

PAST = ("emploi_avant_", "mois_emploi_", "emploi_declare_avant_", "emploi_perdu_3m")
"""What the names of the covariates of past employment begin with."""


class Missed(Protocol):
    """Months of a table that a study reads and the extract does not cover (`cohort.Gap`)."""

    @property
    def table(self) -> str:
        """Table of the contract."""

    @property
    def use(self) -> str:
        """What it is read for: `covariates`, `accompanied`, `not_yet_entered`, `history`."""

    @property
    def covered(self) -> int:
        """First month number covered."""

    @property
    def needed(self) -> int:
        """First month number read."""

    @property
    def whole(self) -> int:
        """First month of entry from which everything is covered."""

    @property
    def names(self) -> tuple[str, ...]:
        """Covariates concerned."""


def check_coverage(gaps: Iterable[Missed]) -> list[Check]:
    """Say which part of the past the extract does not hold, one check per table and use."""
    return [_missed(gap) for gap in gaps]


def _missed(gap: Missed) -> Check:
    values: Values = {
        "table": Name("table", gap.table),
        "since": Month(f"{first_day(gap.covered):%Y-%m}"),
        "needed": Month(f"{first_day(gap.needed):%Y-%m}"),
        "whole": Month(f"{first_day(gap.whole):%Y-%m}"),
    }
    if gap.names:
        values = {**values, "covariates": Names(tuple(Name("covariate", n) for n in gap.names))}
    return Check("coverage", gap.use, False, None, None, values, gating=False)


def check_past_adjusted(covariates: Sequence[str]) -> Check:
    """Say whether the adjustment uses what the persons did before time zero.

    Args:
        covariates: Covariates of the comparison.
    """
    past = tuple(Name("covariate", c) for c in covariates if c.startswith(PAST))
    if past:
        return Check(
            "past_adjusted", "used", True, None, None, {"covariates": Names(past)}, gating=False
        )
    return Check("past_adjusted", "left_out", False, None, None, {}, gating=False)


def check_declared_only(asked: str, seen: str) -> list[Check]:
    """Say that an outcome is evaluated as it is declared, for want of the linked source.

    Args:
        asked: Primary outcome of the study.
        seen: The one that the extract can observe.
    """
    if asked == seen:
        return []
    values: Values = {
        "asked": Name("outcome", asked),
        "outcome": Name("outcome", seen),
        "table": Name("table", "emploi_mensuel"),
    }
    return [Check("sources", "declared_only", False, None, None, values, gating=False)]
