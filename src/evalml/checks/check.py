"""What a check returns, and what declares it: its words, what it may read, when it is made.

`study.Thresholds` (the `checks:` part of a params file) holds the same names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from evalml.registry import Registry
from evalml.study import Thresholds
from evalml.words.catalogue import file_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd

    from evalml.arrays import Matrix, Vector
    from evalml.checks.placebo import Estimator
    from evalml.comparison.arms import Arms
    from evalml.comparison.comparison import Comparison
    from evalml.methods.effect import Effect
    from evalml.study import Study
    from evalml.values import Values

__all__ = [
    "CHECKS",
    "Check",
    "CheckKind",
    "ComparedArms",
    "PrimaryEffect",
    "Thresholds",
    "as_thresholds",
    "declare",
]


def as_thresholds(values: Thresholds | BaseModel | Mapping[str, Any] | None) -> Thresholds:
    """Return thresholds from a study's `checks` part, a mapping, or nothing (the defaults)."""
    if isinstance(values, Thresholds):
        return values
    if values is None:
        return Thresholds()  # type: ignore[call-arg,unused-ignore]
    given = values.model_dump() if isinstance(values, BaseModel) else dict(values)
    return Thresholds.model_validate(given)


@dataclass(frozen=True, slots=True)
class Check:
    """One diagnostic.

    Attributes:
        name: Short name, such as `balance`: a key of `words/checks.yaml`, where its question is.
        finding: What was found: a key of the findings of that check.
        passed: True, False (blinds the effect), or None: for information, or cannot be judged.
        value: The figure judged, if there is one.
        threshold: What it was judged against, if anything.
        values: What its sentence is filled with.
        outcome: Key of the outcome it bears on (`emploi_m12`), empty when it bears on all.
        gating: Whether a failure blinds the effects it bears on; False for a sensitivity analysis.
    """

    name: str
    finding: str
    passed: bool | None
    value: float | None
    threshold: float | None
    values: Values
    outcome: str = ""
    gating: bool = True


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class ComparedArms:
    """What a check of the design, or of each outcome, may read.

    Attributes:
        comparison: The two arms.
        effects: Every estimate.
        thresholds: When a check fails.
        balance: Balance table; None where nothing was adjusted.
        weights: Analysis weights, shape (n,).
        score: Propensity score before clipping, shape (n,).
        n_clipped: How many scores or weights were clipped.
        n_dropped: How many treated trimming or matching dropped; None where neither is used.
        estimand: `att`, `ate`, ...
        method: Method whose standard error says what could be detected; the last one if None.
        missing: What the study does of unknown outcomes.
        arms: The months the arms were read from; None where there is no time.
        study: The study; None where a table is checked alone.
    """

    comparison: Comparison
    effects: Sequence[Effect]
    thresholds: Thresholds
    balance: pd.DataFrame | None = None
    weights: Vector | None = None
    score: Vector | None = None
    n_clipped: int = 0
    n_dropped: int | None = None
    estimand: str = "att"
    method: str | None = None
    missing: Literal["complete", "ipcw", "bounds"] = "complete"
    arms: Arms | None = None
    study: Study | None = None


@dataclass(frozen=True, slots=True, repr=False)
class PrimaryEffect:
    """What a check of the primary effect may read.

    Attributes:
        comparison: The two arms.
        effect: The primary effect.
        effects: Every estimate of the study.
        estimate: Estimator of the primary method, which refits everything.
        study: The study: its thresholds, seed and primary method.
        weights: Analysis weights, shape (n,).
        controls: Estimates on negative controls, by the same method.
        correlation: Correlation of these controls, shape (k, k).
    """

    comparison: Comparison
    effect: Effect
    effects: Sequence[Effect]
    estimate: Estimator
    study: Study
    weights: Vector | None = None
    controls: Sequence[Effect] = ()
    correlation: Matrix | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckKind:
    """A check, declared once: its words, and what makes it.

    Attributes:
        name: Short name.
        fr: Its question, in French; that of `words/checks.yaml` where it is not given here.
        en: Its question, in English.
        findings: What it may find -> its sentence in French and in English: a template, or pieces
            of one, each but the first left out where one of its values is.
        design: Makes it from the two arms; nothing where it does not apply.
        estimators: What estimates the designs that `design` is for: see `StudyDesign.estimator`.
        judge: Makes it from the primary effect; nothing where it does not apply.
        stage: `sensitivity` where it belongs to the battery of a study over time.
    """

    name: str
    fr: str = ""
    en: str = ""
    findings: Mapping[str, tuple[str | list[str], str | list[str]]] = field(default_factory=dict)
    design: Callable[[ComparedArms], Iterable[Check]] | None = None
    estimators: tuple[str, ...] = ("adjusted",)
    judge: Callable[[PrimaryEffect], Iterable[Check]] | None = None
    stage: Literal["sensitivity", "primary"] = "primary"

    def __post_init__(self) -> None:
        """Read the question among the words of the house where it is not given."""
        if not self.fr:
            asks = file_words("checks")[self.name]["question"]
            object.__setattr__(self, "fr", asks["fr"])
            object.__setattr__(self, "en", asks["en"])

    @property
    def words(self) -> dict[str, Any]:
        """Its entry among the words of the checks; empty where `words/checks.yaml` holds it."""
        both = {key: {"fr": fr, "en": en} for key, (fr, en) in self.findings.items()}
        return {"question": {"fr": self.fr, "en": self.en}, "findings": both} if both else {}


CHECKS: Registry[CheckKind] = Registry("check", "evalml.checks.*")
"""Every check of two arms and of a primary effect, by name, in the order in which they stand."""

declare = CHECKS.add
