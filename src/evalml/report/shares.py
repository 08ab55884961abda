"""Shares that say no more than the count they stand beside.

A share with three decimals times its count is a whole number of persons: twenty shares of one
population tell its size to the person, whatever count is printed beside them. So a share beside a
count which is not its own is written on a grid no finer than one person, and a share of a
population that has left already is written as it left, unless it moved by the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.report.cells import round_values
from evalml.report.results import Frames, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.arrays import Vector
    from evalml.report.disclosure import Rule
    from evalml.report.register import Anchors

LADDER = np.array([m * 10.0**-e for e in range(6, 0, -1) for m in (1, 2, 5)] + [1.0])
"""Steps a share may be written in: 1, 2 or 5 times a power of ten."""

COUNTED = ("proportion", "months", "days", "acts", "hours", "count")
"""Units whose mean times the number of persons is a whole number."""

ENDS = ("ci_low", "ci_high")

NEAR = 0.05
"""How near the formula of a plain share a standard error is to be taken for it.

The threshold over the count comes on top: the true count and share are a little off those shown.
"""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The shares of the cells of a study: those that have left, and those that leave now.

    Attributes:
        study: What makes two populations the same.
        left: Shares that have left, by cell.
        rule: What the owner of the data asks.
        leaving: Shares of this release, by cell.
    """

    study: str
    left: Anchors
    rule: Rule
    leaving: dict[str, set[float]] = field(default_factory=dict)

    def hold(self, cell: str, share: float, n: float) -> float:
        """Return the share to show in a cell, and remember it.

        One that left beside the same count is shown again, unless its persons moved by the
        threshold.
        """
        if not (np.isfinite(share) and np.isfinite(n)):
            return share
        scope = f"{self.study}|share|{cell}|n={n:.0f}"
        left = self.left.setdefault(scope, [])
        near = [one for one in left if abs(one - share) * n < self.rule.threshold]
        shown = near[0] if near else float(share)
        if not near:
            left.append(shown)
        self.leaving.setdefault(scope, set()).add(shown)
        return shown

    def rows(self, release: str) -> list[tuple[Any, ...]]:
        """Return what leaves as rows of the register."""
        return [
            (release, scope, "shares", "", "share", value)
            for scope, values in sorted(self.leaving.items())
            for value in sorted(values)
        ]


def step_of(n: Vector, threshold: int) -> Vector:
    """Return the step in which a mean of `n` persons is written so that it does not tell `n`.

    Every number of persons from `n` less the threshold can make every multiple of 1 / (n - t).

    Args:
        n: Persons as shown, shape (k,).
        threshold: Smallest count that may be shown.
    """
    need = 1.0 / np.maximum(n - threshold + 1, 1.0)
    place = np.searchsorted(LADDER, need - 1e-12)
    return np.asarray(LADDER[np.minimum(place, len(LADDER) - 1)])


def on_grid(share: Vector, n: Vector, rule: Rule) -> Vector:
    """Return shares on the grid of their population, never finer than the decimals of the rule."""
    step = np.maximum(step_of(n, rule.threshold), 10.0**-rule.digits)
    return np.asarray(np.round(np.round(share / step) * step, 6))


def rounded(share: pd.Series, rule: Rule) -> Vector:
    """Return shares as an ordinary release writes them."""
    return round_values(share, rule.digits).to_numpy("float64")


def settle_shares(before: Frames, after: Frames, ledger: Ledger) -> Frames:
    """Return the tables with shares that fit the counts shown; the ledger keeps what leaves.

    Args:
        before: Tables before their counts were differenced.
        after: The same tables after.
        ledger: Shares that have left.
    """
    done, rule = dict(after), ledger.rule
    for name in ("effects", "secondary"):
        if len(after[name]):
            done[name] = settle_effects(before[name], after[name], ledger)
    if len(after["trajectories"]):
        done["trajectories"] = settle_curves(after["trajectories"], ledger)
    moved = moved_arms(before["effects"], done["effects"])
    if any(moved.values()):
        done["balance"] = settle_balance(after["balance"], moved, rule)
        done["checks"] = settle_checks(after["checks"], moved, rule)
    if len(after["observation"]):
        done["observation"] = settle_observation(before["observation"], after["observation"], rule)
    return done


def settle_effects(before: pd.DataFrame, after: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Return effects whose arm means fit the counts shown; the estimate moves with them.

    The mean of the treated arm is a plain share under every method, that of the comparison arm
    under the plain difference only.
    """
    table, rule = after, ledger.rule
    for arm, sign in (("treated", 1.0), ("comparison", -1.0)):
        n_before, n = (frame[f"n_{arm}"].to_numpy("float64") for frame in (before, after))
        plain = after["unit"].isin(COUNTED).to_numpy()
        if arm == "comparison":
            plain = plain & (after["method"] == "diff").to_numpy()
        told = rounded(after[f"mean_{arm}"], rule)
        shown = np.where(n_before == n, told, on_grid(told, n, rule))
        cells = [f"{arm}|{effect_cell(row)}" for row in rows_of(after)]
        held = [
            ledger.hold(cell, one, many) if counted else one
            for cell, one, many, counted in zip(cells, shown, n, plain, strict=True)
        ]
        shift = np.where(plain, np.array(held) - told, 0.0)
        table = shifted(table, shift * sign, f"mean_{arm}", np.where(plain, held, told))
        table = spread(table, n_before, n)
    return table


def effect_cell(row: Any) -> str:
    """Return what tells the population and the outcome of an effect: analysis, outcome, group."""
    horizon = "" if pd.isna(row.horizon_months) else f"{float(row.horizon_months):.0f}"
    group = f"{row.subgroup}={row.subgroup_value}" if row.subgroup else ""
    return f"{row.outcome}|{horizon}|{group}|{getattr(row, 'analysis', '')}"


def shifted(table: pd.DataFrame, shift: Vector, mean: str, shown: Vector) -> pd.DataFrame:
    """Return effects moved by `shift`, with the mean of one arm as it is shown."""
    moved = {c: table[c].astype("float64") + shift for c in ("estimate", "ci_low", "ci_high")}
    return table.assign(**moved, **{mean: shown})


def spread(table: pd.DataFrame, before: Vector, after: Vector) -> pd.DataFrame:
    """Return effects whose standard error is that of the count shown, where the count moved."""
    ratio = np.where((before == after) | ~(after > 0), 1.0, np.sqrt(before / after))
    middle = table["estimate"].astype("float64")
    ends = {c: middle + (table[c].astype("float64") - middle) * ratio for c in ENDS}
    return table.assign(std_error=table["std_error"].astype("float64") * ratio, **ends)


def settle_curves(curves: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Return curves on the grid of their count, which is held from month to month.

    The weighted comparison is on the grid of the treated arm: where the weights make the two alike
    it would tell the share of the treated.
    """
    n = curves["n_at_risk"].to_numpy("float64")
    months = [curves["outcome"], curves["month"]]
    treated = curves["n_at_risk"].where(curves["arm"] == "treated").groupby(months).transform("max")
    least = np.fmin(n, treated.to_numpy("float64"))
    weighted = (curves["arm"] == "comparison").to_numpy()
    told = {}
    for column, size in (("rate", np.where(weighted, least, n)), ("share_unobserved", n)):
        grid = on_grid(curves[column].to_numpy("float64"), size, ledger.rule)
        cells = [f"{row.arm}|{row.outcome}|{row.month}|{column}" for row in rows_of(curves)]
        held = [
            one if other and column == "rate" else ledger.hold(cell, one, many)
            for cell, one, many, other in zip(cells, grid, n, weighted, strict=True)
        ]
        told[column] = held
    share, error = np.array(told["rate"]), curves["std_error"].to_numpy("float64")
    error = plain_error(share, n, error, ledger.rule.threshold)
    return curves.assign(**told, std_error=error)


def plain_error(share: Vector, n: Vector, error: Vector, threshold: int) -> Vector:
    """Return standard errors; one that is the formula of a plain share is that of the count shown.

    sqrt(p (1 - p) / n) with n as printed: the error would tell the true n otherwise.
    """
    inside = (share > 0) & (share < 1) & (n > 0)
    formula = np.sqrt(np.where(inside, share * (1 - share), np.nan) / np.where(n > 0, n, np.nan))
    with np.errstate(invalid="ignore"):
        alike = np.abs(error / formula - 1) < NEAR + threshold / n
    return np.where(alike, formula, error)


def moved_arms(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, float]:
    """Return the count shown of each arm that moved in the whole population, 0 where it did not."""
    whole = (before["subgroup"] == "") if len(before) else pd.Series(dtype="bool")
    sizes = {}
    for arm in ("treated", "comparison"):
        one, two = (frame[whole][f"n_{arm}"].to_numpy("float64") for frame in (before, after))
        moved = two[(one != two) & np.isfinite(two)]
        sizes[arm] = float(moved.min()) if len(moved) else 0.0
    return sizes


def settle_balance(balance: pd.DataFrame, moved: Mapping[str, float], rule: Rule) -> pd.DataFrame:
    """Return the balance on the grid of the arms that moved; differences move with the means."""
    if not len(balance):
        return balance
    gap = (balance["mean_treated"] - balance["mean_comparison_before"]).astype("float64")
    spread_of = gap / balance["smd_before"].astype("float64").replace(0.0, np.nan)
    columns = {"mean_treated": "treated", "mean_comparison_before": "comparison"}
    columns["mean_comparison_after"] = "treated"
    table = balance
    for column, arm in columns.items():
        if moved[arm]:
            size = np.full(len(balance), moved[arm])
            table = table.assign(**{column: on_grid(rounded(balance[column], rule), size, rule)})
    for column, other in (("smd_before", "before"), ("smd_after", "after")):
        now = (table["mean_treated"] - table[f"mean_comparison_{other}"]).astype("float64")
        table = table.assign(**{column: (now / spread_of).fillna(balance[column])})
    return table


def settle_observation(before: pd.DataFrame, after: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """Return how each arm is observed, on the grid of a count that moved."""
    n = after["n"].to_numpy("float64")
    told = rounded(after["value"], rule)
    same = before["n"].to_numpy("float64") == n
    return after.assign(value=np.where(same, told, on_grid(told, n, rule)))


def settle_checks(checks: pd.DataFrame, moved: Mapping[str, float], rule: Rule) -> pd.DataFrame:
    """Return the checks without their figures where the arms are too small for them.

    Their sentences tell shares of both arms: they stay when a point is less than a person.
    """
    least = min(size for size in moved.values() if size)
    if step_of(np.array([least]), rule.threshold)[0] <= 10.0**-rule.digits:
        return checks
    return checks.assign(sentence=WITHHELD, value=np.nan)


WITHHELD = "Constat retenu : une diffusion voisine existe déjà."
