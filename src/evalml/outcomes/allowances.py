"""What the State paid to the persons of a cohort, month by month since time zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalml.engine import exact_sum, ifelse, month_of
from evalml.errors import TableMissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.cohort import Cohort
    from evalml.engine import Engine
    from evalml.tables import Tables


def compute_allowances(
    tables: Tables, cohort: Cohort, horizons: Sequence[int], engine: Engine
) -> pd.DataFrame:
    """Return the allowances paid to each entry of a cohort, of every programme, up to horizons.

    A month without payment counts for nothing paid: both arms are in the same files of payments.

    Args:
        tables: The checked records.
        cohort: The persons followed.
        horizons: Months since time zero, included; the month of time zero is 0.
        engine: The engine the tables live in.

    Returns:
        One row per entry, in order; one column per horizon, in euros.

    Raises:
        TableMissingError: The extract has no table of allowances.
    """
    if "allocations" not in tables.tables:
        raise TableMissingError(
            "costs need table 'allocations', which this extract does not hold; leave the costs "
            "out, or add the table"
        )
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
    n = int(engine.fetch(cohort.entries.agg(n=cohort.entries.count()))["n"].iloc[0])
    entry = sums["entry"].to_numpy(dtype=np.int64)
    columns = {int(h): np.zeros(n) for h in horizons}
    for h, euros in columns.items():
        euros[entry] = sums[f"m{h}"].fillna(0.0).to_numpy(dtype=np.float64)
    return pd.DataFrame(columns, index=pd.RangeIndex(n, name="entry"))
