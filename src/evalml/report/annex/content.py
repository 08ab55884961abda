"""The annex of the activity report as values: a figure a cell, inside and as it may leave."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import yaml

from evalml.codes import territory_names
from evalml.disclosure.register import Population, places_of
from evalml.disclosure.rule import printed, share_step, to_step
from evalml.errors import DataError, ExtractError
from evalml.indicators.catalogue import area_label
from evalml.report.indicators_table import protect_indicators

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from evalml.disclosure.rule import DisclosureRule


State = Literal["known", "secret", "unknown", "no_base"]
Kind = Literal["number", "euros", "percent"]
COLUMNS = (
    "section", "row", "label", "indicator", "breakdown", "kind", "territory", "year",
    "value", "numerator", "denominator", "state", "reason", "step",
)  # fmt: skip
"""Columns of `results/annexe.csv`: one row per printed cell."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One printed figure.

    Attributes:
        value: The number; NaN unless `state` is `known`.
        state: `known`; `secret`, hidden on purpose; `unknown`, not in the extract; `no_base`, a
            share of nobody.
        kind: `number`, `euros` or `percent`.
        numerator: What is counted, NaN where it is not shown.
        denominator: What it is a share of, NaN where it is not shown.
        reason: Why it is not known, in French.
        step: Step to which a released figure is rounded; 0 inside.
    """

    value: float
    state: State
    kind: Kind
    numerator: float = np.nan
    denominator: float = np.nan
    reason: str = ""
    step: float = 0.0


@dataclass(frozen=True, slots=True)
class AnnexLine:
    """One row of the annex.

    Attributes:
        section: Title of its section.
        label: Its words.
        indicator: Code of the indicator.
        breakdown: Value of a breakdown, such as `qpv=1`; empty for the whole.
        show: `value`, or `share` of the whole.
        cells: Cell by (year, territory).
    """

    section: str
    label: str
    indicator: str
    breakdown: str
    show: str
    cells: dict[tuple[int, str], Cell]


@dataclass(frozen=True, slots=True)
class Source:
    """What the figures come from.

    Attributes:
        title: Title of the document.
        extract: Name of the extract.
        vintage: Day of its extraction, ISO.
        synthetic: Whether the data are invented.
        threshold: Smallest count shown.
        rounding: Base of the counts of a released annex; 0 for the annex of the team.
    """

    title: str
    extract: str = ""
    vintage: str = ""
    synthetic: bool = False
    threshold: int = 11
    rounding: int = 0


@dataclass(frozen=True, slots=True)
class Annex:
    """The printed tables of one year.

    Attributes:
        source: What the figures come from.
        year: The year.
        before: The year before, None where it is not shown.
        areas: Codes of the areas, the whole territory first.
        lines: The rows, in the printed order.
        key: Key figures by title of their block.
        remarks: What a reader must know of these data, in French.
        age_note: Day the age is taken on, in French; empty where it is not known.
    """

    source: Source
    year: int
    before: int | None
    areas: tuple[str, ...]
    lines: tuple[AnnexLine, ...]
    key: tuple[tuple[str, tuple[AnnexLine, ...]], ...]
    remarks: tuple[str, ...] = ()
    age_note: str = ""

    def _repr_html_(self) -> str:
        """Return the table of the year, for a notebook."""
        from evalml.report.annex.pages import annex_html

        return annex_html(self)

    @property
    def years(self) -> tuple[int, ...]:
        """The year, then the one before where it is shown."""
        return (self.year,) if self.before is None else (self.year, self.before)


@cache
def layout() -> dict[str, Any]:
    """Return the rows, notes and key figures of the annex, as `rows.yaml` has them."""
    text = resources.files("evalml.report.annex").joinpath("rows.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return found


def annex_indicators(which: str = "annexe") -> tuple[str, ...] | None:
    """Return the indicators that the annex prints; None, for all, where `which` is `tous`."""
    if which == "tous":
        return None
    rows = [row for part in layout()["sections"] for row in part["rows"]]
    rows += [row for part in layout()["key_figures"] for row in part["figures"]]
    return tuple(dict.fromkeys(row["indicator"] for row in rows))


def annex_groups() -> tuple[str, ...]:
    """Return the breakdowns that the annex prints."""
    rows = [row for part in layout()["sections"] for row in part["rows"]]
    pairs = [row["breakdown"] for row in rows if row.get("breakdown")]
    return tuple(dict.fromkeys(pair.partition("=")[0] for pair in pairs))


def activity_annex(
    indicators: pd.DataFrame, source: Source, year: int, order: Sequence[str] = ()
) -> Annex:
    """Return the annex of a year from its indicators and those of the year before.

    Args:
        indicators: What `protect_indicators` returned, of one year or two.
        source: What the figures come from.
        year: The year of the annex.
        order: Codes of areas in the order of their columns, such as `59`; the others follow.

    Raises:
        ExtractError: Nothing is known of the year.
    """
    known = set(indicators.loc[indicators["state"] != "unknown", "year"])
    if year not in known:
        raise ExtractError(f"the extract holds nothing of {year}; choose another year")
    found = {
        (row.indicator, row.breakdown, row.territory, row.year): row
        for row in indicators.itertuples(index=False)
    }
    places = dict.fromkeys(indicators.loc[indicators["year"] == year, "territory"])
    areas = _ordered(list(places), order)
    before = year - 1 if year - 1 in known else None
    keys = [(y, a) for y in (year, *([] if before is None else [before])) for a in areas]
    lines = tuple(
        _line(part["title"], row["label"], row, found, keys)
        for part in layout()["sections"]
        for row in part["rows"]
    )
    key = tuple(
        (
            part["title"],
            tuple(_line(part["title"], row["text"], row, found, keys) for row in part["figures"]),
        )
        for part in layout()["key_figures"]
    )
    remarks = _remarks(indicators, year), _age_note(indicators)
    return Annex(source, year, before, areas, lines, key, *remarks)


def _remarks(indicators: pd.DataFrame, year: int) -> tuple[str, ...]:
    """Return what late entries and a missing year before make a reader know."""
    rows = indicators[indicators["year"] == year]
    found = []
    if "young" in rows and rows["young"].astype("bool").any():
        least = 100 * float(rows.loc[rows["young"].astype("bool"), "completeness"].min())
        found.append(
            "Année récente dans l’extrait : d’après les saisies tardives des années passées, "
            f"{least:.0f} % seulement des lignes sont saisies pour l’indicateur le moins complet ; "
            "ces chiffres augmenteront."
        )
    past = indicators[indicators["year"] == year - 1]
    if len(past) and (past["state"] == "unknown").all():
        found.append(f"L’année {year - 1} n’est pas montrée : {past['reason'].iloc[0]}.")
    return tuple(found)


def _age_note(indicators: pd.DataFrame) -> str:
    """Return the note on the day that the age of minors is taken on."""
    if "age_on" not in indicators:
        return ""
    days = indicators.loc[(indicators["group"] == "age") & (indicators["age_on"] != ""), "age_on"]
    return f"Mineurs : âge au {days.iloc[0]}." if len(days) else ""


def _ordered(areas: list[str], order: Sequence[str]) -> tuple[str, ...]:
    """Return the whole territory, then the areas of `order`, then the rest."""
    whole, parts = areas[:1], areas[1:]
    rank = {code: place for place, code in enumerate(order)}
    parts.sort(key=lambda area: rank.get(area.partition(":")[2], len(rank)))
    return (*whole, *parts)


def _line(
    section: str,
    label: str,
    row: dict[str, str],
    found: dict[Any, Any],
    keys: list[tuple[int, str]],
) -> AnnexLine:
    indicator, breakdown = row["indicator"], row.get("breakdown", "")
    show = row.get("show", "value")
    cells = {
        (year, area): _cell(found.get((indicator, breakdown, area, year)), show)
        for year, area in keys
    }
    return AnnexLine(section, label, indicator, breakdown, show, cells)


def _cell(row: Any, show: str) -> Cell:
    """Return the figure of one row of indicators: its value, or the share of its whole it makes."""
    if row is None:
        return Cell(np.nan, "unknown", "percent" if show == "share" else "number")
    kind = _kind(row, show)
    state: State = row.state
    if state != "known":
        return Cell(np.nan, state, kind, reason=str(row.reason or ""))
    numerator, denominator = float(row.numerator), float(row.denominator)
    if show == "value":
        counts = (numerator, denominator) if kind == "percent" else (np.nan, np.nan)
        return Cell(float(row.value), "known", kind, *counts)
    if np.isnan(denominator):
        return Cell(np.nan, "secret", kind)
    if denominator == 0:
        return Cell(np.nan, "no_base", kind)
    return Cell(100 * numerator / denominator, "known", kind, numerator, denominator)


def _kind(row: Any, show: str) -> Kind:
    if show == "share" or row.statistic == "share":
        return "percent"
    return "euros" if row.unit == "euros" else "number"


def annex_table(annex: Annex) -> pd.DataFrame:
    """Return the annex as one row per printed cell, with the columns of `COLUMNS`."""
    rows = [
        (
            line.section, place, line.label, line.indicator, line.breakdown, cell.kind, area, year,
            cell.value, cell.numerator, cell.denominator, cell.state, cell.reason, cell.step,
        )
        for place, line in enumerate(annex.lines, 1)
        for (year, area), cell in line.cells.items()
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table if annex.source.rounding else table.drop(columns="step")


def area_heading(code: str) -> str:
    """Return the heading of a column: « Région » for a region, the name of any other area."""
    if code.startswith("region:"):
        return "Région"
    names = territory_names()["departements"]
    codes = code.partition(":")[2].split("+")
    if code.startswith("departement:") and len(codes) > 1:
        return ", ".join(names.get(one, one) for one in codes)
    return area_label(code)


UNKNOWN_PARTS = "montant : la part de ceux qui ont reçu le plus n’est pas connue"


def released_annex(
    run_dir: Path, rule: DisclosureRule, manifest: Mapping[str, Any]
) -> tuple[Annex, Annex]:
    """Return the annex of a run as it is inside, and as it may leave.

    Raises:
        DataError: The run has no record of what it was asked.
    """
    requested = dict(manifest.get("parameters") or {})
    if not {"title", "year", "order"} <= set(requested):
        raise DataError(
            f"{run_dir} has no record of its study: make its annex with `evalml run "
            f"params/activite.yaml`, then release that run"
        )
    text = dict.fromkeys(("group", "group_value", "breakdown", "reason", "age_on"), "str")
    table = pd.read_csv(run_dir / "results" / "indicators.csv", dtype=text)
    table = table.assign(**{name: table[name].fillna("") for name in text if name in table})
    synthetic = bool(table["synthetic"].iloc[0]) if "synthetic" in table else False
    source = Source(str(requested["title"]), str(manifest.get("extract") or ""),
                    str(table["vintage"].iloc[0]), synthetic, rule.threshold)  # fmt: skip
    order = tuple(str(each) for each in requested["order"])
    inside = activity_annex(table, source, int(requested["year"]), order)
    judged = protect_indicators(table, None, rule.threshold, rule.rounding)
    source = replace(source, rounding=rule.rounding)
    annex = activity_annex(judged, source, int(requested["year"]), order)
    key = tuple((title, tuple(leaving(line, rule) for line in lines)) for title, lines in annex.key)
    return inside, replace(annex, lines=tuple(leaving(x, rule) for x in annex.lines), key=key)


def leaving(line: AnnexLine, rule: DisclosureRule) -> AnnexLine:
    """Return a row of the annex with its figures as they leave."""
    return replace(line, cells={at: leaving_cell(cell, rule) for at, cell in line.cells.items()})


def leaving_cell(cell: Cell, rule: DisclosureRule) -> Cell:
    """Return one figure rounded to its step, or secret."""
    if cell.state != "known":
        return cell
    secret = replace(cell, value=np.nan, numerator=np.nan, denominator=np.nan, state="secret")
    if cell.kind == "euros":
        return replace(secret, reason=UNKNOWN_PARTS)
    if cell.kind == "number":
        value = float(printed(np.array(cell.value), rule)) if cell.value else 0.0
        return secret if np.isnan(value) else replace(cell, value=value, step=float(rule.rounding))
    part, whole = cell.numerator, cell.denominator
    step = share_step(whole)
    if not min(part, whole - part) >= rule.threshold or np.isnan(step):
        return secret
    counts = printed(np.array([part, whole]), rule)
    value = float(to_step(np.array(cell.value), step))
    return replace(cell, value=value, numerator=counts[0], denominator=counts[1], step=step)


def counted(inside: Annex, annex: Annex) -> Iterator[Population]:
    """Return the populations whose counts leave, each with its true count."""
    for line, shown in zip(inside.lines, annex.lines, strict=True):
        for (year, area), cell in line.cells.items():
            if cell.kind != "number" or shown.cells[year, area].state != "known" or not cell.value:
                continue
            kind, _, codes = area.partition(":")
            place = {kind: codes if kind == "region" else codes.split("+")}
            yield Population(
                line.indicator, (line.breakdown,) if line.breakdown else (), places_of(place),
                (12 * year, 12 * year + 11), "activity", int(cell.value),
            )  # fmt: skip
