"""How many treated persons were dropped: of whom does the effect still speak?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.checks.check import Check
from evalml.checks.french import french, guarded, guarded_share, number, percent

if TYPE_CHECKING:
    from evalml.checks.thresholds import Thresholds

QUESTION = french("De qui l'effet parle-t-il, une fois écartés ceux sans équivalent ?")


def check_trimmed(n_dropped: int, n_treated: int, thresholds: Thresholds) -> Check:
    """Judge the share of treated persons dropped by trimming or by matching.

    Args:
        n_dropped: Treated persons dropped.
        n_treated: Treated persons before.
        thresholds: `trimmed`, `minimum_count` (smaller counts are not told).
    """
    if n_treated <= 0:
        sentence = french("La part écartée ne peut être jugée : il n'y a pas de bénéficiaire.")
        return Check("trimmed", QUESTION, None, None, None, sentence)
    share = n_dropped / n_treated
    passed = share <= thresholds.trimmed
    if n_dropped == 0:
        sentence = "Aucun bénéficiaire n'a été écarté : l'effet vaut pour tous."
    else:
        minimum = thresholds.minimum_count
        sentence = (
            f"{guarded(n_dropped, minimum).capitalize()} bénéficiaires sur {number(n_treated)} "
            f"({guarded_share(n_dropped, n_treated, minimum)} ; seuil : "
            f"{percent(thresholds.trimmed)}) n'ont pas d'équivalent et sont écartés : l'effet "
            "ne vaut que pour ceux qui restent."
        )
    return Check("trimmed", QUESTION, passed, share, thresholds.trimmed, french(sentence))
