"""The protocol of a study: the target trial, line by line, as keys and values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.study import territory_words
from evalml.values import Message, Month, Name, Names, Number, messages_text, names
from evalml.words import render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from evalml.study import Entries, Study
    from evalml.values import Value, Values

Row = tuple[str, Message]
"""Item of the protocol, and what the study chose."""

OWN = ("territory", "eligibility", "treated", "comparison", "entries")
"""Items that some designs call otherwise."""


def period_words(entries: Entries | None) -> Message | None:
    """Return a period as a message, first and last month included; None where there is none."""
    if entries is None:
        return None
    first, last = (
        Month(f"{day.year:04d}-{day.month:02d}") for day in (entries.first, entries.last)
    )
    key = "periods.month" if first == last else "periods.months"
    return Message(key, {"first": first, "last": last})


def in_french(message: Message | None) -> str:
    """Return a message in French, empty where there is none."""
    return "" if message is None else render(message, "fr")


def period_label(study: Study) -> str:
    """Return the months of entry, such as « janvier 2024 à décembre 2024 »."""
    return in_french(period_words(study.entries))


def protocol_table(study: Study, labels: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return the protocol of the target trial: item, label, text, words.

    Args:
        study: The study.
        labels: Labels of outcomes, in French.
    """
    rows = [("design", Message("said.text", {"text": Name("designs", study.design.name)}))]
    rows += ROWS[study.design.kind](study)
    rows += _measured_rows(study)
    lang, given = study.language, dict(labels or {})
    each = [(item, _heading(item, study), text) for item, text in rows]
    table = [
        (item, render(head, lang), render(text, lang, given), messages_text([head, text]))
        for item, head, text in each
    ]
    return pd.DataFrame(table, columns=["item", "label", "text", "words"])


def _heading(item: str, study: Study) -> Message:
    own = study.design.items if item in OWN else ""
    return Message("said.text", {"text": Name("items", f"{own}{item}")})


def _measured_rows(study: Study) -> list[Row]:
    estimand = study.design.estimates or study.estimand
    primary: Values = {
        "outcome": Name("outcome", _key(study.primary.outcome, study.primary.horizon)),
        "method": Name("methods", study.primary.method),
    }
    rows = [
        ("outcomes", Message("protocol.outcomes", {"outcomes": names("outcome", study.outcomes)})),
        ("estimand", Message(f"protocol.{estimand}")),
        ("methods", Message("protocol.methods", {"methods": names("methods", study.methods)})),
        ("primary", Message("protocol.primary", primary)),
    ]
    if study.secondary:
        titles = names("secondary", study.secondary)
        rows.append(("secondary", Message("protocol.secondary", {"titles": titles})))
    return rows


def _key(outcome: str, horizon: int | None) -> str:
    return outcome if horizon is None else f"{outcome}_m{horizon}"


def _cohort_rows(study: Study) -> list[Row]:
    zero = study.design.words_of("time_zero", "month_of_entry")
    rows = [
        ("territory", territory_words(study.territory)),
        ("eligibility", _eligible(study)),
        ("time_zero", Message(f"protocol.{zero}")),
        ("treated", _treated(study)),
        ("comparison", _compared(study)),
        ("entries", period_words(study.entries)),
        ("follow_up", Message("protocol.follow_up", {"months": _months(study.follow_up_months)})),
    ]
    if study.comparison.instrument is not None:
        rows.append(("instrument", Message("protocol.capacity", {"months": _months(CAPACITY)})))
    return [(item, message) for item, message in rows if message is not None]


CAPACITY = 12
"""Months over which the capacity of a mission locale is measured."""


def _months(number: int) -> Number:
    return Number(number, 0, "months")


def _programme(study: Study) -> Name:
    return Name("programmes", study.dispositif)


def _outside(study: Study) -> dict[str, Value]:
    given = study.eligibility
    values: dict[str, Value] = {}
    if given.outside_situations:
        values["outside"] = names("level", (f"categorie={s}" for s in given.outside_situations))
    if given.outside_programmes:
        values["programmes"] = names("programmes", given.outside_programmes)
    return values


def _eligible(study: Study) -> Message:
    given, rank = study.eligibility, study.treatment.rang
    own = study.design.words_of("eligibility", "")
    values: dict[str, Value] = dict(_outside(study))
    if given.accompanied_within_months:
        reach = "within_contacts" if given.contacts_count else "within"
        values[reach] = _months(given.accompanied_within_months)
    if own:
        return Message(f"protocol.{own}", values)
    values["programme"] = _programme(study)
    if rank is not None:
        return Message("protocol.eligible_renewal", {**values, "rank": Number(rank - 1)})
    return Message("protocol.eligible", values | _pool(study))


def _pool(study: Study) -> dict[str, Value]:
    """Return the programme of the comparison persons, where they enter one."""
    if not study.design.compares or study.comparison.pool == "not_yet_entered":
        return {}
    return {"pool": Name("programmes", str(study.comparison.pool))}


def _treated(study: Study) -> Message:
    if own := study.design.words_of("treated", ""):
        return Message(f"protocol.{own}")
    programme, rank = _programme(study), study.treatment.rang
    if rank is not None:
        return Message("protocol.treated_rank", {"programme": programme, "rank": Number(rank)})
    nested = study.treatment.nested
    key = "protocol.treated_first" + ("" if nested == "any" else f"_{nested}")
    return Message(key, {"programme": programme})


def _compared(study: Study) -> Message:
    given, key = study.comparison, study.design.words_of("comparison", "compared")
    values: dict[str, Value] = {"programme": _programme(study), **_pool(study)}
    if study.design.arms == "either" and "pool" in values:
        key = "compared_pool"
    if given.refusals:
        causes = names("level", (f"cause_refus={cause}" for cause in given.refusals))
        key, values = "compared_refused_for", {"causes": causes}
    months = period_words(given.entries)
    if months is not None:
        key, values = f"{key}_months", {**values, **months.values}
    if given.within is not None:
        values["per_entrant"] = Number(given.per_entrant)
    return Message(f"protocol.{key}", values)


def _table_rows(study: Study) -> list[Row]:
    given = study.comparison
    experiment = Message("protocol.no_experiment")
    if given.experiment:
        experiment = Message("protocol.experiment", {"source": Name("text", given.experiment)})
    pool = {"pool": Name("text", str(given.pool)), "source": Name("text", str(given.source))}
    return [("experiment", experiment), ("comparison", Message("protocol.table_pool", pool))]


def _opening_rows(study: Study) -> list[Row]:
    programme, given = _programme(study), study.comparison
    opened = {"programme": programme}
    witnesses: Values = {"levels": _levels(given.witness_levels), "programme": programme}
    rows = [
        ("territory", territory_words(study.territory)),
        ("eligibility", _opening_eligible(study)),
        ("time_zero", Message("protocol.opening_zero")),
        ("treated", Message("protocol.opening_treated", opened)),
        ("comparison", Message("protocol.opening_compared", opened)),
        ("witnesses", Message("protocol.opening_witnesses", witnesses)),
        ("unit", Message("protocol.opening_unit")),
        ("entries", period_words(study.entries)),
        (
            "follow_up",
            Message("protocol.opening_follow_up", {"months": _months(study.follow_up_months)}),
        ),
    ]
    return [(item, message) for item, message in rows if message is not None]


def _opening_eligible(study: Study) -> Message:
    given = study.eligibility
    values = {**_outside(study), "levels": _levels(study.comparison.eligible_levels)}
    if given.age_min and given.age_max:
        values["lowest"] = Number(given.age_min)
        values["highest"] = Number(given.age_max, 0, "years")
    return Message("protocol.opening_eligible", values)


def _levels(codes: tuple[str, ...]) -> Names:
    return names("level", (f"niveau_diplome={code}" for code in codes))


ROWS: dict[str, Callable[[Study], list[Row]]] = {
    "cohort": _cohort_rows,
    "rollout": _opening_rows,
    "cross_section": _table_rows,
}
"""What the protocol says, by kind of design."""
