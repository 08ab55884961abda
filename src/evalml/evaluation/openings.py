"""Evaluations of a programme that opens area by area."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from evalml.checks import checks_table
from evalml.checks.rollout import check_openings
from evalml.effect import effects_table
from evalml.evaluation.persons import RecordsEvaluation
from evalml.report import gather, plot_flow, show
from evalml.report.beside_published import beside_published, opening_labels
from evalml.report.figure_rollout import plot_openings
from evalml.rollout import area_cells, first_demands, opening_months, profile_areas
from evalml.rollout.effects import estimate_openings
from evalml.rollout.event_study import (
    composition_table,
    event_study_table,
    opening_observation,
    opening_trajectories,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from evalml.checks import Check
    from evalml.effect import Effect
    from evalml.report.figures_style import Figure
    from evalml.report.results import Frames
    from evalml.report.views import Shown
    from evalml.rollout import AreaCells, FirstDemands


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
