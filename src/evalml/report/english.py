"""The French words of a run in English, when a note or an explorer is written.

A run writes its words once, in French. Those of the package are known: names by a list, sentences
by patterns whose figures are copied. What is not known stays as it is, but for the sentence of a
check, which is then told by its figure and its limit.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from evalml.report.typography import MONTHS, NBSP, typeset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.report.results import Frames

Pattern = tuple[re.Pattern[str], str]

UNITS = {"mois": "months", "jour": "days", "jours": "days", "point": "points", "dollar": "dollars",
         "euro": "euros", "points": "points", "dollars": "dollars", "euros": "euros"}  # fmt: skip

PERIOD = re.compile(r"(?:entrées de )?[^\W\d]+(?: \d{4})?(?: à [^\W\d]+)? \d{4}")
SENTENCES = re.compile(r"(?<=[.])\s+(?=[«A-ZÀÉÊ0-9])")


def phrase(text: object, lang: str) -> str:
    """Return French words of a run in `lang`; those the package does not know stay as they are."""
    french = typeset(str(text), "fr")
    if lang == "fr" or not french.strip():
        return french
    known = translated(plain_spaces(french))
    return known if known is not None else french


def translated(text: str) -> str | None:
    """Return a French phrase in English, None where some of it is not known."""
    catalogue = english()
    if text in catalogue["words"]:
        return str(catalogue["words"][text])
    sentences = SENTENCES.split(text)
    if len(sentences) > 1 and text.endswith("."):
        told = [translated(each) for each in sentences]
        return None if None in told else " ".join(str(each) for each in told)
    if PERIOD.fullmatch(text):
        return period_words(text, "en")
    for pattern, template in patterns():
        found = pattern.fullmatch(text)
        if found:
            return template.format("", *[part(group) for group in found.groups()])
    for mark, english_mark in ((" ; ", "; "), (" : ", ": "), (", ", ", ")):
        if mark in text and not text.endswith("."):
            parts = text.split(mark)
            told = [translated(each) for each in parts]
            if mark == " : " or any(told):
                names = [known or part(each) for known, each in zip(told, parts, strict=True)]
                return english_mark.join(names)
    return None


def part(text: str) -> str:
    """Return what a star held: a known name, or figures set in the English way."""
    known = translated(text)
    if known is not None:
        return known
    return figures(text)


def figures(text: str) -> str:
    """Return a French text with its figures and units in the English way: `2,096`, `5.0%`."""
    told = re.sub(r"(?<=\d),(?=\d)", ".", text)
    told = re.sub(r"(?<=\d) (?=\d{3}(?!\d))", ",", told)
    told = re.sub(r"(?<=\d) %", "%", told)
    told = re.sub(r"moins de ", "less than ", told)
    words = "|".join(UNITS)
    return re.sub(rf"(?<=\d) ({words})\b", lambda found: f"{NBSP}{UNITS[found[1]]}", told)


def plain_spaces(text: str) -> str:
    """Return a text with ordinary spaces, to be compared."""
    return re.sub(r"[\u00a0\u202f ]+", " ", text).replace("-\u2060", "-").strip()


@cache
def english() -> dict[str, Any]:
    """Return the catalogue of English words."""
    text = files("evalml.report").joinpath("templates/english.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@cache
def patterns() -> tuple[Pattern, ...]:
    """Return the patterns of French sentences with their English, the longest first."""
    pairs = sorted(english()["patterns"], key=lambda pair: -len(pair[0].replace("*", "")))
    return tuple((compiled(french), template) for french, template in pairs)


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern with stars as an expression."""
    return re.compile("(.+?)".join(re.escape(each) for each in plain_spaces(pattern).split("*")))


def period_words(period: str, lang: str) -> str:
    """Return the months of a period in `lang`: `January 2024 to December 2024`."""
    if lang == "fr":
        return period
    told = re.sub(r"^entrées de ", "entries of ", period.replace(" à ", " to "))
    for french, name in zip(MONTHS["fr"], MONTHS["en"], strict=True):
        told = re.sub(rf"\b{french}\b", name, told)
    return told


TEXTS = {
    "protocol": ("label", "text"),
    "flow": ("label",),
    "balance": ("label",),
    "observation": ("label",),
    "indicators": ("label",),
    "secondary": ("title",),
    "costs": ("label", "remark"),
    "power": ("label",),
    "published": ("source", "measured", "published", "ours", "alike", "differs", "read_in"),
}
"""Columns of French words that a reader sees, by table."""


def in_language(frames: Mapping[str, pd.DataFrame], lang: str) -> Frames:
    """Return the tables with the words that a reader sees in `lang`."""
    told = dict(frames)
    if lang == "fr":
        return told
    for name, columns in TEXTS.items():
        frame = told.get(name)
        if frame is not None and len(frame):
            words = {c: [phrase(text, lang) for text in frame[c]] for c in columns if c in frame}
            told[name] = frame.assign(**words)
    return told


def meta_words(meta: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Return what a study says of itself with its title, period and territory in `lang`."""
    told = dict(meta)
    if lang == "fr":
        return told
    told["period_label"] = period_words(str(meta.get("period_label") or ""), lang)
    told["territory_label"] = phrase(meta.get("territory_label") or "", lang)
    told["title"] = (meta.get("titles") or {}).get(lang) or meta["title"]
    told["labels"] = {key: phrase(label, lang) for key, label in (meta.get("labels") or {}).items()}
    if meta.get("benchmark"):
        bench = dict(meta["benchmark"])
        told["benchmark"] = {**bench, "label": phrase(bench.get("label", ""), lang)}
    return told
