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
Period = Literal["year", "year_end", "exits"]


class Indicator(BaseModel):
    """One indicator of the network.

    Attributes:
        name: Code, also that of the printed figures it is compared with.
        label: French label.
        unit: What one unit is.
        statistic: `count`, `amount`, or `share` and `mean`, which have a denominator.
        numerator: Column of the activity table that is summed.
        denominator: Column it is divided by, for a share or a mean.
        population: Indicator whose persons it is counted among; `accompagnes` leaves out whoever
            was not accompanied in the year.
        period: Whether it bears on the year, on its last day, or on the exits of the year.
        definition: What counts, in French.
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
    population: str | None = None
    period: Period = "year"
    definition: str
    source: str
    since: int | None = Field(default=None, ge=2000)
    until: int | None = Field(default=None, ge=2000)
    variant_of: str | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Indicator:
        if (self.denominator is not None) != (self.statistic in {"share", "mean"}):
            raise ValueError("a share or a mean has a denominator, and nothing else has one")
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
            "population": [i.population or "" for i in chosen],
            "period": [i.period for i in chosen],
            "definition": [i.definition for i in chosen],
            "source": [i.source for i in chosen],
            "variant_of": [i.variant_of or "" for i in chosen],
        }
    )
