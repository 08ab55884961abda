"""Why identities fail: the smallest change of one printed number that mends them, or another cause.

For every figure of a failing identity, each number one slip of the typist away is tried; it is kept
only when *all* identities that bear on the figure then hold. A slip can mend by accident, so each
suspect carries its chance: the slips tried, times the share of numbers of that length that would
mend as well, divided by ten for each further failure mended. A slip that is no accident comes
first, then the other causes (`causes.py`), then the slips that are merely possible.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evalml.published.catalogue import Catalogue, concept
from evalml.published.causes import other_cause, unknown
from evalml.published.edits import KINDS, Slip, completed
from evalml.published.rules_text import badly_written
from evalml.published.suspects import Suspect, find_suspects

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from evalml.published.causes import Cause
    from evalml.published.figure import Figure
    from evalml.published.identity import Outcome

CERTAINTY = ("quasi certaine", "probable", "possible", "indéterminée")
SURE, LIKELY, ACCIDENT = 0.01, 0.1, 1.0
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
    failures: tuple[Outcome, ...]
    cause: str
    explanation: str
    correction: str
    certainty: str


def explain(figures: Mapping[str, Figure], outcomes: Iterable[Outcome]) -> list[Finding]:
    """Return the findings, each failure in one of them, surest first."""
    everything = list(outcomes)
    failures = [o for o in everything if not o.holds]
    suspects = find_suspects(figures, everything, failures)
    left = set(range(len(failures)))
    findings = _slips(failures, suspects, left, SURE)
    findings += _causes(figures, everything, failures, left)
    findings += _slips(failures, suspects, left, ACCIDENT)
    findings += [_from_cause(unknown(failures[i]), failures[i]) for i in sorted(left)]
    findings = _merge(findings, figures)
    named = {name for f in findings for name in f.figures[:1]}
    findings += [_written(f) for f in badly_written(Catalogue(figures)) if f.id not in named]
    return sorted(findings, key=lambda f: (CERTAINTY.index(f.certainty), -len(f.failures)))


def _slips(
    failures: list[Outcome], suspects: list[Suspect], left: set[int], limit: float
) -> list[Finding]:
    """Explain failures by slips less accidental than `limit`; take them out of `left`."""
    findings: list[Finding] = []
    while left:
        alive = [s for s in suspects if s.mends <= left and s.chance < limit]
        best = max(alive, key=lambda s: (len(s.mends), -s.chance, s.figure.id), default=None)
        if best is None:
            break
        rivals = [
            s
            for s in alive
            if s.mends == best.mends and s is not best and s.chance <= best.chance / LIKELY
        ]
        findings.append(_slip_finding(best, rivals, failures))
        left -= best.mends
    return findings


def _slip_finding(best: Suspect, rivals: list[Suspect], failures: list[Outcome]) -> Finding:
    chosen = tuple(failures[i] for i in sorted(best.mends))
    figure, slip = best.figure, best.slips[0]
    ids = (figure.id, *(s.figure.id for s in rivals))
    if rivals:
        places = " ; ".join(_proposal(s) for s in [best, *rivals])
        text = f"Une seule coquille suffit, à l’un de ces endroits : {places}."
        certainty = "possible" if best.chance < LIKELY else "indéterminée"
        return Finding(ids, chosen, "slip", text, "", certainty)
    text = f"{KINDS[slip.kind].capitalize()} : « {figure.printed} » pour « {slip.printed} »."
    if best.checks > 1:
        text += f" Les {best.checks} relations qui portent sur ce chiffre sont alors vraies."
    else:
        text += " La relation qui porte sur ce chiffre est alors vraie."
    correction = " ou ".join(s.printed for s in best.slips[:4])
    return Finding(ids, chosen, "slip", text, correction, _certainty(best))


def _certainty(suspect: Suspect) -> str:
    if suspect.chance < SURE:
        return CERTAINTY[0]
    return CERTAINTY[1] if suspect.chance < LIKELY else CERTAINTY[2]


def _proposal(suspect: Suspect) -> str:
    slip = suspect.slips[0]
    return f"{suspect.figure.id}, « {suspect.figure.printed} » pour « {slip.printed} »"


def _causes(
    figures: Mapping[str, Figure],
    everything: list[Outcome],
    failures: list[Outcome],
    left: set[int],
) -> list[Finding]:
    found = {i: other_cause(failures[i], figures, everything) for i in sorted(left)}
    known = {i: cause for i, cause in found.items() if cause is not None}
    left -= set(known)
    return [_from_cause(cause, failures[i]) for i, cause in known.items()]


def _from_cause(cause: Cause, outcome: Outcome) -> Finding:
    ids = cause.figures or outcome.identity.members
    return Finding(ids, (outcome,), cause.name, cause.sentence, cause.correction, cause.certainty)


def _merge(findings: list[Finding], figures: Mapping[str, Figure]) -> list[Finding]:
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


def _written(figure: Figure) -> Finding:
    slip: Slip | None = completed(figure)
    text = (
        f"« {figure.printed} » n’est pas l’écriture d’un nombre : un groupe n’a pas trois chiffres."
    )
    fix = slip.printed if slip else ""
    if fix:
        text += f" Le dernier groupe a sans doute perdu un zéro : {fix}."
    return Finding((figure.id,), (), "format", text, fix, "probable")
