"""Do the two groups look alike once adjusted?

Largest absolute standardised mean difference after adjustment (Austin 2009,
https://doi.org/10.1002/sim.3697, who takes 0.1 as negligible).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.french import french, labelled, number, plural
from evalml.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from evalml.checks.thresholds import Thresholds

QUESTION = french("Les deux groupes se ressemblent-ils après ajustement ?")
COLUMNS = ("covariate", "smd_before", "smd_after")
NAMED = 3
"""How many covariates a sentence names."""


def check_balance(
    balance: pd.DataFrame | None, thresholds: Thresholds, labels: Mapping[str, str] | None = None
) -> Check:
    """Judge the largest |SMD| after adjustment.

    Args:
        balance: One row per covariate, with `covariate`, `smd_before`, `smd_after`; None where
            the study has no covariate.
        thresholds: `smd`.
        labels: French labels of the covariates, where they have one.

    Raises:
        DataError: A column of the balance table is missing.
    """
    if balance is None or balance.empty:
        return _unjudged(
            "L'équilibre des groupes ne peut être jugé : l'étude n'a pas de covariable."
        )
    missing = [c for c in COLUMNS if c not in balance]
    if missing:
        raise DataError(f"the balance table has no column {missing}; make it with balance_table")
    smd = balance["smd_after"].abs().to_numpy(dtype=np.float64)
    names = labelled(balance["covariate"], labels)
    if np.isnan(smd).all():
        return _unjudged("L'équilibre des groupes ne peut être jugé : aucune covariable ne varie.")
    value = float(np.nanmax(smd))
    over = [names[i] for i in np.argsort(-smd, kind="stable") if smd[i] > thresholds.smd]
    passed = not over
    still = [names[i] for i in np.flatnonzero(np.isnan(smd))]
    sentence = _sentence(value, over, balance, thresholds.smd) + _constant(still)
    return Check(
        "balance",
        QUESTION,
        None if passed and still else passed,
        value,
        thresholds.smd,
        french(sentence),
    )


def _sentence(value: float, over: list[str], balance: pd.DataFrame, limit: float) -> str:
    before = float(balance["smd_before"].abs().max())
    said = (
        f"Après ajustement, l'écart standardisé le plus grand est de {number(value, 2)} "
        f"(avant : {number(before, 2)} ; seuil : {number(limit, 2)})"
    )
    if not over:
        return f"{said} : les deux groupes se ressemblent sur ce qui est mesuré."
    more = f" et {plural(len(over) - NAMED, 'autre')}" if len(over) > NAMED else ""
    return f"{said} : les groupes diffèrent encore sur {', '.join(over[:NAMED])}{more}."


def _constant(names: list[str]) -> str:
    if not names:
        return ""
    return f" Sans variation dans un groupe, donc non jugé : {', '.join(names[:NAMED])}."


def _unjudged(sentence: str) -> Check:
    return Check("balance", QUESTION, None, None, None, french(sentence))
