"""The allowances a programme provides for, through a period, each with its legal reference."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pandas as pd

from evalml.rules.read import rules

LABELS = {
    "allowance_adult_not_taxable": "Majeur, foyer non imposable",
    "allowance_adult_first_bracket": "Majeur, foyer dans la première tranche de l’impôt",
    "allowance_minor": "Mineur, foyer non imposable ou dans la première tranche",
    "allowance": "Allocation pleine, une personne",
}
"""Rules that are a monthly amount."""


def allowance_rules(programme: str, first: dt.date, last: dt.date) -> pd.DataFrame:
    """Return the monthly amounts in force at some time between two days.

    Args:
        programme: Name of the programme.
        first: First day.
        last: Last day.

    Returns:
        `label`, `since` (month and year), `amount` (euros per month), `reference`; no row where the
        rules give no amount, nor for the months that follow a yearly change that was not read.
    """
    of_programme = rules(programme)
    rows = []
    for name, label in LABELS.items():
        if name not in of_programme.rules:
            continue
        values = of_programme.rules[name].used
        ends = [v.end or _eve(after.start) for v, after in pairwise(values)]
        changed = of_programme.rules[name].known_until()
        ends.append(values[-1].end or (_eve(changed) if changed else dt.date.max))
        rows += [
            (label, f"{v.start:%m/%Y}", float(str(v.value)), v.reference)
            for v, end in zip(values, ends, strict=True)
            if v.start <= last and end >= first
        ]
    return pd.DataFrame(rows, columns=["label", "since", "amount", "reference"])


def _eve(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=1)
