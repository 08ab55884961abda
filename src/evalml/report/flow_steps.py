"""The flow of a cohort without small counts: rules that leave out too few persons are joined."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evalml.disclosure.counts import blank, is_small, too_small
from evalml.values import messages_text, read_messages

Step = dict[str, Any]


def protect_flow(flow: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Join each rule that leaves out too few persons with its neighbour.

    What a rule keeps is what the one before kept, less what it leaves out: a hidden count would be
    found by subtraction, so the steps are merged until each is large enough (or empty).
    """
    arms = [rows for _arm, rows in flow.groupby("arm", sort=False)] if "arm" in flow else [flow]
    return pd.concat([protect_steps(rows, threshold) for rows in arms], ignore_index=True)


def protect_steps(flow: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Protect the steps of one arm."""
    done: list[Step] = []
    for row in flow.to_dict("records"):
        step = {str(column): value for column, value in row.items()}
        if done and is_small(done[-1]["lost"], threshold):
            done[-1] = join_steps(done[-1], step)
        else:
            done.append(step)
    while len(done) > 1 and is_small(done[-1]["lost"], threshold):
        last = done.pop()
        done[-1] = join_steps(done[-1], last)
    table = pd.DataFrame(done, columns=flow.columns)
    for part in kept_parts(flow):
        table = blank(table, too_small(table[part], threshold), [part])
    hidden = too_small(table["lost"], threshold) | too_small(table["kept"], threshold)
    return blank(table, hidden, ["kept", "lost", *kept_parts(table)])


def kept_parts(flow: pd.DataFrame) -> list[str]:
    """Return the columns that say how many of a kind are kept, such as `kept_treated`."""
    return [str(column) for column in flow if str(column).startswith("kept_")]


def join_steps(first: Step, second: Step) -> Step:
    """Return one step that does what the two did, one after the other."""
    words = {
        column: " ; ".join(str(step[column]) for step in (first, second) if step[column])
        for column in ("rule", "label")
    }
    if first.get("words") and second.get("words"):
        both = [*read_messages(first["words"]), *read_messages(second["words"])]
        words["words"] = messages_text(both)
    return {**second, **words, "lost": float(first["lost"]) + float(second["lost"])}
