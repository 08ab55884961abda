"""The kernel of one run is started ahead, shared where somebody started several, and left behind by none."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path

import pytest

from evalml.run import kernel
from evalml.run.execute import SHARED, How, kernel_ahead, shared_kernels
from evalml.run.provenance import hash_code

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


def sockets():
    return sorted(Path(tempfile.gettempdir()).glob(f"evalml-{os.getpid()}-*"))


@pytest.fixture
def one_thread(monkeypatch):
    for name in kernel.ONE_THREAD:
        monkeypatch.setenv(name, "1")


@LINUX
def test_a_kernel_that_nobody_needed_is_gone_at_once(one_thread):
    before = sockets()
    start = time.monotonic()
    with kernel_ahead():
        assert len(sockets()) == len(before) + 1
    assert sockets() == before
    assert time.monotonic() - start < 5  # it does not wait for its imports


@LINUX
def test_a_run_is_told_where_its_kernel_comes_from_and_of_what_code(one_thread):
    with kernel_ahead() as how:
        asked = how()
    assert asked.address.endswith("pool")
    assert asked.code == hash_code()


def test_several_threads_of_blas_ask_for_a_plain_kernel(one_thread, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    with kernel_ahead() as how:
        assert how() == How()


def test_several_runs_share_one_process_and_do_not_hand_it_on(monkeypatch, one_thread):
    monkeypatch.setattr(
        import_module("evalml.run.execute"),
        "forked_kernels",
        lambda: nullcontext("/somewhere/pool"),
    )
    with shared_kernels() as told:
        monkeypatch.setenv(SHARED, told[SHARED])
        with kernel_ahead() as how:
            assert how() == How(address="/somewhere/pool", code=hash_code())
        assert SHARED not in os.environ
