"""French labels of what a comparison holds: outcomes, covariates and their levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.codes import code_lists, territory_names
from evalml.cohort import COVARIATES, label_of
from evalml.errors import ExtractError
from evalml.outcomes import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEVELS = {
    "true": "oui",
    "false": "non",
    "INCONNU": "inconnu au temps zéro",
    "(missing)": "inconnu, sans source",
    "EMPLOI_TERMINE": "emploi terminé le mois précédent",
    "SITUATION_TERMINEE": "autre situation terminée le mois précédent",
    "AUTRES": "autres",
}
_LISTS = {"situation_t0": "categorie"}


def labels_of(names: Iterable[str]) -> dict[str, str]:
    """Return the labels of columns of a design (`niveau_diplome=BAC`) and of every outcome.

    Args:
        names: Names of covariates, or of the columns their levels became.
    """
    labels = {name: outcome.fr for name, outcome in OUTCOMES.items()}
    labels |= {name: covariate.fr for name, covariate in COVARIATES.items()}
    return labels | {name: _label(name) for name in names}


def _label(name: str) -> str:
    variable, _, level = name.partition("=")
    title = _title(variable)
    return f"{title} : {_level(variable, level)}" if level else title


def _title(variable: str) -> str:
    try:
        return label_of(variable)
    except ExtractError:
        return variable


def _level(variable: str, level: str) -> str:
    if variable == "departement":
        return territory_names()["departements"].get(level, level)
    lists = code_lists()
    known = lists.get(_LISTS.get(variable, variable))
    if known is not None and level in known.labels:
        return known.labels[level]
    return _LEVELS.get(level, level)
