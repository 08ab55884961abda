"""A table of checks says of which outcome each is said, in one line where several say the same."""

from __future__ import annotations

import pandas as pd
import pytest

from evalml.report.note import read_note
from evalml.report.tables import checks_table, other_checks_table, outcomes_over
from evalml.report.views import shown_checks
from evalml.typography import plain


def check(name, outcome, passed, sentence, question="Question ?", gating=True):
    return {
        "check": name, "question": question, "passed": passed, "value": 0.1, "threshold": 0.2,
        "sentence": sentence, "outcome": outcome, "gating": gating,
    }  # fmt: skip


CHECKS = [
    check("observation", "emploi_m6", True, "Autant connu."),
    check("observation", "emploi_durable_m6", False, "Moins connu.", "Autre ?"),
    check("observation", "emploi_durable_m12", True, "Autant connu."),
    check("observation", "emploi_durable_m6", True, "Autant connu."),
    check("balance", "", True, "Semblables."),
    check("balance", "", True, "Semblables."),
]


@pytest.fixture
def note(run_of):
    folder, meta = run_of("strong")
    found = read_note(folder / "results", meta, "fr", 11)
    found.frames["checks"] = pd.DataFrame(CHECKS)
    return found


def lines(markdown):
    rows = [plain(line).strip("|") for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.split("|")] for row in rows[2:]]


def test_outcomes_are_told_with_their_horizons_together(note):
    keys = ["emploi_m6", "emploi_durable_m3", "emploi_m12", "emploi_m6"]
    assert (
        plain(outcomes_over(note, keys)) == "En emploi à 6 et 12 mois ; En emploi durable à 3 mois"
    )


def test_the_checks_on_other_outcomes_name_them_question_by_question(note):
    assert lines(other_checks_table(note)) == [
        [
            "Question ?",
            "En emploi à 6 mois ; En emploi durable à 6 et 12 mois",
            "passé",
            "Autant connu.",
        ],
        ["Autre ?", "En emploi durable à 6 mois", "**échoué**", "Moins connu."],
    ]


def test_the_same_check_is_said_once(note):
    assert lines(checks_table(note)) == [["Question ?", "passé", "Semblables."]]


def test_a_notebook_shows_names_of_outcomes_and_no_code(note):
    shown = shown_checks(note.frames)
    both = pd.concat([shown.frame, shown.folded])
    assert list(both.columns) == ["question", "résultats", "réponse", "constat"]
    assert not both["résultats"].str.contains("_").any()
    assert set(shown.frame["réponse"]) == {"échoué"}
    assert set(shown.folded["réponse"]) == {"passé"}
    html = shown._repr_html_()
    assert html.index("échoué") < html.index(f"<summary>{len(shown.folded)} contrôles passés")
