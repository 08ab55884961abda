"""The one table of designs and methods: `evalml explain` and the page of the chooser read it."""

from __future__ import annotations

from dataclasses import dataclass

from evalml.comparison.chooser import needs as n
from evalml.comparison.chooser.needs import Need


@dataclass(frozen=True, slots=True)
class DesignCard:
    """A way to make a comparison.

    Attributes:
        name: Word of `comparison.design` in a study.
        label: Its name in words.
        question: What it answers.
        estimand: Whose effect.
        programmes: Programmes it fits, and the comparison there.
        needs: Conditions.
        methods: Methods that estimate it.
        command: Command that runs it.
        trap: What most often makes it wrong.
    """

    name: str
    label: str
    question: str
    estimand: str
    programmes: dict[str, str]
    needs: tuple[Need, ...]
    methods: tuple[str, ...]
    command: str
    trap: str


@dataclass(frozen=True, slots=True)
class MethodCard:
    """A way to estimate.

    Attributes:
        name: Word of `methods`, or of `--method`.
        label: Its name in words.
        when: When to take it.
        never: When not to.
        page: Page of `docs/methods`.
        estimands: Estimands it offers.
    """

    name: str
    label: str
    when: str
    never: str
    page: str
    estimands: tuple[str, ...] = ("att",)


_PERSON = ("diff", "ols", "regression_imputation", "match", "ipw", "ebal", "aipw")
_OPEN = Need("the programme takes entries over all the months studied", n.programme_open)
_COVARIATES = Need("what drives entry is described before time zero", n.has_covariates)

DESIGNS: dict[str, DesignCard] = {
    card.name: card
    for card in (
        DesignCard(
            "sequential_trials",
            "Sequential trials",
            "What does entering this month change, against not entering this month?",
            "effect on those who entered",
            {
                "CEJ": "accompanied, eligible, not entered yet",
                "PACEA": "accompanied outside a contract",
                "PARRAINAGE": "accompanied in the same mission locale, not mentored yet",
                "IAE": "accompanied, no contract in a SIAE yet",
                "GJ": "accompanied, eligible, not entered yet, once the area is open",
            },
            (
                _OPEN,
                Need("both arms are followed before and after", n.followed_before),
                Need("the pool is those not entered yet, never the « never »", n.pool_not_yet),
                _COVARIATES,
            ),
            _PERSON,
            "evalml run PARAMS",
            "a counsellor sees what the file does not: benchmark a hidden confounder",
        ),
        DesignCard(
            "active_comparator",
            "Active comparator",
            "What does this programme change, against another one entered the same months?",
            "effect on those who entered",
            {
                "CEJ": "entrants of PACEA",
                "GJ": "entrants of PACEA without a GJ inside (2017 to February 2022)",
            },
            (
                Need("both programmes take entries over all the months", n.both_open),
                Need("neither is a phase of the other", n.not_nested),
                _COVARIATES,
            ),
            _PERSON,
            "evalml estimate DATA",
            "counsellors choose between the two: adjust for what they see",
        ),
        DesignCard(
            "accepted_refused",
            "Accepted against refused applications",
            "What does being taken on change, for those who applied?",
            "effect on those who were accepted",
            {"IAE": "refused, same type of SIAE, same months"},
            (
                Need("entry is decided on an application that is kept", n.is_iae),
                Need("the extract holds the applications", n.has_applications),
                Need("a refusal has a date", n.refusals_dated),
                _COVARIATES,
            ),
            _PERSON,
            "evalml estimate DATA",
            "the best applicants are refused less: adjust, and compare within the type of SIAE",
        ),
        DesignCard(
            "rollout",
            "Roll-out by areas",
            "What did opening the programme change in the areas that opened?",
            "effect in the areas open; with partial take-up, on those whom opening moved in",
            {"GJ": "areas not open yet (October 2013 to December 2016)"},
            (
                Need("areas open at different dates", n.opened_by_area),
                Need("the dates are known, and differ within the territory", n.areas_known),
                Need("the outcome means the same before and after", n.seen_alike),
            ),
            ("callaway_santanna", "sun_abraham", "imputation", "wald_did", "triple_difference"),
            "evalml rollout DATA",
            "two-way fixed effects compare with areas open already: shown biased",
        ),
        DesignCard(
            "encouragement",
            "Encouragement",
            "What does entry change for those whom more places moved in?",
            "effect on compliers",
            {"PARRAINAGE": "missions locales and months with fewer mentors"},
            (
                Need("something moves entry and nothing else", n.has_instrument),
                Need("it varies over enough missions locales", n.many_areas),
            ),
            ("iv", "wald_did"),
            "evalml did DATA",
            "a weak first stage (F below 10) is refused; size comes with other services",
        ),
        DesignCard(
            "cross_section",
            "One table of persons",
            "What does treatment change, in any table with one row per person?",
            "effect on the treated, or on all",
            {},
            (
                Need("a table with one row per person, and a treatment", n.has_source),
                _COVARIATES,
            ),
            _PERSON,
            "evalml estimate DATA",
            "nothing says which columns were known before treatment",
        ),
    )
}

_BOTH = ("att", "ate")
METHODS: dict[str, MethodCard] = {
    card.name: card
    for card in (
        MethodCard(
            "diff",
            "Difference in means",
            "entries drawn by lot; elsewhere only to show what adjusting changes",
            "as an answer where entry was chosen",
            "difference.md",
            _BOTH,
        ),
        MethodCard(
            "ols",
            "Linear regression",
            "one effect for all, outcomes linear in the covariates",
            "effects that differ: it weighs persons otherwise than the estimand",
            "ols.md",
            _BOTH,
        ),
        MethodCard(
            "regression_imputation",
            "Regression imputation",
            "outcomes linear in the covariates, effects that differ",
            "arms far apart: the line is drawn where nobody is",
            "regression_imputation.md",
            _BOTH,
        ),
        MethodCard(
            "match",
            "Nearest-neighbour matching",
            "a comparison that can be told person by person; exact strata",
            "many continuous covariates and one partner",
            "matching.md",
            _BOTH,
        ),
        MethodCard(
            "ipw",
            "Inverse probability weighting",
            "the score can be modelled, the outcome cannot",
            "few comparison persons carry the weight",
            "ipw.md",
            ("att", "ate", "ato"),
        ),
        MethodCard(
            "ebal",
            "Entropy balancing",
            "equal means by construction, effect on the treated",
            "effect on all; treated outside the range of the others",
            "entropy_balancing.md",
        ),
        MethodCard(
            "aipw",
            "Augmented weighting (AIPW)",
            "the usual choice: right if the score or the outcome model is",
            "no overlap: two wrong models do not make a right one",
            "aipw.md",
            _BOTH,
        ),
        MethodCard(
            "callaway_santanna",
            "Callaway-Sant'Anna",
            "areas that open one after another, effects that differ and grow",
            "no area left that is not open",
            "callaway_santanna.md",
        ),
        MethodCard(
            "sun_abraham",
            "Sun-Abraham",
            "the same, as a regression by event time",
            "trends that depend on covariates",
            "sun_abraham.md",
        ),
        MethodCard(
            "imputation",
            "Imputation",
            "the same, more precise where no trend differs",
            "anticipation that is not declared",
            "imputation.md",
        ),
        MethodCard(
            "twfe",
            "Two-way fixed effects",
            "two periods, or no effect: a benchmark",
            "areas that open one after another with effects that differ",
            "twfe.md",
        ),
        MethodCard(
            "wald_did",
            "Wald-DiD",
            "take-up is partial, and the comparison takes up too",
            "take-up that barely moves",
            "wald_did.md",
            ("late",),
        ),
        MethodCard(
            "triple_difference",
            "Triple difference",
            "youths of the same areas whom the programme leaves out: they show the area's shocks",
            "witnesses who enter, or whose job market moves otherwise",
            "triple_difference.md",
            ("itt",),
        ),
        MethodCard(
            "iv",
            "Instrument (2SLS)",
            "something moves entry and nothing else",
            "a first stage with F below 10",
            "iv.md",
            ("late",),
        ),
        MethodCard(
            "ipcw",
            "Censoring weights",
            "persons are lost before the horizon, for reasons that are seen",
            "losses that follow the outcome itself",
            "ipcw.md",
        ),
        MethodCard(
            "clone_censor_weight",
            "Clone, censor, weight",
            "a grace period after time zero",
            "entry at time zero: then it changes nothing",
            "clone_censor_weight.md",
        ),
        MethodCard(
            "km, aj, rmst, cox",
            "Durations",
            "time to a first durable job, follow-up that ends, other ways out",
            "leaving out those still followed",
            "survival.md",
        ),
    )
}
