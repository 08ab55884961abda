"""Adding one thing of each kind touches one file of `src/`, and all that lists them knows it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from tests_root import ROOT

ADDED = {
    "study/programmes.py": """
PROGRAMMES.add(
    Programme("ESSAI", "essai", "a trial", {"essai_mensuel": "all the others"}, comparator="CEJ")
)
""",
    "study/designs.py": """
DESIGNS.add(
    StudyDesign(
        name="essai_mensuel", title="A new design", fr="Un schéma d’essai", en="A design",
        question="What?", effect="effect on some", needs=("has_covariates",), trap="none",
        command="evalml run PARAMS", pool="not_yet_entered",
    )
)
""",
    "effect/methods.py": """
METHODS.add(
    Method(
        name="essai_methode", fr="Méthode d’essai", en="A trial method", when="never", never="ever",
        page="difference.md", family="adjusted", does="nothing new", run=Run(_diff),
    )
)
COMPUTED = tuple(m.name for m in METHODS.values() if m.run is not None)
""",
    "checks/essai.py": '''
"""A new check."""

from evalml.checks.check import Check, CheckKind, declare


def judge(subject):
    yield Check("essai", "fine", True, None, None, {}, subject.effect.key, gating=False)


declare(
    CheckKind(
        name="essai", fr="Est-ce un essai ?", en="Is it a trial?",
        findings={"fine": ("C’en est un.", "It is one.")}, judge=judge,
    ),
    CheckKind(
        name="essai_decisif", fr="Peut-on comparer ?", en="May they be compared?",
        findings={"no": ("Non.", "No.")},
        design=lambda arms: [Check("essai_decisif", "no", False, None, None, {})],
    ),
)
''',
    "outcomes/outcome.py": """
OUTCOMES.add(
    Outcome("essai_resultat", "En essai", "On trial", "proportion", "nobody", "All are.",
            "declared", "employment")
)
""",
    "cohort/covariates.py": """
COVARIATES.add(Covariate("essai_trait", "Trait d’essai", "Trial trait", ("jeunes.sexe",)))
""",
    "indicators/catalogue.yaml": """
  essai_indicateur:
    label: Indicateur d’essai
    unit: jeunes
    numerator: accompagnes
    definition: Tous, pour l’essai.
    source: EVALML
""",
    "report/note_figures.py": """
def _essai(note, common, drawn):
    return plot_flow(note.frames["flow"], **common)
FIGURES.add(NoteFigure(name="essai_image", fr="Image d’essai", en="Trial picture", draw=_essai))
""",
    "results.py": """
RESULT_TABLES.add(
    ResultTable("essai", "Essai", "Trial", "one trial", (
        _count("n", "persons", basis=True), _value("rate", "share", whole="n"), _OUTCOME,
    ))
)
""",
}
"""What is added at the end of each file; `results.py` is read whole only after it."""

SEEN = """
import numpy as np, pandas as pd
from typer.testing import CliRunner
from evalml.cli.main import app
help_ = CliRunner().invoke(app, ["estimate", "--help"]).stdout
assert "essai_methode: nothing new" in help_, help_

from evalml.study import DESIGNS, methods_of, read_study, study_from
base = read_study("cej").model_dump(mode="json", by_alias=True, exclude_none=True)
base |= {"secondary": {}, "outcomes": ["essai_resultat"], "covariates": ["essai_trait"]}
base |= {"programme": "ESSAI", "treatment": {"dispositif": "ESSAI"}, "methods": ["essai_methode"]}
base |= {"comparison": {"design": "essai_mensuel"}}
base |= {"primary": {"outcome": "essai_resultat", "horizon": 12, "method": "essai_methode"}}
study = study_from(base)
assert study.comparison.pool == "not_yet_entered"
assert "essai_methode" in methods_of(study.design.estimator)

from evalml.comparison.explain import explain_study
said = explain_study(study)
design = next(d for d in said.designs if d.name == "essai_mensuel")
assert design.applies and design.declared, design
assert next(m for m in said.methods if m.name == "essai_methode").applies

from evalml.cohort.covariates import check_covariates
check_covariates(study.covariates)
from evalml.outcomes import OUTCOMES
assert OUTCOMES["essai_resultat"].definition == "All are."

from evalml.values import Name
from evalml.words import check_sentence, name_label, question
for kind, key, fr, en in (
    ("programmes", "ESSAI", "essai", "a trial"),
    ("designs", "essai_mensuel", "Un schéma d’essai", "A design"),
    ("methods", "essai_methode", "Méthode d’essai", "A trial method"),
    ("outcomes", "essai_resultat", "En essai", "On trial"),
    ("covariates", "essai_trait", "Trait d’essai", "Trial trait"),
):
    assert name_label(Name(kind, key), "fr") == fr, (kind, name_label(Name(kind, key), "fr"))
    assert name_label(Name(kind, key), "en") == en
assert question("essai", "fine", "en") == "Is it a trial?"
assert check_sentence("essai", "fine", {}, "fr") == "C’en est un."

from evalml.report.protocol import protocol_table
table = protocol_table(study).set_index("item")["text"]
assert table["design"] == "Un schéma d’essai"
assert "méthode d’essai" in table["primary"].lower()

from evalml.comparison.build import MeasureSpec, build_comparison
from evalml.checks.check import PrimaryEffect
from evalml.checks.primary import declared, estimator_of
from evalml.effect import estimate_effects
rng = np.random.default_rng(0)
frame = pd.DataFrame({"d": rng.random(200) < 0.5, "y": rng.random(200), "x": rng.random(200)})
comparison = build_comparison(frame, treatment="d", measures=[MeasureSpec("y")], covariates=["x"])
effects = estimate_effects(comparison, ["essai_methode"])
checks = declared(PrimaryEffect(comparison, effects[0], effects, estimator_of(study), study))
assert [c.name for c in checks] == ["essai"], checks
from evalml.checks import check_study
from evalml.checks.primary import blinded_outcomes
blinded = blinded_outcomes(check_study(comparison, effects, None, study))
assert [m.key for m in blinded[""]] == ["essai_decisif.no"], blinded

from evalml.report.results import read_results
from evalml.results import RESULT_TABLES
assert RESULT_TABLES["essai"].counts == ("n",) and RESULT_TABLES["essai"].shares == {"rate": "n"}
from evalml.disclosure.judge import LAYOUTS
assert LAYOUTS["essai"].columns == ("n", "rate", "outcome")

from evalml.indicators import INDICATORS, indicators_of, indicators_table
assert "essai_indicateur" in {i.name for i in indicators_of(2024)}
assert indicators_table(["essai_indicateur"])["definition"][0] == "Tous, pour l’essai."

from evalml.report import note
from evalml.report.note_figures import FIGURES, NoteFigure, draw
from evalml.report.results import as_read
flow = pd.DataFrame({"rule": ["open_file"], "label": ["Dossier"], "kept": [500], "lost": [0]})
small = note.note_of(as_read({"flow": flow}), {"labels": {}, "primary": {}}, "fr", 11)
drawn = draw(small)
assert "essai_image" in drawn, list(drawn)
assert "flow" in note.more_figures(drawn)[0]

from tools.docs import PAGES
pages = {name: page() for name, page in PAGES.items() if "bench" not in name}
assert "`essai.csv`: Trial" in pages["docs/reference/results.md"]
assert "A new design" in pages["docs/explanation/choose-a-method.md"]
assert "`essai_methode`" in pages["docs/explanation/choose-a-method.md"]
assert "| ESSAI | [A new design]" in pages["docs/explanation/choose-a-method.md"]
assert "`essai_resultat`" in pages["docs/reference/outcomes.md"]
assert "`essai_trait`" in pages["docs/reference/cohort.md"]
assert "essai_methode" in pages["docs/reference/command-line.md"]
assert any("essai_indicateur" in page for page in pages.values())
print("known everywhere")
"""


@pytest.mark.slow
def test_one_of_each_kind_is_one_file_and_is_known_everywhere(tmp_path):
    shutil.copytree(
        ROOT / "src/evalml", tmp_path / "evalml", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name, text in ADDED.items():
        path = tmp_path / "evalml" / name
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        marker = "\nCOLUMNS: dict"  # what the tables give is computed after them
        at = before.find(marker) if name == "results.py" else len(before)
        path.write_text(before[:at] + text + before[at:], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SEEN],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "known everywhere" in done.stdout
