"""What each kind of check counts: which rows it concerns, and which of them fail.

Every kind takes the accepted rows of a table, with what is known of the person and of the file
beside them (`evalml.tables.history`), and returns two conditions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import Field

from evalml.codes import code_list
from evalml.engine import interval, literal
from evalml.extract import contract
from evalml.reading.yaml_text import StrictModel
from evalml.rules import rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalml.engine import BooleanValue, Table
    from evalml.rules import DatedValue


class Declared(StrictModel):
    """One entry of `checks.yaml`.

    Attributes:
        check: Name of the check.
        kind: What is computed.
        family: Family of checks, for the page.
        tables: `all`, table names, or columns by table.
        sentence: What was looked for and what it means, in French.
        warn_above: Share of the rows concerned above which the check warns.
        block_above: Share above which the extract is refused, never if not given.
        params: What the kind needs to know (`with` in the file).
    """

    check: str
    kind: str
    family: str
    tables: str | list[str] | dict[str, list[str]]
    sentence: str
    warn_above: float = Field(default=0, ge=0, le=1)
    block_above: float | None = Field(default=None, ge=0, le=1)
    params: dict[str, Any] = Field(default_factory=dict, alias="with")


@dataclass(frozen=True, slots=True)
class TableCheck:
    """One check on one table, or on one column of it.

    Attributes:
        declared: What `checks.yaml` says.
        table: Name of the table.
        column: Column, or two columns, it bears on; empty for the whole row.
    """

    declared: Declared
    table: str
    column: str = ""

    @property
    def sentence(self) -> str:
        """The sentence, with the order of situations filled in."""
        order = " > ".join(code_list("categorie").values)
        return self.declared.sentence.replace("{ranking}", order)


@cache
def declared_checks() -> tuple[Declared, ...]:
    """Return every entry of `checks.yaml`, in order."""
    text = resources.files("evalml.tables").joinpath("checks.yaml").read_text(encoding="utf-8")
    return tuple(Declared.model_validate(entry) for entry in yaml.load(text, yaml.CSafeLoader))


def checks_of(table: contract.Table) -> tuple[TableCheck, ...]:
    """Return the checks that bear on a table, one per column where it bears on columns."""
    return tuple(c for declared in declared_checks() for c in _expanded(declared, table))


def _expanded(declared: Declared, table: contract.Table) -> Iterator[TableCheck]:
    if declared.tables == "all":
        for column in _COLUMNS.get(declared.kind, _whole_row)(table):
            yield TableCheck(declared, table.name, column)
    elif isinstance(declared.tables, dict):
        for column in declared.tables.get(table.name, []):
            yield TableCheck(declared, table.name, column)
    elif table.name in declared.tables:
        yield TableCheck(declared, table.name)


def _whole_row(_: contract.Table) -> list[str]:
    return [""]


def _bounded(table: contract.Table) -> list[str]:
    return [c.name for c in table.columns if c.minimum is not None or c.maximum is not None]


def _open_lists(table: contract.Table) -> list[str]:
    return [c.name for c in table.columns if c.codes is not None and code_list(c.codes).open]


def _coded(table: contract.Table) -> list[str]:
    return [c.name for c in table.columns if c.codes is not None]


def _integers(table: contract.Table) -> list[str]:
    return [c.name for c in table.columns if c.type == "integer"]


_COLUMNS = {
    "out_of_range": _bounded,
    "unlisted_code": _open_lists,
    "folded_code": _coded,
    "not_whole": _integers,
}

Condition = tuple["BooleanValue", "BooleanValue"]
Kind = Callable[["Table", "TableCheck", "dt.date"], Condition]

PROGRAMMES = ("CEJ", "GJ", "PACEA", "CIVIS")


def empty(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether a column is empty."""
    return literal(True), rows[check.column].isnull()


def empty_after(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether a column is empty in rows updated since a day."""
    params = check.declared.params
    return rows[params["day"]] >= literal(params["since"]), rows[params["column"]].isnull()


def empty_when(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether a column is empty in rows where another has a value."""
    params = check.declared.params
    return rows[params["where"]] == params["is"], rows[params["column"]].isnull()


def out_of_range(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether a number is outside the plausible bounds of the contract."""
    column = contract.table(check.table).column(check.column)
    value = rows[check.column]
    low = literal(False) if column.minimum is None else value < column.minimum
    high = literal(False) if column.maximum is None else value > column.maximum
    return value.notnull(), low | high


def unlisted_code(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether a code is not yet in its open list."""
    codes = contract.table(check.table).column(check.column).codes
    value = rows[check.column]
    return value.notnull(), value.notin(list(code_list(str(codes)).values))


def not_first_of_month(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether a month is noted by another day than its first."""
    return literal(True), rows[check.column].day() != 1


def hours_without_presence(rows: Table, _: TableCheck, __: dt.date) -> Condition:
    """Whether an act that did not take place carries hours."""
    return rows.statut != "PRESENT", rows.heures > 0


def stale_plan(rows: Table, check: TableCheck, extraction: dt.date) -> Condition:
    """Whether an act is still planned long after its day."""
    late = rows.date_acte + interval(days=check.declared.params["days"])
    return rows.statut == "PLANIFIE", late < literal(extraction)


def out_of_order(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether the second of two dates lies before the first."""
    first, second = (rows[c] for c in check.column.split())
    return first.notnull() & second.notnull(), second < first


def late_entry(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether a row was entered long after what it tells."""
    event, entered = (rows[c] for c in check.column.split())
    return literal(True), entered > event + interval(days=check.declared.params["days"])


def state_against_dates(rows: Table, _: TableCheck, extraction: dt.date) -> Condition:
    """Whether a situation's state contradicts its dates."""
    ended = (rows.etat == "TERMINE") & rows.date_fin.isnull()
    current = (rows.etat == "EN_COURS") & (rows.date_fin < literal(extraction))
    planned = (rows.etat == "PREVU") & (rows.date_debut < literal(extraction))
    return literal(True), _or(ended, current, planned)


def after_closure(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether something happened after the file it belongs to was closed."""
    day = rows[check.column]
    return day.notnull() & rows.file_closed.notnull(), day > rows.file_closed


def before_opening(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether something happened before the file it belongs to was opened."""
    return rows.file_opened.notnull(), rows[check.column] < rows.file_opened


def other_person(rows: Table, _: TableCheck, __: dt.date) -> Condition:
    """Whether a row is of another person than its file."""
    return rows.file_person.notnull(), rows.id_jeune != rows.file_person


def unknown_structure(rows: Table, _: TableCheck, __: dt.date) -> Condition:
    """Whether a file is in a structure that is not in `structures`."""
    return literal(True), rows.structure_until.isnull()


def structure_ended(rows: Table, _: TableCheck, __: dt.date) -> Condition:
    """Whether a file was opened in a structure already merged or closed."""
    return rows.structure_until.notnull(), rows.date_ouverture > rows.structure_until


def unknown_parent(rows: Table, _: TableCheck, __: dt.date) -> Condition:
    """Whether the spell this one is nested in does not exist."""
    return rows.id_parent.notnull(), rows.parent_programme.isnull()


def not_nested(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether a spell that must be nested in another programme is not."""
    params = check.declared.params
    concerned = (rows.dispositif == params["inner"]) & (rows.date_debut >= literal(params["since"]))
    return concerned, rows.parent_programme.fill_null("") != params["outer"]


def age_outside_rule(rows: Table, _: TableCheck, __: dt.date) -> Condition:
    """Whether the age at entry is outside the programme's bounds of the day."""
    concerned, failing = literal(False), literal(False)
    disabled = (rows.disabled_since <= rows.date_debut).fill_null(False)
    for code in PROGRAMMES:
        here = rows.dispositif == code
        for low in _youngest(code):
            young = rows.date_debut < rows.born + interval(years=int(str(low.value)))
            concerned = concerned | (here & _holds(rows, low))
            failing = failing | (here & _holds(rows, low) & young)
        has_rqth = "age_max_rqth" in rules(code).rules
        for high in _dated(code, "age_max"):
            old = rows.date_debut >= rows.born + interval(years=int(str(high.value)) + 1)
            failing = failing | (here & _holds(rows, high) & old & ~(disabled & literal(has_rqth)))
        for high in _dated(code, "age_max_rqth"):
            old = rows.date_debut >= rows.born + interval(years=int(str(high.value)) + 1)
            failing = failing | (here & _holds(rows, high) & old & disabled)
    return concerned, failing


def entry_after_closing(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether an entry lies after the programme closed to entries."""
    renewal = rows.rang > 1
    kind = renewal if check.declared.params["renewals"] else ~renewal
    failing = literal(False)
    for code in PROGRAMMES:
        for closing in _dated(code, "closing"):
            failing = failing | (
                (rows.dispositif == code) & (rows.date_debut > literal(_day(closing)))
            )
    return kind, failing


def entry_before_opening(rows: Table, _: TableCheck, __: dt.date) -> Condition:
    """Whether an entry lies before the programme opened."""
    concerned, failing = literal(False), literal(False)
    for code in PROGRAMMES:
        for opening in _dated(code, "opening"):
            here = rows.dispositif == code
            concerned = concerned | here
            failing = failing | (here & (rows.date_debut < literal(_day(opening))))
    return concerned, failing


def longer_than_rule(rows: Table, _: TableCheck, __: dt.date) -> Condition:
    """Whether a spell lasts longer than the rule allows, exceptional extension included."""
    failing = literal(False)
    for code in PROGRAMMES:
        longest = _dated(code, "duration_max_exceptional_months") or _dated(
            code, "duration_max_months"
        )
        for rule in longest:
            latest = rows.date_debut + interval(months=int(str(rule.value)))
            here = (rows.dispositif == code) & _holds(rows, rule)
            failing = failing | (here & (rows.date_fin > latest))
    return rows.date_fin.notnull(), failing


def amount_above_rule(rows: Table, check: TableCheck, _: dt.date) -> Condition:
    """Whether an allowance is above the ceiling of its month, that of a minor for minors.

    Months for which no ceiling was read, such as those after a yearly change that was not, are not
    concerned.
    """
    concerned, failing = literal(False), literal(False)
    minor = rows.born + interval(years=18) >= rows.mois + interval(months=1)
    for ceiling in check.declared.params["ceilings"]:
        for start, end, amount in _ceilings(ceiling["programme"], ceiling["rule"]):
            here = (rows.dispositif == ceiling["programme"]) & (rows.mois >= literal(start))
            here = here if end is None else here & (rows.mois < literal(end))
            concerned = concerned | here
            failing = failing | (here & (rows.montant_eur > amount))
        for start, end, amount in _ceilings(ceiling["programme"], ceiling.get("minors", "")):
            here = (rows.dispositif == ceiling["programme"]) & (rows.mois >= literal(start)) & minor
            here = here if end is None else here & (rows.mois < literal(end))
            failing = failing | (here & (rows.montant_eur > amount)).fill_null(False)
    return concerned, failing


def _ceilings(programme: str, rule: str) -> list[tuple[dt.date, dt.date | None, float]]:
    """Return the amounts of a rule with the day each begins and that from which it is not known."""
    found = rules(programme).rules.get(rule)
    if found is None:
        return []
    steps = found.used
    ends: list[dt.date | None] = [after.start for after in steps[1:]]
    last = steps[-1].end
    ends.append(last + dt.timedelta(days=1) if last else found.known_until())
    return [(s.start, end, float(str(s.value))) for s, end in zip(steps, ends, strict=True)]


def _youngest(code: str) -> tuple[DatedValue, ...]:
    """Return the lowest ages at entry, exceptions by decision of a commission included."""
    usual = {value.start: value for value in _dated(code, "age_min")}
    exceptional = {value.start: value for value in _dated(code, "age_min_exceptional")}
    return tuple((usual | exceptional).values())


def _dated(code: str, rule: str) -> tuple[DatedValue, ...]:
    found = rules(code).rules.get(rule)
    return found.used if found else ()


def _holds(rows: Table, value: DatedValue) -> BooleanValue:
    since = rows.date_debut >= literal(value.start)
    return since if value.end is None else since & (rows.date_debut <= literal(value.end))


def _day(value: DatedValue) -> dt.date:
    return dt.date.fromisoformat(str(value.value))


def _or(*tests: BooleanValue) -> BooleanValue:
    found = tests[0].fill_null(False)
    for test in tests[1:]:
        found = found | test.fill_null(False)
    return found


KINDS: dict[str, Kind] = {
    f.__name__: f
    for f in (
        empty,
        empty_after,
        empty_when,
        out_of_range,
        unlisted_code,
        not_first_of_month,
        hours_without_presence,
        stale_plan,
        out_of_order,
        late_entry,
        state_against_dates,
        after_closure,
        before_opening,
        other_person,
        unknown_structure,
        structure_ended,
        unknown_parent,
        not_nested,
        age_outside_rule,
        entry_after_closing,
        entry_before_opening,
        longer_than_rule,
        amount_above_rule,
    )
}
