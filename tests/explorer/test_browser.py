"""The explorer in Debian's Chromium: filters, links, keyboard, download, a phone, both languages."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path
from socket import socket

import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect, sync_playwright
from typer.testing import CliRunner
from unit.published.test_published_command import HEAD, SUM, WHOLE
from unit.report.conftest import META, sample_frames
from unit.report.test_annex import annex

from evalml.cli import app
from evalml.evaluation import evaluate
from evalml.report.annex import write_annex
from evalml.report.note import write_note
from evalml.report.release import release_run
from evalml.report.results import write_meta, write_results
from evalml.run.notebook import write_html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.browser
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser():
    assert CHROMIUM is not None, "no chromium on this machine: make system"
    with sync_playwright() as drive:
        chromium = drive.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, site):
    """A function: hash, size -> the page; whatever it says on its console is a failure."""
    said, pages = [], []

    def go(told="", size=DESK):
        page = browser.new_page(viewport=size, accept_downloads=True, locale="fr-FR")
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith(("file:", "data:", "blob:")) or said.append(asked.url))  # fmt: skip
        page.goto(f"{site.as_uri()}/index.html{told}")
        pages.append(page)
        return page

    yield go
    for page in pages:
        page.close()
    assert not said


def rows(page, where="#panel table.effects tbody tr"):
    return page.locator(where).all_inner_texts()


def status(page):
    return page.locator("#status").inner_text().replace("\u202f", " ")


def test_it_opens_on_the_primary_effect_of_every_study_with_how_sure_beside_each(visit):
    page = visit()
    assert status(page) == "8 effets, dont 2 masqués."
    told = page.locator("#panel td.sure").all_inner_texts()
    assert len(told) == len(rows(page)) == 8
    assert sum("Certitude faible" in each for each in told) == 6
    assert all(len(each) > 60 for each in told)
    masked = [each for each in told if each.startswith("Masqué")]
    assert len(masked) == 2
    assert all("12,7\u00a0points" in each for each in masked)
    assert page.locator("#stamp").inner_text() == "DONNÉES SYNTHÉTIQUES"


def test_sixty_studies_open_in_a_second(browser, site, tmp_path):
    """The eight studies, repeated under other names: the page grows as with as many runs."""
    page = (site / "index.html").read_text(encoding="utf-8")
    start = page.index('id="data">') + len('id="data">')
    end = page.index("</script>", start)
    data = json.loads(page[start:end])
    studies = data["studies"]
    data["studies"] = [{**studies[at % 8], "key": f"s{at}"} for at in range(60)]
    (tmp_path / "many.html").write_text(page[:start] + json.dumps(data) + page[end:], "utf-8")
    tab = browser.new_page(viewport=DESK)
    tab.goto((tmp_path / "many.html").as_uri())
    assert tab.locator("#panel table.effects tbody tr").count() == 60
    timing = "performance.getEntriesByType('navigation')[0].loadEventEnd"
    assert tab.evaluate(timing) < 1000
    tab.close()


def test_each_filter_leaves_what_it_says(visit):
    page = visit()
    page.select_option("#f-programme", "CEJ")
    assert status(page) == "5 effets, dont un masqué."
    page.select_option("#f-year", "2024")
    assert status(page) == "2 effets, dont un masqué."
    page.select_option("#f-territory", "Hauts-de-France")
    assert status(page) == "Un effet, aucun masqué."
    page.select_option("#f-method", "*")
    assert len(rows(page)) == 3
    page.select_option("#f-outcome", "emploi_durable")
    page.select_option("#f-horizon", "6")
    assert all("En emploi durable à 6" in row for row in rows(page))
    page.select_option("#f-subgroup", "sexe")
    assert status(page) == "Aucun effet ne répond aux filtres."
    page.select_option("#f-outcome", "")
    page.select_option("#f-horizon", "")
    assert len(rows(page)) == 2
    page.select_option("#f-subgroup", "sexe=F")
    assert "Sexe\u00a0: Femmes" in rows(page)[0]
    page.click("#reset")
    assert status(page) == "8 effets, dont 2 masqués."


def test_a_link_shows_the_same_thing_to_another_reader(visit):
    first = visit()
    first.select_option("#f-outcome", "emploi_durable")
    first.select_option("#f-horizon", "6")
    first.select_option("#f-subgroup", "sexe=F")
    first.click("#tab-study")
    first.select_option("#f-study", "gj_2018_hdf")
    first.select_option("#f-with", "gj_2019_hdf")
    told = first.evaluate("location.hash")
    for part in ("tab=study", "outcome=emploi_durable", "horizon=6", "subgroup=sexe%3DF"):
        assert part in told
    second = visit(told)
    assert second.locator("main").inner_text() == first.locator("main").inner_text()
    assert second.locator("#f-with").input_value() == "gj_2019_hdf"
    assert second.locator("#tab-study").get_attribute("aria-selected") == "true"
    first.go_back()
    assert first.locator("#f-with").input_value() == ""


def test_a_link_with_what_is_not_there_shows_the_page_all_the_same(visit):
    page = visit("#lang=xx&tab=none&programme=NON&study=none&with=none&horizon=x")
    assert page.locator("#panel h3").count() >= 1
    page.click("#tab-effects")
    assert status(page) == "Aucun effet ne répond aux filtres."
    page.click("#tab-compare")
    assert "au moins" in page.locator("#panel").inner_text()


def test_a_blinded_effect_is_a_word_with_its_reason(visit):
    page = visit("#programme=CEJ&territory=Bretagne&year=2024")
    assert "masqué" in rows(page)[0]
    assert page.locator("#panel svg circle").count() == 0
    page.click("#panel a.study-link")
    assert page.locator(".answer.masked").count() == 1
    assert "masquée" in page.locator(".masked-note").inner_text()
    assert page.locator("#panel svg path.comparison").count() == 0


def test_years_and_territories_are_compared_on_one_axis_with_numbers_beside(visit):
    page = visit("#tab=compare&programme=CEJ")
    figures = page.locator(".multiples figure")
    assert figures.locator("figcaption").all_inner_texts() == ["Bretagne", "Hauts-de-France"]
    ticks = [figure.locator("text.tick[y='11']").all_text_contents() for figure in figures.all()]
    assert ticks[0] == ticks[1]
    drawn = figures.nth(1).locator("svg")
    assert drawn.get_attribute("aria-label").replace("\u00a0", " ").startswith("2022 : +7,8 points")
    text = " ".join(drawn.locator("text").all_text_contents()).replace("\u202f", " ")
    for part in ("+7,8\u00a0points", "de +5,3 à +10,4", "n = 4 215 et 14 830", "●○○○"):
        assert part in text
    heads = page.locator("table.compare thead th").all_inner_texts()
    assert heads == ["Territoire", "2022", "2023", "2024"]
    page.select_option("#f-by", "year")
    assert figures.locator("figcaption").all_inner_texts() == ["2022", "2023", "2024"]


def test_two_studies_stand_side_by_side_with_the_same_parts(visit):
    page = visit("#study=cej_2022_hdf&with=cej_2023_hdf")
    for part in ("primary", "time", "whom", "curves", "balance", "checks", "sensitivity"):
        boxes = [panel.bounding_box() for panel in page.locator(f"#panel .panel.h_{part}").all()]
        assert len(boxes) == 2
        assert boxes[0]["y"] == boxes[1]["y"]
        assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]


def test_every_chart_has_words_and_a_table(visit):
    page = visit("#study=cej_2022_hdf&with=cej_2024_bre")
    for picture in page.locator("svg[role=img]").all():
        assert len(picture.get_attribute("aria-label")) > 40
    assert page.locator("svg:not([role=img]):not([aria-hidden=true])").count() == 0
    figures = page.locator("#panel figure")
    assert figures.count() == 8
    for figure in figures.all():
        assert figure.locator("table tbody tr").count() >= 2


def test_everything_is_reached_with_the_keyboard_in_the_order_of_the_page(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "panel"
    page.reload()
    order = []
    for _ in range(13):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id"))
    assert order[1:] == [
        "lang-fr", "lang-en", "f-programme", "f-year", "f-territory", "f-outcome", "f-horizon",
        "f-subgroup", "f-method", "reset", "copy", "tab-effects",
    ]  # fmt: skip
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-compare"
    assert page.locator("table.compare").count() == 2
    page.focus("#f-programme")
    page.keyboard.type("CEJ")
    assert page.evaluate("document.activeElement.id") == "f-programme"
    assert page.locator("table.compare").count() == 1
    page.focus("#lang-en")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("document.activeElement.id") == "lang-en"


def download(page, button):
    with page.expect_download() as waiting:
        page.click(button)
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def test_the_csv_holds_what_is_shown_in_french_numbers(visit):
    page = visit("#programme=CEJ&year=2022&method=*")
    name, raw = download(page, "#csv-effects")
    assert name == "effets.csv"
    assert raw.startswith(b"\xef\xbb\xbf")
    lines = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert [line["method"] for line in lines] == ["diff", "ipw", "aipw"]
    assert lines[2]["estimate"] == "0,078"
    assert lines[2]["n_treated"] == "4215"
    assert lines[2]["certainty"] == "faible"
    assert len(lines[2]["because"]) > 40
    assert lines[2]["synthetic"] == "Données synthétiques"


def test_each_part_can_be_downloaded(visit):
    page = visit("#lang=en&study=cej_2024_bre&tab=compare")
    lines = {}
    for kind in ("compare", "curves", "balance", "checks"):
        if kind == "curves":
            page.click("#tab-study")
        _name, raw = download(page, f"#csv-{kind}")
        lines[kind] = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
        assert len(lines[kind]) > 4
    assert {line["arm"] for line in lines["curves"]} == {"treated"}


@pytest.mark.parametrize("size", [DESK, PHONE, {"width": 320, "height": 640}])
@pytest.mark.parametrize(
    "told", ["", "#tab=compare&method=*&subgroup=*", "#study=cej_2022_hdf&with=cej_2024_bre"]
)
def test_nothing_is_wider_than_the_screen(visit, size, told):
    page = visit(told, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_a_phone_names_every_figure_of_a_line(visit):
    page = visit("", PHONE)
    cell = page.locator("#panel tbody tr").first.locator("td.effect")
    assert (
        cell.evaluate("node => getComputedStyle(node, '::before').content")
        == '"Effet et intervalle à 95\u00a0%"'
    )
    role = page.locator("#panel table").first.get_attribute("role")
    assert role == "table"


def test_the_page_is_english_from_the_switch_to_the_numbers(visit):
    page = visit()
    page.click("#lang-en")
    assert page.title() == "Released results"
    assert status(page) == "8 effects, 2 of them masked."
    text = page.locator("#panel").inner_text()
    assert "from +5.3 to +10.4" in text
    assert "4,215 and 14,830" in text
    assert page.evaluate("document.documentElement.lang") == "en"
    assert "lang=en" in page.evaluate("location.hash")


def test_french_numbers_hold_their_spaces_and_their_comma(visit):
    page = visit()
    text = page.locator("#panel").text_content()
    assert "4\u202f215" in text
    assert "+7,8\u00a0points" in text
    assert "\u22121,2" in text


def release_twice(root):
    """The review page of a study of almost the same persons as one that has left."""
    folder = root / "b" / "r1"
    for name, less in (("a", 0), ("b", 4)):
        frames = sample_frames("strong")
        frames["effects"]["n_treated"] -= less
        definition = {"programme": "CEJ", "territory": {"region": "32"},
                      "entries": {"from": "2024-01-01", "to": "2024-12-31"},
                      "eligibility": {"age_max": 25 - less}}  # fmt: skip
        write_results(frames, root / name / "r1" / "results")
        write_meta({**META, "definition": definition}, root / name / "r1" / "results")
        done = release_run(root / name / "r1", formats=())
    assert "review" in {item.status for item in done.items}
    return folder / "review" / "review.html"


def executed_notebook(folder):
    """The page of a notebook that shows what an evaluation shows: answer, tables, figure, note."""
    found = evaluate("nsw", out=folder)
    shown = [found, found.protocol, found.answer, found.limits, found.verdicts,
             found.figure("effects"), found.note()]  # fmt: skip
    display = DisplayFormatter().format
    shown = [display(each) for each in shown]
    outputs = [new_output("display_data", data, metadata=more) for data, more in shown]
    code = new_code_cell("x = 1  # une remarque", outputs=outputs)
    notebook = new_notebook(cells=[new_markdown_cell("# Un carnet"), code])
    nbformat.write(notebook, folder / "notebook.ipynb")
    return write_html(folder / "notebook.ipynb")


def pages_of_commands(folder, extract):
    """The pages that commands write: a scorecard, an audit of figures in print, a comparison."""
    figures = folder / "mine.csv"
    figures.write_text("\n".join((HEAD, *SUM, WHOLE)) + "\n", encoding="utf-8")
    ours = folder / "indicators.csv"
    ours.write_text("indicator,territory,year,value\npacea,departement:02,2024,2977\n", "utf-8")
    for command in (
        ("extract", "check", str(extract), "--out", str(folder)),
        ("published", "audit", str(figures), "--out", str(folder)),
        ("published", "compare", str(ours), "--published", str(figures), "--out", str(folder)),
    ):
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
    return {name: folder / f"{name}.html" for name in ("scorecard", "audit", "compare")}


@pytest.fixture(scope="module")
def pages(site, released, small_extract, tmp_path_factory):
    """Every kind of page that evalml makes, by name."""
    folder = tmp_path_factory.mktemp("pages")
    run = next((released / "cej_2022_hdf").glob("*"))
    english = write_note(run, lang="en", formats=("html",), out=folder)
    activity = write_annex(annex(), folder / "activity", formats=("html",))
    page = f"{site.as_uri()}/index.html"
    made = {
        "note": site / "notes/cej_2024_hdf/note.html",
        "annex": site / "notes/cej_2024_hdf/note_annexe.html",
        "note in English": next(path for path in english if path.name == "note_en.html"),
        "annex in English": next(path for path in english if path.name == "note_annexe_en.html"),
        **{path.name: path for path in activity if path.suffix == ".html"},
        "review": release_twice(folder / "runs"),
        "notebook": executed_notebook(folder),
        **pages_of_commands(folder, small_extract),
    }
    shown = {"effects": "", "every effect": "method=*&subgroup=*&outcome=*", "comparison": "tab=compare",
             "by year": "tab=compare&by=year&lang=en",
             "study": "study=cej_2022_hdf", "two": "study=cej_2022_hdf&with=cej_2024_bre&lang=en"}  # fmt: skip
    return {name: path.as_uri() for name, path in made.items()} | {
        f"explorer, {name}": f"{page}#{told}" for name, told in shown.items()
    }


def violations(page):
    page.evaluate(AXE)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    asked = {"preload": False, "runOnly": {"type": "tag", "values": tags}}
    found = page.evaluate("asked => axe.run(document, asked)", asked)
    assert len(found["passes"]) > 5
    return [(each["id"], each["nodes"][0]["html"][:120]) for each in found["violations"]]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_no_violation_on_any_page_that_evalml_makes(browser, pages, size):
    page = browser.new_page(viewport=size, locale="fr-FR")
    found = {}
    for name, address in pages.items():
        if size == PHONE and not name.startswith(("explorer", "note")):
            continue  # laid out alike at any width
        page.goto("about:blank")
        page.goto(address)
        if name == "notebook":
            page.locator("iframe").wait_for()
        found[name] = violations(page)
    page.close()
    assert not {name: each for name, each in found.items() if each}


def test_axe_sees_what_is_wrong(browser):
    page = browser.new_page()
    page.set_content(
        "<html lang='fr'><title>x</title><main><h1>x</h1><img src='data:,'><p style='color:#aaa'>trop pâle"
    )
    assert {name for name, _ in violations(page)} >= {"image-alt", "color-contrast"}
    page.close()


@pytest.fixture(scope="module")
def lab(released, tmp_path_factory):
    """The address of a JupyterLab whose one notebook shows the controls over eight studies."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [new_code_cell(f"import evalml as ev\nev.Explorer({str(released)!r})")]
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=spec), folder / "choisir.ipynb")
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {name: str(folder / ".jupyter") for name in
           ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}  # fmt: skip
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
               f"--ServerApp.port={port}", "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0",
               "--IdentityProvider.token=x", f"--ServerApp.root_dir={folder}"]  # fmt: skip
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env={**os.environ, **own}, stdout=log, stderr=log)
        yield f"http://127.0.0.1:{port}/lab/tree/choisir.ipynb?token=x"
        server.terminate()
        server.wait(20)


def open_when_ready(page, address):
    for _ in range(60):
        try:
            page.goto(address)
        except PlaywrightError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError("JupyterLab did not answer in thirty seconds")


def test_the_controls_answer_in_a_real_jupyterlab(browser, lab):
    page = browser.new_page(viewport=DESK, locale="fr-FR")
    open_when_ready(page, lab)
    page.locator(".jp-Notebook .jp-CodeCell").first.click(timeout=60_000)
    page.get_by_text("| Idle").first.wait_for(timeout=60_000)
    page.keyboard.press("Control+Enter")
    picks = page.locator(".widget-dropdown select")
    picks.nth(5).wait_for(timeout=60_000)
    said = page.locator(".jp-OutputArea-output .widget-html")
    expect(said).to_contain_text("+7,8\u00a0points")
    picks.nth(1).select_option(index=1)
    expect(said).to_contain_text("+1,3\u00a0point")
    picks.nth(4).select_option("Sexe\u00a0: Femmes")
    expect(said).to_contain_text("+0,8\u00a0point")
    picks.nth(4).select_option("Ensemble")
    picks.nth(3).select_option("6\u00a0mois")
    expect(said).to_contain_text("En emploi à 6\u00a0mois")
    picks.nth(0).select_option("Bretagne")
    expect(picks.nth(1).locator("option")).to_have_count(2)
    picks.nth(1).select_option(index=1)
    expect(said).to_contain_text("masqué")
    expect(said).to_contain_text("12,7\u00a0points")
    page.close()
