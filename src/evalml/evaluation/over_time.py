"""Evaluations from records: persons over time in two arms, or areas that open one after another."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from evalml.checks import (
    Check,
    check_coverage,
    check_declared_only,
    check_past_adjusted,
    check_power,
    check_primary,
    check_study,
    checks_table,
    power_table,
)
from evalml.checks.rollout import check_openings
from evalml.cohort import build_cohort, target_trial
from evalml.comparison import assemble, labels_of
from evalml.effect import (
    costs_table,
    durations_table,
    effects_table,
    estimate_study,
    never_effects,
    settings_of,
    trajectories_table,
)
from evalml.effect.did_persons import person_events_table
from evalml.errors import ExtractError
from evalml.evaluation.base import Evaluation
from evalml.evaluation.examples import check_examples
from evalml.evaluation.secondary import secondary_analyses
from evalml.extract import read_extract
from evalml.outcomes import (
    as_observed,
    compute_allowances,
    compute_controls,
    compute_intensity,
    compute_outcomes,
    exit_situations,
    refuse_silent,
)
from evalml.panel import build_panel, observe, profile_cohort
from evalml.report import (
    exit_contrast,
    exit_paragraph,
    gather,
    plot_flow,
    plot_intensity,
    show,
    shown_costs,
    shown_power,
    shown_secondary,
)
from evalml.report.beside_published import beside_published, opening_labels
from evalml.report.figure_cohort import plot_cohort
from evalml.report.figure_rollout import plot_openings
from evalml.report.views import Shown
from evalml.rollout import area_cells, first_demands, opening_months, profile_areas
from evalml.rollout.effects import estimate_openings
from evalml.rollout.event_study import (
    composition_table,
    event_study_table,
    opening_observation,
    opening_trajectories,
)
from evalml.study import PROGRAMMES
from evalml.study.methods import METHODS
from evalml.tables import accept_tables
from evalml.tables.scorecard import refused
from evalml.tables.sources import sources_held
from evalml.values import Name, Share, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from evalml.cohort import Cohort
    from evalml.comparison import Arms, Comparison
    from evalml.effect import Effect
    from evalml.outcomes import Outcomes
    from evalml.panel import Panel
    from evalml.report.exit_contrast import Paragraph
    from evalml.report.figures_style import Figure
    from evalml.report.results import Frames
    from evalml.rollout import AreaCells, FirstDemands
    from evalml.study import Study
    from evalml.tables import Tables
    from evalml.tables.scorecard import ScoreLine
    from evalml.values import Values


class RecordsEvaluation(Evaluation):
    """An evaluation made from the records of an extract."""

    @cached_property
    def _received(self) -> tuple[Tables, tuple[str, ...], ScoreLine | None]:
        """The records, the blocking checks of `extract check` that they fail, the links lost.

        Raises:
            ExtractError: They fail some, and nobody accepted it (`--accept-refused`).
        """
        extract = read_extract(self.settings.extract, self.engine)
        tables = accept_tables(extract, self.engine)
        failed, lost = refused(extract, tables, self.engine)
        if failed and not self.settings.accept_refused:
            raise ExtractError(
                f"the extract fails {len(failed)} blocking checks: {', '.join(failed)}; run "
                "`evalml extract check` on it and correct it at the source, or say why it is used "
                "all the same with --accept-refused"
            )
        return tables, failed, lost

    @property
    def tables(self) -> Tables:
        """The records, checked: impossible rows put aside and counted."""
        return self._received[0]

    def check_inputs(self) -> None:
        """Read the records, refuse those that cannot be used."""
        _ = self.tables

    @property
    def accepted_refusal(self) -> list[Check]:
        """What the extract fails though it is used, as checks that open the note."""
        _, failed, lost = self._received
        found = []
        if failed:
            values: Values = {
                "checks": names("text", failed),
                "reason": Name("text", str(self.settings.accept_refused)),
            }
            found.append(Check("extract_refused", "used", False, None, None, values, gating=False))
        if lost is not None:
            shares: Values = {"lost": Share(int(lost.failing or 0), lost.rows, lost.share or 0.0)}
            found.append(Check("extract_refused", "lost", False, None, None, shares, gating=False))
        return found

    @property
    def warning(self) -> str | None:
        """What `evalml check` says of the linkage, None where it warns of nothing."""
        lost = self._received[2]
        if lost is None:
            return None
        return (
            f"warning: {lost.check} ({lost.place}): {lost.share:.1%}; part of the linkage is "
            "missing though `linkage` says it is whole, and those youths pass for without work"
        )

    @property
    def rejects(self) -> Shown:
        """Rows put aside, by rule."""
        rows = self.tables.rejects.rename(columns={"rows": "n_rows"})
        kept = show(self.protect("rejects", rows)).frame
        return Shown(kept, nothing="Aucune ligne de l’extrait n’a été mise de côté.")

    @property
    def synthetic(self) -> bool:
        """Whether the records are invented."""
        return bool(self.tables.meta.source == "synthetic")

    @property
    def source(self) -> tuple[str, str]:
        """Name and vintage of the extract."""
        return self.tables.meta.name, str(self.tables.meta.extraction_date)


class PersonEvaluation(RecordsEvaluation):
    """Entrants against youths who could have entered, followed from the same month."""

    def check_inputs(self) -> None:
        """Read the records, find who could have entered and what is known of them."""
        _ = self.outcomes

    @property
    def study(self) -> Study:
        """The study, its outcomes as the extract observes them."""
        return self._observable

    @cached_property
    def _observable(self) -> Study:
        return as_observed(self.declared, sources_held(self.tables, self.engine))

    @cached_property
    def cohort(self) -> Cohort:
        """Who could have entered, month by month, with what was known then."""
        study = self.study
        check_examples(study)
        return build_cohort(self.tables, target_trial(study), study.covariates, self.engine)

    @cached_property
    def panel(self) -> Panel:
        """Each person month by month since time zero."""
        return build_panel(self.tables, self.cohort, self.engine)

    @cached_property
    def outcomes(self) -> Outcomes:
        """What happened, and who observes it."""
        found = compute_outcomes(self.panel, self.study.outcomes)
        refuse_silent(found, self.study.horizons)
        return found

    @cached_property
    def arms(self) -> Arms:
        """The two arms, in memory."""
        study = self.study
        return assemble(self.outcomes, study.horizons, study.subgroups, self.engine)

    @property
    def comparison(self) -> Comparison:
        """The two arms at the horizons of the study."""
        return self.arms.comparison

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """French labels of covariates and levels, those of the study first."""
        return labels_of(self.adjusted.balance["covariate"]) | self.study.labels

    @cached_property
    def estimates(self) -> list[Effect]:
        """Every estimate of the study, the primary outcome against never entering included."""
        return [
            *estimate_study(self.comparison, self.study),
            *never_effects(self.arms, self.study),
        ]

    @cached_property
    def findings(self) -> list[Check]:
        """Every check: of the design, of each outcome, and of the primary effect."""
        study = self.study
        checks = check_declared_only(self.declared.primary.outcome, study.primary.outcome)
        checks += check_study(self.comparison, self.estimates, self.adjusted, study, arms=self.arms)
        checks.append(check_power(self._power, study))
        if study.design.estimator == "adjusted":
            checks.append(check_past_adjusted(self.cohort.covariates))
        checks += check_coverage(self.cohort.gaps)
        checks += self.accepted_refusal
        controls = compute_controls(self.tables, self.cohort, study.negative_controls, self.engine)
        return checks + check_primary(
            self.comparison,
            self.estimates,
            study,
            weights=self.adjusted.weights,
            controls=controls,
        )

    @cached_property
    def _power(self) -> pd.DataFrame:
        return power_table(self.comparison, self.adjusted.weights, self.study)

    @cached_property
    def _observed(self) -> pd.DataFrame:
        return observe(self.tables, self.panel, self.engine)

    @cached_property
    def _spent(self) -> pd.DataFrame:
        """Hours of support and allowances of the entrants, month by month."""
        return compute_intensity(self.tables, self.cohort, self.engine)

    @property
    def _events(self) -> dict[str, pd.DataFrame]:
        """The event study, where the design looks at the past."""
        if not self.study.design.trends:
            return {}
        return {"event_study": person_events_table(self.comparison, self.study)}

    @cached_property
    def _costs(self) -> pd.DataFrame:
        study = self.study
        paid = compute_allowances(self.tables, self.cohort, study.horizons, self.engine)
        method = study.primary.method
        return costs_table(self.arms, paid, method, settings_of(study, method))

    @cached_property
    def frames(self) -> dict[str, pd.DataFrame]:
        """What the stages found, before anything is masked."""
        found = {
            "effects": effects_table(self.estimates),
            "checks": checks_table(self.findings),
            "flow": self.cohort.flow,
            "balance": self.adjusted.balance,
            "trajectories": trajectories_table(
                self.comparison, self.arms.trajectories, self.adjusted.weights
            ),
            "observation": self._observed,
            "power": self._power,
            **self._events,
            "secondary": secondary_analyses(self.tables, self.study, self.engine, self.panel),
        }
        extras = PROGRAMMES[self.study.programme].tables
        if "costs" in extras and METHODS[self.study.primary.method].run is not None:
            found["costs"] = self._costs
        if "intensity" in extras:
            found["intensity"] = self._spent
        if self.study.durations is not None:
            found["durations"] = durations_table(self.arms, self.adjusted.weights, self.study)
        return found

    @cached_property
    def results(self) -> Frames:
        """The tables of `results/`, blinded and protected."""
        results = gather(self.study, self.frames, self.labels)
        if "exit_contrast" in PROGRAMMES[self.study.programme].tables:
            exits = exit_situations(self.tables, self.cohort, self.engine)
            results["exit_contrast"] = exit_contrast(exits, results, self.study)
        return results

    # ------------------------------------------------------------------ what a notebook shows

    def plot_flow(self) -> Figure:
        """Draw who is kept and lost, rule by rule."""
        return plot_flow(self.protect("flow", self.cohort.flow), synthetic=self.synthetic)

    @property
    def observed(self) -> Shown:
        """How well each arm is observed."""
        return show(self.protect("observation", self._observed))

    @cached_property
    def _profile(self) -> pd.DataFrame:
        return self.protect("cohort", profile_cohort(self.tables, self.panel, self.engine))

    def plot_cohort(self, name: str) -> Figure:
        """Draw one picture of the cohort, such as `entries`, `composition` or `overlap`."""
        return plot_cohort(self._profile, name, synthetic=self.synthetic)

    def plot_intensity(self) -> Figure:
        """Draw hours of support and allowances of the entrants, month by month."""
        return plot_intensity(self.protect("intensity", self._spent), synthetic=self.synthetic)

    @property
    def detectable(self) -> Shown:
        """The smallest effect each outcome could show, before any effect is looked at."""
        return shown_power(self._power, self.study)

    @property
    def analyses(self) -> Shown:
        """The effects of the secondary analyses, by the primary method."""
        return shown_secondary(self.results, self.labels, self.study.primary.method)

    @property
    def spending(self) -> Shown:
        """What it costs in allowances, and per month in employment added."""
        return shown_costs(self.results)

    @property
    def exits(self) -> Shown:
        """The exits a ministry counts, beside the effect."""
        return show(self.results["exit_contrast"])

    @property
    def exits_explained(self) -> Paragraph:
        """Why the exits and the effect differ."""
        return exit_paragraph(self.results["exit_contrast"], self.study)


class OpeningEvaluation(RecordsEvaluation):
    """Youths who came once their area was open, against areas not open yet."""

    @cached_property
    def people(self) -> FirstDemands:
        """First demands, with what was known that month."""
        return first_demands(self.tables, self.study, self.engine)

    @cached_property
    def cells(self) -> AreaCells:
        """Area x cohort of first demand."""
        opened = opening_months(self.study)
        return area_cells(self.tables, self.people, self.study.outcomes, opened, self.engine)

    @cached_property
    def estimates(self) -> list[Effect]:
        """Every estimate of the study."""
        return estimate_openings(self.cells, self.study)

    @cached_property
    def findings(self) -> list[Check]:
        """Every check."""
        return [*check_openings(self.cells, self.estimates, self.study), *self.accepted_refusal]

    @cached_property
    def _composition(self) -> pd.DataFrame:
        horizon = self.study.primary.horizon or self.study.horizons[0]
        return composition_table(self.cells, self.study, horizon)

    @cached_property
    def _observed(self) -> pd.DataFrame:
        return opening_observation(self.cells, self.study)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """French labels of covariates and levels, those of the study first."""
        return opening_labels(self._composition["covariate"]) | self.study.labels

    @cached_property
    def frames(self) -> dict[str, pd.DataFrame]:
        """What the stages found, before anything is masked."""
        return {
            "effects": effects_table(self.estimates),
            "checks": checks_table(self.findings),
            "flow": self.people.flow,
            "balance": self._composition,
            "trajectories": opening_trajectories(self.cells, self.study),
            "observation": self._observed,
            "event_study": event_study_table(self.cells, self.study),
        }

    @cached_property
    def results(self) -> Frames:
        """The tables of `results/`, blinded and protected."""
        results = gather(self.study, self.frames, self.labels)
        results["published"] = beside_published(results, self.study)
        return results

    # ------------------------------------------------------------------ what a notebook shows

    def plot_flow(self) -> Figure:
        """Draw who is kept and lost, rule by rule."""
        return plot_flow(self.protect("flow", self.people.flow), synthetic=self.synthetic)

    @cached_property
    def _profile(self) -> pd.DataFrame:
        return self.protect("cohort", profile_areas(self.cells, self.study))

    def plot_openings(self, name: str) -> Figure:
        """Draw one picture, such as `areas`, `demands`, `take_up` or `outcome`."""
        return plot_openings(self._profile, name, synthetic=self.synthetic)

    @property
    def observed(self) -> Shown:
        """How well each arm is observed."""
        return show(self.protect("observation", self._observed), opening_labels([]))

    @property
    def beside_published(self) -> Shown:
        """The effects beside those in print, and what separates them."""
        return show(self.results["published"])
