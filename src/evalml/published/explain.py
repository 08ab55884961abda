"""Why identities fail: the smallest change of one printed number that mends them, or another cause.

Slips of the typist that are no accident come first (`repair.py`), then the other causes
(`causes.py`: a share truncated or on another base, a growth on the wrong year, two extractions),
then the slips that are merely possible, and last the figures most in conflict.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evalml.published.catalogue import Catalogue, concept
from evalml.published.causes import other_cause, unknown
from evalml.published.edits import KINDS, Slip, completed
from evalml.published.identity import WEAK
from evalml.published.repair import Bench, Suspect, rivals
from evalml.published.rules_text import badly_written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from evalml.published.cause import Cause
    from evalml.published.figure import Figure
    from evalml.published.identity import Outcome

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
    failures: tuple[Outcome, ...]
    cause: str
    explanation: str
    correction: str
    certainty: str


def explain(figures: Mapping[str, Figure], outcomes: Iterable[Outcome]) -> list[Finding]:
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


def _slips(bench: Bench, everything: list[Outcome], limit: float) -> list[Finding]:
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


def _ambiguous(best: Suspect, others: list[Suspect], failures: tuple[Outcome, ...]) -> Finding:
    ids = (best.figure.id, *(s.figure.id for s in others))
    places = " ; ".join(_proposal(s) for s in [best, *others])
    text = f"Une seule coquille suffit, à l’un de ces endroits : {places}."
    certainty = "possible" if best.chance < LIKELY else "indéterminée"
    return Finding(ids, failures, "slip", text, "", certainty)


def _slip(best: Suspect, failures: tuple[Outcome, ...], checks: int) -> Finding:
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


def _causes(bench: Bench, everything: list[Outcome]) -> list[Finding]:
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


def _conflicts(bench: Bench, everything: list[Outcome]) -> list[Finding]:
    """Gather what nothing explains around the figures most in conflict."""
    findings = []
    while bench.failing:
        count = Counter(n for i in bench.failing for n in bench.identities[i].members)
        sound = {n: len(bench.touching(n)) - count[n] for n in count}
        name = max(count, key=lambda n: (count[n], -sound[n], n))
        held = sorted(i for i in bench.failing if name in bench.identities[i].members)
        failures = tuple(everything[i] for i in held)
        cause = unknown(failures[0])
        if len(failures) > 1:
            text = f"Ce chiffre est en conflit avec {len(failures)} relations. {cause.sentence}"
            cause = cause._replace(sentence=text, figures=(name,))
        findings.append(_from_cause(cause, failures))
        bench.explain(held)
    return findings


def _from_cause(cause: Cause, failures: tuple[Outcome, ...]) -> Finding:
    ids = cause.figures or failures[0].identity.members
    return Finding(ids, failures, cause.name, cause.sentence, cause.correction, cause.certainty)


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
