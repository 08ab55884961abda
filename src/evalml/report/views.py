"""What a notebook displays: the same protected tables and figures as the note."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.comparison import labels_of
from evalml.report.note import note_of
from evalml.report.note_figures import DRAWN, draw
from evalml.report.note_text import Note
from evalml.report.protect import protect_results
from evalml.report.results import as_read
from evalml.report.tables import check_lines, outcomes_over
from evalml.report.verdict import hides
from evalml.typography import NBSP, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.report.figures_style import Figure
    from evalml.report.results import Frames
    from evalml.study import Study

HEADERS = {
    "source": "source",
    "measured": "ce qui est mesuré",
    "published": "publié",
    "ours": "cette étude",
    "alike": "ce qui rapproche",
    "differs": "ce qui sépare",
    "read_in": "lu dans",
    "label": "élément",
    "text": "choix",
    "arm": "groupe",
    "value": "valeur",
    "unit": "unité",
    "n": "effectif",
    "n_rows": "lignes",
    "rule": "règle",
    "table": "table",
    "question": "question",
    "outcome": "résultat",
    "passed": "passé",
    "sentence": "constat",
    "method": "méthode",
    "estimate": "estimation",
    "ci_low": "de",
    "ci_high": "à",
    "gap": "écart à l’expérience",
    "covers": "l’intervalle contient la réponse",
}
WORDS = {
    "treated": "entrants",
    "comparison": "comparaison",
    "acts": "actes",
    "months": "mois",
    "True": "oui",
    "False": "non",
    "None": "pour information",
}
_DECIMALS_BELOW = 100
_CSS = (
    "<style>.evalml td,.evalml th{text-align:left!important;vertical-align:top;padding:.25em .8em}"
    ".evalml{border-collapse:collapse;margin-left:0!important}"
    ".evalml tr{border-bottom:1px solid #ddd}</style>"
)


KEYS = ("item", "measure", "words", "values", "finding", "causes")
"""Columns that hold keys and values, which a reader does not see."""


class Shown:
    """A table as a reader sees it: French headings and numbers."""

    __slots__ = ("frame",)

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    def _repr_html_(self) -> str:
        """Return the table as HTML."""
        if self.frame.empty:
            return "<p><em>Rien à signaler.</em></p>"
        words = self.frame.map(_word).rename(columns=HEADERS)
        return _CSS + words.to_html(index=False, border=0, classes="evalml", escape=True)

    def __repr__(self) -> str:
        """Give the size only."""
        return f"Shown({len(self.frame)} rows)"


def show(frame: pd.DataFrame, labels: Mapping[str, str] | None = None) -> Shown:
    """Return an aggregate table, already protected, as a reader sees it.

    Args:
        frame: The table; shares are shown in percent.
        labels: Names of the arms, where they are not those of entrants and others.
    """
    table = frame[[name for name in frame if name not in KEYS and not str(name).endswith("_en")]]
    if labels and "arm" in table:
        table = table.assign(arm=table["arm"].replace(dict(labels)))
    if {"value", "unit"} <= set(table):
        shares = table["unit"] == "proportion"
        table = table.assign(
            value=table["value"].mask(shares, 100 * table["value"]),
            unit=table["unit"].mask(shares, "%"),
        )
    return Shown(table)


def _word(value: Any) -> str:
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return WORDS["None"] if value is None else "secret ou absent"
    if isinstance(value, bool | str):
        return WORDS.get(str(value), str(value))
    if isinstance(value, int | float):
        whole = float(value).is_integer() or abs(value) >= _DECIMALS_BELOW
        return number(float(value), 0 if whole else 1)
    return str(value).replace(" ", NBSP)


def protected(name: str, frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return one table of the run with its small counts taken out."""
    return protect_results({name: frame}, study.checks.minimum_count)[name]


def shown_checks(results: Frames, labels: Mapping[str, str] | None = None) -> Shown:
    """Return the checks to display, those of several outcomes that say the same in one line.

    Those that could give away a blinded effect are left out.

    Args:
        results: What `gather` returned.
        labels: French labels of outcomes that the package does not know.
    """
    checks = results["checks"]
    hidden = [hides(check, results["effects"]) for check in checks.itertuples()]
    visible = {"checks": checks[[not h for h in hidden]], "effects": results["effects"]}
    note = Note(visible, {"labels": labels_of([]) | dict(labels or {})}, "fr", 0)
    rows = [
        [question, outcomes_over(note, keys), answer.strip("*"), seen]
        for (question, answer, seen), keys in check_lines(note).items()
    ]
    return Shown(pd.DataFrame(rows, columns=["question", "résultats", "réponse", "constat"]))


def figures_of(results: Frames, meta: Mapping[str, Any], threshold: int) -> dict[str, Figure]:
    """Draw the figures of the note from tables in memory, blinded effects masked.

    They are those that `write_note` writes, to the byte: it finds them drawn.

    Args:
        results: What `gather` returned.
        meta: What `note_meta` returned.
        threshold: Smallest count that may be shown.

    Returns:
        Figures by name: `flow`, `balance`, `trajectories`, `effects`, `subgroups`.
    """
    drawn = as_read({name: results[name] for name in DRAWN if name in results})
    return draw(note_of(drawn, meta, str(meta.get("language") or "fr"), threshold))
