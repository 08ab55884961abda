"""The examples of a study: invented persons, and what the study must make of them.

They go through the same code as the persons of an extract, in an engine of their own. Their dates
are written from the first time zero of the study (`M-1/10` is the 10th of the month before it), so
that they hold for every year.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.cohort import build_cohort, target_trial
from evalml.cohort.eligible import at_time_zero
from evalml.comparison.arms import trajectory_values
from evalml.engine import open_engine
from evalml.errors import StudyError, nearest
from evalml.extract import ExtractMeta
from evalml.extract.contract import TABLES, table
from evalml.months import first_day
from evalml.outcomes import compute_outcomes
from evalml.panel import build_panel
from evalml.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from evalml.engine import Engine
    from evalml.study import Example, Study, Territory

DATE = re.compile(r"M([+-]\d+)?(?:/(\d{1,2}))?")
HERE, ELSEWHERE = "ICI", "AILLEURS"
"""Missions locales of the examples: one of the territory of the study, one of another."""
DEFAULTS: dict[str, dict[str, Any]] = {
    "jeunes": {
        "sexe": "F",
        "date_naissance": "M-240/15",
        "nationalite": "FR",
        "date_premier_accueil": "M-9",
    },
    "dossiers": {"id_structure": HERE, "date_ouverture": "M-9", "date_maj": "M-9"},
    "situations": {"categorie": "Demandeur d'emploi", "etat": "TERMINE"},
    "accompagnements": {"rang": 1},
    "actes": {"type": "ENTRETIEN", "statut": "PRESENT"},
    "allocations": {"montant_eur": 500.0},
    "iae_candidatures": {"siae_type": "ACI", "emetteur": "ML", "etat": "acceptee"},
    "iae_pass": {"jours_suspension": 0},
    "iae_contrats": {"siae_type": "ACI"},
    "emploi_mensuel": {"en_emploi": True},
    "appariements": {"source": "emploi_mensuel", "apparie": True},
    "affectations": {"essai": "essai", "offre": True},
}
"""What a row of an example holds where it does not say."""
TYPES = {
    "string": "string",
    "date": "date",
    "boolean": "boolean",
    "integer": "int64",
    "number": "float64",
}
COVERED = ("situations", "emploi_mensuel")
"""Tables that hold every month of the examples, so that a month without a row is a no."""
FRAMES = {
    "date": "datetime64[ns]",
    "integer": "Int64",
    "number": "Float64",
    "boolean": "boolean",
}


def check_examples(study: Study) -> int:
    """Refuse a study that does not make of its examples what they say.

    `study`: the study; its examples hold one entrant and one person compared, at least.
    """
    if not study.examples:
        return 0
    engine = open_engine(threads=1)
    found = [*_made(study, engine)]
    wrong = [
        f"example '{example.says}': {key} is {_word(made.get(key))}, not {_word(expected)}"
        for example, made in zip(study.examples, found, strict=True)
        for key, expected in example.makes.items()
        if not _same(made.get(key), expected)
    ]
    if wrong:
        raise StudyError("; ".join(wrong))
    return len(found)


def _word(value: Any) -> str:
    return "unknown" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


def _same(found: Any, expected: Any) -> bool:
    if isinstance(found, int | float) and isinstance(expected, int | float):
        return float(found) == float(expected)
    return bool(found == expected)


def _made(study: Study, engine: Engine) -> Iterator[dict[str, Any]]:
    """Give what the study makes of each example: arm, covariates, outcomes by month."""
    trial = replace(target_trial(study), per_entrant=0)
    zero = trial.months[0]
    records = example_tables(study, zero, engine)
    at_zero, rules = at_time_zero(records, trial, engine)
    lost = engine.fetch(at_zero.filter(at_zero.month == zero)).set_index("id_jeune")
    expected = {key for example in study.examples for key in example.makes} - {"arm"}
    months = {key: key.rpartition("_m") for key in expected if re.search(r"_m\d+$", key)}
    covariates = sorted(expected - months.keys())
    cohort = build_cohort(records, trial, covariates, engine)
    kept = engine.fetch(cohort.entries.filter(cohort.entries.month == zero)).set_index("id_jeune")
    names = sorted({name for name, _, _ in months.values()})
    panel = build_panel(records, cohort, engine)
    entries = engine.fetch(cohort.entries.select("entry", "month").order_by("entry"))
    values = trajectory_values(compute_outcomes(panel, names), entries, engine) if names else {}
    for person, _ in enumerate(study.examples):
        key = str(person)
        made: dict[str, Any] = {"arm": _arm(key, kept, lost, rules)}
        if key in kept.index:
            made |= {name: _plain(kept.loc[key, name]) for name in covariates}
            entry = int(str(kept.loc[key, "entry"]))
            made |= {
                full: _plain(values[name][entry, int(month) - panel.months[0]])
                for full, (name, _, month) in months.items()
            }
        yield made


def _plain(value: Any) -> Any:
    if value is None or pd.isna(value):
        return None
    number = value.item() if hasattr(value, "item") else value
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _arm(key: str, kept: pd.DataFrame, lost: pd.DataFrame, rules: Any) -> str:
    """Return `treated`, `comparison`, or the first rule at which a person is lost."""
    if key in kept.index:
        return "treated" if kept.loc[key, "treated"] else "comparison"
    if key not in lost.index:
        return "open_file"
    row = lost.loc[key]
    return next((rule.name for rule in rules if not row[rule.column]), "comparison")


def example_tables(study: Study, zero: int, engine: Engine) -> Tables:
    """Return the examples of a study as checked tables."""
    rows: dict[str, list[dict[str, Any]]] = {t.name: [] for t in TABLES}
    rows["structures"] = list(_structures(study.territory))
    for person, example in enumerate(study.examples):
        for name, row in _rows_of(str(person), example, zero):
            rows[name].append(row)
    frames = {
        t.name: engine.keep(_typed(t.name, rows[t.name], engine), f"example_{t.name}")
        for t in TABLES
        if rows[t.name] or not t.optional
    }
    last = zero + len(target_trial(study).months) + study.follow_up_months
    first = zero - 2 * max(study.history_months, 12)
    period = {"from": f"{first_day(first):%Y-%m}", "to": f"{first_day(last):%Y-%m}"}
    meta = ExtractMeta(
        name="examples",
        source="synthetic",
        extraction_date=first_day(last + 2),
        territory=_territory(study),
        period_start=first_day(first),
        period_end=first_day(last + 1) - dt.timedelta(days=1),
        pseudonymised=True,
        linkage={"emploi_mensuel": "all"} if rows["emploi_mensuel"] else {},
        coverage={name: period for name in COVERED if rows[name]},
    )
    return Tables(meta, frames, pd.DataFrame({"table": [], "rule": [], "rows": []}))


def _territory(study: Study) -> dict[str, Any]:
    assert study.territory is not None  # noqa: S101 - a study over time has one
    return study.territory.model_dump(exclude_none=True)


def _structures(territory: Territory | None) -> Iterator[dict[str, Any]]:
    given = {} if territory is None else territory.model_dump(exclude_none=True)
    here = {
        "code_departement": str((given.get("departement") or ("99",))[0]),
        "code_region": str(given.get("region", "99")),
    }
    own = (given.get("structure") or (HERE,))[0]
    for name, where in ((own, here), (ELSEWHERE, {"code_departement": "98", "code_region": "98"})):
        yield {"id_structure": name, "nom": name, "valide_du": dt.date(2000, 1, 1), **where}


def _rows_of(person: str, example: Example, zero: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the rows of one person, table by table, with what they do not say."""
    given: Mapping[str, Any] = {"jeunes": {}, "dossiers": {}, **example.rows}
    known = [t.name for t in TABLES if t.name not in {"structures", "totaux"}]
    for name, rows in given.items():
        place = f"example '{example.says}'"
        if name not in known:
            raise StudyError(f"{place}: no table is called '{name}'; {nearest(name, known)}")
        columns = {column.name: column for column in table(name).columns}
        for number, row in enumerate(rows if isinstance(rows, list) else [rows]):
            for column in row:
                if column not in columns:
                    hint = nearest(column, columns)
                    raise StudyError(f"{place}: '{name}' has no column '{column}'; {hint}")
            identifiers = {"id_jeune": person, "id_dossier": f"{person}-d"}
            full = dict.fromkeys(table(name).key, f"{person}-{name}-{number}")
            full |= {key: one for key, one in identifiers.items() if key in columns}
            full |= DEFAULTS.get(name, {}) | row
            if "date_saisie" in columns and "date_saisie" not in row:
                full["date_saisie"] = str(full.get("date_debut") or full.get("date_acte"))
            yield name, {k: _dated(v, columns[k].type, zero, place) for k, v in full.items()}


def _dated(value: Any, kind: str, zero: int, place: str) -> Any:
    """Return a date written from the first time zero, such as `M-1/10`, or another value as is."""
    if kind != "date" or not isinstance(value, str):
        return value
    found = DATE.fullmatch(value)
    if found is None:
        raise StudyError(f"{place}: '{value}' is no date; write it from time zero, such as M-1/10")
    month = first_day(zero + int(found[1] or 0))
    try:
        return month.replace(day=int(found[2] or 1))
    except ValueError:
        raise StudyError(f"{place}: '{value}' is no day of {month:%Y-%m}") from None


def _typed(name: str, rows: list[dict[str, Any]], engine: Engine) -> Any:
    columns = table(name).columns
    frame = pd.DataFrame(rows, columns=[column.name for column in columns])
    kinds: dict[str, Any] = {c.name: FRAMES.get(c.type, "string") for c in columns}
    frame = frame.astype(kinds)
    return engine.memtable(frame).cast({c.name: TYPES[c.type] for c in columns})
