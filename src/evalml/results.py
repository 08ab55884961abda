"""The tables of `results/`, each defined once: what a row is, its columns, and what each may show.

What reads a run (note, explorer), what lets it leave (disclosure) and the page of the reference
read these definitions. A new table is declared here; what a stage writes under its name is then
read, protected, judged and documented.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from evalml.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "1"
"""Version of these definitions, written in the manifest of a run: a column taken away or read
otherwise makes a new one."""

Kind = Literal["count", "value", "plain", "word", "sentence", "typed", "inside"]
"""What a column may show outside: a count of persons; a number about persons, rounded to a step; a
number that speaks of nobody; a name of the package; words of a stage, whose numbers do not pass
unless declared; values as JSON, each judged by its type; nothing: it stays inside."""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One column.

    Attributes:
        name: Its name in the CSV.
        kind: What it may show outside.
        says: What it is.
        unit: Unit of a value, where no column says it.
        whole: Count that a share is of: both sides are judged as counts.
        basis: Whether the values of a row rest on this count.
        together: Whether it goes with the others marked so: one absent, all are.
        zero: Whether its zero speaks of nobody.
        filled: Whether a reader fills it in where a run left it out.
        extra: Whether only some runs write it.
    """

    name: str
    says: str
    unit: str = ""
    whole: str = ""
    basis: bool = False
    together: bool = False
    zero: bool = False
    filled: bool = False
    extra: bool = False
    kind: Kind = "word"

    @property
    def is_text(self) -> bool:
        """Whether it is read as text."""
        return self.kind in {"word", "sentence", "typed"}


@dataclass(frozen=True, slots=True)
class ResultTable:
    """One table of `results/`.

    Attributes:
        name: Name of its file, without `.csv`.
        fr: What it is called in French.
        en: What it is called in English.
        row: What one row is.
        fields: Its columns, in order.
    """

    name: str
    fr: str
    en: str
    row: str
    fields: tuple[ResultColumn, ...]

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns that every reader may count on."""
        return tuple(c.name for c in self.fields if not c.extra)

    @property
    def written(self) -> tuple[str, ...]:
        """Every column, in order."""
        return tuple(c.name for c in self.fields)

    @property
    def unit(self) -> str:
        """ResultColumn of the unit of the values, empty where there is none."""
        return "unit" if any(c.name == "unit" for c in self.fields) else ""

    def _of(self, kind: Kind) -> tuple[str, ...]:
        return tuple(c.name for c in self.fields if c.kind == kind)

    @property
    def counts(self) -> tuple[str, ...]:
        """Counts of persons."""
        return self._of("count")

    @property
    def values(self) -> tuple[str, ...]:
        """Numbers about persons, rounded to a step."""
        return self._of("value")

    @property
    def plain(self) -> tuple[str, ...]:
        """Numbers that speak of nobody: months, limits, answers."""
        return self._of("plain")

    @property
    def words(self) -> tuple[str, ...]:
        """Names and phrases of the package."""
        return self._of("word")

    @property
    def sentences(self) -> tuple[str, ...]:
        """Words written by a stage."""
        return self._of("sentence")

    @property
    def typed(self) -> tuple[str, ...]:
        """Values or messages as JSON, each judged by its type."""
        return self._of("typed")

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that may leave; any other stays inside."""
        return (*self.counts, *self.values, *self.plain, *self.words, *self.sentences, *self.typed)

    @property
    def shares(self) -> Mapping[str, str]:
        """ResultColumn of a share -> column of its whole."""
        return {c.name: c.whole for c in self.fields if c.whole}

    @property
    def units(self) -> Mapping[str, str]:
        """Unit of the values where no column says it."""
        return {c.name: c.unit for c in self.fields if c.unit}

    @property
    def rests(self) -> tuple[str, ...]:
        """Counts that the values of a row rest on; the arms of the study where there is none."""
        return tuple(c.name for c in self.fields if c.basis)

    @property
    def group(self) -> tuple[str, ...]:
        """Columns that go together: one absent, all are."""
        return tuple(c.name for c in self.fields if c.together)

    @property
    def zeros(self) -> tuple[str, ...]:
        """Counts whose zero speaks of nobody: a rule that leaves out no one."""
        return tuple(c.name for c in self.fields if c.zero)


_word = partial(ResultColumn, kind="word")
_value = partial(ResultColumn, kind="value")
_count = partial(ResultColumn, kind="count")
_plain = partial(ResultColumn, kind="plain")

_UNIT = _word("unit", "unit of the values: `proportion`, `points`, `euros`, `mois`, …")
_LABEL = _word("label", "name, in the language of the study")
_HORIZON = _plain("horizon_months", "months since time zero")
_MONTH = _plain("month", "month since time zero")
_OUTCOME = _word("outcome", "outcome")
_METHOD = _word("method", "method")
_MEASURE = _word("measure", "what is measured")
_ARM = _word("arm", "arm: `treated`, `comparison`, `comparison_unweighted`")
_WORDS = ResultColumn(
    "words", kind="typed", says="what the words of the row say, as keys and values", extra=True
)
_STATUS = _word("status", "`shown`, `blinded` or `exploratory`")
_CAUSES = ResultColumn("causes", kind="typed", says="why, as keys and values", filled=True)
_REASON = ResultColumn("reason", kind="sentence", says="why it is masked, or what checks left open")
_SIZES = (
    _count("n_treated", "persons of the treated arm used", basis=True),
    _count("n_comparison", "persons of the comparison arm used", basis=True),
)
_BOUNDS = (
    _value("estimate", "effect"),
    _value("std_error", "standard error"),
    _value("ci_low", "lower bound of the 95 % interval"),
    _value("ci_high", "upper bound of the 95 % interval"),
)
_ESTIMATE = (
    _OUTCOME,
    _HORIZON,
    _word("subgroup", "variable of the subgroup, empty for all"),
    _word("subgroup_value", "its value, empty for all"),
    _word("estimand", "`att`, `ate`, `att_never`, `late`, `itt`"),
    _METHOD,
    *_BOUNDS,
    _plain("p_value", "two-sided p-value of no effect"),
    *_SIZES,
    _value("mean_treated", "mean of the treated", whole="n_treated", together=True),
    _value(
        "mean_comparison",
        "mean without treatment, as estimated for the estimand",
        whole="n_comparison",
        together=True,
    ),
    _UNIT,
)
_NUMERATOR = _count("numerator", "persons counted", together=True)
_DENOMINATOR = _count("denominator", "persons they are counted among", basis=True)
_PART = _value("value", "value", whole="denominator", together=True)
_PRINTED = (
    ("source", "document in print"),
    ("measured", "what it measured"),
    ("published", "what it prints"),
    ("alike", "what the two have in common"),
    ("differs", "what separates them"),
    ("read_in", "where it was read"),
)

RESULT_TABLES: Registry[ResultTable] = Registry("result table")
"""The tables of `results/`, in the order in which they are read."""

RESULT_TABLES.add(
    ResultTable(
        "effects",
        "Effets",
        "Effects",
        "one estimate: an outcome, a horizon, a method, everybody or a subgroup",
        (
            _word("study", "name of the study"),
            _word("programme", "code of the programme"),
            _word("territory", "where"),
            _word("period", "months of entry"),
            *_ESTIMATE,
            replace(_STATUS, filled=True),
            replace(_REASON, filled=True),
            _CAUSES,
        ),
    ),
    ResultTable(
        "flow",
        "Règles d’éligibilité",
        "Eligibility rules",
        "one rule of eligibility",
        (
            _word("rule", "rule"),
            replace(_LABEL, filled=True),
            _count("kept", "persons and months kept"),
            _count("lost", "persons and months left out by it", zero=True),
            _count("kept_treated", "those of the treated arm", extra=True),
            _count("kept_comparison", "those of the comparison arm", extra=True),
            _count("kept_persons", "persons kept", extra=True),
            replace(_ARM, extra=True),
            _WORDS,
        ),
    ),
    ResultTable(
        "balance",
        "Équilibre des deux groupes",
        "Balance of the two groups",
        "one covariate, or one level of it",
        (
            _word("covariate", "covariate, `name=level` for a level"),
            replace(_LABEL, filled=True),
            _value("smd_before", "standardised mean difference before adjustment", "smd"),
            _value("smd_after", "the same after adjustment", "smd"),
            _value("variance_ratio", "ratio of the variances after adjustment", "smd"),
            _value("mean_treated", "mean of the treated", together=True),
            _value("mean_comparison_before", "mean of the comparison, unweighted", together=True),
            _value("mean_comparison_after", "the same, weighted", together=True),
        ),
    ),
    ResultTable(
        "trajectories",
        "Trajectoires mois par mois",
        "Trajectories month by month",
        "one arm, one month since time zero and one outcome",
        (
            _ARM,
            _MONTH,
            _OUTCOME,
            _value("rate", "share or mean", whole="n_at_risk", together=True),
            _value("std_error", "standard error", together=True),
            _count("n_at_risk", "persons observed", basis=True),
            _value("share_unobserved", "share of the arm whose outcome is unknown", "proportion"),
        ),
    ),
    ResultTable(
        "checks",
        "Contrôles",
        "Checks",
        "one check",
        (
            _word("check", "name of the check"),
            _word("question", "what it asks"),
            _plain("passed", "`true`, `false`, or empty: for information, or not judged"),
            _value("value", "figure judged", "statistic"),
            _plain("threshold", "what it was judged against"),
            ResultColumn("sentence", kind="sentence", says="what was found"),
            _word("outcome", "outcome and horizon it bears on; empty for all"),
            _plain("gating", "whether a failure blinds the effects"),
            _word("finding", "what was found, as a key", filled=True),
            ResultColumn("values", kind="typed", says="values of the sentence", filled=True),
        ),
    ),
    ResultTable(
        "durations",
        "Délais",
        "Durations",
        "one step of the curve of an arm, or one mean time, or a difference between the arms",
        (
            _word("measure", "`incidence`: have reached the outcome; `mean_time`: mean wait"),
            _OUTCOME,
            _word("arm", "`treated`, `comparison`, or `difference`"),
            _HORIZON,
            _count("n_at_risk", "persons still followed; the smaller arm's", basis=True),
            _count(
                "events",
                "persons who reached it since the step above; by then, for a mean or a difference",
                basis=True,
                extra=True,
            ),
            *_BOUNDS,
            _UNIT,
        ),
    ),
    ResultTable(
        "indicators",
        "Indicateurs d’activité",
        "Activity indicators",
        "one indicator in one group",
        (
            _word("indicator", "code of the indicator"),
            _LABEL,
            _word("group", "breakdown"),
            _word("group_value", "its value"),
            _PART,
            _NUMERATOR,
            _DENOMINATOR,
            _UNIT,
            _plain("year", "calendar year", extra=True),
            _word("territory", "where", extra=True),
            _word("statistic", "count, share, mean or median", extra=True),
        ),
    ),
    ResultTable(
        "observation",
        "Ce qui est observé dans chaque groupe",
        "What is observed of each arm",
        "one measure in one arm",
        (
            _ARM,
            _MEASURE,
            _LABEL,
            _value("value", "value", whole="n"),
            _UNIT,
            _count("n", "persons", basis=True),
            _WORDS,
        ),
    ),
    ResultTable(
        "protocol",
        "Protocole",
        "Protocol",
        "one item of the target trial",
        (
            _word("item", "item"),
            _LABEL,
            _word("text", "what the study chose"),
            _WORDS,
        ),
    ),
    ResultTable(
        "costs",
        "Coûts",
        "Costs",
        "one measure of allowances at one horizon",
        (
            _MEASURE,
            _LABEL,
            _HORIZON,
            _METHOD,
            _value("value", "value"),
            _value("ci_low", "lower bound of the 95 % interval"),
            _value("ci_high", "upper bound of the 95 % interval"),
            _UNIT,
            *_SIZES,
            ResultColumn(
                "largest_share", kind="inside", says="share of the largest contribution", extra=True
            ),
            ResultColumn("second_share", kind="inside", says="share of the second one", extra=True),
            ResultColumn("remark", kind="sentence", says="what to know of it"),
            _WORDS,
        ),
    ),
    ResultTable(
        "intensity",
        "Intensité du parcours",
        "Intensity of the support",
        "one measure of support in one month since entry",
        (
            _MEASURE,
            _MONTH,
            _LABEL,
            _PART,
            _UNIT,
            _DENOMINATOR,
            replace(_NUMERATOR, extra=True),
        ),
    ),
    ResultTable(
        "exit_contrast",
        "Indicateur de sortie et effet",
        "Exit indicator and effect",
        "one situation at exit, or one effect beside it",
        (
            _MEASURE,
            _LABEL,
            _PART,
            _UNIT,
            _NUMERATOR,
            _DENOMINATOR,
            _value("ci_low", "lower bound of the 95 % interval", extra=True),
            _value("ci_high", "upper bound of the 95 % interval", extra=True),
        ),
    ),
    ResultTable(
        "event_study",
        "Étude d’événement",
        "Event study",
        "one period since the opening of an area, or since entry",
        (
            _OUTCOME,
            _HORIZON,
            _plain(
                "event_time", "half-years since the opening or months since entry, negative before"
            ),
            _word("phase", "`before`, `reference` or `after`"),
            *_BOUNDS,
            *_SIZES,
        ),
    ),
    ResultTable(
        "published",
        "Effets publiés",
        "Effects in print",
        "one effect in print, beside that of the study",
        (
            *(_word(name, says) for name, says in _PRINTED[:3]),
            _word("ours", "what the study finds"),
            *(_word(name, says) for name, says in _PRINTED[3:]),
            *(_word(f"{name}_en", f"{says}, in English", extra=True) for name, says in _PRINTED),
            _WORDS,
        ),
    ),
    ResultTable(
        "power",
        "Ce que l’étude pouvait voir",
        "What the study could see",
        "one outcome at one horizon, before any effect is computed",
        (
            _OUTCOME,
            _LABEL,
            _HORIZON,
            _count("n_treated", "persons treated", basis=True),
            _count("n_effective", "persons the weighted comparison is worth (Kish)"),
            _plain("clusters", "missions locales"),
            _value("baseline", "mean of the comparison", whole="n_treated"),
            _value("r_squared", "share of its variance that the covariates explain", "smd"),
            _value("icc", "intraclass correlation by mission locale", "smd"),
            _value("detectable", "smallest effect that would be found"),
            _UNIT,
        ),
    ),
    ResultTable(
        "secondary",
        "Analyses secondaires",
        "Secondary analyses",
        "one estimate of one secondary analysis",
        (
            _word("analysis", "name of the analysis"),
            ResultColumn("title", kind="sentence", says="its title"),
            *_ESTIMATE,
            _value("max_smd", "largest difference left between the arms", "smd"),
            _value(
                "observation_gap", "largest gap in the share whose outcome is known", "proportion"
            ),
            _STATUS,
            _REASON,
            _CAUSES,
        ),
    ),
)

COLUMNS: dict[str, tuple[str, ...]] = {name: table.needed for name, table in RESULT_TABLES.items()}
"""The columns every reader may count on; a run may write more."""
ESTIMATE = tuple(column.name for column in _ESTIMATE)
"""Columns that say one estimate."""
FILLED = {(t.name, c.name) for t in RESULT_TABLES.values() for c in t.fields if c.filled}
"""Columns a reader fills in when a run left them out."""
TEXT = {c.name for t in RESULT_TABLES.values() for c in t.fields if c.is_text}
"""Columns that are read as text, whatever the table."""
