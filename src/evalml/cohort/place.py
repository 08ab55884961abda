"""Where the persons are followed: territories the extract holds, missions locales of both arms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.codes import territory_names
from evalml.engine import Engine, Table, hash_of, row_number, window
from evalml.errors import CohortError, StudyError, nearest
from evalml.values import Message, Number, messages_text
from evalml.words import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from evalml.cohort.trial import TargetTrial
    from evalml.engine import Engine, Table
    from evalml.extract.meta import ExtractMeta
    from evalml.study import Territory


def refuse_unknown_place(territory: Territory) -> None:
    """Refuse a region or a département that does not exist."""
    names = territory_names()
    for kind, codes, known in (
        ("region", (territory.region,) if territory.region else (), names["regions"]),
        ("departement", territory.departement or (), names["departements"]),
    ):
        for code in codes:
            if code not in known:
                raise StudyError(f"territory.{kind}: '{code}' is unknown; {nearest(code, known)}")


def refuse_territory(
    meta: ExtractMeta, territory: Territory, structures: Table, engine: Engine
) -> None:
    """Refuse a study about a territory that lies, in whole or in part, outside the extract's.

    `structures`: its missions locales, with their département and region.
    """
    extent = meta.territory
    if extent.national:
        return
    if territory.national:
        raise CohortError(
            f"the study is about the whole of France, but the extract '{meta.name}' holds "
            f"{_words(extent)} only; give the study that territory, or an extract of the whole of "
            "France"
        )
    columns = ["id_structure", "code_departement", "code_region"]
    places = engine.fetch(structures.select(*columns).distinct()).astype(str)
    mine = places[_inside(places, extent)]
    for column, codes in _asked(territory):
        missing = [code for code in codes if code not in set(mine[column])]
        if missing:
            raise CohortError(
                f"the study is about {_words(territory)}, but the extract '{meta.name}' holds "
                f"{_words(extent)} only: {', '.join(missing)} is not in it; give the study a "
                "territory of the extract, or an extract of that territory"
            )
        whole = places[places[column].isin(list(codes))]
        if territory.region is not None and extent.region != territory.region and len(whole) > 0:
            raise CohortError(
                f"the study is about {_words(territory)}, but the extract '{meta.name}' holds "
                f"{_words(extent)} only, a part of it; give the study that territory"
            )


def _asked(territory: Territory) -> list[tuple[str, Sequence[str]]]:
    if territory.region is not None:
        return [("code_region", (territory.region,))]
    if territory.departement is not None:
        return [("code_departement", territory.departement)]
    return [("id_structure", territory.structure or ())]


def _inside(places: pd.DataFrame, territory: Territory) -> pd.Series:
    ((column, codes),) = _asked(territory)
    return places[column].isin(list(codes))


def _words(territory: Territory) -> str:
    names = territory_names()
    if territory.national:
        return "the whole of France"
    if territory.region is not None:
        return f"region {territory.region} ({names['regions'].get(territory.region, 'unknown')})"
    if territory.departement is not None:
        return "département " + ", ".join(territory.departement)
    return f"{len(territory.structure or ())} missions locales"


def same_place(
    eligible: Table, trial: TargetTrial, flow: pd.DataFrame, engine: Engine
) -> tuple[Table, pd.DataFrame]:
    """Keep the entrants, and for each at most `trial.per_entrant` persons of the same stratum.

    `eligible`: who passed every rule: `id_jeune`, `month`, `id_structure`, `treated`.
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
