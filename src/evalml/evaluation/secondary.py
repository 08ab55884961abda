"""Every secondary analysis of a study, in one table: effects, and whether to believe them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from evalml.checks import check_study
from evalml.checks.primary import blinded_outcomes
from evalml.cohort import build_cohort, target_trial
from evalml.comparison import adjust, assemble
from evalml.effect import effects_table, estimate_study
from evalml.errors import CohortError, DataError, EstimationError, TableMissingError
from evalml.outcomes import compute_outcomes
from evalml.panel import build_panel
from evalml.report.blinding import NOT_ESTIMATED, impossible
from evalml.results import RESULT_TABLES
from evalml.values import Message, messages_text
from evalml.words import render_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalml.checks import Check
    from evalml.comparison import Arms
    from evalml.comparison.balance import Adjusted
    from evalml.engine import Engine
    from evalml.methods.effect import Effect
    from evalml.panel import Panel
    from evalml.study import Study
    from evalml.tables import Tables

BLINDED, EXPLORATORY = "blinded", "exploratory"
DATA_FAULTS = (CohortError, DataError, EstimationError, TableMissingError)
"""What the data of an extract can refuse; a fault of the study itself is refused beforehand."""


@dataclass(frozen=True, slots=True, repr=False)
class Followed:
    """A panel already followed, and what describes it: analyses that share it read it again."""

    panel: Panel
    covariates: tuple[str, ...]

    def serves(self, study: Study) -> bool:
        """Tell whether the cohort of `study` is this one."""
        wanted = target_trial(study)
        trial = self.panel.cohort.trial
        same = replace(wanted, described=trial.described, estimand=trial.estimand) == trial
        return same and self.covariates == study.covariates


def secondary_analyses(
    tables: Tables, study: Study, engine: Engine, panel: Panel | None = None
) -> pd.DataFrame:
    """Make every secondary analysis that a study declares.

    Args:
        tables: The checked records.
        study: The study; `secondary` names the analyses.
        engine: Where queries run.
        panel: The panel of the main analysis, read again by the analyses of the same cohort.

    Returns:
        The columns of `effects.csv` that belong to an estimate, with `analysis`, `title`, `max_smd`
        (largest difference left between the arms), `observation_gap` (largest difference in the
        share whose outcome is known), `status` and `reason`, by the checks of the analysis itself.
        One that cannot be made has a single row that says so.
    """
    followed = [] if panel is None else [Followed(panel, study.covariates)]
    parts = []
    for name, analysis in study.analyses().items():
        title = str(study.secondary[name]["title"])
        try:
            found = _made(tables, analysis, engine, followed)
        except DATA_FAULTS as fault:
            found = _not_made(analysis, fault)
        parts.append(found.assign(analysis=name, title=title))
    if not parts:
        return pd.DataFrame({column: [] for column in _columns()})
    return pd.concat(parts, ignore_index=True)[_columns()]


def _columns() -> list[str]:
    return list(RESULT_TABLES["secondary"].needed)


def _made(tables: Tables, study: Study, engine: Engine, followed: list[Followed]) -> pd.DataFrame:
    arms = _compared(tables, study, engine, followed)
    comparison = arms.comparison
    adjusted = adjust(comparison, "ate" if study.estimand == "ate" else "att")
    effects = estimate_study(comparison, study)
    checks = check_study(comparison, effects, adjusted, study, arms=arms)
    return judged(effects, checks, adjusted)


def _compared(tables: Tables, study: Study, engine: Engine, followed: list[Followed]) -> Arms:
    """Return the two arms, from a panel already followed where there is one of the same cohort."""
    found = next((one.panel for one in followed if one.serves(study)), None)
    if found is None:
        cohort = build_cohort(tables, target_trial(study), study.covariates, engine)
        found = build_panel(tables, cohort, engine)
        followed.append(Followed(found, study.covariates))
    outcomes = compute_outcomes(found, study.outcomes)
    return assemble(outcomes, study.horizons, (), engine)


def judged(effects: Sequence[Effect], checks: Sequence[Check], adjusted: Adjusted) -> pd.DataFrame:
    """Return the rows of the effects of an analysis, masked by its own checks."""
    table = effects_table(effects)
    failed = blinded_outcomes(checks)
    causes = [_causes(effect, failed) for effect in effects]
    gaps = {c.outcome: c.value for c in checks if c.name == "observation"}
    return table.assign(
        max_smd=float(adjusted.balance["smd_after"].abs().max()),
        observation_gap=[_number(gaps.get(effect.key)) for effect in effects],
        status=[BLINDED if each else EXPLORATORY for each in causes],
        reason=[render_all(each, "fr") for each in causes],
        causes=[messages_text(each) for each in causes],
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _causes(effect: Effect, failed: Mapping[str, list[Message]]) -> list[Message]:
    found = [*failed.get("", ()), *failed.get(effect.outcome, ()), *failed.get(effect.key, ())]
    found += [NOT_ESTIMATED] if effect.details.get("error") else []
    return [*found, *impossible(effect.unit, effect.estimate)]


def _not_made(study: Study, fault: Exception) -> pd.DataFrame:
    """Return the primary effect of an analysis that could not be made, with the reason."""
    named: dict[type[Exception], str] = {
        CohortError: "secondary.no_cohort",
        TableMissingError: "secondary.no_table",
    }
    cause = Message(named.get(type(fault), NOT_ESTIMATED.key))
    row = {
        "outcome": study.primary.outcome,
        "horizon_months": study.primary.horizon,
        "subgroup": "",
        "subgroup_value": "",
        "estimand": study.estimand,
        "method": study.primary.method,
        "unit": "",
        "max_smd": float("nan"),
        "observation_gap": float("nan"),
        "status": BLINDED,
        "reason": render_all([cause], "fr"),
        "causes": messages_text([cause]),
    }
    numbers = [name for name in effects_table([]).columns if name not in row]
    frame = pd.DataFrame([{**dict.fromkeys(numbers, float("nan")), **row}])
    return frame.astype({"horizon_months": "Int64"})
