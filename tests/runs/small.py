"""Small notebooks that run in a second, and what a batch of them leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import nbformat
import yaml
from tests_root import ROOT

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

PARAMETERS = """\
study: str = "x"  # name
title: str = "x"  # title
programme: str = "CEJ"  # programme
notebook: str = "quick"  # notebook
territory: dict = None  # where
entries: dict = None  # when
comparison: dict = None  # against whom
outcomes: list = None  # what
horizons: list = None  # at which months
covariates: list = []  # what is known
primary: dict = None  # the one estimate
labels: dict = {}  # words
eligibility: dict = None  # who
seed: int = 1  # seed
"""

BEGIN = """\
import os, time, numpy as np, pandas as pd
import evalml as ev
protocol = ev.read_parameters(globals())
settings = ev.read_settings(protocol.study)
"""

WRITE = """\
draws = np.random.default_rng(protocol.seed).normal(size=(6, 2)).round(6)
table = pd.DataFrame({"study": protocol.study, "programme": protocol.programme,
    "outcome": list("abcdef"), "horizon_months": 6, "subgroup": "", "subgroup_value": "",
    "estimand": "att", "method": "diff", "estimate": draws[:, 0], "std_error": abs(draws[:, 1])})
ev.write_results({"effects": table}, settings.out / "results")
"""

KINDS = {
    "quick": "x = 1",
    "brief": "time.sleep(0.3)",
    "slow": "time.sleep(0.7)",
    "long": "time.sleep(60)",
    "raises": "1 / 0",
    "hungry": "kept = [np.ones(4_000_000) for _ in range(60)]; time.sleep(30)",
    "vanishes": "os.kill(os.getpid(), 9)",
    "refuses": "raise ev.errors.CohortError('nobody can enter')",
    "children": "import subprocess; subprocess.Popen(['sleep', '600']); time.sleep(60)",
}

STUDY = {
    "title": "A study of nothing",
    "programme": "CEJ",
    "territory": {"region": "32"},
    "entries": {"from": "2024-01-01", "to": "2024-12-31"},
    "comparison": {"design": "sequential_trials"},
    "outcomes": ["emploi"],
    "horizons": [6],
    "primary": {"outcome": "emploi", "horizon": 6, "method": "aipw"},
    "eligibility": {"outside_programmes": ["GJ"]},
}


def project(folder):
    """Make a project: notebooks/ of each kind, and params/ with one study, `base`."""
    for name in ("notebooks", "params"):
        (folder / name).mkdir(parents=True)
    for kind, middle in KINDS.items():
        notebook = nbformat.read(ROOT / "notebooks/cej.ipynb", as_version=4)
        sources = [
            PARAMETERS,
            BEGIN,
            middle.replace("ev.errors.", "__import__('evalml.errors').errors."),
            WRITE,
        ]
        notebook.cells = [nbformat.v4.new_code_cell(s) for s in sources]
        notebook.cells[0].metadata["tags"] = ["parameters"]
        for i, cell in enumerate(notebook.cells):
            cell["id"] = f"{kind}-{i}"
        nbformat.write(notebook, folder / "notebooks" / f"{kind}.ipynb")
    params(folder, "base", notebook="quick")
    return folder


def params(folder, name, **changes):
    """Write one study of a project."""
    values = {"study": name, **STUDY, **changes}
    path = folder / "params" / f"{name}.yaml"
    path.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=False))
    return path


def grid(folder, name="grid", **values):
    """Write a grid of a project."""
    path = folder / "params" / f"{name}.yaml"
    path.write_text(
        yaml.safe_dump({"base": "base.yaml", **values}, allow_unicode=True, sort_keys=False)
    )
    return path


def command(*words):
    """Return the command line of evalml."""
    return [sys.executable, "-m", "evalml", *map(str, words)]


def evalml(*words, cwd=ROOT, **environment):
    """Run evalml to its end."""
    return subprocess.run(
        command(*words), capture_output=True, text=True, cwd=cwd, check=False,
        env=ENVIRONMENT | environment, timeout=1800,
    )  # fmt: skip


def start(*words):
    """Start evalml in a process group of its own; `stop_all` ends it."""
    process = subprocess.Popen(
        command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT,
        env=ENVIRONMENT, start_new_session=True,
    )  # fmt: skip
    STARTED.append(process)
    return process


STARTED = []


def stop_all():
    """Kill what a test that failed has left running."""
    while STARTED:
        process = STARTED.pop()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def until(condition, seconds=150):
    """Wait for something to become true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def results(out):
    """Return the bytes of every table of results, by study and name; one run per study."""
    found = {}
    for run in sorted(out.glob("*/[0-9]*")):
        for path in sorted((run / "results").iterdir()):
            key = f"{run.parent.name}/{path.name}"
            assert key not in found, "a study has two runs"
            found[key] = path.read_bytes()
    return found
