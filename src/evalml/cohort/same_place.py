"""Comparison persons of the entrant's own mission locale and month, so that both arms share them.

The sampling of a risk set: for each entrant a fixed number of persons still waiting in the same
place at the same time, drawn by hash, never by what happens later (Goldstein and Langholz, 1992,
doi:10.1214/aos/1176348895).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.engine import Engine, Table, hash_of, row_number, window
from evalml.values import Message, Number, messages_text
from evalml.words import render

if TYPE_CHECKING:
    from evalml.cohort.trial import TargetTrial


def same_place(
    eligible: Table, trial: TargetTrial, flow: pd.DataFrame, engine: Engine
) -> tuple[Table, pd.DataFrame]:
    """Keep the entrants, and for each at most `trial.per_entrant` persons of the same stratum.

    Args:
        eligible: Who passed every rule: `id_jeune`, `month`, `id_structure`, `treated`.
        trial: Says how many per entrant.
        flow: The flow so far.
        engine: Where queries run.

    Returns:
        The rows kept, and the line of the flow that says so.
    """
    place = window(group_by=["id_structure", "month"])
    drawn = eligible.mutate(
        n_entering=eligible.treated.cast("int32").sum().over(place),
        draw=hash_of(eligible.id_jeune + "|" + eligible.month.cast("string")),
    )
    order = window(group_by=["id_structure", "month", "treated"], order_by=drawn.draw)
    drawn = drawn.mutate(order=row_number().over(order))
    kept = drawn.filter(drawn.treated | (drawn.order < trial.per_entrant * drawn.n_entering))
    kept = engine.keep(kept.drop("n_entering", "draw", "order"), "same_place")
    counted = kept.agg(
        kept=kept.count(), treated=kept.treated.sum(), persons=kept.id_jeune.nunique()
    )
    row = engine.fetch(counted).fillna(0).astype("int64").iloc[0]
    words = Message("rules.same_place", {"per_entrant": Number(trial.per_entrant)})
    line = {
        "rule": "same_place",
        "label": render(words, "fr"),
        "kept": int(row["kept"]),
        "lost": int(flow["kept"].iloc[-1]) - int(row["kept"]),
        "kept_treated": int(row["treated"]),
        "kept_comparison": int(row["kept"]) - int(row["treated"]),
        "kept_persons": int(row["persons"]),
        "words": messages_text([words]),
    }
    return kept, pd.DataFrame([line])
