"""The primary effect of a roll-out put to the test: witnesses, false dates, areas left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.french import NBSP, french, p_value, percent, points
from evalml.checks.french import effect as effect_text
from evalml.checks.interaction import check_interaction
from evalml.checks.placebo_area import QUESTION as PLACEBO_AREA
from evalml.checks.placebo_area import check_placebo_area, placebo_areas
from evalml.checks.placebo_in_time import check_placebo_in_time
from evalml.comparison import labels_of
from evalml.effect.opening_cells import jackknife
from evalml.effect.opening_estimates import ROLLOUT, opening_effect
from evalml.effect.openings import layout, opening_of
from evalml.errors import EstimationError, EvalmlError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.areas import AreaCells
    from evalml.arrays import Vector
    from evalml.effect.effect import Effect
    from evalml.effect.openings import Opening
    from evalml.study import Study

WITNESSES = french("Les jeunes trop diplômés pour entrer montrent-ils un effet ?")
LEFT_OUT = french("L'effet tient-il sans l'un ou l'autre des territoires ?")
WAVES = french("L'effet tient-il sans l'une ou l'autre des vagues ?")
BEFORE = french(
    "Trouve-t-on un effet avec des dates d'ouverture avancées, avant l'ouverture réelle ?"
)
FEWEST_AREAS = 2


def robust_checks(
    cells: AreaCells, opening: Opening, effect: Effect, effects: Sequence[Effect], study: Study
) -> list[Check]:
    """Put the primary effect of a roll-out to every test its areas allow.

    Args:
        cells: Counts by area and half-year.
        opening: The primary outcome and its cells.
        effect: The primary estimate.
        effects: All estimates, for the subgroups.
        study: Says the thresholds, the draws and the seed.
    """
    return [
        _witnesses(cells, opening, effect, study),
        _in_time(cells, opening, effect, study),
        _in_area(cells, opening, effect, study),
        _without_area(opening, effect, study),
        _without_wave(opening, effect, study),
        *_interactions(cells, opening, effects, study),
    ]


def _unjudged(name: str, question: str, why: str, effect: Effect) -> Check:
    return Check(name, question, None, None, None, french(why), effect.key, gating=False)


def _witnesses(cells: AreaCells, opening: Opening, effect: Effect, study: Study) -> Check:
    """Judge the same effect on youths whom the programme does not take."""
    try:
        other = opening_of(cells, opening.outcome, opening.horizon, level="witness")
        found = opening_effect(cells, study, other, ROLLOUT)
    except EstimationError:
        return _unjudged(
            "witnesses", WITNESSES, "Les super-témoins ne peuvent être comparés : trop peu de "
            "territoires.", effect,
        )  # fmt: skip
    p, seen = found.p_value, found.ci_high - found.estimate
    passed: bool | None = p > study.checks.alpha
    if passed and seen > abs(effect.estimate):
        passed = None
    meaning = {
        True: "rien d'autre ne semble s'être passé dans les territoires ouverts.",
        False: "il s'est passé autre chose dans ces territoires : lire la triple différence.",
        None: f"mais l'essai n'aurait vu qu'un écart d'au moins {points(seen)}, plus que l'effet "
        "estimé : il ne prouve rien.",
    }[passed]
    sentence = (
        "Chez les jeunes trop diplômés pour entrer (super-témoins), l'« effet » estimé est de "
        f"{effect_text(found.estimate, found.unit, sign=True)} ({p_value(p)}) : {meaning}"
    )
    return Check(
        "witnesses", WITNESSES, passed, p, study.checks.alpha, french(sentence), effect.key,
        gating=False,
    )  # fmt: skip


def _in_time(cells: AreaCells, opening: Opening, effect: Effect, study: Study) -> Check:
    """Judge an effect of opening two half-years before the true opening reaches anyone."""
    first, _, cohorts = layout(cells)
    lag = opening.effects.plan.lag
    shift = lag + 2
    try:
        early = opening_of(
            replace(cells, wanted=cells.cohorts), opening.outcome, opening.horizon,
            first=first - shift,
        )  # fmt: skip
        plan = early.effects.plan
        untouched = early.post & (cohorts[plan.time] < plan.group + shift - lag)
        if not untouched.any():
            raise EstimationError("no half-year before")  # noqa: TRY301
        placebo = opening_effect(cells, study, replace(early, post=untouched), ROLLOUT)
    except EstimationError:
        return _unjudged(
            "placebo_in_time", BEFORE, "L'ouverture ne peut être avancée : trop peu de semestres "
            "observés avant elle, ou de territoires.", effect,
        )  # fmt: skip
    found = check_placebo_in_time(placebo, study.checks, effect)
    told = found.sentence.replace("Avant l’entrée,", "À des dates avancées,")
    return replace(found, question=BEFORE, sentence=told.replace("l’entrée", "l’ouverture"))


def _in_area(cells: AreaCells, opening: Opening, effect: Effect, study: Study) -> Check:
    """Place the estimate among those with the dates of opening exchanged between areas."""
    if effect.details.get("inference") == "placebos":
        why = "C'est déjà d'elle que vient l'intervalle : trop peu de territoires pour l'éprouver."
        return _unjudged("placebo_area", PLACEBO_AREA, why, effect)
    first, _, _ = layout(cells)
    used = np.flatnonzero(opening.used)

    def again(exchanged: Vector) -> float:
        drawn = first.copy()
        drawn[used] = exchanged.astype(np.int64)
        other = opening_of(cells, opening.outcome, opening.horizon, first=drawn)
        return float(other.effects.average(other.post)[0])

    try:
        placebos = placebo_areas(
            first[used].astype(np.float64), again, draws=study.checks.draws, seed=study.seed
        )
    except EvalmlError:
        placebos = np.empty(0)
    return check_placebo_area(effect.estimate, placebos, study.checks, effect.key, effect.unit)


def _without_area(opening: Opening, effect: Effect, study: Study) -> Check:
    """Judge how far the estimate moves without each area that opened."""
    rows = np.flatnonzero(opening.inside)
    values = opening.effects.average(opening.post)[1 + rows]
    made = values[np.isfinite(values)]
    if rows.size < FEWEST_AREAS or not made.size:
        return _unjudged(
            "leave_one_out", LEFT_OUT, "Un seul territoire a ouvert : sans lui, il n'y a plus "
            "d'effet à estimer.", effect,
        )  # fmt: skip
    return _moved("leave_one_out", LEFT_OUT, ("un territoire", "tous"), made, effect, study)


def _without_wave(opening: Opening, effect: Effect, study: Study) -> Check:
    """Judge how far the estimate moves without each wave that opened."""
    plan = opening.effects.plan
    groups = np.unique(plan.group[opening.post])
    if groups.size < FEWEST_AREAS:
        return _unjudged(
            "leave_one_wave", WAVES, "L'effet repose sur un seul semestre d'ouverture : les autres "
            "vagues ne peuvent pas être comparées à cette échéance.", effect,
        )  # fmt: skip
    made = np.array(
        [float(opening.effects.average(opening.post & (plan.group != g))[0]) for g in groups]
    )
    return _moved("leave_one_wave", WAVES, ("une vague", "toutes"), made, effect, study)


def _moved(
    name: str, question: str, words: tuple[str, str], made: Vector, effect: Effect, study: Study
) -> Check:
    """Judge the largest move, as a share of the estimate and against its own error."""
    gap = float(np.abs(made - effect.estimate).max())
    value = gap / abs(effect.estimate) if effect.estimate else float("inf")
    limit = study.checks.leave_one_out
    passed = value <= limit or gap <= effect.std_error
    within = "moins que son erreur type" if gap <= effect.std_error else f"soit {percent(value, 0)}"
    low, high, whole = (
        effect_text(float(x), effect.unit, sign=True)
        for x in (made.min(), made.max(), effect.estimate)
    )
    sentence = (
        f"Sans {words[0]}, l'effet va de {low} à {high}, contre {whole} avec {words[1]} : il bouge "
        f"au plus de {points(gap)}, {within}."
    )
    return Check(name, question, passed, value, limit, french(sentence), effect.key, gating=False)


def _interactions(
    cells: AreaCells, opening: Opening, effects: Sequence[Effect], study: Study
) -> list[Check]:
    """Tell, for each subgroup variable, whether the effects differ."""
    checks = []
    for variable in study.subgroups:
        family = [
            e
            for e in effects
            if e.subgroup == variable
            and (e.outcome, e.horizon_months) == (opening.outcome.name, opening.horizon)
        ]
        if len(family) < FEWEST_AREAS:
            continue
        parts = [
            opening_of(cells, opening.outcome, opening.horizon, group=(variable, e.subgroup_value))
            for e in family
            if np.isfinite(e.std_error)
        ]
        V = None
        if len(parts) == len(family):
            values = np.array([p.effects.average(p.post) for p in parts])
            used = np.logical_and.reduce([np.isfinite(values).all(axis=0)[1:], opening.used])
            try:
                V = jackknife(values, used, opening.effects.plan.stratum).covariance
            except EstimationError:
                V = None
        found = check_interaction(family, study.checks, V)
        told = _in_words(found.sentence, variable, [e.subgroup_value for e in family])
        checks.append(replace(found, threshold=None, sentence=told))
    return checks


def _in_words(sentence: str, variable: str, values: Sequence[str]) -> str:
    """Return a sentence with the labels of a subgroup in the place of its codes."""
    labels = labels_of([f"{variable}={value}" for value in values])
    told = sentence.replace(
        f"{NBSP}{variable}{NBSP}", f"{NBSP}{labels.get(variable, variable)}{NBSP}"
    )
    for value in values:
        label = labels[f"{variable}={value}"].partition(" : ")[2] or value
        told = told.replace(f"({value})", f"({label})")
    return told
