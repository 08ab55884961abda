"""Coherent tables of printed figures, and misprints planted in them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalml.published.figure import PrintedFigure
from evalml.published.repair import slips

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPARTEMENTS = ("02", "59", "60", "62", "80")
REGION = "region:32"


def grouped(n: float) -> str:
    return f"{int(n):,}".replace(",", " ")


def tables(seed: int, indicators: int = 6) -> dict[str, PrintedFigure]:
    """Return coherent figures: counts by département, parts, shares, a growth, a mention."""
    rng = np.random.Generator(np.random.PCG64(seed))
    weights = rng.dirichlet(np.array([2.0, 10.0, 3.0, 6.0, 2.0]))
    found: list[PrintedFigure] = []
    accompanied = np.round(weights * rng.integers(60_000, 200_000)).astype(int)
    found += list(_counts("accompagnes", "", accompanied, "accompagnes"))
    for k in range(indicators):
        name = f"indicateur_{k}"
        share = rng.uniform(0.05, 0.5, 5)
        counts = np.round(accompanied * share).astype(int)
        found += list(_counts(name, "accompagnes", counts, name))
        found += list(_shares(name, "accompagnes", counts, accompanied))
        part = np.round(counts * rng.uniform(0.1, 0.4, 5)).astype(int)
        found += list(_counts(f"partie_{k}", name, part, f"partie_{k}"))
        found += list(_shares(f"partie_{k}", name, part, counts))
        found.append(_figure(f"{name}_texte", name, REGION, "count", counts.sum(), "accompagnes"))
    return {f.id: f for f in found}


def _figure(
    name: str, indicator: str, territory: str, statistic: str, value: float, population: str
) -> PrintedFigure:
    share = statistic == "share"
    printed = f"{value:.1f} %".replace(".", ",") if share else grouped(value)
    place = "texte · l.1" if name.endswith("_texte") else "tableau · l.2"
    unit, step = ("%", 0.1) if share else ("jeunes", 1.0)
    number = round(float(value), 1) if share else float(value)
    return PrintedFigure(
        name, "essai", place, 2024, territory, "", indicator, population, "", statistic, unit,
        printed, number, step,
    )  # fmt: skip


def _counts(
    indicator: str, population: str, counts: np.ndarray, name: str
) -> Iterator[PrintedFigure]:
    for code, n in zip(DEPARTEMENTS, counts, strict=True):
        yield _figure(f"{name}_{code}", indicator, f"departement:{code}", "count", n, population)
    yield _figure(f"{name}_hdf", indicator, REGION, "count", counts.sum(), population)


def _shares(
    indicator: str, population: str, counts: np.ndarray, bases: np.ndarray
) -> Iterator[PrintedFigure]:
    for code, n, base in zip(DEPARTEMENTS, counts, bases, strict=True):
        name, share = f"part_{indicator}_{code}", 100 * n / base
        yield _figure(name, indicator, f"departement:{code}", "share", share, population)
    share = 100 * counts.sum() / bases.sum()
    yield _figure(f"part_{indicator}_hdf", indicator, REGION, "share", share, population)


def plant(
    figures: dict[str, PrintedFigure], seed: int, how_many: int
) -> tuple[dict[str, PrintedFigure], set[str]]:
    """Return the figures with misprints in some of them, and the ids of those."""
    rng = np.random.Generator(np.random.PCG64(seed))
    chosen = {str(n) for n in rng.choice(sorted(figures), how_many, replace=False)}
    planted = dict(figures)
    for name in sorted(chosen):
        options = [s for s in slips(figures[name]) if s.kind != "comma"]
        kinds = sorted({s.kind for s in options})
        kind = kinds[rng.integers(len(kinds))]
        same = [s for s in options if s.kind == kind]
        slip = same[rng.integers(len(same))]
        planted[name] = replace(figures[name], printed=slip.printed, value=slip.value)
    return planted, chosen
