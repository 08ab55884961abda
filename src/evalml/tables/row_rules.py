"""What makes a row impossible: one expression per table, the first rule a row breaks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evalml.codes import code_list
from evalml.engine import cases, literal, null, row_number, window
from evalml.extract.contract import DATED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from evalml.engine import BooleanValue, Table
    from evalml.extract import contract

FIRST_DAY = dt.date(1900, 1, 1)
LAST_DAY = dt.date(2100, 12, 31)

ROW_RULES: dict[str, str] = {
    "missing_value": "a column that may not be empty is empty",
    "impossible_date": "a date lies before 1900 or after 2100",
    "duplicate_key": "another row has the same key; the one entered last is kept",
    "orphan_key": "the person, or the file, does not exist in the extract",
    "parent_put_aside": "the person, or the file, was itself put aside",
    "code_not_in_list": "a coded column holds a value outside its closed list",
    "event_before_birth": "the event lies before the birth of the person",
    "future_date": "what is said to have happened lies after the extraction",
    "end_before_start": "the last day lies before the first day",
}

# First and last day of what lasts; date of what happened.
SPELLS = {
    "dossiers": ("date_ouverture", "date_cloture"),
    "situations": ("date_debut", "date_fin"),
    "accompagnements": ("date_debut", "date_fin"),
    "iae_pass": ("date_debut", "date_fin"),
    "iae_contrats": ("date_debut", "date_fin"),
    "structures": ("valide_du", "valide_au"),
}
EVENTS = {"dossiers": "date_ouverture", **DATED}


@dataclass(slots=True)
class Known:
    """What earlier tables have taught: the persons and files there are, and which were accepted.

    Attributes:
        extraction_date: The vintage of the extract.
        persons: One row per person: `id_jeune`, `born`, `person_accepted`.
        files: One row per dossier: `id_dossier`, `file_accepted`.
    """

    extraction_date: dt.date
    persons: Table | None = field(default=None)
    files: Table | None = field(default=None)

    def parents(self, table: contract.Table, names: Collection[str]) -> list[tuple[str, Table]]:
        """Return the tables that the rows of a table point to, with the key of each.

        Args:
            table: The table.
            names: Its columns.
        """
        known_parents = (
            ("jeunes", "id_jeune", self.persons),
            ("dossiers", "id_dossier", self.files),
        )
        return [
            (key, rows)
            for name, key, rows in known_parents
            if name != table.name and key in names and rows is not None
        ]

    def learn(self, table: contract.Table, accepted: Table, all_rows: Table | None) -> None:
        """Remember the keys of `jeunes` and `dossiers`.

        Args:
            table: The table.
            accepted: Its accepted rows.
            all_rows: All its rows where some were put aside, None where none was.
        """
        if table.name == "jeunes":
            self.persons = _keys(
                accepted, all_rows, "id_jeune", "person_accepted", "date_naissance"
            )
        elif table.name == "dossiers":
            self.files = _keys(accepted, all_rows, "id_dossier", "file_accepted", None)


def _keys(accepted: Table, all_rows: Table | None, key: str, flag: str, born: str | None) -> Table:
    extra = {"born": accepted[born]} if born else {}
    good = accepted.select(accepted[key], **extra, **{flag: literal(True)})
    if all_rows is None:
        return good
    every = all_rows.filter(all_rows[key].notnull()).select(key).distinct()
    joined = every.left_join(good, key).drop(f"{key}_right")
    return joined.mutate(**{flag: joined[flag].fill_null(False)})


def flagged(typed: Table, table: contract.Table, known: Known, broken: Collection[str]) -> Table:
    """Return the rows with one more column, `rule`: null, or the first rule the row breaks.

    `broken`: rules that some row may break; the others are not looked at.
    """
    rows = typed.mutate(**{_RANK: _rank(typed, table)}) if "duplicate_key" in broken else typed
    if PARENT_RULES & set(broken):
        rows = with_parents(rows, table, known)
    tests = {r: test for r, test in _tests(rows, table, known).items() if r in broken}
    branches = [(test, rule) for rule, test in tests.items() if test is not None]
    return rows.mutate(rule=cases(*branches, else_=null("string"))).select(*typed.columns, "rule")


_RANK = "rank_in_key"


def _rank(typed: Table, table: contract.Table) -> Any:
    """Number the rows of a key: entered last first, then by content, never by place in the file."""
    dated = [c.name for c in table.columns if c.name in ("date_saisie", "date_maj")]
    order = [typed[n].desc() for n in dated] + [typed[c] for c in typed.columns if c not in dated]
    return row_number().over(window(group_by=list(table.key), order_by=order))


def with_parents(rows: Table, table: contract.Table, known: Known) -> Table:
    """Add what is known of the person and of the file of each row."""
    for key, parents in known.parents(table, rows.columns):
        found = parents.mutate(**{_KNOWN[key]: literal(True)})
        rows = rows.left_join(found, key).drop(f"{key}_right")
    return rows


def _tests(rows: Table, table: contract.Table, known: Known) -> dict[str, BooleanValue | None]:
    return {
        "missing_value": any_of(rows[c.name].isnull() for c in table.columns if not c.nullable),
        "impossible_date": any_of(
            (rows[c.name] < literal(FIRST_DAY)) | (rows[c.name] > literal(LAST_DAY))
            for c in table.columns
            if c.type == "date"
        ),
        "duplicate_key": rows[_RANK] > 0 if _RANK in rows.columns else None,
        **parent_tests(rows, table),
        "code_not_in_list": any_of(outside(rows, c) for c in table.columns if closed(c)),
        "future_date": future(rows, table, known.extraction_date),
        "end_before_start": ends_early(rows, table),
    }


PARENT_RULES = frozenset({"orphan_key", "parent_put_aside", "event_before_birth"})
_KNOWN = {"id_jeune": "person_known", "id_dossier": "file_known"}
_ACCEPTED = {"id_jeune": "person_accepted", "id_dossier": "file_accepted"}


def parent_tests(rows: Table, table: contract.Table) -> dict[str, BooleanValue | None]:
    """Return the tests on the persons and files beside the rows (`with_parents`)."""
    keys = [key for key, column in _KNOWN.items() if column in rows.columns]
    return {
        "orphan_key": any_of(rows[_KNOWN[key]].isnull() for key in keys),
        "parent_put_aside": any_of(~rows[_ACCEPTED[key]] for key in keys),
        "event_before_birth": _before_birth(rows, table),
    }


def any_of(tests: Iterable[Any]) -> BooleanValue | None:
    """Return whether one test holds at least; an empty cell makes none hold."""
    found: BooleanValue | None = None
    for test in tests:
        test = test.fill_null(False)  # noqa: PLW2901 - an empty cell breaks no rule but the first
        found = test if found is None else found | test
    return found


def closed(column: contract.Column) -> bool:
    """Tell whether a column takes its values from a closed list."""
    return column.codes is not None and not code_list(column.codes).open


def outside(rows: Table, column: contract.Column) -> BooleanValue:
    """Tell whether a code is not in its list."""
    return rows[column.name].notin(list(code_list(str(column.codes)).values))


def _before_birth(rows: Table, table: contract.Table) -> BooleanValue | None:
    if "born" not in rows.columns or table.name not in EVENTS:
        return None
    return any_of([rows[EVENTS[table.name]] < rows.born])


def future(rows: Table, table: contract.Table, extraction: dt.date) -> BooleanValue | None:
    """Tell what is said to have happened after the extraction; plans may lie in the future."""
    day = literal(extraction)
    entered = [
        rows[n] > day
        for n in ("date_saisie", "date_maj", "date_naissance", "date_premier_accueil", "mois")
        if n in rows.columns
    ]
    happened: list[Any] = []
    if table.name == "situations":
        happened = [(rows.date_debut > day) & (rows.etat != "PREVU")]
    elif table.name == "actes":
        happened = [(rows.date_acte > day) & (rows.statut == "PRESENT")]
    elif table.name in ("dossiers", "accompagnements", "iae_candidatures", "evenements_externes"):
        happened = [rows[EVENTS[table.name]] > day]
    return any_of([*entered, *happened])


def ends_early(rows: Table, table: contract.Table) -> BooleanValue | None:
    """Tell whether the last day of a spell lies before the first."""
    if table.name not in SPELLS:
        return None
    first, last = SPELLS[table.name]
    return any_of([rows[last] < rows[first]])


def rules_of(table: contract.Table) -> set[str]:
    """Return the row rules that a row of this table can break."""
    dates = any(c.type == "date" for c in table.columns)
    parents = any(
        c.name in ("id_jeune", "id_dossier") and c.references is not None for c in table.columns
    )
    person = any(c.name == "id_jeune" and c.references is not None for c in table.columns)
    rules = {
        "missing_value": True,
        "impossible_date": dates,
        "duplicate_key": True,
        "orphan_key": parents,
        "parent_put_aside": parents,
        "code_not_in_list": any(closed(c) for c in table.columns),
        "event_before_birth": person and table.name in EVENTS,
        "future_date": table.name in EVENTS or table.name == "jeunes",
        "end_before_start": table.name in SPELLS,
    }
    return {rule for rule, can in rules.items() if can}
