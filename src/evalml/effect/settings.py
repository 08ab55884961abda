"""The options of the person-level methods, checked once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from evalml.comparison.matching import MatchOptions
from evalml.comparison.propensity import Estimand
from evalml.effect.stratified import StrataOptions
from evalml.effect.variance import StandardError
from evalml.errors import EstimationError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Settings:
    """How to estimate.

    Attributes:
        estimand: `att`, `ate` or `ato`.
        se: Standard error; None takes the clusters if there are some, else the method's own.
        folds: Folds of cross-fitting, 0 for none.
        seed: Draws the folds.
        level: Level of the intervals.
        clip: Bound of the propensity score, None for none.
        fold_by: Folds by `person` or by `cluster`.
        outcome_model: `ols`, or `logit` for a 0/1 outcome (aipw only).
        score: `logit` or `boosting`.
        moments: Moments that `ebal` balances, 1 or 2.
        match: Options of `match`.
        trim: Rows whose score lies outside [trim, 1 - trim] are left out, and the rest refitted.
        balance: Whether `details` holds the balance table of each method.
        normalise: Whether the weights of `aipw` sum to one in each arm.
        splits: Draws of the folds of `aipw`; the median over them is returned.
        strata: Options of `cem` and `subclass`.
    """

    estimand: Estimand = "att"
    se: StandardError | None = None
    folds: int = 5
    seed: int = 0
    level: float = 0.95
    clip: float | None = None
    fold_by: Literal["person", "cluster"] = "person"
    outcome_model: Literal["ols", "logit"] = "ols"
    score: Literal["logit", "boosting"] = "logit"
    moments: int = 1
    match: MatchOptions = field(default_factory=MatchOptions)
    trim: float | None = None
    balance: bool = False
    normalise: bool = True
    splits: int = 1
    strata: StrataOptions = field(default_factory=StrataOptions)

    def __post_init__(self) -> None:
        one_of("estimand", self.estimand, get_args(Estimand))
        if self.se is not None:
            one_of("se", self.se, get_args(StandardError))
        one_of("fold_by", self.fold_by, ("person", "cluster"))
        one_of("outcome_model", self.outcome_model, ("ols", "logit"))
        one_of("score", self.score, ("logit", "boosting"))
        if self.trim is not None and not 0.0 < self.trim < 0.5:  # noqa: PLR2004
            message = f"trim is {self.trim}; it must lie between 0 and 0.5"
            raise EstimationError(message)
        if self.splits < 1 or (self.splits > 1 and self.folds < 2):  # noqa: PLR2004
            message = f"splits is {self.splits}; give 1 or more, and 2 folds or more to split by"
            raise EstimationError(message)
        if self.folds < 0:
            message = f"folds is {self.folds}; give 0 (no cross-fitting) or 2 and more"
            raise EstimationError(message)


def one_of(option: str, value: str, valid: Iterable[str]) -> None:
    """Stop at a word that is not among the valid ones.

    Raises:
        EstimationError: With the nearest valid word.
    """
    allowed = tuple(valid)
    if value not in allowed:
        message = f"{option} '{value}' is unknown; {nearest(value, allowed)}"
        raise EstimationError(message)
