"""The register is trusted, or refused by name: it is never begun anew in silence."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time

import pytest

from evalml.disclosure import register as book
from evalml.errors import PrivacyError


def line(name, n=100):
    return {"release": name, "populations": [{"n": n}], "decisions": {}}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / book.NAME
    for name in ("a/1", "b/1", "c/1"):
        book.append(book.read_register(path), line(name))
    return path


def test_lines_are_added_and_none_is_lost(path):
    known = book.read_register(path)
    assert [each["release"] for each in known.lines] == ["a/1", "b/1", "c/1"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_changed_line_is_refused_by_its_number(path, at):
    lines = path.read_text().splitlines(keepends=True)
    lines[at] = lines[at].replace('"n": 100', '"n": 900')
    path.write_text("".join(lines))
    with pytest.raises(PrivacyError, match=f"line {at + 1}.*backup"):
        book.read_register(path)


def test_a_line_taken_out_is_refused(path):
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + lines[2])
    with pytest.raises(PrivacyError, match="line 2"):
        book.read_register(path)


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_register_cut_short_or_emptied_is_refused(path, kept):
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:kept]))
    with pytest.raises(PrivacyError, match=f"ends after {kept} releases.*backup"):
        book.read_register(path)


def test_a_register_that_is_missing_though_something_left_is_refused(path):
    last = book.read_register(path).last
    path.unlink()
    with pytest.raises(PrivacyError, match="is missing"):
        book.read_register(path)
    path.with_suffix(".head").unlink()
    with pytest.raises(PrivacyError, match="does not know c/1"):
        book.read_register(path, {"c/1": last})


def test_half_a_line_left_by_a_killed_process_is_written_over(path):
    with path.open("a") as stream:
        stream.write('{"release": "d/1", "popul')
    book.append(book.read_register(path), line("e/1"))
    assert [each["release"] for each in book.read_register(path).lines][2:] == ["c/1", "e/1"]


def test_the_register_of_version_0_1_is_refused_by_name(tmp_path):
    (tmp_path / book.OLD).write_text("release,scope\n")
    with pytest.raises(PrivacyError, match=r"version 0\.1"):
        book.read_register(tmp_path / book.NAME)


def add(path, name, pause):
    with book.locked(path):
        known = book.read_register(path)
        time.sleep(pause)
        book.append(known, line(name))


def test_two_releases_at_once_both_stand(tmp_path):
    path = tmp_path / book.NAME
    for turn in range(5):
        both = [
            multiprocessing.get_context("fork").Process(
                target=add, args=(path, f"{turn}/{one}", 0.01)
            )
            for one in "ab"
        ]
        for each in both:
            each.start()
        for each in both:
            each.join()
    assert len(book.read_register(path).lines) == 10


def many(path):
    for at in range(10_000):
        add(path, f"k/{at}", 0)


def test_a_register_survives_a_kill_at_any_moment(tmp_path):
    path = tmp_path / book.NAME
    seen = 0
    for turn in range(5):
        writer = multiprocessing.get_context("fork").Process(target=many, args=(path,))
        writer.start()
        time.sleep(0.02 + 0.013 * turn)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        lines = book.read_register(path).lines
        assert len(lines) >= seen
        seen = len(lines)
    assert seen > 0
    assert all(json.dumps(dict(each)) for each in lines)
