from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from evalml.cli.published import app as commands
from evalml.errors import EvalmlError
from evalml.synthetic.make import produce
from evalml.synthetic.margins import read_margins, whole_numbers

_SPEC = importlib.util.spec_from_file_location(
    "published_counts", Path(__file__).with_name("published_counts.py")
)
published = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(published)

pytestmark = pytest.mark.region

# Printed names of 2019 counts, by the margins file's
PEOPLE_2019 = {
    "emploi": "emplois",
    "emploi_durable": "emplois_durables",
    "alternance": "alternances",
    "formation": "formations",
    "retour_scolarite": "retours_scolarite",
    "service_civique": "services_civiques",
    "pmsmp": "pmsmp",
    "ppae": "ppae",
}


@pytest.mark.slow
def test_hauts_de_france_2024_meets_every_published_count_by_departement(hdf_2024):
    margins = read_margins("hdf_2024")
    found = published.counts(hdf_2024, published.COUNTS_2024, 2024)
    codes = list(margins.persons["accompagne"])
    wanted = {code: margins.targets(code) for code in codes}
    for theme, shares in margins.themes.items():
        printed = {code: round(shares[code] * wanted[code]["accompagne"]) for code in codes}
        assert found.pop(f"theme {theme}") == printed, theme
    for name in found.keys() - {"contrats", "parrainage", "parrainage_nouveaux"}:
        for code in codes:
            rows = margins.rows.get(name) or margins.people.get(name) or {}
            assert found[name].get(code, 0) == wanted[code].get(name, rows.get(code)), (name, code)
    # printed totals of all contracts, AREFIE 2024, p. 54
    assert found["contrats"] == {"59": 49388, "62": 22578, "02": 7319, "60": 8771, "80": 5767}
    assert found["parrainage_nouveaux"] == {"region": 1648}
    assert found["parrainage"] == {"region": 2718}


@pytest.mark.slow
def test_the_world_of_2024_gives_back_the_printed_counts_or_says_why_not(tmp_path, hdf_2024):
    result = CliRunner().invoke(commands, ["compare", str(hdf_2024), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    compared = pd.read_csv(tmp_path / "compare.csv", keep_default_na=False)
    assert result.output.startswith("Données synthétiques")
    computed, differs = (
        compared["verdict"] != "not computable",
        compared["verdict"] == "differs",
    )
    assert computed.sum() >= 300
    assert ((compared["explanation"] != "") == differs).all()
    assert (compared.loc[~computed, "reason"] != "").all()
    equal = compared[compared["verdict"].isin(["equal", "within rounding"])]
    assert len(equal) >= 200  # 204 when this was written
    # the misprints the audit finds are read as we compute them
    misprints = compared[compared["cause"] == "corrected"]
    read = dict(zip(misprints["id"], misprints["printed"], strict=True))
    assert {"61 656", "29 183", "18 799", "2,1 %"} <= set(read.values())
    # counts the world is built on are never explained away by its being invented
    built = ("accompagnes", "entrees_cej", "entrees_pacea", "contrats", "contrats_durables",
             "contrats_alternance", "contrats_aides", "immersions", "parcours_formation",
             "entretiens_individuels", "actes_collectifs", "jeunes_parraines", "entrees_parrainage",
             "retours_formation_initiale", "candidatures_iae_acceptees")  # fmt: skip
    whole = compared["indicator"].isin(built) & (compared["breakdown"] == "")
    counted = compared[
        whole & (compared["statistic"] == "count") & (compared["year"].astype(int) == 2024)
    ]
    counted = counted[counted["territory"] != "france"]
    wrong = counted["cause"] == "synthetic"
    assert not wrong.any(), counted.loc[wrong, "id"].tolist()


@pytest.mark.slow
def test_hauts_de_france_2019_meets_every_published_count(tmp_path):
    produce(tmp_path / "w", world="hdf_2019")
    margins = read_margins("hdf_2019")
    found = published.counts(tmp_path / "w", published.COUNTS_2019, 2019)
    wanted = margins.targets("region")
    for name in found.keys() - {"parrainage"}:
        people = margins.people.get(PEOPLE_2019.get(name, ""), {})
        assert found[name]["region"] == wanted.get(name, people.get("region")), name
    assert found["parrainage"] == {"region": 1791}


def test_whole_numbers_meet_the_counts_and_keep_what_must_be_kept():
    rows = np.array([[1, 1, 1, 1], [0, 1, 0, 1], [0, 0, 1, 1]])
    low, size = np.array([0, 3, 0, 1]), np.array([40, 20, 30, 10])
    kept = whole_numbers(rows, np.array([50, 15, 20]), low, size, "here")
    assert (rows @ kept).tolist() == [50, 15, 20]
    assert (kept >= low).all()
    assert (kept <= size).all()


def test_counts_that_cannot_be_met_are_refused_with_the_place():
    rows, size = np.array([[1, 1], [0, 1]]), np.array([5, 5])
    with pytest.raises(EvalmlError, match="counts of here cannot be met"):
        whole_numbers(rows, np.array([8, 1]), np.zeros(2), size, "here")
