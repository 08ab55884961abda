"""An English note holds no French sentence: those of a run are known, or told by their figure."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from tests_root import ROOT

from evalml.published.evaluations import published_effects
from evalml.report.english import (
    check_words,
    english,
    figures,
    in_language,
    patterns,
    period_words,
    phrase,
    plain_spaces,
    translated,
)
from evalml.report.note import write_note
from evalml.report.results import rows_of
from evalml.report.typography import typeset

FRENCH = re.compile(
    r"\b(?:le|la|les|des|du|une|est|sont|pour|avec|dans|groupes?|effet|seuil|jeunes|soit|chez)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    ("french", "told"),
    [
        ("Premier jour de chaque mois d'entrée", "First day of each month of entry"),
        ("Sexe : Homme", "Sex: Man"),
        ("En emploi à 12 mois, estimation doublement robuste (AIPW)",
         "In employment at 12 months, doubly robust estimation (AIPW)"),
        ("Âgé de 16 à 25 ans révolus (29 ans si RQTH)", "Aged 16 to 25 (29 if RQTH)"),
        (("Une fois pondéré, le groupe de comparaison de 54 258 personnes en vaut 26 660 "
         "(minimum : 100) : l'effet ne repose pas sur quelques personnes."),
         ("Once weighted, the comparison group of 54,258 persons is worth 26,660 (minimum: 100): "
         "the effect does not rest on a few persons.")),
        (("« En emploi » est connu pour 96,3 % des bénéficiaires et 76,3 % du groupe de "
         "comparaison, soit 20,1 points d'écart (seuil : 5,0 points) : une différence de "
         "résultat peut venir de là."),
         ("“In employment” is known for 96.3% of the participants and 76.3% of the comparison "
         "group, a gap of 20.1 points (limit: 5.0 points): a difference in outcome may come from "
         "there.")),
        ("janvier 2024 à décembre 2024", "January 2024 to December 2024"),
    ],
)  # fmt: skip
def test_words_of_the_package_are_told_in_english(french, told):
    assert phrase(french, "en").replace("\u00a0", " ") == told


def test_words_nobody_knows_stay_as_they_are():
    assert phrase("Le chat dort.", "en") == "Le chat dort."


def test_french_stays_french():
    assert phrase("Sexe : Homme", "fr") == "Sexe\u00a0: Homme"


def test_the_effects_in_print_are_told_in_english():
    for one in published_effects("GJ"):
        for words in (one.source, one.measured, one.value, one.alike, one.differs, one.read_in):
            assert translated(plain_spaces(typeset(words, "fr"))) is not None, words
    ours = typeset("+12,1 points (de −11,2 à +35,4 points) : en emploi à 12 mois, Wald-DiD", "fr")
    assert plain_spaces(phrase(ours, "en")) == (
        "+12.1 points (−11.2 to +35.4 points): in employment at 12 months, Wald-DiD"
    )


def test_figures_are_set_in_the_english_way():
    assert figures("2 096 sur 3,5 % et +7,2 points").replace("\u00a0", " ") == (
        "2,096 sur 3.5% et +7.2 points"
    )


def test_a_period_is_told_in_english():
    assert period_words("entrées de janvier à décembre 2024", "en") == (
        "entries of January to December 2024"
    )


def test_a_check_whose_sentence_is_unknown_is_told_by_its_figure_and_its_limit():
    check = pd.Series({"check": "leave_one_out", "question": "Q ?", "sentence": "Phrase inconnue.",
                       "value": 0.0338, "threshold": 0.5})  # fmt: skip
    assert check_words(check, "en") == (
        "Does the effect hold without one or other mission locale?",
        "Figure found: 0.034 (limit: 0.500).",
    )


def test_every_check_of_the_package_has_an_english_question():
    named = set()
    for path in (ROOT / "src" / "evalml" / "checks").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r'Check\(\s*"([a-z_]+)"', text))
        named |= set(re.findall(r'\bname(?:, question)? = "([a-z_]+)"', text))
    assert len(named) > 20
    assert not named - set(english()["questions"])


def test_every_pattern_copies_as_many_figures_as_its_english_asks():
    for expression, template in patterns():
        asked = {int(place) for place in re.findall(r"\{(\d+)\}", template)}
        assert max(asked, default=0) <= expression.groups, template
        assert not FRENCH.search(template.replace("missions locales", "")), template


def test_an_english_note_holds_no_french_sentence(run_of, tmp_path):
    folder, meta = run_of("blinded")
    told = {**meta, "titles": {"en": "Effect of the CEJ on employment"}, "programme": "CEJ"}
    source = write_note(folder, told, lang="en", formats=(), out=tmp_path)[0]
    text = re.sub(r"```.*?```", "", source.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = text.replace("Contrat d’engagement jeune", "").replace("mission locale", "")
    protocol = text[text.index("The protocol") : text.index("What we did")]
    french = [line for line in text.replace(protocol, "").splitlines() if FRENCH.search(line)]
    flow = [line for line in french if "leaves out most" in line or "left out" in line]
    assert not set(french) - set(flow)  # The invented rules of this fixture are not the package's.


def test_the_reason_of_a_blinded_effect_is_told_in_english_too(frames_of):
    told = in_language(frames_of("blinded"), "en")
    reasons = set(told["effects"]["reason"])
    assert reasons == {"Figure found: 0.127 (limit: 0.050)."}
    assert not [c for c in rows_of(told["checks"]) if FRENCH.search(f"{c.question} {c.sentence}")]
