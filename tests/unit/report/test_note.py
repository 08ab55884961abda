"""The note says the same in three formats, hides what is blinded, and is the same bytes twice."""

from __future__ import annotations

import hashlib
import re
import zipfile

import docx
import pandas as pd
import pypdf
import pytest

from evalml.errors import DataError
from evalml.report import note_figures
from evalml.report.institution import Institution, read_institution
from evalml.report.note import write_note
from evalml.typography import plain

KINDS = ("strong", "null", "blinded", "nsw")


@pytest.fixture(scope="module")
def written(run_of):
    """The four notes, written once: kind -> (folder, files by suffix)."""
    notes = {}
    for kind in KINDS:
        folder, meta = run_of(kind)
        notes[kind] = folder, {path.suffix: path for path in write_note(folder, meta)}
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


@pytest.mark.parametrize("kind", KINDS)
def test_the_three_formats_show_the_same_numbers(written, kind):
    _folder, files = written[kind]
    numbers = numbers_of_note(files[".md"].read_text(encoding="utf-8"))
    assert len(numbers) > 5
    for suffix, read in READERS.items():
        shown = squeeze(read(files[suffix]))
        missing = {number for number in numbers if squeeze(number) not in shown}
        assert not missing, (suffix, missing)


def test_the_answer_comes_first_with_its_interval_and_its_certainty(written):
    for suffix, read in READERS.items():
        text = squeeze(read(written["strong"][1][suffix]))
        first = text.index(squeeze("l'effet estimé est de +7,2 points"))
        assert squeeze("de +4,7 à +9,8 points") in text
        assert squeeze("Certitude : moyenne") in text
        assert first < text.index(squeeze("Le protocole"))


def test_a_null_result_says_so_without_claiming_the_absence_of_an_effect(written):
    text = text_of_html(written["null"][1][".html"])
    assert "aucun effet n'est mis en évidence" in text
    assert "reste compatible avec les données" in text


FORBIDDEN = ("+6,1", "+3,6", "+8,7", "41,4", "35,2", "6,13", "0,0613")
"""The blinded effect of 6.13 points, its interval and its two means, as they would be printed."""


@pytest.mark.parametrize("suffix", [".md", *READERS])
def test_a_blinded_effect_prints_its_number_nowhere(written, suffix):
    path = written["blinded"][1][suffix]
    text = READERS[suffix](path) if suffix in READERS else plain(path.read_text(encoding="utf-8"))
    found = [number for number in FORBIDDEN if number in text]
    assert not found
    assert "l'effet n'est pas montré" in text or "l'effetn'estpasmontré" in squeeze(text)


def test_the_forbidden_numbers_are_those_the_note_would_have_printed(run_of, tmp_path):
    folder, meta = run_of("blinded")
    effects = pd.read_csv(folder / "results" / "effects.csv")
    opened = effects.assign(status="shown", reason="")
    opened.to_csv(folder / "results" / "effects.csv", index=False)
    source = write_note(folder, meta, formats=(), out=tmp_path)[0]
    text = plain(source.read_text(encoding="utf-8"))
    assert all(number in text for number in FORBIDDEN[:5])


def test_a_blinded_note_draws_one_arm_only_and_silences_the_sensitivity_of_the_effect(written):
    text = text_of_html(written["blinded"][1][".html"])
    assert "La courbe du groupe de comparaison est masquée" in text
    assert "Non montré tant que l'effet est masqué" in text
    assert "1,62" not in text


def test_a_synthetic_extract_is_stamped_on_every_page(written):
    reader = pypdf.PdfReader(str(written["strong"][1][".pdf"]))
    assert all("DONNÉES SYNTHÉTIQUES" in page.extract_text() for page in reader.pages)
    assert "DONNÉES SYNTHÉTIQUES" in text_of_docx(written["strong"][1][".docx"])
    assert 'class="running-stamp">Données synthétiques' in written["strong"][1][".html"].read_text()


def test_real_data_are_not_stamped(written):
    for suffix, read in READERS.items():
        assert "synthétique" not in read(written["nsw"][1][suffix]).lower()


def test_the_experiment_is_the_benchmark_of_a_cross_section(written):
    text = text_of_html(written["nsw"][1][".html"])
    assert "qui sert de repère : +1 794 dollars" in text
    assert "L'estimation s'en écarte de -240 dollars" in text


def test_the_pdf_is_tagged_titled_and_in_french(written):
    reader = pypdf.PdfReader(str(written["strong"][1][".pdf"]))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("fr")
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
    assert len(reader.pages) <= 5


def test_every_picture_has_an_alternative_text_in_each_format(written):
    _folder, files = written["strong"]
    html = files[".html"].read_text(encoding="utf-8")
    assert all(
        len(alt) > 40 for alt in re.findall(r'<img[^>]*?alt="([^"]*)"', html, flags=re.DOTALL)
    )
    xml = zipfile.ZipFile(files[".docx"]).read("word/document.xml").decode()
    told = re.findall(r'<wp:docPr[^>]*descr="([^"]*)"', xml)
    assert len(told) == 5
    assert all(len(alt) > 40 for alt in told)


def test_the_word_tables_are_native_with_a_header_row(written):
    document = docx.Document(str(written["strong"][1][".docx"]))
    assert len(document.tables) >= 5
    assert all("w:tblHeader" in table.rows[0]._tr.xml for table in document.tables)
    assert all("w:tblBorders" in table._tbl.tblPr.xml for table in document.tables)
    assert document.sections[0].page_width.cm == pytest.approx(21, abs=0.01)


def test_the_html_page_asks_nothing_of_the_network(written):
    html = written["strong"][1][".html"].read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', html)
    assert '<html lang="fr">' in html
    assert html.count("<h1>") == 1
    assert "<p><p>" not in html


def test_the_same_results_give_the_same_bytes(written, run_of, monkeypatch):
    folder, meta = run_of("strong")
    monkeypatch.setattr(note_figures, "_LAST", {})  # drawn anew, not the figures kept
    again = {path.suffix: path for path in write_note(folder, meta)}
    for suffix, path in again.items():
        first = written["strong"][1][suffix]
        assert digest(path) == digest(first), suffix
    for picture in sorted((folder / "figures").iterdir()):
        assert digest(picture) == digest(written["strong"][0] / "figures" / picture.name)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_note_is_written_again_from_the_run_folder_alone(written):
    folder, files = written["null"]
    before = digest(files[".md"])
    assert digest(write_note(folder, formats=())[0]) == before


def test_the_note_exists_in_english_with_english_numbers(written):
    folder, _files = written["strong"]
    source, html = write_note(folder, lang="en", formats=("html",))
    assert source.name == "note_en.md"
    text = text_of_html(html)
    assert "the estimated effect is +7.2 points" in text
    assert "Synthetic data" in text


def test_an_unknown_language_is_refused(run_of):
    folder, meta = run_of("null")
    with pytest.raises(DataError, match=r"did you mean|valid"):
        write_note(folder, meta, lang="frr")


def test_a_run_without_results_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no meta.json|no results folder"):
        write_note(tmp_path)


def test_what_the_design_cannot_show_comes_from_the_checks(written):
    text = text_of_html(written["blinded"][1][".html"])
    part = text[text.index("Ce que ce protocole ne peut pas montrer") : text.index("Sources")]
    assert "12,7 points d'écart" in part
    assert "Le témoin négatif « BAFA obtenu avant » ne peut être jugé" in part
    assert "déclarées à un conseiller" in part


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
    for path in files[1:]:
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
    files = write_note(folder, hostile, institution=Institution(name="A & B"))
    for path in files[1:]:
        text = READERS[path.suffix](path)
        assert "*du* $CEJ$" in text
    assert "<script" not in files[1].read_text(encoding="utf-8")


def test_the_headline_is_about_the_question_of_the_study_only(run_of, tmp_path):
    from evalml.report.note import read_note
    from evalml.report.note_text import horizons_sentence
    from evalml.report.verdict import primary_effect

    folder, meta = run_of("strong")
    note = read_note(folder / "results", meta, "fr", 11)
    other = note.frames["effects"].assign(estimand="att_never", estimate=0.5, ci_low=0.4)
    note.frames["effects"] = pd.concat([other, note.frames["effects"]], ignore_index=True)
    effect = primary_effect(note.frames["effects"], note.primary)
    assert effect["estimand"] == "att"
    assert "50,0" not in horizons_sentence(note, effect)
