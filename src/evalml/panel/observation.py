"""How well each arm is observed: contacts, and months with something declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.engine import Engine, month_of

if TYPE_CHECKING:
    from evalml.panel.build import Panel
    from evalml.tables import Tables


def observe(tables: Tables, panel: Panel, engine: Engine) -> pd.DataFrame:
    """Return, per arm, what was seen of the persons during the follow-up.

    Returns:
        One row per arm (`treated`, `comparison`) and measure: arm, measure, label, value, unit, n.
        `contacts` is the mean number of acts that took place, `declared_months` the mean number of
        months covered by a declared situation, per person.
    """
    entries, follow_up = panel.cohort.entries, panel.months[1]
    acts = tables.table("actes")
    acts = acts.filter(acts.statut == "PRESENT")
    acts = acts.group_by("id_jeune", at=month_of(acts.date_acte)).agg(n=acts.count())
    seen = entries.select("entry", "id_jeune", "month").join(acts, "id_jeune")
    seen = seen.filter((seen["at"] > seen.month) & (seen["at"] <= seen.month + follow_up))
    contacts = seen.group_by("entry").agg(contacts=seen.n.sum())
    rows = panel.read("state")
    rows = rows.filter((rows.k > 0) & rows.state.notnull())
    declared = rows.group_by("entry").agg(declared=rows.count())
    both = entries.select("entry", "treated").left_join(contacts, "entry").drop("entry_right")
    both = both.left_join(declared, "entry").drop("entry_right")
    table = both.group_by("treated").agg(
        n=both.count(),
        contacts=both.contacts.fill_null(0).sum(),
        declared_months=both.declared.fill_null(0).sum(),
    )
    frame = engine.fetch(table).sort_values("treated", ascending=False)
    frame["arm"] = ["treated" if t else "comparison" for t in frame["treated"]]
    rows = [
        (row["arm"], name, label, float(row[name]) / row["n"], unit, int(row["n"]))
        for row in frame.to_dict("records")
        for name, label, unit in (
            ("contacts", f"Actes réalisés en {follow_up} mois, par jeune", "acts"),
            ("declared_months", f"Mois renseignés sur {follow_up}, par jeune", "months"),
        )
    ]
    return pd.DataFrame(rows, columns=["arm", "measure", "label", "value", "unit", "n"])
