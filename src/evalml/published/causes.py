"""Causes of a failure other than one slip of the typist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.published.cause import Cause, at, inside
from evalml.published.causes_share import of_a_share
from evalml.published.expression import names
from evalml.published.figure import ADDITIVE
from evalml.published.identity import Outcome, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from evalml.published.figure import Figure

_CLOSE = 0.2
_FEW = 3


def other_cause(
    outcome: Outcome, figures: Mapping[str, Figure], everything: list[Outcome]
) -> Cause | None:
    """Return the likeliest cause of a failure, slips apart, or None when none is recognised."""
    finder = _FINDERS.get(outcome.identity.kind)
    return finder(outcome, figures, everything) if finder else None


def unknown(outcome: Outcome) -> Cause:
    """Return the cause of last resort: how far off the identity is."""
    share = 100 * outcome.gap / max(abs(outcome.right.middle), 1e-9)
    text = (
        f"L’écart est de {number(outcome.gap)} ({number(round(share, 1))} %), au-delà des "
        "arrondis ; aucune coquille d’un seul chiffre, aucune autre base imprimée ne l’explique."
    )
    return Cause("unknown", text, "indéterminée")


def _growth(
    outcome: Outcome, figures: Mapping[str, Figure], everything: list[Outcome]
) -> Cause | None:
    del everything
    rate = figures[outcome.identity.right]
    now, before = (figures[name] for name in names(outcome.identity.left)[:2])
    inverted = 100 * (now.value - before.value) / now.value
    right = 100 * (now.value - before.value) / before.value
    if not inside(inverted, rate):
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
            f"{at(first)} et {at(second)} sont chacun "
            "cohérents avec leur propre tableau : deux extractions sous le même nom."
        )
        return Cause("extractions", text, "quasi certaine", (first.id, second.id))
    text = (
        f"{at(first)} et {at(second)} portent le même nom : deux définitions ou deux extractions."
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
        f"{at(whole)} est compris entre les parts des territoires mais n’est pas leur moyenne "
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
        f"{at(part)} dépasse {at(whole)} de "
        f"{number(outcome.gap)} : les deux grandeurs n’ont pas la même définition."
    )
    return Cause("definitions", text, "possible", (part.id, whole.id))


_FINDERS: dict[str, Callable[[Outcome, Mapping[str, Figure], list[Outcome]], Cause | None]] = {
    "share_of_base": of_a_share,
    "growth": _growth,
    "printed_twice": _twice,
    "weighted_mean": _mean,
    "order": _order,
    "reference": _reference,
    "part_of_whole": _exceeds,
}
