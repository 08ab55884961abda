"""Durable employment, whose definition is a choice: three switches, eight outcomes.

Over six months or six months and more; alternance in or out; aided contracts in or out. IAE
contracts are never durable. No source uses all eight, and no two sources use the same one.
"""

from __future__ import annotations

from itertools import product

from evalml.outcomes.definition import Outcome

_SOURCES = {
    (False, False, False): "AREFIE Hauts-de-France, activity report 2024, key indicators",
    (True, False, False): "Dares, IAE exit survey",
    (False, True, False): "Dares, evaluation of the Garantie jeunes, annex 5 (2018); CIVIS (2007)",
}
_VARIANT = "Variant of emploi_durable, for sensitivity"


def durable(*, from_6: bool, alternance: bool, aided: bool) -> Outcome:
    """Return durable employment under one definition.

    Args:
        from_6: Whether a CDD of exactly six months is durable.
        alternance: Whether alternance contracts are included.
        aided: Whether aided contracts (PEC, CIE) of that length are included.
    """
    switches = {"6": from_6, "alternance": alternance, "aide": aided}
    names = [word for word, on in switches.items() if on]
    said = {
        "6": "CDD de 6 mois compris",
        "alternance": "alternance comprise",
        "aide": "contrats aidés compris",
    }
    english = _english(switches)
    length = "6 months or more" if from_6 else "more than 6 months"
    left_out = [w for w, on in (("alternance", alternance), ("aided", aided)) if not on]
    counted = [w for w, on in (("alternance", alternance), ("aided contracts", aided)) if on]
    flag = "durable_from_6" if from_6 else "durable"
    also: tuple[str, ...] = ("alternance",) if alternance else ()
    also += (("durable_aided_from_6" if from_6 else "durable_aided"),) if aided else ()
    return Outcome(
        name="_".join(["emploi_durable", *names]),
        fr="En emploi durable" + (f" ({', '.join(said[n] for n in names)})" if names else ""),
        en="In durable employment" + (f" ({english} included)" if english else ""),
        unit="proportion",
        source=_SOURCES.get((from_6, alternance, aided), _VARIANT),
        definition=(
            f"CDI, or CDD of {length}"
            + (f", {' and '.join(counted)} included" if counted else "")
            + f"; {', '.join([*left_out, 'IAE'])} contracts left out."
        ),
        channel="declared",
        column=flag,
        also=also,
    )


def _english(switches: dict[str, bool]) -> str:
    """Return what counts beside long contracts, in English."""
    words = {"6": "6-month", "alternance": "work-study", "aide": "subsidised"}
    *first, last = [words[name] for name, on in switches.items() if on] or [""]
    listed = f"{', '.join(first)} and {last}" if first else last
    return f"{listed} contracts" if switches["6"] or switches["aide"] else listed


DURABLE = tuple(
    durable(from_6=from_6, alternance=alternance, aided=aided)
    for from_6, alternance, aided in product((False, True), repeat=3)
)
