"""Roll-outs on a panel of twenty periods: the same table for everyone."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.harness import Row, Way

if TYPE_CHECKING:
    from pathlib import Path

    from evalml.methods.panel import PanelColumns

Job = Callable[[], list[float]]
PERIODS = 20
KINDS = ("group", "calendar", "dynamic", "simple")


def write(folder: Path, units: int) -> None:
    """Write seven groups and one never treated, effects that grow, one covariate that matters."""
    rng = np.random.default_rng(0)
    g = rng.choice([0, 5, 7, 9, 11, 13, 15, 17], units)
    x = np.repeat(rng.normal(size=units), PERIODS)
    t, first = np.tile(np.arange(1, PERIODS + 1), units), np.repeat(g, PERIODS)
    noise = rng.normal(size=units * PERIODS)
    y = np.repeat(rng.normal(size=units), PERIODS) + 0.1 * t + 0.05 * x * t + noise
    y += np.where((first > 0) & (t >= first), 1 + 0.1 * (t - first), 0)
    unit = np.repeat(np.arange(units), PERIODS)
    columns = {"i": unit, "t": t, "y": y, "g": first, "x": x}
    np.savez(folder / "panel.npz", **columns)


def read(folder: Path) -> pd.DataFrame:
    """Return the panel, long."""
    with np.load(folder / "panel.npz") as found:
        return pd.DataFrame({name: found[name] for name in found})


def columns(*covariates: str) -> PanelColumns:
    """Return where evalml finds what."""
    from evalml.methods.panel import PanelColumns

    return PanelColumns("t", "y", "g", "i", covariates)


def group_time(folder: Path, *covariates: str) -> Job:
    """Return the job: every group and period, averaged in four ways."""
    from evalml.methods.callaway_santanna import callaway_santanna
    from evalml.methods.group_time import RolloutOptions, aggregate
    from evalml.methods.panel import read_panel

    table = read(folder)

    def work() -> list[float]:
        panel = read_panel(table, columns(*covariates))
        effects = callaway_santanna(panel, RolloutOptions("not_yet"))
        last = [aggregate(effects, kind) for kind in KINDS][-1]
        return [last.estimate[-1], last.std_error[-1]]

    return work


def group_time_adjusted(folder: Path) -> Job:
    """Return the job, doubly robust with a covariate."""
    return group_time(folder, "x")


def averaged(folder: Path, method: str, kind: str) -> Job:
    """Return the job of another method."""
    from evalml.methods.did import RolloutRequest, panel_averages
    from evalml.methods.group_time import RolloutOptions
    from evalml.methods.panel import read_panel

    table = read(folder)

    def work() -> list[float]:
        request = RolloutRequest(columns(), method, kind, RolloutOptions("not_yet"))
        averages = panel_averages(read_panel(table, columns()), request)
        return [averages.estimate[-1], averages.std_error[-1]]

    return work


def sun_abraham(folder: Path) -> Job:
    """Return the job of evalml, its standard error computed too."""
    work = averaged(folder, "sun_abraham", "dynamic")
    return lambda: work()[:1]


def imputation(folder: Path) -> Job:
    """Return the job of evalml."""
    return averaged(folder, "imputation", "simple")


def twfe(folder: Path) -> Job:
    """Return the job of evalml."""
    return averaged(folder, "twfe", "simple")


def csdid(folder: Path, formula: str = "1") -> Job:
    """Return the job of csdid."""
    from csdid.att_gt import ATTgt

    table = read(folder)

    def work() -> list[float]:
        with contextlib.redirect_stdout(io.StringIO()):
            names = {"yname": "y", "gname": "g", "idname": "i", "tname": "t"}
            fit = ATTgt(
                **names, xformla=f"y~{formula}", data=table, control_group="notyettreated"
            ).fit(est_method="dr", bstrap=False)
            for kind in KINDS:
                fit.aggte(kind, bstrap=False, cband=False)
        found = fit.atte
        return [float(np.ravel(found[name])[0]) for name in ("overall_att", "overall_se")]

    return work


def csdid_adjusted(folder: Path) -> Job:
    """Return the job of csdid with a covariate."""
    return csdid(folder, "x")


def moderndid(folder: Path, formula: str | None = None) -> Job:
    """Return the job of moderndid."""
    from moderndid import aggte, att_gt

    table = read(folder)

    def work() -> list[float]:
        fit = att_gt(
            data=table,
            yname="y",
            tname="t",
            idname="i",
            gname="g",
            xformla=formula,
            control_group="notyettreated",
            est_method="dr",
        )
        found = [aggte(fit, type=kind) for kind in KINDS][-1]
        return [float(found.overall_att), float(np.ravel(found.overall_se)[0])]

    return work


def diff_diff(folder: Path, covariates: list[str] | None = None) -> Job:
    """Return the job of diff-diff."""
    from diff_diff import CallawaySantAnna

    table = read(folder)

    def work() -> list[float]:
        fit = CallawaySantAnna(control_group="not_yet_treated", estimation_method="dr").fit(
            table,
            outcome="y",
            unit="i",
            time="t",
            first_treat="g",
            aggregate="all",
            covariates=covariates,
        )
        return [fit.overall_att, fit.overall_se]

    return work


def diff_diff_adjusted(folder: Path) -> Job:
    """Return the job of diff-diff with a covariate."""
    return diff_diff(folder, ["x"])


def diff_diff_imputation(folder: Path) -> Job:
    """Return the job of diff-diff."""
    from diff_diff import ImputationDiD

    table = read(folder)

    def work() -> list[float]:
        names = {"outcome": "y", "unit": "i", "time": "t", "first_treat": "g"}
        fit = ImputationDiD().fit(table, **names, aggregate="event_study")
        return [fit.overall_att, fit.overall_se]

    return work


def pyfixest_twfe(folder: Path) -> Job:
    """Return the job of pyfixest, compiled before it is timed."""
    import pyfixest as pf

    table = read(folder)
    table["d"] = ((table["g"] > 0) & (table["t"] >= table["g"])).astype(float)
    formula, cluster = "y ~ d | i + t", {"CRV1": "i"}
    pf.feols(formula, table.iloc[:2000], vcov=cluster)

    def work() -> list[float]:
        fit = pf.feols(formula, table, vcov=cluster)
        return [float(fit.coef()["d"]), float(fit.se()["d"])]

    return work


def diff_diff_sun_abraham(folder: Path) -> Job:
    """Return the job of diff-diff."""
    from diff_diff import SunAbraham

    table = read(folder)

    def work() -> list[float]:
        names = {"outcome": "y", "unit": "i", "time": "t", "first_treat": "g"}
        fit = SunAbraham(control_group="never_treated").fit(table, **names)
        after = [v["effect"] for k, v in fit.event_study_effects.items() if k >= 0]
        return [float(np.mean(after))]

    return work


SIZES = {"quick": 3_000, "full": 50_000}
DATA, UNIT = "benchmarks.rollout:write", "units of 20 periods"
BOTH = "effect and standard error"
HEAVY = 20_000


def _row(name: str, title: str, ways: tuple[Way, ...], tolerance: float, about: str = BOTH) -> Row:
    return Row(name, title, DATA, UNIT, SIZES, ways, tolerance, about)


def _way(name: str, job: str, package: str = "", **options: object) -> Way:
    return Way(name, f"benchmarks.rollout:{job}", package, **options)


ROWS = (
    _row(
        "callaway_santanna",
        "Callaway and Sant’Anna, not yet treated, four averages",
        (
            _way("evalml", "group_time"),
            _way("diff-diff", "diff_diff", "diff-diff"),
            _way("csdid", "csdid", "csdid"),
            _way("moderndid", "moderndid", "moderndid", limit=HEAVY, why="slower than csdid"),
        ),
        1e-6,
    ),
    _row(
        "callaway_santanna_dr",
        "Callaway and Sant’Anna, doubly robust with a covariate",
        (
            _way("evalml", "group_time_adjusted"),
            _way("diff-diff", "diff_diff_adjusted", "diff-diff"),
            _way("csdid", "csdid_adjusted", "csdid"),
        ),
        1e-5,
    ),
    _row(
        "imputation",
        "Imputation (Borusyak, Jaravel and Spiess)",
        (
            _way("evalml", "imputation"),
            _way("diff-diff", "diff_diff_imputation", "diff-diff"),
        ),
        1e-6,
    ),
    _row(
        "sun_abraham",
        "Sun and Abraham",
        (
            _way("evalml", "sun_abraham"),
            _way(
                "diff-diff",
                "diff_diff_sun_abraham",
                "diff-diff",
                limit=HEAVY,
                why="its memory grows faster than the data: 0.6 GB at 3 000 units",
            ),
        ),
        1e-6,
        "mean effect after adoption",
    ),
    _row(
        "twfe",
        "Two-way fixed effects, clustered",
        (_way("evalml", "twfe"), _way("pyfixest", "pyfixest_twfe", "pyfixest")),
        1e-3,
    ),
)
