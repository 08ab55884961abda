"""Do the two groups look alike once adjusted?

Largest absolute standardised mean difference after adjustment (Austin 2009,
https://doi.org/10.1002/sim.3697, who takes 0.1 as negligible).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.errors import DataError
from evalml.values import Number, names

if TYPE_CHECKING:
    import pandas as pd

    from evalml.checks.thresholds import Thresholds
    from evalml.values import Value

COLUMNS = ("covariate", "smd_before", "smd_after")


def check_balance(balance: pd.DataFrame | None, thresholds: Thresholds) -> Check:
    """Judge the largest |SMD| after adjustment.

    Args:
        balance: One row per covariate, with `covariate`, `smd_before`, `smd_after`; None where
            the study has no covariate.
        thresholds: `smd`.

    Raises:
        DataError: A column of the balance table is missing.
    """
    if balance is None or balance.empty:
        return _unjudged("no_covariate")
    missing = [c for c in COLUMNS if c not in balance]
    if missing:
        raise DataError(f"the balance table has no column {missing}; make it with balance_table")
    smd = balance["smd_after"].abs().to_numpy(dtype=np.float64)
    covariates = balance["covariate"].to_numpy()
    if np.isnan(smd).all():
        return _unjudged("no_variation")
    value, limit = float(np.nanmax(smd)), thresholds.smd
    over = [covariates[i] for i in np.argsort(-smd, kind="stable") if smd[i] > limit]
    constant = covariates[np.isnan(smd)]
    values: dict[str, Value] = {
        "after": Number(value, 2),
        "before": Number(float(balance["smd_before"].abs().max()), 2),
        "limit": Number(limit, 2),
    }
    if over:
        values["over"] = names("covariate", over)
    if constant.size:
        values["constant"] = names("covariate", constant)
    passed = None if constant.size and not over else not over
    return Check("balance", "over" if over else "alike", passed, value, limit, values)


def _unjudged(finding: str) -> Check:
    return Check("balance", finding, None, None, None, {})
