"""The rows that one estimation uses, its options and its folds."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from evalml.comparison.comparison import mix
from evalml.comparison.matching import MatchOptions
from evalml.comparison.propensity import Estimand
from evalml.comparison.weights import trim, trimming
from evalml.effect.stratified import StrataOptions
from evalml.errors import EstimationError, nearest
from evalml.methods.variance import WILD_CLUSTERS, StandardError
from evalml.study.methods import Learner

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from evalml.arrays import BoolVector, HashVector, IntVector, Vector
    from evalml.comparison.comparison import Comparison, DesignMatrix
    from evalml.study import Study


@dataclass(frozen=True, slots=True)
class EstimationSettings:
    """How to estimate.

    Attributes:
        estimand: `att`, `ate` or `ato`.
        se: Standard error; None takes the clusters if there are some, else the method's own.
        folds: Folds of cross-fitting, 0 for none.
        seed: Draws the folds.
        level: Level of the intervals.
        clip: Bound of the propensity score, None for none.
        fold_by: Folds by `person` or by `cluster`.
        outcome_model: `ols`, `logit` for a 0/1 outcome, or a learner (aipw only).
        score: `logit`, `boosting` (a learner with settings of our own), or a learner.
        moments: Moments that `ebal` balances, 1 or 2.
        match: Options of `match`.
        trim: Rows whose score lies outside [trim, 1 - trim] are left out, and the rest refitted.
        balance: Whether `details` holds the balance table of each method.
        normalise: Whether the weights of `aipw` sum to one in each arm.
        splits: Draws of the folds of `aipw`; the median over them is returned.
        strata: Options of `cem` and `subclass`.
        wild_below: Clusters below which the wild bootstrap is taken where no error is asked for.
    """

    estimand: Estimand = "att"
    se: StandardError | None = None
    folds: int = 5
    seed: int = 0
    level: float = 0.95
    clip: float | None = None
    fold_by: Literal["person", "cluster"] = "person"
    outcome_model: Literal["ols", "logit"] | Learner = "ols"
    score: Literal["logit", "boosting"] | Learner = "logit"
    moments: int = 1
    match: MatchOptions = field(default_factory=MatchOptions)
    trim: float | None = None
    balance: bool = False
    normalise: bool = True
    splits: int = 1
    strata: StrataOptions = field(default_factory=StrataOptions)
    wild_below: int = 0

    def __post_init__(self) -> None:
        one_of("estimand", self.estimand, get_args(Estimand))
        if self.se is not None:
            one_of("se", self.se, get_args(StandardError))
        one_of("fold_by", self.fold_by, ("person", "cluster"))
        self._check_learners()
        if self.trim is not None and not 0.0 < self.trim < 0.5:  # noqa: PLR2004
            message = f"trim is {self.trim}; it must lie between 0 and 0.5"
            raise EstimationError(message)
        if self.splits < 1 or (self.splits > 1 and self.folds < 2):  # noqa: PLR2004
            message = f"splits is {self.splits}; give 1 or more, and 2 folds or more to split by"
            raise EstimationError(message)
        if self.folds < 0:
            message = f"folds is {self.folds}; give 0 (no cross-fitting) or 2 and more"
            raise EstimationError(message)

    def _check_learners(self) -> None:
        if not isinstance(self.outcome_model, Learner):
            one_of("outcome_model", self.outcome_model, ("ols", "logit"))
        if not isinstance(self.score, Learner):
            one_of("score", self.score, ("logit", "boosting"))
        elif not self.score.gives_probabilities:
            message = f"score: {self.score.learner} gives no probability (no predict_proba)"
            raise EstimationError(message)
        learned = self.score != "logit" or isinstance(self.outcome_model, Learner)
        if learned and self.folds < 2:  # noqa: PLR2004
            raise EstimationError("a learner must be cross-fitted: ask for 2 folds or more")

    @property
    def score_learner(self) -> Learner | None:
        """The learner of the score; None for the logistic regression."""
        if isinstance(self.score, Learner):
            return self.score
        return BOOSTING if self.score == "boosting" else None


BOOSTING = Learner.model_construct(
    learner="HistGradientBoostingClassifier",
    max_iter=100,
    max_leaf_nodes=15,
    learning_rate=0.1,
    early_stopping=False,
)
"""What `boosting` stands for."""


def settings_of(study: Study, method: str) -> EstimationSettings:
    """Return the options of a method of a study, those it does not give at their usual value.

    Args:
        study: The study.
        method: Name of the method.
    """
    estimand: Estimand = "ate" if study.estimand == "ate" else "att"
    below = WILD_CLUSTERS if study.over_time else 0
    options = EstimationSettings(estimand, seed=study.seed, wild_below=below)
    given = study.method_settings.get(method)
    if given is None or not given.given:
        return options
    values = given.given
    if "outcome" in values:
        values["outcome_model"] = values.pop("outcome")
    own = {f.name for f in fields(MatchOptions)} & values.keys()
    match = MatchOptions(**{name: values.pop(name) for name in own})
    return replace(options, match=match, **values)


def one_of(option: str, value: str, valid: Iterable[str]) -> None:
    """Stop at a word that is not among the valid ones.

    Raises:
        EstimationError: With the nearest valid word.
    """
    allowed = tuple(valid)
    if value not in allowed:
        message = f"{option} '{value}' is unknown; {nearest(value, allowed)}"
        raise EstimationError(message)


@dataclass(frozen=True, slots=True, repr=False)
class Sample:
    """Arrays of the n rows in use.

    Attributes:
        rows: Which rows of the comparison, shape (N,), n of them True.
        treated: Shape (n,).
        design: n rows.
        cluster: Shape (n,) or None.
        person: Shape (n,).
        repeated: Whether a person has several rows.
        strata: Codes that partners must share, shape (n,), or None.
        notes: What was done to the rows (trimming), with counts.
        trimmed: Treated rows left out by trimming; None where nothing was trimmed.
    """

    rows: BoolVector
    treated: BoolVector
    design: DesignMatrix
    cluster: IntVector | None
    person: HashVector
    repeated: bool
    strata: IntVector | None = None
    notes: tuple[str, ...] = ()
    trimmed: int | None = None

    def sizes(self) -> tuple[int, int]:
        """Return the rows of the treated and of the comparison arm."""
        n_treated = int(self.treated.sum())
        return n_treated, self.treated.size - n_treated


def take_rows(comparison: Comparison, rows: BoolVector, exact: Sequence[str] = ()) -> Sample:
    """Keep the rows where the outcome was observed.

    Raises:
        EstimationError: One arm has fewer than two persons left: nothing says how they vary.
    """
    treated = comparison.treated[rows]
    for arm, count in (("treated", treated.sum()), ("comparison", (~treated).sum())):
        if count < 2:  # noqa: PLR2004
            found = "only one" if count else "no"
            message = f"{found} {arm} person with an observed outcome among {treated.size} rows"
            raise EstimationError(message)
    cluster = None if comparison.cluster is None else comparison.cluster[rows]
    person = comparison.person[rows]
    design = comparison.design if rows.all() else comparison.design.rows(rows)
    ordered = np.sort(person)
    repeated = bool((ordered[1:] == ordered[:-1]).any())
    strata = find_strata(comparison, exact)[rows] if exact else None
    return Sample(rows, treated, design, cluster, person, repeated, strata)


def trim_rows(sample: Sample, score: Vector, low: float) -> Sample:
    """Keep the rows whose score lies in [low, 1 - low], and say whom that leaves out."""
    kept = trim(score, low, 1.0 - low)
    share = trimming(score, sample.treated, kept)
    lost = [int((~kept & arm).sum()) for arm in (sample.treated, ~sample.treated)]
    note = (
        f"trimmed to scores in [{low:g}, {1 - low:g}]: {lost[0]} treated and {lost[1]} comparison "
        f"rows left out; the effect is that on the {share['share_treated_kept']:.1%} of the "
        "treated kept, no longer on all"
    )
    if not lost[0] + lost[1]:
        return replace(sample, trimmed=0)
    if not (kept & sample.treated).any() or not (kept & ~sample.treated).any():
        message = f"no overlap: one arm has no score in [{low:g}, {1 - low:g}]"
        raise EstimationError(message)
    rows = sample.rows.copy()
    rows[rows] = kept
    return Sample(
        rows,
        sample.treated[kept],
        sample.design.rows(kept),
        None if sample.cluster is None else sample.cluster[kept],
        sample.person[kept],
        sample.repeated,
        None if sample.strata is None else sample.strata[kept],
        (*sample.notes, note),
        lost[0],
    )


def find_strata(comparison: Comparison, exact: Sequence[str]) -> IntVector:
    """Number the combinations of values of covariates, subgroups or strata, shape (N,)."""
    frames = [comparison.covariates, comparison.subgroups]
    if comparison.strata is not None:
        frames.append(comparison.strata)
    codes = np.zeros(comparison.treated.size, dtype=np.int64)
    for name in exact:
        known = next((f for f in frames if name in f), None)
        if known is None:
            names = [str(column) for frame in frames for column in frame]
            message = f"exact: '{name}' is not a covariate; {nearest(name, names)}"
            raise EstimationError(message)
        values, levels = pd.factorize(known[name], sort=True, use_na_sentinel=False)
        codes = np.unique(codes * len(levels) + values, return_inverse=True)[1]
    return np.asarray(codes, dtype=np.int64)


def assign_folds(
    keys: HashVector | IntVector, folds: int, seed: int, treated: BoolVector
) -> IntVector:
    """Give each row the fold of its person (or of its cluster), shape (n,).

    Args:
        keys: Hash of the person, or code of the cluster, shape (n,).
        folds: Number of folds; 0 or 1 puts every row in fold 0.
        seed: Another seed draws other folds.
        treated: Shape (n,); every fold must leave both arms outside it.

    Raises:
        EstimationError: A fold is empty or holds a whole arm.
    """
    if folds <= 1:
        return np.zeros(keys.size, dtype=np.int64)
    fold = (mix(keys.astype(np.uint64), seed) % np.uint64(folds)).astype(np.int64)
    for arm, name in ((treated, "treated"), (~treated, "comparison")):
        counts = np.bincount(fold[arm], minlength=folds)
        if counts.max() == arm.sum():
            message = (
                f"cross-fitting: one of {folds} folds holds all the {int(arm.sum())} {name} rows; "
                "use fewer folds, folds by person, or folds=0"
            )
            raise EstimationError(message)
    return fold
