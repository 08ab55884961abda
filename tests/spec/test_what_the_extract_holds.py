"""Coverage and linkage, from the header of an extract to covariates and outcomes: unknown, never 0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from people import tables_of

import evalml as ev
from evalml.cohort import require_tables
from evalml.cohort.covariates import expand
from evalml.comparison.arms import settle_unknown
from evalml.errors import CohortError, DataError, ExtractError, StudyError, TableMissingError
from evalml.extract import contract
from evalml.extract.meta import meta_from, require_linkage
from evalml.months import month_number
from evalml.outcomes import refuse_silent
from evalml.tables.accept import fold_codes
from evalml.tables.kinds import checks_of
from evalml.tables.scorecard import _status
from evalml.tables.sources import coverage_of, linked_people, measure_held, uncovered

HEADER = {
    "name": "x", "source": "imilo", "extraction_date": "2026-01-31", "territory": {"region": "32"},
    "period_start": "2022-01-01", "period_end": "2025-12-31", "pseudonymised": True,
}  # fmt: skip
SEEN = {"actes": [{"date_acte": "2024-02-10"}]}
ENTERS = {"accompagnements": [{"date_debut": "2024-03-12", "date_fin": "2024-12-31"}]}
WORKS = {"emploi_mensuel": [{"mois": "2024-02-01"}, {"mois": "2024-06-01"}]}
LINKED = {"appariements": {"source": "emploi_mensuel", "apparie": True}}
LOST = {"appariements": {"source": "emploi_mensuel", "apparie": False}}
PEOPLE = {
    "enters, linked": {**SEEN, **ENTERS, **WORKS, **LINKED},
    "enters, not linked": {**SEEN, **ENTERS, **WORKS, **LOST},
    "waits, linked": {**SEEN, **LINKED},
    "waits, not linked": {**SEEN, **LOST},
}
PARTIAL = {
    "optional": ("emploi_mensuel", "appariements"), "linkage": {"emploi_mensuel": "persons"},
    "coverage": {"emploi_mensuel": {"from": "2024-02", "to": "2025-03"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def engine():
    return ev.open_engine(threads=1)


def study(**changes):
    return ev.study_from(
        {
            "study": "held", "title": "Ce que tient l'extrait", "programme": "CEJ",
            "notebook": "cej", "territory": {"region": "32"},
            "entries": {"from": "2024-03-01", "to": "2024-03-31"},
            "comparison": {"design": "sequential_trials"}, "outcomes": ["emploi"],
            "horizons": [3, 12], "primary": {"outcome": "emploi", "horizon": 3, "method": "aipw"},
            "history_months": 3, **changes,
        }
    )  # fmt: skip


def cohort_of(people, engine, names=(), of=None, **held):
    of = of or study()
    tables = tables_of(people, engine, **held)
    cohort = ev.build_cohort(tables, ev.target_trial(of), names, engine)
    return tables, cohort, engine.fetch(cohort.entries).set_index("id_jeune")


def test_a_linked_table_without_a_declaration_is_refused_with_the_lines_to_add():
    meta = meta_from(HEADER, "extract.yaml")
    with pytest.raises(ExtractError, match=r"linkage:\n  emploi_mensuel: all"):
        require_linkage(meta, {"emploi_mensuel"})
    require_linkage(meta, {"situations"})
    partial = meta_from({**HEADER, "linkage": {"emploi_mensuel": "persons"}}, "extract.yaml")
    with pytest.raises(ExtractError, match="appariements"):
        require_linkage(partial, {"emploi_mensuel"})
    require_linkage(partial, {"emploi_mensuel", "appariements"})


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"coverage": {"emploi": {"from": "2022-01", "to": "2022-02"}}}, "did you mean"),
        ({"coverage": {"actes": {"from": "2022-03", "to": "2022-02"}}}, "lies before"),
        ({"coverage": {"actes": {"from": "2022-03"}}}, "missing key"),
        ({"linkage": {"emploi_mensuel": "some"}}, "persons"),
    ],
)
def test_a_wrong_declaration_says_what_is_wrong(keys, sentence):
    with pytest.raises(ExtractError, match=sentence):
        meta_from({**HEADER, **keys}, "extract.yaml")


def test_coverage_is_that_declared_else_that_of_the_rows(engine):
    tables = tables_of(PEOPLE, engine, coverage={"actes": {"from": "2023-05", "to": "2025-02"}})
    declared = coverage_of(tables, "actes", engine)
    assert (declared.first, declared.last, declared.declared) == (24280, 24301, True)
    rows = coverage_of(tables, "emploi_mensuel", engine)
    assert (rows.first, rows.last, rows.declared) == (24289, 24293, False)
    assert uncovered(tables, "allocations", 24289, 24290, engine).why == "absent"
    assert uncovered(tables, "emploi_mensuel", 24280, 24290, engine).why == "before"
    assert uncovered(tables, "emploi_mensuel", 24290, 24299, engine).why == "after"
    assert uncovered(tables, "emploi_mensuel", 24290, 24291, engine) is None


def test_a_month_received_of_nobody_among_months_of_many_is_a_hole(engine):
    months = ("2024-01-01", "2024-02-01", "2024-04-01")
    people = {str(i): {"emploi_mensuel": [{"mois": m} for m in months]} for i in range(25)}
    tables = tables_of(people, engine, linkage={"emploi_mensuel": "all"})
    assert coverage_of(tables, "emploi_mensuel", engine).holes == (24290,)
    declared = tables_of(
        people, engine, linkage={"emploi_mensuel": "all"},
        coverage={"emploi_mensuel": {"from": "2024-01", "to": "2024-04"}},
    )  # fmt: skip
    found = {
        f.check: f.failing for f in measure_held(declared, engine)[0] if f.table == "emploi_mensuel"
    }
    assert found["covered_month_without_row"] == 1


def test_a_covered_month_of_empty_lines_is_a_month_without_row(engine):
    months = [f"2024-{m:02}-01" for m in range(1, 13)]
    rows = [{"mois": m, "en_emploi": m not in months[8:10]} for m in months]
    people = {str(i): {"emploi_mensuel": rows} for i in range(25)}
    tables = tables_of(people, engine, linkage={"emploi_mensuel": "all"})
    found = {
        f.check: f.failing for f in measure_held(tables, engine)[0] if f.table == "emploi_mensuel"
    }
    assert found["covered_month_without_row"] == 2
    idle = [{"mois": m, "en_emploi": False} for m in months]
    few = {str(i): {"emploi_mensuel": rows if i < 2 else idle} for i in range(25)}
    tables = tables_of(few, engine, linkage={"emploi_mensuel": "all"})
    assert all(f.failing == 0 for f in measure_held(tables, engine)[0] if "month" in f.check)


@pytest.mark.parametrize(
    ("lost", "status"), [(0, "ok"), (1, "ok"), (3, "warning"), (10, "warning"), (11, "blocked")]
)
def test_declared_jobs_without_a_row_warn_from_one_in_twenty_and_block_from_one_in_four(
    lost, status
):
    check = next(
        c for c in checks_of(contract.table("emploi_mensuel"))
        if c.declared.check == "declared_job_without_row"
    )  # fmt: skip
    assert _status(check, 40, lost / 40) == status


def test_who_is_not_linked_and_what_is_not_covered_is_unknown(engine):
    names = ["emploi_avant_1", "emploi_avant_2", "mois_emploi_avant"]
    _, cohort, rows = cohort_of(PEOPLE, engine, names, **PARTIAL)
    assert rows["emploi_avant_1"].to_dict() == pytest.approx(
        {"enters, linked": 1, "enters, not linked": np.nan, "waits, linked": 0,
         "waits, not linked": np.nan}, nan_ok=True
    )  # fmt: skip
    assert rows[["emploi_avant_2", "mois_emploi_avant"]].isna().all().all()
    gaps = {(g.table, g.use, g.covered, g.needed) for g in cohort.gaps}
    assert ("emploi_mensuel", "covariates", 24289, 24287) in gaps


def test_an_outcome_is_unknown_of_who_is_not_linked(engine):
    tables, cohort, rows = cohort_of(PEOPLE, engine, **PARTIAL)
    arms = ev.assemble(
        ev.compute_outcomes(ev.build_panel(tables, cohort, engine), ["emploi", "mois_emploi"]),
        [3, 12], (), engine,
    )  # fmt: skip
    values = {m.key: m.values[rows["entry"]] for m in arms.comparison.measures}
    order = list(rows.index)
    at = {name: values["emploi_m3"][order.index(name)] for name in order}
    assert (at["enters, linked"], at["waits, linked"]) == (1, 0)
    assert np.isnan([at["enters, not linked"], at["waits, not linked"]]).all()
    assert (~np.isnan(values["mois_emploi_m12"])).sum() == 2
    assert engine.fetch(linked_people(tables, "emploi_mensuel", engine)).shape == (2, 1)


def test_an_outcome_known_to_nobody_at_a_horizon_is_refused_by_name(engine):
    tables, cohort, _ = cohort_of(PEOPLE, engine, **PARTIAL)
    outcomes = ev.compute_outcomes(
        ev.build_panel(tables, cohort, engine), ["emploi_declare", "emploi"]
    )
    last = outcomes.panel.reach["linked"].coverage.last - cohort.trial.months[0]
    refuse_silent(outcomes, [last])
    refuse_silent(replace(outcomes, chosen=outcomes.chosen[:1]), [last + 1])
    why = f"'emploi' at {last + 1} months is known to nobody: 'emploi_mensuel' is silent after 2025-03"
    with pytest.raises(StudyError, match=why):
        refuse_silent(outcomes, [last, last + 1])


def test_a_level_one_arm_only_has_is_refused_and_one_nobody_knows_left_out():
    treated = np.repeat([True, False], 40)
    known = pd.Series(np.tile([0.0, 1.0], 40))
    one_arm = known.where(~treated)
    with pytest.raises(DataError, match="'past' is unknown far more often in the treated arm"):
        settle_unknown(pd.DataFrame({"past": one_arm}), ["past"], treated)
    both = known.where(np.arange(80) % 4 > 1)
    frame, kept, notes = settle_unknown(
        pd.DataFrame({"past": both, "none": np.full(80, np.nan)}), ["past", "none"], treated
    )
    assert kept == ("past",)
    assert frame["past"].isna().sum() == 40
    assert notes == ("'none' left out: unknown of everybody",)


def test_few_rows_unknown_in_both_arms_are_no_refusal():
    treated = np.arange(2000) < 600
    known = pd.Series(np.tile([0.0, 1.0], 1000))
    few = known.mask((np.arange(2000) < 6) | (np.arange(2000) >= 1940))
    frame, kept, notes = settle_unknown(pd.DataFrame({"past": few}), ["past"], treated)
    assert kept == ("past",)
    assert frame["past"].tolist()[:7] == [0.5] * 6 + [0.0]
    assert notes == ("'past': unknown too rare, given the mean",)
    many = known.mask((np.arange(2000) < 6) | (np.arange(2000) >= 1900))
    with pytest.raises(DataError, match="far more often in the comparison arm"):
        settle_unknown(pd.DataFrame({"past": many}), ["past"], treated)


def test_standard_covariates_follow_what_the_extract_holds(engine):
    trial = ev.target_trial(study())
    alone = expand(["standard"], tables_of(PEOPLE, engine, optional=()), trial, engine)
    assert "emploi_declare_avant_1" in alone
    assert "emploi_declare_avant_6" not in alone, "beyond the history of 3 months"
    assert "emploi_avant_1" not in alone
    whole = {"emploi_mensuel": {"from": "2022-01", "to": "2025-12"}}
    linked = tables_of(PEOPLE, engine, coverage=whole, linkage={"emploi_mensuel": "all"})
    assert not [n for n in expand(["standard"], linked, trial, engine) if "declare" in n]
    partial = expand(["sexe", "standard"], tables_of(PEOPLE, engine, **PARTIAL), trial, engine)
    assert {"emploi_avant_1", "emploi_declare_avant_1"} <= set(partial)
    with pytest.raises(TableMissingError, match="covariates: standard"):
        require_tables(["emploi_avant_1"], {"jeunes"})


def test_allowances_that_no_source_holds_are_unknown(engine):
    tables, cohort, _ = cohort_of(PEOPLE, engine)
    assert ev.compute_allowances(tables, cohort, [3], engine).isna().all().all()
    del tables.tables["allocations"]
    assert ev.compute_allowances(tables, cohort, [3], engine).isna().all().all()
    measures = ev.compute_intensity(tables, cohort, engine)
    assert measures.loc[measures["measure"] == "paid", "value"].isna().all()


def test_rules_take_lists_ranges_contacts_or_nothing(engine):
    people = {
        "cap": {**SEEN, **ENTERS}, "bac": {**SEEN, "dossiers": [{"niveau_diplome": "BAC"}]},
        "none": {**SEEN, "dossiers": [{"niveau_diplome": "SANS_DIPLOME"}]},
        "mother": {**SEEN, "dossiers": [{"enfants": 2}]},
        "phoned": {"actes": [{"date_acte": "2024-02-10", "type": "CONTACT"}]}, "unseen": {},
    }  # fmt: skip

    def kept(**rules):
        of = study(eligibility={"outside_situations": [], **rules})
        return set(cohort_of(people, engine, of=of)[2].index)

    everybody = set(people)
    assert kept() == everybody - {"phoned", "unseen"}
    assert kept(contacts_count=True) == everybody - {"unseen"}
    assert kept(accompanied_within_months=None) == everybody
    listed = {"dossiers.niveau_diplome": ["CAP_BEP", "BAC"]}
    assert kept(require=listed) == {"cap", "bac", "mother"}
    born = {
        "jeunes.date_naissance": {"min": "2000-01-01"},
        "dossiers.enfants": {"min": 1, "max": 2},
    }
    with pytest.raises(CohortError):  # nobody is treated, but the rule kept the mother alone
        kept(require=born)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"eligibility": {"outside_situations": ["Scolarite"]}}, "'Scolarité'"),
        ({"eligibility": {"require": {"dossiers.niveau_diplome": ["CAP"]}}}, "CAP_BEP"),
        ({"eligibility": {"require": {"dossiers.enfants": "two"}}}, "is a integer"),
        ({"eligibility": {"require": {"jeunes.sexe": {"min": 1}}}}, "no range"),
        ({"treatment": {"dispositif": "PACEA"}}, "is not the programme"),
        ({"eligibility": {"outside_programmes": ["GJJ"]}}, "did you mean 'GJ'"),
        ({"eligibility": {"outside_programmes": ["pacea"]}}, "did you mean 'PACEA'"),
        ({"territory": {"departement": ["599"]}}, "did you mean '59'"),
        ({"territory": {"region": "99"}}, "'99' is unknown"),
    ],
)
def test_a_word_that_means_nothing_is_refused_before_anything_starts(changes, sentence):
    with pytest.raises(StudyError, match=sentence):
        ev.target_trial(study(**changes))


@pytest.mark.parametrize(
    ("territory", "sentence"),
    [({"national": True}, "whole of France"), ({"departement": ["33"]}, "33 is not in it")],
)
def test_a_territory_outside_the_extract_is_refused(territory, sentence, engine):
    with pytest.raises(CohortError, match=sentence):
        cohort_of(PEOPLE, engine, of=study(territory=territory))
    assert len(cohort_of(PEOPLE, engine, of=study(territory={"departement": ["59"]}))[2]) == 4


def test_a_programme_of_the_extract_alone_can_be_left_out_and_no_other(engine):
    spell = {"dispositif": "REBOND", "date_debut": "2024-01-05", "date_fin": "2024-06-30"}
    people = {
        "in it": {**SEEN, "accompagnements": [spell]},
        "waits": SEEN,
        "cej": {**SEEN, **ENTERS},
    }
    of = study(eligibility={"outside_programmes": ["REBOND"]})
    assert set(cohort_of(people, engine, of=of)[2].index) == {"waits", "cej"}
    with pytest.raises(CohortError, match="no programme of the extract is called 'REBOND'"):
        cohort_of(PEOPLE, engine, of=of)


def test_an_event_of_another_register_counts_from_the_month_after_the_entry_where_it_is_covered(
    engine,
):
    licence = {"type": "PERMIS_CONDUIRE"}
    people = {
        "before": {**SEEN, **ENTERS, "evenements_externes": [{**licence, "date": "2024-03-20"}]},
        "in april": {**SEEN, "evenements_externes": [{**licence, "date": "2024-04-02"}]},
        "in june": {**SEEN, "evenements_externes": [{**licence, "date": "2024-06-02"}] * 2},
        "bafa": {**SEEN, "evenements_externes": [{"type": "BAFA", "date": "2024-04-02"}]},
    }
    for each in people.values():
        each["appariements"] = {"source": "evenements_externes", "apparie": each != people["bafa"]}
    tables, cohort, rows = cohort_of(
        people, engine, optional=("evenements_externes", "appariements"),
        linkage={"evenements_externes": "persons"},
        coverage={"evenements_externes": {"from": "2024-01", "to": "2024-06"}},
    )  # fmt: skip
    arms = ev.assemble(
        ev.compute_outcomes(ev.build_panel(tables, cohort, engine), ["permis", "bafa"]),
        [1, 3, 12], (), engine,
    )  # fmt: skip
    for key, expected in {
        "permis_m1": (0, 1, 0, np.nan), "permis_m3": (0, 1, 1, np.nan), "permis_m12": [np.nan] * 4,
        "bafa_m3": (0, 0, 0, np.nan),
    }.items():  # fmt: skip
        values = arms.comparison.measure(key).values[rows.loc[list(people), "entry"]]
        np.testing.assert_array_equal(values, expected, err_msg=key)


def test_codes_in_another_case_are_folded_and_counted(engine):
    from evalml.extract.contract import table

    rows = engine.memtable(
        pd.DataFrame({"categorie": ["emploi", "Scolarite", "Emploi", "Autre"],
                      "type_contrat": ["cdi", "CDI", None, "truc"]})
    )  # fmt: skip
    wide = rows.mutate(siae_type=rows.type_contrat.nullif("CDI").nullif("cdi"), etat=rows.categorie)
    fixed, counts = fold_codes(wide, table("situations"), engine)
    got = engine.fetch(fixed)
    assert sorted(got["categorie"]) == ["Autre", "Emploi", "Emploi", "Scolarité"]
    assert sorted(got["type_contrat"].dropna()) == ["CDI", "CDI", "truc"]
    assert (counts["categorie"], counts["type_contrat"]) == (2, 1)


def test_a_spell_that_ended_the_month_before_is_no_unknown_situation(engine):
    ended = {"categorie": "Emploi", "date_debut": "2023-10-01", "date_fin": "2024-02-20"}
    people = {
        "job": {**SEEN, **ENTERS, "situations": [ended]},
        "training": {**SEEN, "situations": [{**ended, "categorie": "Formation"}]},
        "earlier": {**SEEN, "situations": [{**ended, "date_fin": "2024-01-20"}]},
        "told late": {**SEEN, "situations": [{**ended, "date_saisie": "2024-03-02"}]},
    }
    names = ["situation_t0", "emploi_perdu_3m", "emploi_declare_avant_1", "fin_situation_avant"]
    rows = cohort_of(people, engine, names)[2]
    assert rows["situation_t0"].to_dict() == {
        "job": "EMPLOI_TERMINE", "training": "SITUATION_TERMINEE", "earlier": "INCONNU",
        "told late": "INCONNU",
    }  # fmt: skip
    assert rows.loc["job", names[1:]].tolist() == [1, 1, 1]
    assert rows.loc["told late", names[1:]].isna().all()
    assert month_number(pd.Timestamp("2024-03-01")) == rows["month"].iloc[0]
