"""What the cohorts of a roll-out look like, wave by wave: the counts behind the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.areas.waves import half_year_label, wave_label

if TYPE_CHECKING:
    from evalml.areas.cells import AreaCells
    from evalml.study import Study

COLUMNS = ["measure", "group", "group_value", "label", "value", "numerator", "denominator", "unit"]
TRAITS = ("sexe", "age", "niveau_diplome", "qpv")


def profile_areas(cells: AreaCells, study: Study) -> pd.DataFrame:
    """Count the eligible youths by wave, half-year and what became of them.

    Returns:
        One row per measure (`demands`, `take_up`, `outcome`, `observation` by half-year; `areas`
        and the traits by wave), wave (`group`) and value, as `profile_cohort` gives them. Nothing
        is protected yet.
    """
    horizon = study.primary.horizon or 0
    primary = cells.outcomes[study.outcomes.index(study.primary.outcome)]
    declared = [o for o in cells.outcomes if o.channel == "declared"] or [primary]
    whole = _by_wave(cells, "", 0)
    at = _by_wave(cells, "", horizon)
    parts = [
        _framed(whole, "demands", "n", "n", "youths"),
        _framed(at, "take_up", "entered_sum", "n", "%"),
        _framed(at, "outcome", f"{primary.name}_sum", f"{primary.name}_n", "%"),
        _framed(at, "observation", f"{declared[0].name}_n", "n", "%"),
        *[_composition(cells, trait) for trait in TRAITS],
        _areas(cells),
    ]
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _by_wave(cells: AreaCells, subgroup: str, k: int) -> pd.DataFrame:
    """Return the eligible of one month since the demand, with the label of their wave."""
    t = cells.table
    t = t[(t["level"] == "eligible") & (t["subgroup"] == subgroup) & (t["k"] == k)]
    held = cells.areas[["area", "wave", "opened"]]
    merged = t.merge(held, on="area")
    pairs = zip(merged["wave"], merged["opened"], strict=True)
    return merged.assign(group=[wave_label(wave, int(month)) for wave, month in pairs])


def _framed(
    rows: pd.DataFrame, measure: str, numerator: str, denominator: str, unit: str
) -> pd.DataFrame:
    sums = rows.groupby(["opened", "group", "cohort"], sort=True, as_index=False)[
        list(dict.fromkeys([numerator, denominator]))
    ].sum()
    out: pd.DataFrame = sums.assign(
        measure=measure,
        group_value=[half_year_label(int(c)) for c in sums["cohort"]],
        label=[half_year_label(int(c)) for c in sums["cohort"]],
        unit=unit,
    )
    out["numerator"], out["denominator"] = out[numerator], out[denominator]
    share = 100 * out["numerator"] / out["denominator"]
    return out.assign(value=share if unit == "%" else out["numerator"])


def _composition(cells: AreaCells, trait: str) -> pd.DataFrame:
    rows = _by_wave(cells, trait, 0)
    sums = rows.groupby(["opened", "group", "subgroup_value"], sort=True, as_index=False)["n"].sum()
    total = sums.groupby("group")["n"].transform("sum")
    found: pd.DataFrame = sums.assign(
        measure=trait,
        group_value=sums["subgroup_value"],
        label=sums["subgroup_value"],
        numerator=sums["n"],
        denominator=total,
        value=100 * sums["n"] / total,
        unit="%",
    )
    return found


def _areas(cells: AreaCells) -> pd.DataFrame:
    held = cells.areas.groupby(["opened", "wave"], as_index=False).size()
    pairs = zip(held["wave"], held["opened"], strict=True)
    labels = [wave_label(wave, int(month)) for wave, month in pairs]
    return held.assign(
        measure="areas", group=labels, group_value="départements", label="départements",
        value=held["size"], numerator=float("nan"), denominator=float("nan"), unit="areas",
    )  # fmt: skip
