"""What a cohort looks like and how well it is seen, as counts: entries, places, contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.codes import code_list, territory_names
from evalml.cohort.month_sets import WIDTH, Calendar, gather, set_between, spread, touches
from evalml.engine import (
    Engine,
    Table,
    bit_count,
    cases,
    greatest,
    ifelse,
    latest,
    least,
    literal,
    month_label,
    month_of,
    span,
)
from evalml.panel.build import declared_months, unfolded
from evalml.values import Message, Number, messages_text
from evalml.words import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.engine import Table
    from evalml.panel.build import Panel
    from evalml.tables import Tables


UNKNOWN = "INCONNU"
AGES = ((18, "16-17 ans"), (22, "18-21 ans"), (26, "22-25 ans"), (200, "26 ans et plus"))
SENIORITY = (
    (3, "moins de 3 mois"), (6, "3 à 5 mois"), (12, "6 à 11 mois"), (24, "12 à 23 mois"),
    (10_000, "24 mois et plus"),
)  # fmt: skip
COLUMNS = ["measure", "group", "group_value", "label", "value", "numerator", "denominator", "unit"]


def profile_cohort(tables: Tables, panel: Panel, engine: Engine) -> pd.DataFrame:
    """Count the rows of a cohort by arm, for its standard pictures.

    Every trait is that known at time zero. The unit is the pair of a youth and a trial, so a
    youth eligible in several months counts in each.

    Returns:
        One row per measure (`entries`, `age`, `sexe`, `niveau_diplome`, `overlap`, `seniority`,
        `observation`, `exposure`, `territory`), arm (`group`) and value: `label`, `value` (percent
        of the arm), `numerator`, `denominator`, `unit`. Nothing is protected yet.
    """
    entries = panel.cohort.entries
    traits = _traits(tables, panel, engine)
    places = entries.group_by("treated", territory=entries.code_departement)
    territory = engine.fetch(places.agg(n=entries.count()))
    sizes = territory.groupby("treated", sort=False)["n"].sum().sort_index()
    arms = {_arm(t): int(n) for t, n in sizes.items()}
    parts = [
        _counted(territory if name == "territory" else traits, name, labels, arms)
        for name, labels in _labels().items()
    ]
    parts += [_overlap(tables, panel, arms, engine), _observed(panel, arms, engine)]
    parts.append(_exposed(tables, panel, arms, engine))
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _arm(treated: Any) -> str:
    return "treated" if treated else "comparison"


def _labels() -> dict[str, Mapping[str, str]]:
    diplomas = {**code_list("niveau_diplome").labels, UNKNOWN: "Non renseigné"}
    return {
        "entries": {},
        "age": {label: label for _, label in AGES},
        "sexe": code_list("sexe").labels,
        "niveau_diplome": diplomas,
        "seniority": {**{label: label for _, label in SENIORITY}, UNKNOWN: "Non renseigné"},
        "territory": territory_names()["departements"],
    }


def _traits(tables: Tables, panel: Panel, engine: Engine) -> pd.DataFrame:
    """Count the entries by arm and every trait drawn, as known at time zero, in one pass."""
    entries = panel.cohort.entries.select("entry", "id_jeune", "month", "treated", "id_structure")
    born = tables.table("jeunes").select(
        "id_jeune", "sexe", "date_naissance", "date_premier_accueil"
    )
    t = entries.join(born, "id_jeune")
    t = t.left_join(_diplomas(tables, entries), "entry").drop("entry_right")
    late = (t.date_naissance.day() > 1).cast("int32")
    age = (t.month - month_of(t.date_naissance) - late) // 12
    since = t.month - month_of(t.date_premier_accueil)
    known = t.date_premier_accueil.notnull() & (since > 0)
    counted = t.group_by(
        "treated",
        "month",
        "sexe",
        age=cases(*[(age < limit, literal(label)) for limit, label in AGES], else_=UNKNOWN),
        niveau_diplome=t.niveau_diplome.fill_null(UNKNOWN),
        seniority=cases(
            *[(known & (since < limit), literal(label)) for limit, label in SENIORITY],
            else_=UNKNOWN,
        ),
    ).agg(n=t.count())
    return engine.fetch(counted.mutate(entries=month_label(counted.month)))


def _diplomas(tables: Tables, entries: Table) -> Table:
    """Return the diploma of the file each entry belongs to, where known before time zero."""
    files = tables.table("dossiers").select(
        "id_jeune", "id_structure", "id_dossier", "date_ouverture", "date_maj", "niveau_diplome"
    )
    diplomas = entries.select("entry", "id_jeune", "id_structure", "month")
    diplomas = diplomas.join(files, ["id_jeune", "id_structure"])
    diplomas = diplomas.filter(
        (month_of(diplomas.date_ouverture) < diplomas.month)
        & (month_of(diplomas.date_maj) < diplomas.month)
    )
    return diplomas.group_by("entry").agg(
        niveau_diplome=latest(diplomas.niveau_diplome, diplomas.date_ouverture, diplomas.id_dossier)
    )


def _counted(
    counts: pd.DataFrame, name: str, labels: Mapping[str, str], arms: Mapping[str, int]
) -> pd.DataFrame:
    found = counts.groupby(["treated", name], dropna=False)["n"].sum().reset_index()
    keys = {
        (_arm(treated), str(value)): int(n) for treated, value, n in found.itertuples(index=False)
    }
    present = {value for _, value in keys}
    order = [value for value in labels if value in present] or sorted(present)
    rows = [
        (arm, value, labels.get(value, value), keys.get((arm, value), 0))
        for arm in arms
        for value in order
    ]
    return _framed(name, rows, arms)


def _framed(
    measure: str, rows: list[tuple[str, str, str, int]], arms: Mapping[str, int]
) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["group", "group_value", "label", "numerator"])
    frame["denominator"] = frame["group"].map(arms).astype("int64")
    frame["value"] = 100 * frame["numerator"] / frame["denominator"]
    return frame.assign(measure=measure, unit="%")


def _overlap(tables: Tables, panel: Panel, arms: Mapping[str, int], engine: Engine) -> pd.DataFrame:
    """Count who is inside another programme at time zero; one may be in several."""
    entries = panel.cohort.entries.select("entry", "id_jeune", "month", "treated")
    spells = tables.table("accompagnements")
    spells = spells.filter(spells.dispositif != panel.cohort.trial.dispositif)
    spells = spells.select("id_jeune", "dispositif", "date_debut", "date_fin", "date_saisie")
    inside = entries.join(spells, "id_jeune")
    inside = inside.filter(
        (month_of(inside.date_debut) < inside.month)
        & (month_of(inside.date_saisie) < inside.month)
        & (inside.date_fin.isnull() | (month_of(inside.date_fin) >= inside.month))
    )
    found = engine.fetch(inside.group_by("treated", "dispositif").agg(n=inside.entry.nunique()))
    programmes = {
        (_arm(treated), str(code)): int(n)
        for treated, code, n in found[["treated", "dispositif", "n"]].itertuples(index=False)
    }
    labels = code_list("dispositif").labels
    order = sorted({code for _, code in programmes})
    rows = [(arm, c, labels.get(c, c), programmes.get((arm, c), 0)) for arm in arms for c in order]
    return _framed("overlap", rows, arms)


def _observed(panel: Panel, arms: Mapping[str, int], engine: Engine) -> pd.DataFrame:
    """Count, by month since time zero, the entries with a declared situation."""
    rows = panel.by_entry()
    rows = unfolded(
        panel,
        rows.select("treated", "month", "block", declared_months=declared_months(rows)),
        "declared_months",
    )
    counts = rows.group_by("treated", "k").agg(n=rows.count())
    return _by_month("observation", counts, panel.months, arms, engine)


def _exposed(tables: Tables, panel: Panel, arms: Mapping[str, int], engine: Engine) -> pd.DataFrame:
    """Count, by month from time zero on, the entries inside the programme that is evaluated."""
    last = panel.months[1]
    entries = panel.cohort.entries.select("entry", "id_jeune", "month", "treated")
    inside = entries.join(_spells(tables, panel.cohort.trial.dispositif), "id_jeune")
    first = greatest(month_of(inside.date_debut) - inside.month, 0)
    until = ifelse(inside.date_fin.isnull(), last, month_of(inside.date_fin) - inside.month)
    inside = inside.mutate(k_first=first, k_last=least(until, last))
    inside = inside.filter(inside.k_first <= inside.k_last)
    months = inside.select("entry", "treated", k=span(inside.k_first, inside.k_last).unnest())
    counts = months.group_by("treated", "k").agg(n=months.entry.nunique())
    return _by_month("exposure", counts, (0, last), arms, engine)


def _spells(tables: Tables, dispositif: str) -> Table:
    """Return the spells of a programme: for the IAE, its contracts."""
    if dispositif == "IAE":
        return tables.table("iae_contrats").select("id_jeune", "date_debut", "date_fin")
    spells = tables.table("accompagnements")
    spells = spells.filter(spells.dispositif == dispositif)
    return spells.select("id_jeune", "date_debut", "date_fin")


def _by_month(
    measure: str, counts: Table, months: tuple[int, int], arms: Mapping[str, int], engine: Engine
) -> pd.DataFrame:
    """Return the counts `n` of entries by arm and month since time zero `k`."""
    found = engine.fetch(counts)
    measures = {
        (_arm(treated), int(k)): int(n)
        for treated, k, n in found[["treated", "k", "n"]].itertuples(index=False)
    }
    values = [
        (arm, str(k), str(k), measures.get((arm, k), 0))
        for arm in arms
        for k in range(months[0], months[1] + 1)
    ]
    return _framed(measure, values, arms)


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
    for seen in (_contacts_of(tables, panel), _declared_months(panel)):
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


def _contacts_of(tables: Tables, panel: Panel) -> Table:
    """Return, per arm, how many acts took place in the months that follow an entry.

    An act counts for each entry of the person whose follow-up it falls in.
    """
    trial, entries = panel.cohort.trial, panel.cohort.entries
    calendar = Calendar(trial.months[0], trial.months[-1])
    entered = entries.select("id_jeune", "treated", first=entries.month, last=entries.month)
    contacts = gather(spread(entered, calendar), ["id_jeune", "treated"], entered=True)
    acts = tables.table("actes")
    after = Calendar(calendar.first + 1, trial.last_month)
    acts = acts.filter((acts.statut == "PRESENT") & touches(acts.date_acte, acts.date_acte, after))
    acts = acts.select("id_jeune", at=month_of(acts.date_acte)).join(contacts, "id_jeune")
    since = acts["at"] - (acts.block * WIDTH + calendar.first)
    first = greatest(since - panel.months[1], 0).cast("int32")
    last = least(since - 1, WIDTH - 1).cast("int32")
    near = acts.filter((first <= last) & (last >= 0))
    entries_near = bit_count(near.entered & set_between(first, last))
    return near.group_by("treated").agg(contacts=entries_near.sum())


def _declared_months(panel: Panel) -> Table:
    """Return, per arm, how many months after an entry have a declared situation."""
    rows = panel.by_entry()
    since = rows.month - (rows.block * WIDTH + panel.calendar.first)
    first = greatest(since + 1, 0).cast("int32")
    last = least(since + panel.months[1], WIDTH - 1).cast("int32")
    near = rows.filter((first <= last) & (first < WIDTH))
    months = bit_count(declared_months(near) & set_between(first, last))
    return near.group_by("treated").agg(declared_months=months.sum())
