"""What goes with each method of the statistics commands: said once, for `--help` and warnings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Goes:
    """What goes with a method.

    Attributes:
        does: What it is, in a few words.
        se: Standard errors it has, its own first; `cluster` with --cluster.
        estimand: What it can estimate.
        options: Options that it reads, beside those that all methods of its command read.
    """

    does: str
    se: tuple[str, ...] = ()
    estimand: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


_CURVE = ("at", "interval", "group", "weights", "cluster")


def two_arms() -> dict[str, Goes]:
    """Return what goes with each method of `evalml estimate`, as each declares it."""
    from evalml.study import METHODS

    return {
        m.name: Goes(m.does, m.se, m.estimands, m.options)
        for m in METHODS.values()
        if m.run is not None
    }


class EstimateHelp(TyperCommand):
    """The command `estimate`: its help lists the methods as they stand when it is asked for."""

    def get_help(self, ctx: Any) -> str:
        """Return the help."""
        self.epilog = help_of(two_arms())
        return super().get_help(ctx)


ROLLOUT: dict[str, Goes] = {
    "callaway_santanna": Goes(
        "effects by group and time",
        estimand=("gt", "simple", "group", "dynamic", "calendar"),
        options=("control", "est_method", "covariates", "anticipation", "base", "incomplete"),
    ),
    "sun_abraham": Goes(
        "interactions with event time",
        estimand=("gt", "simple", "group", "dynamic", "calendar"),
        options=("covariates", "anticipation"),
    ),
    "did2s": Goes(
        "untreated outcomes imputed, error of the two-stage regression",
        estimand=("simple", "dynamic"),
        options=("covariates", "anticipation"),
    ),
    "imputation": Goes(
        "untreated outcomes imputed",
        estimand=("gt", "simple", "group", "dynamic", "calendar"),
        options=("covariates", "anticipation"),
    ),
    "twfe": Goes(
        "two-way fixed effects",
        estimand=("simple", "dynamic"),
        options=("covariates", "anticipation"),
    ),
}
DID: dict[str, Goes] = {
    "twfe": Goes(
        "two-way fixed effects, any number of periods", options=("unit", "covariates", "dose")
    ),
    "dr": Goes("two periods, doubly robust", options=("unit", "covariates")),
    "dr_improved": Goes(
        "two periods, doubly robust, and so is its inference", options=("unit", "covariates")
    ),
    "ipw": Goes("two periods, weights of the score", options=("unit", "covariates")),
    "reg": Goes("two periods, regression of the change", options=("unit", "covariates")),
    "wald_did": Goes(
        "two periods, partial take-up: ratio of two differences", options=("take_up",)
    ),
    "wald_tc": Goes("the same, by the trend of those not taken up", options=("take_up",)),
}
SURVIVAL: dict[str, Goes] = {
    "km": Goes("survival curve", options=_CURVE),
    "na": Goes("cumulative hazard (Nelson-Aalen)", options=_CURVE),
    "aj": Goes("cumulative incidence of each cause", options=_CURVE),
    "logrank": Goes("test of equal hazards", options=("group", "strata")),
    "gray": Goes("test of equal incidence of each cause", options=("group",)),
    "rmst": Goes("restricted mean time", options=("horizon", "group", "weights", "cluster")),
    "cox": Goes(
        "hazard ratios", options=("covariates", "formula", "strata", "group", "weights", "cluster")
    ),
}


def help_of(methods: dict[str, Goes], estimand: str = "--estimand") -> str:
    """Return the lines of `--help` that say what goes with each method."""
    lines = ["\b", "What goes with each --method:"]
    for name, goes in methods.items():
        lines.append(f"  {name}: {goes.does}")
        parts = (
            ("--se", goes.se),
            (estimand, goes.estimand),
            ("options", tuple(f"--{o.replace('_', '-')}" for o in goes.options)),
        )
        lines += [f"    {label} {', '.join(words)}" for label, words in parts if words]
    return "\n".join(lines)


def unused(methods: dict[str, Goes], chosen: Iterable[str], given: Iterable[str]) -> list[str]:
    """Return a warning for the options that were given and that no chosen method reads."""
    known = [methods[name] for name in chosen if name in methods]
    if not known:
        return []
    owned = {option for goes in methods.values() for option in goes.options}
    read = {option for goes in known for option in goes.options}
    idle = [f"--{o.replace('_', '-')}" for o in given if o in owned - read]
    names = ", ".join(chosen)
    return [f"{names} does not use: {', '.join(sorted(idle))}"] if idle else []
