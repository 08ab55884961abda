"""Why a share is not that of its count and population, slips apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from evalml.published.catalogue import concept
from evalml.published.cause import Cause, at, inside
from evalml.published.expression import names
from evalml.published.identity import Outcome, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from evalml.published.figure import Figure

_PAIR = 2


def of_a_share(
    outcome: Outcome, figures: Mapping[str, Figure], everything: list[Outcome]
) -> Cause | None:
    """Return what explains a failing share, the surest explanation first."""
    printed = figures[outcome.identity.right]
    exact = outcome.left.middle
    floor = math.floor(exact / printed.step + 1e-9) * printed.step
    if outcome.left.low == outcome.left.high and math.isclose(floor, printed.value, abs_tol=1e-9):
        text = (
            f"Part tronquée au lieu d’être arrondie : {number(exact)} % est imprimé "
            f"{printed.printed}."
        )
        return Cause("truncated", text, "probable", (printed.id,))
    members = names(outcome.identity.left)
    if len(members) != _PAIR:
        return None
    count, base = figures[members[0]], figures[members[1]]
    return (
        _two_extractions(printed, count, base, figures)
        or _other_figure(printed, count, base, figures)
        or _neighbour(printed, base, figures)
        or _repeated_share(printed, count, figures, everything)
        or _apart(printed, count)
    )


def _two_extractions(
    printed: Figure, count: Figure, base: Figure, figures: Mapping[str, Figure]
) -> Cause | None:
    """The count sits in a table whose own base is not the base of the share."""
    if count.table == printed.table:
        return None
    for own in _alternatives(base, figures):
        if own.table != count.table:
            continue
        share = 100 * count.value / own.value
        text = (
            f"La part {printed.printed} et l’effectif {count.printed} viennent de deux "
            f"extractions : le tableau de l’effectif a pour base {own.printed}, "
            f"celui de la part {base.printed}"
        )
        ok = inside(share, printed)
        text += " ; sur sa propre base, la part est juste." if ok else "."
        sure = "quasi certaine" if ok else "probable"
        return Cause("extractions", text, sure, (printed.id, count.id, base.id, own.id))
    return None


def _other_figure(
    printed: Figure, count: Figure, base: Figure, figures: Mapping[str, Figure]
) -> Cause | None:
    for other in _alternatives(base, figures):
        if other.value and inside(100 * count.value / other.value, printed):
            text = f"La part est juste sur la base {at(other)}, et non sur {at(base)}."
            return Cause("extractions", text, "probable", (printed.id, count.id, base.id, other.id))
    for other in _alternatives(count, figures):
        if base.value and inside(100 * other.value / base.value, printed):
            text = f"La part est juste avec l’effectif {at(other)}, et non {at(count)}."
            return Cause("definitions", text, "probable", (count.id, printed.id, other.id))
    return None


def _neighbour(printed: Figure, base: Figure, figures: Mapping[str, Figure]) -> Cause | None:
    """Another count of the same group, year and territory that would make the share right."""
    for other in figures.values():
        same = (other.breakdown, other.year, other.territory, other.unit) == (
            printed.breakdown,
            base.year,
            base.territory,
            base.unit,
        )
        if same and other.breakdown and inside(100 * other.value / base.value, printed):
            text = (
                f"La part serait juste avec un autre effectif du même groupe : {at(other)}, "
                f"« {other.indicator} » ; deux définitions sans doute confondues."
            )
            return Cause("definitions", text, "probable", (printed.id, other.id))
    return None


def _alternatives(figure: Figure, figures: Mapping[str, Figure]) -> Iterator[Figure]:
    """Yield the other values printed for what a figure measures."""
    what = concept(figure)
    for other in figures.values():
        if (
            other.value != figure.value
            and other.territory == figure.territory
            and concept(other) == what
        ):
            yield other


def _repeated_share(
    printed: Figure, count: Figure, figures: Mapping[str, Figure], everything: list[Outcome]
) -> Cause | None:
    """The share is printed elsewhere with another value, or elsewhere fails the same way."""
    failing = {o.identity.right for o in everything if not o.holds}
    what = concept(printed)
    for other in figures.values():
        same = other.id != printed.id and concept(other) == what
        if same and other.territory == printed.territory and other.value != printed.value:
            text = f"{at(printed)} et {at(other)} portent le même nom, et l’effectif {at(count)}"
            if other.id in failing:
                text += " ne donne ni l’un ni l’autre : définitions ou extractions différentes."
            else:
                text += f" donne {other.printed} : deux définitions ou deux extractions."
            return Cause("definitions", text, "probable", (printed.id, other.id, count.id))
    return None


def _apart(printed: Figure, count: Figure) -> Cause | None:
    if printed.table == count.table:
        return None
    text = (
        f"La part {at(printed)} et l’effectif {at(count)} ne sont pas imprimés ensemble : "
        "deux définitions ou deux extractions."
    )
    return Cause("definitions", text, "possible", (printed.id, count.id))
