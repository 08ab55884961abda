"""Codes written in another case or with other accents: folded to their list, and counted."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from evalml.codes import code_list
from evalml.engine import cases, literal

if TYPE_CHECKING:
    from evalml.engine import Engine, Table
    from evalml.extract import contract


def folded(text: str) -> str:
    """Return a code without case, accents and outer spaces, to compare it by."""
    bare = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(c for c in bare if not unicodedata.combining(c)).casefold().strip()


def fold_codes(raw: Table, table: contract.Table, engine: Engine) -> tuple[Table, dict[str, int]]:
    """Return rows whose codes are those of their lists, and how many were written otherwise.

    A value that is in no list, whatever its case, is left as it is.

    Args:
        raw: Rows as received.
        table: The table of the contract.
        engine: Where queries run.
    """
    lists = {
        c.name: code_list(c.codes).values
        for c in table.columns
        if c.codes is not None and raw[c.name].type().is_string()
    }
    if not lists:
        return raw, {}
    unlisted = {n: (raw[n].notin(list(v)) & (raw[n] != "")).sum() for n, v in lists.items()}
    counts = engine.fetch(raw.aggregate(**unlisted)).fillna(0).iloc[0]
    found, changed = {}, {}
    for name, listed in lists.items():
        if not counts[name]:
            continue
        codes = {folded(code): code for code in listed}
        seen = raw.group_by(raw[name]).agg(n=raw.count())
        rows = engine.fetch(seen.filter(seen[name].notin(list(listed))))
        mine = {
            str(value): (codes[folded(str(value))], int(n))
            for value, n in rows.itertuples(index=False)
            if folded(str(value)) in codes
        }
        if mine:
            found[name] = sum(n for _, n in mine.values())
            branches = [(raw[name] == value, literal(code)) for value, (code, _) in mine.items()]
            changed[name] = cases(*branches, else_=raw[name])
    return (raw.mutate(**changed) if changed else raw), found
