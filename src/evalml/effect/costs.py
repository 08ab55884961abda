"""What a programme costs in allowances, and what it costs per month in employment it adds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.comparison.comparison import Measure
from evalml.effect.estimate import estimate_effects
from evalml.effect.sample import EstimationSettings
from evalml.errors import DataError
from evalml.methods.design_matrix import thin_products
from evalml.methods.variance import Ratio, covariance_from_sum, fieller
from evalml.results import RESULT_TABLES
from evalml.values import Message, Name, messages_text
from evalml.words import name_label, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import BoolVector, Vector
    from evalml.comparison.arms import Arms
    from evalml.comparison.comparison import Comparison
    from evalml.methods.effect import Effect

MAY_ADD_NONE = Message("costs.may_add_none")
LOSES_MONTHS = Message("costs.loses_months")
NO_SOURCE = Message("costs.no_source")
NOT_KNOWN = Message("costs.not_known")
SAME_FOR_ALL = Message("costs.same_for_all")
USUAL = EstimationSettings()
FEWEST = 10
"""Persons of each arm whose allowances and months must be known for a cost to be estimated."""
_SCALE = 500.0
"""Euros that weigh as much as a month in the sum whose variance gives the covariance."""


@dataclass(frozen=True, slots=True)
class Costs:
    """The two effects a cost per month is made of, and their ratio, at one horizon.

    Attributes:
        cost: Effect on allowances paid, in euros.
        months: Effect on months in employment.
        per_month: Their ratio.
    """

    cost: Effect
    months: Effect
    per_month: Ratio


def cost_per_month(
    comparison: Comparison,
    euros: Vector,
    months: Vector,
    method: str,
    settings: EstimationSettings = USUAL,
) -> Costs:
    """Estimate the cost of a month in employment added, with its Fieller interval.

    The covariance of the two effects comes from the effect on their sum, by the same method, folds
    and clusters: every method here that has clusters is linear in the outcome.

    `euros`: allowances paid, shape (n,); `months`: months in employment, shape (n,); NaN where
    unknown; `settings`: its options; the outcome regression is linear whatever they say.
    """
    known = ~np.isnan(months) & ~np.isnan(euros)
    columns = {"cout": euros, "mois": months, "somme": euros / _SCALE + months}
    measures = tuple(
        Measure(name, None, np.where(known, values, np.nan), unit, name)
        for (name, values), unit in zip(columns.items(), ("euros", "mois", ""), strict=True)
    )
    alone = replace(comparison, measures=measures, subgroups=comparison.subgroups[[]])
    cost, added, both = estimate_effects(
        alone, [method], settings=replace(settings, outcome_model="ols")
    )
    v_cost, v_months = (cost.std_error / _SCALE) ** 2, added.std_error**2
    v_both = covariance_from_sum(both.std_error**2, v_cost, v_months)
    critical = (added.ci_high - added.estimate) / added.std_error
    ratio = fieller(cost.estimate / _SCALE, added.estimate, v_cost, v_months, v_both, critical)
    in_euros = Ratio(*(_SCALE * x for x in (ratio.value, ratio.ci_low, ratio.ci_high)))
    return Costs(cost, added, in_euros)


@thin_products()
def costs_table(
    arms: Arms,
    paid: pd.DataFrame,
    method: str = "aipw",
    settings: EstimationSettings = USUAL,
) -> pd.DataFrame:
    """Return what the programme costs in allowances at each horizon, and per month it adds.

    Allowances of every programme count, in both arms, from the month of time zero to the horizon;
    months in employment from the month after. Nothing is protected or blinded yet.

    Args:
        arms: The two arms, with the trajectory of `emploi` (or the first employment outcome).
        paid: Allowances paid, one column per horizon, such as `compute_allowances` gives.
        method: Method of estimation.
        settings: Its options; the outcome regression is linear whatever they say.

    Returns:
        The table `costs`: `measure`, `label`, `horizon_months`, `method`, `value`, `ci_low`,
        `ci_high`, `unit`, `n_treated`, `n_comparison`, `largest_share` and `second_share` (of what
        those of the measure were paid, to the two who were paid most: entrants for `paid`, others
        for `paid_without`, whichever arm rests on fewer for the rest), `remark`, `words`.

    Raises:
        DataError: No employment is followed month by month, or the rows are not the arms'.

    A horizon whose allowances are unknown, or the same for all, has two rows without a value,
    whose remark says so.
    """
    if len(paid) != arms.comparison.treated.size:
        raise DataError(
            f"{len(paid)} rows of allowances for {arms.comparison.treated.size} of the arms; "
            "compute both from the same cohort"
        )
    worked = _months_worked(arms, [int(h) for h in paid.columns])
    rows: list[dict[str, Any]] = []
    for horizon, months in worked.items():
        euros = paid[horizon].to_numpy(dtype=np.float64)
        if not _known(euros, months, arms.comparison.treated):
            rows += _unknown(horizon, method, NOT_KNOWN)
            continue
        if np.ptp(euros[~np.isnan(euros) & ~np.isnan(months)]) == 0:
            rows += _unknown(horizon, method, SAME_FOR_ALL)
            continue
        found = cost_per_month(arms.comparison, euros, months, method, settings)
        rows += _rows(found, horizon, euros, arms.comparison.treated)
    rows.append({"measure": "support", "unit": "euros", "words": NO_SOURCE})
    table = pd.DataFrame(rows, columns=RESULT_TABLES["costs"].written)
    return table.assign(
        label=[name_label(Name("costs", name), "fr") for name in table["measure"]],
        method=table["method"].fillna(""),
        remark=[" ".join(render(each, "fr") for each in _said(words)) for words in table["words"]],
        words=[messages_text(_said(words)) for words in table["words"]],
    )


def _known(euros: Vector, months: Vector, treated: BoolVector) -> bool:
    known = ~np.isnan(euros) & ~np.isnan(months)
    return min(int(known[treated].sum()), int(known[~treated].sum())) >= FEWEST


def _unknown(horizon: int, method: str, why: Message) -> list[dict[str, Any]]:
    """Return the rows of a horizon whose allowances no source holds, or give no cost."""
    same = {"horizon_months": horizon, "method": method, "words": why}
    return [
        same | {"measure": "net_cost", "unit": "euros"},
        same | {"measure": "per_month", "unit": "euros par mois"},
    ]


def _said(words: object) -> list[Message]:
    return [words] if isinstance(words, Message) else []


def _months_worked(arms: Arms, horizons: Sequence[int]) -> dict[int, Vector]:
    """Return months in employment from the month after time zero to each horizon."""
    followed = [t for t in arms.trajectories if t.outcome.name in {"emploi", "emploi_declare"}]
    if not followed:
        raise DataError("costs need the outcome 'emploi': add it to 'outcomes' of the study")
    monthly = followed[0]
    found = {}
    for horizon in horizons:
        inside = (monthly.months >= 1) & (monthly.months <= horizon)
        found[horizon] = monthly.values[:, inside].astype(np.float64).sum(axis=1)
    return found


def largest_shares(paid: Vector) -> tuple[float, float]:
    """Return the shares of a sum that its two largest parts make, 0 where nothing is paid."""
    known = np.sort(paid[~np.isnan(paid)])[::-1]
    total = float(known.sum())
    shares = known[:2] / total if total else np.zeros(2)
    return float(shares[0]), float(shares[1])


def _rows(found: Costs, horizon: int, paid: Vector, treated: BoolVector) -> list[dict[str, Any]]:
    cost, months, ratio = found.cost, found.months, found.per_month
    ours, theirs = largest_shares(paid[treated]), largest_shares(paid[~treated])
    both = max(ours, theirs)
    same = {
        "horizon_months": horizon, "method": cost.method, "n_treated": cost.n_treated,
        "n_comparison": cost.n_comparison, "unit": "euros",
        "largest_share": both[0], "second_share": both[1],
    }  # fmt: skip
    own = {"largest_share": ours[0], "second_share": ours[1]}
    other = {"largest_share": theirs[0], "second_share": theirs[1]}
    gains = ratio.defined and months.estimate > 0
    words = None if gains else (LOSES_MONTHS if ratio.defined else MAY_ADD_NONE)
    shown = ratio if gains else Ratio(float("nan"), float("nan"), float("nan"))
    return [
        same | own | {"measure": "paid", "value": cost.mean_treated},
        same | other | {"measure": "paid_without", "value": cost.mean_comparison},
        same | {"measure": "net_cost"} | _interval(cost),
        same | {"measure": "months", "unit": "mois"} | _interval(months),
        same
        | {"measure": "per_month", "unit": "euros par mois", "words": words}
        | {"value": shown.value, "ci_low": shown.ci_low, "ci_high": shown.ci_high},
    ]


def _interval(effect: Effect) -> dict[str, float]:
    return {"value": effect.estimate, "ci_low": effect.ci_low, "ci_high": effect.ci_high}
