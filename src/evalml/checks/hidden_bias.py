"""How strong must hidden bias be to explain the effect away: the E-value, Rosenbaum's bounds.

E-value of VanderWeele and Ding (2017), https://doi.org/10.7326/M16-2607. For a difference of
proportions, the bound of Ding and VanderWeele (2016), https://doi.org/10.1097/EDE.0000000000000457:
a bias factor B leaves at least p1 - B p0, which is zero at B = p1 / p0, and whose lower confidence
limit is zero at Fieller's limit of p1 / p0.

Bounds of Rosenbaum (2002), Observational Studies, 2nd ed., section 4.3: within a matched pair the
odds of entering differ at most by a factor Gamma, so the treated person has the larger outcome with
probability at most Gamma / (1 + Gamma).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize
from scipy.special import bdtrc, ndtr, ndtri

from evalml.checks.check import Check, CheckKind, PrimaryEffect, declare
from evalml.effect.methods import fit_shared
from evalml.effect.sample import settings_of, take_rows
from evalml.errors import EstimationError
from evalml.values import Count, Number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from evalml.arrays import Vector
    from evalml.checks.check import Thresholds
    from evalml.methods.effect import Effect
    from evalml.values import Values


LOG_RISK_PER_SD = 0.91
"""log(risk ratio) per standard deviation of a continuous outcome (VanderWeele 2017)."""


def e_value(risk_ratio: float) -> float:
    """Return the E-value of a risk ratio; below one it is turned over first.

    Raises:
        EstimationError: The risk ratio is not positive.
    """
    if not np.isfinite(risk_ratio) or risk_ratio <= 0:
        raise EstimationError(
            f"a risk ratio of {risk_ratio} has no E-value; both risks must be > 0"
        )
    rr = max(risk_ratio, 1 / risk_ratio)
    return float(rr + np.sqrt(rr * (rr - 1)))


def limit_e_value(low: float, high: float) -> float:
    """Return the E-value of the limit nearest to one of an interval of risk ratios."""
    if low <= 1 <= high:
        return 1.0
    return e_value(low if low > 1 else high)


def fieller_limit(p1: float, p0: float, v1: float, v0: float, z: float) -> float:
    """Return the lower limit of p1 / p0: the B at which p1 - B p0 is z standard errors above 0.

    The result: the limit, at least one.
    """
    if p1 - p0 <= z * np.sqrt(v1 + v0):
        return 1.0
    a, b, c = p0**2 - z**2 * v0, p1 * p0, p1**2 - z**2 * v1
    if abs(a) < np.finfo(float).tiny:
        return max(c / (2 * b), 1.0)
    root = np.sqrt(max(b**2 - a * c, 0.0))
    return max(float((b - root) / a), 1.0)


def risk_difference_e_values(
    p1: float, p0: float, std_error: float, n1: int, alpha: float = 0.05
) -> tuple[float, float]:
    """Return the E-values of a difference of proportions and of its confidence limit.

    `std_error`: standard error of p1 - p0; `n1`: treated persons: p1 (1 - p1) / n1 of the variance
    is due to p1, the rest to p0.
    """
    z = float(ndtri(1 - alpha / 2))
    v1 = min(p1 * (1 - p1) / n1, std_error**2)
    v0 = std_error**2 - v1
    if p1 >= p0:
        return e_value(p1 / p0), e_value(fieller_limit(p1, p0, v1, v0, z))
    return e_value(p1 / p0), e_value(fieller_limit(p0, p1, v0, v1, z))


def mean_difference_e_values(
    estimate: float, std_error: float, sd: float, alpha: float = 0.05
) -> tuple[float, float]:
    """Return the E-values of a difference of means and of its limit, by RR = exp(0.91 d)."""
    d = LOG_RISK_PER_SD * estimate / sd
    half = float(ndtri(1 - alpha / 2)) * LOG_RISK_PER_SD * std_error / sd
    low, high = np.exp(d - half), np.exp(d + half)
    return e_value(float(np.exp(d))), limit_e_value(float(low), float(high))


def check_e_value(effect: Effect, thresholds: Thresholds, sd: float | None = None) -> Check:
    """Tell the E-value of an effect and of its confidence limit.

    `effect`: a difference of proportions, or of means if `sd` is given; `thresholds`: `e_value`,
    `alpha`; `sd`: standard deviation of the outcome, for a difference of means.
    """
    if not np.isfinite([effect.estimate, effect.std_error]).all() or effect.std_error <= 0:
        return _unjudged("no_error", effect.key)
    if sd is not None:
        if sd <= 0:
            return _unjudged("constant", effect.key)
        point, limit = mean_difference_e_values(
            effect.estimate, effect.std_error, sd, thresholds.alpha
        )
    elif effect.unit != "proportion" or min(effect.mean_treated, effect.mean_comparison) <= 0:
        return _unjudged("no_ratio", effect.key)
    else:
        point, limit = risk_difference_e_values(
            effect.mean_treated,
            effect.mean_comparison,
            effect.std_error,
            effect.n_treated,
            thresholds.alpha,
        )
    return _judged_e_value(point, limit, effect.key, thresholds.e_value)


def _judged_e_value(point: float, limit: float, key: str, minimum: float) -> Check:
    nothing = limit <= 1
    passed = None if nothing else limit >= minimum
    values: Values = {"point": Number(point, 2), "limit": Number(limit, 2)}
    finding = "nothing" if nothing else "strength"
    return Check("e_value", finding, passed, limit, minimum, values, key, gating=False)


def _unjudged(finding: str, key: str) -> Check:
    return Check("e_value", finding, None, None, None, {}, key, gating=False)


ROSENBAUM = "rosenbaum"
LARGEST_GAMMA = 100.0
"""Beyond it the search stops: no hidden factor is that strong."""


def sign_bound(differences: Vector, gamma: float) -> float:
    """Return the largest one-sided p-value of McNemar's test at `gamma`.

    `differences`: treated minus comparison, -1, 0 or 1 by pair, shape (pairs,); `gamma`: bound on
    the odds ratio of treatment within a pair, at least 1.
    """
    discordant, favourable = int((differences != 0).sum()), int((differences > 0).sum())
    if not favourable:
        return 1.0
    return float(bdtrc(favourable - 1, discordant, gamma / (1 + gamma)))


def signed_rank_bound(differences: Vector, gamma: float) -> float:
    """Return the largest one-sided p-value of Wilcoxon's signed-rank test at `gamma`.

    Pairs without a difference are ranked and then count for neither side, ties share their average
    rank, normal approximation without continuity correction.

    `differences`: treated minus comparison, by pair, shape (pairs,); `gamma`: bound on the odds
    ratio of treatment within a pair.
    """
    from scipy.stats import rankdata

    differ = differences != 0
    ranks, kept = rankdata(np.abs(differences))[differ], differences[differ]
    p = gamma / (1 + gamma)
    deviate = (ranks[kept > 0].sum() - p * ranks.sum()) / np.sqrt(p * (1 - p) * (ranks @ ranks))
    return float(ndtr(-deviate))


def critical_gamma(bound: Callable[[float], float], alpha: float) -> float:
    """Return the largest Gamma at which the p-value stays at or under `alpha` (1 if none)."""
    if bound(1.0) > alpha:
        return 1.0
    if bound(LARGEST_GAMMA) <= alpha:
        return LARGEST_GAMMA
    return float(optimize.brentq(lambda g: bound(g) - alpha, 1.0, LARGEST_GAMMA, xtol=1e-10))


def rosenbaum_gamma(differences: Vector, alpha: float = 0.05) -> float:
    """Return the Gamma at which a matched effect stops being significant.

    McNemar's test for outcomes of 0 and 1, else the signed-rank test, in the direction of the mean
    difference and at level alpha / 2 on that side.

    Args:
        differences: Treated minus comparison, by pair, shape (pairs,).
        alpha: Level of the two-sided test.
    """
    if not differences.any():
        return 1.0
    side = differences if differences.mean() >= 0 else -differences
    test = sign_bound if np.isin(np.abs(side), (0.0, 1.0)).all() else signed_rank_bound
    return critical_gamma(lambda gamma: test(side, gamma), alpha / 2)


def judge_pairs(subject: PrimaryEffect) -> Iterator[Check]:
    """Tell Rosenbaum's Gamma of a primary effect by matching.

    `subject`: the primary effect; the bounds are those of pairs: one partner each, once.
    """
    study, key, limits = subject.study, subject.effect.key, subject.study.checks
    if study.primary.method != "match":
        return
    settings = settings_of(study, "match")
    if settings.match.replace or settings.match.k > 1 or settings.estimand != "att":
        yield Check(ROSENBAUM, "no_pairs", None, None, None, {}, key, gating=False)
        return
    y = subject.comparison.measure(key).values
    sample = take_rows(subject.comparison, ~np.isnan(y), settings.match.exact)
    pairing = fit_shared(sample, ["match"], settings).pairing
    assert pairing is not None  # noqa: S101 - fit_shared fits what the method needs
    kept, known = pairing.matches.matched & sample.treated, y[sample.rows]
    gaps = np.round(known[kept] - pairing.matches.partner_mean(known)[kept], 9)
    gamma, least = rosenbaum_gamma(gaps, limits.alpha), limits.rosenbaum_gamma
    passed = None if gamma <= 1 else gamma >= least
    values: Values = {"pairs": Count(gaps.size), "gamma": Number(gamma, 2)}
    finding = "nothing" if gamma <= 1 else "strength"
    yield Check(ROSENBAUM, finding, passed, gamma, least, values, key, gating=False)


declare(
    CheckKind(
        name=ROSENBAUM,
        fr="Quel biais caché à l’intérieur des paires ferait douter de l’effet ?",
        en="What hidden bias within the pairs would put the effect in doubt?",
        findings={
            "no_pairs": (
                (
                    "Les bornes de Rosenbaum demandent des paires : un seul partenaire, qui ne "
                    "sert qu’une fois (`method_settings.match.replace`)."
                ),
                (
                    "Rosenbaum’s bounds need pairs: one partner, who serves once only "
                    "(`method_settings.match.replace`)."
                ),
            ),
            "nothing": (
                (
                    "Sur {pairs:paire|paires}, l’effet n’est pas significatif même sans biais "
                    "caché : il n’y a rien à mettre en doute."
                ),
                (
                    "Over {pairs:pair|pairs}, the effect is not significant even without hidden "
                    "bias: there is nothing to put in doubt."
                ),
            ),
            "strength": (
                (
                    "Sur {pairs:paire|paires}, l’effet reste significatif tant qu’aucun facteur "
                    "caché ne multiplie par plus de {gamma} les chances d’entrer de l’un des deux."
                ),
                (
                    "Over {pairs:pair|pairs}, the effect stays significant as long as no hidden "
                    "factor multiplies the odds of entering of one of the two by more than {gamma}."
                ),
            ),
        },
        judge=judge_pairs,
    )
)
