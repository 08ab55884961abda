"""The explorer in Debian's Chromium: filters, links, keyboard, download, a phone, both languages."""

from __future__ import annotations

import csv
import io
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
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


def rows(page, where="#results tbody tr"):
    return page.locator(where).all_inner_texts()


def status(page):
    return page.locator("#status").inner_text().replace("\u202f", " ")


def test_it_opens_on_the_primary_effect_of_every_study(visit):
    page = visit()
    assert status(page) == "8 effets, dont 2 masqués."
    assert len(rows(page)) == 8
    assert page.locator("#stamp").inner_text() == "DONNÉES SYNTHÉTIQUES"


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
    page.select_option("#f-outcome", "emploi_durable_lie_m6")
    assert all("En emploi durable à 6" in row for row in rows(page))
    page.select_option("#f-population", "groups")
    assert status(page) == "Aucun effet ne répond aux filtres."
    page.click("#reset")
    assert status(page) == "8 effets, dont 2 masqués."


def test_a_link_shows_the_same_thing_to_another_reader(visit):
    first = visit()
    first.select_option("#f-programme", "Garantie jeunes")
    first.select_option("#f-method", "*")
    first.select_option("#f-study", "gj_2018_hdf")
    first.select_option("#f-with", "gj_2019_hdf")
    told = first.evaluate("location.hash")
    second = visit(told)
    assert second.locator("main").inner_text() == first.locator("main").inner_text()
    assert second.locator("#f-with").input_value() == "gj_2019_hdf"


def test_the_back_button_undoes_a_filter(visit):
    page = visit()
    page.select_option("#f-programme", "CEJ")
    page.go_back()
    assert status(page) == "8 effets, dont 2 masqués."
    assert page.locator("#f-programme").input_value() == ""


def test_a_link_with_what_is_not_there_shows_the_page_all_the_same(visit):
    page = visit("#lang=xx&programme=NON&study=none&with=none&curve=none")
    assert status(page) == "Aucun effet ne répond aux filtres."
    assert page.locator("#studies h3").count() == 1


def test_a_blinded_effect_is_a_word_with_its_reason(visit):
    page = visit("#programme=CEJ&territory=Bretagne&year=2024&study=cej_2024_bre")
    text = " ".join(rows(page))
    assert "masqué" in text
    page.locator("#results details.reason summary").click()
    assert "12,7\u00a0points" in page.locator("#results details.reason").inner_text()
    assert page.locator(".answer.masked").count() == 1
    assert "masquée" in page.locator(".masked-note").inner_text()
    assert page.locator("#results svg circle").count() == 0
    assert page.locator("#studies svg path.comparison").count() == 0


def test_years_are_compared_for_the_same_programme_territory_and_outcome(visit):
    page = visit("#programme=CEJ&territory=Hauts-de-France")
    assert page.locator("#years svg").count() == 1
    assert [row.split("\t")[0] for row in rows(page, "#years tbody tr")] == ["2022", "2023", "2024"]
    told = page.locator("#years svg").get_attribute("aria-label")
    assert "2022 : +7,8" in told.replace("\u00a0", " ")


def test_two_studies_stand_side_by_side_with_the_same_parts(visit):
    page = visit("#study=cej_2022_hdf&with=cej_2023_hdf")
    for part in ("h_primary", "h_curves", "h_balance", "h_checks", "h_sensitivity"):
        boxes = [panel.bounding_box() for panel in page.locator(f"#studies .panel.{part}").all()]
        assert len(boxes) == 2
        assert boxes[0]["y"] == boxes[1]["y"]
        assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]


def test_every_chart_has_words_and_a_table(visit):
    page = visit("#study=cej_2022_hdf&with=cej_2024_bre")
    for picture in page.locator("svg[role=img]").all():
        assert len(picture.get_attribute("aria-label")) > 40
    assert page.locator("svg:not([role=img]):not([aria-hidden=true])").count() == 0
    figures = page.locator("#studies figure")
    assert figures.count() == 4
    for figure in figures.all():
        assert figure.locator("table tbody tr").count() >= 10


def test_everything_is_reached_with_the_keyboard_in_the_order_of_the_page(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "results"
    page.reload()
    order = []
    for _ in range(13):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id"))
    assert order[1:11] == [
        "lang-fr", "lang-en", "f-programme", "f-year", "f-territory", "f-outcome", "f-method",
        "f-population", "reset", "copy",
    ]  # fmt: skip


def test_a_filter_is_chosen_and_the_language_changed_with_the_keyboard_alone(visit):
    page = visit()
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.type("CEJ")
    assert page.evaluate("document.activeElement.id") == "f-programme"
    assert status(page) == "5 effets, dont un masqué."
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("document.activeElement.id") == "lang-en"


def test_a_study_is_opened_from_its_line_and_takes_the_focus(visit):
    page = visit()
    page.locator("#results a.study-link").nth(2).focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "studies"
    assert page.locator("#f-study").input_value() == "cej_2022_hdf"


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
    assert lines[2]["synthetic"] == "Données synthétiques"


@pytest.mark.parametrize("kind", ["years", "curves", "balance", "checks"])
def test_each_part_can_be_downloaded(visit, kind):
    page = visit("#lang=en&study=cej_2024_bre")
    _name, raw = download(page, f"#csv-{kind}")
    lines = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert len(lines) > 4
    if kind == "curves":
        assert {line["arm"] for line in lines} == {"treated"}


@pytest.mark.parametrize("size", [DESK, PHONE, {"width": 320, "height": 640}])
@pytest.mark.parametrize("told", ["", "#study=cej_2022_hdf&with=cej_2024_bre&method=*&outcome=*"])
def test_nothing_is_wider_than_the_screen(visit, size, told):
    page = visit(told, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_a_phone_names_every_figure_of_a_line(visit):
    page = visit("", PHONE)
    cell = page.locator("#results tbody tr").first.locator("td.effect")
    assert cell.evaluate("node => getComputedStyle(node, '::before').content") == '"Effet"'
    role = page.locator("#results table").first.get_attribute("role")
    assert role == "table"


def test_the_page_is_english_from_the_switch_to_the_numbers(visit):
    page = visit()
    page.click("#lang-en")
    assert page.title() == "Released results"
    assert status(page) == "8 effects, 2 of them masked."
    text = page.locator("#results").inner_text()
    assert "from +5.3 to +10.4" in text
    assert "4,215 and 14,830" in text
    assert page.evaluate("document.documentElement.lang") == "en"
    assert "lang=en" in page.evaluate("location.hash")


def test_french_numbers_hold_their_spaces_and_their_comma(visit):
    page = visit()
    text = page.locator("#results").text_content()
    assert "4\u202f215" in text
    assert "+7,8\u00a0points" in text
    assert "\u22121,2" in text


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("told", ["", "#lang=en&method=*&study=cej_2022_hdf&with=cej_2024_bre"])
def test_axe_finds_nothing_serious(visit, size, told):
    page = visit(told, size)
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {preload: false})")
    assert len(found["passes"]) > 15
    assert not [f["id"] for f in found["violations"] if f["impact"] in {"serious", "critical"}]
