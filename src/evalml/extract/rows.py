"""The rows of a source as an import recipe makes them: files read, steps run, losses counted."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalml.engine import (
    cases,
    coalesce,
    greatest,
    ifelse,
    interval,
    least,
    literal,
    month_label,
    month_of,
    null,
    row_number,
    span,
    window,
)
from evalml.errors import ColumnMissingError, ExtractError, TableMissingError, nearest
from evalml.extract import contract
from evalml.extract.cells import (
    amount_of,
    as_text_cell,
    day_of,
    hours_of,
    measure_of,
    missing_part,
    order_of,
    typed_cell,
    with_new_days,
)
from evalml.extract.csv_tables import SEPARATOR_KEY, Style, as_text
from evalml.extract.read import Extract
from evalml.extract.recipe import SNAPSHOT, CellRecipe, Recipe, Rows, SourceRecipe, TableRecipe
from evalml.extract.schema import to_contract
from evalml.reading.text import (
    MONTH_ABOVE_12,
    PATTERNS,
    ROUNDED,
    SEPARATED,
    decimal_of,
    open_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from evalml.engine import Engine, Table
    from evalml.extract.meta import ExtractMeta
    from evalml.extract.recipe import Group, Latest, MonthsRecipe

SMALLEST_SHOWN = 11
"""A code seen fewer times than this is counted but not quoted."""
ENDINGS = (".csv", ".txt", ".parquet", ".json", ".ndjson")


@dataclass(slots=True)
class Report:
    """What was converted and what was not; every count is exact.

    Attributes:
        rows: Rows written by table.
        unused: Source columns without counterpart, by source file.
        unmapped: Cells whose code has no counterpart, by `table.column` and code.
        dropped: Rows left out, by table or source, and why.
        unreadable: Cells that are not of the type of their column, emptied.
        persons: Persons of the source, found or not, and rows that are theirs, by table.
        empty_keys: Rows kept whose key is empty, by table or source.
        open_spells: Spells without a last day, or that end after the extraction, by table.
        unknown: Groups of which a measure is unknown, since a part of it is, by table or source.
        contradictory: Keys whose repeated rows contradict each other, by source.
        unjoined: Rows without counterpart in a source joined to them.
        lost: What the recipe says is lost.
    """

    rows: dict[str, int] = field(default_factory=dict)
    unused: dict[str, list[str]] = field(default_factory=dict)
    unmapped: dict[str, dict[str, int]] = field(default_factory=dict)
    dropped: dict[str, dict[str, int]] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)
    persons: dict[str, dict[str, int]] = field(default_factory=dict)
    empty_keys: dict[str, int] = field(default_factory=dict)
    open_spells: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    contradictory: dict[str, int] = field(default_factory=dict)
    unjoined: dict[str, int] = field(default_factory=dict)
    lost: tuple[str, ...] = ()

    def drop(self, place: str, why: str, n: int) -> None:
        """Count rows left out."""
        if n:
            mine = self.dropped.setdefault(place, {})
            mine[why] = mine.get(why, 0) + n

    def as_json(self) -> str:
        """Return the report as JSON."""
        whole = {
            "rows": self.rows,
            "source_columns_without_counterpart": self.unused,
            "cells_emptied_by_code": self.unmapped,
            "cells_unreadable": self.unreadable,
            "rows_left_out": self.dropped,
            "persons": self.persons,
            "empty_keys": self.empty_keys,
            "open_spells": self.open_spells,
            "measures_unknown": self.unknown,
            "contradictory": self.contradictory,
            "rows_without_counterpart": self.unjoined,
            "lost": list(self.lost),
        }
        return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"

    def lines(self) -> list[str]:
        """Return the report as lines for a terminal."""
        lines = [f"{name:22} {rows:>12,} rows" for name, rows in self.rows.items()]
        lines += [
            f"left out of {place}: {n:,} rows, {why}"
            for place, reasons in self.dropped.items()
            for why, n in reasons.items()
        ]
        for table, found in self.persons.items():
            counts = ", ".join(f"{n:,} {what.replace('_', ' ')}" for what, n in found.items())
            lines.append(f"persons of {table}: {counts}")
        lines += [
            f"emptied {place}: {sum(codes.values()):,} cells, codes without counterpart"
            for place, codes in self.unmapped.items()
        ]
        lines += [
            f"unreadable {place}: {n:,} cells, emptied" for place, n in self.unreadable.items()
        ]
        lines += [f"key empty {place}: {n:,} rows, kept" for place, n in self.empty_keys.items()]
        lines += [
            f"no end by the extraction {place}: {n:,} spells, cut there, amounts unknown"
            for place, n in self.open_spells.items()
        ]
        lines += [
            f"unknown {place}: {n:,} groups, a part of them is empty or unreadable"
            for place, n in self.unknown.items()
        ]
        lines += [f"contradictory {place}: {n:,} keys" for place, n in self.contradictory.items()]
        lines += [f"not found {place}: {n:,} rows" for place, n in self.unjoined.items()]
        lines += [f"not used of {n}: {', '.join(c)}" for n, c in self.unused.items() if c]
        return lines + [f"lost: {lost}" for lost in self.lost]


@dataclass(slots=True, repr=False)
class Conversion:
    """One conversion: what it reads, what was opened, what is counted."""

    folder: Path
    recipe: Recipe
    meta: ExtractMeta | None
    engine: Engine
    scratch: Path
    base: Extract | None
    links: Path | None
    opened: dict[str, Table] = field(default_factory=dict)
    people: Table | None = None
    known: Table | None = None
    report: Report = field(default_factory=Report)

    # files ------------------------------------------------------------------------------------

    def tables(self) -> dict[str, Table]:
        """Return the tables that the recipe makes, each computed once."""
        self.report.lost = self.recipe.without_counterpart
        for name in self.recipe.files():
            self.open(name)
        self._refuse_vintage()
        if self.recipe.persons:
            self._find_persons()
        made = {name: self._table(name, table) for name, table in self.recipe.tables.items()}
        return {t.name: made[t.name] for t in contract.TABLES if t.name in made}

    def open(self, name: str) -> None:
        """Open the file of a source: the columns that the recipe reads, as text."""
        source = self.recipe.sources.get(name, SourceRecipe())
        given = self.recipe.names.get(name)
        stem = (given.file if given else None) or source.file or name
        theirs = given.columns if given else {}
        wanted = {c: theirs.get(c, c) for c in sorted(self.recipe.used()[name]) if c != SNAPSHOT}
        parts = []
        for path, day in self._paths(stem, source):
            rows, there = self._read(path, source, list(wanted.values()))
            _require(path.name, wanted.values(), there)
            rest = [c for c in there if c not in wanted.values()]
            self.report.unused[stem] = rest
            rows = rows.select(**{c: rows[t] for c, t in wanted.items()})
            parts.append(rows.mutate(**{SNAPSHOT: literal(day)}) if source.snapshots else rows)
        text = reduce(lambda one, other: one.union(other), parts)
        with self.engine.reading(f"{stem} cannot be read to its end; copy it again"):
            kept = self.engine.keep(text, self.engine.fresh_name(f"source_{name}"))
        if source.total and kept.columns:
            kept = self._without_totals(kept, name, source.total)
        self.opened[name] = self._steps(f"source {name}", kept, source)

    def _paths(self, stem: str, source: SourceRecipe) -> list[tuple[Path, str]]:
        if source.snapshots:
            many = sorted(
                p for p in self.folder.glob(f"{stem}_????-??-??.*") if p.suffix in ENDINGS
            )
            if many:
                return [(p, p.stem[-10:]) for p in many]
            raise TableMissingError(f"{self.folder} has no dated file '{stem}_2024-01-31.json'")
        found = [self.folder / f"{stem}{end}" for end in ENDINGS]
        found = [p for p in found if p.exists()]
        if len(found) == 1:
            return [(found[0], "")]
        if found:
            raise ExtractError(
                f"{self.folder} holds '{stem}' twice, as {found[0].name} and "
                f"{found[1].name}; keep one"
            )
        there = [p.stem for p in sorted(self.folder.iterdir()) if p.suffix in ENDINGS]
        hint = nearest(stem, there) if there else "the folder holds no CSV, Parquet or JSON file"
        raise TableMissingError(f"{self.folder} has no file '{stem}.csv'; {hint}")

    def _read(
        self, path: Path, source: SourceRecipe, wanted: list[str]
    ) -> tuple[Table, Sequence[str]]:
        """Return the rows of a file, every cell as text, and the names of its columns."""
        name = self.engine.fresh_name(f"file_{path.stem}")
        if path.suffix in {".json", ".ndjson"}:
            with self.engine.reading(f"{path.name} is no JSON that can be read"):
                return _json(path, source.each, wanted, name, self.engine)
        if path.suffix == ".parquet":
            with self.engine.reading(f"{path.name} is no Parquet that can be read"):
                rows = self.engine.read_parquet(path, name)
            there = list(rows.columns)
            mine = [c for c in wanted if c in there]
            return rows.select(**{c: as_text_cell(rows[c]) for c in mine}), there
        csv_meta = self.meta.csv if self.meta else None
        encoding = csv_meta.encoding if csv_meta else None
        if source.header > 1:
            path = _below_titles(path, source.header, encoding, self.scratch)
        file = open_text(
            path,
            encoding=encoding,
            separator=csv_meta.delimiter if csv_meta else None,
            remedy=SEPARATOR_KEY,
        )
        return as_text(file, self.scratch, name, self.engine), file.names

    def _without_totals(self, rows: Table, name: str, word: str) -> Table:
        first = reduce(lambda a, b: a | b, (_begins(rows[c], word) for c in rows.columns))
        n = self.count(rows.filter(first))
        self.report.drop(f"source {name}", "line of totals", n)
        return rows.filter(~first)

    def _refuse_vintage(self) -> None:
        if self.recipe.vintage is None or self.meta is None:
            return
        name, column = self.recipe.vintage
        rows = self.opened[name]
        last = self.engine.fetch(rows.aggregate(day=day_of(rows[column]).max()))["day"].iloc[0]
        if not _missing(last) and str(last)[:10] > self.meta.extraction_date.isoformat():
            raise ExtractError(
                f"{name} was made on {str(last)[:10]}, after the extraction_date "
                f"{self.meta.extraction_date} of extract.yaml; correct one of them"
            )

    # steps ------------------------------------------------------------------------------------

    def source(self, name: str) -> Table:
        """Return the rows of a source, those made of another one included."""
        if name not in self.opened:
            made = self.recipe.sources[name]
            rows = self._steps(f"source {name}", self.source(str(made.source)), made)
            self.opened[name] = self.engine.keep(rows, self.engine.fresh_name(f"made_{name}"))
        return self.opened[name]

    def _steps(self, place: str, rows: Table, how: Rows) -> Table:
        for join in how.join:
            rows = self._join(place, rows, join.source, *next(iter(join.match.items())))
        if how.derive:
            rows = rows.mutate(
                **{n: self._cell(rows, c, f"{place}.{n}") for n, c in how.derive.items()}
            )
        rows = self._where(place, rows, how)
        if how.latest:
            rows = self._latest(place, rows, how.latest)
        if how.person:
            rows = self._of_persons(place, rows, how.person)
        if how.group:
            rows = self._read_measures(place, rows, how.group)
        if how.months:
            rows = self._months(place, rows, how.months)
        return self._grouped(place, rows, how.group) if how.group else rows

    def _join(self, place: str, rows: Table, name: str, left: str, right: str) -> Table:
        other = self.source(name)
        needed = {right} | {c for c in other.columns if c in self.recipe.asked().get(name, ())}
        other = other.filter(other[right].notnull())
        other = other.select(**{f"{name}.{c}": other[c] for c in sorted(needed)})
        if self.engine.repeats(other, [f"{name}.{right}"], self.count(other)):
            raise ExtractError(
                f"{place}: several rows of '{name}' have one '{right}', and the join would repeat "
                "rows; give that source 'latest' or 'group'"
            )
        joined = rows.left_join(other, rows[left] == other[f"{name}.{right}"])
        alone = joined.filter(joined[left].notnull() & joined[f"{name}.{right}"].isnull())
        n = self.count(alone)
        if n:
            self.report.unjoined[f"{place} in {name}"] = n
        return joined

    def _where(self, place: str, rows: Table, how: Rows) -> Table:
        if not how.where:
            return rows
        fails = []
        for test in how.where:
            cell = rows[test.column]
            upper = cell.strip().upper()
            if test.present:
                fails.append(cell.isnull())
            elif test.starts:
                fails.append(~_begins(cell, test.starts))
            elif test.among:
                fails.append(~upper.isin([v.upper() for v in test.among]).fill_null(False))
            else:
                fails.append(upper.isin([v.upper() for v in test.not_among]).fill_null(False))
        number = cases(*[(f, k) for k, f in enumerate(fails)], else_=-1)
        counts = rows.select(why=number).group_by("why").aggregate(n=lambda t: t.count())
        for why, n in self.engine.fetch(counts).itertuples(index=False):
            if why >= 0:
                self.report.drop(place, how.where[int(why)].why, int(n))
        return rows.filter(number == -1)

    def _latest(self, place: str, rows: Table, how: Latest) -> Table:
        """Keep one row per key; on a tie, that whose cells come last in the order of text."""
        keys = [order_of(rows[c]) for c in how.order]
        order = [k.desc() for part in keys for k in part]
        order += [rows[c].cast("string").desc() for c in sorted(rows.columns)]
        numbered = rows.mutate(_n=row_number().over(window(group_by=list(how.by), order_by=order)))
        kept = self.engine.keep(numbered, self.engine.fresh_name("numbered"))
        empty = reduce(lambda a, b: a | b, (kept[c].isnull() for c in how.by))
        if n := self.count(kept.filter(empty)):
            self.report.empty_keys[place] = n
        keyed = kept.filter(~empty)
        self._refuse_shared_keys(place, keyed, how)
        if not how.order:
            distinct = keyed.drop("_n").distinct()
            sizes = distinct.group_by(list(how.by)).aggregate(n=lambda t: t.count())
            n = self.count(sizes.filter(sizes.n > 1))
            if n:
                self.report.contradictory[place] = n
        else:
            self.report.drop(
                place,
                "an older version, or a repeated row",
                self.count(keyed.filter(keyed["_n"] > 0)),
            )
        return kept.filter((kept["_n"] == 0) | empty).drop("_n")

    def _refuse_shared_keys(self, place: str, rows: Table, how: Latest) -> None:
        """Refuse a key under which rows of several persons would be versions of one."""
        for column in sorted(self.recipe.persons_of(place.split(" ", 1)[1]) - {*how.by}):
            if column not in rows.columns:
                continue
            whose = rows.group_by(list(how.by)).aggregate(n=rows[column].nunique())
            if n := self.count(whose.filter(whose.n > 1)):
                raise ExtractError(
                    f"{place}: {n:,} keys of 'latest' are those of several persons; add "
                    f"'{column}' to its 'by'"
                )

    def _months(self, place: str, rows: Table, how: MonthsRecipe) -> Table:
        start, end = day_of(rows[how.start]), day_of(rows[how.end])
        today = literal(self.meta.extraction_date if self.meta else None)
        on = rows[how.end].isnull() | (end > today).fill_null(False)
        end = ifelse(on, greatest(today, start), end)
        t = rows.mutate(_start=start, _end=end, _on=on, _after=(start > today).fill_null(False))
        wrong = t["_start"].isnull() | t["_end"].isnull() | (t["_end"] < t["_start"])
        t = self.engine.keep(
            t.mutate(_wrong=wrong.fill_null(True)), self.engine.fresh_name("spells")
        )
        self.report.drop(
            place,
            "no first day, an unreadable day, or an end before the start",
            self.count(t.filter(t["_wrong"])),
        )
        late = "it begins after the extraction"
        self.report.drop(place, late, self.count(t.filter(~t["_wrong"] & t["_after"])))
        t = t.filter(~t["_wrong"] & ~t["_after"])
        if n := self.count(t.filter(t["_on"])):
            self.report.open_spells[place] = n
        t = t.mutate(_m=span(month_of(t["_start"]), month_of(t["_end"])).unnest())
        first = (month_label(t["_m"]) + "-01").cast("date")
        last = (month_label(t["_m"] + 1) + "-01").cast("date") - interval(days=1)
        t = t.mutate(mois=first, du=greatest(t["_start"], first), au=least(t["_end"], last))
        days = t.au.delta(t.du, unit="day") + 1
        whole = t["_end"].delta(t["_start"], unit="day") + 1
        part = ifelse(t["_on"], null("float64"), days.cast("float64") / whole)
        t = t.mutate(jours=days.cast("float64"), part=part)
        read = {"_amount jours": t.jours, "_amount part": t.part, "_day du": t.du, "_day au": t.au}
        t = t.mutate(**read)
        return t.drop("_m", "_start", "_end", "_wrong", "_on", "_after")

    def _read_measures(self, place: str, rows: Table, how: Group) -> Table:
        """Add the cells that measures read as amounts, days or what has an order; count others."""
        measures = how.columns.values()
        amounts = {c for m in measures for c in (m.total, m.times, m.by) if c in rows.columns}
        made = {
            f"_amount {c}": self._amount(place, rows, str(c)) for c in sorted(map(str, amounts))
        }
        days = {c for m in measures for c in m.days or () if c in rows.columns}
        made |= {f"_day {c}": day_of(rows[c]) for c in sorted(days)}
        ordered = {str(m.minimum or m.maximum) for m in measures if m.minimum or m.maximum}
        made |= {f"_order {c}": self._ordered(place, rows, c) for c in sorted(ordered)}
        text = {n: n.split(" ", 1)[1] for n in made}
        unread = {n: (rows[text[n]].notnull() & made[n].isnull()).sum() for n in made}
        if unread:
            found = self.engine.fetch(rows.aggregate(**unread)).iloc[0].fillna(0)
            for name, column in text.items():
                if n := int(found[name]):
                    self.report.unreadable[f"{place.removeprefix('table ')}.{column}"] = n
        alone = {c: self._alone(rows, c) for c in (str(m.total) for m in measures if m.total)}
        made |= {f"_alone {c}": literal(value=False) if a is None else a for c, a in alone.items()}
        return rows.mutate(**made)

    def _alone(self, rows: Table, column: str) -> Any:
        """Return whether a row has no counterpart in the source that a column is joined from."""
        joins = [
            j for _, r in self.recipe.rows() for j in r.join if column.startswith(f"{j.source}.")
        ]
        keys = {f"{j.source}.{right}" for j in joins for right in j.match.values()}
        key = next((k for k in sorted(keys) if k in rows.columns), None)
        return None if key is None else rows[key].isnull()

    def _amount(self, place: str, rows: Table, column: str) -> Any:
        return amount_of(rows[column], self._decimal(rows, [column], place))

    def _ordered(self, place: str, rows: Table, column: str) -> Any:
        """Return the cells of a column as what has an order: days, numbers, or text."""
        cell = rows[column]
        if not cell.type().is_string():
            return cell
        day = day_of(cell)
        some = PATTERNS["."] + "|" + PATTERNS[","]
        sizes = rows.aggregate(n=cell.count(), days=day.count(), numbers=cell.re_search(some).sum())
        n, days, numbers = (int(v) for v in self.engine.fetch(sizes).fillna(0).iloc[0])
        if 2 * days > n:
            return day.cast("string")
        return self._amount(place, rows, column) if n and numbers == n else cell

    def _grouped(self, place: str, rows: Table, how: Group) -> Table:
        spells = {name: m.days for name, m in how.columns.items() if m.days}
        for name, (start, end) in spells.items():
            rows = with_new_days(rows, f"_{name}", start, end, list(how.by))
        values = {name: measure_of(rows, name, m) for name, m in how.columns.items()}
        lost = {
            f"_lost {name}": missing_part(rows, m).any().fill_null(False)
            for name, m in how.columns.items()
            if not m.open
        }
        groups = rows.group_by(list(how.by)).aggregate(**values, **lost)
        groups = self.engine.keep(groups, self.engine.fresh_name("groups"))
        if lost:
            found = self.engine.fetch(groups.aggregate(**{n: groups[n].sum() for n in lost}))
            for flag in lost:
                if n := int(found[flag].fillna(0).iloc[0]):
                    self.report.unknown[f"{place}.{flag.removeprefix('_lost ')}"] = n
        return groups.drop(*lost) if lost else groups

    # persons ----------------------------------------------------------------------------------

    def _find_persons(self) -> None:
        """Match the persons of the source with those of the extract, by the key they share."""
        if self.base is None or self.recipe.persons is None:
            raise ExtractError("a recipe with 'persons' completes an extract; give --onto")
        how = self.recipe.persons
        known_persons = self.base.tables["jeunes"].select("id_jeune")
        self.known = None
        keys = known_persons.select(key=known_persons.id_jeune, id_jeune=known_persons.id_jeune)
        if self.links is not None:
            keys = self._read_links(self.links, how.match)
            self.known = keys.select("id_jeune").distinct()
        elif how.match != "id_jeune":
            raise ExtractError(
                f"the source names persons by '{how.match}'; give --links, a CSV of id_jeune and "
                f"{how.match}"
            )
        if how.source is None:
            self.people = keys.select(source_key=keys.key, id_jeune=keys.id_jeune)
            return
        rows = self.source(how.source)
        rows = rows.select(source_key=rows[str(how.id)], key=rows[how.match]).distinct()
        rows = rows.filter(rows.source_key.notnull() & rows.key.notnull())
        self._refuse_rounded(rows, f"{how.source}.{how.id}", "source_key")
        sizes = rows.group_by("key").aggregate(n=lambda t: t.count())
        shared = sizes.filter(sizes.n > how.most)
        lost = self.engine.fetch(shared.aggregate(n=shared.n.sum()))["n"].iloc[0]
        if not _missing(lost) and int(lost):
            self.report.persons[how.source] = {"whose_key_is_no_key": int(lost)}
        rows = rows.anti_join(shared, "key")
        self.people = self.engine.keep(
            rows.join(keys, "key").select("source_key", "id_jeune"), "matched_persons"
        )
        if self.engine.repeats(self.people, ["source_key"], self.count(self.people)):
            raise ExtractError(f"{how.source}: one '{how.id}' has several keys; keep one")

    def _read_links(self, path: Path, match: str) -> Table:
        """Return the key of each person of the extract; one key names one person."""
        if not path.is_file():
            raise ExtractError(f"there is no file {path}; give a CSV of id_jeune and {match}")
        file = open_text(path, remedy=SEPARATOR_KEY)
        _require(path.name, ["id_jeune", match], file.names)
        text = as_text(file, self.scratch, self.engine.fresh_name("links"), self.engine)
        rows = text.select(key=text[match], id_jeune=text.id_jeune).distinct()
        rows = self.engine.keep(rows.filter(rows.key.notnull()), "links_kept")
        self._refuse_rounded(rows, f"{path.name}, column {match}", "key")
        if self.engine.repeats(rows, ["key"], self.count(rows)):
            raise ExtractError(f"{path.name} gives one {match} to several persons; keep one each")
        known_links = self.base.tables["jeunes"].select("id_jeune") if self.base else rows
        return rows.semi_join(known_links, "id_jeune")

    def _of_persons(self, place: str, rows: Table, column: str) -> Table:
        if self.people is None:
            raise ExtractError(f"{place}: 'person' needs the key 'persons'")
        joined = rows.left_join(self.people, rows[column] == self.people.source_key)
        joined = joined.mutate(_found=joined.id_jeune.notnull()).drop("source_key")
        kept = self.engine.keep(joined, self.engine.fresh_name("of_persons"))
        counts = kept.aggregate(
            persons_found=kept[column].nunique(where=kept["_found"]),
            persons_not_found=kept[column].nunique(where=~kept["_found"]),
            rows_of_persons_not_found=(~kept["_found"]).sum(),
        )
        row = self.engine.fetch(counts).iloc[0].fillna(0)
        self.report.persons[place.removeprefix("table ")] = {str(k): int(v) for k, v in row.items()}
        return kept.filter(kept["_found"]).drop("_found")

    def _refuse_rounded(self, rows: Table, place: str, column: str) -> None:
        n = self.count(rows.filter(rows[column].re_search(ROUNDED)))
        if n:
            raise ExtractError(
                f"{place}: {n:,} identifiers are written like 1,23457E+11: a spreadsheet cut them, "
                "and several persons may have one; export the column as text"
            )

    # tables -----------------------------------------------------------------------------------

    def _table(self, name: str, how: TableRecipe) -> Table:
        """Return a table of the contract, typed, and count what could not be read."""
        declared = contract.table(name)
        rows = self._steps(f"table {name}", self.source(str(how.source)), how)
        cells = how.cells()
        texts = {
            c.name: self._cell(rows, cells[c.name], f"{name}.{c.name}")
            if c.name in cells
            else null("string")
            for c in declared.columns
            if c.name not in cells or cells[c.name].compute not in {"state", "rank"}
        }
        text = rows.select(**texts)
        numbers = [c.name for c in declared.columns if c.type == "number" and c.name in texts]
        style = Style(decimal=self._decimal(text, numbers, name))
        values = {
            c.name: typed_cell(text[c.name], c, style) for c in declared.columns if c.name in texts
        }
        flags = {
            f"unread {n}": text[n].notnull() & v.isnull()
            for n, v in values.items()
            if text[n].type().is_string() and declared.column(n).type != "string"
        }
        marks = {
            f"mark {c.name}": text[c.name].re_search(
                ROUNDED if c.type == "string" else MONTH_ABOVE_12
            )
            for c in declared.columns
            if c.name in texts and text[c.name].type().is_string() and _marked(c)
        }
        kept = self.engine.keep(
            text.select(**values, **flags, **marks), self.engine.fresh_name(name)
        )
        self._count_flags(name, kept, [*flags, *marks])
        key = [kept[c].isnull() for c in declared.key if c in kept.columns and c in cells]
        if key and (n := self.count(kept.filter(reduce(lambda a, b: a | b, key)))):
            self.report.empty_keys[f"table {name}"] = n
        made = kept.drop(*flags, *marks) if flags or marks else kept
        for column in ("etat", "rang"):
            cell = cells.get(column)
            if cell is not None and cell.compute in {"state", "rank"}:
                value = self._state(made) if cell.compute == "state" else _rank(made)
                made = made.mutate(**{column: value})
        self.report.rows[name] = self.count(made)
        return to_contract(made, declared)

    def _count_flags(self, name: str, kept: Table, flags: Sequence[str]) -> None:
        if not flags:
            return
        row = (
            self.engine.fetch(kept.aggregate(**{f: kept[f].sum() for f in flags})).iloc[0].fillna(0)
        )
        for flag in flags:
            kind, column = flag.split(" ", 1)
            n = int(row[flag])
            if n and kind == "mark":
                date = contract.table(name).column(column).type == "date"
                raise ExtractError(
                    f"{name}.{column}: {n:,} cells are "
                    + (
                        "dates written month first; write them 2024-03-01"
                        if date
                        else "identifiers written like 1,23457E+11: a spreadsheet cut them, and "
                        "several rows may have one; export the column as text"
                    )
                )
            if n:
                self.report.unreadable[f"{name}.{column}"] = n

    def _cell(self, rows: Table, cell: CellRecipe, place: str) -> Any:
        if cell.last:
            return self._last(rows, cell.last, place)
        if cell.column is None:
            return self._filled(rows, _made(rows, cell), cell)
        value = rows[cell.column]
        if cell.compute == "hours":
            value = hours_of(value, self._decimal(rows, [cell.column], place))
            wrong = self.count(rows.filter(rows[cell.column].notnull() & value.isnull()))
            if wrong:
                self.report.unreadable[place] = wrong
            return value
        if cell.past:
            day, today = day_of(value), literal(self.meta.extraction_date if self.meta else None)
            value = ifelse((day > today).fill_null(False), null(value.type()), value)
        if not cell.codes:
            return self._filled(rows, value, cell)
        if not cell.keep:
            self._count_unmapped(place, rows, cell)
        return _coded(value.cast("string"), cell)

    def _last(self, rows: Table, columns: Sequence[str], place: str) -> Any:
        """Return the last of several days; unknown, and counted, where one cannot be read."""
        days = {c: day_of(rows[c]) for c in columns}
        unread = reduce(
            lambda a, b: a | b, (rows[c].notnull() & d.isnull() for c, d in days.items())
        )
        if n := self.count(rows.filter(unread)):
            self.report.unreadable[place] = n
        return ifelse(unread, null("date"), greatest(*days.values()))

    def _filled(self, rows: Table, value: Any, cell: CellRecipe) -> Any:
        """Return a value with what its empty cells mean; of a joined column, no counterpart."""
        if cell.empty is None:
            return value
        text = value.cast("string")
        alone = [a for c in cell.reads if (a := self._alone(rows, c)) is not None]
        blank = reduce(lambda a, b: a & b, alone, text.isnull())
        return ifelse(blank, literal(cell.empty), text)

    def _count_unmapped(self, place: str, rows: Table, cell: CellRecipe) -> None:
        value = rows[cell.column].cast("string")
        listed = [c.upper() for c in cell.codes]
        other = rows.filter(value.notnull() & value.upper().notin(listed)).select(code=value)
        frame = self.engine.fetch(other.group_by("code").aggregate(n=lambda t: t.count()))
        if frame.empty:
            return
        shown = frame[frame["n"] >= SMALLEST_SHOWN].sort_values("code")
        counts = {str(c): int(n) for c, n in zip(shown["code"], shown["n"], strict=True)}
        rare = int(frame.loc[frame["n"] < SMALLEST_SHOWN, "n"].sum())
        place = place.removeprefix("table ") + (f" (as {cell.otherwise})" if cell.otherwise else "")
        self.report.unmapped[place] = counts | ({"(rare codes)": rare} if rare else {})

    def _decimal(self, text: Table, names: Sequence[str], place: str) -> Any:
        """Return the decimal sign that the numbers of these columns prove, or refuse them."""
        names = [n for n in names if text[n].type().is_string()]
        if not names or self.meta is None:
            return "."
        sums: dict[str, Any] = {}
        for n in names:
            fits = {sign: text[n].re_search(p) for sign, p in PATTERNS.items()}
            either = fits[","] | fits["."]
            counted: dict[str, Any] = {
                ",": fits[","],
                ".": fits["."],
                "s": text[n].re_search(SEPARATED) & either,
                "e": either,
            }
            sums |= {f"{n} {k}": flag.sum() for k, flag in counted.items()}
        row = self.engine.fetch(text.aggregate(**sums)).fillna(0).iloc[0]
        declared = self.meta.csv.decimal
        found = set()
        for name in names:
            comma, point, some, either = (int(row[f"{name} {k}"]) for k in (",", ".", "s", "e"))
            if not some or not either:
                continue
            sign = decimal_of(
                comma_fits=comma == either,
                point_fits=point == either,
                separated=True,
                declared=declared,
            )
            if sign is None:
                raise ExtractError(
                    f"{place}.{name}: the sign could separate decimals or thousands; say so "
                    "in extract.yaml (csv: {decimal: ','} or '.')"
                )
            found.add(sign)
        if len(found) > 1:
            raise ExtractError(f"{place}: numbers are written both 1.5 and 1,5; keep one")
        return next(iter(found), ".")

    def _state(self, rows: Table) -> Any:
        today = literal(self.meta.extraction_date if self.meta else None)
        return cases(
            ((rows.date_fin <= today).fill_null(False), "TERMINE"),
            ((rows.date_debut > today).fill_null(False), "PREVU"),
            else_="EN_COURS",
        )

    def count(self, rows: Table) -> int:
        """Return how many rows there are."""
        return int(self.engine.fetch(rows.aggregate(n=rows.count()))["n"].iloc[0])


def _made(rows: Table, cell: CellRecipe) -> Any:
    """Return a value that is not that of one column."""
    if cell.constant is not None:
        return literal(cell.constant)
    if cell.month:
        year, month = (rows[c].strip() for c in cell.month)
        made = year.concat("-", month.lpad(2, "0"), "-01")
        fits = year.re_search(r"^\d{4}$") & month.re_search(r"^(0?[1-9]|1[0-2])$")
        return cases((year.isnull() | month.isnull(), null("string")), (fits, made), else_="?")
    values = [rows[c] for c in cell.first]
    same = len({str(v.type()) for v in values}) == 1
    return coalesce(*(values if same else (v.cast("string") for v in values)))


def _coded(value: Any, cell: CellRecipe) -> Any:
    known = [(value.upper() == code.upper(), literal(new)) for code, new in cell.codes.items()]
    if cell.otherwise is not None:
        known.append((value.notnull(), literal(cell.otherwise)))
    return cases(*known, else_=value if cell.keep else null("string")).nullif("")


def _rank(rows: Table) -> Any:
    order = [rows.date_debut, rows.id_accompagnement]
    frame = window(group_by=[rows.id_jeune, rows.dispositif], order_by=order)
    return (row_number().over(frame) + 1).cast("int64")


def _missing(value: Any) -> bool:
    return value is None or value != value or str(value) == "NaT"  # noqa: PLR0124 - NaN


def _require(file: str, wanted: Iterable[str], there: Sequence[str]) -> None:
    for column in wanted:
        if column not in there:
            # a file without a header has a person's values for names: only a near miss is quoted
            hint = nearest(column, there)
            hint = hint if hint.startswith("did you") else "see the recipe"
            raise ColumnMissingError(f"{file} has no column '{column}'; {hint}")
        if list(there).count(column) > 1:
            raise ExtractError(f"{file} has two columns '{column}'; rename one")


def _marked(column: contract.Column) -> bool:
    return column.type == "date" or (column.type == "string" and column.name.startswith("id_"))


def _begins(cell: Any, word: str) -> Any:
    return cell.upper().startswith(word.upper()).fill_null(False)


def _below_titles(path: Path, header: int, encoding: str | None, scratch: Path) -> Path:
    """Return a copy of a file from the line of its header on."""
    from evalml.reading.text import encoding_of

    found, _ = encoding_of(path, encoding)
    target = scratch / path.name
    with path.open("rb") as source, target.open("wb") as out:
        lines = [source.readline() for _ in range(header - 1)]
        if found == "utf-8" and lines and lines[0].startswith(b"\xef\xbb\xbf"):
            out.write(b"\xef\xbb\xbf")
        shutil.copyfileobj(source, out)
    return target


def _json(
    path: Path, each: str | None, wanted: Sequence[str], name: str, engine: Engine
) -> tuple[Table, list[str]]:
    """Return records of a JSON file as rows of text, and the names of all their fields."""
    there = engine.json_fields(path, each)
    rows = engine.read_records(path, name, [w for w in wanted if w in there], each)
    return rows.select(**{c: rows[c].strip().nullif("") for c in rows.columns}), there
