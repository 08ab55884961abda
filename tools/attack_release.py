"""Attack releases as one who knows the rules and every release ever made.

`python -m tools.attack_release 20` invents worlds of six missions locales and, for each kind of
attack, studies that are released one after the other: one alone, two that differ by a rule, the
whole and its complement, nested and overlapping territories, a trio and another, months shifted by
one, and series drawn at random (200 studies). The attacker puts every count that left into one
linear program, with its rounding, and looks for the interval of each small count: that of a place
in some months, or that a rule left out. Prints the table of `docs/reference/disclosure.md`.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from evalml.disclosure.judge import judge
from evalml.disclosure.register import Population, populations_of, too_near
from evalml.disclosure.rule import DisclosureRule

if TYPE_CHECKING:
    from collections.abc import Callable

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


def people_of(draw: np.random.Generator) -> np.ndarray:
    """Return persons by cell: places of three sizes, sexes unequal in some, few by the rule."""
    size = draw.choice([0.3, 0.8, 6.0], size=(len(PLACES), 1, 1, 1))
    sexes = np.stack([np.ones(len(PLACES)), draw.choice([0.1, 1.0], size=len(PLACES))], axis=1)
    people = draw.poisson(size * sexes[:, None, :, None], size=SHAPE)
    people[..., 1] = draw.poisson(0.15, size=SHAPE[:3])
    return people.ravel()


ALL, YEAR = tuple(range(len(PLACES))), (0, MONTHS - 1)


def some(draw: np.random.Generator, size: int) -> tuple[int, ...]:
    """Return some places, in order."""
    return tuple(sorted(draw.choice(len(PLACES), size=size, replace=False).tolist()))


def nested(draw: np.random.Generator) -> list[Study]:
    """Return a territory, a part of it, and one that overlaps both."""
    outer = some(draw, 4)
    inner = tuple(sorted(draw.choice(outer, size=3, replace=False).tolist()))
    lap = tuple(sorted({*inner[:2], *(set(ALL) - set(outer))}))
    return [Study(places, YEAR, rule=False) for places in (outer, inner, lap)]


def series(draw: np.random.Generator) -> list[Study]:
    """Return studies drawn at random, that share a register."""
    studies = [Study(ALL, YEAR, rule=False)]
    while len(studies) < GROUP:
        places = some(draw, int(draw.choice([1, 3, 3, 5, 6])))
        first, last = int(draw.choice([0, 0, 1])), MONTHS - 1 - int(draw.choice([0, 0, 1]))
        studies.append(Study(places, (first, last), rule=bool(draw.random() < RULED)))
    return studies


KINDS: dict[str, Callable[[np.random.Generator], list[Study]]] = {
    "one release": lambda draw: [Study(some(draw, 1), YEAR, rule=False)],
    "two that differ by a rule": lambda draw: [
        Study(places, YEAR, rule=rule) for places in [some(draw, 3)] for rule in (False, True)
    ],
    "whole and complement": lambda draw: [
        Study(places, YEAR, rule=False) for places in (ALL, some(draw, len(PLACES) - 1))
    ],
    "nested and overlapping": nested,
    "a trio and another": lambda draw: [
        Study(places, YEAR, rule=False)
        for four in [some(draw, 4)] for places in (four, four[:3], four[1:])
    ],
    "months shifted by one": lambda draw: [
        Study(places, months, rule=False) for places in [some(draw, 2)]
        for months in (YEAR, (0, MONTHS - 2), (1, MONTHS - 1))
    ],
    "at random, ten to a register": series,
}  # fmt: skip
"""Kinds of attack -> the studies released one after the other."""


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


def released(
    people: np.ndarray, studies: list[Study], rule: DisclosureRule, *, guarded: bool
) -> list[Any]:
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
        found = populations_of(system, study.definition())
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
            low, high = np.ceil((ends[0].fun or 0.0) - 1e-6), np.floor(1e-6 - (ends[1].fun or 0.0))
            placed += high - low < threshold - 1
    return attacked, placed


def attack(
    kind: str, times: int, *, guarded: bool = True, rule: DisclosureRule | None = None
) -> tuple[int, int, int]:
    """Return how many small counts were attacked, how many placed, and how many counts left."""
    asked, found = rule or DisclosureRule(), np.zeros(3, dtype=int)
    for seed in range(times):
        draw = np.random.Generator(np.random.PCG64(seed))
        people = people_of(draw)
        studies = KINDS[kind](draw)
        seen = released(people, studies, asked, guarded=guarded)
        found += [*narrow(people, studies, seen, asked.threshold), len(seen)]
    return int(found[0]), int(found[1]), int(found[2])


def main() -> int:
    """Print what the attack finds with protection and without."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("times", type=int, nargs="?", default=20)
    times = parser.parse_args().times
    print("| releases | small counts attacked | counts that left | placed within fewer than 10 "
          "| left without protection | placed without |\n|---|---|---|---|---|---|")  # fmt: skip
    for kind in KINDS:
        (attacked, placed, left), (_, found, shown) = (
            attack(kind, times, guarded=guarded) for guarded in (True, False)
        )
        print(f"| {kind} | {attacked} | {left} | {placed} | {shown} | {found} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
