"""Identities between shares, means and the populations they describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.published.catalogue import Catalogue, Concept, nearest_to
from evalml.published.identity import Identity
from evalml.published.rules_levels import companions, plus, wholes
from evalml.published.territories import children, parent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalml.published.figure import Figure

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


def _territory_total(what: Concept, places: dict[str, list[Figure]]) -> Iterator[Identity]:
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
    first: Figure,
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


def _mean(catalogue: Catalogue, whole: Figure, parts: list[Figure]) -> Identity:
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
