"""Hours and allowances by month, and the exits beside the effect: described, protected, said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from people import tables_of

import evalml as ev
from evalml.report.protect import protect_intensity

SEEN = {"actes": [{"date_acte": "2024-02-10"}]}


def acts(*given):
    return [{"date_acte": "2024-02-10"}, *({"date_acte": d, "heures": h} for d, h in given)]


PEOPLE = {
    # 12 March to 20 June 2024: April and May are whole months, k = 1 and 2
    "busy": {
        "actes": acts(("2024-04-02", 60.0), ("2024-04-20", 5.0), ("2024-05-10", 13.0)),
        "accompagnements": [{"date_debut": "2024-03-12", "date_fin": "2024-06-20"}],
        "allocations": [
            {"mois": "2024-04-01", "montant_eur": 300.0},
            {"mois": "2024-05-01", "montant_eur": 500.0},
            {"mois": "2024-05-01", "montant_eur": 99.0, "dispositif": "PACEA"},
        ],
    },
    # still inside: whole months to the end of the follow-up; an absence is no hour
    "quiet": {
        "actes": [*acts(), {"date_acte": "2024-04-03", "heures": 80.0, "statut": "ABSENT"}],
        "accompagnements": [{"date_debut": "2024-03-01"}],
        "allocations": [{"mois": "2024-04-01", "montant_eur": 100.0}],
    },
    "waiting": {**SEEN, "allocations": [{"mois": "2024-04-01", "montant_eur": 900.0}]},
}


@pytest.fixture(scope="module")
def engine():
    return ev.open_engine()


@pytest.fixture(scope="module")
def study():
    return ev.study_from(
        {
            "study": "case", "title": "One case", "programme": "CEJ", "notebook": "cej",
            "territory": {"region": "32"}, "entries": {"from": "2024-03-01", "to": "2024-03-31"},
            "eligibility": {"outside_situations": []}, "follow_up_months": 6,
            "comparison": {"design": "sequential_trials"}, "outcomes": ["emploi"],
            "horizons": [6], "primary": {"outcome": "emploi", "horizon": 6, "method": "aipw"},
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def intensity(engine, study):
    tables = tables_of(PEOPLE, engine, optional=())
    cohort = ev.build_cohort(tables, ev.target_trial(study), [], engine)
    return ev.compute_intensity(tables, cohort, engine).set_index(["measure", "month"])


def test_only_whole_months_inside_count(intensity):
    """Both entrants in April and May, one alone from June (k = 3) to September (k = 6)."""
    inside = intensity.loc["inside"]
    assert inside["numerator"].to_dict() == {1: 2, 2: 2, 3: 1, 4: 1, 5: 1, 6: 1}
    assert inside.loc[1, "value"] == 100
    assert inside.loc[3, "value"] == 50


def test_hours_are_per_week_and_only_those_that_took_place(intensity):
    """April: 65 h / (52/12) = 15 h and none; May: 13 h / (52/12) = 3 h and none."""
    assert intensity.loc[("hours", 1), "value"] == pytest.approx(7.5)
    assert intensity.loc[("hours", 2), "value"] == pytest.approx(1.5)
    assert intensity.loc[("under_15h", 1), "numerator"] == 1
    assert intensity.loc[("under_15h", 2), "numerator"] == 2
    bands = [intensity.loc[(b, 1), "numerator"] for b in ("hours_none", "hours_0_5", "hours_15")]
    assert bands == [1, 0, 1]
    assert intensity.loc[("hours_0_5", 2), "numerator"] == 1


def test_only_the_programme_s_allowance_counts_and_its_mean_is_over_who_is_paid(intensity):
    assert intensity.loc[("paid", 1), "numerator"] == 2
    assert intensity.loc[("allowance", 1), "value"] == pytest.approx(200)
    assert intensity.loc[("allowance", 2), "value"] == pytest.approx(500)
    assert intensity.loc[("allowance", 2), "denominator"] == 1
    assert np.isnan(intensity.loc[("allowance", 3), "value"])


def shares(month, inside, none):
    """Of 200 entrants, `inside` are in and `none` of them have no hour."""
    few = {"hours_none": none, "hours_0_5": inside - none - 20, "hours_5_15": 20, "hours_15": 0}
    rows = [("inside", month, 100 * inside / 200, inside, 200)]
    return rows + [(name, month, 100 * n / inside, n, inside) for name, n in few.items()]


def test_the_count_inside_is_the_one_found_and_small_bands_go_by_two():
    rows = [*shares(1, 150, 40), *shares(2, 144, 5), *shares(3, 130, 30)]
    frame = pd.DataFrame(rows, columns=["measure", "month", "value", "numerator", "denominator"])
    frame = frame.assign(label="", unit="%")
    seen = protect_intensity(frame, 11).set_index(["measure", "month"])
    assert seen.loc["inside", "numerator"].tolist() == [150, 144, 130]
    assert seen.loc[("inside", 2), "value"] == 72
    second = seen.xs(2, level="month").loc[["hours_none", "hours_0_5", "hours_5_15"], "value"]
    assert second.isna().sum() >= 2
    assert seen.xs(1, level="month").loc["hours_none", "value"] == 100 * 40 / 150
    assert seen.drop("inside", level="measure")["numerator"].isna().all()


def test_the_picture_says_its_values_in_words(intensity):
    few = intensity.reset_index().assign(value=lambda t: t["value"].mask(t["month"] > 2))
    figure = ev.plot_intensity(few, synthetic=True)
    assert "100 % (mois 1), 100 % (mois 2)" in figure.alt.replace("\N{NO-BREAK SPACE}", " ")
    assert "Moins" not in figure.alt.split(".")[0]


def results_of(study, status="shown"):
    row = {
        "outcome": "emploi", "horizon_months": 6.0, "method": "aipw", "subgroup": "",
        "estimand": study.estimand, "status": status, "estimate": 0.05, "ci_low": 0.02, "ci_high": 0.08,
        "mean_treated": 0.45, "mean_comparison": 0.40,
    }  # fmt: skip
    return {"effects": pd.DataFrame([row])}


EXITS = pd.DataFrame(
    {
        "situation": ["durable", "alternance", "work", "school", "unknown", "inside"],
        "n": [30, 20, 40, 15, 25, 70],
    }
)


def test_exits_and_effect_are_side_by_side_with_their_own_denominators(study):
    """65 of 130 exits are positive, 50 %; of 200 entrants, 32.5 %."""
    table = ev.exit_contrast(EXITS, results_of(study), study).set_index("measure")
    assert table.loc["positive_exits", "value"] == 50
    assert table.loc["positive_entrants", "value"] == 32.5
    assert table.loc["effect", "value"] == pytest.approx(5)
    text = str(ev.exit_paragraph(table.reset_index(), study))
    for said in (
        "50,0",
        "32,5",
        "45,0",
        "+5,0\N{NO-BREAK SPACE}points",
        "dénominateur",
        "groupe de comparaison",
    ):
        assert said in text


def test_a_blinded_effect_and_few_exits_are_told_to_nobody(study):
    few = EXITS.assign(n=[3, 2, 40, 4, 25, 70])
    table = ev.exit_contrast(few, results_of(study, "blinded"), study)
    assert (
        table.set_index("measure").loc[["entrants", "comparison", "effect"], "value"].isna().all()
    )
    assert table.set_index("measure").loc["positive_exits", ["value", "numerator"]].isna().all()
    text = str(ev.exit_paragraph(table, study))
    assert "n’est pas montré" in text
    assert "nan" not in text
