"""Missions locales through mergers: which structure is in charge, on a given day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.errors import ExtractError

if TYPE_CHECKING:
    import datetime as dt

    from evalml.engine import Engine, Table
    from evalml.tables.accept import Tables


def in_charge(structures: pd.DataFrame, day: dt.date) -> pd.Series[str]:
    """Return, for every structure, the one in charge of its area on `day`.

    A structure hands over at the end of its validity; chains of mergers are followed to the end.

    Args:
        structures: Rows of the `structures` table.
        day: The day.

    Returns:
        Code of the structure in charge, by code.

    Raises:
        ExtractError: The mergers go in a circle.
    """
    frame = structures.sort_values(["id_structure", "valide_du"])
    last = frame.drop_duplicates("id_structure", keep="last").set_index("id_structure")
    ended = pd.to_datetime(last["valide_au"]) < pd.Timestamp(day)
    merged = last[ended & last["remplacee_par"].notna()]
    heirs = dict(zip(merged.index.astype(str), merged["remplacee_par"].astype(str), strict=True))
    codes = [str(code) for code in last.index]
    return pd.Series([_follow(code, heirs) for code in codes], index=codes, name="id_structure")


def _follow(code: str, heirs: dict[str, str]) -> str:
    seen = {code}
    while code in heirs:
        code = heirs[code]
        if code in seen:
            raise ExtractError(
                f"table structures: mergers go in a circle at {code}; correct remplacee_par"
            )
        seen.add(code)
    return code


def with_structure_in_charge(rows: Table, tables: Tables, day: dt.date, engine: Engine) -> Table:
    """Return rows that hold `id_structure` with the code of the structure in charge on `day`.

    Codes that `structures` does not know stay as they are. The number of rows does not change.

    Args:
        rows: Lazy rows with a column `id_structure`.
        tables: Accepted tables.
        day: The day, such as the extraction: figures of several years then have one geography.
        engine: Where queries run.
    """
    heirs = in_charge(engine.fetch(tables.table("structures")), day)
    moved = heirs[heirs != heirs.index]
    if moved.empty:
        return rows
    pairs = engine.memtable(pd.DataFrame({"id_structure": moved.index, "heir": moved.to_numpy()}))
    joined = rows.left_join(pairs, "id_structure").drop("id_structure_right")
    current = joined["heir"].fill_null(joined["id_structure"])
    return joined.mutate(id_structure=current).select(*rows.columns)
