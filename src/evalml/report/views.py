"""What a notebook displays: the same protected tables and figures as the note."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.comparison import labels_of
from evalml.report.markdown import unmarked
from evalml.report.note import note_of
from evalml.report.note_figures import DRAWN, draw
from evalml.report.note_text import Note
from evalml.report.protect import protect_results
from evalml.report.results import as_read
from evalml.report.tables import check_lines, outcomes_over
from evalml.report.verdict import hides
from evalml.report.words import words
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
_CELL = 'style="text-align:left;vertical-align:top;padding:.25em .8em"'
"""Written in each cell: JupyterLab drops the style sheets of a notebook it does not trust."""


KEYS = ("item", "measure", "words", "values", "finding", "causes")
"""Columns that hold keys and values, which a reader does not see."""


class Shown:
    """A table as a reader sees it: French headings and numbers.

    Attributes:
        frame: The table.
        folded: Rows that a reader unfolds, under `summary`.
        summary: What the folded rows are.
        nothing: What stands for a table without rows.
    """

    __slots__ = ("folded", "frame", "nothing", "summary")

    def __init__(
        self,
        frame: pd.DataFrame,
        folded: pd.DataFrame | None = None,
        summary: str = "",
        nothing: str = "Rien à signaler.",
    ) -> None:
        self.frame, self.folded, self.summary, self.nothing = frame, folded, summary, nothing

    def _repr_html_(self) -> str:
        """Return the table as HTML."""
        shown = f"<p><em>{self.nothing}</em></p>" if self.frame.empty else _html(self.frame)
        if self.folded is None or self.folded.empty:
            return shown
        return f"{shown}<details><summary>{self.summary}</summary>{_html(self.folded)}</details>"

    def __repr__(self) -> str:
        """Give the size only."""
        return f"Shown({len(self.frame)} rows)"


def _html(frame: pd.DataFrame) -> str:
    words = frame.map(_word).rename(columns=HEADERS)
    text = words.to_html(index=False, border=0, classes="evalml", escape=True)
    return text.replace("<td>", f"<td {_CELL}>").replace("<th>", f"<th {_CELL}>")


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
    """Return the checks to display: those that fail or answer nothing first, the others folded.

    Those of several outcomes that say the same are one line. Those that could give away a blinded
    effect are left out.

    Args:
        results: What `gather` returned.
        labels: French labels of outcomes that the package does not know.
    """
    checks = results["checks"]
    hidden = [hides(check, results["effects"]) for check in checks.itertuples()]
    visible = {"checks": checks[[not h for h in hidden]], "effects": results["effects"]}
    note = Note(visible, {"labels": labels_of([]) | dict(labels or {})}, "fr", 0)
    rows = [
        [unmarked(word) for word in (question, outcomes_over(note, keys), answer, found)]
        for (question, answer, found), keys in check_lines(note).items()
    ]
    table = pd.DataFrame(rows, columns=["question", "résultats", "réponse", "constat"])
    passed = table["réponse"] == words("fr")["verdicts"]["passed"]
    n = int(passed.sum())
    summary = f"{n} contrôle{'s' if n > 1 else ''} passé{'s' if n > 1 else ''}"
    return Shown(table[~passed], table[passed], summary)


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
