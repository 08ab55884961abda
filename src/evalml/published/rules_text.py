"""Identities that need no arithmetic: repeated figures, bounds, references, page numbers."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from evalml.published.figure import malformed
from evalml.published.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from evalml.published.catalogue import Catalogue
    from evalml.published.figure import Figure

_UNREPEATED = frozenset({"page", "reference", "name"})


def printed_more_than_once(catalogue: Catalogue, trust: Mapping[str, int]) -> Iterator[Identity]:
    """The same concept, year and territory is the same number wherever it is printed.

    Each figure is compared with the value printed most often (on a tie, the one whose figures
    satisfy most other identities).

    Args:
        catalogue: The figures.
        trust: How many other identities each figure satisfies.
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


def _reference(printed: list[Figure], trust: Mapping[str, int]) -> Figure:
    times = Counter(f.value for f in printed)
    held: Counter[float] = Counter()
    for figure in printed:
        held[figure.value] += trust.get(figure.id, 0)
    return max(
        printed,
        key=lambda f: (-f.step, times[f.value], held[f.value], trust.get(f.id, 0)),
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
    tables: dict[tuple[str, str], list[Figure]] = {}
    for figure in catalogue:
        if figure.statistic == "page":
            tables.setdefault((figure.table, figure.indicator), []).append(figure)
    for pages in tables.values():
        for before, after in pairwise(pages):
            text = "les pages du sommaire se suivent"
            yield Identity("order", before.id, after.id, "<=", text)


def badly_written(catalogue: Catalogue) -> list[Figure]:
    """Return the figures whose thousands are grouped as no number is written."""
    skip = {"reference", "name"}
    return [f for f in catalogue if f.statistic not in skip and malformed(f.printed)]
