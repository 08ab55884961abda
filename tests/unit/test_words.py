"""Typed values in words: agreement, signs, what is hidden, optional pieces; and their round trip."""

from __future__ import annotations

import math

import pytest

from evalml.errors import DataError
from evalml.typography import plain
from evalml.values import (
    Count,
    Counts,
    Estimate,
    Hidden,
    Interval,
    Message,
    Month,
    Name,
    Names,
    Number,
    PValue,
    Share,
    messages_text,
    names,
    read_messages,
    read_values,
    values_text,
)
from evalml.words import fill, name_label, question, question_again, render

YOUTHS = "{n:aucun jeune|jeune|jeunes} {n:=est|sont} là"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Count(0), "Aucun jeune est là"),
        (Count(1), "1 jeune est là"),
        (Count(2), "2 jeunes sont là"),
        (Count(2490), "2 490 jeunes sont là"),
        (Hidden("count"), "Un petit nombre de jeunes sont là"),
        (Number(1.5, 1), "1,5 jeune est là"),
    ],
)
def test_a_count_and_what_goes_with_it_agree(value, said):
    assert plain(fill(YOUTHS, {"n": value}, "fr")) == said


def test_english_takes_the_plural_but_for_one():
    said = [fill("{n:youth|youths} {n:=is|are}", {"n": Count(n)}, "en") for n in (0, 1, 2)]
    assert [plain(each) for each in said] == ["0 youths are", "1 youth is", "2 youths are"]


def test_a_hidden_count_elides_before_a_vowel_and_a_hidden_value_is_no_number():
    assert plain(fill("{n:entrant|entrants}", {"n": Hidden("count")}, "fr")) == (
        "Un petit nombre d'entrants"
    )
    assert fill("soit {x}", {"x": Hidden("estimate")}, "fr") == "soit non diffusé"
    known = fill("connu pour {x} des jeunes", {"x": Hidden("share")}, "fr")
    assert known == "connu pour une part non diffusée des jeunes"


@pytest.mark.parametrize(
    ("template", "value", "french", "english"),
    [
        ("{x}", Estimate(0.015, "proportion"), "1,5 point", "1.5 points"),
        ("{x:+}", Estimate(0.042, "proportion"), "+4,2 points", "+4.2 points"),
        ("{x}", Estimate(-3.0, "days"), "-3 jours", "-3 days"),
        ("{x}", Interval(-0.01, 0.045, "proportion"), "de -1,0 à +4,5 points", "from -1.0 to +4.5 points"),
        ("{x:between}", Interval(-0.01, 0.045, "proportion"), "entre -1,0 et +4,5 points", "between -1.0 and +4.5 points"),
        ("{x}", Share(3, 8, 0.375), "37,5 %", "37.5%"),
        ("{x}", PValue(0.00001), "p < 0,001", "p < 0.001"),
        ("{x}", PValue(0.034), "p = 0,034", "p = 0.034"),
        ("{x:number}", PValue(0.2), "0,20", "0.20"),
        ("{x}", Number(0.05, 1, "points"), "5,0 points", "5.0 points"),
        ("{x}", Number(0.8, 0, "percent"), "80 %", "80%"),
        ("{x}", Month("2024-03"), "mars 2024", "March 2024"),
        ("{x}", Name("outcome", "emploi_m12"), "« En emploi à 12 mois »", "“In employment at 12 months”"),
        ("{x:bare}", Name("covariate", "niveau_diplome=BAC"), "Diplôme : Baccalauréat", "Diploma: Baccalauréat"),
        ("{x:bare}", Name("covariate", "sexe=F"), "Sexe : Femme", "Sex: Woman"),
        ("{x:bare}", Name("level", "sexe=F"), "Femmes", "Women"),
        ("{x}", Counts(((Name("text", "a"), Count(12)),)), "« a » (12)", "“a” (12)"),
    ],
)  # fmt: skip
def test_a_value_is_shown_as_its_type_and_the_language_ask(template, value, french, english):
    assert plain(fill(template, {"x": value}, "fr")) == french
    assert plain(fill(template, {"x": value}, "en")) == english


def test_a_list_names_three_and_counts_the_others():
    five = names("text", "abcde")
    assert plain(fill("{x}", {"x": five}, "fr")) == "« a », « b », « c » et 2 autres"
    assert plain(fill("{x}", {"x": five}, "en")) == "“a”, “b”, “c” and 2 others"
    assert fill("{x:bare/ ; }", {"x": five}, "fr") == "a ; b ; c ; d ; e"


def test_a_piece_goes_with_its_value_and_the_first_must_have_its_own():
    pieces = ["{a}", ", soit {b}", "."]
    assert fill(pieces, {"a": Number(1)}, "fr") == "1."
    assert fill(pieces, {"a": Number(1), "b": Number(2)}, "fr") == "1, soit 2."
    with pytest.raises(DataError, match="needs"):
        fill(pieces, {"b": Number(2)}, "fr")


def test_a_label_of_the_study_wins_in_its_own_language():
    name = Name("outcome", "emploi")
    assert name_label(name, "fr", {"emploi": "Salarié"}) == "Salarié"
    assert name_label(name, "en", {"emploi": "Salarié"}) == "In employment"
    assert name_label(Name("outcome", "autre"), "en", {"autre": "Autre"}) == "Autre"


def test_the_question_of_a_silent_check_is_asked_in_both_languages():
    asked = question("balance", "openings.alike", "fr")
    assert question_again("balance", asked, "en") == question("balance", "openings.alike", "en")
    assert question_again("balance", "Autre ?", "en") == "Autre ?"


def test_an_unknown_message_or_value_is_refused():
    with pytest.raises(DataError, match="no message"):
        render(Message("nothing.here"), "fr")
    with pytest.raises(DataError, match="not known"):
        read_values('{"x": {"is": "riddle"}}')


def test_values_and_messages_come_back_from_one_line():
    values = {
        "a": Count(3, 10), "b": Share(None, None, 0.1234567890123), "c": Estimate(math.nan, "days"),
        "d": Interval(0.0, 1.0, "months", 40, 1), "e": PValue(0.2), "f": Number(5, 0, "percent"),
        "g": Names((Name("text", "x"),)), "h": Counts(((Name("text", "x"), Hidden("count")),)),
        "i": Month("2024-03"), "j": Hidden("share"),
    }  # fmt: skip
    back = read_values(values_text(values))
    assert math.isnan(back["c"].value)
    assert back["b"].value == 0.123456789
    rest = {k: v for k, v in values.items() if k not in "bc"}
    assert {k: v for k, v in back.items() if k not in "bc"} == rest
    assert read_messages(messages_text([Message("a.b", rest)])) == (Message("a.b", rest),)
    assert read_messages("") == ()
