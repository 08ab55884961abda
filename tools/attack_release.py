"""Attack the releases: find hidden counts from all that leaves, as one who knows the rules.

`python -m tools.attack_release [N]` invents N studies of a few hundred persons, releases each of
them twice (the second time with a rule that leaves out one to ten persons more), and tries to find

- how many left between two months, from the shares and the standard errors of each month;
- how many persons the new rule left out, from the counts and the shares of both releases.

A count is recovered when one value only fits all that was shown, and it is the true one.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from evalml.report.blinding import blind
from evalml.report.disclosure import Rule
from evalml.report.register import REGISTER, released_cells
from evalml.report.release import released_note, scope_of_study
from evalml.report.results import write_results

THRESHOLD = 11
OUTCOMES = tuple(f"issue_{place}" for place in range(8))
MONTHS = 13
LEAVING, WOMEN = 0.15, 0.4
META = {
    "study": "attack", "title": "t", "programme": "CEJ", "territory_label": "Corse",
    "period_label": "janvier 2024 à décembre 2024", "language": "fr",
    "extraction_date": "2026-01-31",
    "primary": {"outcome": OUTCOMES[0], "horizon_months": 12, "method": "diff"},
}  # fmt: skip
Frames = dict[str, pd.DataFrame]
Rng = np.random.Generator


@dataclass(frozen=True)
class People:
    """Invented persons of one study.

    Attributes:
        treated: Who entered, shape (n,).
        state: Whether an outcome holds, shape (n, outcomes, months), constant where not followed.
        leaves: First month at which a person is no longer followed, shape (n,).
        woman: A covariate, shape (n,).
    """

    treated: np.ndarray
    state: np.ndarray
    leaves: np.ndarray
    woman: np.ndarray

    def without(self, gone: np.ndarray) -> People:
        """Return the persons whom a new rule keeps."""
        keep = np.ones(len(self.treated), dtype="bool")
        keep[gone] = False
        return People(self.treated[keep], self.state[keep], self.leaves[keep], self.woman[keep])


def invent(rng: Rng) -> People:
    """Return persons: a few hundred, some of whom leave each month."""
    sizes = rng.integers(60, 900), rng.integers(300, 3000)
    n = int(sum(sizes))
    treated = np.arange(n) < sizes[0]
    level = rng.uniform(0.12, 0.88, size=(1, len(OUTCOMES), 1))
    state = rng.uniform(size=(n, len(OUTCOMES), MONTHS)) < level + 0.05 * treated[:, None, None]
    leaves = np.where(rng.uniform(size=n) < LEAVING, rng.integers(1, MONTHS, size=n), MONTHS)
    return People(treated, state, leaves, rng.uniform(size=n) < WOMEN)


def frames_of(people: People) -> Frames:
    """Return the results of a study of these persons, counted exactly."""
    checks = pd.DataFrame(
        [("balance", "q", True, 0.02, 0.1, "La plus grande différence est de 0,02.", "", True)],
        columns=["check", "question", "passed", "value", "threshold", "sentence", "outcome",
                 "gating"],
    )  # fmt: skip
    effects = blind(pd.DataFrame(effect_rows(people)), checks, None)
    return {
        "effects": effects,
        "checks": checks,
        "trajectories": curves(people),
        "flow": flow(people),
        "balance": balance(people),
        "observation": observation(people),
    }


def effect_rows(people: People) -> list[dict[str, Any]]:
    """Return the plain difference of every outcome at the last month, on everybody."""
    rows = []
    for at, outcome in enumerate(OUTCOMES):
        one, two = (people.state[people.treated == arm, at, -1] for arm in (True, False))
        p, q = one.mean(), two.mean()
        error = float(np.sqrt(p * (1 - p) / len(one) + q * (1 - q) / len(two)))
        rows.append({
            "study": "attack", "programme": "CEJ", "territory": "", "period": "",
            "outcome": outcome,
            "horizon_months": 12, "subgroup": "", "subgroup_value": "", "estimand": "att",
            "method": "diff", "estimate": p - q, "std_error": error, "ci_low": p - q - 1.96 * error,
            "ci_high": p - q + 1.96 * error, "p_value": 0.5, "n_treated": len(one),
            "n_comparison": len(two), "mean_treated": p, "mean_comparison": q, "unit": "proportion",
        })  # fmt: skip
    return rows


def curves(people: People) -> pd.DataFrame:
    """Return the share of each arm still followed, month by month."""
    rows = []
    for arm, name in ((True, "treated"), (False, "comparison_unweighted")):
        for month in range(MONTHS):
            here = (people.treated == arm) & (people.leaves > month)
            n = int(here.sum())
            for at, outcome in enumerate(OUTCOMES):
                p = people.state[here, at, month].mean()
                error = np.sqrt(p * (1 - p) / n)
                gone = 1 - n / (people.treated == arm).sum()
                rows.append((name, month, outcome, p, error, n, gone))
    names = ["arm", "month", "outcome", "rate", "std_error", "n_at_risk", "share_unobserved"]
    return pd.DataFrame(rows, columns=names)


def flow(people: People) -> pd.DataFrame:
    """Return three rules, one of which leaves out a few."""
    n = len(people.treated)
    kept = [n + 460, n + 60, n]
    return pd.DataFrame(
        {"rule": ["a", "b", "c"], "label": ["a", "b", "c"], "kept": kept, "lost": [0, 400, 60]}
    )


def balance(people: People) -> pd.DataFrame:
    """Return the shares of women, and their standardised difference."""
    p, q = (float(people.woman[people.treated == arm].mean()) for arm in (True, False))
    smd = (p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    row = ("sexe=F", "Femme", smd, 0.0, 1.0, p, q, p)
    names = ["covariate", "label", "smd_before", "smd_after", "variance_ratio", "mean_treated",
             "mean_comparison_before", "mean_comparison_after"]  # fmt: skip
    return pd.DataFrame([row], columns=names)


def observation(people: People) -> pd.DataFrame:
    """Return the months followed on average, which are whole numbers over persons."""
    rows = []
    for arm, name in ((True, "treated"), (False, "comparison")):
        seen = people.leaves[people.treated == arm]
        rows.append((name, "followed", "Mois suivis", seen.mean(), "months", len(seen)))
    return pd.DataFrame(rows, columns=["arm", "measure", "label", "value", "unit", "n"])


def release(
    frames: Frames, left: pd.DataFrame, name: str, meta: dict[str, Any]
) -> tuple[Frames, pd.DataFrame]:
    """Return the tables that leave, and the register with them."""
    with TemporaryDirectory() as place:
        write_results(frames, Path(place))
        note, _moved, ledger = released_note(Path(place), meta, Rule(), left)
    cells = released_cells(note.frames, scope_of_study(meta), name)
    shares = pd.DataFrame(ledger.rows(name), columns=list(REGISTER))
    whole = (
        pd.concat([left, cells, shares], ignore_index=True)
        if len(left)
        else pd.concat([cells, shares])
    )
    return note.frames, whole


def empty_register() -> pd.DataFrame:
    """Return a register in which nothing has left."""
    return pd.DataFrame({column: [] for column in REGISTER})


# --- the attacker ---------------------------------------------------------------------------------


def step_seen(values: np.ndarray) -> float:
    """Return the coarsest step of which all the shares shown are multiples: the grid."""
    for step in (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002):
        if np.allclose(values / step, np.round(values / step), atol=1e-6):
            return step
    return 0.001


def fits(share: float, step: float, n: int, least: int = 0, most: int | None = None) -> bool:
    """Return whether some whole number of `n` persons makes the share that is shown."""
    low = int(np.ceil((share - step / 2) * n - 1e-6))
    high = int(np.floor((share + step / 2) * n + 1e-6))
    return max(low, least) <= min(high, n if most is None else most)


def sizes_that_fit(shares: np.ndarray, shown: float) -> list[int]:
    """Return the numbers of persons that all shares of one month allow, near the one shown."""
    step = step_seen(shares)
    near = range(max(int(shown) - THRESHOLD + 1, 1), int(shown) + THRESHOLD)
    return [n for n in near if all(fits(share, step, n) for share in shares)]


def errors_that_fit(shares: np.ndarray, errors: np.ndarray, near: list[int]) -> list[int]:
    """Return the numbers of persons that the standard errors allow too."""
    found = []
    for n in near:
        told = np.sqrt(shares * (1 - shares) / n)
        slack = 0.0005 + np.abs(1 - 2 * shares) * 0.0005 / (2 * np.sqrt(shares * (1 - shares) * n))
        if (np.abs(told - errors) <= slack + 1e-9).all():
            found.append(n)
    return found


def leavers_found(shown: Frames, people: People) -> tuple[int, int]:
    """Return how many small numbers of leavers were attacked, and recovered."""
    paths, tried, found = shown["trajectories"], 0, 0
    for arm, name in ((True, "treated"), (False, "comparison_unweighted")):
        rows = paths[paths["arm"] == name]
        fitting, truth = [], []
        for month in range(MONTHS):
            here = rows[rows["month"] == month]
            shares, n = here["rate"].dropna().to_numpy(), here["n_at_risk"].max()
            truth.append(int(((people.treated == arm) & (people.leaves > month)).sum()))
            if not len(shares) or not np.isfinite(n):
                fitting.append([])
                continue
            near = sizes_that_fit(shares, float(n))
            errors = here["std_error"].dropna().to_numpy()
            both = errors_that_fit(shares, errors, near) if len(errors) == len(shares) else near
            fitting.append(both or near)
        for one, two, before, after in zip(fitting, fitting[1:], truth, truth[1:], strict=False):
            if 0 < before - after < THRESHOLD:
                tried += 1
                found += len(one) == 1 and len(two) == 1 and one[0] - two[0] == before - after
    return tried, found


def dropped_found(
    first: Frames, second: Frames, people: People, gone: np.ndarray
) -> tuple[int, int]:
    """Return how many arms a rule took a few persons from, and of how many the number is found."""
    tried, found = 0, 0
    for arm, name in ((True, "treated"), (False, "comparison")):
        true = int((people.treated[gone] == arm).sum())
        if not 0 < true < THRESHOLD:
            continue
        tried += 1
        one, two = first["effects"], second["effects"]
        n = int(one[f"n_{name}"].iloc[0])
        before = one[f"mean_{name}"].to_numpy("float64")
        after = two[f"mean_{name}"].to_numpy("float64")
        by_difference = n - two[f"n_{name}"].to_numpy("float64")
        if (by_difference == true).all():
            found += 1
            continue
        found += numbers_dropped(before, after, n) == [true]
    return tried, found


def numbers_dropped(before: np.ndarray, after: np.ndarray, n: int) -> list[int]:
    """Return how many persons a rule may have left out: those who stay are among those who were."""
    step = step_seen(after)
    known = np.isfinite(before) & np.isfinite(after)
    held = np.where(before == after, THRESHOLD / n, 0.0)  # One that left may be shown again.
    possible = []
    for m in range(THRESHOLD):
        ok = True
        for share, now, wide in zip(before[known], after[known], held[known], strict=True):
            low, high = (share - 0.0005) * n - 1e-6, (share + 0.0005) * n + 1e-6
            counts = range(max(int(np.ceil(low)), 0), min(int(np.floor(high)), n) + 1)
            ok &= any(
                fits(now, max(step, 0.001) + 2 * wide, n - m, max(k - m, 0), k) for k in counts
            )
        if ok:
            possible.append(m)
    return possible


def small_counts(frames: Frames) -> int:
    """Return how many counts from one to ten are shown, or found by subtracting neighbours."""
    found = 0
    for name, columns in {"flow": ("kept", "lost"), "effects": ("n_treated", "n_comparison"),
                          "trajectories": ("n_at_risk",),
                          "observation": ("n",)}.items():  # fmt: skip
        for column in columns:
            counts = frames[name][column].dropna().to_numpy("float64")
            found += int(((counts > 0) & (counts < THRESHOLD)).sum())
    steps = np.abs(np.diff(frames["flow"]["kept"].dropna().to_numpy("float64")))
    for _key, rows in frames["trajectories"].groupby(["arm", "outcome"]):
        steps = np.r_[steps, np.abs(np.diff(rows.sort_values("month")["n_at_risk"].dropna()))]
    return found + int(((steps > 0) & (steps < THRESHOLD)).sum())


@dataclass(frozen=True)
class Outcome:
    """What the attack of many studies found.

    Attributes:
        studies: Studies attacked, each released twice.
        leavers: Small numbers of leavers attacked, and recovered.
        dropped: Small numbers left out by a rule attacked, and recovered.
        small: Small counts shown, or given by a subtraction.
    """

    studies: int
    leavers: tuple[int, int]
    dropped: tuple[int, int]
    small: int


def attack(studies: int, seed: int = 0, *, protect: bool = True) -> Outcome:
    """Attack releases of invented studies.

    Args:
        studies: How many.
        seed: Of the first.
        protect: Whether shares are settled and the register kept; without, the attack must succeed.
    """
    leavers, dropped, small = np.zeros(2, int), np.zeros(2, int), 0
    for place in range(studies):
        rng = np.random.Generator(np.random.PCG64(seed + place))
        people = invent(rng)
        gone = rng.choice(len(people.treated), size=int(rng.integers(2, THRESHOLD)), replace=False)
        gone[: len(gone) // 2 + 1] = rng.choice(people.treated.sum(), len(gone) // 2 + 1, False)
        fewer = people.without(np.unique(gone))
        if protect:
            first, book = release(frames_of(people), empty_register(), "one", META)
            second, _ = release(frames_of(fewer), book, "two", META)
        else:
            first, second = (bare(frames_of(each)) for each in (people, fewer))
        leavers += leavers_found(first, people)
        dropped += dropped_found(first, second, people, np.unique(gone))
        small += small_counts(first) + small_counts(second)
    return Outcome(studies, tuple(leavers.tolist()), tuple(dropped.tolist()), small)


def bare(frames: Frames) -> Frames:
    """Return tables protected and rounded as if there were no register and no grid of shares."""
    from evalml.report.cells import round_shares
    from evalml.report.protect import protect_results

    return {name: round_shares(frame, 3) for name, frame in protect_results(frames).items()}


def main() -> None:
    """Attack and print what was recovered."""
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for protect in (False, True):
        found = attack(studies, protect=protect)
        print(f"{'protected' if protect else 'small counts hidden only'}: {found}")


if __name__ == "__main__":
    main()
