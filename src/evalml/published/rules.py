"""Identities that follow from what the figures are: sums, shares, means, bounds, repeats.

The rules look only at the key columns: the same indicator over the parts of a territory, a share
and the population it is a share of, a level of two years and its growth, and so on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from evalml.published.figure import ADDITIVE, PrintedFigure, malformed
from evalml.published.identity import Identity, check
from evalml.published.read import Catalogue, Concept, children, nearest_to, parent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from evalml.published.figure import RoundingInterval


_DEEP = 4


def companions(
    catalogue: Catalogue, what: Concept, whole: PrintedFigure
) -> list[PrintedFigure] | None:
    """Return the figure of each part of the territory of `whole`, or None if one is missing."""
    places = catalogue.by_concept[what]
    members = children(whole.territory)
    if not members or not all(m in places for m in members):
        return None
    found = [nearest_to(whole, places[m]) for m in members]
    return [f for f in found if f is not None]


def wholes(catalogue: Catalogue, what: Concept, territory: str) -> list[PrintedFigure]:
    """Return the totals to test: those of a table that holds parts, else the first printed."""
    places = catalogue.by_concept[what]
    tables = {f.table for m in children(territory) for f in places.get(m, [])}
    printed = places[territory]
    return [f for f in printed if f.table in tables] or printed[:1]


def plus(figures: list[PrintedFigure]) -> str:
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


def _some_parts(catalogue: Catalogue, what: Concept, whole: PrintedFigure) -> Iterator[Identity]:
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
    catalogue: Catalogue, whole: PrintedFigure, what: Concept, territory: str, pair: str
) -> PrintedFigure | None:
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


def _within_population(
    catalogue: Catalogue, figure: PrintedFigure, text: str
) -> Iterator[Identity]:
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


def _level_before(catalogue: Catalogue, growth: PrintedFigure) -> str | None:
    place = (growth.indicator, growth.year, growth.territory, growth.breakdown)
    level = nearest_to(growth, catalogue.counts(*place))
    return None if level is None else f"{level.id} / (1 + {growth.id} / 100)"


_AVERAGED = frozenset({"share", "mean"})


def shares_of_their_base(catalogue: Catalogue) -> Iterator[Identity]:
    """A share is 100 times its count over the count of its population."""
    for figure in catalogue:
        if figure.statistic != "share":
            continue
        base, count = catalogue.base(figure), catalogue.numerator(figure)
        if base is not None and count is not None and base.id != count.id:
            left = f"100 * {count.id} / {base.id}"
            text = "part recalculée sur les effectifs"
            yield Identity("share_of_base", left, figure.id, "=", text)


def small_bases(catalogue: Catalogue) -> Iterator[Identity]:
    """A share of a small population is one of the few a whole number of units can make."""
    for figure in catalogue:
        base = catalogue.base(figure) if figure.statistic == "share" else None
        if base is None or catalogue.numerator(figure) is not None or base.statistic != "count":
            continue
        if 100 / max(base.value, 1) > figure.step:
            left = f"attainable({figure.id}, {base.id})"
            text = "un nombre entier d’unités donne cette part"
            yield Identity("attainable_share", left, figure.id, "=", text)


def shares_that_total(catalogue: Catalogue) -> Iterator[Identity]:
    """Shares over a partition, or of the parts of a territory, make 100 %."""
    for what, places in catalogue.by_concept.items():
        if what.statistic != "share":
            continue
        if "@" in what.population:
            yield from _territory_total(what, places)
        for territory, printed in places.items():
            for partition in catalogue.partitions:
                yield from _partition_total(catalogue, what, territory, printed[0], partition)


def _territory_total(what: Concept, places: dict[str, list[PrintedFigure]]) -> Iterator[Identity]:
    level = what.population.partition("@")[2]
    for around in sorted({parent(t) or "" for t in places}):
        members = children(around)
        if around and around.startswith(level) and all(m in places for m in members):
            parts = [places[m][0] for m in members]
            yield Identity("shares_total", plus(parts), "100", "=", "les poids font 100 %")


def _partition_total(
    catalogue: Catalogue,
    what: Concept,
    territory: str,
    first: PrintedFigure,
    partition: tuple[str, ...],
) -> Iterator[Identity]:
    if partition[0] not in first.parts:
        return
    others = first.parts - {partition[0]}
    found = [first]
    for pair in partition[1:]:
        key = what._replace(breakdown=";".join(sorted({*others, pair})))
        figure = nearest_to(first, catalogue.by_concept.get(key, {}).get(territory, []))
        if figure is None:
            return
        found.append(figure)
    yield Identity("shares_total", plus(found), "100", "=", "les parts font 100 %")


def weighted_means(catalogue: Catalogue) -> Iterator[Identity]:
    """A share of a territory is the mean of those of its parts, weighted by their populations."""
    for what, places in catalogue.by_concept.items():
        if what.statistic not in _AVERAGED or "@" in what.population:
            continue
        for territory in places:
            for whole in wholes(catalogue, what, territory) if children(territory) else ():
                parts = companions(catalogue, what, whole)
                if parts:
                    yield _mean(catalogue, whole, parts)


def _mean(catalogue: Catalogue, whole: PrintedFigure, parts: list[PrintedFigure]) -> Identity:
    bases = [catalogue.base(f) for f in parts]
    total = catalogue.base(whole)
    if total is None or any(b is None for b in bases):
        inside = f"hull({', '.join(f.id for f in parts)})"
        text = "la moyenne est comprise entre ses termes"
        return Identity("between_parts", whole.id, inside, "=", text)
    pairs = zip(parts, bases, strict=True)
    left = " + ".join(f"{f.id} * {b.id}" for f, b in pairs if b is not None)
    text = "moyenne des parties, pondérée par leurs effectifs"
    return Identity("weighted_mean", f"({left}) / {total.id}", whole.id, "=", text)


_UNREPEATED = frozenset({"page", "reference", "name"})


def printed_more_than_once(catalogue: Catalogue, trust: Mapping[str, int]) -> Iterator[Identity]:
    """The same concept, year and territory is the same number wherever it is printed.

    Each figure is compared with the value printed most often (on a tie, the one whose figures
    satisfy most other identities).

    `trust`: how many other identities each figure satisfies.
    """
    for what, places in catalogue.by_concept.items():
        for printed in places.values() if what.statistic not in _UNREPEATED else ():
            if len(printed) < 2:  # noqa: PLR2004
                continue
            head = _reference(printed, trust)
            for figure in printed:
                if figure.id != head.id:
                    text = "la même grandeur, imprimée à deux endroits"
                    yield Identity("printed_twice", figure.id, head.id, "=", text)


def _reference(printed: list[PrintedFigure], trust: Mapping[str, int]) -> PrintedFigure:
    times = Counter(f.value for f in printed)
    sizes: Counter[float] = Counter()
    for figure in printed:
        sizes[figure.value] += trust.get(figure.id, 0)
    return max(
        printed,
        key=lambda f: (-f.step, times[f.value], sizes[f.value], trust.get(f.id, 0)),
    )


def bounds_in_order(catalogue: Catalogue) -> Iterator[Identity]:
    """A lower bound is at most the upper bound printed beside it."""
    for what, places in catalogue.by_concept.items():
        if "borne=min" not in what.breakdown.split(";"):
            continue
        high = what._replace(breakdown=what.breakdown.replace("borne=min", "borne=max"))
        above = catalogue.by_concept.get(high, {})
        for territory, printed in places.items():
            for low in printed:
                for figure in above.get(territory, []):
                    if figure.place == low.place:
                        text = "la borne basse ne dépasse pas la borne haute"
                        yield Identity("bounds", low.id, figure.id, "<=", text)


def references_and_dates(catalogue: Catalogue) -> Iterator[Identity]:
    """The year in the number of a text is the year of its date."""
    for figure in catalogue:
        if figure.statistic == "reference":
            text = "l’année du numéro est celle de la date"
            yield Identity("reference", figure.id, str(figure.year), "=", text)


def names_alike(catalogue: Catalogue) -> Iterator[Identity]:
    """A name that holds a number is printed the same way each time."""
    for what, places in catalogue.by_concept.items():
        for printed in places.values() if what.statistic == "name" else ():
            commonest = Counter(f.value for f in printed).most_common(1)[0][0]
            head = next(f for f in printed if f.value == commonest)
            for figure in printed:
                if figure.id != head.id:
                    text = "le même nom, imprimé à deux endroits"
                    yield Identity("printed_twice", figure.id, head.id, "=", text)


def pages_in_order(catalogue: Catalogue) -> Iterator[Identity]:
    """Page numbers of a table of contents never go back."""
    tables: dict[tuple[str, str], list[PrintedFigure]] = {}
    for figure in catalogue:
        if figure.statistic == "page":
            tables.setdefault((figure.table, figure.indicator), []).append(figure)
    for pages in tables.values():
        for before, after in pairwise(pages):
            text = "les pages du sommaire se suivent"
            yield Identity("order", before.id, after.id, "<=", text)


def badly_written(catalogue: Catalogue) -> list[PrintedFigure]:
    """Return the figures whose thousands are grouped as no number is written."""
    skip = {"reference", "name"}
    return [f for f in catalogue if f.statistic not in skip and malformed(f.printed)]


RULES = (
    sums_over_territories,
    sums_over_parts,
    parts_within_wholes,
    growth_against_levels,
    growth_of_territories,
    shares_of_their_base,
    shares_that_total,
    weighted_means,
    small_bases,
    bounds_in_order,
    references_and_dates,
    names_alike,
    pages_in_order,
)


def generate(
    figures: Mapping[str, PrintedFigure],
    partitions: Iterable[tuple[str, ...]] = (),
    values: Mapping[str, RoundingInterval] | None = None,
) -> list[Identity]:
    """Return every identity the rules find, each once.

    `partitions`: further sets of `dimension=value` pairs that together make a whole; `values`:
    intervals of the figures (computed when absent).
    """
    catalogue = Catalogue(figures, tuple(partitions))
    found = {i.key: i for rule in RULES for i in rule(catalogue)}
    intervals = values or {name: f.interval() for name, f in figures.items()}
    trust: dict[str, int] = defaultdict(int)
    for identity in found.values():
        for name in identity.members if check(identity, intervals).holds else ():
            trust[name] += 1
    for identity in printed_more_than_once(catalogue, trust):
        found.setdefault(identity.key, identity)
    return list(found.values())
