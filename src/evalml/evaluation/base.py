"""One evaluation: a study on an extract, each stage walked once, when first asked for.

What an evaluation shows is protected: small counts are taken out, and the numbers of an effect
whose checks fail. What it hands on to other packages (`table`) holds persons and never shows one.
"""

from __future__ import annotations

from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from evalml.comparison import adjust, labels_of
from evalml.comparison.balance import unadjusted
from evalml.errors import DataError, EvalmlError, nearest
from evalml.outcomes.outcome import OUTCOMES
from evalml.report import (
    figures_of,
    mask_blinded,
    note_meta,
    protected,
    protocol_table,
    show,
    shown_answer,
    shown_checks,
    shown_limits,
    write_note,
    write_queries,
    write_results,
)
from evalml.report.gather import secondary_titles
from evalml.report.note import masked_tables
from evalml.report.note_figures import FIGURES
from evalml.report.results import as_read
from evalml.report.study_views import Sentences
from evalml.run.provenance import commit, hashes_of, rerun_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from evalml.arrays import Vector
    from evalml.comparison import Comparison
    from evalml.comparison.balance import Adjusted
    from evalml.engine import Engine
    from evalml.report.figures_style import Figure
    from evalml.report.results import Frames
    from evalml.report.views import Shown
    from evalml.report.widgets import Explorer
    from evalml.settings import Settings
    from evalml.study import Study, StudyRequest


class NoteFiles(list[str]):
    """The names of the files of a note; a notebook shows its page."""

    def __init__(self, names: list[str], page: str) -> None:
        """Hold the names, and the page as HTML."""
        super().__init__(names)
        self.page = page

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, and the names of the files."""
        frame = (
            f'<iframe srcdoc="{escape(self.page)}" title="note" width="100%" height="900"></iframe>'
        )
        return f"{frame if self.page else ''}<p>{escape(', '.join(self))}</p>"


class AnalysisColumn(pd.Series):
    """A column of an analysis table: its repr shows no value."""

    @property
    def _constructor(self) -> Any:
        return AnalysisColumn

    @property
    def _constructor_expanddim(self) -> Any:
        return AnalysisTable

    def __repr__(self) -> str:
        """Give the name and the size only."""
        return f"AnalysisColumn({self.name}, {len(self)} rows)"


class AnalysisTable(pd.DataFrame):
    """Persons, weights, outcomes and covariates: its repr shows no row."""

    @property
    def _constructor(self) -> Any:
        return AnalysisTable

    @property
    def _constructor_sliced(self) -> Any:
        return AnalysisColumn

    def __repr__(self) -> str:
        """Give the size and the columns only."""
        return f"AnalysisTable({len(self)} rows; {', '.join(map(str, self.columns))})"

    def _repr_html_(self) -> str:
        """Give the size and the columns only."""
        return f"<p>{len(self)} rows, not shown. Columns: {', '.join(map(str, self.columns))}</p>"


DECLARED = {name for name, outcome in OUTCOMES.items() if outcome.channel == "declared"}
"""Outcomes that nobody but a counsellor observes."""


class Evaluation:
    """A study, evaluated.

    Attributes:
        request: The study as requested: what runs it again.
        settings: Where it runs.
        engine: Where queries run.
    """

    def __init__(
        self, study: Study, request: StudyRequest, settings: Settings, engine: Engine
    ) -> None:
        self.declared, self.request, self.settings, self.engine = study, request, settings, engine

    @property
    def study(self) -> Study:
        """The study, checked."""
        return self.declared

    # ------------------------------------------------------------------ what each design provides

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """What the stages found, before anything is masked; each design has its own."""
        raise NotImplementedError

    @cached_property
    def results(self) -> Frames:
        """The tables of `results/`: blinded effects marked, small counts taken out."""
        raise NotImplementedError

    @property
    def labels(self) -> Mapping[str, str]:
        """French labels of outcomes, covariates and levels."""
        raise NotImplementedError

    @property
    def comparison(self) -> Comparison:
        """The two arms, in memory."""
        raise DataError(f"a {self.study.design.name} study compares areas, not persons")

    @cached_property
    def adjusted(self) -> Adjusted:
        """Score, weights and balance of the two arms."""
        if not self.study.design.adjusts:
            return unadjusted(self.comparison)
        return adjust(self.comparison, self.estimand)

    @property
    def weights(self) -> Vector | None:
        """Analysis weights, shape (n,)."""
        return self.adjusted.weights

    @property
    def estimand(self) -> Literal["att", "ate"]:
        """On whom persons are compared: the entrants, or everybody."""
        return "ate" if self.study.estimand == "ate" else "att"

    @property
    def synthetic(self) -> bool:
        """Whether the data are invented: every page then says so."""
        raise NotImplementedError

    @property
    def source(self) -> tuple[str, str]:
        """Name and vintage of the data."""
        raise NotImplementedError

    @property
    def benchmark(self) -> Mapping[str, Any] | None:
        """Answer of an experiment, where there is one."""
        return None

    def check_inputs(self) -> None:
        """Refuse what the study asks and its data cannot give, before any estimate.

        Raises:
            EvalmlError: The extract is refused, or what the study reads has no source in it.
        """

    # ------------------------------------------------------------------ tables, protected

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or hasattr(type(self), name):
            raise AttributeError(name)
        tables = self.results
        if name not in tables:
            hint = nearest(name, tables)
            raise AttributeError(f"an evaluation of this design has no '{name}'; {hint}")
        return tables[name]

    @property
    def effects(self) -> pd.DataFrame:
        """One row per estimate, the numbers of the blinded ones taken out."""
        return mask_blinded(self.results["effects"])

    @property
    def checks(self) -> pd.DataFrame:
        """One row per check: question, answer, value, threshold, sentence."""
        return self.results["checks"]

    def protect(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a table of this study with its small counts taken out."""
        return protected(name, frame, self.study)

    # ------------------------------------------------------------------ what a reader sees

    @property
    def protocol(self) -> Shown:
        """The target trial of the study, item by item."""
        titles = secondary_titles(self.study, "title")
        return show(protocol_table(self.study, labels_of([]) | self.study.labels | titles))

    @cached_property
    def meta(self) -> dict[str, Any]:
        """What a note says beside the tables."""
        name, vintage = self.source
        hashes = hashes_of(self.study, self.settings)
        meta = note_meta(
            self.study,
            command=rerun_command(self.request.command(), self.settings, hashes),
            labels=dict(self.labels),
            synthetic=self.synthetic,
            hashes=hashes,
            extract_name=name,
            extraction_date=vintage,
            benchmark=self.benchmark,
        )
        return meta | {
            "commit": commit(),
            "declared": self.study.primary.outcome in DECLARED,
        }

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """The figures of the note, by name."""
        return figures_of(self.results, self.meta, self.study.checks.minimum_count)

    def figure(self, name: str) -> Figure | Sentences:
        """Return a figure of the note, such as `effects`, `trajectories` or `balance`.

        A sentence stands for it where the tables leave nothing to draw.

        Raises:
            EvalmlError: No figure has that name.
        """
        if name not in FIGURES:
            raise EvalmlError(f"no figure is called '{name}'; {nearest(name, FIGURES)}")
        nothing = f"{FIGURES[name].fr} : rien à dessiner (effets masqués, ou tableaux vides)."
        return self.figures.get(name) or Sentences([nothing], listed=False)

    @property
    def answer(self) -> Sentences:
        """The verdict, as the note says it."""
        return shown_answer(self.results, self.meta, self.study)

    @property
    def limits(self) -> Sentences:
        """What the design cannot show: checks failed or open, and limits."""
        return shown_limits(self.results, self.meta, self.study)

    @property
    def verdicts(self) -> Shown:
        """The checks, question by question."""
        return shown_checks(self.results)

    def shown_tables(self) -> tuple[Frames, dict[str, Any]]:
        """Return the effects and checks as they may be shown, and what the study says."""
        read = {name: self.results[name] for name in ("effects", "checks")}
        return masked_tables(as_read(read), self.study.checks.minimum_count), self.meta

    def explore(self, *others: Evaluation | Path | str) -> Explorer:
        """Return controls that choose an outcome, a horizon, a group, a method, a territory.

        Args:
            others: Evaluations of other territories or years, or folders of their runs.
        """
        from evalml.report.widgets import Explorer

        return Explorer(self, *others, lang=self.study.language)

    def explain(self) -> Shown:
        """Return which designs and methods the study may use, which not, and why."""
        from evalml.comparison.explain import explain_study

        explained = explain_study(self.study, None)
        rows = [
            (one.name, one.declared, one.applies, " ".join(r.sentence for r in one.reasons))
            for one in (*explained.designs, *explained.methods)
        ]
        return show(pd.DataFrame(rows, columns=["name", "declared", "applies", "reasons"]))

    # ------------------------------------------------------------------ what is handed on

    def table(self) -> AnalysisTable:
        """Return one row per person and trial: `treated`, `weight`, outcomes, covariates.

        To go on in statsmodels or scikit-learn. It holds persons (no identifier, clusters as
        codes): its repr shows no row, and nothing of it may leave.
        """
        comparison = self.comparison
        columns: dict[str, Any] = {"treated": comparison.treated.astype("int8")}
        columns |= {"weight": self.weights} if self.weights is not None else {}
        columns |= {measure.key: measure.values for measure in comparison.measures}
        columns |= {
            f"{name}": comparison.covariates[name].to_numpy() for name in comparison.covariates
        }
        if comparison.cluster is not None:
            columns["cluster"] = comparison.cluster
        return AnalysisTable(columns)

    def note(self, folder: Path | None = None) -> NoteFiles:
        """Write the results, the figures and the note; return the names of its files.

        A notebook shows the note itself.

        Args:
            folder: Folder of the run; that of the settings when None.
        """
        out = folder if folder is not None else self.settings.out
        write_results(self.results, out / "results")
        if self.engine.statements:
            write_queries(self.engine.statements, out)
        written = write_note(out, self.meta)
        page = next(
            (path.read_text(encoding="utf-8") for path in written if path.suffix == ".html"), ""
        )
        return NoteFiles(sorted(path.name for path in written), page)

    def _repr_html_(self) -> str:
        """Return the answer and the picture."""
        paragraphs = "".join(
            f"<p>{escape(line).replace('**', '')}</p>" for line in self.answer.lines
        )
        drawn = self.figures.get("trajectories") or self.figures.get("effects")
        picture = drawn.picture("svg").decode() if drawn is not None else ""
        return f"<h3>{escape(self.study.title)}</h3>{paragraphs}{picture}"

    def __repr__(self) -> str:
        """Give the study and where it runs, never a row."""
        return f"Evaluation({self.declared.study}, {self.declared.design.name})"
