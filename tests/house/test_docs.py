"""Pages made from the code say what the code says; the links of the documentation lead somewhere."""

from __future__ import annotations

import re

import pytest
from tests_root import ROOT
from tools.docs import PAGES

MARKDOWN = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "data").glob("*.md")]
)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_generated_page_has_not_drifted(name):
    assert (ROOT / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_local_link_leads_to_a_file(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_the_readme_names_only_commands_that_exist():
    from evalml.cli import app

    commands = {c.name for c in app.registered_commands} | {g.name for g in app.registered_groups}
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in re.findall(
        r"evalml ([a-z]+)", " ".join(re.findall(r"`[^`]+`|```.*?```", text, flags=re.DOTALL))
    ):
        assert name in commands, name
