"""How sure a study leaves us: each finding of a check weighed by what it says, by published rules.

A reading is a finding, refined where a number decides (a hidden factor that would leave more than
the useful effect reassures, one that would leave less does not). `RULES` says of each reading which
ground it speaks to and the highest certainty it allows; a reading that is not there is information.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from scipy.special import ndtr, ndtri

from evalml.report.blinding import SHOWN
from evalml.report.results import rows_of
from evalml.report.trace import in_cell, in_cells
from evalml.report.verdict import (
    is_blinded,
    is_bounded,
    on_primary,
    primary_effect,
    standard_error,
    verdict_of,
    whole_error,
)
from evalml.values import Estimate, Message, Name, Number, PValue, read_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from evalml.values import Value

HIGH, GOOD, LIMITED, LOW, NONE = range(4, -1, -1)
LEVELS = {HIGH: "high", GOOD: "good", LIMITED: "limited", LOW: "low", NONE: "none"}
GROUNDS = ("chance", "witnesses", "alike", "hidden", "robust")
"""What certainty rests on, in the order of the note: one line each."""
DECIDING = ("witnesses", "alike", "hidden", "robust", "chance")
"""Of grounds that allow as much, the first of these is the reason given."""
NEAR = 0.05
"""Joint p-value of the negative controls under which a hidden factor is feared, above the gate."""
SEEN = 2.0
"""Standard errors that a bias must measure to be told from zero."""

RULES: dict[str, tuple[str, int]] = {
    "negative_controls.effect": ("witnesses", NONE),
    "past.apart": ("witnesses", NONE),
    "pre_trend.differ": ("witnesses", NONE),
    "draw.apart": ("alike", NONE),
    "balance.over": ("alike", NONE),
    "balance.changed": ("alike", NONE),
    "overlap.over": ("alike", NONE),
    "separation.apart": ("alike", NONE),
    "effective_sample_size.few": ("alike", NONE),
    "observation.apart": ("alike", NONE),
    "observation.low": ("alike", NONE),
    "linkage.arms": ("alike", NONE),
    "linkage.selected": ("alike", NONE),
    "areas.few": ("alike", NONE),
    "verdict.useful": ("chance", HIGH),
    "verdict.plus": ("chance", HIGH),
    "verdict.minus": ("chance", HIGH),
    "verdict.small": ("chance", HIGH),
    "verdict.no_useful": ("chance", HIGH),
    "verdict.positive": ("chance", GOOD),
    "verdict.unclear": ("chance", LIMITED),
    "verdict.bounded": ("chance", LIMITED),
    "negative_controls.nothing": ("witnesses", HIGH),
    "negative_controls.blunt": ("witnesses", LIMITED),
    "negative_controls.declared": ("witnesses", LOW),
    "negative_controls.near": ("witnesses", LOW),
    "negative_controls.none": ("witnesses", LOW),
    "past.alike": ("witnesses", HIGH),
    "past.vague": ("witnesses", GOOD),
    "past.none": ("witnesses", LIMITED),
    "past_adjusted.used": ("witnesses", HIGH),
    "past_adjusted.left_out": ("witnesses", LIMITED),
    "coverage.covariates": ("witnesses", GOOD),
    "coverage.history": ("witnesses", GOOD),
    "coverage.accompanied": ("witnesses", LIMITED),
    "coverage.not_yet_entered": ("witnesses", LIMITED),
    "pre_trend.alike": ("witnesses", HIGH),
    "pre_trend.vague": ("witnesses", LIMITED),
    "pre_trend.weighted": ("witnesses", LOW),
    "pre_trend.no_period": ("witnesses", LOW),
    "pre_trend.few": ("witnesses", LOW),
    "pre_trend.no_variance": ("witnesses", LOW),
    "randomisation.beyond": ("witnesses", HIGH),
    "randomisation.within": ("witnesses", HIGH),
    "draw.alike": ("hidden", HIGH),
    "draw.none": ("hidden", GOOD),
    "attrition.known": ("alike", HIGH),
    "attrition.alike": ("alike", HIGH),
    "attrition.apart": ("alike", LIMITED),
    "placebo_in_time.alike": ("witnesses", HIGH),
    "placebo_in_time.vague": ("witnesses", LIMITED),
    "placebo_in_time.apart": ("witnesses", LOW),
    "witnesses.nothing": ("witnesses", HIGH),
    "witnesses.vague": ("witnesses", GOOD),
    "witnesses.effect": ("witnesses", LOW),
    "balance.alike": ("alike", HIGH),
    "balance.vague": ("alike", LIMITED),
    "balance.no_covariate": ("alike", LOW),
    "subgroup.whole": ("alike", LIMITED),
    "observation.alike": ("alike", HIGH),
    "observation.weighted": ("alike", GOOD),
    "observation.bounded": ("alike", GOOD),
    "linkage.alike": ("alike", GOOD),
    "linkage.unverified": ("alike", LIMITED),
    "first_demands.stable": ("alike", HIGH),
    "first_demands.vague": ("alike", LIMITED),
    "first_demands.changed": ("alike", LOW),
    "contamination.much": ("alike", LIMITED),
    "extract_refused.used": ("alike", LOW),
    "extract_refused.lost": ("alike", LIMITED),
    "confounder_strength.leaves_useful": ("hidden", HIGH),
    "confounder_strength.leaves_some": ("hidden", GOOD),
    "confounder_strength.leaves_none": ("hidden", LIMITED),
    "confounder_strength.determined": ("hidden", LOW),
    "honest.holds": ("hidden", HIGH),
    "honest.breaks": ("hidden", LIMITED),
    "instrument_strength.strong": ("hidden", GOOD),
    "instrument_strength.weak": ("hidden", LOW),
    "leave_one_out.holds": ("robust", HIGH),
    "leave_one_out.moves": ("robust", LIMITED),
    "leave_one_wave.moves": ("robust", LIMITED),
    "methods.agree": ("robust", HIGH),
    "methods.disagree": ("robust", LIMITED),
    "calibration.holds": ("robust", HIGH),
    "calibration.lost": ("robust", LIMITED),
    "positive_control.missed": ("robust", LOW),
    "placebo_area.stands_out": ("robust", HIGH),
    "placebo_area.ordinary": ("robust", LIMITED),
    "missing_bounds.unsure": ("robust", GOOD),
}
"""Reading -> the ground it speaks to, and the highest certainty it allows."""

Reading = tuple[str, "Mapping[str, Value]"]
"""A key of `RULES`, and the values of its sentence."""

PLACES = {key: place for place, key in enumerate(RULES)}
"""Of readings that allow as much, the first in the rules is told."""

FOUND = {"useful", "positive", "small", "plus", "minus"}
"""Verdicts of an effect told from zero: what could undo it is asked of those alone."""


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground of certainty.

    Attributes:
        name: One of `GROUNDS`.
        level: Highest certainty it allows.
        reading: What decides: the least reassuring of its readings; empty where nothing was asked.
        values: What was found there.
    """

    name: str
    level: int
    reading: str
    values: Mapping[str, Value]

    @property
    def message(self) -> Message:
        """What the ground says, as a message of `sure`."""
        key = self.reading.replace(".", "_") or f"{self.name}_silent"
        return Message(f"sure.{key}", dict(self.values))


@dataclass(frozen=True, slots=True)
class Certainty:
    """How sure a study leaves us.

    Attributes:
        level: `high`, `good`, `limited`, `low` or `none`.
        grounds: What it rests on, in the order of `GROUNDS`.
    """

    level: str
    grounds: tuple[Ground, ...]

    @property
    def weakest(self) -> Ground:
        """The ground that decides the level."""
        return min(self.grounds, key=lambda ground: (ground.level, DECIDING.index(ground.name)))


def certainty_of(frames: Mapping[str, pd.DataFrame], meta: Mapping[str, Any]) -> Certainty:
    """Return how sure the checks leave us of the primary effect.

    Args:
        frames: `effects` and `checks`, as they may be shown.
        meta: `primary` and `threshold` of the study.
    """
    primary = dict(meta.get("primary") or {})
    effect = primary_effect(frames["effects"], primary)
    return _judged(frames["effects"], frames["checks"], primary, effect, meta.get("threshold"))


def certainty_of_each(
    frames: Mapping[str, pd.DataFrame], meta: Mapping[str, Any]
) -> list[Certainty]:
    """Return how sure the checks leave us of each effect, in the order of the table of effects.

    Each is judged by the rules of the primary one, on the checks that bear on its outcome and
    horizon; the useful effect is that of the primary outcome. A group has the checks of everybody,
    and is no surer than `limited`.
    """
    effects, checks = frames["effects"], frames["checks"]
    primary = dict(meta.get("primary") or {})
    alike = ["subgroup", "subgroup_value"]
    groups = {key: rows.assign(subgroup="") for key, rows in effects.groupby(alike, dropna=False)}
    sure = []
    for _, effect in effects.iterrows():
        horizon = effect["horizon_months"]
        judged = {"outcome": effect["outcome"],
                  "horizon_months": None if pd.isna(horizon) else horizon}  # fmt: skip
        useful = meta.get("threshold") if effect["outcome"] == primary.get("outcome") else None
        own = groups[effect["subgroup"], effect["subgroup_value"]]
        also: list[Reading] = [("subgroup.whole", {})] if effect["subgroup"] else []
        sure.append(_judged(own, checks, judged, effect, useful, also))
    return sure


def _judged(
    effects: pd.DataFrame,
    every: pd.DataFrame,
    judged: Mapping[str, Any],
    effect: pd.Series | None,
    useful: float | None,
    also: Sequence[Reading] = (),
) -> Certainty:
    """Return how sure the checks on an outcome at a horizon leave us of an effect."""
    checks = rows_of(every[on_primary(every, judged)])
    found = [*readings(checks, effects, effect, useful), *also]
    kind = verdict_of(effect, useful)
    grounds = tuple(_ground(name, found, kind) for name in GROUNDS)
    unseen = effect is None or (is_blinded(effect) and not is_bounded(effect))
    blinds = any(check.passed is False and check.gating for check in checks)
    level = NONE if unseen or blinds else min(ground.level for ground in grounds)
    return Certainty(LEVELS[level], grounds)


def _ground(name: str, found: list[Reading], kind: str) -> Ground:
    """Return a ground from its readings; one of which nothing was asked allows little."""
    if name in MOOT and kind not in FOUND:
        return Ground(name, HIGH, "moot", {})
    mine = [(RULES[key][1], key, values) for key, values in found if RULES[key][0] == name]
    if not mine:
        return Ground(name, SILENT[name], "", {})
    level, key, values = min(mine, key=lambda each: (each[0], PLACES[each[1]]))
    return Ground(name, level, key, values)


MOOT = {"hidden", "robust"}
"""Grounds that ask what could undo an effect: without one, they have no object."""
SILENT = {"chance": LOW, "witnesses": LIMITED, "alike": LIMITED, "hidden": LIMITED, "robust": GOOD}
"""What a ground allows where nothing was asked of it."""


def readings(
    checks: list[Any], effects: pd.DataFrame, effect: pd.Series | None, useful: float | None
) -> Iterator[Reading]:
    """Give what each check says that the rules weigh, with the values of its sentence."""
    kind = verdict_of(effect, useful)
    if effect is not None:
        yield from _weighed(f"verdict.{kind}", chance_values(effect, useful))
        if kind in FOUND:
            yield from _weighed(*methods_reading(effects, effect))
    controls = [check for check in checks if check.check == "negative_control"]
    if not {"negative_controls", "pre_trend", "draw"} & {str(check.check) for check in checks}:
        yield from _weighed("negative_controls.none", {})
    for check in checks:
        values = read_values(str(check.values)) if check.finding else {}
        finding = str(check.finding).rpartition(".")[2]
        refine = ALWAYS.get(str(check.check), REFINED.get(str(check.check)))
        if refine is None:
            yield from _weighed(f"{check.check}.{finding}", _in_cells(check, values))
        elif kind in FOUND or check.check in {"negative_controls", *ALWAYS}:
            key = refine(check, finding, values, effect, useful, controls)
            yield from _weighed(key, _in_cells(check, values) | _controls_seen(controls))


def _in_cells(check: Any, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values of a check with the cell that holds them."""
    return in_cells(values, "checks", check, "values")


def _weighed(key: str, values: Mapping[str, Value]) -> Iterator[Reading]:
    if key in RULES:
        yield key, values


def chance_values(effect: pd.Series, useful: float | None) -> dict[str, Value]:
    """Return the effect and the useful effect, as far as they are known."""
    unit, values = str(effect["unit"]), {"estimate": effect["estimate"], "useful": useful}
    known = {
        n: Estimate(float(v), unit) for n, v in values.items() if v is not None and pd.notna(v)
    }
    shown = in_cell(known.pop("estimate", None), "effects", effect, "estimate")
    return {**known, **({} if shown is None else {"estimate": shown})}


def likelihood(effect: pd.Series, useful: float | None) -> list[Message]:
    """Return how likely the effect exceeds the useful one, in tenths, if all else is right.

    Every value of the effect is taken as equally likely beforehand.
    """
    error, unit = whole_error(effect), str(effect["unit"])
    if useful is None or error is None or pd.isna(effect["estimate"]):
        return []
    chance = float(ndtr((float(effect["estimate"]) - useful) / error))
    shown: dict[str, Value] = {"useful": Estimate(float(useful), unit)}
    if chance > MOST or chance < 1 - MOST:
        return [Message("chance.most" if chance > MOST else "chance.few", shown)]
    key = "chance.open" if verdict_of(effect, useful) == "unclear" else "chance.some"
    return [Message(key, {**shown, "tenths": Name("tenths", str(round(10 * chance)))})]


MOST = 0.95
"""Probability above which « more than nine chances in ten » is said."""


def methods_reading(effects: pd.DataFrame, effect: pd.Series) -> Reading:
    """Return whether the methods that adjust find the same sign as the primary one."""
    same = (effects["subgroup"] == "") & (effects["status"] == SHOWN)
    for column in ("outcome", "horizon_months", "estimand"):
        same &= (effects[column] == effect[column]) | (
            effects[column].isna() & pd.isna(effect[column])
        )
    others = effects[same & ~effects["method"].isin([effect["method"], "diff"])]
    known = others["estimate"].dropna()
    if not len(known) or pd.isna(effect["estimate"]):
        return "methods.unknown", {}
    apart = (known - effect["estimate"]).abs().max() > 2 * (standard_error(effect) or 0)
    return f"methods.{'disagree' if apart else 'agree'}", {"n": Number(len(known) + 1)}


def _controls_seen(controls: list[Any]) -> dict[str, Value]:
    """Return how many negative controls were judged."""
    return {"judged": Number(sum(check.passed is not None for check in controls))}


def _read_controls(
    check: Any, finding: str, _values: Any, effect: Any, useful: Any, controls: list[Any]
) -> str:
    """Say whether the negative controls find nothing, and could have seen what matters."""
    judged = [control for control in controls if control.passed is not None]
    if finding in {"nothing", "blunt"} and judged and all(map(_is_declared, judged)):
        finding = "declared"
    if finding not in {"nothing", "declared"}:
        return f"negative_controls.{finding}"
    if pd.notna(check.value) and check.value < NEAR:
        return "negative_controls.near"
    errors = [error for error in map(_control_error, controls) if error]
    if effect is None or pd.isna(effect["estimate"]) or not errors:
        return f"negative_controls.{finding}"
    matters = max(abs(float(effect["estimate"])) - (useful or 0.0), useful or 0.0)
    blunt = matters > 0 and SEEN * min(errors) > matters
    return f"negative_controls.{'blunt' if blunt and finding == 'nothing' else finding}"


def _is_declared(check: Any) -> bool:
    """Return whether a negative control is what youths declare to their counsellor."""
    control = read_values(str(check.values)).get("control") if check.finding else None
    return isinstance(control, Name) and "declare" in control.key


def _control_error(check: Any) -> float | None:
    """Return the standard error of a negative control, from its estimate and its p-value."""
    values = read_values(str(check.values)) if check.finding else {}
    effect, p = values.get("effect"), values.get("p")
    if not isinstance(effect, Estimate) or not isinstance(p, PValue) or not 0 < p.value < 1:
        return None
    return abs(effect.value) / float(-ndtri(p.value / 2))


def _read_confounder(
    _check: Any, finding: str, values: Any, effect: Any, useful: Any, _controls: Any
) -> str:
    """Say what a hidden factor as strong as the strongest covariate would leave of the effect."""
    left = values.get("left")
    if finding not in {"strength", "nothing"} or not isinstance(left, Estimate) or effect is None:
        return f"confounder_strength.{finding}"
    remains = left.value if effect["estimate"] > 0 else -left.value
    if remains <= 0:
        return "confounder_strength.leaves_none"
    enough = remains >= (useful or 0.0) or verdict_of(effect, useful) in {"small", "minus"}
    return f"confounder_strength.{'leaves_useful' if enough else 'leaves_some'}"


def _read_honest(
    check: Any, finding: str, _values: Any, _effect: Any, _useful: Any, _controls: Any
) -> str:
    """Say whether the effect survives trends that diverge as much as they did before."""
    if finding in {"up_to", "beyond"}:
        return f"honest.{'holds' if pd.notna(check.value) and check.value >= 1 else 'breaks'}"
    return f"honest.{finding}"


def _read_passed(holds: str, fails: str) -> Any:
    """Return what reads a check by its answer."""

    def read(check: Any, *_rest: Any) -> str:
        finding = {True: holds, False: fails}.get(check.passed, "unjudged")
        return f"{check.check}.{finding}"

    return read


def _read_failed(key: str) -> Any:
    """Return what reads a check of the design: only a failure is told."""

    def read(check: Any, *_rest: Any) -> str:
        return key if check.passed is False else f"{check.check}.passed"

    return read


ALWAYS = {
    "overlap": _read_failed("overlap.over"),
    "separation": _read_failed("separation.apart"),
    "effective_sample_size": _read_failed("effective_sample_size.few"),
    "areas": _read_failed("areas.few"),
}
"""Checks of the design whose several findings amount to one."""
REFINED: dict[str, Any] = {
    "negative_controls": _read_controls,
    "confounder_strength": _read_confounder,
    "honest_relative": _read_honest,
    "leave_one_out": _read_passed("holds", "moves"),
    "leave_one_wave": _read_passed("holds", "moves"),
    "calibration": _read_passed("holds", "lost"),
    "positive_control": _read_passed("found", "missed"),
    "placebo_area": _read_passed("stands_out", "ordinary"),
    "missing_bounds": _read_passed("sure", "unsure"),
}
"""Checks whose reading is not their finding alone; but the first ask what undoes an effect."""
