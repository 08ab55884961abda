"""Difference in means: the answer of an experiment, and the naive one elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalml.effect.estimates import Estimate

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, Vector


def difference(y: Vector, treated: BoolVector) -> Estimate:
    """Return the mean of the treated minus the mean of the others.

    HC2 is Neyman's variance, s1^2 / n1 + s0^2 / n0 (Imbens and Rubin, 2015, ch. 6); HC0 divides
    by n in each arm, HC1 scales HC0 by n / (n - 2); classical is that of Student's test.

    Args:
        y: Outcome, shape (n,).
        treated: Shape (n,).
    """
    n = y.size
    n1 = int(treated.sum())
    mean1, mean0 = float(y[treated].mean()), float(y[~treated].mean())
    residual = y - np.where(treated, mean1, mean0)
    psi = np.where(treated, residual * (n / n1), -residual * (n / (n - n1)))
    leverage = np.where(treated, 1.0 / n1, 1.0 / (n - n1))
    classical = classical_error(residual, 1.0 / n1 + 1.0 / (n - n1), 2)
    errors = {"classical": classical, **hc_errors(psi, leverage, 2)}
    return Estimate(mean1 - mean0, psi, mean1, mean0, errors, "hc2", parameters=2)


def classical_error(residual: Vector, share: float, parameters: int) -> float:
    """Return the standard error that supposes the same variance for all rows.

    Args:
        residual: Shape (n,).
        share: Element of (X'X)^-1 of the coefficient.
        parameters: Number of coefficients.
    """
    room = residual.size - parameters
    return float(np.sqrt(residual @ residual / room * share)) if room > 0 else float("nan")


def hc_errors(psi: Vector, leverage: Vector, parameters: int) -> dict[str, float]:
    """Return the HC0, HC1 and HC2 standard errors (MacKinnon and White, 1985).

    Args:
        psi: Influence values, shape (n,).
        leverage: Diagonal of the hat matrix, shape (n,).
        parameters: Number of coefficients.
    """
    n = psi.size
    squares = psi**2
    hc0 = float(squares.sum()) / n**2
    room = 1.0 - leverage
    # A row that its own coefficient fits exactly has residual 0 and leverage 1: it adds nothing.
    hc2 = float(np.divide(squares, room, out=np.zeros(n), where=room > 1e-12).sum()) / n**2  # noqa: PLR2004
    hc1 = hc0 * n / (n - parameters) if n > parameters else float("nan")
    return {"hc0": hc0**0.5, "hc1": hc1**0.5, "hc2": hc2**0.5}
