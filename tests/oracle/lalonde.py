"""The 614 rows of MatchIt's `lalonde` (185 treated, 429 of the CPS), rebuilt from causaldata.

`cps3_rows.txt` holds the rows of causaldata's cps_mixtape, in MatchIt's order: found once by
comparing all nine columns with MatchIt 4.5.1's data set (they agree to its 7 digits).
"""

from __future__ import annotations

import sys
from pathlib import Path

import causaldata
import numpy as np
import pandas as pd

COVARIATES = ["age", "educ", "race", "married", "nodegree", "re74", "re75"]


def lalonde() -> pd.DataFrame:
    """Return the table with MatchIt's column names."""
    nsw = causaldata.nsw_mixtape.load_pandas().data
    cps = causaldata.cps_mixtape.load_pandas().data
    rows = np.loadtxt(Path(__file__).parent / "cps3_rows.txt", dtype=int)
    both = pd.concat([nsw[nsw["treat"] == 1], cps.iloc[rows]], ignore_index=True)
    race = np.where(both["black"] == 1, "black", np.where(both["hisp"] == 1, "hispan", "white"))
    numbers = both.drop(columns=["data_id", "black", "hisp"]).astype(float)
    return numbers.rename(columns={"marr": "married"}).assign(
        race=race, treat=both["treat"].astype(int), row=np.arange(len(both))
    )


if __name__ == "__main__":
    lalonde().to_csv(sys.stdout, index=False)
