"""Do effects stand once we count how many were looked at, and do subgroups differ?

Wald test that the effects are equal; with independent subgroups it is Cochran's Q (1954). Holm
(1979) by statsmodels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from evalml.checks.check import Check, CheckKind, PrimaryEffect, declare
from evalml.errors import DataError
from evalml.values import Estimate, Name, Number, PValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evalml.arrays import Matrix, Vector
    from evalml.checks.check import Thresholds
    from evalml.methods.effect import Effect
    from evalml.values import Values

FEWEST = 2


def interaction_test(estimates: Vector, covariance: Matrix) -> tuple[float, int, float]:
    """Return statistic, degrees of freedom and p-value of equal effects.

    `estimates`: effects by subgroup, shape (k,); `covariance`: their covariance, shape (k, k);
    diagonal for separate persons and clusters.
    """
    k = estimates.size
    if k < FEWEST or covariance.shape != (k, k):
        raise DataError("an interaction test needs two subgroups or more, and their covariance")
    contrast = np.column_stack([-np.ones(k - 1), np.eye(k - 1)])
    gaps = contrast @ estimates
    statistic = float(gaps @ np.linalg.solve(contrast @ covariance @ contrast.T, gaps))
    return statistic, k - 1, float(chdtrc(k - 1, statistic))


def check_interaction(
    effects: Sequence[Effect], thresholds: Thresholds, covariance: Matrix | None = None
) -> Check:
    """Tell whether the effects of one subgroup variable differ; for information.

    `effects`: effects on one outcome, one per value of the variable; `thresholds`: `alpha`;
    `covariance`: covariance of the estimates; independent subgroups where None.
    """
    if len({(e.key, e.method, e.subgroup) for e in effects}) != 1:
        raise DataError("give the effects of one outcome, one method and one subgroup variable")
    first, name = effects[0], "interaction"
    variable = Name("covariate", first.subgroup)
    usable = [e for e in effects if np.isfinite(e.std_error) and e.std_error > 0]
    if len(usable) < FEWEST or len(usable) < len(effects):
        unjudged: Values = {"variable": variable}
        return Check(name, "no_error", None, None, None, unjudged, first.key, gating=False)
    estimates = np.array([e.estimate for e in usable])
    errors = np.array([e.std_error for e in usable])
    V = np.diag(errors**2) if covariance is None else covariance
    _, _, p = interaction_test(estimates, V)
    low, high = usable[int(estimates.argmin())], usable[int(estimates.argmax())]
    values: Values = {
        "variable": variable,
        "low": Estimate(low.estimate, low.unit, low.smallest_arm),
        "low_level": _level(low),
        "high": Estimate(high.estimate, high.unit, high.smallest_arm),
        "high_level": _level(high),
        "p": PValue(p),
    }
    finding = "differ" if p <= thresholds.alpha else "same"
    return Check(name, finding, None, p, thresholds.alpha, values, first.key, gating=False)


def _level(effect: Effect) -> Name:
    return Name("level", f"{effect.subgroup}={effect.subgroup_value}")


def subgroup_covariance(effects: Sequence[Effect]) -> Matrix | None:
    """Return the covariance of effects by subgroup: two that share clusters are not independent.

    `effects`: effects on one outcome, one per value of one subgroup variable. The result: shape (k,
    k), its diagonal being the variances of the effects; None where the effects hold no influence by
    cluster.
    """
    sums = [e.influence for e in effects if e.influence is not None]
    if len(sums) < len(effects):
        return None
    most = max(one.size for one in sums)
    by_cluster = np.column_stack([np.pad(one, (0, most - one.size)) for one in sums])
    V = by_cluster.T @ by_cluster
    scale = np.array([e.std_error for e in effects]) / np.sqrt(np.diag(V))
    return np.asarray(V * np.outer(scale, scale))


def shown(effects: Sequence[Effect], fewest: int) -> list[Effect]:
    """Return the effects of the subgroups of one variable that have an error and may be shown.

    A single one that may not would be found by subtraction: the smallest of the others goes too,
    as in the table of effects (`report/protect.py`).
    """
    gone = [small(e, fewest) for e in effects]
    if sum(gone) == 1:
        others = [place for place, each in enumerate(gone) if not each]
        gone[min(others, key=lambda place: effects[place].n_treated, default=0)] = True
    return [e for e, each in zip(effects, gone, strict=True) if not each and e.std_error > 0]


def small(effect: Effect, fewest: int) -> bool:
    """Return whether too few persons are in an arm, or too few have the outcome or lack it."""
    arms = (effect.n_treated, effect.mean_treated), (effect.n_comparison, effect.mean_comparison)
    counts = [n for n, _ in arms]
    for n, share in arms if effect.unit == "proportion" else ():
        part = round(n * share) if np.isfinite(share) else 0
        counts += [part, n - part] if 0 <= part <= n else []
    return any(0 < count < fewest for count in counts)


def judge_subgroups(subject: PrimaryEffect) -> Iterator[Check]:
    """Tell, for each subgroup variable, whether the primary effect differs between its values."""
    limits, primary = subject.study.checks, subject.effect
    parts = [e for e in subject.effects if e.subgroup and e.key == primary.key]
    for variable in subject.study.subgroups:
        family = [e for e in parts if (e.subgroup, e.method) == (variable, primary.method)]
        family = shown(family, limits.minimum_count)
        V = subgroup_covariance(family) if len(family) >= FEWEST else None
        clustered = subject.comparison.cluster is not None
        if len(family) >= FEWEST and (V is not None or not clustered):
            yield check_interaction(family, limits, V)


def judge_family(subject: PrimaryEffect) -> Iterator[Check]:
    """Count the subgroups whose effect stays significant once their number is counted (Holm)."""
    limits, primary = subject.study.checks, subject.effect
    parts = [e for e in subject.effects if e.subgroup and e.key == primary.key]
    families = [[e for e in parts if (e.subgroup, e.method) == (variable, primary.method)]
                for variable in subject.study.subgroups]  # fmt: skip
    family = [e for each in families for e in shown(each, limits.minimum_count)]
    if len(family) >= FEWEST:
        yield check_multiplicity(family, limits)


def check_multiplicity(effects: Sequence[Effect], thresholds: Thresholds) -> Check:
    """Count the effects that stay significant once their number is counted, by Holm's correction.

    `effects`: the effects looked at together, each with its error; `thresholds`: `alpha`.
    """
    from statsmodels.stats.multitest import multipletests

    p = np.array([e.p_value for e in effects])
    rejected, adjusted, *_ = multipletests(p, alpha=thresholds.alpha, method="holm")
    kept, bare = int(rejected.sum()), int((p <= thresholds.alpha).sum())
    values: Values = {
        "n": Number(p.size),
        "kept": Number(kept),
        "bare": Number(bare),
        "alpha": Number(thresholds.alpha, 0, "percent"),
    }
    finding, key = "some" if kept else "none", effects[0].key
    least = float(adjusted.min())
    return Check(FAMILY, finding, None, least, thresholds.alpha, values, key, gating=False)


FAMILY = "multiplicity"
declare(
    CheckKind(
        name="interaction",
        fr="L’effet diffère-t-il d’un sous-groupe à l’autre ?",
        en="Does the effect differ between subgroups?",
        findings={
            "no_error": (
                (
                    "La différence entre sous-groupes de {variable} ne peut être jugée : un "
                    "sous-groupe n’a pas d’erreur type."
                ),
                (
                    "The difference between the subgroups of {variable} cannot be judged: a "
                    "subgroup has no standard error."
                ),
            ),
            "masked": (
                (
                    "La différence entre sous-groupes de {variable} n’est pas dite : l’effet d’un "
                    "sous-groupe au moins est masqué."
                ),
                (
                    "The difference between the subgroups of {variable} is not told: the effect of "
                    "at least one subgroup is masked."
                ),
            ),
            "differ": (
                (
                    "Selon {variable}, l’effet va de {low:+} ({low_level:bare}) à {high:+} "
                    "({high_level:bare}) : les effets diffèrent d’un sous-groupe à l’autre ({p})."
                ),
                (
                    "By {variable}, the effect goes from {low:+} ({low_level:bare}) to {high:+} "
                    "({high_level:bare}): the effects differ between subgroups ({p})."
                ),
            ),
            "same": (
                (
                    "Selon {variable}, l’effet va de {low:+} ({low_level:bare}) à {high:+} "
                    "({high_level:bare}) : rien ne permet de dire que les effets diffèrent ({p})."
                ),
                (
                    "By {variable}, the effect goes from {low:+} ({low_level:bare}) to {high:+} "
                    "({high_level:bare}): nothing allows to say that the effects differ ({p})."
                ),
            ),
        },
        judge=judge_subgroups,
    ),
    CheckKind(
        name=FAMILY,
        fr="Les effets tiennent-ils compte du nombre de sous-groupes regardés ?",
        en="Do the effects account for the number of subgroups looked at?",
        findings={
            "none": (
                (
                    "Sur {n:effet de sous-groupe|effets de sous-groupe}, aucun n’est significatif "
                    "au seuil de {alpha} une fois compté leur nombre (Holm) ; sans correction : "
                    "{bare}."
                ),
                (
                    "Of {n:subgroup effect|subgroup effects}, none is significant at {alpha} once "
                    "their number is counted (Holm); uncorrected: {bare}."
                ),
            ),
            "some": (
                (
                    "Sur {n:effet de sous-groupe|effets de sous-groupe}, "
                    "{kept:reste significatif|restent significatifs} au seuil de {alpha} une fois "
                    "compté leur nombre (Holm) ; sans correction : {bare}."
                ),
                (
                    "Of {n:subgroup effect|subgroup effects}, {kept:stays|stay} significant at "
                    "{alpha} once their number is counted (Holm); uncorrected: {bare}."
                ),
            ),
        },
        judge=judge_family,
    ),
)
