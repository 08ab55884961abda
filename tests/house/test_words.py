"""One catalogue of words: both languages, no figure typed, no key unknown or unused, no parsing."""

from __future__ import annotations

import ast
import re
from functools import cache
from string import Formatter

import pytest
from tests_root import ROOT

from evalml.outcomes.controls import CONTROLS
from evalml.registry import KINDS as REGISTERED
from evalml.registry import registry_of
from evalml.report.words import words
from evalml.typography import plain
from evalml.values import KINDS, Count, Name, Number
from evalml.words import render
from evalml.words.catalogue import LANGUAGES, UNDONE, catalogue, known_label

SOURCE = ROOT / "src" / "evalml"
FRENCH = re.compile(
    r"\b(?:le|la|les|des|du|une|est|sont|pour|avec|dans|groupes?|effet|seuil|jeunes|soit|chez|"
    r"aucune?|été|ont|puissance|écart|résultat|mois|personnes|bénéficiaires)\b",
    re.IGNORECASE,
)
PROPER = re.compile(r"Garantie jeunes|Contrat d’engagement jeune|missions? locales?|Puy-de-Dôme")
FIGURES = ("1", "95", "256")
"""Figures that a phrase of the note may hold: from one, the level of intervals, SHA-256."""
FORMS = re.compile(r"\+|bare|inside|between|number|=?[^/|{}]+(?:\|[^/|{}]+)+|(?:inside|bare)?/.+")

MAY_SEARCH_TEXT = {
    "typography.py": "spaces and apostrophes of a phrase, never its words",
    "report/markdown.py": "signs that Markdown would read",
    "report/results.py": "names of passing tables in SQL",
    "report/small_counts.py": "names of columns",
    "report/institution.py": "colours and addresses",
    "report/nested.py": "goes with the register of 0.1",
    "report/explorer/site.py": "places of the page that its parts fill",
    "study/rerun.py": "names of runs and lists given on the command line",
    "study/reading.py": "names of studies",
    "indicators/compute.py": "names of columns",
    "evaluation/examples.py": "dates that a study writes from its time zero",
}
"""Modules above the reading of files that use regular expressions, and on what."""


def leaves(node, place=""):
    """Yield the place, the language and each phrase of a catalogue."""
    if isinstance(node, dict) and set(node) >= set(LANGUAGES):
        for lang in LANGUAGES:
            given = node[lang]
            yield from (
                (place, lang, text) for text in ([given] if isinstance(given, str) else given)
            )
        return
    for key, value in node.items():
        yield from leaves(value, f"{place}.{key}" if place else str(key))


PHRASES = [phrase for name in ("checks", "messages") for phrase in leaves(catalogue(name))]


def fields(text):
    return {(name, form) for _, name, form, _ in Formatter().parse(text) if name}


def entries(node, place=""):
    if isinstance(node, dict) and set(node) & set(LANGUAGES):
        yield place, node
        return
    for key, value in node.items() if isinstance(node, dict) else ():
        yield from entries(value, f"{place}.{key}" if place else str(key))


@pytest.mark.parametrize("name", ["checks", "messages", "names"])
def test_every_entry_is_in_both_languages_with_the_same_values(name):
    for place, node in entries(catalogue(name)):
        assert set(node) == set(LANGUAGES), place
        shape = {
            lang: [
                {key for key, _ in fields(piece)}
                for piece in ([node[lang]] if isinstance(node[lang], str) else node[lang])
            ]
            for lang in LANGUAGES
        }
        assert shape["fr"] == shape["en"], place


def test_no_figure_is_typed_in_a_sentence():
    for place, lang, text in PHRASES:
        bare = "".join(before for before, *_ in Formatter().parse(text))
        assert not re.search(r"[0-9]", bare), (place, lang, text)
    note = [str(leaf) for lang in LANGUAGES for leaf in flat(words(lang)["note"])]
    for text in note:
        found = re.findall(r"\d+", text)
        assert all(figure in FIGURES for figure in found), text


def flat(node):
    if isinstance(node, dict):
        for value in node.values():
            yield from flat(value)
    elif isinstance(node, list):
        for value in node:
            yield from flat(value)
    else:
        yield node


def test_every_form_of_a_placeholder_is_one_that_the_renderer_knows():
    for place, _, text in PHRASES:
        for name, form in fields(text):
            assert not form or FORMS.fullmatch(form), (place, name, form)


def test_no_english_phrase_is_french_and_no_french_one_holds_a_straight_apostrophe():
    every = [*PHRASES, *leaves(catalogue("names"))]
    for place, lang, text in every:
        bare = "".join(before for before, *_ in Formatter().parse(text))
        if lang == "en":
            assert not FRENCH.search(PROPER.sub("", bare)), (place, text)
        assert "'" not in bare, (place, text)


@cache
def constants():
    """Return the literals of the package, and its f-strings as patterns."""
    literals, patterns = set(), []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literals.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(part.value) if isinstance(part, ast.Constant) else "[a-z_.]*"
                    for part in node.values
                ]
                if any(
                    isinstance(part, ast.Constant) and len(part.value) > 1 for part in node.values
                ):
                    patterns.append(re.compile("".join(parts)))
    return literals, patterns


def used(key):
    literals, patterns = constants()
    if key in literals or any(pattern.fullmatch(key) for pattern in patterns):
        return True
    cuts = range(2, len(key) - 1)  # a key made of two literals: `over` + `_all`
    return any(key[:cut] in literals and key[cut:] in literals for cut in cuts)


def test_every_finding_and_every_message_is_used_by_the_code():
    for name, check in catalogue("checks").items():
        assert used(name), name
        for part in (check, *(v for k, v in check.items() if k not in {"question", "findings"})):
            for key in part["findings"]:
                assert used(key), f"{name}.{key}"
    for section, messages in catalogue("messages").items():
        for key in messages if section != UNDONE else ():
            assert used(f"{section}.{key}") or used(key), f"{section}.{key}"


def calls(function):
    """Yield the first literals of each call of a function in the package."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if named and node.func.id == function:
                yield [a.value if isinstance(a, ast.Constant) else None for a in node.args]


def test_every_literal_key_of_the_code_is_in_the_catalogue():
    found = 0
    for name, finding, *_ in (args for args in calls("Check") if len(args) > 1):
        if name is None:
            continue
        assert name in catalogue("checks"), name
        found += 1
        if finding is not None and finding != UNDONE:
            variant, _, key = finding.rpartition(".")
            part = catalogue("checks")[name]
            assert key in (part[variant] if variant else part)["findings"], (name, finding)
    assert found > 20
    for key, *_ in (args for args in calls("Message") if args and args[0]):
        section, _, rest = key.partition(".")
        assert rest in catalogue("messages")[section], key


def test_no_module_reads_a_rendered_sentence_back():
    uses = re.compile(r"^import re$|\bre\.(?:sub|search|match|fullmatch|compile)\(", re.MULTILINE)
    above = ("checks", "report", "words", "study", "cohort", "outcomes", "effect", "comparison",
             "indicators", "areas", "panel", "evaluation")  # fmt: skip
    found = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if path.relative_to(SOURCE).parts[0] in above or path.parent == SOURCE
        if uses.search(path.read_text(encoding="utf-8"))
    }
    assert found <= set(MAY_SEARCH_TEXT), found - set(MAY_SEARCH_TEXT)


def test_what_is_registered_has_its_words_where_it_is_declared_and_nowhere_else():
    names = catalogue("names")
    for kind, registry in ((k, registry_of(k)) for k in REGISTERED):
        assert not set(registry) & set(names.get(kind, ())), f"{kind}: named twice"
        for name, one in registry.items():
            assert plain(known_label(kind, name, "fr", {})) == plain(one.fr), name
            assert plain(known_label(kind, name, "en", {})) == plain(one.en), name
    assert set(names["controls"]) == set(CONTROLS)


def test_every_kind_of_name_has_its_words():
    special = {
        "text",
        "region",
        "departement",
        "outcome",
        "covariate",
        "level",
        "year",
        "secondary",
    }
    kinds = {
        args[0] for function in ("Name", "names") for args in calls(function) if args and args[0]
    }
    assert kinds <= special | set(catalogue("names")) | set(REGISTERED), kinds


def test_a_name_reads_its_section():
    for section in set(catalogue("names")) - {"horizon", "colon"}:
        key = next(iter(catalogue("names")[section]))
        assert known_label(section, key, "en", {}) != ""
    assert len(KINDS) == 9
    from evalml.values import Message

    said = render(
        Message("rules.age", {"lowest": Number(16), "highest": Number(25, 0, "years")}), "en"
    )
    assert said == "Aged 16 to 25\N{NO-BREAK SPACE}years"
    assert Name("text", "x") != Count(1)
