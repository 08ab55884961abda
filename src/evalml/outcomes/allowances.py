"""What the State paid to the persons of a cohort, month by month since time zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.engine import exact_sum, ifelse, month_of
from evalml.tables.sources import coverage_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.cohort import Cohort
    from evalml.engine import Engine
    from evalml.tables import Tables


def compute_allowances(
    tables: Tables, cohort: Cohort, horizons: Sequence[int], engine: Engine
) -> pd.DataFrame:
    """Return the allowances paid to each entry of a cohort, of every programme, up to horizons.

    In a month that the payments cover, no payment is nothing paid: both arms are in the same files.
    Without the table, without a row in it, or outside its months, what was paid is unknown.

    Args:
        tables: The checked records.
        cohort: The persons followed.
        horizons: Months since time zero, included; the month of time zero is 0.
        engine: The engine the tables live in.

    Returns:
        One row per entry, in order; one column per horizon, in euros, NaN where unknown.
    """
    months = engine.fetch(cohort.entries.select("entry", "month").order_by("entry"))["month"]
    at = months.to_numpy(dtype=np.int64)
    index = pd.RangeIndex(at.size, name="entry")
    covered = coverage_of(tables, "allocations", engine)
    if covered.last < covered.first:
        return pd.DataFrame({int(h): np.full(at.size, np.nan) for h in horizons}, index=index)
    paid = tables.table("allocations")
    paid = paid.select("id_jeune", when=month_of(paid.mois), euros=paid.montant_eur)
    rows = cohort.entries.select("entry", "id_jeune", "month").join(paid, "id_jeune")
    rows = rows.mutate(k=rows.when - rows.month)
    rows = rows.filter((rows.k >= 0) & (rows.k <= max(horizons)))
    sums = engine.fetch(
        rows.group_by("entry").agg(
            **{f"m{h}": exact_sum(ifelse(rows.k <= h, rows.euros, None)) for h in horizons}
        )
    )
    entry = sums["entry"].to_numpy(dtype=np.int64)
    columns = {int(h): np.zeros(at.size) for h in horizons}
    for h, euros in columns.items():
        euros[entry] = sums[f"m{h}"].fillna(0.0).to_numpy(dtype=np.float64)
        euros[(at < covered.first) | (at + h > covered.last)] = np.nan
    return pd.DataFrame(columns, index=index)
