"""An English note is whole: no French word in it but names, whatever the study."""

from __future__ import annotations

import re

import pytest

from evalml.report.note import write_note
from evalml.typography import plain

FRENCH = re.compile(
    r"\b(?:le|la|les|des|du|de|une|est|sont|pour|avec|dans|sans|groupes?|effet|seuil|jeunes|soit|chez|"
    r"aucune?|été|ont|puissance|écart|résultat|mois|personnes|bénéficiaires|janvier|masqué|et|ou|où)\b",
    re.IGNORECASE,
)
NAMES = re.compile(
    r"Contrat d['’]engagement jeune|missions? locales?|Garantie jeunes|Hauts-de-France|États-Unis|"
    r"parrainage|Île-de-France",
    re.IGNORECASE,
)
"""Names of programmes, institutions and places: French in any language."""


def french_of(text):
    """Return the lines of a note that hold a French word, code and file names left out."""
    text = re.sub(r"```.*?```|\(figures/[^)]*\)|`[^`]*`", "", text, flags=re.DOTALL)
    return [line for line in text.splitlines() if FRENCH.search(NAMES.sub("", line))]


@pytest.mark.parametrize("kind", ["strong", "null", "blinded", "nsw"])
def test_an_english_note_holds_no_french_word(run_of, tmp_path, kind):
    folder, meta = run_of(kind)
    sources = write_note(folder, meta, lang="en", formats=(), out=tmp_path)
    text = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    assert not french_of(text), french_of(text)[:5]
    assert "{" not in re.sub(r"\{(?:alt|\.|#c-)[^}]*\}", "", text)
    drawn = "".join(p.read_text(encoding="utf-8") for p in (tmp_path / "figures").glob("*.svg"))
    said = re.findall(r"<text[^>]*>(.*?)</text>", drawn)
    assert said
    assert not [each for each in said if FRENCH.search(NAMES.sub("", each))]


def test_the_search_for_french_finds_it(run_of, tmp_path):
    folder, meta = run_of("blinded")
    sources = write_note(folder, meta, lang="fr", formats=(), out=tmp_path)
    assert all(len(french_of(source.read_text(encoding="utf-8"))) > 20 for source in sources)


def test_both_languages_hold_the_same_figures(run_of, tmp_path):
    folder, meta = run_of("strong")
    texts = {
        lang: plain("".join(p.read_text("utf-8") for p in write_note(folder, meta, lang=lang, formats=(), out=tmp_path)))
        for lang in ("fr", "en")
    }  # fmt: skip
    french = re.findall(r"\d+(?: \d{3})*(?:,\d+)?", texts["fr"])
    english = re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", texts["en"])
    alike = [each.replace(" ", "").replace(",", ".") for each in french]
    assert sorted(set(alike)) == sorted({each.replace(",", "") for each in english})
