"""Two seeds of the worlds the programmes are judged on; docs/methods/programmes.csv has them all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from benchmarks.programme_page import BEGIN, END, page_tables
from benchmarks.programme_truth import run, summary
from tests_root import ROOT

from evalml.synthetic.make import make_world
from evalml.synthetic.world import dump_world, read_world

CSV = ROOT / "docs/methods/programmes.csv"
PAGE = ROOT / "docs/methods/programmes.md"


def lines_of(folder, world, programmes, people):
    path = folder / "lines.csv"
    run(path, world, [1, 2], programmes, together=2, people=people)
    return pd.read_csv(path)


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    return lines_of(tmp_path_factory.mktemp("judge"), "judge", ["CEJ", "PARRAINAGE"], 5000)


@pytest.mark.slow
def test_the_primary_analysis_is_near_the_truth_and_the_naive_one_is_not(judged):
    effects = judged[judged["outcome"] != "check"]
    error = (effects["estimate"] - effects["truth"]).abs() / effects["std_error"]
    assert error[effects["method"] == "aipw"].max() < 3.5
    assert error[effects["method"] == "diff"].min() > 2


@pytest.mark.slow
def test_a_run_taken_up_again_makes_nothing_twice(judged, tmp_path):
    path = tmp_path / "lines.csv"
    judged.to_csv(path, index=False)
    before = path.read_bytes()
    run(path, "judge", [1, 2], ["CEJ", "PARRAINAGE"], together=2)
    assert path.read_bytes() == before


@pytest.mark.slow
def test_the_negative_controls_betray_a_hidden_confounder(judged, tmp_path):
    hidden = lines_of(tmp_path, "judge_hidden", ["CEJ"], 8000)
    told = hidden[hidden["method"] == "negative_controls"]
    assert (told["passed"].astype(str) == "False").all()
    clear = judged[(judged["method"] == "negative_controls") & (judged["programme"] == "CEJ")]
    assert (clear["passed"].astype(str) == "True").all()


@pytest.mark.slow
def test_the_truth_of_the_iae_counts_from_the_month_of_the_application():
    made = make_world(read_world("judge_iae"), 3000, 5)
    sent = made.tables["iae_candidatures"].to_pandas()
    sent = sent[sent["etat"] == "acceptee"]
    year = pd.to_datetime(sent["date_candidature"]).dt.year
    effects = made.truth["effects"].to_pandas()
    one = effects[
        (effects["programme"] == "IAE")
        & (effects["outcome"] == "emploi")
        & (effects["subgroup"] == "all")
        & (effects["horizon_months"] == 1)
    ]
    assert int(one["n_entrants"].iloc[0]) == int((year == 2023).sum()) > 50


@pytest.mark.slow
def test_an_application_goes_by_what_it_shows():
    """With a licence 0.8 on the logit scale, without a diploma -0.8: far beyond luck of 3,000."""
    made = make_world(read_world("judge_iae"), 3000, 5)
    sent = made.tables["iae_candidatures"].to_pandas()
    sent = sent[sent["etat"].isin(["acceptee", "refusee"])]
    files = made.tables["dossiers"].to_pandas().drop_duplicates("id_jeune")
    both = sent.merge(files[["id_jeune", "permis_b", "niveau_diplome"]], on="id_jeune")
    taken = both["etat"] == "acceptee"
    licence = both["permis_b"] == True  # noqa: E712 - may be missing
    assert taken[licence].mean() > taken[~licence].mean() + 0.1
    low = both["niveau_diplome"] == "SANS_DIPLOME"
    assert taken[low].mean() < taken[~low].mean() - 0.1


def test_a_world_without_the_new_knobs_is_written_as_before():
    entry = yaml.safe_load(dump_world(read_world("demo")))["programmes"]["CEJ"]
    assert not {"frailty", "acceptance"} & set(entry)
    hidden = yaml.safe_load(dump_world(read_world("judge_hidden")))["programmes"]["CEJ"]
    assert hidden["frailty"] == 1.8


def test_the_page_says_what_its_csv_says():
    text = PAGE.read_text(encoding="utf-8")
    inside = text.partition(BEGIN)[2].partition(END)[0]
    assert inside.strip() == page_tables(pd.read_csv(CSV)).strip()


def test_every_cell_of_the_csv_has_at_least_twenty_seeds_or_says_fewer():
    table = pd.read_csv(CSV)
    assert table["seeds"].min() >= 10
    primary = table[(table["world"].isin(["judge", "judge_iae"])) & (table["method"] == "aipw")]
    assert (primary["seeds"] >= 20).all()


def test_a_summary_counts_what_covers_and_what_rejects():
    rows = [
        ("judge", 1, "CEJ", "emploi", 6, "aipw", 0.10, 0.02, 0.06, 0.14, 0.01, 50, 500, 0.08, True),
        (
            "judge",
            2,
            "CEJ",
            "emploi",
            6,
            "aipw",
            0.00,
            0.02,
            -0.04,
            0.04,
            0.9,
            50,
            500,
            0.08,
            False,
        ),
        ("judge", 1, "CEJ", "check", np.nan, "e_value", 1.2, *[np.nan] * 7, False),
        ("judge", 2, "CEJ", "check", np.nan, "e_value", np.nan, *[np.nan] * 7, np.nan),
    ]
    names = (
        "world", "seed", "programme", "outcome", "horizon", "method", "estimate", "std_error",
        "ci_low", "ci_high", "p_value", "n_treated", "n_comparison", "truth", "passed",
    )  # fmt: skip
    found = summary(pd.DataFrame(rows, columns=names)).set_index("method")
    assert found.loc["aipw", ["seeds", "covers", "rejects"]].tolist() == [2, 1, 1]
    assert found.loc["aipw", "bias"] == pytest.approx(-0.03)
    assert found.loc["e_value", "fails"] == 1
