"""Outcomes, as cases a counsellor could write: tests/cases/outcomes."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from people import tables_of
from tests_root import ROOT, study_values

import evalml as ev
from evalml.comparison.arms import trajectory_values
from evalml.effect.durations import first_times
from evalml.errors import StudyError, TableMissingError
from evalml.outcomes import as_observed, choose_outcomes, durable
from evalml.study import study_from

FOLDER = ROOT / "tests/cases/outcomes"
MONTHLY, CUMULATED, FIRST, EXITS, LINKED = (
    yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    for name in ("monthly", "cumulated", "first", "exits", "linked")
)
PARTS = ["emploi_durable_lie", "alternance_lie", "emploi_aide_lie", "emploi_non_durable_lie"]
DECLARED = [
    o.name for o in ev.OUTCOMES.values() if o.channel == "declared" and o.unit == "proportion"
]
ANCHORS = {
    "anchor-treated": {
        "actes": [{"date_acte": "2024-02-10"}],
        "accompagnements": [{"date_debut": "2024-03-12", "date_fin": "2024-12-31"}],
        "situations": [
            {"categorie": "Formation", "date_debut": "2024-12-01", "date_fin": "2025-01-31"}
        ],
        "emploi_mensuel": [{"mois": "2022-01-01"}, {"mois": "2025-12-01"}],
    },
    "anchor-waiting": {"actes": [{"date_acte": "2024-02-10"}]},
}


def trial():
    return ev.target_trial(
        ev.study_from(
            {
                "study": "case", "title": "One case", "programme": "CEJ", "notebook": "cej",
                "territory": {"region": "32"},
                "entries": {"from": "2024-03-01", "to": "2024-03-31"},
                "eligibility": {"outside_situations": []},
                "comparison": {"design": "sequential_trials"}, "outcomes": ["emploi"],
                "horizons": [12], "primary": {"outcome": "emploi", "horizon": 12, "method": "aipw"},
            }
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def engine():
    return ev.open_engine()


def followed(cases, engine, optional=("emploi_mensuel",), extra=ANCHORS):
    people = {
        f"case-{i}": {"actes": [{"date_acte": "2024-02-10"}], **case["person"]}
        for i, case in enumerate(cases)
    }
    tables = tables_of(people | extra, engine, optional=optional)
    cohort = ev.build_cohort(tables, trial(), [], engine)
    names = engine.fetch(cohort.entries.select("entry", "id_jeune"))
    return tables, cohort, names, ev.build_panel(tables, cohort, engine)


@pytest.fixture(scope="module")
def monthly(engine):
    _, _, names, panel = followed(MONTHLY, engine)
    rows = engine.fetch(ev.compute_outcomes(panel, DECLARED).rows)
    return rows.merge(names, on="entry").set_index(["id_jeune", "k"])


@pytest.mark.parametrize("number", range(len(MONTHLY)), ids=[c["says"] for c in MONTHLY])
def test_an_outcome_holds_where_its_definition_says(number, monthly):
    for k, expected in MONTHLY[number]["at"].items():
        key = (f"case-{number}", k)
        if expected == "unknown":
            assert key not in monthly.index or monthly.loc[key, DECLARED].isna().all()
            continue
        row = monthly.loc[key, DECLARED]
        assert row.notna().all()
        assert set(row.index[row == 1]) == set(expected)


def test_every_declared_outcome_holds_in_some_case():
    held = {n for c in MONTHLY for names in c["at"].values() if names != "unknown" for n in names}
    assert held == set(DECLARED)


@pytest.fixture(scope="module")
def cumulated(engine):
    names = ["mois_emploi", "mois_emploi_declare", "salaire_cumule", "emploi"]
    _, _, people, panel = followed(CUMULATED, engine)
    rows = engine.fetch(ev.compute_outcomes(panel, names).rows)
    assert not rows.duplicated(["entry", "k"]).any()
    return rows.merge(people, on="entry").set_index(["id_jeune", "k"])


@pytest.mark.parametrize("number", range(len(CUMULATED)), ids=[c["says"] for c in CUMULATED])
def test_what_adds_up_adds_up(number, cumulated):
    for k, expected in CUMULATED[number]["at"].items():
        row = cumulated.loc[(f"case-{number}", k)].astype("object")
        found = {n: None if row[n] != row[n] else row[n] for n in expected}
        assert found == expected, k


def test_without_the_linked_source_months_of_work_are_the_declared_ones(engine):
    case = [c for c in CUMULATED if "declared months add up" in c["says"]]
    plain = {
        name: {table: rows for table, rows in person.items() if table != "emploi_mensuel"}
        for name, person in ANCHORS.items()
    }
    _, _, people, panel = followed(case, engine, optional=(), extra=plain)
    outcomes = ev.compute_outcomes(panel, ["mois_emploi"])
    assert [o.name for o in outcomes.chosen] == ["mois_emploi_declare"]
    rows = engine.fetch(outcomes.rows).merge(people, on="entry").set_index(["id_jeune", "k"])
    assert rows.loc[("case-0", 2), "mois_emploi_declare"] == 2
    with pytest.raises(TableMissingError, match="emploi_mensuel"):
        choose_outcomes(["salaire_cumule"], ())


@pytest.fixture(scope="module")
def linked(engine):
    """Each linked outcome by person and month since time zero, as the arms hold it."""
    names = sorted({name for case in LINKED for row in case["at"].values() for name in row})
    _, _, people, panel = followed(LINKED, engine)
    outcomes = ev.compute_outcomes(panel, names)
    entries = engine.fetch(panel.cohort.entries.select("entry", "month").order_by("entry"))
    values = trajectory_values(outcomes, entries, engine)
    at = {person: entry for entry, person in zip(people["entry"], people["id_jeune"], strict=True)}
    return values, at, -panel.months[0]


@pytest.mark.parametrize("number", range(len(LINKED)), ids=[c["says"] for c in LINKED])
def test_what_employers_declare_of_a_month(number, linked):
    values, entry, zero = linked
    for k, expected in LINKED[number]["at"].items():
        row = {n: values[n][entry[f"case-{number}"], zero + k] for n in expected}
        found = {n: None if np.isnan(v) else pytest.approx(float(v)) for n, v in row.items()}
        assert found == expected, k


def test_the_parts_add_up_to_employment_for_every_person_and_month(linked):
    values, _, _ = linked
    total = sum(values[name].astype(float) for name in PARTS)
    known = ~np.isnan(total)
    assert 0 < known.sum() < known.size
    assert (total[known] == values["emploi"][known]).all()
    assert (values["emploi"][~known & ~np.isnan(values["emploi"])] == 1).all()


def test_a_part_whose_column_the_source_lacks_is_refused_or_gives_way():
    held = {"emploi_mensuel", "emploi_mensuel.type_contrat"}
    assert [o.name for o in choose_outcomes(["emploi_durable_lie"], held)] == ["emploi_durable"]
    for name, column in (("emploi_aide_lie", "duree_prevue_mois"), ("jours", "jours")):
        with pytest.raises(TableMissingError, match=f"column '{column}' of 'emploi_mensuel'"):
            choose_outcomes([name], held)


@pytest.fixture(scope="module")
def first(engine):
    _, _, people, panel = followed(FIRST, engine)
    outcomes = ev.compute_outcomes(panel, ["emploi_durable", "scolarite"])
    entries = engine.fetch(panel.cohort.entries.select("entry", "month").order_by("entry"))
    values = trajectory_values(outcomes, entries, engine)
    months = np.arange(panel.months[0], panel.months[1] + 1)
    time, event = first_times(values["emploi_durable"], [values["scolarite"]], months)
    return entries.assign(time=time, event=event).merge(people, on="entry").set_index("id_jeune")


@pytest.mark.parametrize("number", range(len(FIRST)), ids=[c["says"] for c in FIRST])
def test_the_first_durable_job_and_what_competes_with_it(number, first):
    assert first.loc[f"case-{number}", ["time", "event"]].tolist() == FIRST[number]["gives"]


def test_a_wait_for_what_is_no_yes_or_no_is_refused():
    study = study_from(
        {
            **study_values("cej"),
            "outcomes": ["emploi", "salaire"],
            "durations": {"event": "salaire"},
            "secondary": {},
        }
    )
    with pytest.raises(StudyError, match="durations: 'salaire' is not a yes or no of each month"):
        as_observed(study, ["emploi_mensuel"])


@pytest.mark.parametrize("number", range(len(EXITS)), ids=[c["says"] for c in EXITS])
def test_the_situation_on_the_day_of_the_exit(number, engine):
    case = EXITS[number]
    tables, cohort, _, _ = followed([case], engine)
    found = ev.exit_situations(tables, cohort, engine).set_index("situation")["n"]
    expected = dict.fromkeys(found.index, 0) | {"training": 1}
    expected[case["gives"]] += 1
    assert found.to_dict() == expected


def test_the_eight_definitions_of_durable_differ_by_their_switches_only():
    names = {
        durable(from_6=a, alternance=b, aided=c).name
        for a in (False, True)
        for b in (False, True)
        for c in (False, True)
    }
    assert len(names) == 8
    assert names <= set(ev.OUTCOMES)
    assert ev.OUTCOMES["emploi_durable_6_alternance_aide"].fr == (
        "En emploi durable (CDD de 6 mois compris, alternance comprise, contrats aidés compris)"
    )


def test_every_outcome_says_where_it_comes_from():
    table = ev.outcomes_table()
    assert len(table) >= 20
    assert (table[["label", "definition", "channel", "source"]] != "").all(axis=None)
