"""Invented areas that open one after another, and the youths who come to them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evalml.outcomes import OUTCOMES
from evalml.rollout import AreaCells
from evalml.study import study_from

COHORTS = tuple(range(4018, 4034))  # 2009-S1 to 2016-S2
NEVER = 4034
OUTCOME = OUTCOMES["emploi"]


def study(**changes):
    values = {
        "study": "gj_test",
        "title": "Ouverture",
        "programme": "GJ",
        "notebook": "garantie_jeunes",
        "territory": {"national": True},
        "entries": {"from": "2013-07-01", "to": "2016-12-31"},
        "comparison": {"design": "rollout"},
        "estimand": "itt",
        "follow_up_months": 24,
        "outcomes": ["emploi"],
        "horizons": [6, 12],
        "covariates": ["sexe"],
        "history_months": 54,
        "methods": ["diff", "callaway_santanna", "wald_did", "triple_difference"],
        "primary": {"outcome": "emploi", "horizon": 12, "method": "callaway_santanna"},
        "checks": {"areas": 3, "draws": 99},
    }
    return study_from(values | changes)


def youths(seed=1, groups=(4027, 4030, NEVER), areas=6, effect=0.2, take_up=0.5, people=40):
    """One row per youth: areas of three waves, an effect on those who entered once open."""
    rng = np.random.default_rng(seed)
    rows = []
    for g, first in enumerate(groups):
        for a in range(areas):
            area = f"{g}{a:02d}"
            for cohort in COHORTS:
                n = int(rng.integers(people // 2, people))
                for level in ("eligible", "witness"):
                    entered = (rng.random(n) < take_up) & (cohort >= first) & (level == "eligible")
                    base = 0.3 + 0.02 * g + 0.01 * (cohort - 4018)
                    y = (rng.random(n) < base) | (entered & (rng.random(n) < effect))
                    women = rng.random(n) < 0.5
                    rows += [
                        (area, first, cohort, level, bool(e), float(v), "F" if w else "M")
                        for e, v, w in zip(entered, y, women, strict=True)
                    ]
    columns = ["area", "first", "cohort", "level", "entered", "y", "sexe"]
    return pd.DataFrame(rows, columns=columns)


def cells_of(people, months=(6, 12), inside=None):
    """The cells of `people`, the same outcome at every month."""
    frames = []
    for k in months:
        for subgroup, value in (
            ("", pd.Series("", index=people.index)),
            ("sexe", people["sexe"]),
            ("entered", people["entered"].astype(int).astype(str)),
        ):
            t = people.assign(subgroup=subgroup, subgroup_value=value, k=k)
            keys = ["level", "subgroup", "subgroup_value", "area", "cohort", "k"]
            frames.append(
                t.groupby(keys, as_index=False).agg(
                    n=("y", "size"),
                    entered_n=("y", "size"),
                    entered_sum=("entered", "sum"),
                    emploi_n=("y", "count"),
                    emploi_sum=("y", "sum"),
                )
            )
    held = people.groupby("area", as_index=False)["first"].first()
    held = held.assign(
        wave=held["first"].astype(str),
        opened=held["first"] * 6,
        partial=False,
        inside=True if inside is None else held["area"].isin(inside),
    )
    wanted = tuple(c for c in COHORTS if c >= 4027)
    flow = pd.DataFrame({"rule": [], "label": [], "kept": [], "lost": []})
    table = pd.concat(frames, ignore_index=True)
    return AreaCells(table, held, COHORTS, wanted, tuple(months), (OUTCOME,), flow)
