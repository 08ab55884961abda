"""The checks of a roll-out: may its areas be compared, and does the effect stand?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.checks.check import Check
from evalml.checks.detectable_effect import check_detectable_effect
from evalml.checks.french import french, number, percent, plural, points
from evalml.checks.opening_robust import robust_checks
from evalml.checks.opening_trends import check_honest, check_trend
from evalml.comparison import labels_of
from evalml.effect.opening_cells import demand_change, jackknife, opening_effects
from evalml.effect.opening_events import composition_table, known_share, wanted_cells
from evalml.effect.openings import study_openings
from evalml.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from evalml.areas import AreaCells
    from evalml.arrays import Vector
    from evalml.effect.effect import Effect
    from evalml.effect.openings import Opening
    from evalml.outcomes import Outcome
    from evalml.study import Study

AREAS = french("Y a-t-il assez de territoires, ouverts et pas encore ouverts ?")
CONTAMINATION = french("Les jeunes des territoires non ouverts sont-ils restés hors du programme ?")
COMPOSITION = french("L'ouverture a-t-elle changé qui vient à la mission locale ?")
DEMANDS = french("L'ouverture a-t-elle changé le nombre de premiers accueils ?")
FIRST_STAGE = french("L'ouverture a-t-elle fait entrer assez de jeunes ?")
OBSERVED = french("Le résultat est-il aussi souvent connu là où le programme est ouvert ?")
BREAK = french("Un changement de système d'information se confond-il avec l'ouverture ?")
STRONG = 10.0
MANY = 0.1
TWO_SIDED = 1.96


def check_openings(cells: AreaCells, effects: Sequence[Effect], study: Study) -> list[Check]:
    """Make every check of a roll-out.

    Args:
        cells: Counts by area and half-year.
        effects: The estimates.
        study: Says what is primary, and the thresholds.

    Returns:
        Those of each outcome and horizon, then those of the primary effect.
    """
    openings = study_openings(cells, study)
    whole = {
        (e.outcome, e.horizon_months): e
        for e in effects
        if e.method == study.primary.method and not e.subgroup
    }
    checks = []
    for outcome in cells.outcomes:
        for horizon in study.horizons:
            effect = whole.get((outcome.name, horizon))
            if effect is not None:
                opening = openings.get((outcome.name, horizon))
                checks += _of_one(cells, opening, effect, outcome, study)
        checks += _break(outcome, study, cells)
    name = cells.outcomes[study.outcomes.index(study.primary.outcome)].name
    main = whole.get((name, study.primary.horizon))
    opening = openings.get((name, study.primary.horizon or 0))
    if main is None or opening is None or not np.isfinite(main.estimate):
        return checks
    return checks + _of_primary(cells, opening, main, effects, study)


def _of_one(
    cells: AreaCells, opening: Opening | None, effect: Effect, outcome: Outcome, study: Study
) -> list[Check]:
    checks = [_areas(opening, effect, study)]
    if opening is None or not np.isfinite(effect.estimate):
        return checks
    if outcome.channel == "declared":
        checks.append(_observation(cells, opening, outcome, study))
    return [
        *checks,
        check_trend(opening, effect, study),
        check_detectable_effect(effect, study.checks),
    ]


def _of_primary(
    cells: AreaCells, opening: Opening, effect: Effect, effects: Sequence[Effect], study: Study
) -> list[Check]:
    key = effect.key
    table = composition_table(cells, study, opening.horizon)
    return [
        check_composition(table, study, key),
        _demands(cells, opening, key),
        _contamination(cells, opening, study, key),
        _first_stage(opening, key),
        *check_honest(opening, effect, study),
        *robust_checks(cells, opening, effect, effects, study),
    ]


def _areas(opening: Opening | None, effect: Effect, study: Study) -> Check:
    """Judge how many areas there are on each side: a count of areas names nobody."""
    limit = study.checks.areas
    if opening is None:
        sentence = french(
            f"À {effect.horizon_months} mois, aucun territoire de l'étude ne peut être comparé : "
            "il faut des semestres observés avant l'ouverture et, dans le même extrait, des "
            "territoires encore fermés à l'échéance (tout est ouvert depuis le 1er janvier 2017)."
        )
        return Check("areas", AREAS, False, 0.0, limit, sentence, effect.key)
    treated = int(opening.inside.sum())
    others = int((opening.used & ~opening.inside).sum())
    fewest = min(treated, others)
    told = (
        f"{plural(treated, 'territoire ouvert', 'territoires ouverts')} et "
        f"{plural(others, 'territoire', 'territoires')} pas encore ouverts à l'échéance"
    )
    passed: bool | None = True
    if not np.isfinite(effect.estimate):
        passed = False
        sentence = (
            f"{told} : trop peu pour distinguer un effet du hasard, aucun chiffre n'est donné."
        )
    elif effect.details.get("inference") == "placebos":
        passed = None
        sentence = (
            f"{told} : trop peu pour une erreur par grappes (il en faut {number(limit)} de chaque "
            "côté). L'intervalle vient des territoires non ouverts, traités comme s'ils "
            "l'étaient ; il suppose que le hasard y est le même."
        )
    else:
        sentence = f"{told} (au moins {number(limit)} de chaque côté)."
    return Check("areas", AREAS, passed, float(fewest), limit, french(sentence), effect.key)


def _observation(cells: AreaCells, opening: Opening, outcome: Outcome, study: Study) -> Check:
    """Judge whether opening changed how often a declared outcome is known."""
    every, _ = cells.matrices("n", opening.horizon)
    known, _ = cells.matrices(outcome.name, opening.horizon)
    gap = float(opening_effects(every, known, opening.effects.plan).average(opening.post)[0])
    limit = study.checks.observation_gap
    passed = abs(gap) <= limit
    shares = [known_share(cells, opening, arm) for arm in ("treated", "control")]
    meaning = (
        "un effet ne peut guère venir de là."
        if passed
        else "les jeunes du programme sont mieux suivis, et une différence peut venir de là."
    )
    sentence = (
        f"« {outcome.label} » à {opening.horizon} mois est connu pour {percent(shares[0])} des "
        f"jeunes des territoires ouverts et {percent(shares[1])} de ceux des autres ; en double "
        f"différence, l'ouverture change cette part de {points(abs(gap))} (seuil : "
        f"{points(limit)}) : {meaning}"
    )
    key = f"{outcome.name}_m{opening.horizon}"
    return Check("observation", OBSERVED, passed, abs(gap), limit, french(sentence), key)


def check_composition(table: pd.DataFrame, study: Study, key: str) -> Check:
    """Judge the double difference of each trait: larger than the threshold, and not by chance.

    Args:
        table: What `composition_table` returned.
        study: Says the thresholds.
        key: Key of the primary outcome.
    """
    size = table["smd_after"].abs()
    worst = table.iloc[int(size.to_numpy().argmax())]
    tested = max(int(table["p_value"].notna().sum()), 1)
    beyond = (size > study.checks.smd) & (table["p_value"] * tested <= study.checks.alpha)
    noise = float(table["std_error"].max())
    passed: bool | None = not bool(beyond.any())
    blind = 1.96 * noise > 2 * study.checks.smd or not np.isfinite(noise)
    if passed and blind:
        passed = None
    told = {
        True: "rien n'indique que l'ouverture ait attiré d'autres jeunes",
        False: "l'ouverture a changé qui vient : les cohortes ne sont plus comparables",
        None: "l'essai est trop imprécis pour exclure que d'autres jeunes soient venus",
    }[passed]
    sentence = (
        f"Sur {len(table)} caractéristiques, la plus grande double différence est de "
        f"{number(float(abs(worst['smd_after'])), 2)} écart-type "
        f"({_named(str(worst['covariate']))} ; seuil : {number(study.checks.smd, 1)}) : {told}."
    )
    value = float(size.max())
    return Check("balance", COMPOSITION, passed, value, study.checks.smd, french(sentence), key)


def _named(covariate: str) -> str:
    return f"«\N{NO-BREAK SPACE}{labels_of([covariate])[covariate]}\N{NO-BREAK SPACE}»"


def _demands(cells: AreaCells, opening: Opening, key: str) -> Check:
    """Judge how the number of first demands moved in the areas that opened."""
    n, _ = cells.matrices("n", opening.horizon)
    plan = opening.effects.plan
    change = demand_change(n, plan.take(opening.post))
    error = _error(change, opening)
    beyond = abs(float(change[0])) > MANY
    passed: bool | None = not beyond
    if beyond and not abs(float(change[0])) > TWO_SIDED * error:
        passed = None
    meaning = {
        True: "le flux n'a guère changé.",
        False: "des jeunes sont venus pour le programme, ou s'en sont détournés ; les cohortes "
        "comparées ne sont plus les mêmes.",
        None: "un hasard de cette taille n'est pas exclu, et l'essai ne tranche pas.",
    }[passed]
    sentence = (
        f"Les premiers accueils de jeunes éligibles ont évolué de {_signed(float(change[0]))} dans "
        f"les territoires ouverts, par rapport aux autres (seuil : {percent(MANY, 0)}) : {meaning}"
    )
    value = abs(float(change[0]))
    return Check("first_demands", DEMANDS, passed, value, MANY, french(sentence), key, gating=False)


def _error(values: Vector, opening: Opening) -> float:
    """Return the error of a number from its values without each area, infinite where unknown."""
    try:
        spread = jackknife(values[None, :], opening.used, opening.effects.plan.stratum)
    except EstimationError:
        return float("inf")
    return float(np.sqrt(spread.covariance[0, 0]))


def _signed(share: float) -> str:
    return f"{number(100 * share, 1, sign=True)}\N{NO-BREAK SPACE}%"


def _contamination(cells: AreaCells, opening: Opening, study: Study, key: str) -> Check:
    """Judge the share of the youths compared with who entered by the month of the outcome."""
    n, entered = cells.matrices("entered", opening.horizon)
    at = wanted_cells(opening, "control", n.shape)
    share = float(entered[at].sum() / n[at].sum())
    limit = study.checks.contamination
    passed = share <= limit
    shown = "moins de " if 0 < entered[at].sum() < study.checks.minimum_count else ""
    told = max(share, study.checks.minimum_count / float(n[at].sum())) if shown else share
    meaning = (
        "l'effet par entrant en tient compte."
        if passed
        else "la date d'ouverture des textes n'est pas celle de ces territoires, ou les jeunes "
        "vont ailleurs : l'effet par jeune éligible est sous-estimé."
    )
    sentence = (
        f"{shown}{percent(told)} des jeunes éligibles des territoires non ouverts sont entrés dans "
        f"les {opening.horizon} mois (seuil : {percent(limit, 0)}) : {meaning}"
    )
    sentence = sentence[:1].upper() + sentence[1:]
    return Check(
        "contamination", CONTAMINATION, passed, share, limit, french(sentence), key, gating=False
    )


def _first_stage(opening: Opening, key: str) -> Check:
    """Judge the strength of the first stage, and say what the opening moved."""
    take_up = opening.take_up.average(opening.post)
    rise, error = float(take_up[0]), _error(take_up, opening)
    F = (rise / error) ** 2 if np.isfinite(error) else float("nan")
    passed = bool(F >= STRONG) if np.isfinite(F) else None
    sentence = (
        f"L'ouverture a fait entrer {percent(rise)} des jeunes éligibles dans les "
        f"{opening.horizon} mois (statistique F : {number(F, 0)}, au moins {number(STRONG)} "
        "attendue) ; l'effet par entrant est l'effet par jeune éligible, divisé par cette part."
    )
    value = F if np.isfinite(F) else None
    return Check(
        "first_stage", FIRST_STAGE, passed, value, STRONG, french(sentence), key, gating=False
    )


def _break(outcome: Outcome, study: Study, cells: AreaCells) -> list[Check]:
    """Say that a change of information system falls among the half-years compared."""
    if outcome.channel != "declared" or not study.breaks:
        return []
    first, last = cells.cohorts[0] // 2, cells.cohorts[-1] // 2
    inside = sorted({day.year for day in study.breaks if first <= day.year <= last})
    if not inside:
        return []
    years = " et ".join(str(year) for year in inside)
    sentence = french(
        f"Le système d'information change en {years}, région par région : ce qui est déclaré avant "
        "et après n'est pas saisi de même. Là où le changement et l'ouverture se suivent de près, "
        "les données ne peuvent pas les séparer ; les résultats d'une source reliée n'en "
        "dépendent pas."
    )
    return [Check("system_break", BREAK, None, None, None, sentence, outcome.name, gating=False)]
