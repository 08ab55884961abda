"""The exits a ministry counts, beside the effect, for the same entrants, and why they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalml.report.blinding import BLINDED
from evalml.report.protect import protect_counts
from evalml.report.results import rows_of
from evalml.report.verdict import NEVER
from evalml.report.words import outcome_label
from evalml.typography import effect_text, interval_text, number, typeset

if TYPE_CHECKING:
    from evalml.report.results import Frames
    from evalml.study import Study

POSITIVE = ("durable", "alternance", "school")
"""Situations of `exit_situations` that are positive exits of the CEJ, as the ministry counts."""
LABELS = {
    "positive_exits": "Sorties positives (sens ministériel), sur les sortis",
    "positive_entrants": "Les mêmes sorties, sur tous les entrants",
    "unknown_exits": "Situation inconnue à la sortie, sur les sortis",
    "entrants": "{outcome} {horizon} mois après l’entrée, entrants",
    "comparison": "{outcome} {horizon} mois après, les mêmes s’ils n’étaient pas entrés (estimé)",
    "effect": "Effet estimé, en points",
}
EXITS = (
    "Parmi les sorties observées dans les {follow_up} mois, {positive} sont positives au sens "
    "ministériel (emploi durable, alternance ou retour en scolarité) ; sur tous les entrants, les "
    "mêmes sorties font {spread}."
)
AFTER = (
    "{horizon} mois après l’entrée, {treated} des entrants sont dans le résultat principal "
    "(« {outcome} ») ; ils seraient {comparison} sans l’entrée : l’effet est de {effect} "
    "({interval})."
)
MASKED = "L’effet n’est pas montré : un contrôle échoue, ou trop peu de personnes sont concernées."
WHY = (
    "Ces chiffres ne se contredisent pas : ils ne mesurent pas la même chose. Le taux de sortie "
    "positive a pour dénominateur les sortis, et non les entrants : qui reste dans le programme "
    "n’y est pas. Il regarde le jour de la sortie, que la prise d’un emploi provoque souvent, et "
    "non une date fixée d’avance et la même pour tous. Il ne compte que ce qui a été déclaré. Et "
    "il n’a pas de groupe de comparaison : il porte au crédit du programme ce qui serait arrivé "
    "sans lui. Seul l’effet répond à la question de ce que l’entrée change."
)


class Paragraph:
    """A sentence or more, written from results, as a notebook shows it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def _repr_markdown_(self) -> str:
        """Return the text."""
        return self.text

    def __str__(self) -> str:
        """Return the text."""
        return self.text

    def __repr__(self) -> str:
        """Give the length only."""
        return f"Paragraph({len(self.text)} characters)"


def exit_contrast(exits: pd.DataFrame, results: Frames, study: Study) -> pd.DataFrame:
    """Set the exits of the entrants beside the effect of the primary outcome.

    Args:
        exits: What `exit_situations` found for the cohort.
        results: What `gather` returned: the effect is masked if it is blinded.
        study: The study.

    Returns:
        One row per measure: `measure`, `label`, `value` (percent, or points), `unit`, `numerator`,
        `denominator`, protected.
    """
    n = dict(zip(exits["situation"], exits["n"].astype("int64"), strict=True))
    gone = sum(count for name, count in n.items() if name != "inside")
    positive = sum(n.get(name, 0) for name in POSITIVE)
    counted = [
        ("positive_exits", positive, gone),
        ("positive_entrants", positive, gone + n.get("inside", 0)),
        ("unknown_exits", n.get("unknown", 0), gone),
    ]
    rows: list[dict[str, Any]] = [
        {
            "measure": name, "value": 100 * over / below if below else float("nan"),
            "unit": "%", "numerator": over, "denominator": below,
        }
        for name, over, below in counted
    ]  # fmt: skip
    guarded = protect_counts(pd.DataFrame(rows), study.checks.minimum_count)
    effect = _primary(results, study)
    table = pd.concat([guarded, pd.DataFrame(_effect_rows(effect))], ignore_index=True)
    words = {"outcome": _outcome_label(study), "horizon": study.primary.horizon}
    return table.assign(label=[typeset(LABELS[name].format(**words)) for name in table["measure"]])[
        ["measure", "label", "value", "unit", "ci_low", "ci_high", "numerator", "denominator"]
    ]


def exit_paragraph(contrast: pd.DataFrame, study: Study) -> Paragraph:
    """Return one paragraph in French that says why the exits and the effect differ.

    Args:
        contrast: What `exit_contrast` returned.
        study: The study.
    """
    row = {r.measure: r for r in rows_of(contrast)}
    sentences = []
    if pd.notna(row["positive_exits"].value) and pd.notna(row["positive_entrants"].value):
        sentences.append(
            EXITS.format(
                follow_up=study.follow_up_months,
                positive=_percent(row["positive_exits"].value),
                spread=_percent(row["positive_entrants"].value),
            )
        )
    effect = row["effect"]
    if pd.isna(effect.value):
        sentences.append(MASKED)
    else:
        sentences.append(
            AFTER.format(
                horizon=study.primary.horizon,
                treated=_percent(row["entrants"].value),
                comparison=_percent(row["comparison"].value),
                outcome=_outcome_label(study),
                effect=effect_text(effect.value / 100, "proportion"),
                interval=interval_text(effect.ci_low / 100, effect.ci_high / 100, "proportion"),
            )
        )
    return Paragraph(typeset(" ".join([*sentences, WHY])))


def _percent(value: float) -> str:
    return f"{number(value, 1)} %"


def _primary(results: Frames, study: Study) -> Any:
    effects = results["effects"]
    chosen = effects[
        (effects["outcome"] == study.primary.outcome)
        & (effects["horizon_months"] == study.primary.horizon)
        & (effects["method"] == study.primary.method)
        & (effects["subgroup"] == "")
        & (effects["estimand"] != NEVER)
    ]
    found = rows_of(chosen)
    return found[0] if found and found[0].status != BLINDED else None


def _effect_rows(effect: Any) -> list[dict[str, Any]]:
    """Return the rates of the two arms and their difference; all NaN where it is masked."""
    nothing = float("nan")
    values = (
        (nothing,) * 5
        if effect is None
        else tuple(
            100 * getattr(effect, name)
            for name in ("mean_treated", "mean_comparison", "estimate", "ci_low", "ci_high")
        )
    )
    return [
        {"measure": "entrants", "value": values[0], "unit": "%"},
        {"measure": "comparison", "value": values[1], "unit": "%"},
        {
            "measure": "effect", "value": values[2], "unit": "points", "ci_low": values[3],
            "ci_high": values[4],
        },
    ]  # fmt: skip


def _outcome_label(study: Study) -> str:
    """Return the French label of the primary outcome."""
    return outcome_label(study.primary.outcome, None, "fr", study.labels)
