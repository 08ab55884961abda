"""Does the instrument move entry enough, and is it spread as if by chance?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.detectable_effect import check_detectable_effect
from evalml.checks.french import effect as effect_text
from evalml.checks.french import french, labelled, number
from evalml.checks.observation import check_observation
from evalml.comparison.balance import balance_table
from evalml.effect.encouragement import IV
from evalml.effect.iv import WEAK_F

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalml.checks.thresholds import Thresholds
    from evalml.comparison.comparison import Comparison
    from evalml.effect.effect import Effect

STRENGTH = french("L'instrument déplace-t-il assez les entrées ?")
SPREAD = french("La capacité est-elle répartie comme au hasard entre les jeunes ?")
ROBUST = french("L'effet tient-il compte de la force de l'instrument ?")


def check_encouragement(
    comparison: Comparison,
    effects: Sequence[Effect],
    thresholds: Thresholds,
    labels: Mapping[str, str] | None = None,
) -> list[Check]:
    """Make the checks of a study by instrument.

    Args:
        comparison: The two arms, with `instrument`.
        effects: What `estimate_encouragement` returned.
        thresholds: `observation_gap`, `smd`, `alpha`, `power`.
        labels: French labels of the covariates.
    """
    found = [e for e in effects if e.method == IV]
    checks = [check_strength(e) for e in found]
    checks.append(check_spread(comparison, thresholds, labels))
    checks += [check_observation(m, comparison.treated, thresholds) for m in comparison.measures]
    checks += [check_anderson_rubin(e) for e in found]
    return [*checks, *(check_detectable_effect(e, thresholds) for e in found)]


def check_strength(effect: Effect) -> Check:
    """Judge the effective F of the first stage; a weak instrument blinds the effect."""
    F = float(effect.details["first_stage_f"])
    passed = bool(F >= WEAK_F)
    meaning = (
        "l'instrument est assez fort."
        if passed
        else "l'instrument est faible : l'estimation et son intervalle ne sont pas fiables."
    )
    sentence = french(
        f"F effectif de la première étape : {number(F, 1)} (au moins {number(WEAK_F)}) ; {meaning}"
    )
    return Check("instrument_strength", STRENGTH, passed, F, WEAK_F, sentence, effect.key)


def check_spread(
    comparison: Comparison, thresholds: Thresholds, labels: Mapping[str, str] | None = None
) -> Check:
    """Compare youths of areas with much and with little capacity; for information.

    The covariates are held fixed in the estimate: a difference here is no bias yet, but says that
    others, not observed, may differ too.
    """
    assert comparison.instrument is not None  # noqa: S101 - an encouragement has one
    high = comparison.instrument > np.median(comparison.instrument)
    if high.all() or not high.any():
        sentence = french("La répartition ne peut être jugée : la capacité ne varie pas.")
        return Check("instrument_spread", SPREAD, None, None, None, sentence, gating=False)
    table = balance_table(comparison.design, high)
    smd = table["smd_before"].abs()
    value, worst = float(smd.max()), table["covariate"].iloc[int(smd.to_numpy().argmax())]
    passed = value <= thresholds.smd
    sentence = french(
        "Entre les jeunes des missions locales de forte et de faible capacité, l'écart standardisé "
        f"le plus grand est de {number(value, 2)} ({labelled([worst], labels)[0]} ; seuil : "
        f"{number(thresholds.smd, 2)})."
    )
    return Check("instrument_spread", SPREAD, passed, value, thresholds.smd, sentence, gating=False)


def check_anderson_rubin(effect: Effect) -> Check:
    """Tell the Anderson-Rubin set, right however weak the instrument; for information."""
    bounds = effect.details.get("anderson_rubin")
    if bounds is None:
        told = "L'ensemble d'Anderson-Rubin n'est pas borné : les données ne disent rien de sûr."
    else:
        low, high = (effect_text(b, effect.unit, sign=True) for b in bounds)
        told = (
            "Intervalle d'Anderson-Rubin, juste même si l'instrument est faible : "
            f"de {low} à {high}."
        )
    return Check("anderson_rubin", ROBUST, None, None, None, french(told), effect.key, gating=False)
