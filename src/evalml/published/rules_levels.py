"""Identities between counts and amounts: sums, parts of wholes, growth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.published.catalogue import Catalogue, Concept, nearest_to
from evalml.published.figure import ADDITIVE, Figure
from evalml.published.identity import Identity
from evalml.published.territories import children

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEP = 4


def companions(catalogue: Catalogue, what: Concept, whole: Figure) -> list[Figure] | None:
    """Return the figure of each part of the territory of `whole`, or None if one is missing."""
    places = catalogue.by_concept[what]
    members = children(whole.territory)
    if not members or not all(m in places for m in members):
        return None
    found = [nearest_to(whole, places[m]) for m in members]
    return [f for f in found if f is not None]


def wholes(catalogue: Catalogue, what: Concept, territory: str) -> list[Figure]:
    """Return the totals to test: those of a table that holds parts, else the first printed."""
    places = catalogue.by_concept[what]
    tables = {f.table for m in children(territory) for f in places.get(m, [])}
    printed = places[territory]
    return [f for f in printed if f.table in tables] or printed[:1]


def plus(figures: list[Figure]) -> str:
    """Return the sum of figures as an expression."""
    return " + ".join(f.id for f in figures)


def sums_over_territories(catalogue: Catalogue) -> Iterator[Identity]:
    """Counts and amounts of the parts of a territory add up to that of the whole."""
    for what, places in catalogue.by_concept.items():
        if what.statistic not in ADDITIVE:
            continue
        for territory in places:
            for whole in wholes(catalogue, what, territory) if children(territory) else ():
                parts = companions(catalogue, what, whole)
                if parts:
                    regional = territory.startswith("region")
                    text = (
                        "les départements font la région"
                        if regional
                        else "les régions font la France"
                    )
                    yield Identity("territory_sum", plus(parts), whole.id, "=", text)
                else:
                    yield from _some_parts(catalogue, what, whole)


def _some_parts(catalogue: Catalogue, what: Concept, whole: Figure) -> Iterator[Identity]:
    places = catalogue.by_concept[what]
    for member in children(whole.territory):
        for part in places.get(member, [])[:1]:
            text = "un territoire ne dépasse pas celui qui le contient"
            yield Identity("part_of_whole", part.id, whole.id, "<=", text)


def sums_over_parts(catalogue: Catalogue) -> Iterator[Identity]:
    """Counts over the values of a breakdown that is a partition add up to the whole."""
    for what, places in catalogue.by_concept.items():
        if what.statistic not in ADDITIVE:
            continue
        for territory, printed in places.items():
            for whole in printed:
                for partition in catalogue.partitions:
                    parts = [_part(catalogue, whole, what, territory, pair) for pair in partition]
                    found = [p for p in parts if p is not None]
                    if len(found) == len(partition) and found[0].table == whole.table:
                        text = "les parties font le tout"
                        yield Identity("parts_sum", plus(found), whole.id, "=", text)


def _part(
    catalogue: Catalogue, whole: Figure, what: Concept, territory: str, pair: str
) -> Figure | None:
    breakdown = ";".join(sorted({*whole.parts, pair}))
    places = catalogue.by_concept.get(what._replace(breakdown=breakdown), {})
    return None if pair in whole.parts else nearest_to(whole, places.get(territory, []))


def parts_within_wholes(catalogue: Catalogue) -> Iterator[Identity]:
    """A part never exceeds the whole it is part of, nor the same part of a wider population."""
    text = "une partie ne dépasse pas le tout"
    for figure in catalogue:
        if figure.statistic not in ADDITIVE:
            continue
        for pair in figure.parts:
            breakdown = ";".join(sorted(figure.parts - {pair}))
            place = (figure.indicator, figure.year, figure.territory, breakdown)
            whole = nearest_to(figure, catalogue.counts(*place))
            if whole is not None and whole.unit == figure.unit:
                yield Identity("part_of_whole", figure.id, whole.id, "<=", text)
        own = figure.population == figure.indicator
        if figure.population and not (own and not figure.breakdown):
            yield from _within_population(catalogue, figure, text)


def _within_population(catalogue: Catalogue, figure: Figure, text: str) -> Iterator[Identity]:
    base = catalogue.base(figure)
    if base is not None and base.unit == figure.unit:
        yield Identity("part_of_whole", figure.id, base.id, "<=", text)
    wider = figure.population
    for _ in range(_DEEP if figure.breakdown and "@" not in wider else 0):
        place = (wider, figure.year, figure.territory)
        same = nearest_to(figure, catalogue.counts(*place, figure.breakdown))
        if same is not None and same.unit == figure.unit:
            yield Identity("part_of_whole", figure.id, same.id, "<=", text)
        around = nearest_to(figure, catalogue.counts(*place))
        if around is None or not around.population:
            return
        wider = around.population


def growth_against_levels(catalogue: Catalogue) -> Iterator[Identity]:
    """A growth rate is that of the levels of the year and of the year before."""
    for figure in catalogue:
        if figure.statistic != "growth":
            continue
        place = (figure.territory, figure.breakdown)
        now = nearest_to(figure, catalogue.counts(figure.indicator, figure.year, *place))
        before = nearest_to(figure, catalogue.counts(figure.indicator, figure.year - 1, *place))
        if now is not None and before is not None:
            left = f"100 * ({now.id} / {before.id} - 1)"
            yield Identity("growth", left, figure.id, "=", "évolution recalculée sur les niveaux")


def growth_of_territories(catalogue: Catalogue) -> Iterator[Identity]:
    """The levels of the year before, drawn from growth rates, add up over territories."""
    for what, places in catalogue.by_concept.items():
        for territory in places if what.statistic == "growth" else ():
            for whole in wholes(catalogue, what, territory) if children(territory) else ():
                parts = companions(catalogue, what, whole) or []
                before = [_level_before(catalogue, f) for f in [whole, *parts]]
                if parts and all(before):
                    text = "les niveaux de l’année précédente, tirés des évolutions, s’additionnent"
                    left = " + ".join(str(b) for b in before[1:])
                    yield Identity("growth_of_parts", left, str(before[0]), "=", text)


def _level_before(catalogue: Catalogue, growth: Figure) -> str | None:
    place = (growth.indicator, growth.year, growth.territory, growth.breakdown)
    level = nearest_to(growth, catalogue.counts(*place))
    return None if level is None else f"{level.id} / (1 + {growth.id} / 100)"
