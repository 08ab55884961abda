"""Draw samples of a world and estimate: the same numbers whoever computes which of them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from evalml.comparison.threads import thin_products
from evalml.effect.validation.scenario import NO_ANSWER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.arrays import Matrix
    from evalml.effect.validation.scenario import Scenario

COLUMNS = ("estimate", "std_error", "ci_low", "ci_high", "rejected", "truth")
"""Columns of the matrices of `replicate`."""


def replicate(
    scenario: Scenario, methods: Sequence[str], replications: range, seed: int
) -> dict[str, Matrix]:
    """Return the answers of each method in each replication, shape (replications, 6) by method.

    A replication has its own generator, made of the seed, the name of the world and its number:
    it does not depend on the others, nor on which methods are asked for.

    Args:
        scenario: The world.
        methods: Methods wanted, among those of the scenario.
        replications: Numbers of the replications.
        seed: Seed of the whole validation.
    """
    rows: dict[str, list[tuple[float, ...]]] = {method: [] for method in methods}
    with thin_products():
        for k in replications:
            key = np.random.SeedSequence([seed, crc32(scenario.name.encode()), k])
            data = scenario.sample(np.random.Generator(np.random.PCG64(key)))
            found = scenario.estimate(data, methods, k)
            for method in methods:
                rows[method].append(found.get(method, NO_ANSWER))
    return {method: np.array(r, dtype=np.float64).reshape(-1, 6) for method, r in rows.items()}
