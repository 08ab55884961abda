"""The examples of the documentation and of the public functions run, and give what they print."""

from __future__ import annotations

import ast
import doctest
import re
from importlib import import_module

import pytest
from tests_root import ROOT

import evalml as ev
from evalml.settings import Settings

MODULES = sorted(
    path.relative_to(ROOT / "src").with_suffix("").as_posix().replace("/", ".")
    for path in (ROOT / "src/evalml").rglob("*.py")
    if re.search(r"^\s*>>> ", path.read_text(encoding="utf-8"), re.MULTILINE)
)
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = {
    path.relative_to(ROOT).as_posix(): BLOCK.findall(path.read_text(encoding="utf-8"))
    for path in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
    if "```python" in path.read_text(encoding="utf-8")
}


TUTORIAL = "docs/tutorial/first-study.md"


def test_there_are_examples():
    assert MODULES
    assert TUTORIAL in PAGES


@pytest.mark.parametrize("name", MODULES)
def test_an_example_of_a_docstring_gives_what_it_prints(name):
    found = doctest.testmod(import_module(name.removesuffix(".__init__")))
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize("page", PAGES)
def test_every_name_of_an_example_is_public(page):
    for block in PAGES[page]:
        used = {
            node.attr
            for node in ast.walk(ast.parse(block))
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "ev"
        }
        assert used
        assert used <= set(ev.__all__), page


@pytest.mark.slow
def test_the_example_of_the_tutorial_runs(small_extract, tmp_path, monkeypatch):
    for key, value in Settings(small_extract, tmp_path / "run").environment().items():
        monkeypatch.setenv(key, value)
    names: dict[str, object] = {}
    for block in PAGES[TUTORIAL]:
        exec(compile(block, TUTORIAL, "exec"), names)
    assert (tmp_path / "run/note.html").is_file()
