"""The definitions, as cases a counsellor could write: tests/cases/cohort and tests/cases/panel."""

from __future__ import annotations

import pytest
import yaml
from people import tables_of
from tests_root import ROOT

import evalml as ev
from evalml.codes import RANKING
from evalml.cohort.build import build_cohort
from evalml.panel import FLAGS

ELIGIBILITY = yaml.safe_load((ROOT / "tests/cases/cohort/eligibility.yaml").read_text())
MONTHS = yaml.safe_load((ROOT / "tests/cases/panel/months.yaml").read_text())

# Two persons who are always eligible, so that no cohort of a case is empty.
ANCHORS = {
    "anchor-treated": {
        "actes": [{"date_acte": "2024-02-10"}],
        "accompagnements": [{"date_debut": "2024-03-12"}],
    },
    "anchor-waiting": {"actes": [{"date_acte": "2024-02-10"}]},
}


def study(**changes):
    return ev.study_from(
        {
            "study": "case",
            "title": "One case",
            "programme": "CEJ",
            "notebook": "cej",
            "territory": {"region": "32"},
            "entries": {"from": "2024-03-01", "to": "2024-03-31"},
            "comparison": {"design": "sequential_trials"},
            "outcomes": ["emploi"],
            "horizons": [12],
            "primary": {"outcome": "emploi", "horizon": 12, "method": "aipw"},
            **changes,
        }
    )


@pytest.fixture(scope="module")
def engine():
    return ev.open_engine()


@pytest.fixture(scope="module")
def eligible(engine):
    """All the persons of eligibility.yaml in one cohort: name -> row of the cohort."""
    people = {f"case-{i}": case["person"] for i, case in enumerate(ELIGIBILITY)} | ANCHORS
    cohort = build_cohort(tables_of(people, engine), ev.target_trial(study()), [], engine)
    return engine.fetch(cohort.entries).set_index("id_jeune"), cohort.flow


@pytest.mark.parametrize("number", range(len(ELIGIBILITY)), ids=[c["says"] for c in ELIGIBILITY])
def test_eligibility(number, eligible):
    case, (entries, _) = ELIGIBILITY[number], eligible
    name = f"case-{number}"
    if "lost_at" in case:
        assert name not in entries.index
        return
    row = entries.loc[name]
    assert row["treated"] == (case["arm"] == "treated")
    assert row["id_structure"] == case.get("structure", "59350S00")


def test_the_flow_loses_each_person_at_the_rule_the_case_names(eligible):
    _, flow = eligible
    lost = dict(zip(flow["rule"], flow["lost"], strict=True))
    for rule in ("age", "accompanied", "not_yet_entered", "outside_situations"):
        assert lost[rule] == sum(case.get("lost_at") == rule for case in ELIGIBILITY), rule
    outside = sum(case.get("lost_at") == "open_file" for case in ELIGIBILITY)
    assert flow["kept"].iloc[0] == len(ELIGIBILITY) + len(ANCHORS) - outside
    assert (flow["kept"].diff().fillna(0) == -flow["lost"]).all()


@pytest.fixture(scope="module")
def panel(engine):
    people = {}
    for i, case in enumerate(MONTHS):
        acts = case["person"].get("actes", [{"date_acte": "2024-02-10"}])
        people[f"case-{i}"] = {**case["person"], "actes": acts}
    tables = tables_of(people | ANCHORS, engine)
    cohort = build_cohort(tables, ev.target_trial(study()), [], engine)
    rows = engine.fetch(ev.build_panel(tables, cohort, engine).rows)
    names = engine.fetch(cohort.entries.select("entry", "id_jeune"))
    return rows.merge(names, on="entry").set_index(["id_jeune", "k"])


@pytest.mark.parametrize("number", range(len(MONTHS)), ids=[c["says"] for c in MONTHS])
def test_months(number, panel):
    for k, expected in MONTHS[number]["at"].items():
        key = (f"case-{number}", k)
        if expected == "unknown":
            assert key not in panel.index or panel.loc[key].isna()["state"]
            continue
        row = panel.loc[key]
        state, *flags = expected
        assert RANKING[int(row["state"])] == state
        assert {f for f in FLAGS if row[f]} - {"outside_iae"} == set(flags)


def test_every_person_month_has_one_row(panel):
    assert not panel.index.duplicated().any()


def test_a_rule_known_only_later_is_refused_with_the_name_of_its_column():
    from evalml.errors import ImmortalTimeError

    with pytest.raises(ImmortalTimeError, match=r"dossiers\.motif_cloture.*date_cloture"):
        ev.target_trial(study(eligibility={"require": {"dossiers.motif_cloture": "AGE"}}))


def test_a_covariate_known_only_later_is_refused_with_the_name_of_its_column(engine):
    from evalml.errors import ImmortalTimeError

    tables = tables_of(ANCHORS, engine)
    with pytest.raises(ImmortalTimeError, match=r"accompagnements\.motif_fin"):
        build_cohort(tables, ev.target_trial(study()), ["accompagnements.motif_fin"], engine)


def test_a_value_of_the_file_updated_after_time_zero_is_unknown(engine):
    people = {
        "updated": {
            "dossiers": [{"date_maj": "2024-03-05"}],
            "actes": [{"date_acte": "2024-02-10"}],
        }
    }
    tables = tables_of(people | ANCHORS, engine)
    cohort = build_cohort(tables, ev.target_trial(study()), ["niveau_diplome"], engine)
    rows = engine.fetch(cohort.entries).set_index("id_jeune")
    assert rows.loc["updated", "niveau_diplome"] == "INCONNU"
    assert rows.loc["anchor-waiting", "niveau_diplome"] == "CAP_BEP"


def test_a_follow_up_beyond_the_extract_is_refused_before_anything_is_counted(engine):
    from evalml.errors import CohortError

    tables = tables_of(ANCHORS, engine, period=("2022-01-01", "2024-12-31"))
    with pytest.raises(CohortError, match=r"ends in 2024-12.*need 2025-03"):
        build_cohort(tables, ev.target_trial(study()), [], engine)


def test_entries_before_the_programme_opened_are_refused():
    from evalml.errors import CohortError

    with pytest.raises(CohortError, match="CEJ"):
        ev.target_trial(study(entries={"from": "2021-03-01", "to": "2021-03-31"}))


def test_the_cohort_does_not_depend_on_the_order_of_the_rows(engine):
    people = {f"p{i}": {"actes": [{"date_acte": "2024-02-10"}]} for i in range(30)} | ANCHORS
    backwards = dict(reversed(people.items()))
    trial = ev.target_trial(study())
    first, second = (
        engine.fetch(
            build_cohort(tables_of(p, engine), trial, ["age"], engine).entries.order_by("entry")
        )
        for p in (people, backwards)
    )
    assert first.equals(second)


def test_a_study_that_crosses_a_change_of_system_must_declare_it(engine):
    from evalml.errors import StudyError
    from evalml.tables import Tables

    held = tables_of(ANCHORS, engine)
    told = {"breaks": [{"date": "2024-06-01", "what": "the system changed"}]}
    meta = type(held.meta).model_validate(held.meta.model_dump() | told)
    crossed = Tables(meta=meta, tables=held.tables, rejects=held.rejects)
    with pytest.raises(StudyError, match=r"crosses 2024-06-01.*declare"):
        build_cohort(crossed, ev.target_trial(study()), [], engine)
    build_cohort(crossed, ev.target_trial(study(breaks=["2024-06-01"])), [], engine)
