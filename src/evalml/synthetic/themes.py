"""Themes of acts such that published shares of youths helped on each theme are met."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.synthetic.margins import area_names, area_of
from evalml.synthetic.quotas import exactly, in_year

if TYPE_CHECKING:
    from evalml.arrays import AnyVector
    from evalml.synthetic.columns import Made

THEMES = (
    "EMPLOI", "PROJET_PROFESSIONNEL", "FORMATION", "MOBILITE", "SANTE", "LOGEMENT", "CITOYENNETE",
    "CULTURE_SPORT_LOISIRS",
)  # fmt: skip
NO_THEME = len(THEMES)


def helped(m: Made, room: AnyVector) -> AnyVector:
    """Return which themes each person is helped on in the year, shape (n, themes).

    Args:
        m: The block.
        room: Acts that count, by person: nobody is helped on more themes than that.
    """
    margins, rng = m.published(), m.rng("themes")
    area = area_of(margins, m.areas, m.people)
    out = np.zeros((len(room), len(THEMES)), dtype=bool)
    left = room.copy()
    for k, code in enumerate(area_names(margins, m.areas)):
        seen = int(((area == k) & (room > 0)).sum())
        for name in sorted(margins.themes, key=lambda x: -margins.themes[x][code]):
            pool = np.flatnonzero((area == k) & (left > 0))
            all_ = np.ones(len(pool), dtype=bool)
            count = round(margins.themes[name][code] * seen)
            who = exactly(margins, pool, all_, count, rng, f"theme {name} in {code}")
            out[who, THEMES.index(name)] = True
            left[who] -= 1
    return out


def assign(
    m: Made, who: AnyVector, t: AnyVector, counted: AnyVector, theme: AnyVector
) -> AnyVector:
    """Return themes of acts; in the margins' year each person goes round their themes.

    Args:
        m: The block.
        who: Person of each act, sorted.
        t: Month of each act.
        counted: Whether the act is kept, took place and counts.
        theme: Themes drawn so far, kept in other years.
    """
    if not m.published().themes:
        return theme
    at = np.flatnonzero(counted & in_year(m, who, t))
    person = who[at]
    room = np.bincount(person, minlength=len(m.people.women))
    chosen = helped(m, room)
    order, many = np.argsort(~chosen, axis=1, kind="stable"), chosen.sum(axis=1)
    rank = np.arange(len(at)) - (np.cumsum(room) - room)[person]
    mine = order[person, rank % np.maximum(many[person], 1)]
    out = np.array(theme)
    out[at] = np.where(many[person] > 0, mine, NO_THEME)
    return out
