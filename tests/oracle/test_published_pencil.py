"""The key-indicator table, recomputed with a plain pivot table and exact decimals."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from evalml.published import audit_path

REGION, PARTS = "region:32", [f"departement:{d}" for d in ("02", "59", "60", "62", "80")]


@pytest.fixture(scope="module")
def printed(root):
    frame = pd.read_csv(root / "data" / "published" / "arefie_2024.csv", dtype=str).fillna("")
    return frame[frame["place"].str.startswith("Indicateurs clés par département")]


@pytest.fixture(scope="module")
def audit(root):
    return audit_path(root / "data" / "published")


def wide(frame):
    keys = ["indicator", "breakdown", "statistic", "rounding"]
    table = frame.set_index([*keys, "territory"])["value"].map(Decimal)
    return pd.DataFrame({t: table.xs(t, level="territory") for t in (REGION, *PARTS)})


def failing(audit, kind):
    names = {n for o in audit.failures if o.identity.kind == kind for n in o.identity.members}
    figures = [audit.figures[n] for n in names]
    return {
        (f.indicator, f.breakdown)
        for f in figures
        if f.source == "arefie_2024"
        and f.place.startswith("Indicateurs clés")
        and f.territory == REGION
    }


def test_the_sums_that_fail_are_those_of_a_pivot_table(printed, audit):
    table = wide(printed[printed["statistic"].isin(["count", "amount"])])
    table = table.dropna(subset=[REGION, *PARTS])
    assert len(table) == 16
    half = [Decimal(3) if s == "amount" else Decimal(0) for s in table.index.get_level_values(2)]
    gap = (table[PARTS].sum(axis=1) - table[REGION]).abs()
    wrong = {key[:2] for key, g, h in zip(table.index, gap, half, strict=True) if g > h}
    assert wrong == {("entrees_pacea", ""), ("allocations_pacea", "")}
    assert failing(audit, "territory_sum") == wrong


def test_the_weighted_means_that_fail_are_those_of_a_pivot_table(printed, audit):
    shares = wide(printed[printed["statistic"] == "share"])
    counts = wide(printed[printed["statistic"] == "count"])
    bases = counts.droplevel([2, 3])
    rows = printed[(printed["statistic"] == "share") & (printed["territory"] == REGION)]
    population = rows.set_index(["indicator", "breakdown"])["population"]
    wrong, tested = set(), 0
    for key in shares.index:
        base = population[key[0], key[1]]
        if (base, "") not in bases.index:
            continue
        weights = bases.loc[(base, "")]
        tested += 1
        step = Decimal(key[3])
        mean = sum(shares.loc[key, p] * weights[p] for p in PARTS) / weights[REGION]
        blur = step / 2 * (1 + sum(weights[p] for p in PARTS) / weights[REGION])
        if abs(mean - shares.loc[key, REGION]) > blur:
            wrong.add((key[0], key[1]))
    assert tested == 19
    assert wrong == {
        ("accompagnes", "qpv=1"),
        ("entrees_pacea", "qpv=1"),
        *(
            (f"appui_{t}", "")
            for t in ("citoyennete", "formation", "logement", "mobilite", "sante")
        ),
    }
    assert failing(audit, "weighted_mean") - {("accompagnes", ""), ("entrees_pacea", "")} == wrong
