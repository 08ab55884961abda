"""The kernel of one run, started before it is needed: it imports while the study is checked."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from evalml.run.execute import How
from evalml.run.forked import ONE_THREAD, forked_kernels, starting_kernels
from evalml.run.provenance import hash_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHARED = "EVALML_KERNELS"
"""Variable that tells a run which process forks its kernel, and of what code."""


@contextmanager
def kernel_ahead() -> Iterator[Callable[[], How]]:
    """Start to import what a kernel needs; give the function that waits for it, for how to run.

    Whoever starts several runs may share one such process among them (`shared_kernels`). Who asks
    for several threads of BLAS gets a plain kernel: a process with threads cannot be forked.
    """
    code, _, address = os.environ.pop(SHARED, "").partition(" ")
    if address:
        yield lambda: How(address=address, code=code)
    elif any(os.environ.get(name, "1") != "1" for name in ONE_THREAD):
        yield How
    else:
        code = hash_code()  # before the imports of the process that forks
        with starting_kernels() as listening:
            yield lambda: How(address=listening(), code=code)


@contextmanager
def shared_kernels() -> Iterator[dict[str, str]]:
    """Start one process that forks the kernels of several runs; give what to tell each of them."""
    code = hash_code()
    with forked_kernels() as address:
        yield {SHARED: f"{code} {address}"} if address else {}
