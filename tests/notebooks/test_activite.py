"""The activity tables of a year, run by plain papermill on any extract."""

from __future__ import annotations

import nbformat
import papermill
import pytest
from tests_root import ROOT

import evalml as ev
from evalml.settings import Settings

NOTEBOOK = ROOT / "notebooks" / "activite.ipynb"


def run(extract, folder, monkeypatch, **parameters):
    for key, value in Settings(extract, folder / "run").environment().items():
        monkeypatch.setenv(key, value)
    done = folder / "done.ipynb"
    papermill.execute_notebook(
        str(NOTEBOOK), str(done), parameters=parameters, progress_bar=False, cwd=str(ROOT)
    )
    return nbformat.read(done, as_version=4)


@pytest.mark.slow
def test_it_writes_the_annex_in_four_formats_and_protected_tables(
    small_extract, tmp_path, monkeypatch
):
    notebook = run(small_extract, tmp_path, monkeypatch, year=2023, territory=None)
    out = tmp_path / "run"
    names = {f"{n}.{kind}" for n in ("annexe", "chiffres-cles") for kind in ("html", "pdf", "docx")}
    assert names | {"annexe.ods", "results"} == {path.name for path in out.iterdir()}
    table = ev.read_indicators(out)
    assert set(table["year"]) == {2023, 2022}
    counts = table[table["statistic"] == "count"]["value"].dropna()
    assert len(counts) > 100
    assert not ((counts > 0) & (counts < 11)).any()
    pages = [
        output["data"]["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    assert any("données synthétiques" in page for page in pages)


@pytest.mark.slow
def test_a_year_the_extract_does_not_cover_stops_it_with_a_sentence(
    small_extract, tmp_path, monkeypatch
):
    with pytest.raises(papermill.exceptions.PapermillExecutionError, match="not the whole of 2035"):
        run(small_extract, tmp_path, monkeypatch, year=2035)
