"""Note, figures and explorer of a release print the numbers of the results, rounded to their step.

What is expected is computed here from `results/`, apart from the gate and from the typography.
"""

from __future__ import annotations

import math
import re

import docx
import pandas as pd
import pypdf
import pytest
from released_numbers import (
    files_of,
    forms,
    gaps,
    known_numbers,
    unexplained,
)

from evalml.report.explorer.payload import explorer_data
from evalml.report.explorer.read import read_release
from evalml.report.institution import Institution
from evalml.report.release import release_run
from evalml.report.results import write_meta, write_results
from evalml.typography import plain

NUMBER = re.compile(r"[+-]?\d{1,3}(?: \d{3})+(?:,\d+)?|[+-]?\d+(?:,\d+)?")
BOUNDS = ("estimate", "ci_low", "ci_high")
MEANS = ("mean_treated", "mean_comparison")


def rounded(value, step):
    """A number at the nearest multiple of a step, halves up."""
    return math.floor(value / step + 0.5 + 1e-9) * step


def points_step(row):
    """The step of a share in points: one person of the smaller arm does not show."""
    least = min(row["n_treated"], row["n_comparison"])
    return next(step for step in (0.1, 0.2, 0.5, 1, 2, 5) if step * least >= 100)


def french(value, digits=1, *, sign=False):
    """A number as a French reader sees it, with plain spaces and hyphens."""
    text = f"{abs(value):,.{digits}f}".replace(",", " ").replace(".", ",")
    front = "-" if value < -1e-9 else "+" if sign and value > 1e-9 else ""
    return front + text


def effect_numbers(row, *, means=False, arms=False):
    """The numbers of an effect as they are printed one after the other."""
    step = points_step(row)
    told = [french(rounded(100 * row[c], step), sign=True) for c in BOUNDS]
    told += [french(rounded(100 * row[c], step)) for c in MEANS] if means else []
    return told + ([french(5 * math.floor(row[c] / 5 + 0.5), 0)
                    for c in ("n_treated", "n_comparison")] if arms else [])  # fmt: skip


def text_of_docx(path):
    rows = [row for table in docx.Document(str(path)).tables for row in table.rows]
    return " | ".join(cell.text for row in rows for cell in row.cells)


def text_of_pdf(path):
    return " ".join(page.extract_text() for page in pypdf.PdfReader(str(path)).pages)


def text_of_html(path):
    return re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8"))


def text_of_svg(path):
    """The texts of a figure."""
    return " | ".join(re.findall(r"<text[^>]*>(.*?)</text>", path.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def released(frames_of, run_of, tmp_path_factory):
    """A released run: its folder, its effects inside, its flow inside."""
    _folder, meta = run_of("strong")
    folder = tmp_path_factory.mktemp("runs") / "a" / "r1"
    write_results(frames_of("strong"), folder / "results")
    write_meta(meta, folder / "results")
    release_run(folder, formats=("html", "docx", "pdf"))
    inside = {name: pd.read_csv(folder / f"results/{name}.csv") for name in ("effects", "flow")}
    return folder, inside


@pytest.fixture(scope="module")
def printed(released):
    """Each file that leaves -> its numbers in reading order, and those expected, row by row."""
    folder, inside = released
    effects = inside["effects"].fillna({"subgroup": ""})
    aipw = effects[effects["method"] == "aipw"]
    whole = [effect_numbers(row, means=True) for row in records(aipw[aipw["subgroup"] == ""])]
    parts = [effect_numbers(row, arms=True) for row in records(aipw[aipw["subgroup"] != ""])]
    drawn = [effect_numbers(row, arms=True) for row in records(effects[effects["subgroup"] == ""])]
    lost = inside["flow"]["lost"]
    few = lost.between(1, 10) | lost.shift(-1).between(1, 10)  # these join two steps
    alone = inside["flow"][~few]
    steps = [[french(5 * math.floor(row["kept"] / 5 + 0.5), 0)] for row in records(alone)]
    out = folder / "release"
    return {
        "note_annexe.docx": (text_of_docx(out / "note_annexe.docx"), whole + parts),
        "note_annexe.pdf": (text_of_pdf(out / "note_annexe.pdf"), whole + parts),
        "note_annexe.html": (text_of_html(out / "note_annexe.html"), whole + parts),
        "effects.svg": (text_of_svg(out / "figures/effects.svg"), drawn),
        "flow.svg": (text_of_svg(out / "figures/flow.svg"), steps),
    }


def records(frame):
    return frame.to_dict("records")


def absent(text, expected):
    """The rows of numbers that a text does not print one after the other."""
    found = joined(NUMBER.findall(plain(text)))
    return [row for row in expected if joined(row) not in found]


def joined(numbers):
    return f" {' '.join(number.replace(' ', '_') for number in numbers)} "


FILES = ("note_annexe.docx", "note_annexe.pdf", "note_annexe.html", "effects.svg", "flow.svg")


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_leaves_prints_the_numbers_of_the_results_rounded(printed, name):
    text, expected = printed[name]
    assert len(expected) > 2
    assert absent(text, expected) == []


@pytest.mark.parametrize("name", FILES)
def test_a_number_moved_by_one_step_is_seen(printed, name):
    text, expected = printed[name]
    moved = [[*expected[0][:-1], one_step_off(expected[0][-1])], *expected[1:]]
    assert absent(text, moved) == moved[:1]


def one_step_off(number):
    """The same number, its last digit one higher."""
    return number[:-1] + str((int(number[-1]) + 1) % 10)


def test_the_explorer_holds_the_numbers_of_the_results_rounded(released):
    folder, inside = released
    data = explorer_data([read_release(folder)], Institution(), "fr")
    told = data["studies"][0]["effects"]
    rows = [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]
    assert len(rows) == len(inside["effects"]) > 10
    for row, found in zip(rows, records(inside["effects"]), strict=True):
        step = points_step(found) / 100
        for column in (*BOUNDS, *MEANS):
            assert row[column] == pytest.approx(rounded(found[column], step), abs=1e-9)
        for column in ("n_treated", "n_comparison"):
            assert row[column] == 5 * math.floor(found[column] / 5 + 0.5)


def test_no_file_that_leaves_holds_a_count_that_is_not_rounded(released):
    folder, inside = released
    counts = {*inside["effects"]["n_treated"], *inside["effects"]["n_comparison"]}
    exact = {f"{n:.0f}" for n in counts if n % 5}
    assert "4213" in exact
    for path in (folder / "release").rglob("*"):
        if path.suffix in {".csv", ".json"}:
            told = re.sub(r"[0-9a-f]{16,}", "", path.read_text(encoding="utf-8"))
            assert not exact & set(re.findall(r"\d+", told)), path.name


def test_every_cell_and_typed_value_that_leaves_is_that_of_the_results_rounded(released):
    folder, _inside = released
    seen, moved, largest = gaps(folder)
    assert seen > 500
    assert moved == []
    assert largest <= 0.5 + 1e-6


def test_every_number_of_every_document_and_figure_is_one_of_the_tables(released):
    folder, _inside = released
    assert len(files_of(folder)) > 6
    assert unexplained(folder) == {}


@pytest.mark.parametrize(("table", "column", "least"), [
    ("effects", "ci_low", 9), ("flow", "kept", 5), ("observation", "n", 4),
])  # fmt: skip
def test_a_number_that_is_in_no_table_is_seen_in_the_documents(released, table, column, least):
    """Some numbers stand in several tables, and those of the balance are only drawn."""
    folder, _inside = released
    cells = pd.read_csv(folder / f"release/tables/{table}.csv")[column].dropna()
    every = known_numbers(folder)
    printed_forms = [found for found in map(forms, map(float, cells)) if found]
    assert sum(bool(unexplained(folder, every - found)) for found in printed_forms) >= least
