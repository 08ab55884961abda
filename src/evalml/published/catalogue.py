"""Look figures up by what they describe."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from evalml.published.figure import ADDITIVE
from evalml.published.territories import around

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from evalml.published.figure import Figure

PARTITIONS = (
    ("sexe=F", "sexe=H"),
    ("sexe=F", "sexe=M"),
    ("qpv=0", "qpv=1"),
)


class Concept(NamedTuple):
    """What a figure measures, wherever it is printed.

    The population belongs to the concept of a share, not of a count: the youths who entered a
    programme are the same number whether or not a table recalls whom they are part of.
    """

    indicator: str
    year: int
    breakdown: str
    statistic: str
    unit: str
    programme: str
    population: str


def concept(figure: Figure) -> Concept:
    """Return what a figure measures."""
    return Concept(
        figure.indicator,
        figure.year,
        figure.breakdown,
        figure.statistic,
        figure.unit,
        figure.programme,
        "" if figure.statistic in ADDITIVE else figure.population,
    )


class Catalogue:
    """The figures, indexed by concept and territory.

    Attributes:
        figures: The figures, by id.
        partitions: Sets of `dimension=value` pairs that together make a whole.
        by_concept: Concept, then territory, then the figures printed for it.
    """

    def __init__(
        self, figures: Mapping[str, Figure], partitions: tuple[tuple[str, ...], ...] = ()
    ) -> None:
        self.figures = figures
        self.partitions = PARTITIONS + partitions
        self.by_concept: dict[Concept, dict[str, list[Figure]]] = {}
        self._counts: dict[tuple[str, int, str, str], list[Figure]] = defaultdict(list)
        for figure in figures.values():
            places = self.by_concept.setdefault(concept(figure), {})
            places.setdefault(figure.territory, []).append(figure)
            if figure.statistic in ADDITIVE:
                key = (figure.indicator, figure.year, figure.territory, figure.breakdown)
                self._counts[key].append(figure)

    def __iter__(self) -> Iterator[Figure]:
        return iter(self.figures.values())

    def counts(
        self, indicator: str, year: int, territory: str, breakdown: str = ""
    ) -> list[Figure]:
        """Return the counts or amounts printed for an indicator."""
        return self._counts.get((indicator, year, territory, breakdown), [])

    def base(self, figure: Figure) -> Figure | None:
        """Return the count a figure is a share, or a part, of, as its table would have it."""
        name, _, level = figure.population.partition("@")
        territory = around(figure.territory, level) if level else figure.territory
        if not name or territory is None:
            return None
        return nearest_to(figure, self.counts(name, figure.year, territory))

    def numerator(self, figure: Figure) -> Figure | None:
        """Return the count a share is the share of, if it is printed."""
        key = (figure.indicator, figure.year, figure.territory, figure.breakdown)
        return nearest_to(figure, self._counts.get(key, []))


def nearest_to(figure: Figure, candidates: list[Figure]) -> Figure | None:
    """Return the candidate of the same table, else the most repeated value, else the first.

    Args:
        figure: The figure that needs a companion.
        candidates: Figures of one concept and territory.
    """
    others = [c for c in candidates if c.id != figure.id]
    same = [c for c in others if c.table == figure.table]
    if same:
        return same[0]
    if not others:
        return None
    commonest = Counter(c.value for c in others).most_common(1)[0][0]
    return next(c for c in others if c.value == commonest)
