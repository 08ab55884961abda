"""The annex of an activity run as it may leave: each figure rounded to its step, or secret."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evalml.disclosure.register import Population, places_of
from evalml.disclosure.rule import printed, share_step, to_step
from evalml.errors import DataError
from evalml.report.annex.content import Annex, AnnexLine, Cell, Source, activity_annex
from evalml.report.indicators_table import protect_indicators

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from evalml.disclosure.rule import DisclosureRule

UNKNOWN_PARTS = "montant : la part de ceux qui ont reçu le plus n’est pas connue"


def released_annex(
    run_dir: Path, rule: DisclosureRule, manifest: Mapping[str, Any]
) -> tuple[Annex, Annex]:
    """Return the annex of a run as it is inside, and as it may leave.

    Raises:
        DataError: The run has no record of what it was asked.
    """
    parameters = dict(manifest.get("parameters") or {})
    if not {"title", "year", "order"} <= set(parameters):
        raise DataError(
            f"{run_dir} has no record of its study: make its annex with `evalml run "
            f"params/activite.yaml`, then release that run"
        )
    text = dict.fromkeys(("group", "group_value", "breakdown", "reason", "age_on"), "str")
    table = pd.read_csv(run_dir / "results" / "indicators.csv", dtype=text)
    table = table.assign(**{name: table[name].fillna("") for name in text if name in table})
    synthetic = bool(table["synthetic"].iloc[0]) if "synthetic" in table else False
    source = Source(str(parameters["title"]), str(manifest.get("extract") or ""),
                    str(table["vintage"].iloc[0]), synthetic, rule.threshold)  # fmt: skip
    order = tuple(str(each) for each in parameters["order"])
    inside = activity_annex(table, source, int(parameters["year"]), order)
    judged = protect_indicators(table, None, rule.threshold, rule.rounding)
    source = replace(source, rounding=rule.rounding)
    annex = activity_annex(judged, source, int(parameters["year"]), order)
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
