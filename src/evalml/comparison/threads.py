"""One thread per matrix product, several folds at once.

The products here are tall and thin: a BLAS that splits them spends its time waiting, badly so on a
machine shared with others. Folds are independent, so they share the cores instead.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


@contextmanager
def thin_products() -> Iterator[None]:
    """Keep every matrix product on the thread that asks for it.

    Sums then come in the same order whatever the number of cores: the same bits everywhere.
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> Any:
    """Look once for the libraries that start threads: it takes milliseconds."""
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()


def cores() -> int:
    """Return how many threads to use: OMP_NUM_THREADS, which a batch of runs sets to 1, or all."""
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    return int(allowed) if allowed.isdigit() and int(allowed) else os.cpu_count() or 1


def map_folds(function: Callable[[int], T], folds: int) -> list[T]:
    """Return the results of a function over the folds, in order, as many at once as cores."""
    with thin_products():
        return _map(function, folds)


def _map(function: Callable[[int], T], folds: int) -> list[T]:
    workers = min(folds, cores())
    if workers < 2:  # noqa: PLR2004
        return [function(k) for k in range(folds)]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, range(folds)))
