"""The note says the same in three formats, hides what is blinded, and is the same bytes twice."""

from __future__ import annotations

import hashlib
import importlib
import re
import zipfile
from xml.etree import ElementTree as ET

import docx
import numpy as np
import pandas as pd
import pypdf
import pytest
from docx.oxml.ns import qn
from unit.report.conftest import META

from evalml.errors import DataError
from evalml.report import note_figures
from evalml.report.blinding import blind
from evalml.report.certainty import LEVELS, certainty_of, certainty_of_each
from evalml.report.institution import Institution, read_institution
from evalml.report.note import read_note, write_note
from evalml.report.note_text import compared, design_of, over_time, picture, title
from evalml.report.results import complete_table
from evalml.report.tables import ITEMS
from evalml.report.verdict import verdict_of
from evalml.study.designs import DESIGNS
from evalml.typography import plain
from evalml.values import Estimate, values_text

KINDS = ("strong", "null", "blinded", "nsw")


@pytest.fixture(scope="module")
def written(run_of):
    """The notes, written once: kind -> (folder, files by name)."""
    notes = {}
    for kind in KINDS:
        folder, meta = run_of(kind)
        formats = ("html", "docx", "pdf") if kind == "strong" else ("html", "pdf")
        files = {path.name: path for path in write_note(folder, meta, formats=formats)}
        notes[kind] = folder, files
    return notes


def text_of_html(path):
    raw = re.sub(
        r"<style.*?</style>|<head.*?</head>", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    alts = " ".join(re.findall(r'alt="([^"]*)"', raw))
    return plain(re.sub(r"&[lg]t;|&amp;|&quot;", " ", re.sub(r"<[^>]+>", " ", raw)) + " " + alts)


def text_of_docx(path):
    document = docx.Document(str(path))
    parts = [paragraph.text for paragraph in document.paragraphs]
    parts += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    parts += [paragraph.text for paragraph in document.sections[0].header.paragraphs]
    return plain(" ".join(parts))


def text_of_pdf(path):
    return plain(" ".join(page.extract_text() for page in pypdf.PdfReader(str(path)).pages))


def squeeze(text):
    return re.sub(r"\s+", "", text)


READERS = {".html": text_of_html, ".docx": text_of_docx, ".pdf": text_of_pdf}


def numbers_of_note(markdown):
    """The figures of the sentences and tables: everything with a decimal comma or a sign."""
    body = re.sub(r"!\[.*?\]\(.*?\)\{.*?\}", " ", plain(markdown))
    return set(re.findall(r"[+-]?\d[\d ]*,\d+|[+-]\d[\d ]*\d", body))


@pytest.mark.parametrize("name", ["note", "note_annexe"])
def test_the_three_formats_show_the_same_numbers(written, name):
    _folder, files = written["strong"]
    numbers = numbers_of_note(files[f"{name}.md"].read_text(encoding="utf-8"))
    assert len(numbers) > 5
    for suffix, read in READERS.items():
        shown = squeeze(read(files[f"{name}{suffix}"]))
        missing = {number for number in numbers if squeeze(number) not in shown}
        assert not missing, (suffix, missing)


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_leads_to_the_cell_of_the_results_that_holds_it(written, kind):
    folder, files = written[kind]
    annex = files["note_annexe.html"].read_text(encoding="utf-8")
    links = re.findall(r'<a href="note_annexe.html#c-([^"]+)"[^>]*class="cell"[^>]*>(.*?)</a>',
                       files["note.html"].read_text(encoding="utf-8"), re.DOTALL)  # fmt: skip
    assert len({place for place, _ in links}) > (6 if kind == "strong" else 0)
    for place, text in links:
        name, line, columns = place.split("-")
        row = pd.read_csv(folder / f"results/{name}.csv", dtype="str").iloc[int(line) - 2]
        assert f'id="c-{place}"' in annex
        printed = [float(x.replace(",", ".")) for x in re.findall(r"[+-]?\d+(?:,\d+)?",
                   plain(text).replace(" ", ""))]  # fmt: skip
        within = 0.051 if "," in text else 0.51
        assert printed, text
        for column, number in zip(columns.split("."), printed, strict=False):
            kept = [float(x) for x in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", str(row[column]))]
            assert any(abs(x * scale - number) <= within for x in kept for scale in (1, 100)), (
                place, text, row[column])  # fmt: skip


def test_the_cells_that_the_annex_names_hold_the_same_numbers_in_the_spreadsheet(written):
    folder, files = written["strong"]
    space = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
    value = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}value"
    root = ET.fromstring(zipfile.ZipFile(files["resultats.ods"]).read("content.xml"))
    sheets = {
        table.get(f"{space}name"): [list(row) for row in table.iter(f"{space}table-row")]
        for table in root.iter(f"{space}table")
    }
    annex = files["note_annexe.md"].read_text(encoding="utf-8")
    seen = 0
    for name, columns, places in re.findall(
        r"\{#c-(\w+)-\d+-([\w.]+)\}.*\| ([A-Z0-9, ]+) \|", annex
    ):
        table = pd.read_csv(folder / f"results/{name}.csv")
        for column, place in zip(columns.split("."), places.split(", "), strict=True):
            letter, line = place[0], int(place[1:])
            cell = sheets[name][line - 1][ord(letter) - ord("A")]
            assert float(cell.get(value)) == pytest.approx(table[column][line - 2], abs=1e-6)
            seen += 1
    assert seen > 5


def test_every_figure_of_the_annex_names_the_function_that_drew_it(written):
    _folder, files = written["strong"]
    text = files["note_annexe.md"].read_text(encoding="utf-8")
    rows = re.findall(r"\| `(\w+)\.svg` \| `([\w.]+)` \|", text)
    drawn = {path.stem for path in (files["note.md"].parent / "figures").glob("*.svg")}
    assert {name for name, _ in rows} == drawn
    for _name, path in rows:
        module, _, function = path.rpartition(".")
        assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("kind", KINDS)
def test_the_note_is_two_pages_one_for_what_was_found_one_for_how_sure(written, kind):
    pages = [
        squeeze(p.extract_text()) for p in pypdf.PdfReader(str(written[kind][1]["note.pdf"])).pages
    ]
    assert len(pages) == 2
    assert squeeze("À retenir") in pages[0]
    assert squeeze("Qui est comparé à qui") in pages[0]
    assert pages[1].index(squeeze("À quel point en sommes-nous sûrs")) < 80


def test_the_title_says_the_finding_and_the_points_say_the_rest(written):
    for suffix, read in READERS.items():
        text = squeeze(read(written["strong"][1][f"note{suffix}"]))
        first = text.index(squeeze("augmente la part de jeunes en emploi à 12 mois : +7,2 points"))
        assert squeeze("+7,2 points à 12 mois (de +4,7 à +9,8)") in text
        assert first < text.index(squeeze("Certitude :"))


def test_a_null_result_says_so_without_claiming_the_absence_of_an_effect(written):
    text = text_of_html(written["null"][1]["note.html"])
    assert "Trop peu de données pour dire si" in text
    assert "l'absence d'effet reste possible, tout comme l'effet utile" in text


FORBIDDEN = ("+6,1", "+3,6", "+8,7", "41,4", "35,2", "6,13", "0,0613")
"""The blinded effect of 6.13 points, its interval and its two means, as they would be printed."""


def test_a_blinded_effect_prints_its_number_nowhere(written):
    for name, path in written["blinded"][1].items():
        if path.suffix not in {".md", ".html", ".pdf"}:
            continue
        read = READERS.get(path.suffix, lambda p: plain(p.read_text(encoding="utf-8")))
        found = [number for number in FORBIDDEN if number in read(path)]
        assert not found, name
    text = text_of_html(written["blinded"][1]["note.html"])
    assert "ne peut pas être établi" in text
    assert "le résultat n'est pas connu aussi souvent dans les deux groupes" in text


def test_the_forbidden_numbers_are_those_the_note_would_have_printed(run_of, tmp_path):
    folder, meta = run_of("blinded")
    effects = pd.read_csv(folder / "results" / "effects.csv")
    opened = effects.assign(status="shown", reason="")
    opened.to_csv(folder / "results" / "effects.csv", index=False)
    sources = write_note(folder, meta, formats=(), out=tmp_path)
    text = " ".join(plain(source.read_text(encoding="utf-8")) for source in sources)
    assert all(number in text for number in FORBIDDEN[:5])


def test_a_blinded_note_draws_one_arm_only_and_silences_the_sensitivity_of_the_effect(written):
    text = " ".join(
        text_of_html(written["blinded"][1][f"{name}.html"]) for name in ("note", "note_annexe")
    )
    assert "La courbe du groupe de comparaison est masquée" in text
    assert "Non montré tant que l'effet est masqué" in text
    assert "1,62" not in text


def test_a_synthetic_extract_is_stamped_on_every_page(written):
    reader = pypdf.PdfReader(str(written["strong"][1]["note.pdf"]))
    assert all("DONNÉES SYNTHÉTIQUES" in page.extract_text() for page in reader.pages)
    assert "DONNÉES SYNTHÉTIQUES" in text_of_docx(written["strong"][1]["note.docx"])
    assert (
        'class="running-stamp">Données synthétiques'
        in written["strong"][1]["note.html"].read_text()
    )


def test_real_data_are_not_stamped(written):
    for suffix in (".html", ".pdf"):
        assert "synthétique" not in READERS[suffix](written["nsw"][1][f"note{suffix}"]).lower()


def test_the_experiment_is_the_benchmark_of_a_cross_section(written):
    text = text_of_html(written["nsw"][1]["note.html"])
    assert "L'expérience, par tirage au sort, donne +1 794 dollars (de +479 à +3 110)" in text


def tags_of(reader):
    """Each element of the structure of a PDF: its kind and its alternative text."""
    waiting, found = [reader.trailer["/Root"]["/StructTreeRoot"]], []
    while waiting:
        node = waiting.pop().get_object()
        if isinstance(node, list):
            waiting += [each for each in node if not isinstance(each, int)]
        elif isinstance(node, dict):
            found.append((str(node.get("/S", "")), str(node.get("/Alt", ""))))
            kids = node.get("/K")
            waiting += [] if kids is None or isinstance(kids, int) else [kids]
    return found


def fonts_of(reader):
    """Whether each font of a PDF is inside it."""
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            own = font.get_object()
            own = own.get("/DescendantFonts", [own])[0].get_object()
            yield any(key.startswith("/FontFile") for key in own["/FontDescriptor"].get_object())


@pytest.mark.parametrize("name", ["note", "note_annexe"])
def test_the_pdf_holds_what_accessibility_asks(written, name):
    """PDF/UA-1 as far as it can be read back: typst refuses the rest when it writes."""
    reader = pypdf.PdfReader(str(written["strong"][1][f"{name}.pdf"]))
    root, tags = reader.trailer["/Root"], tags_of(reader)
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("fr")
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
    assert reader.outline
    pictures = [alt for kind, alt in tags if kind == "/Figure"]
    assert pictures
    assert all(len(alt) > 40 for alt in pictures)
    kinds = {kind for kind, _ in tags}
    assert {"/H1", "/H2", "/P"} <= kinds
    assert name == "note" or {"/Table", "/TH", "/TD", "/Caption"} <= kinds
    assert all(fonts_of(reader))
    assert len(list(fonts_of(reader))) > 2


def test_every_picture_has_an_alternative_text_in_each_format(written):
    _folder, files = written["strong"]
    html = files["note_annexe.html"].read_text(encoding="utf-8")
    assert all(
        len(alt) > 40 for alt in re.findall(r'<img[^>]*?alt="([^"]*)"', html, flags=re.DOTALL)
    )
    xml = zipfile.ZipFile(files["note_annexe.docx"]).read("word/document.xml").decode()
    told = re.findall(r'<wp:docPr[^>]*descr="([^"]*)"', xml)
    assert len(told) == 5, len(told)
    assert all(len(alt) > 40 for alt in told)


def test_the_word_tables_are_native_with_a_header_row(written):
    document = docx.Document(str(written["strong"][1]["note_annexe.docx"]))
    assert len(document.tables) >= 5
    assert all("w:tblHeader" in table.rows[0]._tr.xml for table in document.tables)
    assert all("w:tblBorders" in table._tbl.tblPr.xml for table in document.tables)
    assert document.sections[0].page_width.cm == pytest.approx(21, abs=0.01)


def test_no_word_is_cut_in_a_cell_of_a_word_document(written):
    """By the widths of DejaVu Sans, scaled to those of Calibri; no-break spaces hold words."""
    from matplotlib.textpath import TextPath

    document = docx.Document(str(written["strong"][1]["note_annexe.docx"]))
    seen = 0
    for table in document.tables:
        grid = [int(column.get(qn("w:w"))) for column in table._tbl.tblGrid]
        for row in table.rows:
            for share, cell in zip(grid, row.cells, strict=True):
                room = 17 / 2.54 * 72 * share / sum(grid) - 2 * 3
                for word in re.split(r"[ \n-]", cell.text):
                    if word and "." not in word:  # a path or a hash may break
                        seen += 1
                        wide = TextPath((0, 0), word, size=8.5).get_extents().width * CALIBRI
                        assert wide <= room, (word, wide, room)
    assert seen > 200


CALIBRI = 0.84
"""Width of Calibri over that of DejaVu Sans."""


def test_the_html_page_asks_nothing_of_the_network(written):
    html = written["strong"][1]["note.html"].read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)="(?!data:|#|note_annexe\.html#)[^"]*"', html)
    assert '<html lang="fr">' in html
    assert html.count("<h1>") == 1
    assert "<p><p>" not in html


def test_the_same_results_give_the_same_bytes(written, run_of, monkeypatch):
    folder, meta = run_of("strong")
    monkeypatch.setattr(note_figures, "_LAST", {})  # drawn anew, not the figures kept
    again = {path.name: path for path in write_note(folder, meta)}
    for name, path in again.items():
        assert digest(path) == digest(written["strong"][1][name]), name
    for drawn in sorted((folder / "figures").iterdir()):
        assert digest(drawn) == digest(written["strong"][0] / "figures" / drawn.name)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_note_is_written_again_from_the_run_folder_alone(written):
    folder, files = written["null"]
    before = digest(files["note.md"])
    assert digest(write_note(folder, formats=())[0]) == before


def test_the_note_exists_in_english_with_english_numbers(written):
    folder, _files = written["strong"]
    source, html, *_annex = write_note(folder, lang="en", formats=("html",))
    assert source.name == "note_en.md"
    text = text_of_html(html)
    assert "raises the share of youths in employment at 12 months: +7.2 points" in text
    assert "Synthetic data" in text


def test_an_unknown_language_is_refused(run_of):
    folder, meta = run_of("null")
    with pytest.raises(DataError, match=r"did you mean|valid"):
        write_note(folder, meta, lang="frr")


def test_a_run_without_results_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no meta.json|no results folder"):
        write_note(tmp_path)


def test_the_annex_holds_the_checks_the_protocol_and_the_items_of_the_statement(written):
    text = text_of_html(written["blinded"][1]["note_annexe.html"])
    assert "12,7 points d'écart" in text
    assert "Le témoin négatif « BAFA obtenu avant » ne peut être jugé" in text
    assert "Conflits d'intérêts" in text
    assert ITEMS[0][0] == "1"
    assert ITEMS[-1][0] == "21"
    assert len({number for number, _ in ITEMS}) == 27, (
        "21 items, the sixth and the seventh in eight parts"
    )


def test_no_figure_of_the_note_is_typed_in_its_templates():
    from evalml.report.words import words

    def leaves(node):
        if isinstance(node, dict):
            return [leaf for value in node.values() for leaf in leaves(value)]
        return (
            [leaf for value in node for leaf in leaves(value)] if isinstance(node, list) else [node]
        )

    for lang in ("fr", "en"):
        for phrase in leaves(words(lang)["note"]):
            left = re.sub(
                r"\{[^}]*\}|95\s?%|SHA-256|1 (?:contrôle|échoué|sans|check|failed|without)|de 1 à|from 1 to",
                "",
                phrase,
            )
            assert not re.search(r"\d", left), phrase


def test_an_institution_signs_every_page(run_of, tmp_path):
    folder, meta = run_of("null")
    (tmp_path / "i.yaml").write_text(
        'name: "Association régionale #1"\ncontact: etudes@exemple.fr\ncolour: "#5B2A86"\n'
    )
    files = write_note(folder, meta, institution=read_institution(tmp_path / "i.yaml"))
    for path in files:
        if path.suffix in READERS:
            text = READERS[path.suffix](path)
            assert "Association régionale #1" in text
            assert "etudes@exemple.fr" in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nam: x", "did you mean 'name'"),
        ("colour: blue", "#12436D"),
        ("colour: '#FFEE88'", "too light"),
        ("logo: no.png", "no logo"),
    ],
)
def test_a_wrong_institution_file_is_refused(tmp_path, text, said):
    (tmp_path / "i.yaml").write_text(text)
    with pytest.raises(DataError, match=said):
        read_institution(tmp_path / "i.yaml")


def test_words_of_the_data_cannot_format_the_note(run_of):
    folder, meta = run_of("null")
    hostile = {**meta, "title": "Effet *du* $CEJ$ : [#eval](x) <script>1</script> 'q' \"r\" _s_"}
    files = {
        path.name: path
        for path in write_note(folder, hostile, institution=Institution(name="A & B"))
    }
    for suffix, read in READERS.items():
        assert "*du* $CEJ$" in read(files[f"note_annexe{suffix}"])
    assert "<script" not in files["note_annexe.html"].read_text(encoding="utf-8")


def test_the_headline_is_about_the_question_of_the_study_only(run_of):
    folder, meta = run_of("strong")
    note = read_note(folder / "results", meta, "fr", 11)
    other = note.frames["effects"].assign(estimand="att_never", estimate=0.5, ci_low=0.4)
    note.frames["effects"] = pd.concat([other, note.frames["effects"]], ignore_index=True)
    assert note.effect["estimand"] == "att"
    assert "50,0" not in over_time(note)


VERDICTS = {
    "useful": (0.03, 0.05), "positive": (0.005, 0.05), "small": (0.001, 0.015),
    "minus": (-0.05, -0.01), "no_useful": (-0.01, 0.015), "unclear": (-0.01, 0.05),
}  # fmt: skip


@pytest.mark.parametrize("kind", VERDICTS)
@pytest.mark.parametrize("early", [-0.2, 0.0])
def test_title_points_figure_and_table_say_the_same(run_of, kind, early):
    """From the values: a fall that comes first is in the title, the points and the picture."""
    folder, meta = run_of("strong")
    note = read_note(folder / "results", meta, "fr", 11)
    effects = note.frames["effects"]
    main = (effects["outcome"] == "emploi") & (effects["subgroup"] == "")
    low, high = VERDICTS[kind]
    for month, ends in ((6, (early - 0.01, early + 0.01)), (12, (low, high))):
        rows = main & (effects["horizon_months"] == month)
        effects.loc[rows, ["estimate", "ci_low", "ci_high"]] = [sum(ends) / 2, *ends]
        effects.loc[rows, "std_error"] = (ends[1] - ends[0]) / 3.92
    assert verdict_of(note.effect, note.useful) == kind
    told, points = plain(note.told(title(note))), plain(over_time(note))
    shown = plain(note.told(picture(note, curves=True)))
    falls_first = early < 0 and kind != "minus"
    assert ("d'abord baisser" in told) == falls_first
    apart = points.lower().partition("aucun écart établi")[2]
    assert ("à 12 mois (" in apart.split(" ; ")[0]) == (kind in {"no_useful", "unclear"})
    assert ("-20,0 points" in points) == (early < 0)
    if falls_first:
        assert "d'abord moins" in shown or "au début" in shown
    if kind == "unclear":
        assert "augmente" not in told
    assert certainty_of(note.frames, note.meta).level in LEVELS.values()


def test_each_effect_is_as_sure_as_the_checks_that_bear_on_it(frames_of):
    strong, unit = frames_of("strong")["effects"], "proportion"
    effects = strong.assign(ci_low=strong["estimate"] - 0.01, ci_high=strong["estimate"] + 0.01)
    left = values_text({"left": Estimate(0.05, unit)})
    rows = [
        ("negative_controls", "nothing", 0.6, "", ""), ("past", "alike", 0.01, "", ""),
        ("balance", "alike", 0.04, "", ""), ("observation", "alike", 0.01, "", ""),
        ("leave_one_out", "holds", 0.01, "emploi_m12", ""),
        ("confounder_strength", "strength", 2.1, "emploi_m12", left),
    ]  # fmt: skip
    checks = pd.DataFrame(rows, columns=["check", "finding", "value", "outcome", "values"])
    checks = checks.assign(question="", sentence="", passed="true", threshold=1.0, gating="false")
    meta = {**META, "threshold": 0.02}
    frames = {
        "effects": complete_table("effects", effects),
        "checks": complete_table("checks", checks),
    }
    table = frames["effects"].assign(sure=[
        (one.level, one.weakest.message.key) for one in certainty_of_each(frames, meta)
    ])  # fmt: skip
    sure = table[table["method"] == "aipw"].set_index(
        ["outcome", "horizon_months", "subgroup_value"]
    )["sure"]
    assert sure["emploi", 12, ""][0] == certainty_of(frames, meta).level == "high"
    assert sure["emploi", 6, ""] == ("limited", "sure.hidden_silent")
    assert sure["emploi_durable", 12, ""] == ("limited", "sure.hidden_silent")
    assert sure["emploi", 12, "F"] == ("limited", "sure.subgroup_whole")


def test_an_effect_masked_at_its_horizon_is_not_told_by_the_others(run_of):
    folder, meta = run_of("strong")
    note = read_note(folder / "results", meta, "fr", 11)
    effects = note.frames["effects"]
    rows = (effects["outcome"] == "emploi") & (effects["horizon_months"] == 12)
    effects.loc[rows, "status"] = "blinded"
    effects.loc[rows, ["estimate", "ci_low", "ci_high"]] = np.nan
    assert "à 12 mois ne peut pas être établi" in plain(note.told(title(note)))
    assert "effet non publié à 12 mois" in plain(over_time(note))
    assert "ne mesure aucun effet" in plain(note.told(picture(note, curves=True)))
    assert certainty_of(note.frames, note.meta).level == "none"


def test_the_spreadsheet_holds_every_table_with_no_empty_cell(written):
    path = written["strong"][1]["resultats.ods"]
    xml = zipfile.ZipFile(path).read("content.xml").decode()
    for name in ("effects", "checks", "trajectories", "protocol"):
        assert f'table:name="{name}"' in xml
    assert "<text:p></text:p>" not in xml
    assert "[absent]" in xml


def test_every_design_says_who_is_compared_with_whom(run_of):
    folder, meta = run_of("strong")
    note = read_note(folder / "results", meta, "fr", 11)
    assert design_of(note) == "sequential_trials"
    for design in DESIGNS:
        defined = {**meta, "definition": {"comparison": {"design": design}}}
        note = read_note(folder / "results", defined, "fr", 11)
        assert compared(note).key == f"compared.{design}"
        assert plain(note.told(compared(note))).endswith(".")


def test_a_share_that_changes_by_more_than_the_whole_is_masked_with_its_reason(frames_of):
    effects = frames_of("strong")["effects"].copy()
    effects.loc[effects.index[0], ["estimate", "ci_low", "ci_high"]] = [5.0, -1.0, 11.0]
    found = blind(effects, frames_of("strong")["checks"].head(0))
    assert found["status"].iloc[0] == "blinded"
    assert "impossible pour une part" in found["reason"].iloc[0]
    assert not (found["status"].iloc[1:] == "blinded").any()
