"""The designs, each one object: what it compares, what it allows, what words and checks it takes.

Nothing in the house asks which design a study has: it reads what the design says. The persons of
each kind of arms are found in `cohort/two_arms.py`, and each kind of data is walked by one class of
`evaluation/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from evalml.registry import Registry
from evalml.study.programmes import PROGRAMMES

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["cohort", "rollout", "cross_section"]
"""What is compared: persons from a time zero, areas that open over time, rows of a table."""
Arms = Literal["entrants", "comparator", "either", "applications", "drawn"]
"""Who is treated and who is not: see `cohort/two_arms.py`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyDesign:
    """A way to make a comparison.

    Attributes:
        name: Word of `comparison.design` in a study.
        title: Its name, for the pages and the commands.
        fr: What the protocol of a study calls it, in French.
        en: The same in English.
        question: What it answers.
        effect: Whose effect.
        needs: Conditions it needs, by their names in `comparison/needs.py`.
        trap: What most often makes it wrong.
        command: Command that runs it.
        kind: What is compared.
        arms: Who is treated and who is not.
        pool: The pool a study of it is held to; empty where it names one.
        estimands: Estimands a study of it may ask for.
        estimates: Estimand in the words of the note, where it is not that of the study.
        estimator: What estimates it, in `effect/methods.py`: methods of that family are allowed.
        keys: Keys of `comparison` that only such a study takes.
        required: Those of them that it needs.
        covariates: Covariates that only it has; `standard` takes them.
        programme: The only programme it is about; empty for any.
        bounds: Whether unknown outcomes may be bounded (`missing: bounds`).
        waits: Whether the comparison persons are those who do not enter that month, and may later.
        trends: Whether it assumes that the arms would have evolved alike, not that they are alike:
            the past of the outcome is then what the assumption is tried on, and no covariate.
        items: Before the names of the items of the protocol that it calls otherwise.
        words: Sentences of the protocol, by item, that are not those of every cohort.
    """

    name: str
    title: str
    fr: str
    en: str
    question: str
    effect: str
    needs: tuple[str, ...]
    trap: str
    command: str
    kind: Kind = "cohort"
    arms: Arms = "entrants"
    pool: str = ""
    estimands: tuple[str, ...] = ("att", "ate")
    estimates: str = ""
    estimator: str = "adjusted"
    keys: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    programme: str = ""
    bounds: bool = True
    waits: bool = False
    trends: bool = False
    items: str = ""
    words: Mapping[str, str] | None = None

    @property
    def article(self) -> str:
        """Its name as it stands inside a sentence."""
        if self.name.endswith("s"):
            return self.name
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    @property
    def compares(self) -> bool:
        """Whether the comparison persons may be those who enter another programme."""
        return self.arms in ("comparator", "either")

    @property
    def adjusts(self) -> bool:
        """Whether the arms are made alike by weights; a draw needs none."""
        return self.arms != "drawn"

    @property
    def over_time(self) -> bool:
        """Whether it reads an extract, whose rows have dates."""
        return self.kind != "cross_section"

    @property
    def monthly(self) -> bool:
        """Whether it is a trial a month: persons with a time zero."""
        return self.kind == "cohort"

    @property
    def programmes(self) -> dict[str, str]:
        """Programmes it fits, and the comparison there."""
        return {p.name: p.designs[self.name] for p in PROGRAMMES.values() if self.name in p.designs}

    def words_of(self, item: str, usual: str) -> str:
        """Return the key of the sentence of an item of the protocol."""
        return (self.words or {}).get(item, usual)


DESIGNS: Registry[StudyDesign] = Registry("design")

DESIGNS.add(
    StudyDesign(
        name="sequential_trials",
        title="Sequential trials",
        fr="Essais séquentiels : une comparaison par mois d’entrée",
        en="Sequential trials: one comparison per month of entry",
        question="What does entering this month change, against not entering this month?",
        effect="effect on those who entered",
        needs=("programme_open", "followed_before", "pool_not_yet", "has_covariates"),
        trap="a counsellor sees what the file does not: benchmark a hidden confounder",
        command="evalml run PARAMS",
        pool="not_yet_entered",
        keys=("within",),
        waits=True,
    ),
    StudyDesign(
        name="active_comparator",
        title="Active comparator",
        fr="Comparaison active : les entrants d’un mois et ceux d’un autre programme",
        en="Active comparator: those who enter in a month and those who enter another programme",
        question="What does this programme change, against another one entered the same months?",
        effect="effect on those who entered",
        needs=("both_open", "not_nested", "has_covariates"),
        trap="counsellors choose between the two: adjust for what they see",
        command="evalml run PARAMS",
        arms="comparator",
        keys=("entries",),
        words={"comparison": "compared_pool"},
    ),
    StudyDesign(
        name="did_persons",
        title="Event study on persons",
        fr="Double différence sur des personnes : avant et après l’entrée, dans les deux groupes",
        en="Difference in differences on persons: before and after entry, in both groups",
        question="How does the change since before entry differ between entrants and the others?",
        effect="effect on those who entered",
        needs=("pool_open", "followed_before", "has_covariates"),
        trap="a dip before entry that the others do not have: look at the months before",
        command="evalml run PARAMS",
        arms="either",
        estimands=("att",),
        estimator="did_persons",
        keys=("entries", "base_months", "anticipation", "on_past"),
        bounds=False,
        trends=True,
    ),
    StudyDesign(
        name="accepted_refused",
        title="Accepted against refused applications",
        fr="Candidatures acceptées et refusées : une comparaison par mois d’envoi",
        en="Accepted and refused applications: one comparison per month of application",
        question="What does being taken on change, for those who applied?",
        effect="effect on those who were accepted",
        needs=("is_iae", "has_applications", "refusals_dated", "has_covariates"),
        trap="the best applicants are refused less: adjust, and compare within the type of SIAE",
        command="evalml run PARAMS",
        arms="applications",
        pool="refused",
        keys=("refusals",),
        covariates=("siae_type", "emetteur", "candidatures_avant"),
        programme="IAE",
        words={
            "time_zero": "month_of_application",
            "eligibility": "eligible_applicants",
            "treated": "treated_accepted",
            "comparison": "compared_refused",
        },
    ),
    StudyDesign(
        name="rollout",
        title="Roll-out by areas",
        fr="Ouverture progressive : territoires ouverts et pas encore ouverts",
        en="Staggered roll-out: areas that have opened and areas that have not yet",
        question="What did opening the programme change in the areas that opened?",
        effect="effect in the areas open; with partial take-up, on those whom opening moved in",
        needs=("opened_by_area", "areas_known", "seen_alike"),
        trap="two-way fixed effects compare with areas open already: shown biased",
        command="evalml run PARAMS",
        kind="rollout",
        keys=("openings",),
        pool="not_yet_open",
        estimands=("itt",),
        estimator="areas",
        bounds=False,
        items="opening_",
    ),
    StudyDesign(
        name="encouragement",
        title="Encouragement",
        fr="Variable instrumentale : la capacité des missions locales",
        en="Instrumental variable: the capacity of the missions locales",
        question="What does entry change for those whom more places moved in?",
        effect="effect on compliers",
        needs=("has_instrument", "many_areas"),
        trap="a weak first stage (F below 10) is refused; size comes with other services",
        command="evalml run PARAMS",
        pool="not_yet_entered",
        estimands=("att",),
        estimates="late",
        estimator="instrument",
        keys=("instrument",),
        required=("instrument",),
        bounds=False,
    ),
    StudyDesign(
        name="randomised_trial",
        title="Randomised trial",
        fr="Essai randomisé : l’offre du programme, tirée au sort",
        en="Randomised trial: the offer of the programme, drawn by lot",
        question="What does the offer change, and the entry for those whom the offer moves in?",
        effect="effect of the offer on all those drawn; of entry on compliers",
        needs=("has_draw",),
        trap="who is lost from sight differs by arm: look at attrition before the effect",
        command="evalml run PARAMS",
        arms="drawn",
        pool="drawn",
        estimands=("itt",),
        estimator="experiment",
        keys=("trial",),
        bounds=False,
        words={
            "time_zero": "month_of_draw",
            "treated": "treated_drawn",
            "comparison": "compared_drawn",
        },
    ),
    StudyDesign(
        name="cross_section",
        title="One table of persons",
        fr="Coupe transversale : groupe de comparaison d’une autre source",
        en="Cross-section: comparison group from another source",
        question="What does treatment change, in any table with one row per person?",
        effect="effect on the treated, or on all",
        needs=("has_source", "has_covariates"),
        trap="nothing says which columns were known before treatment",
        command="evalml estimate DATA",
        kind="cross_section",
        keys=("source", "experiment"),
        required=("source",),
    ),
)
