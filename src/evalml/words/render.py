"""Fill a template with typed values, each shown as its type and the language ask.

A placeholder may say how: `{gap:+}` with its sign, `{range:between}` as bounds,
`{n:youth|youths}` with a noun that agrees, `{n:=is|are}` for the agreement alone. With three forms
the first is the one for none: `{n:no youth|youth|youths}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Any

from evalml.errors import DataError
from evalml.typography import (
    BETWEEN,
    NBSP,
    PLURAL_FROM,
    effect_number,
    interval_text,
    join_unit,
    month_words,
    number,
    p_number,
    percent,
    unit_name,
    unit_of,
)
from evalml.values import (
    CellValue,
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
    without_cell,
)
from evalml.words.catalogue import (
    catalogue,
    check_entry,
    finding_template,
    message_template,
    name_label,
    plain_phrase,
    template,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from evalml.values import Value, Values
    from evalml.words.catalogue import Template

NAMED = 3
"""How many names a sentence lists before it counts the others."""
ZERO_FORMS = 3


MARKS = ("\ue000", "\ue001", "\ue002")
"""What stands before the place of a cell, between it and its number, and after: private letters."""


@dataclass(frozen=True, slots=True)
class TemplateValue:
    """A value as a template shows it: its format says which of its forms.

    Attributes:
        value: The value.
        lang: `fr` or `en`.
        labels: Labels of the study, which win over those of the package in its own language.
    """

    value: Value
    lang: str
    labels: Mapping[str, str]

    def __format__(self, form: str) -> str:
        """Return the value in words; one read in a cell between marks that name it."""
        if isinstance(self.value, CellValue):
            cell = self.value
            place = f"{cell.table}:{cell.row}:{','.join(cell.columns)}"
            text = format(TemplateValue(cell.value, self.lang, self.labels), form)
            return f"{MARKS[0]}{place}{MARKS[1]}{text}{MARKS[2]}"
        if "|" in form:
            return noun_text(self.value, form, self.lang)
        return str(SHOW[type(self.value)](self.value, form, self))


def noun_text(value: Any, form: str, lang: str) -> str:
    """Return a count and its noun, or the word alone that agrees with it."""
    forms = form.removeprefix("=").split("|")
    many = forms[-1]
    if isinstance(value, Hidden):
        if form.startswith("="):
            return many
        few = plain_phrase("hidden", "few", lang)
        elided = lang == "fr" and many[:1].lower() in "aeiouyéèêâîôûh"
        return f"{few[:-2]}’{many}" if elided else f"{few}{many}"
    n = value.n if isinstance(value, Count) else value.value
    one = forms[-2]
    if form.startswith("="):
        return one if singular(n, lang) else many
    if n == 0 and len(forms) == ZERO_FORMS:
        return forms[0]
    digits = value.digits if isinstance(value, Number) else 0
    return f"{number(n, digits, lang)}{NBSP}{one if singular(n, lang) else many}"


def singular(n: float, lang: str) -> bool:
    """Return whether a noun after `n` is in the singular: below two in French, one in English."""
    return abs(n) < PLURAL_FROM if lang == "fr" else n == 1


def show_count(value: Count, _form: str, shown: TemplateValue) -> str:
    """Return a number of persons."""
    return number(value.n, 0, shown.lang)


def show_share(value: Share, form: str, shown: TemplateValue) -> str:
    """Return a share of persons: `12,5 %`; a change of one, `+3,2 %`, with `+`."""
    return percent(value.value, value.digits, shown.lang, sign=form == "+")


def show_estimate(value: Estimate, form: str, shown: TemplateValue) -> str:
    """Return an effect with its unit, signed with `+`."""
    text = effect_number(value.value, value.unit, shown.lang, sign=form == "+", digits=value.digits)
    return join_unit(text, unit_name(value.value, value.unit, shown.lang, digits=value.digits))


def show_interval(value: Interval, form: str, shown: TemplateValue) -> str:
    """Return an interval, `de +2,1 à +6,3 points`; bounds with `between`, no unit with `bare`."""
    if form == "bare":
        first, second = BETWEEN[shown.lang, False]
        ends = [effect_number(x, value.unit, shown.lang, digits=value.digits)
                for x in (value.low, value.high)]  # fmt: skip
        return f"{first}{NBSP}{ends[0]} {second}{NBSP}{ends[1]}"
    return interval_text(
        value.low,
        value.high,
        value.unit,
        shown.lang,
        digits=value.digits,
        bounds=form == "between",
    )


def show_p_value(value: PValue, form: str, shown: TemplateValue) -> str:
    """Return a p-value, `p = 0,03`; its number alone with `number`."""
    text = p_number(value.value, shown.lang)
    if form == "number":
        return text
    below = value.value < SMALLEST
    return f"p{NBSP}<{NBSP}{number(SMALLEST, 3, shown.lang)}" if below else f"p{NBSP}={NBSP}{text}"


PROPER = {"callaway_santanna", "sun_abraham", "wald_did"}
"""Names of persons, which keep their capital inside a sentence."""

SMALLEST = 0.001
"""Smallest p-value that is written as a number."""


def show_number(value: Number, form: str, shown: TemplateValue) -> str:
    """Return a number that is not about persons, with its unit."""
    if value.unit == "percent":
        return percent(value.value, value.digits, shown.lang)
    if value.unit == "points":
        found = Estimate(value.value, "proportion", digits=value.digits)
        return show_estimate(found, form, shown)
    text = number(value.value, value.digits, shown.lang, sign=form == "+")
    if form == "bare":
        return text
    known = unit_of(value.unit)
    name = known.level if shown.lang == "fr" else known.english[1]
    return join_unit(text, name) if value.unit else text


def show_name(value: Name, form: str, shown: TemplateValue) -> str:
    """Return a label in quotes; bare with `bare`, its first letter small with `inside`."""
    label = name_label(value, shown.lang, shown.labels)
    if form == "inside":
        keeps_capital = value.key in PROPER or label[1:2].isupper()
        return label if keeps_capital else label[:1].lower() + label[1:]
    return label if form == "bare" else quoted(label, shown.lang)


def show_names(value: Names, form: str, shown: TemplateValue) -> str:
    """Return the first names and how many others; all of them, each in a form, with a form.

    A separator may follow, and that before the last: `{outside:inside/, // nor in }`.
    """
    of_each, _, last_form = form.partition("/")
    between, _, last = last_form.partition("//")
    each = [show_name(name, of_each, shown) for name in value.names]
    if not form:
        return listed(each, shown.lang)
    if last and len(each) > 1:
        return last.join([between.join(each[:-1]), each[-1]])
    return (between or ", ").join(each)


def show_counts(value: Counts, _form: str, shown: TemplateValue) -> str:
    """Return names, each with its number of persons in brackets."""
    each = []
    for name, count in value.rows:
        n = SHOW[type(count)](count, "", shown)
        each.append(f"{show_name(name, '', shown)} ({n})")
    return listed(each, shown.lang)


def show_month(value: Month, _form: str, shown: TemplateValue) -> str:
    """Return a month in words."""
    return month_words(value.month, shown.lang)


def show_hidden(value: Hidden, _form: str, shown: TemplateValue) -> str:
    """Return what stands for a value that disclosure took out."""
    kind = value.kind if value.kind in {"count", "share"} else "other"
    return plain_phrase("hidden", kind, shown.lang)


SHOW: dict[type[Any], Any] = {
    Count: show_count,
    Counts: show_counts,
    Share: show_share,
    Estimate: show_estimate,
    Interval: show_interval,
    PValue: show_p_value,
    Number: show_number,
    Name: show_name,
    Names: show_names,
    Month: show_month,
    Hidden: show_hidden,
}


def quoted(label: str, lang: str) -> str:
    """Return a label in the quotation marks of the language."""
    return f"«{NBSP}{label}{NBSP}»" if lang == "fr" else f"“{label}”"


def listed(each: list[str], lang: str) -> str:
    """Return the first of a list, and how many others there are."""
    more = len(each) - NAMED
    first = ", ".join(each[:NAMED])
    if more <= 0 and len(each) > 1:
        return f"{', '.join(each[:-1])} {'et' if lang == 'fr' else 'and'} {each[-1]}"
    if more <= 0:
        return first
    template_ = plain_phrase("hidden", "others", lang)
    return template_.format(first=first, n=TemplateValue(Number(more), lang, {}))


def fill(
    template: Template, values: Values, lang: str, labels: Mapping[str, str] | None = None
) -> str:
    """Return a template with its values in words.

    Args:
        template: The template, or its pieces: one after the first goes when a value of it does.
        values: Values by the name of their placeholder.
        lang: `fr` or `en`.
        labels: Labels of the study.

    Raises:
        DataError: A value that the template asks for is missing.
    """
    shown = {name: TemplateValue(value, lang, labels or {}) for name, value in values.items()}
    pieces = [template] if isinstance(template, str) else template
    kept = [pieces[0], *[p for p in pieces[1:] if placeholders(p) <= values.keys()]]
    missing = placeholders(kept[0]) - values.keys()
    if missing:
        raise DataError(f"the sentence needs {sorted(missing)}, which the check did not give")
    text = "".join(piece.format(**shown) for piece in kept)
    return text[:1].upper() + text[1:] if starts_with_count(kept[0], values) else text


def starts_with_count(template: str, values: Values) -> bool:
    """Return whether a sentence starts with a count and its noun, or with what stands for it."""
    before, name, form, _ = next(iter(Formatter().parse(template)), ("", None, None, None))
    hidden = isinstance(values.get(str(name)), Hidden)
    return not before and name is not None and (hidden or "|" in str(form))


def placeholders(template: Template) -> set[str]:
    """Return the names of the values that a template shows."""
    pieces = [template] if isinstance(template, str) else template
    return {name for piece in pieces for _, name, _, _ in Formatter().parse(piece) if name}


def question(name: str, finding: str, lang: str) -> str:
    """Return what a check asks."""
    return str(template(check_entry(name, finding)["question"], lang))


def question_again(name: str, question: str, lang: str) -> str:
    """Return the question of a check whose finding is silent in `lang`; another one as it is."""
    check = catalogue("checks").get(name, {})
    parts = [check, *(part for key, part in check.items() if key not in {"question", "findings"})]
    for part in parts:
        both = part.get("question", {})
        if question in both.values():
            return str(both[lang])
    return question


def check_sentence(
    name: str, finding: str, values: Values, lang: str, labels: Mapping[str, str] | None = None
) -> str:
    """Return what a check found, in words.

    Args:
        name: Name of the check.
        finding: Key of what was found.
        values: What the sentence is filled with.
        lang: `fr` or `en`.
        labels: Labels of the study.

    Raises:
        DataError: The catalogue has no such check or finding, or a value is missing.
    """
    return fill(finding_template(name, finding, lang), values, lang, labels)


def render(
    message: Message,
    lang: str,
    labels: Mapping[str, str] | None = None,
    *,
    marked: bool = False,
) -> str:
    """Return a message in words.

    Args:
        message: Its key and its values.
        lang: `fr` or `en`.
        labels: Labels of the study.
        marked: Whether values read in a cell stand between the `MARKS` that name it.

    Raises:
        DataError: No catalogue holds its key, or a value is missing.
    """
    values = message.values
    if not marked:
        values = {name: without_cell(value) for name, value in values.items()}
    return fill(message_template(message.key, lang), values, lang, labels)


def render_all(
    messages: Iterable[Message], lang: str, labels: Mapping[str, str] | None = None
) -> str:
    """Return several messages in words, one after the other."""
    return " ".join(render(message, lang, labels) for message in messages)
