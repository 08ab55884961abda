"""What every person-level method computes before its standard error is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalml.arrays import BoolVector, IntVector, Vector


@dataclass(frozen=True, slots=True, repr=False)
class Estimate:
    """A number, its influence function and what goes with it.

    Attributes:
        value: The effect.
        psi: Influence values of mean 0, shape (n,): the variance is sum psi^2 / n^2. None when
            the method has none.
        mean_treated: Mean outcome with treatment, for the estimand.
        mean_comparison: Mean outcome without it.
        std_errors: Standard errors of the method's own, by name (`hc2`, `abadie_imbens`, ...).
        default: The one to use when there are no clusters.
        parameters: Coefficients of the regression behind it, for t and for clusters; 0 if none.
        sets: Clusters of the method's own (matched sets), shape (n,); -1 for rows not used.
        used: Rows that count, shape (n,); None when all do.
        details: What else there is to say.
    """

    value: float
    psi: Vector | None
    mean_treated: float
    mean_comparison: float
    std_errors: dict[str, float] = field(default_factory=dict)
    default: str = "influence"
    parameters: int = 0
    sets: IntVector | None = None
    used: BoolVector | None = None
    details: dict[str, Any] = field(default_factory=dict)
