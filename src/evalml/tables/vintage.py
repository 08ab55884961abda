"""What moved between two vintages of an extract, and which recent months are not yet complete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.engine import literal, month_of
from evalml.extract import contract
from evalml.months import month_number

if TYPE_CHECKING:
    import datetime as dt

    from evalml.engine import Engine, Table
    from evalml.tables.accept import Tables

# First day and last day of what is followed from one vintage to the next.
FOLLOWED = {
    "dossiers": ("date_ouverture", "date_cloture"),
    "situations": ("date_debut", "date_fin"),
    "accompagnements": ("date_debut", "date_fin"),
}
EMPLOYMENT = ("Emploi", "Contrat en Alternance")
COMPLETE = 0.95
PROFILE_MONTHS = 24
SETTLED = (12, 36)
"""Ages in months of the events that late entries are taken to have completed."""


@dataclass(frozen=True, slots=True, repr=False)
class VintageDiff:
    """What moved between two vintages.

    Attributes:
        movements: `table`, `what`, `rows`: added, gone, opened and closed late, and changed.
        delays: `table`, `months`, `rows`: rows the older vintage should have held, by months
            between the event and its entry.
        indicators: `indicator`, `month` (2024-01), `old`, `new`: months where the two differ.
        incomplete: `table`, `month`, `expected_share`: recent months of the newer vintage that
            late entries will still fill.
    """

    movements: pd.DataFrame
    delays: pd.DataFrame
    indicators: pd.DataFrame
    incomplete: pd.DataFrame

    @property
    def empty(self) -> bool:
        """Whether nothing moved."""
        return self.movements.empty and self.delays.empty and self.indicators.empty

    def __repr__(self) -> str:
        """Count the lines of each part."""
        parts = (len(self.movements), len(self.delays), len(self.indicators))
        return "VintageDiff({} movements, {} delays, {} months)".format(*parts)


def diff_vintages(old: Tables, new: Tables, engine: Engine) -> VintageDiff:
    """Compare two vintages of one extract.

    Args:
        old: The older vintage.
        new: The newer vintage, under the same pseudonyms.
        engine: Where queries run; the one that opened both.
    """
    movements = [_persons(old, new, engine)]
    delays = []
    for name, (first, last) in FOLLOWED.items():
        pair = (old.table(name), new.table(name))
        movements.append(_moved(name, pair, (first, last), old.meta.extraction_date, engine))
        if name != "dossiers":
            delays.append(_late(name, pair, first, old.meta.extraction_date, engine))
    shown = pd.concat(movements, ignore_index=True)
    return VintageDiff(
        shown[shown["rows"] > 0].reset_index(drop=True),
        pd.concat(delays, ignore_index=True),
        compare_indicators(old, new, engine),
        incomplete_months(new, engine),
    )


def _persons(old: Tables, new: Tables, engine: Engine) -> pd.DataFrame:
    before, after = (t.table("jeunes").select("id_jeune") for t in (old, new))
    counts = {
        "added": _count(after.anti_join(before, "id_jeune"), engine),
        "gone": _count(before.anti_join(after, "id_jeune"), engine),
    }
    return _frame("jeunes", counts)


def _moved(
    name: str,
    pair: tuple[Table, Table],
    spell: tuple[str, str],
    old_extraction: dt.date,
    engine: Engine,
) -> pd.DataFrame:
    """Count the spells of a table that appeared, vanished or changed."""
    before, after = pair
    key, (first, last) = contract.table(name).key[0], spell
    added = after.anti_join(before, key)
    late = added[first] <= literal(old_extraction)
    appeared = engine.fetch(added.aggregate(rows=added.count(), late=late.sum())).fillna(0)
    changes = _changes(before, after, key, first, last)
    changed = engine.fetch(changes.aggregate(**{c: changes[c].sum() for c in changes.columns}))
    counts = {
        "added after the old extraction": int(appeared["rows"][0] - appeared["late"][0]),
        "added late": int(appeared["late"][0]),
        "gone": _count(before.anti_join(after, key), engine),
        **{str(c).replace("_", " "): int(n) for c, n in changed.fillna(0).iloc[0].items()},
    }
    return _frame(name, counts)


def _changes(before: Table, after: Table, key: str, first: str, last: str) -> Table:
    """Mark, for every row in both vintages, what changed in it."""
    others = [c for c in before.columns if c not in (key, first, last) and c[:5] != "date_"]
    renamed = before.select(**{f"{c}_before": before[c] for c in before.columns})
    both = after.inner_join(renamed, after[key] == renamed[f"{key}_before"])
    start, end = both[first], both[last]
    was_start, was_end = both[f"{first}_before"], both[f"{last}_before"]
    other: Any = literal(False)
    for column in others:
        other = other | ~both[column].identical_to(both[f"{column}_before"])
    return both.select(
        closed=was_end.isnull() & end.notnull(),
        reopened=was_end.notnull() & end.isnull(),
        end_moved=(was_end != end).fill_null(False),
        start_moved=(was_start != start).fill_null(False),
        other_columns_changed=other,
    )


def _late(
    name: str, pair: tuple[Table, Table], first: str, old_extraction: dt.date, engine: Engine
) -> pd.DataFrame:
    """Count the rows entered too late for the older vintage, by delay in months."""
    before, after = pair
    added = after.anti_join(before, contract.table(name).key[0])
    late = added.filter(added[first] <= literal(old_extraction))
    months = (month_of(late.date_saisie) - month_of(late[first])).name("months")
    counts = late.select(months).group_by("months").aggregate(rows=lambda t: t.count())
    frame = engine.fetch(counts).sort_values("months", ignore_index=True)
    frame.insert(0, "table", name)
    return frame.astype({"months": "int64", "rows": "int64"})


def indicators(tables: Tables, engine: Engine) -> pd.DataFrame:
    """Return the headline indicators by month: `indicator`, `month`, `value`.

    First entries and exits by programme, and employment spells that begin.
    """
    spells, states = tables.table("accompagnements"), tables.table("situations")
    parts = [
        _monthly(spells.filter(spells.rang == 1), "date_debut", "entries", engine),
        _monthly(spells.filter(spells.date_fin.notnull()), "date_fin", "exits", engine),
    ]
    jobs = states.filter(states.categorie.isin(EMPLOYMENT))
    jobs = jobs.mutate(dispositif=literal("all"))
    parts.append(_monthly(jobs, "date_debut", "employment spells begun", engine))
    return pd.concat(parts, ignore_index=True)


def _monthly(rows: Table, day: str, label: str, engine: Engine) -> pd.DataFrame:
    dated = rows.select(dispositif=rows.dispositif, month=month_of(rows[day]))
    counts = dated.group_by("dispositif", "month").aggregate(value=lambda t: t.count())
    frame = engine.fetch(counts).sort_values(["dispositif", "month"], ignore_index=True)
    names = label + frame["dispositif"].map(lambda d: "" if d == "all" else f" {d}")
    return pd.DataFrame(
        {"indicator": names, "month": frame["month"].map(_month), "value": frame["value"]}
    )


def compare_indicators(old: Tables, new: Tables, engine: Engine) -> pd.DataFrame:
    """Return the months the older vintage covers where an indicator differs: `old`, `new`."""
    both = indicators(old, engine).merge(
        indicators(new, engine), on=["indicator", "month"], how="outer", suffixes=("_o", "_n")
    )
    both = both.rename(columns={"value_o": "old", "value_n": "new"}).fillna({"old": 0, "new": 0})
    covered = both["month"] <= _month(month_number(old.meta.extraction_date))
    moved = both[covered & (both["old"] != both["new"])]
    order = moved.astype({"old": "int64", "new": "int64"})
    return order.sort_values(["indicator", "month"], ignore_index=True)


def entry_profile(tables: Tables, name: str, engine: Engine) -> pd.Series:
    """Return the share of rows entered within 0, 1, 2… months of what they tell.

    Measured on events 12 to 36 months before the extraction, which late entries have completed.

    Args:
        tables: Accepted tables.
        name: `situations`, `accompagnements` or `actes`.
        engine: Where queries run.
    """
    rows, now = tables.table(name), month_number(tables.meta.extraction_date)
    event = month_of(rows["date_acte" if name == "actes" else "date_debut"])
    age, delay = now - event, month_of(rows.date_saisie) - event
    known = rows.select(age=age, delay=delay).filter(
        lambda t: (t.age >= SETTLED[0]) & (t.age < SETTLED[1])
    )
    counts = engine.fetch(known.group_by("delay").aggregate(rows=lambda t: t.count()))
    by_delay = counts.set_index("delay")["rows"].groupby(lambda d: min(max(d, 0), 24)).sum()
    filled = by_delay.reindex(range(PROFILE_MONTHS + 1), fill_value=0).cumsum()
    return filled / filled.iloc[-1] if filled.iloc[-1] else filled * float("nan")


def incomplete_months(tables: Tables, engine: Engine) -> pd.DataFrame:
    """Return the recent months that late entries will still fill past 95 per cent."""
    now = month_number(tables.meta.extraction_date)
    lines = []
    for name in ("situations", "accompagnements", "actes"):
        profile = entry_profile(tables, name, engine)
        lines += [
            {"table": name, "month": _month(now - age), "expected_share": round(float(share), 3)}
            for age, share in enumerate(profile)
            if share < COMPLETE
        ]
    return pd.DataFrame(lines, columns=["table", "month", "expected_share"])


def _count(rows: Table, engine: Engine) -> int:
    return int(engine.fetch(rows.aggregate(n=rows.count()))["n"][0])


def _frame(table: str, counts: dict[str, int]) -> pd.DataFrame:
    return pd.DataFrame({"table": table, "what": list(counts), "rows": list(counts.values())})


def _month(number: int) -> str:
    return f"{number // 12}-{number % 12 + 1:02d}"
