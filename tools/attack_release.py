"""Attack releases as one who knows the rules and every release ever made.

`python -m tools.attack_release 200` invents 200 studies of a few missions locales: trios of them,
the whole and its parts, windows of months shifted by one, a rule more. Each would be released after
the others. The attacker puts every count that left into one linear program, with its rounding, and
looks for the interval of each small count: that of a place in some months, or that a rule left out.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from evalml.disclosure.differencing import Population, populations_of, too_near
from evalml.disclosure.judge import judge
from evalml.disclosure.rule import Rule

PLACES = tuple(f"59{at:03d}S00" for at in range(6))
MONTHS = 8
GROUP = 10
"""Studies that share a register."""
SHAPE = (len(PLACES), MONTHS, 2, 2)
"""Place, month, sex, and whether an added rule leaves the person out."""
RULED = 0.3
"""Share of the studies that add the rule."""


@dataclass(frozen=True, slots=True)
class Study:
    """A study of some places and months, with or without the added rule."""

    places: tuple[int, ...]
    months: tuple[int, int]
    rule: bool

    def cells(self, sex: int | None = None) -> np.ndarray:
        """Return which cells of persons the study counts."""
        mask = np.zeros(SHAPE, dtype=bool)
        window = slice(self.months[0], self.months[1] + 1)
        for place in self.places:
            mask[
                place, window, slice(None) if sex is None else sex, 0 if self.rule else slice(0, 2)
            ] = True
        return mask.ravel()

    def definition(self) -> dict[str, Any]:
        """Return what the study says of itself."""
        days = [f"2024-{month + 1:02d}-01" for month in self.months]
        return {
            "programme": "CEJ",
            "territory": {"structure": [PLACES[place] for place in self.places]},
            "entries": {"from": days[0], "to": days[1]},
            "eligibility": {"age_max": 24 if self.rule else 25},
        }


def invented(seed: int) -> tuple[np.ndarray, list[Study]]:
    """Return persons by cell, and the studies that count them."""
    draw = np.random.Generator(np.random.PCG64(seed))
    people = draw.poisson(draw.choice([0.3, 0.8, 6], size=(len(PLACES), 1, 1, 1)), size=SHAPE)
    people[..., 1] = draw.poisson(0.15, size=SHAPE[:3])
    studies = [Study(tuple(range(len(PLACES))), (0, MONTHS - 1), rule=False)]
    while len(studies) < GROUP:
        size = int(draw.choice([1, 3, 3, 5, 6]))
        places = tuple(sorted(draw.choice(len(PLACES), size=size, replace=False).tolist()))
        first = int(draw.choice([0, 0, 1]))
        last = MONTHS - 1 - int(draw.choice([0, 0, 1]))
        studies.append(Study(places, (first, last), rule=bool(draw.random() < RULED)))
    return people.ravel(), studies


def table_of(study: Study, people: np.ndarray) -> pd.DataFrame:
    """Return the effects of a study: the whole, then each sex."""
    rows = []
    for value, sex in (("", None), ("F", 0), ("M", 1)):
        n = float(people[study.cells(sex)].sum())
        rows.append({
            "outcome": "emploi", "horizon_months": 12.0, "subgroup": "sexe" if value else "",
            "subgroup_value": value, "method": "aipw", "estimate": 0.05, "std_error": 0.02,
            "ci_low": 0.01, "ci_high": 0.09, "p_value": 0.01, "n_treated": n,
            "n_comparison": 40_000.0 if not value else 20_000.0, "mean_treated": np.nan,
            "mean_comparison": np.nan, "unit": "proportion",
        })  # fmt: skip
    return pd.DataFrame(rows)


def released(people: np.ndarray, studies: list[Study], rule: Rule, *, guarded: bool) -> list[Any]:
    """Return what leaves: the cells counted, and the least and greatest count that fit."""
    left: list[tuple[str, Population]] = []
    seen = []
    for at, study in enumerate(studies):
        frame = table_of(study, people)
        if not guarded:
            pairs = zip((None, 0, 1), frame["n_treated"], strict=True)
            seen += [(study.cells(sex), n, n) for sex, n in pairs if n >= rule.threshold]
            continue
        tables, system = judge({"effects": frame}, rule)
        found = populations_of(system, system.cells.gone(), study.definition())
        if too_near(found, left, rule):
            continue
        left += [(str(at), each) for each in found]
        half = rule.rounding // 2
        seen += [(study.cells(sex), n - half, n + half)
                 for sex, n in zip((None, 0, 1), tables["effects"].frame["n_treated"], strict=True)
                 if np.isfinite(n)]  # fmt: skip
    return seen


def targets(studies: list[Study]) -> list[np.ndarray]:
    """Return what the attacker wants: a place, a sex of it, and who one study has over another."""
    wanted = {
        study.cells(sex).tobytes(): study.cells(sex) for study in studies for sex in (None, 0, 1)
    }
    whole = [study.cells() for study in studies]
    for one in whole:
        for two in whole:
            if not (two & ~one).any() and (one & ~two).any():
                wanted[(one & ~two).tobytes()] = one & ~two
    for place in range(len(PLACES)):
        for months in dict.fromkeys(study.months for study in studies):
            for sex in (None, 0, 1):
                mask = Study((place,), months, rule=False).cells(sex)
                wanted[mask.tobytes()] = mask
    return list(wanted.values())


def narrow(
    people: np.ndarray, studies: list[Study], seen: list[Any], threshold: int
) -> tuple[int, int]:
    """Return how many small counts were attacked, and how many were placed within the threshold."""
    if not seen:
        return 0, 0
    masks = np.array([mask for mask, _, _ in seen], dtype="float64")
    upper, right = (
        np.vstack([masks, -masks]),
        [*(h for *_, h in seen), *(-low for _, low, _ in seen)],
    )
    attacked, placed = 0, 0
    for mask in targets(studies):
        if not 0 < people[mask].sum() < threshold:
            continue
        attacked += 1
        ends = [linprog(side * mask.astype("float64"), A_ub=upper, b_ub=right, bounds=(0, None),
                        method="highs") for side in (1, -1)]  # fmt: skip
        if all(end.status == 0 for end in ends):
            low, high = np.ceil(ends[0].fun - 1e-6), np.floor(-ends[1].fun + 1e-6)
            placed += high - low < threshold - 1
    return attacked, placed


def attack(studies: int, *, guarded: bool = True, rule: Rule | None = None) -> tuple[int, int, int]:
    """Return how many small counts were attacked, how many placed, and how many counts left."""
    asked, found = rule or Rule(), np.zeros(3, dtype=int)
    for seed in range(max(1, studies // GROUP)):
        people, invented_studies = invented(seed)
        seen = released(people, invented_studies, asked, guarded=guarded)
        found += [*narrow(people, invented_studies, seen, asked.threshold), len(seen)]
    return int(found[0]), int(found[1]), int(found[2])


def main() -> int:
    """Print what the attack finds with protection and without."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", type=int, nargs="?", default=200)
    asked = parser.parse_args()
    for words, guarded in (("protected", True), ("unprotected", False)):
        attacked, placed, left = attack(asked.studies, guarded=guarded)
        print(f"{words}: {left} counts left, {attacked} small counts attacked, {placed} placed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
