"""The catalogue of indicators and of their breakdowns, typed, and the reader's table."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import yaml
from pydantic import Field, model_validator

from evalml.codes import territory_names
from evalml.errors import EvalmlError, nearest
from evalml.reading.yaml_text import StrictModel

if TYPE_CHECKING:
    from collections.abc import Sequence


CountUnit = Literal["jeunes", "actes", "contrats", "parcours", "périodes", "candidatures", "euros",
               "%", "heures"]  # fmt: skip
Statistic = Literal["count", "amount", "share", "mean"]
CountPeriod = Literal["year", "year_end", "exits", "cohort"]
CountPopulation = Literal["accompagnes", "recus_entretien"]
PERIODS: dict[CountPeriod, str] = {
    "year": "l’année civile",
    "year_end": "au 31 décembre de l’année",
    "exits": "les sorties de l’année",
    "cohort": "les entrées de l’année, suivies jusqu’à la fin de l’extrait",
}
POPULATIONS: dict[CountPopulation | None, str] = {
    None: "tous les jeunes ayant un dossier dans le territoire, avec ou sans acte dans l’année",
    "accompagnes": "jeunes accompagnés : un entretien, un atelier ou une information collective "
    "réalisé dans l’année",
    "recus_entretien": "jeunes reçus en entretien individuel dans l’année",
}


class Indicator(StrictModel):
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

    name: str
    label: str
    unit: CountUnit
    statistic: Statistic = "count"
    numerator: str
    denominator: str | None = None
    population: CountPopulation | None = None
    period: CountPeriod = "year"
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


def _read_indicators(raw: dict[str, Any]) -> dict[str, Indicator]:
    sources = raw["sources"]
    return {
        name: Indicator.model_validate(
            {**spec, "name": name, "source": sources.get(spec["source"], spec["source"])}
        )
        for name, spec in raw["indicators"].items()
    }


_RAW = _raw()
INDICATORS: dict[str, Indicator] = _read_indicators(_RAW)
THEMES: dict[str, Theme] = {
    name: Theme(theme["label"], tuple(theme["indicators"]))
    for name, theme in _RAW["themes"].items()
}
_LAST = list(THEMES)[-1]
_PLACED = {name for theme in THEMES.values() for name in theme.indicators}
THEMES[_LAST] = Theme(
    THEMES[_LAST].label,
    (*THEMES[_LAST].indicators, *(name for name in INDICATORS if name not in _PLACED)),
)  # one that no theme names is read with the last


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


class GroupValue(StrictModel):
    """One value of a breakdown.

    Attributes:
        label: French label.
        of: The codes it gathers.
        needs: Column of `dossiers` without which nobody can be counted in it.
    """

    label: str
    of: tuple[str, ...]
    needs: str | None = None


class Breakdown(StrictModel):
    """One breakdown.

    Attributes:
        name: Code.
        label: French label.
        column: Column of the person it reads.
        values: Values by code.
        parts: The values that add up to the whole.
        since: First year it exists in.
        until: Last year it exists in.
    """

    name: str
    label: str
    column: str
    values: dict[str, GroupValue]
    parts: tuple[str, ...]
    since: int | None = None
    until: int | None = None

    def exists_in(self, year: int) -> bool:
        """Return whether the breakdown exists in `year`."""
        return (self.since or year) <= year <= (self.until or year)


def _read_groups() -> dict[str, Breakdown]:
    text = resources.files("evalml.indicators").joinpath("groups.yaml").read_text("utf-8")
    raw = yaml.load(text, yaml.CSafeLoader)
    return {name: Breakdown.model_validate({"name": name, **spec}) for name, spec in raw.items()}


GROUPS: dict[str, Breakdown] = _read_groups()


def groups_of(year: int, names: Sequence[str] | None = None) -> tuple[Breakdown, ...]:
    """Return the breakdowns called `names` (all by default) that exist in `year`.

    Raises:
        EvalmlError: No breakdown has that name.
    """
    for name in names or ():
        if name not in GROUPS:
            raise EvalmlError(f"no breakdown is called '{name}'; {nearest(name, GROUPS)}")
    chosen = [GROUPS[name] for name in (GROUPS if names is None else names)]
    return tuple(g for g in chosen if g.exists_in(year))


def activity_table(
    indicators: pd.DataFrame,
    theme: str | None = None,
    *,
    names: Sequence[str] | None = None,
    breakdown: str = "",
    synthetic: bool = False,
) -> pd.DataFrame:
    """Return the figures of one year as the network prints them: a column for each area.

    Args:
        indicators: What `compute_indicators` returned, protected.
        theme: Theme of the catalogue (`people`, `acts`, `programmes`, `exits`, `contracts`,
            `beside`) whose indicators are shown.
        names: Indicators shown, in order; those of the theme, or all, by default.
        breakdown: Value of a breakdown, such as `qpv=1`; the whole by default.
        synthetic: Whether to say in the heading that the data are.

    Raises:
        EvalmlError: No theme has that name.

    Returns:
        Columns « Indicateur », « Unité » and one per area, the whole territory first. The heading
        says the vintage; a line says that its year is young in the extract; a figure that is not
        shown is a word: `STATES`.
    """
    if theme is not None and theme not in THEMES:
        raise EvalmlError(f"no theme is called '{theme}'; {nearest(theme, THEMES)}")
    if names is None and theme is not None:
        names = THEMES[theme].indicators
    kept = indicators[indicators["breakdown"] == breakdown]
    if names is not None:
        kept = kept[kept["indicator"].isin(names)]
    present = dict.fromkeys(kept["indicator"])
    order = [name for name in (names if names is not None else present) if name in present]
    shown = kept.assign(cell=_cells(kept))
    pivoted = shown.pivot_table(
        index="indicator", columns="territory", values="cell", sort=False, aggfunc="first"
    ).reindex(order)
    areas = [a for a in dict.fromkeys(kept["territory"]) if a in pivoted.columns]
    heads = kept.drop_duplicates("indicator").set_index("indicator").reindex(order)
    title = _title(kept, synthetic=synthetic)
    table = pd.DataFrame({title: heads["label"] + _warnings(heads), "Unité": heads["unit"]})
    for area in areas:
        table[area_label(area)] = pivoted[area]
    return table.reset_index(drop=True)


STATES = {"unknown": "non connu", "no_base": "sans objet", "secret": "secret"}
"""What a reader is told where there is no figure."""


def _cells(rows: pd.DataFrame) -> pd.Series[Any]:
    """Return the figures, and words where there is none: taken out where nothing else is said."""
    words = rows["state"].map(STATES).fillna(STATES["secret"]) if "state" in rows else "secret"
    return rows["value"].astype("object").where(rows["value"].notna(), words)


def _title(rows: pd.DataFrame, *, synthetic: bool) -> str:
    vintages = sorted(set(rows["vintage"])) if "vintage" in rows else []
    parts = [*(["données synthétiques"] if synthetic else [])]
    parts += [f"extrait du {french_day(day)}" for day in vintages]
    return f"Indicateur ({' ; '.join(parts)})" if parts else "Indicateur"


def _warnings(heads: pd.DataFrame) -> pd.Series[str]:
    """Return what to add to the lines whose year is young in the extract."""
    nothing = pd.Series("", index=heads.index)
    if "young" not in heads:
        return nothing
    share = (100 * heads["completeness"]).map("{:.0f}".format)
    warning = " [année jeune : " + share + " % des saisies attendues]"
    return nothing.mask(heads["young"].astype("bool"), warning)


def french_day(day: str) -> str:
    """Return an ISO day as it is written in French: 31/01/2026."""
    return "/".join(reversed(day.split("-")))


def area_label(code: str) -> str:
    """Return the name of an area code, such as « Nord » for `departement:59`."""
    if code == "france":
        return "France"
    kind, _, value = code.partition(":")
    return territory_names().get(f"{kind}s", {}).get(value, value)
