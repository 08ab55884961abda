"""The catalogue of indicators: `catalogue.yaml`, typed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from evalml.errors import EvalmlError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

Unit = Literal["jeunes", "actes", "contrats", "parcours", "périodes", "candidatures", "euros", "%",
               "heures"]  # fmt: skip
Statistic = Literal["count", "amount", "share", "mean"]
Period = Literal["year", "year_end", "exits", "cohort"]
Population = Literal["accompagnes", "recus_entretien"]
PERIODS: dict[Period, str] = {
    "year": "l’année civile",
    "year_end": "au 31 décembre de l’année",
    "exits": "les sorties de l’année",
    "cohort": "les entrées de l’année, suivies jusqu’à la fin de l’extrait",
}
POPULATIONS: dict[Population | None, str] = {
    None: "tous les jeunes ayant un dossier dans le territoire, avec ou sans acte dans l’année",
    "accompagnes": "jeunes accompagnés : un entretien, un atelier ou une information collective "
    "réalisé dans l’année",
    "recus_entretien": "jeunes reçus en entretien individuel dans l’année",
}


class Indicator(BaseModel):
    """One indicator of the network.

    Attributes:
        name: Code, also that of the printed figures it is compared with.
        label: French label.
        unit: What one unit is.
        statistic: `count`, `amount`, or `share` and `mean`, which have a denominator.
        numerator: Column of the activity table that is summed.
        denominator: Column it is divided by, for a share or a mean.
        population: Indicator whose persons it is counted among; everybody with a file where None.
        period: Whether it bears on the year, on its last day, on the exits of the year, or on its
            entrants followed to the end of the extract.
        quote: The source's own words, in short; empty where the figure is only ours.
        reference: Where in the source.
        definition: What counts, in French.
        over: What it is divided by, in French.
        choices: What the source leaves to choose, and what is chosen here, in French.
        source: Where the definition comes from.
        since: First year it exists in.
        until: Last year it exists in.
        variant_of: Indicator it is another definition of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    label: str
    unit: Unit
    statistic: Statistic = "count"
    numerator: str
    denominator: str | None = None
    population: Population | None = None
    period: Period = "year"
    quote: str = ""
    reference: str = ""
    definition: str
    over: str = ""
    choices: str = ""
    source: str
    since: int | None = Field(default=None, ge=2000)
    until: int | None = Field(default=None, ge=2000)
    variant_of: str | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Indicator:
        if (self.denominator is not None) != (self.statistic in {"share", "mean"}):
            raise ValueError("a share or a mean has a denominator, and nothing else has one")
        if bool(self.over) != (self.denominator is not None):
            raise ValueError("`over` says in words what a share or a mean is divided by")
        return self

    def exists_in(self, year: int) -> bool:
        """Return whether the indicator exists in `year`."""
        return (self.since or year) <= year <= (self.until or year)


@dataclass(frozen=True, slots=True)
class Theme:
    """Indicators read together.

    Attributes:
        label: French label.
        indicators: Their codes, in order.
    """

    label: str
    indicators: tuple[str, ...]


def _raw() -> dict[str, Any]:
    text = resources.files("evalml.indicators").joinpath("catalogue.yaml").read_text("utf-8")
    raw: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return raw


def _read(raw: dict[str, Any]) -> dict[str, Indicator]:
    sources = raw["sources"]
    return {
        name: Indicator.model_validate(
            {**spec, "name": name, "source": sources.get(spec["source"], spec["source"])}
        )
        for name, spec in raw["indicators"].items()
    }


_RAW = _raw()
INDICATORS: dict[str, Indicator] = _read(_RAW)
THEMES: dict[str, Theme] = {
    name: Theme(theme["label"], tuple(theme["indicators"]))
    for name, theme in _RAW["themes"].items()
}


def indicators_of(year: int, names: Sequence[str] | None = None) -> tuple[Indicator, ...]:
    """Return the indicators called `names` (all by default) that exist in `year`.

    Raises:
        EvalmlError: No indicator has that name.
    """
    for name in names or ():
        if name not in INDICATORS:
            raise EvalmlError(f"no indicator is called '{name}'; {nearest(name, INDICATORS)}")
    chosen = [INDICATORS[name] for name in (INDICATORS if names is None else names)]
    return tuple(i for i in chosen if i.exists_in(year))


def indicators_table(names: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the definitions of indicators, one row each.

    Args:
        names: Indicators to describe; the whole catalogue when None.
    """
    chosen = [INDICATORS[name] for name in (INDICATORS if names is None else names)]
    return pd.DataFrame(
        {
            "indicator": [i.name for i in chosen],
            "label": [i.label for i in chosen],
            "unit": [i.unit for i in chosen],
            "quote": [i.quote for i in chosen],
            "source": [i.source for i in chosen],
            "reference": [i.reference for i in chosen],
            "definition": [i.definition for i in chosen],
            "population": [POPULATIONS[i.population] for i in chosen],
            "period": [PERIODS[i.period] for i in chosen],
            "over": [i.over for i in chosen],
            "choices": [i.choices for i in chosen],
            "variant_of": [i.variant_of or "" for i in chosen],
        }
    )
