"""From the panel to outcomes: one column per thing that happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evalml.errors import StudyError, TableMissingError, nearest
from evalml.outcomes.outcome import OUTCOMES, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.engine import Table
    from evalml.panel import Panel


@dataclass(frozen=True, slots=True, repr=False)
class Outcomes:
    """What happened to the persons of a panel.

    Attributes:
        panel: The months it was read from.
        chosen: The outcomes of the study, in order; a linked outcome without linked source is
            replaced by its declared fallback.
        rows: `entry`, `k`, and one column per outcome, null where not observed.
    """

    panel: Panel
    chosen: tuple[Outcome, ...]
    rows: Table

    def __repr__(self) -> str:
        """Name the outcomes."""
        return f"Outcomes({', '.join(o.name for o in self.chosen)})"


def choose_outcomes(names: Sequence[str], *, linked: bool) -> tuple[Outcome, ...]:
    """Return the outcomes called `names`, as the extract can observe them.

    Raises:
        StudyError: No outcome has that name.
        TableMissingError: It needs the linked source, which the extract lacks.
    """
    chosen = []
    for name in names:
        if name not in OUTCOMES:
            raise StudyError(f"outcomes: no outcome is called '{name}'; {nearest(name, OUTCOMES)}")
        outcome = OUTCOMES[name]
        if outcome.channel == "linked" and not linked:
            if outcome.fallback is None:
                raise TableMissingError(
                    f"outcome '{name}' needs table 'emploi_mensuel', which this extract does not "
                    "hold; leave the outcome out, or add the table"
                )
            outcome = OUTCOMES[outcome.fallback]
        chosen.append(outcome)
    return tuple(chosen)


def compute_outcomes(panel: Panel, names: Sequence[str]) -> Outcomes:
    """Read the outcomes called `names` from the panel.

    Raises:
        StudyError: No outcome has that name.
        TableMissingError: It needs the linked source, which the extract lacks.
    """
    chosen = choose_outcomes(names, linked=panel.linked)
    rows = panel.rows
    columns = {}
    for outcome in chosen:
        value = rows[outcome.column]
        columns[outcome.name] = value.cast("float64" if outcome.unit == "euros" else "int8")
    return Outcomes(panel, chosen, rows.select("entry", "k", **columns))


def outcomes_table(names: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the definitions of outcomes: label, definition, who observes it, source.

    Args:
        names: Outcomes to describe; the whole catalogue when None.
    """
    chosen = [OUTCOMES[name] for name in (names if names is not None else OUTCOMES)]
    return pd.DataFrame(
        {
            "label": [o.label for o in chosen],
            "definition": [o.definition for o in chosen],
            "channel": [o.channel for o in chosen],
            "source": [o.source for o in chosen],
        }
    )
