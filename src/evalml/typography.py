"""How figures and sentences are set: French (or English) numbers, spaces and signs."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass

NBSP = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
ABSENT = "\N{EN DASH}"
PLURAL_FROM = 2
"""Where the French plural starts."""
SMALLEST_P = 0.001


@dataclass(frozen=True, slots=True)
class Unit:
    """How the numbers of a unit are shown.

    Attributes:
        scale: What the number is multiplied by.
        effect_digits: Decimals of an effect.
        level_digits: Decimals of a level.
        one: Its name in French when the number is below two, and its plural.
        many: Plural.
        level: What follows a level.
        english: Its name in English for an effect, and for a level.
    """

    scale: float
    effect_digits: int
    level_digits: int
    one: str
    many: str
    level: str
    english: tuple[str, str]


UNITS = {
    "proportion": Unit(100, 1, 1, "point", "points", "%", ("points", "%")),
    "months": Unit(1, 1, 1, "mois", "mois", "mois", ("months", "months")),
    "years": Unit(1, 0, 0, "an", "ans", "ans", ("years", "years")),
    "days": Unit(1, 0, 0, "jour", "jours", "jours", ("days", "days")),
    "acts": Unit(1, 1, 1, "acte", "actes", "actes", ("acts", "acts")),
    "hours": Unit(1, 0, 0, "heure", "heures", "heures", ("hours", "hours")),
    "dollars": Unit(1, 0, 0, "dollar", "dollars", "dollars", ("dollars", "dollars")),
    "euros": Unit(1, 0, 0, "euro", "euros", "euros", ("euros", "euros")),
    "ratio": Unit(1, 2, 2, "", "", "", ("", "")),
    "count": Unit(1, 0, 0, "", "", "", ("", "")),
}


def unit_of(name: str) -> Unit:
    """Return how `name` is shown; an unknown unit is written after the number, as it is."""
    return UNITS.get(name, Unit(1, 2, 2, name, name, name, (name, name)))


def number(value: float | None, digits: int = 0, lang: str = "fr", *, sign: bool = False) -> str:
    """Return a number as a reader of `lang` writes it: `1 794,3`, `−0,5`, `+4,2`, or a dash.

    Args:
        value: The number; None or NaN gives a dash.
        digits: Decimals.
        lang: `fr` or `en`.
        sign: Whether a positive number carries its sign.
    """
    if value is None or not math.isfinite(value):
        return ABSENT
    rounded = round(float(value), digits) + 0.0
    text = f"{abs(rounded):,.{digits}f}"
    if lang == "fr":
        text = text.replace(",", NARROW).replace(".", ",")
    before = MINUS if rounded < 0 else "+" if sign and rounded > 0 else ""
    return before + text


def percent(share: float | None, digits: int = 1, lang: str = "fr", *, sign: bool = False) -> str:
    """Return a share as a percentage: `12,5 %`, `12.5%`."""
    text = number(None if share is None else 100 * share, digits, lang, sign=sign)
    return f"{text}{NBSP}%" if lang == "fr" else f"{text}%"


def p_number(p: float, lang: str = "fr") -> str:
    """Return the number of a p-value: `0,03`, or `moins de 0,001`."""
    if p < SMALLEST_P:
        below = "moins de" if lang == "fr" else "less than"
        return f"{below}{NBSP}{number(SMALLEST_P, 3, lang)}"
    return number(p, 3 if p < 0.1 else 2, lang)  # noqa: PLR2004


def effect_number(
    value: float | None,
    unit: str,
    lang: str = "fr",
    *,
    sign: bool = True,
    digits: int | None = None,
) -> str:
    """Return an effect in the scale of its unit, without the name of the unit.

    Args:
        value: The effect; None or NaN gives a dash.
        unit: Its unit.
        lang: `fr` or `en`.
        sign: Whether a positive effect carries its sign.
        digits: Decimals; those of the unit where None.
    """
    shown = unit_of(unit)
    scaled = None if value is None else value * shown.scale
    places = shown.effect_digits if digits is None else digits
    return number(scaled, places, lang, sign=sign)


def effect_text(value: float, unit: str, lang: str = "fr") -> str:
    """Return an effect with its unit: `+4,2 points`, `+1,5 point`, `−0,3 mois`."""
    return join_unit(effect_number(value, unit, lang), unit_name(value, unit, lang))


def unit_name(value: float, unit: str, lang: str = "fr", digits: int | None = None) -> str:
    """Return the name of the unit after the effect `value`, singular or plural.

    In French two starts the plural; in English everything takes it but one whole unit.
    """
    shown = unit_of(unit)
    places = shown.effect_digits if digits is None else digits
    rounded = abs(round(value * shown.scale, places)) if math.isfinite(value) else math.inf
    if lang == "en":
        return (
            shown.english[0].removesuffix("s") if (rounded, places) == (1, 0) else shown.english[0]
        )
    return shown.one if rounded < PLURAL_FROM else shown.many


def interval_text(
    low: float,
    high: float,
    unit: str,
    lang: str = "fr",
    *,
    digits: int | None = None,
    bounds: bool = False,
) -> str:
    """Return an interval with its unit: `de +2,1 à +6,3 points`, or `entre +2,1 et +6,3 points`.

    Args:
        low: Lower end.
        high: Upper end.
        unit: Its unit.
        lang: `fr` or `en`.
        digits: Decimals; those of the unit where None.
        bounds: Whether it is told as bounds.
    """
    first, second = BETWEEN[lang, bounds]
    name = unit_name(max(abs(low), abs(high)), unit, lang, digits)
    ends = [effect_number(end, unit, lang, digits=digits) for end in (low, high)]
    return join_unit(f"{first}{NBSP}{ends[0]} {second}{NBSP}{ends[1]}", name)


BETWEEN = {
    ("fr", False): ("de", "à"),
    ("fr", True): ("entre", "et"),
    ("en", False): ("from", "to"),
    ("en", True): ("between", "and"),
}


def level_text(value: float | None, unit: str, lang: str = "fr") -> str:
    """Return a level with its unit: `42,3 %`, `5,1 mois`, or a dash."""
    shown = unit_of(unit)
    text = number(None if value is None else value * shown.scale, shown.level_digits, lang)
    name = shown.level if lang == "fr" else shown.english[1]
    if text == ABSENT:
        return text
    return text + name if (lang == "en" and name == "%") else join_unit(text, name)


def join_unit(text: str, name: str) -> str:
    """Return the number and its unit held together."""
    return f"{text}{NBSP}{name}" if name else text


def count_text(value: float | None, lang: str = "fr", *, hidden: str = ABSENT) -> str:
    """Return a count, or `hidden` where it was suppressed."""
    text = number(value, 0, lang)
    return hidden if text == ABSENT else text


MONTHS = {
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
        "octobre", "novembre", "décembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ),
}  # fmt: skip


def month_text(day: dt.date, lang: str = "fr") -> str:
    """Return the month of a day in words: `mars 2026`."""
    return f"{MONTHS[lang][day.month - 1]}{NBSP}{day.year}"


def month_words(month: str, lang: str = "fr") -> str:
    """Return a month such as `2024-03` in words: `mars 2024`."""
    year, _, number_ = month.partition("-")
    return f"{MONTHS[lang][int(number_) - 1]}{NBSP}{year}"


def date_text(day: str, lang: str = "fr") -> str:
    """Return an ISO day in words (`31 mars 2026`, `1er mars 2026`), another text as it is."""
    try:
        date = dt.date.fromisoformat(day[:10])
    except ValueError:
        return day
    first = "1er" if lang == "fr" and date.day == 1 else str(date.day)
    return f"{first}{NBSP}{month_text(date, lang)}"


HOLD = (
    (re.compile(r"(?<=«)[ \u00a0\u202f]*(?=\S)"), NBSP),
    (re.compile(r"(?<=\S)[ \u00a0\u202f]*(?=»)"), NBSP),
    (re.compile(r"(?<=\S)[ \u00a0](?=[;!?](?:\s|$|\)))"), NARROW),
    (re.compile(r"(?<=\S)[ \u00a0](?=:(?:\s|$))"), NBSP),
    (re.compile(r"(?<=[\d,.])[ ](?=%)"), NBSP),
    (re.compile(r"(?<=\d)[ ](?=\d{3}(?:\D|$))"), NARROW),
    (
        re.compile(
            r"(?<=\d)[ ](?=(?:ans?|mois|jours?|points?|euros?|dollars?|personnes|jeunes)\b)"
        ),
        NBSP,
    ),
    (re.compile(r"(?<=\b[nN]°)[ ](?=\S)"), NBSP),
    (re.compile(r"(?<=\bp\.)[ ](?=\d)"), NBSP),
    (re.compile(r"(?<=\bn)[ ]=[ ](?=\d)"), f"{NBSP}={NBSP}"),
)
"""Where a line must not break; none touches a figure."""


def typeset(text: str, lang: str = "fr") -> str:
    """Return a sentence with typographic apostrophes and, in French, its non-breaking spaces.

    Applying it twice gives what applying it once gives.
    """
    text = re.sub(r"(?<=\w)'(?=[\w«])", "’", text)
    if lang != "fr":
        return text
    for pattern, space in HOLD:
        text = pattern.sub(space, text)
    return text


def plain(text: str) -> str:
    """Return `text` with ordinary spaces, minus and apostrophes, to compare what formats show."""
    text = re.sub(r"[\s\u00a0\u202f\u2009]+", " ", text)
    return text.replace(MINUS, "-").replace("’", "'").replace("\u00ad", "")
