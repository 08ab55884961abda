"""Causes of a failure other than one slip of the typist."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from evalml.published.catalogue import concept
from evalml.published.expression import names
from evalml.published.figure import ADDITIVE
from evalml.published.identity import Outcome, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from evalml.published.figure import Figure

_CLOSE = 0.2
_FEW = 3
_PAIR = 2


class Cause(NamedTuple):
    """A cause, and how sure it is.

    Attributes:
        name: Short name.
        sentence: One or two sentences, in French.
        certainty: `quasi certaine`, `probable`, `possible` or `indéterminée`.
        figures: Those to look at first (none: every figure of the identity).
        correction: What should be printed, if one can tell.
    """

    name: str
    sentence: str
    certainty: str
    figures: tuple[str, ...] = ()
    correction: str = ""


def other_cause(
    outcome: Outcome, figures: Mapping[str, Figure], everything: list[Outcome]
) -> Cause | None:
    """Return the likeliest cause of a failure, slips apart, or None when none is recognised."""
    finder = _FINDERS.get(outcome.identity.kind)
    return finder(outcome, figures, everything) if finder else None


def _at(figure: Figure) -> str:
    return f"{figure.printed} ({figure.place})"


def unknown(outcome: Outcome) -> Cause:
    """Return the cause of last resort: how far off the identity is."""
    share = 100 * outcome.gap / max(abs(outcome.right.middle), 1e-9)
    text = (
        f"L’écart est de {number(outcome.gap)} ({number(round(share, 1))} %), au-delà des "
        "arrondis ; aucune coquille d’un seul chiffre, aucune autre base imprimée ne l’explique."
    )
    return Cause("unknown", text, "indéterminée")


def _share(
    outcome: Outcome, figures: Mapping[str, Figure], everything: list[Outcome]
) -> Cause | None:
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
        ok = _inside(share, printed)
        text += " ; sur sa propre base, la part est juste." if ok else "."
        sure = "quasi certaine" if ok else "probable"
        return Cause("extractions", text, sure, (printed.id, count.id, base.id, own.id))
    return None


def _other_figure(
    printed: Figure, count: Figure, base: Figure, figures: Mapping[str, Figure]
) -> Cause | None:
    for other in _alternatives(base, figures):
        if other.value and _inside(100 * count.value / other.value, printed):
            text = f"La part est juste sur la base {_at(other)}, et non sur {_at(base)}."
            return Cause("extractions", text, "probable", (printed.id, count.id, base.id, other.id))
    for other in _alternatives(count, figures):
        if base.value and _inside(100 * other.value / base.value, printed):
            text = f"La part est juste avec l’effectif {_at(other)}, et non {_at(count)}."
            return Cause("definitions", text, "probable", (count.id, printed.id, other.id))
    return None


def _inside(value: float, figure: Figure) -> bool:
    target = figure.interval()
    return target.low <= value <= target.high


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
            text = f"{_at(printed)} et {_at(other)} portent le même nom, et l’effectif {_at(count)}"
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
        f"La part {_at(printed)} et l’effectif {_at(count)} ne sont pas imprimés ensemble : "
        "deux définitions ou deux extractions."
    )
    return Cause("definitions", text, "possible", (printed.id, count.id))


def _growth(
    outcome: Outcome, figures: Mapping[str, Figure], everything: list[Outcome]
) -> Cause | None:
    del everything
    rate = figures[outcome.identity.right]
    now, before = (figures[name] for name in names(outcome.identity.left)[:2])
    inverted = 100 * (now.value - before.value) / now.value
    right = 100 * (now.value - before.value) / before.value
    if not _inside(inverted, rate):
        return None
    text = (
        f"Mauvaise base : l’écart est rapporté au niveau d’arrivée ({now.printed}) au lieu du "
        f"niveau de départ ({before.printed}) ; l’évolution est de {number(right)} %, "
        f"et non {rate.printed}."
    )
    return Cause("base", text, "quasi certaine", (rate.id,), f"{right:.1f} %".replace(".", ","))


def _twice(
    outcome: Outcome, figures: Mapping[str, Figure], everything: list[Outcome]
) -> Cause | None:
    identity = outcome.identity
    if identity.right not in figures or identity.left not in figures:
        return None
    first, second = figures[identity.left], figures[identity.right]
    if first.statistic == "name":
        return None
    if abs(first.value - second.value) > _CLOSE * max(abs(second.value), 1e-9):
        return None
    both = all(_held(f.id, everything) for f in (first, second))
    if both and first.statistic in ADDITIVE and first.table != second.table:
        text = (
            f"{_at(first)} et {_at(second)} sont chacun "
            "cohérents avec leur propre tableau : deux extractions sous le même nom."
        )
        return Cause("extractions", text, "quasi certaine", (first.id, second.id))
    text = (
        f"{_at(first)} et {_at(second)} portent le même nom : deux définitions ou deux extractions."
    )
    return Cause("definitions", text, "probable", (first.id, second.id))


def _held(name: str, everything: list[Outcome]) -> bool:
    strong = {"territory_sum", "parts_sum", "share_of_base"}
    return any(
        o.holds and o.identity.kind in strong and name in o.identity.members for o in everything
    )


def _mean(
    outcome: Outcome, figures: Mapping[str, Figure], everything: list[Outcome]
) -> Cause | None:
    whole = figures[outcome.identity.right]
    shares = [f for n in names(outcome.identity.left) if (f := figures[n]).statistic == "share"]
    if len(shares) < _FEW:
        return None
    low, high = min(p.value for p in shares), max(p.value for p in shares)
    if not low <= whole.value <= high:
        return None
    text = (
        f"{_at(whole)} est compris entre les parts des territoires mais n’est pas leur moyenne "
        f"pondérée ({number(outcome.left.middle)} %) : l’ensemble et les territoires ne viennent "
        "pas de la même extraction, ou l’un des chiffres est faux."
    )
    parts = tuple(s.id for s in shares)
    if _held(whole.id, everything):
        text += " L’ensemble est confirmé par ailleurs : ce sont les territoires qu’il faut revoir."
        return Cause("extractions", text, "probable", (*parts, whole.id))
    return Cause("extractions", text, "possible", (whole.id, *parts))


def _order(
    outcome: Outcome, figures: Mapping[str, Figure], everything: list[Outcome]
) -> Cause | None:
    """The page that, once set aside, leaves the others in order."""
    before, after = outcome.identity.left, outcome.identity.right
    chain = {o.identity.left: o.identity.right for o in everything if o.identity.kind == "order"}
    back = {right: left for left, right in chain.items()}
    following = figures.get(chain.get(after, ""))
    preceding = figures.get(back.get(before, ""))
    low, high = figures[before], figures[after]
    if following is not None and low.value <= following.value:
        wrong, least, most = high, low, following
    elif preceding is not None and preceding.value <= high.value:
        wrong, least, most = low, preceding, high
    else:
        return None
    text = (
        f"La page {wrong.printed} n’est pas dans l’ordre du sommaire : "
        f"entre {least.printed} et {most.printed} attendu."
    )
    return Cause("order", text, "probable", (wrong.id,))


def _reference(outcome: Outcome, figures: Mapping[str, Figure], everything: list[Outcome]) -> Cause:
    del everything
    figure = figures[outcome.identity.left]
    text = (
        f"« {figure.printed} » ne peut pas dater de {figure.year} : le texte et la source citée "
        "ne sont pas de la même année."
    )
    return Cause("reference", text, "probable", (figure.id,))


def _exceeds(
    outcome: Outcome, figures: Mapping[str, Figure], everything: list[Outcome]
) -> Cause | None:
    """A part a little above its whole, each consistent elsewhere: two definitions."""
    del everything
    identity = outcome.identity
    if identity.left not in figures or identity.right not in figures:
        return None
    part, whole = figures[identity.left], figures[identity.right]
    if outcome.gap > _CLOSE * abs(whole.value):
        return None
    text = (
        f"{_at(part)} dépasse {_at(whole)} de "
        f"{number(outcome.gap)} : les deux grandeurs n’ont pas la même définition."
    )
    return Cause("definitions", text, "possible", (part.id, whole.id))


_FINDERS: dict[str, Callable[[Outcome, Mapping[str, Figure], list[Outcome]], Cause | None]] = {
    "share_of_base": _share,
    "growth": _growth,
    "printed_twice": _twice,
    "weighted_mean": _mean,
    "order": _order,
    "reference": _reference,
    "part_of_whole": _exceeds,
}
