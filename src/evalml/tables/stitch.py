"""One spell where a move made two: false exits and entries, stitched under a declared gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.engine import interval, literal, window
from evalml.tables.history import FAR

if TYPE_CHECKING:
    from evalml.engine import Table


def stitch_spells(spells: Table, gap_days: int) -> Table:
    """Merge the programme spells of a person that follow each other within a gap.

    Args:
        spells: Rows of `accompagnements`.
        gap_days: Longest gap, in days, taken for one spell; declare it in the study.

    Returns:
        One row per stitched spell: `id_jeune`, `dispositif`, `date_debut`, `date_fin` (null if
        the last part has not ended), `parts`, and of the first part `id_accompagnement`,
        `id_dossier` and `rang`.
    """
    order = ["date_debut", "id_accompagnement"]
    by = ["id_jeune", "dispositif"]
    ends = spells.date_fin.fill_null(literal(FAR))
    before = ends.max().over(window(group_by=by, order_by=order, preceding=(None, 1)))
    starts = before.isnull() | (spells.date_debut > before + interval(days=gap_days))
    marked = spells.mutate(ends=ends, starts=starts.cast("int32"))
    island = marked["starts"].sum().over(window(group_by=by, order_by=order, following=0))
    numbered = marked.mutate(island=island)
    first = numbered["starts"] == 1
    merged = numbered.group_by(*by, "island").aggregate(
        id_accompagnement=numbered["id_accompagnement"].max(where=first),
        id_dossier=numbered["id_dossier"].max(where=first),
        rang=numbered["rang"].max(where=first),
        date_debut=numbered["date_debut"].min(),
        date_fin=numbered["ends"].max().nullif(literal(FAR)),
        parts=numbered.count(),
    )
    return merged.drop("island")
