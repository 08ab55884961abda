"""What the extract holds of each source: for which months, and for whom.

A month outside the coverage of a table, or a person not linked to a source of another
administration, is unknown: no row there is no zero.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.engine import literal, month_label, month_of
from evalml.extract.contract import DATED, LINKED_SOURCES
from evalml.months import first_day, month_number

if TYPE_CHECKING:
    from evalml.engine import Engine, Table
    from evalml.tables.accept import Tables


SPELLS = frozenset({"situations", "accompagnements", "iae_pass", "iae_contrats"})
"""Tables of spells: one that began long before the extract says nothing of the months between."""

MANY = 20
"""Rows of an ordinary month from which a month without any is a month that was not received."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The months for which a table is complete.

    Attributes:
        first: First month number covered.
        last: Last month number covered, before `first` where nothing is.
        declared: Whether `extract.yaml` says so; else it is read from the rows.
        holes: Months between the two that no row concerns, where the rows are all that is known.
    """

    first: int
    last: int
    declared: bool
    holes: tuple[int, ...] = ()

    def holds(self, first: int, last: int) -> bool:
        """Tell whether all the months from `first` to `last` are covered."""
        inside = self.first <= first and last <= self.last
        return inside and not any(first <= hole <= last for hole in self.holes)


NOTHING = Coverage(0, -1, declared=False)
"""The coverage of a table that is absent, or has no row and no declaration."""


def coverage_of(tables: Tables, name: str, engine: Engine) -> Coverage:
    """Return the months a table covers: those declared, else those of its rows.

    Args:
        tables: The checked records.
        name: A table with a date.
        engine: Where queries run.
    """
    if name not in tables.tables:
        return NOTHING
    if name in tables.meta.coverage:
        return Coverage(*tables.meta.coverage[name].numbers, declared=True)
    if name in SPELLS:
        return _of_spells(tables, name, engine)
    rows = tables.table(name)
    monthly = rows.group_by(at=month_of(rows[DATED[name]])).agg(n=rows.count())
    found = engine.fetch(monthly).dropna().astype("int64").set_index("at")["n"]
    if found.empty:
        return NOTHING
    first, last = int(found.index.min()), int(found.index.max())
    # An empty month says that nothing was received only where the others hold many rows.
    many = name == "emploi_mensuel" and found.median() >= MANY
    holes = [m for m in range(first, last) if m not in found.index] if many else []
    return Coverage(first, last, declared=False, holes=tuple(holes))


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Why months of a table are unknown.

    Attributes:
        table: The table.
        why: `absent` (no such table, or without a row), `before` or `after` the months covered, or
            `hole` among them.
        first: First month number covered, where something is.
        last: Last month number covered.
    """

    table: str
    why: str
    first: int | None = None
    last: int | None = None


def uncovered(
    tables: Tables, table: str, first: int, last: int, engine: Engine
) -> Uncovered | None:
    """Return why some month from `first` to `last` of a table is unknown, None if all are known."""
    source = coverage_of(tables, table, engine)
    if source.last < source.first:
        return Uncovered(table, "absent")
    if source.holds(first, last):
        return None
    why = "before" if first < source.first else "after" if last > source.last else "hole"
    return Uncovered(table, why, source.first, source.last)


def _of_spells(tables: Tables, name: str, engine: Engine) -> Coverage:
    rows = tables.table(name)
    earliest = engine.fetch(rows.agg(day=rows[DATED[name]].min()))["day"].iloc[0]
    if pd.isna(earliest):
        return NOTHING
    first = max(month_number(pd.Timestamp(earliest)), month_number(tables.meta.period_start))
    return Coverage(first, month_number(tables.meta.period_end), declared=False)


def sources_held(tables: Tables, engine: Engine) -> frozenset[str]:
    """Return the tables held, and `table.column` with a value of other administrations."""
    present = set(tables.tables)
    for name in LINKED_SOURCES:
        if name in present:
            t = tables.table(name)
            found = engine.fetch(t.agg(**{c: t[c].notnull().any() for c in t.columns}))
            present |= {f"{name}.{c}" for c in t.columns if bool(found[c].fillna(False).iloc[0])}
    return frozenset(present)


def linked_people(tables: Tables, source: str, engine: Engine) -> Table | None:
    """Return the persons a linked source was linked for (`id_jeune`), None for everybody.

    A person that `appariements` says was not found is unknown even where `linkage` says `all`.
    """
    if source not in (*LINKED_SOURCES, *tables.meta.linkage):
        return None
    whole = tables.meta.linkage.get(source, "all") == "all"
    if whole and "appariements" not in tables.tables:
        return None
    links = tables.table("appariements")
    links = links.filter(links.source == source)
    if not whole:
        return links.filter(links.apparie).select("id_jeune")
    lost = links.filter(~links.apparie).select("id_jeune")
    if not int(engine.fetch(lost.agg(n=lost.count()))["n"].iloc[0]):
        return None
    return tables.table("jeunes").select("id_jeune").anti_join(lost, "id_jeune")


MONTHLY = ("emploi_mensuel", "actes")
"""Tables in which a month without any row, among months of many, was not received."""
JUMP = 2.0
"""Ratio of a month's rows to the median of the six before from which the level has broken."""
ENOUGH = 30
"""Persons of a mission locale from which its share with a row can be judged."""
COLUMNS = ["table", "measure", "group", "value", "n"]


@dataclass(frozen=True, slots=True)
class SourceMeasure:
    """One measure against what is declared.

    Attributes:
        check: Name of the check of `checks.yaml`.
        table: Table.
        rows: What was looked at: months, persons, missions locales.
        failing: Of them, those that disagree.
    """

    check: str
    table: str
    rows: int
    failing: int


def measure_held(tables: Tables, engine: Engine) -> tuple[list[SourceMeasure], pd.DataFrame]:
    """Return what the extract holds against what it declares, and the measures themselves.

    The result: the findings, and one row per table, measure and group (month, mission locale, arm
    to be): `table`, `measure` (`rows` of a month; `with_row`, share of the persons who have a row;
    `with_declared_job`, share of those with a declared job), `group`, `value`, `n`.
    """
    found, parts = [], []
    for name in DATED:
        if name not in tables.tables:
            continue
        months = _by_month(tables, name, engine)
        parts.append(months)
        found += _months_found(tables, name, months, engine)
    if "emploi_mensuel" in tables.tables:
        lines, measured = _linked(tables, engine)
        found += lines
        parts.append(measured)
    if "totaux" in tables.tables:
        found += _totals(tables, engine)
    present = [p for p in parts if len(p)]
    return found, pd.concat(present, ignore_index=True) if present else pd.DataFrame(
        columns=COLUMNS
    )


def _by_month(tables: Tables, name: str, engine: Engine) -> pd.DataFrame:
    rows = tables.table(name)
    counts = rows.group_by(at=month_of(rows[DATED[name]])).agg(n=rows.count())
    frame = engine.fetch(counts).dropna().astype("int64").sort_values("at")
    labels = [f"{first_day(int(m)):%Y-%m}" for m in frame["at"]]
    return pd.DataFrame(
        {"table": name, "measure": "rows", "group": labels, "value": frame["n"], "n": frame["n"]},
        columns=COLUMNS,
    )


def _months_found(
    tables: Tables, name: str, months: pd.DataFrame, engine: Engine
) -> list[SourceMeasure]:
    source = coverage_of(tables, name, engine)
    numbers = [month_number(dt.date.fromisoformat(f"{m}-01")) for m in months["group"]]
    counts = pd.Series(months["value"].to_numpy(), index=numbers)
    if name not in MONTHLY or source.last < source.first or counts.median() < MANY:
        return []
    covered = range(source.first, source.last + 1)
    counted = counts.reindex(covered, fill_value=0)
    if name == "emploi_mensuel":
        counted = _employed(tables, counted, engine)
    empty = int((counted == 0).sum())
    usual = counted.rolling(6).median().shift(1)
    broken = ((counted > JUMP * usual) | (counted < usual / JUMP)) & (counted > 0) & (usual >= MANY)
    outside = counts[[m for m in counts.index if m not in covered]].sum()
    return [
        SourceMeasure("covered_month_without_row", name, len(counted), empty),
        SourceMeasure("level_break", name, len(counted), int(broken.sum())),
        SourceMeasure("row_outside_coverage", name, int(counts.sum()), int(outside)),
    ]


def _employed(tables: Tables, rows: pd.Series, engine: Engine) -> pd.Series:
    """Return the persons in employment of each month, the rows where such persons are few.

    A source that sent empty lines for a year would pass for a year without any work.
    """
    jobs = tables.table("emploi_mensuel").filter(lambda t: t.en_emploi)
    monthly = jobs.group_by(at=month_of(jobs.mois)).agg(n=jobs.id_jeune.nunique())
    frame = engine.fetch(monthly).dropna().astype("int64")
    employed = frame.set_index("at")["n"].reindex(rows.index, fill_value=0)
    few = employed[employed > 0].median() < MANY
    return rows if few else employed


def _linked(tables: Tables, engine: Engine) -> tuple[list[SourceMeasure], pd.DataFrame]:
    """Set the persons said to be linked against those who have a row."""
    rows = tables.table("emploi_mensuel")
    with_row = rows.select("id_jeune").distinct().mutate(with_row=literal(value=True))
    everybody = linked_people(tables, "emploi_mensuel", engine)
    people = tables.table("jeunes").select("id_jeune") if everybody is None else everybody
    people = people.left_join(with_row, "id_jeune").drop("id_jeune_right")
    people = people.mutate(with_row=people.with_row.fill_null(False))
    place = _first_structure(tables)
    by_place = _shares(people.join(place, "id_jeune"), "id_structure", engine)
    by_arm = _shares(_arms(people, tables), "arm", engine)
    employed = _declared_jobs(tables, engine)
    jobs = people.semi_join(employed, "id_jeune").mutate(every=literal("all"))
    by_job = _shares(jobs, "every", engine).assign(measure="with_declared_job")
    judged = by_place[by_place["n"] >= ENOUGH]
    silent = judged["value"] < judged["value"].median() / 5 if len(judged) else judged["value"] < 0
    n_jobs = int(by_job["n"].sum())
    lost = round(float(((1 - by_job["value"]) * by_job["n"]).sum()))
    found = [
        SourceMeasure("structure_without_link", "emploi_mensuel", len(judged), int(silent.sum())),
        SourceMeasure("declared_job_without_row", "emploi_mensuel", n_jobs, lost),
    ]
    found += [
        _unlinked_rows(tables, name, engine)
        for name in LINKED_SOURCES
        if name in tables.tables and "appariements" in tables.tables
    ]
    return found, pd.concat([by_place, by_arm, by_job], ignore_index=True)


def _shares(people: Table, by: str, engine: Engine) -> pd.DataFrame:
    counted = people.group_by(people[by]).agg(n=people.count(), with_row=people.with_row.sum())
    frame = engine.fetch(counted).sort_values(by)
    return pd.DataFrame(
        {
            "table": "emploi_mensuel",
            "measure": "with_row",
            "group": frame[by].astype(str),
            "value": frame["with_row"].astype(float) / frame["n"],
            "n": frame["n"].astype("int64"),
        },
        columns=COLUMNS,
    )


def _first_structure(tables: Tables) -> Table:
    files = tables.table("dossiers")
    return files.group_by("id_jeune").agg(id_structure=files.id_structure.min())


def _arms(people: Table, tables: Tables) -> Table:
    spells = tables.table("accompagnements")
    entered = spells.select("id_jeune").distinct().mutate(arm=literal("entered a programme"))
    t = people.left_join(entered, "id_jeune").drop("id_jeune_right")
    return t.mutate(arm=t.arm.fill_null("entered none"))


def _declared_jobs(tables: Tables, engine: Engine) -> Table:
    """Return the persons with a declared job of a whole month that the linked source covers."""
    source = coverage_of(tables, "emploi_mensuel", engine)
    spells = tables.table("situations")
    first = month_of(spells.date_debut) + 1
    last = month_of(spells.date_fin) - 1
    whole = (first <= last) & (first >= source.first) & (last <= source.last)
    jobs = spells.categorie.isin(("Emploi", "Contrat en Alternance")) & (spells.etat != "PREVU")
    return spells.filter(jobs & whole.fill_null(False)).select("id_jeune").distinct()


def _unlinked_rows(tables: Tables, name: str, engine: Engine) -> SourceMeasure:
    links = tables.table("appariements")
    lost = links.filter((links.source == name) & ~links.apparie).select("id_jeune")
    rows = tables.table(name)
    counted = rows.semi_join(lost, "id_jeune")
    return SourceMeasure(
        "row_of_person_not_linked", name, _count(rows, engine), _count(counted, engine)
    )


def _totals(tables: Tables, engine: Engine) -> list[SourceMeasure]:
    """Set the rows and persons received against what the sender counted.

    A total is over all, of a month, of a mission locale, or of both. One that nothing here can be
    counted for (no such table, a month of what has no day, the mission locale of a table that does
    not say it) is counted as not read, never passed over.
    """
    given = engine.fetch(tables.table("totaux"))
    found, unread = [], 0
    for name in sorted(given["table"].unique()):
        mine = given[given["table"] == name].to_dict("records")
        differ = [_differs(tables, str(name), dict(row), engine) for row in mine]
        read = [x for x in differ if x is not None]
        unread += len(differ) - len(read)
        if read:
            found.append(SourceMeasure("total_differs", str(name), len(read), sum(read)))
    if unread:
        found.append(SourceMeasure("total_not_read", "totaux", len(given), unread))
    return found


DAYS = DATED | {"dossiers": "date_ouverture", "jeunes": "date_premier_accueil"}
"""Day by which the sender counts the rows of a month."""


def _differs(tables: Tables, name: str, row: dict[Any, Any], engine: Engine) -> bool | None:
    """Tell whether a total is not that of the rows received, those put aside among them."""
    if name not in tables.tables:
        return None
    rows: Table | None = tables.table(name)
    if rows is not None and name in tables.put_aside:
        rows = rows.union(tables.put_aside[name].select(*rows.columns))
    if rows is not None and not pd.isna(row["month"]):
        rows = _of_month(rows, name, f"{row['month']:%Y-%m}")
    if rows is not None and not pd.isna(row["structure"]):
        rows = _of_structure(rows, tables, str(row["structure"]))
    if rows is None or (row["measure"] == "persons" and "id_jeune" not in rows.columns):
        return None
    if row["measure"] == "persons":
        rows = rows.filter(rows.id_jeune.notnull()).select("id_jeune").distinct()
    return _count(rows, engine) != int(row["value"])


def _of_month(rows: Table, name: str, month: str) -> Table | None:
    if name not in DAYS:
        return None
    return rows.filter(month_label(month_of(rows[DAYS[name]])) == month)


def _of_structure(rows: Table, tables: Tables, structure: str) -> Table | None:
    if "id_structure" in rows.columns:
        return rows.filter(rows.id_structure == structure)
    if "id_dossier" not in rows.columns:
        return None
    files = tables.table("dossiers")
    files = files.filter(files.id_structure == structure).select("id_dossier")
    return rows.semi_join(files, "id_dossier")


def _count(rows: Table, engine: Engine) -> int:
    return int(engine.fetch(rows.agg(n=rows.count()))["n"].iloc[0])
