"""How much was done with those who entered: hours of acts, allowances, month after month.

Described, never an effect: who stays in a programme and is busy in it is not who entered it. Only
whole months inside the programme count, so that the month of entry and the month of exit, which are
cut short, do not pass for quiet ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.engine import exact_mean, exact_sum, ifelse, least, literal, month_of, span
from evalml.tables.sources import coverage_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.cohort import Cohort
    from evalml.engine import Engine, Table
    from evalml.tables import Tables


WEEKS_PER_MONTH = 52 / 12
LEAST_HOURS = 15.0
"""Weekly hours that the CEJ announces; IGAS (April 2023) found 40 % of its youths below."""
BANDS = (
    ("hours_none", "aucune heure", 0.0, 0.0),
    ("hours_0_5", "moins de 5 h", 0.0, 5.0),
    ("hours_5_15", "de 5 à moins de 15 h", 5.0, LEAST_HOURS),
    ("hours_15", "15 h ou plus", LEAST_HOURS, np.inf),
)
"""Weekly hours: name, label, above (at or above where not 0), below."""
LABELS = {
    "inside": "Un mois entier dans le programme",
    "under_15h": "Moins de 15 h d’actes par semaine",
    "hours": "Heures d’actes par semaine, en moyenne",
    "paid": "Une allocation versée dans le mois",
    "allowance": "Allocation versée, en moyenne",
    **{name: label for name, label, _, _ in BANDS},
}
UNITS = {"hours": "heures", "allowance": "euros"}


def compute_intensity(tables: Tables, cohort: Cohort, engine: Engine) -> pd.DataFrame:
    """Return what was done with the entrants of a cohort, by month since entry.

    Hours are those of acts that took place, as recorded; a week is 7 days, a month 52 / 12 weeks.
    Nothing is protected yet.

    Args:
        tables: The checked records.
        cohort: The persons followed; only the entrants are described.
        engine: The engine the tables live in.

    Returns:
        One row per measure (`inside`, `under_15h`, `hours`, the bands of hours, `paid`,
        `allowance`) and month: `measure`, `month` (since entry),
        `label`, `value` (percent, hours or euros), `unit`, `numerator` (NaN for a mean),
        `denominator` (persons it is taken over).
    """
    months = _whole_months(tables, cohort)
    described = _described(tables, cohort, months, engine)
    found = engine.fetch(described.group_by("k").agg(**_counts(described))).sort_values("k")
    entered = cohort.entries.filter(cohort.entries.treated)
    entrants = int(engine.fetch(entered.agg(n=entered.count()))["n"].iloc[0])
    rows = [row for counts in found.to_dict("records") for row in _rows(dict(counts), entrants)]
    names = ["measure", "month", "value", "numerator", "denominator"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(
        label=[LABELS[name] for name in table["measure"]],
        unit=[UNITS.get(name, "%") for name in table["measure"]],
    )


def _whole_months(tables: Tables, cohort: Cohort) -> Table:
    """Return (entry, id_jeune, k): the whole months inside the programme since entry."""
    trial = cohort.trial
    entered = cohort.entries.filter(cohort.entries.treated).select("entry", "id_jeune", "month")
    spells = tables.table("accompagnements")
    spells = spells.filter(spells.dispositif == trial.dispositif)
    spells = spells.select("id_jeune", start=month_of(spells.date_debut), fin=spells.date_fin)
    inside = entered.join(spells, "id_jeune")
    inside = inside.filter(inside.start >= inside.month)
    last = trial.follow_up_months
    until = ifelse(inside.fin.isnull(), last, month_of(inside.fin) - inside.month - 1)
    inside = inside.mutate(k_first=inside.start - inside.month + 1, k_last=least(until, last))
    inside = inside.filter(inside.k_first <= inside.k_last)
    months = inside.select(
        "entry", "id_jeune", "month", k=span(inside.k_first, inside.k_last).unnest()
    )
    return months.distinct()


def _described(tables: Tables, cohort: Cohort, months: Table, engine: Engine) -> Table:
    """Add weekly hours and the allowance to each person and month, null where not covered."""
    people = cohort.entries.filter(cohort.entries.treated).select("id_jeune").distinct()
    acts = tables.table("actes")
    acts = acts.filter(acts.statut == "PRESENT").semi_join(people, "id_jeune")
    acts = acts.select("id_jeune", at=month_of(acts.date_acte), hours=acts.heures)
    hours = acts.group_by("id_jeune", "at").agg(hours=exact_sum(acts.hours))
    t = months.mutate(at=months.month + months.k)
    t = t.left_join(hours, ["id_jeune", "at"]).drop("id_jeune_right", "at_right")
    t = t.mutate(weekly=t.hours.fill_null(0.0) / WEEKS_PER_MONTH)
    covered = coverage_of(tables, "allocations", engine)
    if covered.last < covered.first:
        return t.mutate(euros=literal(None, "float64"))
    paid = tables.table("allocations")
    paid = paid.filter(paid.dispositif == cohort.trial.dispositif).semi_join(people, "id_jeune")
    paid = paid.select("id_jeune", at=month_of(paid.mois), euros=paid.montant_eur)
    euros = paid.group_by("id_jeune", "at").agg(euros=exact_sum(paid.euros))
    t = t.left_join(euros, ["id_jeune", "at"]).drop("id_jeune_right", "at_right")
    known = (t["at"] >= covered.first) & (t["at"] <= covered.last)
    return t.mutate(euros=ifelse(known, t.euros.fill_null(0.0), None))


def _counts(t: Table) -> dict[str, object]:
    bands = {
        name: ((t.weekly == 0.0) if not low < high else _within(t, low, high)).sum()
        for name, _, low, high in BANDS
    }
    return {
        "inside": t.count(),
        "under_15h": (t.weekly < LEAST_HOURS).sum(),
        "hours": exact_mean(t.weekly),
        "known": t.euros.count(),
        "paid": (t.euros > 0).sum().fill_null(0),
        "allowance": exact_mean(t.euros, where=t.euros > 0),
        **bands,
    }


def _within(t: Table, low: float, high: float) -> Table:
    above = (t.weekly > 0.0) if low == 0.0 else (t.weekly >= low)
    return above & (t.weekly < high) if np.isfinite(high) else above


def _rows(counts: dict[Any, Any], entrants: int) -> list[tuple[object, ...]]:
    """Return the lines of one month."""
    k, inside, known = (int(counts[name]) for name in ("k", "inside", "known"))
    shares = ["under_15h", *(name for name, *_ in BANDS)]
    rows: list[tuple[object, ...]] = [("inside", k, 100 * inside / entrants, inside, entrants)]
    rows += [(m, k, 100 * counts[m] / inside, int(counts[m]), inside) for m in shares]
    rows.append(("hours", k, counts["hours"], np.nan, inside))
    if not known:  # no source says what was paid that month
        return [*rows, ("paid", k, np.nan, np.nan, 0), ("allowance", k, np.nan, np.nan, 0)]
    paid = int(counts["paid"])
    rows.append(("paid", k, 100 * paid / known, paid, known))
    return [*rows, ("allowance", k, counts["allowance"], np.nan, paid)]


def compute_allowances(
    tables: Tables, cohort: Cohort, horizons: Sequence[int], engine: Engine
) -> pd.DataFrame:
    """Return the allowances paid to each entry of a cohort, of every programme, up to horizons.

    In a month that the payments cover, no payment is nothing paid: both arms are in the same files.
    Without the table, without a row in it, or outside its months, what was paid is unknown.

    Args:
        tables: The checked records.
        cohort: The persons followed.
        horizons: Months since time zero, included; the month of time zero is 0.
        engine: The engine the tables live in.

    Returns:
        One row per entry, in order; one column per horizon, in euros, NaN where unknown.
    """
    months = engine.fetch(cohort.entries.select("entry", "month").order_by("entry"))["month"]
    at = months.to_numpy(dtype=np.int64)
    index = pd.RangeIndex(at.size, name="entry")
    covered = coverage_of(tables, "allocations", engine)
    if covered.last < covered.first:
        return pd.DataFrame({int(h): np.full(at.size, np.nan) for h in horizons}, index=index)
    paid = tables.table("allocations")
    paid = paid.select("id_jeune", when=month_of(paid.mois), euros=paid.montant_eur)
    rows = cohort.entries.select("entry", "id_jeune", "month").join(paid, "id_jeune")
    rows = rows.mutate(k=rows.when - rows.month)
    rows = rows.filter((rows.k >= 0) & (rows.k <= max(horizons)))
    sums = engine.fetch(
        rows.group_by("entry").agg(
            **{f"m{h}": exact_sum(ifelse(rows.k <= h, rows.euros, None)) for h in horizons}
        )
    )
    entry = sums["entry"].to_numpy(dtype=np.int64)
    columns = {int(h): np.zeros(at.size) for h in horizons}
    for h, euros in columns.items():
        euros[entry] = sums[f"m{h}"].fillna(0.0).to_numpy(dtype=np.float64)
        euros[(at < covered.first) | (at + h > covered.last)] = np.nan
    return pd.DataFrame(columns, index=index)
