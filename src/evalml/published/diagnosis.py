"""Why identities fail: the smallest change that mends them, or another cause.

Slips of the typist that are no accident come first (`repair.py`), then the other causes
(`causes.py`: a share truncated or on another base, a growth on the wrong year, two extractions),
then the slips that are merely possible, and last the figures most in conflict.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from evalml.published.figure import ADDITIVE
from evalml.published.identity import WEAK, CheckedIdentity, names, number
from evalml.published.read import Catalogue, concept
from evalml.published.repair import KINDS, Bench, Slip, Suspect, completed, rivals
from evalml.published.rules import badly_written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from evalml.published.figure import PrintedFigure


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


def at(figure: PrintedFigure) -> str:
    """Return a figure with its place, for a sentence."""
    return f"{figure.printed} ({figure.place})"


def inside(value: float, figure: PrintedFigure) -> bool:
    """Tell whether a value prints like a figure."""
    target = figure.interval()
    return target.low <= value <= target.high


_PAIR = 2


def of_a_share(
    outcome: CheckedIdentity,
    figures: Mapping[str, PrintedFigure],
    everything: list[CheckedIdentity],
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
    printed: PrintedFigure,
    count: PrintedFigure,
    base: PrintedFigure,
    figures: Mapping[str, PrintedFigure],
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
    printed: PrintedFigure,
    count: PrintedFigure,
    base: PrintedFigure,
    figures: Mapping[str, PrintedFigure],
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


def _neighbour(
    printed: PrintedFigure, base: PrintedFigure, figures: Mapping[str, PrintedFigure]
) -> Cause | None:
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


def _alternatives(
    figure: PrintedFigure, figures: Mapping[str, PrintedFigure]
) -> Iterator[PrintedFigure]:
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
    printed: PrintedFigure,
    count: PrintedFigure,
    figures: Mapping[str, PrintedFigure],
    everything: list[CheckedIdentity],
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


def _apart(printed: PrintedFigure, count: PrintedFigure) -> Cause | None:
    if printed.table == count.table:
        return None
    text = (
        f"La part {at(printed)} et l’effectif {at(count)} ne sont pas imprimés ensemble : "
        "deux définitions ou deux extractions."
    )
    return Cause("definitions", text, "possible", (printed.id, count.id))


_CLOSE = 0.2
_FEW = 3


def other_cause(
    outcome: CheckedIdentity,
    figures: Mapping[str, PrintedFigure],
    everything: list[CheckedIdentity],
) -> Cause | None:
    """Return the likeliest cause of a failure, slips apart, or None when none is recognised."""
    finder = _FINDERS.get(outcome.identity.kind)
    return finder(outcome, figures, everything) if finder else None


def unknown(outcome: CheckedIdentity) -> Cause:
    """Return the cause of last resort: how far off the identity is."""
    share = 100 * outcome.gap / max(abs(outcome.right.middle), 1e-9)
    text = (
        f"L’écart est de {number(outcome.gap)} ({number(round(share, 1))} %), au-delà des "
        "arrondis ; aucune coquille d’un seul chiffre, aucune autre base imprimée ne l’explique."
    )
    return Cause("unknown", text, "indéterminée")


def _growth(
    outcome: CheckedIdentity,
    figures: Mapping[str, PrintedFigure],
    everything: list[CheckedIdentity],
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
    outcome: CheckedIdentity,
    figures: Mapping[str, PrintedFigure],
    everything: list[CheckedIdentity],
) -> Cause | None:
    identity = outcome.identity
    if identity.right not in figures or identity.left not in figures:
        return None
    first, second = figures[identity.left], figures[identity.right]
    if first.statistic == "name":
        return None
    if abs(first.value - second.value) > _CLOSE * max(abs(second.value), 1e-9):
        return None
    both = all(_passes(f.id, everything) for f in (first, second))
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


def _passes(name: str, everything: list[CheckedIdentity]) -> bool:
    strong = {"territory_sum", "parts_sum", "share_of_base"}
    return any(
        o.holds and o.identity.kind in strong and name in o.identity.members for o in everything
    )


def _mean(
    outcome: CheckedIdentity,
    figures: Mapping[str, PrintedFigure],
    everything: list[CheckedIdentity],
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
    if _passes(whole.id, everything):
        text += " L’ensemble est confirmé par ailleurs : ce sont les territoires qu’il faut revoir."
        return Cause("extractions", text, "probable", (*parts, whole.id))
    return Cause("extractions", text, "possible", (whole.id, *parts))


def _order(
    outcome: CheckedIdentity,
    figures: Mapping[str, PrintedFigure],
    everything: list[CheckedIdentity],
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


def _reference(
    outcome: CheckedIdentity,
    figures: Mapping[str, PrintedFigure],
    everything: list[CheckedIdentity],
) -> Cause:
    del everything
    figure = figures[outcome.identity.left]
    text = (
        f"« {figure.printed} » ne peut pas dater de {figure.year} : le texte et la source citée "
        "ne sont pas de la même année."
    )
    return Cause("reference", text, "probable", (figure.id,))


def _exceeds(
    outcome: CheckedIdentity,
    figures: Mapping[str, PrintedFigure],
    everything: list[CheckedIdentity],
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


_FINDERS: dict[
    str,
    Callable[[CheckedIdentity, Mapping[str, PrintedFigure], list[CheckedIdentity]], Cause | None],
] = {
    "share_of_base": of_a_share,
    "growth": _growth,
    "printed_twice": _twice,
    "weighted_mean": _mean,
    "order": _order,
    "reference": _reference,
    "part_of_whole": _exceeds,
}


CERTAINTY = ("quasi certaine", "probable", "possible", "indéterminée")
NEAR_CERTAIN, SURE, LIKELY, ACCIDENT = 0.01, 0.05, 0.1, 1.0
_LINES = 3
_MERGED = frozenset({"extractions", "definitions", "base", "slip"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Failures with one explanation.

    Attributes:
        figures: Ids of the figures suspected, the likeliest first.
        failures: The identities that fail.
        cause: Short name of the cause (`slip`, `extractions`, `base`, `truncated`, …).
        explanation: One or two sentences, in French.
        correction: What should be printed, if one can tell.
        certainty: One of `CERTAINTY`.
    """

    figures: tuple[str, ...]
    failures: tuple[CheckedIdentity, ...]
    cause: str
    explanation: str
    correction: str
    certainty: str


def explain(
    figures: Mapping[str, PrintedFigure], outcomes: Iterable[CheckedIdentity]
) -> list[Finding]:
    """Return the findings, each failure in one of them, surest first."""
    everything = list(outcomes)
    bench = Bench(figures, everything)
    findings = _slips(bench, everything, SURE)
    findings += _causes(bench, everything)
    findings += _slips(bench, everything, ACCIDENT)
    findings += _conflicts(bench, everything)
    findings = _merge(findings, figures)
    named = {name for f in findings for name in f.figures[:1]}
    findings += [_written(f) for f in badly_written(Catalogue(figures)) if f.id not in named]
    strong_first = [
        replace(f, failures=tuple(sorted(f.failures, key=lambda o: o.identity.kind in WEAK)))
        for f in findings
    ]
    return sorted(strong_first, key=lambda f: (CERTAINTY.index(f.certainty), -len(f.failures)))


def _slips(bench: Bench, everything: list[CheckedIdentity], limit: float) -> list[Finding]:
    """Explain failures by slips less accidental than `limit`, the least accidental first."""
    findings: list[Finding] = []
    while True:
        everyone = bench.suspects()
        suspects = [s for s in everyone if s.chance < limit]
        suspects = [s for s in suspects if limit == ACCIDENT or not rivals(s, everyone)]
        best = min(suspects, key=lambda s: (s.chance, s.figure.id), default=None)
        if best is None:
            return findings
        others = rivals(best, everyone)
        failures = tuple(everything[i] for i in sorted(best.mends))
        if others:
            bench.explain(best.mends)
            findings.append(_ambiguous(best, others, failures))
        else:
            bench.mend(best)
            findings.append(_slip(best, failures, len(bench.touching(best.figure.id))))


def _ambiguous(
    best: Suspect, others: list[Suspect], failures: tuple[CheckedIdentity, ...]
) -> Finding:
    ids = (best.figure.id, *(s.figure.id for s in others))
    places = " ; ".join(_proposal(s) for s in [best, *others])
    text = f"Une seule coquille suffit, à l’un de ces endroits : {places}."
    certainty = "possible" if best.chance < LIKELY else "indéterminée"
    return Finding(ids, failures, "slip", text, "", certainty)


def _slip(best: Suspect, failures: tuple[CheckedIdentity, ...], checks: int) -> Finding:
    figure, slip = best.figure, best.slips[0]
    text = f"{KINDS[slip.kind].capitalize()} : « {figure.printed} » pour « {slip.printed} »."
    if checks > 1:
        text += f" Le chiffre porte {checks} relations, dont {len(failures)} en échec sans cela."
    correction = " ou ".join(s.printed for s in best.slips[:4])
    return Finding((figure.id,), failures, "slip", text, correction, _certainty(best))


def _certainty(suspect: Suspect) -> str:
    if suspect.chance < NEAR_CERTAIN:
        return CERTAINTY[0]
    return CERTAINTY[1] if suspect.chance < LIKELY else CERTAINTY[2]


def _proposal(suspect: Suspect) -> str:
    slip = suspect.slips[0]
    return f"{suspect.figure.id}, « {suspect.figure.printed} » pour « {slip.printed} »"


def _causes(bench: Bench, everything: list[CheckedIdentity]) -> list[Finding]:
    now = [bench.outcome(i) for i in range(len(everything))]
    findings = []
    repeated_first = sorted(
        bench.failing, key=lambda i: (bench.identities[i].kind != "printed_twice", i)
    )
    for position in repeated_first:
        cause = other_cause(now[position], bench.figures, now)
        if cause is not None:
            findings.append(_from_cause(cause, (everything[position],)))
            bench.explain({position})
    return findings


def _conflicts(bench: Bench, everything: list[CheckedIdentity]) -> list[Finding]:
    """Gather what nothing explains around the figures most in conflict."""
    findings = []
    while bench.failing:
        count = Counter(n for i in bench.failing for n in bench.identities[i].members)
        sound = {n: len(bench.touching(n)) - count[n] for n in count}
        name = max(count, key=lambda n: (count[n], -sound[n], n))
        failing = sorted(i for i in bench.failing if name in bench.identities[i].members)
        failures = tuple(everything[i] for i in failing)
        cause = unknown(failures[0])
        if len(failures) > 1:
            text = f"Ce chiffre est en conflit avec {len(failures)} relations. {cause.sentence}"
            cause = cause._replace(sentence=text, figures=(name,))
        findings.append(_from_cause(cause, failures))
        bench.explain(failing)
    return findings


def _from_cause(cause: Cause, failures: tuple[CheckedIdentity, ...]) -> Finding:
    ids = cause.figures or failures[0].identity.members
    return Finding(ids, failures, cause.name, cause.sentence, cause.correction, cause.certainty)


def _merge(findings: list[Finding], figures: Mapping[str, PrintedFigure]) -> list[Finding]:
    """Put together the findings that say the same thing of the same indicator."""
    merged: dict[tuple[str, ...], Finding] = {}
    for position, finding in enumerate(findings):
        head = figures[finding.figures[0]]
        slip = finding.cause == "slip"
        same = (
            (concept(head).indicator, head.printed.lower(), finding.correction.lower())
            if slip
            else (concept(head).indicator,)
        )
        unmerged = finding.cause not in _MERGED or (slip and not finding.correction)
        key = (finding.cause, *same, str(position) if unmerged else "")
        merged[key] = _together(merged[key], finding) if key in merged else finding
    return list(merged.values())


def _together(first: Finding, second: Finding) -> Finding:
    ids = tuple(dict.fromkeys(first.figures + second.figures))
    lines = first.explanation.split("\n")
    if second.explanation not in lines and len(lines) < _LINES:
        lines.append(second.explanation)
    certainty = min(first.certainty, second.certainty, key=CERTAINTY.index)
    return replace(
        first,
        figures=ids,
        failures=first.failures + second.failures,
        explanation="\n".join(lines),
        certainty=certainty,
    )


def _written(figure: PrintedFigure) -> Finding:
    slip: Slip | None = completed(figure)
    text = (
        f"« {figure.printed} » n’est pas l’écriture d’un nombre : un groupe n’a pas trois chiffres."
    )
    fix = slip.printed if slip else ""
    if fix:
        text += f" Le dernier groupe a sans doute perdu un zéro : {fix}."
    return Finding((figure.id,), (), "format", text, fix, "probable")
