"""Named random substreams, so that two runs of one world share every draw they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from evalml.arrays import AnyVector

Uniforms = NDArray[np.float32]


def substream(seed: int, name: str, *at: int) -> np.random.Generator:
    """Return the generator of the substream `name`, at a block of persons or a month.

    Args:
        seed: Seed of the world.
        name: What is drawn.
        at: Whole numbers >= 0 that tell its places apart (block, month).
    """
    return np.random.Generator(np.random.PCG64([seed, crc32(name.encode()), *at]))


@dataclass(frozen=True, slots=True)
class Draws:
    """The uniforms of one block of persons, month by month.

    A counterfactual history of some of the persons reads the very draws of their factual history:
    draws are made for the whole block and `keep` picks the persons' own.

    Attributes:
        seed: Seed of the world.
        block: Number of the block.
        persons: Persons in the block.
        keep: Positions of the persons simulated, or None for all.
    """

    seed: int
    block: int
    persons: int
    keep: AnyVector | None = None

    def uniform(self, name: str, month: int) -> Uniforms:
        """Return one uniform in [0, 1) per person for `name` in `month`."""
        u = substream(self.seed, name, self.block, month).random(self.persons, dtype=np.float32)
        return u if self.keep is None else u[self.keep]

    def act_day(self, month: int) -> AnyVector:
        """Return the day (from 0) of the first act of each person in `month`."""
        rng = substream(self.seed, "act day", self.block, month)
        days = rng.integers(0, 28, self.persons, dtype=np.int8)
        return days if self.keep is None else np.asarray(days[self.keep])

    def fixed(self, name: str) -> np.random.Generator:
        """Return the generator of what does not change with the month."""
        return substream(self.seed, name, self.block)


def pick(rng: np.random.Generator, shares: list[float], size: int) -> NDArray[np.int8]:
    """Draw positions in `shares` with probabilities proportional to them."""
    p = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.searchsorted(p / p[-1], rng.random(size), side="right").astype(np.int8)


def expit(x: AnyVector) -> AnyVector:
    """Return 1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + np.exp(-x))
