"""Each kind of defect, planted by hand in a clean extract, is found and counted exactly."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.extract import small_extract as small

from evalml.engine import open_engine
from evalml.extract import contract, read_extract
from evalml.tables import accept_tables
from evalml.tables.kinds import _ceilings, declared_checks
from evalml.tables.scorecard import Scorecard, _read_lines, refused, score, scorecard_page
from evalml.tables.sources import measure_held

if TYPE_CHECKING:
    from pathlib import Path

Rows = dict[str, list[dict[str, object]]]


def card(folder: Path, rows: Rows) -> Scorecard:
    engine = open_engine(threads=1)
    extract = read_extract(small.write(folder, rows), engine)
    return score(extract, accept_tables(extract, engine), engine)


def found(scorecard: Scorecard) -> dict[str, int]:
    """Rows failing by `check table` or `check table.column`, where there are any."""
    return {f"{x.check} {x.place}": int(x.failing or 0) for x in scorecard.found}


def change(table: str, place: int, **values: object) -> tuple[str, int | None, dict[str, object]]:
    return table, place, values


def add(table: str, like: int, **values: object) -> tuple[str, int | None, dict[str, object]]:
    return table, None, {**small.ROWS[table][like], **values}


# fmt: off
# defect: (what is planted, all that must be found). A row put aside takes what hangs on it along.
PLANTED = {
    "end_before_start": ([change("situations", 0, date_fin="2022-02-01"), change("dossiers", 2, date_cloture="2022-12-31")], {"end_before_start situations": 1, "end_before_start dossiers": 1, "parent_put_aside situations": 1, "parent_put_aside actes": 1}),
    "event_before_birth": ([change("actes", 0, date_acte="2001-03-15")], {"event_before_birth actes": 1}),
    "impossible_date": ([change("situations", 1, date_fin="2101-01-01"), change("iae_contrats", 0, date_debut="1899-12-31")], {"impossible_date situations": 1, "impossible_date iae_contrats": 1}),
    "future_date": ([change("actes", 1, date_acte="2025-02-01"), change("situations", 0, date_saisie="2025-03-01")], {"future_date actes": 1, "future_date situations": 1}),
    "missing_value": ([change("accompagnements", 0, rang=None)], {"missing_value accompagnements": 1, "allowance_without_spell allocations": 1}),
    "duplicate_key": ([add("situations", 0, date_saisie="2022-03-01"), add("situations", 0), add("actes", 0)], {"duplicate_key situations": 2, "duplicate_key actes": 1}),
    "orphan_key": ([add("actes", 0, id_acte="c9", id_jeune="p99"), add("situations", 0, id_situation="s9", id_dossier="d99")], {"orphan_key actes": 1, "orphan_key situations": 1}),
    "code_not_in_list": ([change("situations", 2, categorie="Stage"), change("actes", 1, theme="JARDINAGE")], {"code_not_in_list situations": 1, "code_not_in_list actes": 1}),
    "overlapping_situations": ([add("situations", 0, id_situation="s9", categorie="Formation", date_debut="2022-05-01", date_fin="2022-06-30")], {"overlapping_situations situations": 1}),
    "overlapping_spells": ([add("accompagnements", 1, id_accompagnement="a9", date_debut="2022-05-02", date_fin="2022-07-01", rang=2)], {"overlapping_spells accompagnements": 1}),
    "reopened_spell": ([add("accompagnements", 0, id_accompagnement="a9", date_debut="2022-11-10", date_fin="2022-12-20")], {"reopened_spell accompagnements": 1}),
    "reopened_file": ([change("dossiers", 1, date_cloture="2024-03-01"), add("dossiers", 1, id_dossier="d9", date_ouverture="2024-03-15")], {"reopened_file dossiers": 1}),
    "exit_after_closure": ([change("dossiers", 0, date_cloture="2022-10-15")], {"exit_after_closure accompagnements.date_fin": 1}),
    "event_after_closure": ([change("dossiers", 2, date_cloture="2023-01-20")], {"event_after_closure actes.date_acte": 1, "event_after_closure situations.date_debut": 1}),
    "entry_after_programme_closed": ([change("accompagnements", 2, date_debut="2022-04-01"), add("accompagnements", 2, id_accompagnement="a9", rang=2, date_debut="2022-11-01", date_fin="2022-12-01")], {"entry_after_programme_closed accompagnements": 1, "renewal_after_programme_closed accompagnements": 1, "allowance_without_spell allocations": 1}),
    "entry_before_programme_opened": ([change("accompagnements", 0, date_debut="2022-02-15")], {"entry_before_programme_opened accompagnements": 1}),
    "duplicate_person": ([add("jeunes", 0, id_jeune="p9"), add("dossiers", 0, id_dossier="d9", id_jeune="p9", id_structure="62041S00")], {"duplicate_person jeunes": 1}),
    "duplicate_dossier": ([add("dossiers", 0, id_dossier="d9", id_structure="62041S00", date_ouverture="2022-06-01")], {"duplicate_dossier dossiers": 1}),
    "moved_between_structures": (
        [change("dossiers", 0, date_cloture="2022-11-02", motif_cloture="DEMENAGEMENT"), add("dossiers", 0, id_dossier="d9", id_structure="62041S00", date_ouverture="2022-11-20"),
         add("accompagnements", 0, id_accompagnement="a9", id_dossier="d9", date_debut="2022-11-25", date_fin="2023-02-01", date_saisie="2022-11-25")],
        {"moved_between_structures accompagnements": 1},
    ),
    "act_not_present_counted": ([change("actes", 1, statut="ABSENT")], {"act_not_present_counted actes": 1}),
    "plan_never_settled": ([change("actes", 2, statut="PLANIFIE")], {"plan_never_settled actes": 1}),
    "qpv_missing_after_2024": ([change("dossiers", 1, qpv=None)], {"qpv_missing_after_2024 dossiers": 1, "column_often_empty dossiers.qpv": 1}),
    # 26 on the day of entry is out, 26 on the next day is in; the third entry comes after 26.
    "age_out_of_range_at_entry": ([change("jeunes", 0, date_naissance="1996-03-15"), change("jeunes", 1, date_naissance="1995-09-16")], {"age_out_of_range_at_entry accompagnements": 2}),
    "unknown_structure": ([change("dossiers", 2, id_structure="00000S00")], {"unknown_structure dossiers": 1}),
    "merged_structure_used": ([change("structures", 1, valide_au="2022-12-31", remplacee_par="59350S00")], {"merged_structure_used dossiers": 1}),
    "orphan_parent": ([change("accompagnements", 2, id_parent="a77")], {"orphan_parent accompagnements": 1, "gj_outside_pacea accompagnements": 1}),
    "gj_outside_pacea": ([change("accompagnements", 2, id_parent=None)], {"gj_outside_pacea accompagnements": 1}),
    "person_differs_from_file": ([change("actes", 0, id_jeune="p2")], {"person_differs_from_file actes": 1}),
    "allowance_without_spell": ([add("allocations", 0, mois="2023-06-01")], {"allowance_without_spell allocations": 1}),
    "amount_above_ceiling": ([change("allocations", 0, montant_eur=501.0)], {"amount_above_ceiling allocations": 1}),
    # 17 all April, then 18 in the month that follows: 250 euros is above the minors' 200 only.
    "amount_above_minors_ceiling": ([change("jeunes", 0, date_naissance="2004-05-20"), change("allocations", 0, montant_eur=250.0)], {"amount_above_ceiling allocations": 1}),
    "month_not_first_day": ([change("allocations", 0, mois="2022-04-02")], {"month_not_first_day allocations.mois": 1}),
    "value_out_of_range": ([change("situations", 1, heures_hebdo=90.0), change("dossiers", 0, enfants=-1)], {"value_out_of_range situations.heures_hebdo": 1, "value_out_of_range dossiers.enfants": 1}),
    "code_not_listed_yet": ([change("situations", 1, type_contrat="CUI")], {"code_not_listed_yet situations.type_contrat": 1}),
    "code_written_otherwise": ([change("situations", 1, type_contrat="cdi"), change("jeunes", 1, nationalite="ue")], {"code_written_otherwise situations.type_contrat": 1, "code_written_otherwise jeunes.nationalite": 1}),
    "contract_missing_in_employment": ([change("situations", 1, type_contrat=None)], {"contract_missing_in_employment situations": 1}),
    "state_contradicts_dates": ([change("situations", 0, etat="EN_COURS")], {"state_contradicts_dates situations": 1}),
    "late_entry": ([change("situations", 2, date_saisie="2022-03-01")], {"late_entry situations.date_debut date_saisie": 1}),
    "dates_out_of_order": ([change("iae_candidatures", 0, date_embauche="2023-02-20")], {"dates_out_of_order iae_candidatures.date_candidature date_embauche": 1}),
    "entry_before_file": ([change("accompagnements", 1, date_debut="2021-08-20", date_fin="2023-08-19")], {"entry_before_file accompagnements.date_debut": 1}),
    "iae_contract_without_pass": ([change("iae_contrats", 0, date_debut="2023-03-01")], {"iae_contract_without_pass iae_contrats": 1}),
    "overlapping_pass": ([add("iae_pass", 0, id_pass="w9", date_debut="2024-01-01")], {"overlapping_pass iae_pass": 1}),
    "spell_longer_than_rule": ([change("accompagnements", 0, date_fin="2023-10-01")], {"spell_longer_than_rule accompagnements": 1}),
    "rank_contradicts_history": ([add("accompagnements", 0, id_accompagnement="a9", date_debut="2023-06-01", date_fin_prevue=None, date_fin="2023-09-01")], {"rank_contradicts_history accompagnements": 1}),
    "column_often_empty": ([change("dossiers", 0, niveau_diplome=None)], {"column_often_empty dossiers.niveau_diplome": 1}),
}
# fmt: on


def planted(changes: list[tuple[str, int | None, dict[str, object]]]) -> Rows:
    rows = deepcopy(small.ROWS)
    for table, place, values in changes:
        if place is None:
            rows[table].append(values)
        else:
            rows[table][place].update(values)
    return rows


def side_by_side(worlds: list[Rows]) -> Rows:
    """Put worlds of three persons in one extract: other persons, the same missions locales."""
    rows: Rows = {name: [] for name in small.ROWS} | {"structures": small.ROWS["structures"]}
    for place, world in enumerate(worlds):
        for table in [name for name in world if name != "structures"]:
            rows[table] += [of_another_world(row, place) for row in world[table]]
    return rows


def of_another_world(row: dict[str, object], place: int) -> dict[str, object]:
    """Return a row whose person, and all that hangs on her, is found in this world only."""
    shared = ("id_structure", "id_siae")
    own = {
        k: f"{v}w{place}" for k, v in row.items() if k.startswith("id_") and k not in shared and v
    }
    if day := row.get("date_premier_accueil"):
        own["date_premier_accueil"] = str(dt.date.fromisoformat(str(day)) - dt.timedelta(place))
    return row | own


def test_a_clean_extract_fails_nothing(tmp_path: Path) -> None:
    scorecard = card(tmp_path / "x", deepcopy(small.ROWS))
    assert found(scorecard) == {}
    assert {x.status for x in scorecard.lines} <= {"ok", "empty"}


MONTHS = [f"2022-{m:02}-01" for m in range(1, 13)]
HELD = {
    "covered_month_without_row emploi_mensuel": (12, 1, "blocked"),  # June
    "level_break emploi_mensuel": (12, 1, "warning"),  # November: 10 rows, of 32
    "row_outside_coverage emploi_mensuel": (362, 32, "warning"),  # December before
    "structure_without_link emploi_mensuel": (2, 1, "blocked"),  # Arras
    "declared_job_without_row emploi_mensuel": (10, 3, "blocked"),  # the first three persons
    "row_of_person_not_linked emploi_mensuel": (362, 11, "warning"),  # the last of Lille
    "total_differs accompagnements": (2, 1, "warning"),  # 1 in March, not 2; 2 in all
    "total_differs dossiers": (3, 1, "warning"),  # 35 opened at Lille, 34 announced
    "total_differs situations": (3, 1, "warning"),  # 10 received, 11 announced
    "total_not_read totaux": (11, 3, "warning"),  # a table misspelt, a place and a month unsaid
}
"""Check and table: what is looked at, what disagrees, and the status, in `held_rows`."""


def held_rows() -> Rows:
    """Return 35 persons of Lille and 35 of Arras, with everything planted that HELD counts."""
    rows: Rows = {name: [] for name in small.ROWS}
    rows |= {"structures": small.ROWS["structures"], "emploi_mensuel": []}
    for i in range(70):
        key = {"id_jeune": f"p{i}"}
        place = "59350S00" if i < 35 else "62041S00"
        rows["jeunes"].append({**small.ROWS["jeunes"][0], **key})
        rows["dossiers"].append(
            {**small.ROWS["dossiers"][0], **key, "id_dossier": f"d{i}", "id_structure": place}
        )
    for i in range(3, 35):
        months = ["2021-12-01", *(m for m in MONTHS if m != "2022-06-01")]
        rows["emploi_mensuel"] += [
            {"id_jeune": f"p{i}", "mois": m, "en_emploi": True}
            for m in months
            if m != "2022-11-01" or i < 13
        ]
    job = {**small.ROWS["situations"][1], "date_debut": "2022-02-10", "date_fin": "2022-05-20"}
    rows["situations"] = [
        {**job, "id_situation": f"s{i}", "id_jeune": f"p{i}", "id_dossier": f"d{i}"}
        for i in range(10)
    ]
    rows["appariements"] = [{"id_jeune": "p34", "source": "emploi_mensuel", "apparie": False}]
    total = {"table": "situations", "measure": "rows"}
    lille = {"structure": "59350S00"}
    rows["accompagnements"] = [
        {**small.ROWS["accompagnements"][0], "id_jeune": "p0", "id_dossier": "d0"},
        {**small.ROWS["accompagnements"][1], "id_jeune": "p1", "id_dossier": "d1", "rang": None},
    ]
    rows["totaux"] = [
        {**total, "value": 11},
        {**total, "month": "2022-02-01", "value": 10},
        {**total, **lille, "value": 10},
        {"table": "accompagnements", "measure": "rows", "value": 2},
        {"table": "accompagnements", "measure": "persons", "month": "2022-03-01", "value": 2},
        {"table": "dossiers", "measure": "persons", "value": 70},
        {"table": "dossiers", "measure": "rows", **lille, "value": 34},
        {"table": "dossiers", "measure": "rows", "month": "2022-02-01", "value": 70},
        {"table": "situation", "measure": "rows", "value": 10},
        {"table": "emploi_mensuel", "measure": "rows", **lille, "value": 1},
        {"table": "structures", "measure": "rows", "month": "2022-02-01", "value": 2},
    ]
    return rows


def test_what_an_extract_holds_against_what_it_declares_is_counted_exactly(tmp_path: Path) -> None:
    engine = open_engine(threads=1)
    folder = small.write(
        tmp_path / "x",
        held_rows(),
        linkage={"emploi_mensuel": "all"},
        coverage={"emploi_mensuel": {"from": "2022-01", "to": "2022-12"}},
    )
    tables = accept_tables(read_extract(folder, engine), engine)
    measured, _ = measure_held(tables, engine)
    lines = [line for table in contract.TABLES for line in _read_lines(table, tables, measured)]
    counted = {f"{x.check} {x.place}": (x.rows, x.failing, x.status) for x in lines if x.failing}
    assert counted == HELD
    silent = {f.check for f in measured if f.failing == 0}
    assert silent <= {"total_differs"}


def test_declared_jobs_without_a_row_go_with_the_run_where_they_warn(tmp_path: Path) -> None:
    engine = open_engine(threads=1)
    linked = {"linkage": {"emploi_mensuel": "all"}}
    for without, share in ((2, 1 / 8), (3, None)):
        rows = held_rows() | {"totaux": []}
        rows["situations"] = rows["situations"][without:]
        extract = read_extract(small.write(tmp_path / str(without), rows, **linked), engine)
        _, lost = refused(extract, accept_tables(extract, engine), engine)
        assert (None if lost is None else lost.share) == share


ALONE = ("merged_structure_used", "qpv_missing_after_2024", "column_often_empty")
"""Defects of a structure, and of a share of the whole table."""
QUICK = ("end_before_start", "reopened_spell", "duplicate_person", "age_out_of_range_at_entry")
REST = tuple(d for d in PLANTED if d not in (*ALONE, *QUICK))
GROUPS = [QUICK, *((d,) for d in ALONE), *(REST[i::3] for i in range(3))]


@pytest.mark.parametrize(
    "defects",
    [g if g is QUICK else pytest.param(g, marks=pytest.mark.slow) for g in GROUPS],
    ids=lambda group: group[0],
)
def test_planted_defects_are_found_and_counted_exactly(tmp_path: Path, defects: tuple[str]) -> None:
    """Each defect stands in a world of its own, so that one cannot hide or feed another."""
    worlds = [planted(PLANTED[d][0]) for d in defects]
    rows = worlds[0] if len(worlds) == 1 else side_by_side(worlds)
    expected: Counter[str] = sum((Counter(PLANTED[d][1]) for d in defects), Counter())
    scorecard = card(tmp_path / "x", rows)
    assert found(scorecard) == dict(expected)
    assert all(x.sentence.endswith((".", "?")) for x in scorecard.found)


def test_every_declared_check_is_planted_once() -> None:
    unreached = {"not_whole_number", "parent_put_aside", "renewal_after_programme_closed"}
    planted_here = {*PLANTED, *(name.partition(" ")[0] for name in HELD)}
    assert {c.check for c in declared_checks()} - unreached <= planted_here


def test_months_after_an_unread_change_are_not_judged_and_the_card_says_so(tmp_path: Path) -> None:
    """The CEJ amounts of April 2026 were not read: no ceiling is known from that month on."""
    assert _ceilings("CEJ", "allowance_minor")[-1] == (
        dt.date(2025, 4, 1),
        dt.date(2026, 4, 1),
        224.68,
    )
    early = card(tmp_path / "x", deepcopy(small.ROWS))
    assert early.unread_amounts == {}
    late = replace(early, meta=early.meta.model_copy(update={"period_end": dt.date(2026, 5, 31)}))
    assert late.unread_amounts == {"CEJ": dt.date(2026, 4, 1)}
    assert "n’ont pas été lus" in scorecard_page(late)
    assert "n’ont pas été lus" not in scorecard_page(early)
