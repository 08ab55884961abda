"""The Garantie jeunes by its opening: the notebook runs, nationally, and refuses a region alone."""

from __future__ import annotations

import pandas as pd
import pytest

from evalml.results import COLUMNS
from evalml.synthetic.make import produce

from .conftest import OPENING, ran, the_run

pytestmark = pytest.mark.slow
HDF = ["02", "59", "60", "62", "80"]


@pytest.fixture(scope="module")
def france(openings):
    return the_run(openings, OPENING)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    root, study = tmp_path_factory.mktemp("hdf"), "gj_2013_2016_hdf"
    produce(root / "extract", world="gj_areas", people=12_000, seed=4, departements=HDF)
    return the_run(ran(root, root / "extract", study), study)


def test_a_run_leaves_the_tables_and_the_pictures_of_a_roll_out(france):
    names = {p.relative_to(france).as_posix() for p in france.rglob("*") if p.is_file()}
    tables = ("effects", "checks", "flow", "balance", "trajectories", "observation")
    assert names >= {f"results/{n}.csv" for n in (*tables, "event_study", "published")}
    assert names >= {"note.html", "note.pdf", "note.docx", "figures/event_study_emploi.svg"}
    effects = pd.read_csv(france / "results/effects.csv")
    assert list(effects.columns)[: len(COLUMNS["effects"])] == list(COLUMNS["effects"])
    assert set(effects["method"]) >= {"diff", "callaway_santanna", "wald_did"}
    assert set(effects["estimand"]) >= {"itt", "late"}
    events = pd.read_csv(france / "results/event_study.csv")
    assert set(events["phase"]) == {"before", "touched", "after"}


def test_the_note_speaks_of_areas_and_of_what_is_in_print(france):
    note = "".join(
        (france / f"{name}.md").read_text(encoding="utf-8") for name in ("note", "note_annexe")
    )
    for words in ("territoires ouverts", "l’unité réelle est la mission locale", "Filippucci",
                  "super-témoins", "Wald-DiD"):  # fmt: skip
        assert words in note, words
    assert "chez les bénéficiaires" not in note


def test_no_count_below_the_threshold_is_in_the_tables(france):
    for name in ("effects", "event_study", "observation", "flow"):
        table = pd.read_csv(france / f"results/{name}.csv")
        for column in {"n_treated", "n_comparison", "n", "kept", "lost"} & set(table.columns):
            counts = table[column].dropna()
            assert not ((counts > 0) & (counts < 11)).any(), (name, column)


def test_a_region_alone_is_not_told_an_effect(alone):
    # Five areas, two dates: three opened in January 2015, two in September.
    effects = pd.read_csv(alone / "results/effects.csv")
    assert (effects["status"] == "blinded").all()
    assert effects["estimate"].isna().all()
    assert "ne peut pas être établi" in (alone / "note.md").read_text(encoding="utf-8")
    checks = pd.read_csv(alone / "results/checks.csv")
    areas = checks[checks["check"] == "areas"]
    assert (areas["passed"].astype(str) == "False").all()
