"""Pages made from the code say what the code says; the links of the documentation lead somewhere."""

from __future__ import annotations

import re
import tomllib

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


PLACES = ("", "src/evalml", "tests", "docs")
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.*-]*|[\w*-]+\.(?:py|toml|yaml|yml|md|cff))`")


def names_a_place(name):
    return "NAME" not in name and name.split("/")[0] not in {"runs", "release", "results", "RUN"}


def exists(name):
    return any(next((ROOT / place).glob(name.rstrip("/")), None) for place in PLACES)


@pytest.mark.parametrize(
    "path",
    [
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        *sorted((ROOT / "docs" / "methods").glob("*.md")),
    ],
    ids=lambda p: p.name,
)
def test_every_path_named_exists(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for name in PATH.findall(text):
        if names_a_place(name):
            assert exists(name), name


def test_the_version_is_the_same_wherever_it_is_written():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    first = re.search(r"^## (\d+\.\d+\.\d+)", changelog, flags=re.MULTILINE)
    assert first[1] == project["version"]
    assert f"\nversion: {project['version']}\n" in citation


def test_the_container_recipe_copies_what_exists_and_all_that_the_wheel_holds():
    recipe = (ROOT / "Containerfile").read_text(encoding="utf-8")
    copied = {
        word
        for line in re.findall(r"^COPY (.+) \S+$", recipe, re.MULTILINE)
        for word in line.split()
    }
    assert not [name for name in copied if not (ROOT / name).exists()]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert copied >= set(wheel) | {"src", "pyproject.toml", project["project"]["readme"]}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{name}" for name in copied} == {line for line in ignored if line.startswith("!")}
