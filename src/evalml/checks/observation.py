"""Are outcomes and the past observed alike in both arms, month by month?

Situations are declared to a counsellor: followed youths are observed more, and a gap between the
arms can by itself make an effect. Where most are lost, alike in both arms, those who are left say
little of the others either.

What both have in common is what they declared: if, characteristics being equal, the declared
employment of the linked differs from that of the others after time zero, being linked goes with
working, and the effect on the linked is no effect on all.

Adjusted arms whose past differs would have differed after too. All the months before time zero are
tested together (a Wald test, clusters few enough to count as degrees of freedom), for each outcome
the extract saw then; the months seen of few persons say little and are left out.

What the extract does not cover is unknown, not zero: the study goes on with a level of its own for
it, and these checks say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from scipy.special import stdtr, stdtrit

from evalml.checks.check import Check, ComparedArms
from evalml.checks.placebo import smallest_p
from evalml.checks.trends import wald_test
from evalml.comparison.arms import PAST
from evalml.comparison.balance import balance_table
from evalml.comparison.design import build_design
from evalml.effect.censored import seen_of
from evalml.effect.sample import take_rows
from evalml.errors import EstimationError
from evalml.methods.regression import prepare_solver, standardise
from evalml.months import first_day
from evalml.values import Count, Estimate, Interval, Month, Name, Names, Number, PValue, Share

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from evalml.arrays import BoolVector, HashVector, IntVector, Matrix, Vector
    from evalml.checks.check import Thresholds
    from evalml.comparison.arms import Trajectory
    from evalml.comparison.comparison import Comparison, DesignMatrix, Measure
    from evalml.values import Value, Values


def check_observation(
    measure: Measure,
    treated: BoolVector,
    thresholds: Thresholds,
    missing: Literal["complete", "ipcw", "bounds"] = "complete",
) -> Check:
    """Judge the share of persons whose outcome is known, and its difference between the arms.

    Only those whom the source could know count: a month it does not cover, or a person it is not
    linked to, is no loss (`check_linkage` judges the latter).

    `measure`: outcome; NaN where not observed; `thresholds`: `observation_gap`,
    `observation_level`, `weighted_level`; `missing`: what the study does of the unknown: weights
    need a smaller share known, and no equality; bounds need neither.
    """
    within, outcome = measure.within, Name("outcome", measure.key)
    known = [measure.known[within & arm] for arm in (treated, ~treated)]
    if not all(part.size for part in known):
        values: Values = {"outcome": outcome}
        return Check("observation", "empty", None, None, None, values, measure.key)
    seen = [known_share(part) for part in known]
    gap, least = abs(seen[0].value - seen[1].value), min(share.value for share in seen)
    limit = thresholds.observation_gap
    level = thresholds.weighted_level if missing == "ipcw" else thresholds.observation_level
    values = {
        "outcome": outcome,
        "treated": seen[0],
        "comparison": seen[1],
        "gap": Estimate(gap, "proportion", min(part.size for part in known)),
        "limit": Number(limit, 1, "points"),
        "level": Number(level, 0, "percent"),
    }
    if missing == "bounds" and gap + 1 - least > 0:
        return Check("observation", "bounded", None, gap, None, values, measure.key)
    if missing == "complete" and gap > limit:
        return Check("observation", "apart", False, gap, limit, values, measure.key)
    if least < level or least == 0:
        return Check("observation", "low", False, least, level, values, measure.key)
    finding = "weighted" if missing == "ipcw" and least < 1 else "alike"
    return Check("observation", finding, True, gap, limit, values, measure.key)


def known_share(known: BoolVector) -> Share:
    """Return the share of persons whose outcome is known, `known` of shape (n,)."""
    return Share(int(known.sum()), known.size, float(known.mean()))


SMALLEST = 0.02
"""Gap in declared employment below which being linked is not said to go with working."""


def check_linkage(
    comparison: Comparison,
    measure: Measure,
    declared: Trajectory | None,
    thresholds: Thresholds,
) -> Check | None:
    """Judge whether those linked may stand for all; None where everybody is linked.

    `measure`: outcome of the linked source, at its last horizon; `declared`: declared employment
    month by month, rows in the order of the comparison; `thresholds`: `observation_gap`,
    `gate_alpha`.
    """
    if measure.linked is None or measure.linked.all():
        return None
    linked, treated = measure.linked, comparison.treated
    shares = [known_share(linked[arm]) for arm in (treated, ~treated)]
    apart, limit = abs(shares[0].value - shares[1].value), thresholds.observation_gap
    n = min(comparison.n_treated, comparison.n_comparison)
    values: dict[str, Value] = {
        "outcome": Name("outcome", measure.outcome),
        "treated": shares[0],
        "comparison": shares[1],
        "apart": Estimate(apart, "proportion", n),
        "limit": Number(limit, 1, "points"),
    }
    name, key = "linkage", measure.outcome
    if not linked.any() or (apart > limit and _by_arm(comparison, linked) < thresholds.gate_alpha):
        return Check(name, "arms", False, apart, limit, values, key)
    design = _of_both(comparison, linked)
    table = balance_table(design, linked, None, "ate")
    size = table["smd_before"].abs().fillna(0).to_numpy()
    worst = str(table["covariate"].iloc[int(size.argmax())])
    values |= {"smd": Number(float(size.max()), 2), "worst": Name("covariate", worst)}
    found = None if declared is None else declared_gap(comparison, linked, declared, design)
    if found is None:
        return Check(name, "unverified", None, apart, limit, values, key)
    gap, p = found
    values |= {"gap": Estimate(gap, "proportion", n), "p": PValue(p)}
    selected = p < thresholds.gate_alpha and abs(gap) > SMALLEST
    finding = "selected" if selected else "alike"
    return Check(name, finding, not selected, abs(gap), SMALLEST, values, key)


def _by_arm(comparison: Comparison, linked: BoolVector) -> float:
    """Return the p-value of the same share linked in both arms, missions locales sampled whole."""
    everybody, same = np.ones(linked.size, dtype=bool), np.ones(linked.size)
    means, psi = _gap(linked.astype(np.float64), everybody, comparison.treated, same)
    covariance, df = _covariance(psi[None, :], comparison)
    error = float(np.sqrt(covariance[0, 0]))
    return 2 * float(stdtr(min(df, 1e6), -abs(means[0] - means[1]) / error)) if error > 0 else 0.0


def _of_both(comparison: Comparison, linked: BoolVector) -> DesignMatrix:
    """Return the covariates known of the linked and of the others."""
    frame = comparison.covariates
    known_of_both = [name for name in frame if not frame[name][~linked].isna().all()]
    return (
        build_design(frame[known_of_both])[0]
        if len(known_of_both) < frame.shape[1]
        else comparison.design
    )


def declared_gap(
    comparison: Comparison, linked: BoolVector, declared: Trajectory, design: DesignMatrix
) -> tuple[float, float] | None:
    """Return how the declared employment of the linked differs after time zero, and its p-value.

    The mean over the months declared after time zero, on being linked, the arm and the covariates
    by least squares; errors clustered like those of the effects.
    """
    after = declared.values[:, declared.months > 0].astype(np.float64)
    months = (~np.isnan(after)).sum(axis=1)
    known = months > 0
    if min(int((known & part).sum()) for part in (linked, ~linked)) < 30:  # noqa: PLR2004
        return None
    y = np.nansum(after[known], axis=1) / months[known]
    X = np.asarray(standardise(design.rows(known).columns).Z)
    treated = comparison.treated[known]
    return _coefficient(
        y,
        np.column_stack([linked[known].astype(float), treated.astype(float), X]),
        comparison.cluster[known] if comparison.cluster is not None else None,
        comparison.person[known],
    )


def _coefficient(
    y: Vector, X: Matrix, cluster: IntVector | None, person: HashVector
) -> tuple[float, float]:
    """Return the first coefficient of least squares and its clustered p-value."""
    solver = prepare_solver(X.T @ X)
    beta = solver.solve(X.T @ y)
    first = solver.solve(np.eye(X.shape[1])[:, 0])
    scores = (X @ first) * (y - X @ beta)
    codes = np.unique(person if cluster is None else cluster, return_inverse=True)[1]
    sums = np.bincount(codes, weights=scores)
    groups = sums.size
    error = float(np.sqrt(sums @ sums * groups / max(groups - 1, 1)))
    if not error > 0:
        return float(beta[0]), 1.0
    return float(beta[0]), 2 * float(stdtr(max(groups - 1, 1), -abs(beta[0]) / error))


FEWEST_KNOWN = 0.3
"""Share of each arm, among those linked, whose past must be known in a month to be tested."""
FEWEST_ROWS = 30
"""Rows of each arm that must be known then."""


@dataclass(frozen=True, slots=True, repr=False)
class Past:
    """Weighted gaps between the arms before time zero.

    Attributes:
        months: Months tested, shape (k,), negative.
        treated: Rate of the treated in each, shape (k,).
        comparison: Weighted rate of the comparison arm, shape (k,).
        covariance: Covariance of the gaps, shape (k, k).
        df: Degrees of freedom: clusters less one, infinite without clusters.
    """

    months: IntVector
    treated: Vector
    comparison: Vector
    covariance: Matrix
    df: float

    @property
    def gaps(self) -> Vector:
        """Treated less comparison, shape (k,)."""
        return self.treated - self.comparison

    @property
    def worst(self) -> int:
        """Place of the month with the largest gap."""
        return int(np.abs(self.gaps).argmax())

    @property
    def p_value(self) -> float:
        """P-value of no gap in any month.

        Where clusters are fewer than twice the months, their covariance says too little of all the
        months together: the largest gap counts, corrected for how many there are.
        """
        if self.df >= 2 * self.months.size:
            return wald_test(self.gaps, self.covariance, self.df)[2]
        errors = np.sqrt(np.diag(self.covariance))
        p_values: Vector = np.asarray(
            2 * stdtr(self.df, -np.abs(self.gaps) / errors), dtype=np.float64
        )
        correlation = self.covariance / np.outer(errors, errors)
        return smallest_p(p_values, 0.95 * correlation + 0.05 * np.eye(errors.size))

    def detectable(self, alpha: float, power: float) -> float:
        """Return the gap of one month that would be seen with a probability of `power`."""
        df = min(self.df, 1e6)
        reach = float(stdtrit(df, 1 - alpha / 2) + stdtrit(df, power))
        return reach * float(np.sqrt(np.diag(self.covariance)).max())


def check_past(
    comparison: Comparison,
    trajectory: Trajectory,
    weights: Vector,
    thresholds: Thresholds,
    key: str,
) -> Check:
    """Judge the weighted gaps between the arms before time zero.

    It fails where the months together differ from zero and one gap passes the threshold: a gap that
    only a large study sees does no harm. It is not judged where a gap of twice the threshold would
    not have been seen.

    `weights`: shape (n,): 1 for the treated, e / (1 - e) for the others; `thresholds`: `past_gap`,
    `gate_alpha`, `power`; `key`: outcome the check bears on; empty for all of them.
    """
    name, outcome = "past", Name("outcome", trajectory.outcome.name)
    past = past_gaps(comparison, trajectory, weights)
    if past is None:
        return Check(name, "none", None, None, None, {"outcome": outcome}, key)
    limit, worst = thresholds.past_gap, past.worst
    gap, p = float(past.gaps[worst]), past.p_value
    seen = past.detectable(thresholds.gate_alpha, thresholds.power)
    n = min(comparison.n_treated, comparison.n_comparison)
    values: Values = {
        "outcome": outcome,
        "n": Number(past.months.size),
        "p": PValue(p),
        "gap": Estimate(gap, trajectory.outcome.unit, n),
        "month": Number(float(-past.months[worst])),
        "limit": Number(limit, 1, "points"),
        "detectable": Estimate(seen, trajectory.outcome.unit, n),
    }
    apart = p < thresholds.gate_alpha and abs(gap) > limit
    vague = not apart and seen > 2 * limit
    finding = "apart" if apart else "vague" if vague else "alike"
    passed = None if vague else not apart
    return Check(name, finding, passed, abs(gap), limit, values, key)


def past_gaps(comparison: Comparison, trajectory: Trajectory, weights: Vector) -> Past | None:
    """Return the weighted gaps of one outcome before time zero.

    `trajectory`: the outcome month by month, rows in the order of the comparison; `weights`: shape
    (n,): 1 for the treated, e / (1 - e) for the others. The result: none where no month before time
    zero is known of enough rows, or the outcome never varies.
    """
    before = np.flatnonzero(trajectory.months < 0)
    any_known: BoolVector = (~np.isnan(trajectory.values)).sum(axis=1) > 0
    kept, rates, influence = [], [], []
    for place in before:
        y = trajectory.values[:, place].astype(np.float64)
        known = ~np.isnan(y)
        if not _enough(known, any_known, comparison.treated) or np.ptp(y[known]) == 0:
            continue
        means, psi = _gap(np.where(known, y, 0.0), known, comparison.treated, weights)
        kept.append(int(trajectory.months[place]))
        rates.append(means)
        influence.append(psi)
    if not kept:
        return None
    covariance, df = _covariance(np.array(influence), comparison)
    treated, others = np.array(rates).T
    return Past(np.array(kept), treated, others, covariance, df)


def _enough(known: BoolVector, any_known: BoolVector, treated: BoolVector) -> bool:
    arms = (known[any_known & treated], known[any_known & ~treated])
    return all(a.sum() >= FEWEST_ROWS and float(a.mean()) >= FEWEST_KNOWN for a in arms)


def _gap(
    y: Vector, known: BoolVector, treated: BoolVector, weights: Vector
) -> tuple[tuple[float, float], Vector]:
    """Return the rate of each arm and the influence of each row on their difference."""
    means, psi = [], np.zeros(y.size)
    for arm, sign in ((treated, 1.0), (~treated, -1.0)):
        w = np.where(arm & known, weights, 0.0)
        total = float(w.sum())
        mean = float(w @ y) / total if total > 0 else float("nan")
        psi += sign * w * (y - mean) / total
        means.append(mean)
    return (means[0], means[1]), psi


def _covariance(influence: Matrix, comparison: Comparison) -> tuple[Matrix, float]:
    """Sum influence by cluster, else by person."""
    codes, df = comparison.cluster, float("inf")
    if codes is None:
        codes = np.unique(comparison.person, return_inverse=True)[1]
    sums = np.array([np.bincount(codes, row) for row in influence])
    groups = max(int(np.unique(codes).size), 2)
    if comparison.cluster is not None:
        df = float(groups - 1)
    return sums @ sums.T * (groups / (groups - 1)), df


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


def check_declared_only(requested: str, observed: str) -> list[Check]:
    """Say that an outcome is evaluated as it is declared, for want of the linked source.

    Args:
        requested: Primary outcome of the study.
        observed: The one that the extract can observe.
    """
    if requested == observed:
        return []
    values: Values = {
        "asked": Name("outcome", requested),
        "outcome": Name("outcome", observed),
        "table": Name("table", "emploi_mensuel"),
    }
    return [Check("sources", "declared_only", False, None, None, values, gating=False)]


def past_checks(compared: ComparedArms) -> Iterator[Check]:
    """Judge the past of each outcome that is a share; that of the primary one bears on all."""
    arms, study, weights = compared.arms, compared.study, compared.weights
    if arms is None or study is None or weights is None:
        return
    for trajectory in arms.trajectories:
        outcome = trajectory.outcome
        if outcome.unit != "proportion":
            continue
        key = "" if outcome.name == study.primary.outcome else outcome.name
        yield check_past(arms.comparison, trajectory, weights, study.checks, key)


def linkage_checks(compared: ComparedArms) -> Iterator[Check]:
    """Judge the links of the last measure of each outcome."""
    arms = compared.arms
    if arms is None:
        return
    last = {measure.outcome: measure for measure in arms.comparison.measures}
    for measure in last.values():
        found = check_linkage(arms.comparison, measure, arms.declared, compared.thresholds)
        if found is not None:
            yield found


def lost_checks(compared: ComparedArms) -> Iterator[Check]:
    """Judge the weights of those whose outcome is known, where the study asks for weights."""
    if compared.arms is None or compared.missing != "ipcw":
        return
    for measure in compared.comparison.measures:
        if not measure.known.all():
            yield check_censoring_weights(compared.comparison, measure, compared.thresholds)


def bounded_checks(compared: ComparedArms) -> Iterator[Check]:
    """Judge whether bounds are narrow enough to say something, where the study asks for bounds."""
    if compared.arms is None:
        return
    limit = compared.thresholds.missing_bounds
    for e in compared.effects:
        if "bounds" not in e.details or e.subgroup or e.method != compared.method:
            continue
        low, high = e.details["bounds"]
        values: Values = {
            "bounds": Interval(low, high, e.unit, e.smallest_arm),
            "interval": Interval(e.ci_low, e.ci_high, e.unit, e.smallest_arm),
            "outcome": Name("outcome", e.key),
            "limit": Number(limit, 0, "points"),
        }
        passed = bool(high - low <= limit)
        finding = "narrow" if passed else "wide"
        yield Check("missing_bounds", finding, passed, high - low, limit, values, e.key)


def check_censoring_weights(
    comparison: Comparison, measure: Measure, thresholds: Thresholds
) -> Check:
    """Judge whether those whose outcome is known, once weighted, are like their whole arm.

    `thresholds`: `smd`.
    """
    name, outcome = "censoring_weights", Name("outcome", measure.key)
    covered = np.ones(measure.values.size, dtype=bool)
    covered = covered if measure.covered is None else measure.covered | measure.known
    try:
        sample = take_rows(comparison, covered)
        seen = seen_of(comparison, measure, sample)
    except EstimationError:
        return Check(name, "failed", False, None, None, {"outcome": outcome}, measure.key)
    limit, after = thresholds.smd, seen.worst
    place = int(seen.balance["smd_after"].abs().fillna(0).to_numpy().argmax())
    worst = seen.balance["covariate"].iloc[place]
    known = (seen.weight > 0) & sample.treated
    values: Values = {
        "outcome": outcome,
        "before": Number(seen.worst_before, 2),
        "after": Number(after, 2),
        "limit": Number(limit, 2),
        "worst": Name("covariate", str(worst)),
        "treated": Count(int(known.sum())),
        "worth": Count(round(seen.effective_size(sample.treated))),
    }
    passed = after <= limit
    finding = "balanced" if passed else "apart"
    return Check(name, finding, passed, after, limit, values, measure.key)


def crossover_checks(compared: ComparedArms) -> Iterator[Check]:
    """Return the share of the comparison who enter later, and the effect against never entering."""
    arms, study = compared.arms, compared.study
    if arms is None or study is None or arms.delay is None or not study.design.waits:
        return
    comparison, horizon = arms.comparison, study.primary.horizon
    if horizon is None:
        return
    waiting = ~comparison.treated
    later = arms.delay[waiting] <= horizon
    values: dict[str, Value] = {
        "share": Share(int(later.sum()), later.size, float(later.mean())),
        "months": Number(horizon),
    }
    wanted = (study.primary.outcome, horizon, "att_never")
    for e in compared.effects:
        if (e.outcome, e.horizon_months, e.estimand) == wanted and np.isfinite(e.estimate):
            values["effect"] = Estimate(e.estimate, e.unit, e.smallest_arm)
            values["interval"] = Interval(e.ci_low, e.ci_high, e.unit, e.smallest_arm)
    key = f"{study.primary.outcome}_m{horizon}"
    yield Check("crossover", "share", None, float(later.mean()), None, values, key, gating=False)
