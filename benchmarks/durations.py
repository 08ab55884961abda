"""Durations in months with late entry: the same table for everyone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.harness import Row, Way

if TYPE_CHECKING:
    from pathlib import Path

Job = Callable[[], list[float]]
HORIZON, AT = 60, (24, 48)


def write(folder: Path, n: int) -> None:
    """Write entries over a year, exits that depend on the first of five covariates."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(n, 5))
    entry = rng.integers(0, 12, n).astype(float)
    leaves = entry + 1 + np.floor(rng.exponential(20 * np.exp(-0.3 * X[:, 0])))
    end = np.minimum(leaves, float(HORIZON))
    event = (leaves <= HORIZON).astype(float)
    table = np.column_stack([entry, end, event, X])
    table.astype("<f8").T.tofile(folder / "durations.bin")


def read(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return entry, end, event and covariates."""
    table = np.fromfile(folder / "durations.bin", "<f8").reshape(8, -1)
    return table[0], table[1], table[2].astype(int), np.ascontiguousarray(table[3:].T)


def cox(folder: Path) -> Job:
    """Return the job of evalml."""
    from evalml.methods.cox import cox as fit_cox
    from evalml.methods.durations import Durations

    entry, end, event, X = read(folder)

    def work() -> list[float]:
        fit = fit_cox(Durations(entry, end, event), X)
        return [fit.beta[0], fit.std_error[0]]

    return work


def cox_statsmodels(folder: Path) -> Job:
    """Return the job of statsmodels."""
    import statsmodels.api as sm

    entry, end, event, X = read(folder)

    def work() -> list[float]:
        # It counts whoever enters in a month as at risk in it; a later entry within it does not.
        fit = sm.PHReg(end, X, status=event, entry=entry + 0.5, ties="efron").fit()
        return [fit.params[0], fit.bse[0]]

    return work


def cox_lifelines(folder: Path) -> Job:
    """Return the job of lifelines."""
    import pandas as pd
    from lifelines import CoxPHFitter

    entry, end, event, X = read(folder)
    frame = pd.DataFrame(X, columns=list("abcde")).assign(entry=entry, end=end, event=event)

    def work() -> list[float]:
        fit = CoxPHFitter().fit(frame, "end", "event", entry_col="entry")
        return [fit.params_["a"], fit.standard_errors_["a"]]

    return work


def kaplan_meier(folder: Path) -> Job:
    """Return the curve of evalml at two dates, its errors computed too."""
    from evalml.methods.durations import Durations
    from evalml.methods.survival import kaplan_meier as curve_of

    entry, end, event, _ = read(folder)

    def work() -> list[float]:
        curve = curve_of(Durations(entry, end, event))
        return list(curve.value[np.searchsorted(curve.times, AT, side="right") - 1])

    return work


def kaplan_meier_lifelines(folder: Path) -> Job:
    """Return the curve of lifelines at two dates."""
    from lifelines import KaplanMeierFitter

    entry, end, event, _ = read(folder)

    def work() -> list[float]:
        fit = KaplanMeierFitter().fit(end, event, entry=entry)
        return list(fit.predict(list(AT)))

    return work


SIZES = {"quick": 20_000, "full": 500_000}
DATA, UNIT = "benchmarks.durations:write", "persons"


def _way(name: str, job: str, package: str = "") -> Way:
    return Way(name, f"benchmarks.durations:{job}", package)


ROWS = (
    Row(
        "cox",
        "Cox regression with late entry, five covariates, 60 months, ties by Efron",
        DATA,
        UNIT,
        SIZES,
        (
            _way("evalml", "cox"),
            _way("statsmodels", "cox_statsmodels", "statsmodels"),
            _way("lifelines", "cox_lifelines", "lifelines"),
            Way("R survival", "peers.R:cox"),
        ),
        1e-5,
        "coefficient and standard error",
    ),
    Row(
        "kaplan_meier",
        "Kaplan-Meier with late entry",
        DATA,
        UNIT,
        SIZES,
        (
            _way("evalml", "kaplan_meier"),
            _way("lifelines", "kaplan_meier_lifelines", "lifelines"),
            Way("R survival", "peers.R:kaplan_meier"),
        ),
        1e-6,
        "share left after 24 and 48 months",
    ),
)
