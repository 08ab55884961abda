"""A figure is laid out once, drawn once per format, and looks as the theme it was taken from."""

from __future__ import annotations

import base64

import matplotlib as mpl
import pytest
import seaborn as sns

from evalml.report import note_figures
from evalml.report.figures_style import SETTINGS, house_style
from evalml.report.note import write_note
from evalml.report.results import as_read, read_results
from evalml.report.views import figures_of


@pytest.fixture
def counted(monkeypatch):
    """How many times the figures of a note were drawn."""
    drawn, draw_all = [], note_figures.draw_all
    monkeypatch.setattr(note_figures, "_LAST", {})
    monkeypatch.setattr(
        note_figures, "draw_all", lambda note: drawn.append(note.lang) or draw_all(note)
    )
    return drawn


@pytest.mark.parametrize("kind", ["strong", "blinded"])
def test_a_note_holds_the_figures_that_its_notebook_showed(run_of, frames_of, counted, kind):
    folder, meta = run_of(kind)
    shown = figures_of(frames_of(kind), meta, 11)
    pictures = {f.name: f._repr_mimebundle_()[0]["image/png"] for f in shown.values()}
    write_note(folder, meta, formats=())
    assert counted == ["fr"]
    files = {path.stem: path.read_bytes() for path in (folder / "figures").glob("*.png")}
    assert {name: base64.b64decode(text) for name, text in pictures.items()} == files


def test_other_results_are_drawn_anew(frames_of, run_of, counted):
    _, meta = run_of("strong")
    first = figures_of(frames_of("strong"), meta, 11)["effects"].picture("svg")
    other = figures_of(frames_of("null"), meta, 11)["effects"].picture("svg")
    in_english = figures_of(frames_of("null"), {**meta, "language": "en"}, 11)["effects"]
    assert len({first, other, in_english.picture("svg")}) == 3
    assert counted == ["fr", "fr", "en"]


def test_a_figure_drawn_twice_is_the_same_bytes(frames_of, run_of, monkeypatch):
    _, meta = run_of("strong")
    found = []
    for order in (("svg", "png"), ("png", "svg")):
        monkeypatch.setattr(note_figures, "_LAST", {})
        figures = figures_of(frames_of("strong"), meta, 11)
        found.append({(n, k): f.picture(k) for k in order for n, f in figures.items()})
    assert found[0] == found[1]


def test_tables_read_in_memory_are_those_read_from_the_files(run_of, frames_of):
    folder, _ = run_of("strong")
    files = read_results(folder / "results")
    for name, frame in as_read(frames_of("strong")).items():
        assert frame.equals(files[name]), name


def test_the_style_is_the_white_theme_of_seaborn_and_leaves_no_trace():
    before = dict(mpl.rcParams)
    with house_style():
        inside = dict(mpl.rcParams)
    assert dict(mpl.rcParams) == before
    expected = {**sns.axes_style("white"), **sns.plotting_context("paper"), **SETTINGS}
    unlike = {key for key, value in expected.items() if inside[key] != value}
    assert unlike <= {"font.family", "font.sans-serif"}  # matplotlib keeps a list of one name
