"""What each column of the tables of a run is: a count, a value and what it rests on, or words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ARMS = {"n_treated": "treated", "n_comparison": "comparison"}


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table that may leave; any other stays inside.

    Attributes:
        counts: Counts of persons.
        values: Numbers about persons, rounded to a step.
        rests: Counts that the values of a row rest on; the arms of the study where empty.
        shares: Column of a share -> column of its whole: both sides are judged as counts.
        group: Columns that go together: one absent, all are.
        unit: Column of the unit of the values.
        units: Unit of the values where no column says it.
        plain: Numbers that speak of nobody: months, limits, answers.
        words: Names and phrases of the package.
        typed: Values or messages as JSON, each judged by its type.
        zeros: Counts whose zero speaks of nobody: a rule that leaves out no one.
        sentences: Words written by a stage: a number in them does not pass unless it is declared.
    """

    counts: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    rests: tuple[str, ...] = ()
    shares: Mapping[str, str] = field(default_factory=dict)
    group: tuple[str, ...] = ()
    unit: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    plain: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()
    zeros: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that may leave."""
        return (*self.counts, *self.values, *self.plain, *self.words, *self.sentences, *self.typed)


SIZES = ("n_treated", "n_comparison")
MEANS = ("mean_treated", "mean_comparison")
BOUNDS = ("estimate", "std_error", "ci_low", "ci_high")
NAMES = ("outcome", "subgroup", "subgroup_value", "estimand", "method", "unit", "status")
WHOLE = {"mean_treated": "n_treated", "mean_comparison": "n_comparison"}
PRINTED = ("source", "measured", "published", "alike", "differs", "read_in")
PARTS = {"value": "denominator"}

LAYOUTS: dict[str, Layout] = {
    "effects": Layout(
        SIZES, (*BOUNDS, *MEANS), SIZES, WHOLE, MEANS, "unit",
        plain=("horizon_months", "p_value"),
        words=("study", "programme", "territory", "period", *NAMES),
        sentences=("reason",), typed=("causes",),
    ),
    "secondary": Layout(
        SIZES, (*BOUNDS, *MEANS, "max_smd", "observation_gap"), SIZES, WHOLE, MEANS, "unit",
        {"max_smd": "smd", "observation_gap": "proportion"},
        ("horizon_months", "p_value"), ("analysis", *NAMES), ("title", "reason"), ("causes",),
    ),
    "flow": Layout(
        ("kept", "lost", "kept_treated", "kept_comparison", "kept_persons"),
        words=("rule", "label", "arm"), zeros=("lost",), typed=("words",),
    ),
    "balance": Layout(
        values=("smd_before", "smd_after", "variance_ratio", "mean_treated",
                "mean_comparison_before", "mean_comparison_after"),
        group=("mean_treated", "mean_comparison_before", "mean_comparison_after"),
        units={"smd_before": "smd", "smd_after": "smd", "variance_ratio": "smd"},
        words=("covariate", "label"),
    ),
    "trajectories": Layout(
        ("n_at_risk",), ("rate", "std_error", "share_unobserved"), ("n_at_risk",),
        {"rate": "n_at_risk"}, ("rate", "std_error"), units={"share_unobserved": "proportion"},
        plain=("month",), words=("arm", "outcome"),
    ),
    "observation": Layout(
        ("n",), ("value",), ("n",), {"value": "n"}, unit="unit", words=("arm", "measure", "label",
                                                                       "unit"), typed=("words",),
    ),
    "costs": Layout(
        SIZES, ("value", "ci_low", "ci_high"), SIZES, unit="unit", plain=("horizon_months",),
        words=("measure", "label", "method", "unit"), sentences=("remark",), typed=("words",),
    ),
    "power": Layout(
        ("n_treated", "n_effective"), ("baseline", "r_squared", "icc", "detectable"),
        ("n_treated",), {"baseline": "n_treated"}, unit="unit",
        units={"r_squared": "smd", "icc": "smd"}, plain=("horizon_months", "clusters"),
        words=("outcome", "label", "unit"),
    ),
    "exit_contrast": Layout(
        ("numerator", "denominator"), ("value", "ci_low", "ci_high"), ("denominator",), PARTS,
        ("value", "numerator"), "unit", words=("measure", "label", "unit"),
    ),
    "intensity": Layout(
        ("numerator", "denominator"), ("value",), ("denominator",), PARTS, ("value", "numerator"),
        "unit", plain=("month",), words=("measure", "label", "unit"),
    ),
    "indicators": Layout(
        ("numerator", "denominator"), ("value",), ("denominator",), PARTS, ("value", "numerator"),
        "unit", plain=("year",),
        words=("indicator", "label", "group", "group_value", "unit", "territory", "statistic"),
    ),
    "event_study": Layout(
        SIZES, BOUNDS, SIZES, plain=("horizon_months", "event_time"), words=("outcome", "phase"),
    ),
    "checks": Layout(
        values=("value",), units={"value": "statistic"}, plain=("passed", "threshold", "gating"),
        words=("check", "question", "outcome", "finding"),
        sentences=("sentence",), typed=("values",),
    ),
    "protocol": Layout(words=("item", "label", "text"), typed=("words",)),
    "published": Layout(
        words=(*PRINTED, *(f"{name}_en" for name in PRINTED), "ours"), typed=("words",),
    ),
}  # fmt: skip
