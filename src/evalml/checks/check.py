"""What a check returns: a finding and its values; the thresholds at which it fails.

`study.Thresholds` (the `checks:` part of a params file) holds the same names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from evalml.registry import Registry
from evalml.study import Thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from evalml.checks.placebo import Estimator
    from evalml.comparison.comparison import Comparison
    from evalml.methods.effect import Effect
    from evalml.study import Study
    from evalml.values import Values

__all__ = [
    "CHECKS",
    "Check",
    "CheckKind",
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


@dataclass(frozen=True, slots=True, repr=False)
class PrimaryEffect:
    """What a check of the primary effect may read.

    Attributes:
        comparison: The two arms.
        effect: The primary effect.
        effects: Every estimate of the study.
        estimate: Estimator of the primary method, which refits everything.
        study: The study: its thresholds, seed and primary method.
    """

    comparison: Comparison
    effect: Effect
    effects: Sequence[Effect]
    estimate: Estimator
    study: Study


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckKind:
    """A check of the primary effect, declared where it is computed, with its words.

    Attributes:
        name: Short name.
        fr: Its question, in French.
        en: Its question, in English.
        findings: What it may find -> its sentence in French and in English: a template, or pieces
            of one, each but the first left out where one of its values is.
        judge: Makes it; nothing where it does not apply.
    """

    name: str
    fr: str
    en: str
    findings: Mapping[str, tuple[str | list[str], str | list[str]]] = field(default_factory=dict)
    judge: Callable[[PrimaryEffect], Iterable[Check]]

    @property
    def words(self) -> dict[str, Any]:
        """Its entry among the words of the checks."""
        both = {key: {"fr": fr, "en": en} for key, (fr, en) in self.findings.items()}
        return {"question": {"fr": self.fr, "en": self.en}, "findings": both}


CHECKS: Registry[CheckKind] = Registry("check", "evalml.checks.*")
"""The checks of the primary effect that declare themselves, by name."""

declare = CHECKS.add
