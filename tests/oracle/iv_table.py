"""A made table with an endogenous treatment, the same in every environment."""

from __future__ import annotations

import numpy as np
import pandas as pd


def iv_table(n: int = 400) -> pd.DataFrame:
    """Two instruments, one covariate, 20 areas; numbers from sines, so from no generator."""
    i = np.arange(n)
    z1, z2 = np.sin(1.3 * i), np.cos(2.1 * i + 1)
    x, hidden = np.sin(0.7 * i + 2), np.cos(3.3 * i * i % 7)
    noise = np.sin(11.3 * i * i % 13)
    d = 0.8 * z1 + 0.4 * z2 + 0.5 * x + hidden
    y = 1 + 2 * d - x + 1.5 * hidden + noise
    return pd.DataFrame({"y": y, "d": d, "x": x, "z1": z1, "z2": z2, "area": i % 20})
