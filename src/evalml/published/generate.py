"""Identities that follow from what the figures are, whatever the document.

The rules look only at the key columns: the same indicator over the parts of a territory, a share
and the population it is a share of, a level of two years and its growth, and so on.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from evalml.published import rules_levels, rules_shares, rules_text
from evalml.published.catalogue import Catalogue
from evalml.published.identity import Identity, check

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from evalml.published.figure import Figure
    from evalml.published.interval import Interval

RULES = (
    rules_levels.sums_over_territories,
    rules_levels.sums_over_parts,
    rules_levels.parts_within_wholes,
    rules_levels.growth_against_levels,
    rules_levels.growth_of_territories,
    rules_shares.shares_of_their_base,
    rules_shares.shares_that_total,
    rules_shares.weighted_means,
    rules_shares.small_bases,
    rules_text.bounds_in_order,
    rules_text.references_and_dates,
    rules_text.names_alike,
    rules_text.pages_in_order,
)


def generate(
    figures: Mapping[str, Figure],
    partitions: Iterable[tuple[str, ...]] = (),
    values: Mapping[str, Interval] | None = None,
) -> list[Identity]:
    """Return every identity the rules find, each once.

    Args:
        figures: The printed figures, by id.
        partitions: Further sets of `dimension=value` pairs that together make a whole.
        values: Intervals of the figures (computed when absent).
    """
    catalogue = Catalogue(figures, tuple(partitions))
    found = {i.key: i for rule in RULES for i in rule(catalogue)}
    intervals = values or {name: f.interval() for name, f in figures.items()}
    trust: dict[str, int] = defaultdict(int)
    for identity in found.values():
        for name in identity.members if check(identity, intervals).holds else ():
            trust[name] += 1
    for identity in rules_text.printed_more_than_once(catalogue, trust):
        found.setdefault(identity.key, identity)
    return list(found.values())
