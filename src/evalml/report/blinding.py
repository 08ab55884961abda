"""Blind until the checks pass: which effects may be read, and why not the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from evalml.report.results import complete_table, rows_of
from evalml.report.sentences import finding_of, reasons_in_words
from evalml.values import Estimate, Message, messages_text, read_messages

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOWN, BLINDED, EXPLORATORY = "shown", "blinded", "exploratory"

DISCLOSURE = "disclosure."
"""How the cause of an effect hidden for its small counts alone begins."""

NOT_ESTIMATED = Message("secondary.not_estimated")
"""What is said of an effect without a number and without bounds: the data give none."""

IMPOSSIBLE = Message("secondary.impossible")
"""What is said of a change of a share by more than the whole: a weak instrument gives such."""

NUMBERS = (
    "estimate",
    "std_error",
    "ci_low",
    "ci_high",
    "p_value",
    "mean_treated",
    "mean_comparison",
)
"""The columns from which a blinded effect could be read."""


def outcome_key(outcome: str, horizon_months: object) -> str:
    """Return the outcome with its horizon as a suffix, such as `emploi_m12`."""
    if horizon_months is None or pd.isna(horizon_months):  # type: ignore[call-overload]
        return outcome
    return f"{outcome}_m{int(float(str(horizon_months)))}"


def blind(
    effects: pd.DataFrame,
    checks: pd.DataFrame,
    primary: Mapping[str, Any] | None = None,
    *,
    lang: str = "fr",
    labels: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Set the status, the causes and the reason of every effect.

    A failed gating check blinds the effects it bears on: all, those of its outcome, or those of
    its outcome at one horizon; one that the data do not give is blinded too. What is left is
    `shown` for the primary outcome in the whole population and `exploratory` for the rest. What
    no check could rule out is their reason, and is in their interval (`widen`). The numbers stay:
    `mask_blinded` removes them.

    Args:
        effects: Table of effects.
        checks: Table of checks.
        primary: `outcome` of the study, declared beforehand; all are primary where None.
        lang: Language of the reasons.
        labels: Labels of the study.

    Returns:
        A new table of effects.
    """
    table = complete_table("effects", effects)
    every = complete_table("checks", checks)
    failed = failed_gates(every)
    causes = [
        [message for key, message in failed if bears_on(key, row.outcome, row.horizon_months)]
        + ([NOT_ESTIMATED] if pd.isna(row.estimate) and pd.isna(row.ci_low) else [])
        + impossible(row.unit, row.estimate)
        for row in rows_of(table)
    ]
    status = [
        BLINDED if each else usual_status(outcome, subgroup, primary)
        for each, outcome, subgroup in zip(causes, table["outcome"], table["subgroup"], strict=True)
    ]
    written = table.assign(status=status, causes=[messages_text(each) for each in causes])
    return reasons_in_words(widen(written, every), lang, labels)


def impossible(unit: str, estimate: float) -> list[Message]:
    """Return why an effect cannot be one: a share that changes by more than the whole."""
    return [IMPOSSIBLE] if unit == "proportion" and abs(estimate) > 1 else []


def failed_gates(checks: pd.DataFrame) -> list[tuple[str, Message]]:
    """Return the outcome and the finding of each gating check that failed."""
    failed = [row.passed is False and bool(row.gating) for row in checks.itertuples()]
    return [(str(row.outcome), finding_of(row)) for row in checks[failed].itertuples()]


def guard_durations(durations: pd.DataFrame, checks: pd.DataFrame) -> pd.DataFrame:
    """Return the waits that may be read: where a check blinds the outcome, the treated's alone.

    Args:
        durations: The table of `durations_table`.
        checks: Table of checks.
    """
    failed = [key for key, _ in failed_gates(complete_table("checks", checks))]
    places = list(zip(durations["outcome"], durations["horizon_months"], strict=True))
    blinded = any(bears_on(key, *place) for key in failed for place in places)
    hidden = (durations["arm"] != "treated") & blinded
    numbers = [name for name in NUMBERS if name in durations]
    return durations.assign(**{c: durations[c].astype("float64").mask(hidden) for c in numbers})


CAUTIONS = tuple(f"negative_controls.{found}" for found in ("blunt", "near", "declared", "none"))
"""Findings that mask nothing, and that no effect goes without: a hidden factor would not show."""


def cautions_of(checks: pd.DataFrame) -> list[Message]:
    """Return what no check could rule out, as the reason of the effects that are not masked."""
    found = [finding_of(row) for row in checks.itertuples()]
    return [message for message in found if message.key in CAUTIONS]


@dataclass(frozen=True, slots=True)
class NotExcluded:
    """The bias of a share, in either sense, that the negative controls do not exclude.

    Attributes:
        seen: What they show of it.
        reach: From there to the end of its interval at 95 %.
    """

    seen: float
    reach: float

    def around(self, row: Any) -> dict[str, float]:
        """Return the interval and the p-value of an effect that may hold this bias.

        The error of the controls adds to that of the estimate, and what they show, in either sense,
        to both: bounds of an estimate that has none are moved apart by all of it.
        """
        times = 1.0 if row.unit == "proportion" else float(row.horizon_months)
        seen, reach = times * self.seen, times * self.reach
        if pd.isna(row.estimate):
            return {"ci_low": row.ci_low - seen - reach, "ci_high": row.ci_high + seen + reach}
        down, up = row.estimate - row.ci_low, row.ci_high - row.estimate
        low = float(row.estimate - seen - np.hypot(down, reach))
        high = float(row.estimate + seen + np.hypot(up, reach))
        error = float(np.hypot((down + up) / 2, reach)) / Z
        beyond = max(abs(row.estimate) - seen, 0.0)
        p = 2 * float(ndtr(-beyond / error)) if error > 0 else row.p_value
        return {"ci_low": low, "ci_high": high, "p_value": max(p, float(row.p_value))}


Z = 1.959964
"""Standard errors from an estimate to the end of its interval at 95 %."""
CARRIES = ("proportion", "mois")
"""Units that a bias of past employment carries over to: a share, and a sum of months."""


def not_excluded(message: Message) -> NotExcluded | None:
    """Return the bias that a finding of the controls leaves possible, None where it measures none.

    Args:
        message: What the controls found together.
    """
    seen, bias = message.values.get("seen"), message.values.get("bias")
    if not isinstance(seen, Estimate) or not isinstance(bias, Estimate):
        return None
    return NotExcluded(seen.value, bias.value - seen.value)


def widen(effects: pd.DataFrame, checks: pd.DataFrame) -> pd.DataFrame:
    """Return effects whose intervals hold the bias that no check could rule out, and say so.

    Args:
        effects: Table with `status` and `causes`; what is blinded stays as it is.
        checks: Table of checks.
    """
    cautions = cautions_of(checks)
    if not cautions or not len(effects):
        return effects
    table, bias = effects.reset_index(drop=True), not_excluded(cautions[0])
    unsaid = [Message(m.key, {k: v for k, v in m.values.items() if k != "bias"}) for m in cautions]
    for place, row in zip(table.index, rows_of(table), strict=True):
        if row.status == BLINDED:
            continue
        carried = bias is not None and row.unit in CARRIES and pd.notna(row.ci_low)
        table.loc[place, "causes"] = messages_text(cautions if carried else unsaid)
        if carried and bias is not None:
            for name, value in bias.around(row).items():
                table.loc[place, name] = value
    return table


def bears_on(key: str, outcome: str, horizon_months: object) -> bool:
    """Return whether a check on `key` bears on this outcome at this horizon."""
    return key in {"", outcome, outcome_key(outcome, horizon_months)}


def usual_status(outcome: str, subgroup: str, primary: Mapping[str, Any] | None) -> str:
    """Return the status of an effect that nothing blinds."""
    declared = primary is None or outcome == primary.get("outcome")
    return SHOWN if declared and not subgroup else EXPLORATORY


def mask_blinded(effects: pd.DataFrame) -> pd.DataFrame:
    """Return `effects` without the numbers of the blinded ones; nothing may print them."""
    hidden = effects["status"] == BLINDED
    return effects.assign(
        **{column: effects[column].astype("float64").mask(hidden) for column in NUMBERS}
    )


def mask_trajectories(trajectories: pd.DataFrame, effects: pd.DataFrame) -> pd.DataFrame:
    """Return the trajectories without the comparison arm of the outcomes that are blinded.

    The distance between the two arms is the effect: one of them must go. An effect hidden for its
    small counts alone leaves both arms: the months concerned are protected on their own.
    """
    small = effects["causes"].map(lambda causes: small_only(str(causes))).astype("bool")
    failed = (effects["status"] == BLINDED) & ~small
    whole = effects[failed & (effects["subgroup"] == "")]
    hidden = trajectories["outcome"].isin(set(whole["outcome"])) & (
        trajectories["arm"] != "treated"
    )
    return trajectories[~hidden].reset_index(drop=True)


def small_only(causes: str) -> bool:
    """Return whether an effect is masked for its small counts alone, from its causes."""
    found = read_messages(causes)
    return bool(found) and all(message.key.startswith(DISCLOSURE) for message in found)


def mask_events(events: pd.DataFrame, effects: pd.DataFrame) -> pd.DataFrame:
    """Return an event study without the outcomes and horizons whose effect is blinded."""
    whole = effects[(effects["status"] == BLINDED) & (effects["subgroup"] == "")]
    blinded = {
        outcome_key(outcome, horizon)
        for outcome, horizon in zip(whole["outcome"], whole["horizon_months"], strict=True)
    }
    keys = [
        outcome_key(outcome, horizon)
        for outcome, horizon in zip(events["outcome"], events["horizon_months"], strict=True)
    ]
    return events[[key not in blinded for key in keys]].reset_index(drop=True)
