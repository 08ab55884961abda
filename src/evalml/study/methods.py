"""What a method of a study is, and its settings; each is declared in `effect/methods.py`."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from evalml.errors import nearest
from evalml.reading.yaml_text import StrictModelByName
from evalml.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way to estimate.

    Attributes:
        name: Word of `methods` in a study, or of `--method`.
        fr: Its name in French.
        en: Its name in English.
        when: When to take it.
        never: When not to.
        page: Page of `docs/methods`.
        estimands: Estimands it offers.
        family: Designs whose `estimator` this is may use it: `adjusted`, `instrument`, `areas`;
            empty where only a command computes it.
        command: Command that computes it on a table.
        does: What it is, in a few words, for `--help`.
        se: Standard errors it has, its own first.
        options: Options of the command that it reads.
        seen: Whether it can weight the outcomes known to stand for those lost (`missing: ipcw`).
        also: Other families whose designs may show it, as a naive answer beside their own.
        run: How it is computed on two arms (`effect/methods.py:Run`); None where another part of
            `effect/` computes it.
    """

    name: str
    fr: str
    en: str
    when: str
    never: str
    page: str
    estimands: tuple[str, ...] = ("att",)
    family: str = ""
    command: str = "evalml estimate DATA"
    does: str = ""
    se: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    seen: bool = False
    also: tuple[str, ...] = ()
    run: Any = None

    @property
    def in_study(self) -> bool:
        """Whether a study may name it."""
        return bool(self.family)


METHODS: Registry[Method] = Registry("method", "evalml.effect.methods")
"""Every method, by name."""


def methods_of(family: str) -> tuple[str, ...]:
    """Return the methods that a design with this estimator may use."""
    return tuple(m.name for m in METHODS.values() if family in {m.family, *m.also})


SCORE, OUTCOME = "score", "outcome"
"""What a learner may predict: the treatment, or the outcome without it (and with it)."""


class Learner(BaseModel):
    """A scikit-learn estimator by its name, with its settings as further keys.

    It may be written in one word too: `LogisticRegressionCV(Cs=5)`.

    Attributes:
        learner: Name of its class, such as `LogisticRegressionCV`.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    learner: str

    @property
    def settings(self) -> dict[str, Any]:
        """Its settings; those left out are scikit-learn's."""
        return dict(self.model_extra or {})

    @model_validator(mode="before")
    @classmethod
    def _in_one_word(cls, given: Any) -> Any:
        return _called(given) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _known(self) -> Learner:
        kind = learner_class(self.learner)
        known = [name for name in inspect.signature(kind).parameters if name != "random_state"]
        for key in self.settings:
            if key == "random_state":
                raise ValueError(f"{self.learner}: the seed of the study is its random_state")
            if key not in known:
                raise ValueError(f"{self.learner} has no setting '{key}'; {nearest(key, known)}")
        return self

    @property
    def gives_probabilities(self) -> bool:
        """Whether it has `predict_proba`, with these settings."""
        return hasattr(learner_class(self.learner)(**self.settings), "predict_proba")

    def estimator(self, seed: int) -> Any:
        """Return it, not fitted, its random steps drawn by `seed`."""
        made = learner_class(self.learner)(**self.settings)
        known = made.get_params(deep=False)
        fixed = {"random_state": seed % 2**32} if "random_state" in known else {}
        return made.set_params(**fixed, **({"n_jobs": 1} if "n_jobs" in known else {}))

    def __str__(self) -> str:
        """Give its name and settings: `Lasso(alpha=0.1)`."""
        given = ", ".join(f"{key}={value!r}" for key, value in self.settings.items())
        return f"{self.learner}({given})" if given else self.learner


def _called(written: str) -> dict[str, Any]:
    """Read `Name(setting=value)`."""
    try:
        call = ast.parse(written if "(" in written else f"{written}()", mode="eval").body
        named = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and not call.args
        settings = {str(k.arg): ast.literal_eval(k.value) for k in getattr(call, "keywords", ())}
    except (SyntaxError, ValueError):
        named = False
    if not named:
        raise ValueError(f"'{written}' is no learner; write it as LogisticRegressionCV(Cs=5)")
    return {"learner": call.func.id, **settings}  # type: ignore[attr-defined]


@lru_cache
def learner_class(name: str) -> Any:
    """Return a classifier or a regressor of scikit-learn by its name."""
    from sklearn.utils import all_estimators

    known = dict(all_estimators(type_filter=["classifier", "regressor"]))
    if name not in known:
        raise ValueError(f"scikit-learn has no learner '{name}'; {nearest(name, known)}")
    required = [
        p.name
        for p in inspect.signature(known[name]).parameters.values()
        if p.default is p.empty and p.kind is not p.VAR_KEYWORD
    ]
    if required:
        raise ValueError(f"learner '{name}' needs {required}, which a study cannot give")
    return known[name]


class MethodSettings(StrictModelByName):
    """How a method of a study is computed, where not in its usual way.

    Attributes:
        score: Learner of the propensity score, cross-fitted; a logistic regression when left out.
        outcome: Learner of the outcome regressions of `aipw`, cross-fitted; least squares, or
            `logit` for a 0/1 outcome.
        folds: Folds of cross-fitting.
        splits: Draws of the folds; the median over them is the estimate.
        clip: Propensity scores are kept within [clip, 1 - clip], and counted.
        trim: Persons whose score lies outside [trim, 1 - trim] are left out, and the rest
            fitted anew.
        moments: Moments that `ebal` balances.
        metric: Distance of `match`.
        k: Partners per person.
        caliper: Largest distance to a partner, in standard deviations.
        replace: Whether a partner may serve several times.
        exact: Covariates on which partners must be equal.
        bias_adjust: Whether partners are corrected by a regression.
        se: `cluster` for Student’s interval, `wild` for that of the wild cluster bootstrap; where
            left out, `wild` under 30 clusters.
    """

    score: Learner | None = None
    outcome: Literal["logit"] | Learner | None = None
    folds: int | None = Field(None, ge=2, le=50)
    splits: int | None = Field(None, ge=1, le=100)
    clip: float | None = Field(None, gt=0, lt=0.5)
    trim: float | None = Field(None, gt=0, lt=0.5)
    moments: Literal[1, 2] | None = None
    metric: Literal["propensity", "logit", "mahalanobis", "inverse_variance"] | None = None
    k: int | None = Field(None, ge=1, le=50)
    caliper: float | None = Field(None, gt=0)
    replace: bool | None = None
    exact: tuple[str, ...] | None = None
    bias_adjust: bool | None = None
    se: Literal["cluster", "wild"] | None = None

    @model_validator(mode="after")
    def _probabilities(self) -> MethodSettings:
        if self.score is not None and not self.score.gives_probabilities:
            raise ValueError(
                f"score: {self.score.learner} gives no probability (no predict_proba); "
                "take a classifier that does, such as LogisticRegressionCV"
            )
        return self

    @property
    def given(self) -> dict[str, Any]:
        """The settings given, by name."""
        return {key: value for key, value in self if value is not None}

    @property
    def learned(self) -> bool:
        """Whether a learner takes the place of the usual score or regression."""
        return isinstance(self.score, Learner) or self.outcome is not None


def settings_allowed(method: Method) -> tuple[str, ...]:
    """Return the keys of `method_settings` that a method reads."""
    named = {"outcome_model": OUTCOME}
    keys = {named.get(option, option) for option in method.options}
    if "cluster" in method.se:
        keys.add("se")
    return tuple(key for key in MethodSettings.model_fields if key in keys)
