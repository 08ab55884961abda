"""Evaluations on a person-level table without time, beside the answer of an experiment."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from evalml.checks import check_study, checks_table
from evalml.checks.check import PrimaryEffect
from evalml.checks.primary import declared, estimator_of
from evalml.comparison import cross_section
from evalml.effect import (
    as_experiment,
    effects_table,
    estimate_effects,
    estimate_methods,
    gaps,
)
from evalml.errors import StudyError
from evalml.evaluation.base import Evaluation
from evalml.extract import read_person_table, with_terms
from evalml.report import gather, show
from evalml.values import Message, messages_text
from evalml.words import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from evalml.comparison import Comparison
    from evalml.comparison.build import CrossSection
    from evalml.effect import Effect
    from evalml.report.results import Frames
    from evalml.report.views import Shown


EXPERIMENT = Message("experiments.drawn")
"""What the answer of an experiment is called."""


class TableEvaluation(Evaluation):
    """The persons of an experiment against a comparison group taken elsewhere."""

    @cached_property
    def compared(self) -> CrossSection:
        """The experiment, and its treated persons against the other source."""
        study = self.study
        if study.comparison.experiment is None or study.comparison.source is None:
            raise StudyError("comparison: a cross_section needs 'experiment' and 'source'")
        tables = [
            with_terms(read_person_table(name), study.covariates)
            for name in (study.comparison.experiment, study.comparison.source)
        ]
        return cross_section(
            *tables,
            treatment=study.treatment.column or "treated",
            outcomes=study.outcomes,
            covariates=study.covariates,
            unit="dollars",
        )

    @cached_property
    def experiment(self) -> Effect:
        """The answer of the experiment: a difference in means."""
        [answer] = estimate_effects(self.compared.experiment, ["diff"], se="hc2")
        return answer

    @property
    def comparison(self) -> Comparison:
        """The treated of the experiment and the comparison group from elsewhere."""
        return self.compared.observational

    @cached_property
    def estimates(self) -> list[Effect]:
        """Each method on the comparison group from elsewhere."""
        return estimate_methods(self.comparison, self.study.methods, self.study)

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of the study."""
        return self.study.labels

    @property
    def synthetic(self) -> bool:
        """The data are real."""
        return False

    @property
    def source(self) -> tuple[str, str]:
        """Name of the data; they have no vintage."""
        design = self.study.comparison
        return f"causaldata ({design.experiment}, {design.source})", ""

    @property
    def benchmark(self) -> dict[str, Any]:
        """The answer of the experiment, for the note."""
        answer = self.experiment
        return {
            "estimate": answer.estimate,
            "ci_low": answer.ci_low,
            "ci_high": answer.ci_high,
            "label": render(EXPERIMENT, "fr"),
            "words": messages_text([EXPERIMENT]),
        }

    @cached_property
    def frames(self) -> dict[str, pd.DataFrame]:
        """What the stages found, before anything is masked."""
        study = self.study
        checks = check_study(self.comparison, self.estimates, self.adjusted, study)
        wanted = (study.primary.outcome, study.primary.method)
        for effect in self.estimates:
            if (effect.outcome, effect.method) == wanted:
                estimate = estimator_of(study)
                checks += declared(
                    PrimaryEffect(self.comparison, effect, self.estimates, estimate, study)
                )
        return {
            "effects": effects_table([as_experiment(self.experiment), *self.estimates]),
            "checks": checks_table(checks),
            "balance": self.adjusted.balance,
        }

    @cached_property
    def results(self) -> Frames:
        """The tables of `results/`, with the distance of each method from the experiment."""
        results = gather(self.study, self.frames, self.labels)
        results["benchmark"] = gaps(self.estimates, self.experiment)
        return results

    @property
    def gaps(self) -> Shown:
        """How far each method falls from the experiment."""
        return show(self.results["benchmark"])
