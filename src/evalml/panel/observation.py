"""How well each arm is observed: contacts, and months with something declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.cohort.month_sets import WIDTH, Calendar, gather, set_between, spread, touches
from evalml.engine import Engine, bit_count, greatest, least, month_of
from evalml.panel.build import told
from evalml.values import Message, Number, messages_text
from evalml.words import render

if TYPE_CHECKING:
    from evalml.engine import Table
    from evalml.panel.build import Panel
    from evalml.tables import Tables


def observe(tables: Tables, panel: Panel, engine: Engine) -> pd.DataFrame:
    """Return, per arm, what was seen of the persons during the follow-up.

    Returns:
        One row per arm (`treated`, `comparison`) and measure: arm, measure, label, value, unit, n,
        words.
        `contacts` is the mean number of acts that took place, `declared_months` the mean number of
        months covered by a declared situation, per person.
    """
    follow_up = panel.months[1]
    entries = panel.cohort.entries
    table = entries.group_by("treated").agg(n=entries.count())
    for seen in (_contacts(tables, panel), _declared(panel)):
        table = table.left_join(seen, "treated").drop("treated_right")
    table = table.mutate(
        contacts=table.contacts.fill_null(0), declared_months=table.declared_months.fill_null(0)
    )
    frame = engine.fetch(table).sort_values("treated", ascending=False)
    frame["arm"] = ["treated" if t else "comparison" for t in frame["treated"]]
    rows = [
        (row["arm"], name, float(row[name]) / row["n"], unit, int(row["n"]))
        for row in frame.to_dict("records")
        for name, unit in (("contacts", "acts"), ("declared_months", "months"))
    ]
    seen = pd.DataFrame(rows, columns=["arm", "measure", "value", "unit", "n"])
    months = {"months": Number(follow_up, 0, "months")}
    words = [Message(f"observation.{name}", months) for name in seen["measure"]]
    seen.insert(2, "label", [render(each, "fr") for each in words])
    return seen.assign(words=[messages_text([each]) for each in words])


def _contacts(tables: Tables, panel: Panel) -> Table:
    """Return, per arm, how many acts took place in the months that follow an entry.

    An act counts for each entry of the person whose follow-up it falls in.
    """
    trial, entries = panel.cohort.trial, panel.cohort.entries
    calendar = Calendar(trial.months[0], trial.months[-1])
    entered = entries.select("id_jeune", "treated", first=entries.month, last=entries.month)
    held = gather(spread(entered, calendar), ["id_jeune", "treated"], entered=True)
    acts = tables.table("actes")
    after = Calendar(calendar.first + 1, trial.last_month)
    acts = acts.filter((acts.statut == "PRESENT") & touches(acts.date_acte, acts.date_acte, after))
    acts = acts.select("id_jeune", at=month_of(acts.date_acte)).join(held, "id_jeune")
    since = acts["at"] - (acts.block * WIDTH + calendar.first)
    first = greatest(since - panel.months[1], 0).cast("int32")
    last = least(since - 1, WIDTH - 1).cast("int32")
    near = acts.filter((first <= last) & (last >= 0))
    entries_near = bit_count(near.entered & set_between(first, last))
    return near.group_by("treated").agg(contacts=entries_near.sum())


def _declared(panel: Panel) -> Table:
    """Return, per arm, how many months after an entry have a declared situation."""
    rows = panel.by_entry()
    since = rows.month - (rows.block * WIDTH + panel.calendar.first)
    first = greatest(since + 1, 0).cast("int32")
    last = least(since + panel.months[1], WIDTH - 1).cast("int32")
    near = rows.filter((first <= last) & (first < WIDTH))
    months = bit_count(told(near) & set_between(first, last))
    return near.group_by("treated").agg(declared_months=months.sum())
