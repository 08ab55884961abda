"""Our figures against those in print: equal, within rounding, different and why, or absent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from evalml.errors import nearest
from evalml.published.figure import read_number
from evalml.published.read import PublishedError, around

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from evalml.published.audit import Audit
    from evalml.published.diagnosis import Finding
    from evalml.published.figure import PrintedFigure


NEEDED = ("indicator", "territory", "year", "value")
EQUAL, ROUNDING, DIFFERS = "equal", "within rounding", "differs"
NOT_COMPUTABLE = "not computable"
STATISTICS = {
    "": "un effectif",
    "count": "un effectif",
    "amount": "un montant",
    "share": "une part",
    "mean": "une moyenne",
    "growth": "une évolution",
    "ratio": "un rapport",
}
"""Kinds of figures, in French, for the reasons."""
COLUMNS = (
    "id",
    "source",
    "place",
    "indicator",
    "definition",
    "territory",
    "year",
    "breakdown",
    "statistic",
    "unit",
    "printed",
    "value_printed",
    "value",
    "verdict",
    "difference",
    "relative",
    "reason",
)
_UNITS = frozenset(
    {"jeunes", "actes", "contrats", "parcours", "périodes", "candidatures", "euros", "%"}
)


def compare_published(
    figures: Mapping[str, PrintedFigure] | Iterable[PrintedFigure],
    indicators: pd.DataFrame,
    mapping: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return what an indicators table makes of each printed figure.

    Figures and indicators meet on definition, territory, year, breakdown and statistic. An
    indicator without `statistic` is a count or an amount (a share when its `unit` is `%`); one
    without `breakdown` is the whole.
    A share or a growth that the table does not hold is drawn from its counts.

    Args:
        figures: The printed figures.
        indicators: Columns `indicator`, `territory`, `year`, `value`, and where they matter
            `breakdown` (`dimension=value` pairs joined by `;`), `statistic` and `unit`; a null
            value may carry its `reason`.
        mapping: Columns `indicator` and `definition` (the code of the indicators table), and
            where they matter `breakdown`, `definition_breakdown` and `reason` (why the figure
            can never come from an extract). Without it codes are taken to be the same.

    Returns:
        One row per figure, in the order of the figures, with the columns of `COLUMNS`. The
        difference is the recomputed value minus the printed one.

    Raises:
        PublishedError: A column is missing, or one indicator has two values.
    """
    table = _lookup(indicators)
    codes = _mapping(mapping)
    printed = figures.values() if hasattr(figures, "values") else figures
    years = sorted({key[2] for key in table})
    rows = [_row(f, table, codes, years) for f in printed]
    return pd.DataFrame(rows, columns=list(COLUMNS))


Key = tuple[str, str, int, str]
Lookup = dict[Key, dict[str, tuple[float, str]]]


def _key(indicator: str, territory: str, year: int, breakdown: str) -> Key:
    pairs = ";".join(sorted(p.strip() for p in breakdown.split(";") if p.strip()))
    return indicator, territory, year, pairs


def _lookup(indicators: pd.DataFrame) -> Lookup:
    for column in NEEDED:
        if column not in indicators.columns:
            hint = nearest(column, map(str, indicators.columns))
            raise PublishedError(f"the indicators table has no column '{column}'; {hint}")
    table: Lookup = {}
    for row in indicators.to_dict("records"):
        breakdown, statistic = _text(row.get("breakdown")), _text(row.get("statistic"))
        if not statistic and _text(row.get("unit")) == "%":
            statistic = "share"
        key = _key(str(row["indicator"]), str(row["territory"]), int(row["year"]), breakdown)
        values = table.setdefault(key, {})
        if statistic in values:
            raise PublishedError(
                f"the indicators table has two values of {key[0]} for {key[1]}, {key[2]}"
                f"{f', {key[3]}' if key[3] else ''}; keep one"
            )
        value = row["value"]
        number = math.nan if value is None or pd.isna(value) else float(value)
        values[statistic] = (number, _text(row.get("reason")))
    return table


def _text(value: object) -> str:
    absent = value is None or (isinstance(value, float) and math.isnan(value))
    return "" if absent else str(value)


Codes = dict[tuple[str, str], tuple[str, str, str]]


def _mapping(mapping: pd.DataFrame | None) -> Codes:
    if mapping is None:
        return {}
    for column in ("indicator", "definition"):
        if column not in mapping.columns:
            hint = nearest(column, map(str, mapping.columns))
            raise PublishedError(f"the mapping has no column '{column}'; {hint}")
    return {
        (str(r["indicator"]), _text(r.get("breakdown"))): (
            _text(r["definition"]),
            _text(r.get("definition_breakdown")),
            _text(r.get("reason")),
        )
        for r in mapping.to_dict("records")
    }


def _row(
    figure: PrintedFigure, table: Lookup, codes: Codes, years: list[int]
) -> tuple[object, ...]:
    definition, breakdown, never = _definition(figure, codes)
    value, reason = math.nan, never
    if not never:
        value, reason = _recompute(figure, definition, breakdown, table, years, codes)
    verdict, difference = _verdict(figure, value)
    base = abs(figure.value)
    return (
        figure.id,
        figure.source,
        figure.place,
        figure.indicator,
        definition,
        figure.territory,
        figure.year,
        figure.breakdown,
        figure.statistic,
        figure.unit,
        figure.printed,
        figure.value,
        value,
        verdict,
        difference,
        difference / base if base else math.nan,
        reason if verdict == NOT_COMPUTABLE else "",
    )


def _definition(figure: PrintedFigure, codes: Codes) -> tuple[str, str, str]:
    """Return the code and breakdown to look for, and why it can never be found, if so."""
    exact = codes.get((figure.indicator, figure.breakdown))
    general = codes.get((figure.indicator, ""))
    if exact is not None:
        return exact[0] or figure.indicator, exact[1] or figure.breakdown, exact[2]
    if general is not None:
        return general[0] or figure.indicator, figure.breakdown, general[2]
    if figure.unit not in _UNITS:
        never = f"un extrait ne compte pas d’unités de ce genre ({figure.unit or 'sans nom'})"
        return figure.indicator, figure.breakdown, never
    return figure.indicator, figure.breakdown, ""


def _recompute(
    figure: PrintedFigure,
    definition: str,
    breakdown: str,
    table: Lookup,
    years: list[int],
    codes: Codes,
) -> tuple[float, str]:
    """Return the value the table holds, or one drawn from its counts, or why there is none."""
    key = _key(definition, figure.territory, figure.year, breakdown)
    direct, reason = _value(figure, key, table, years)
    if not math.isnan(direct) and "@" not in figure.population:
        return direct, ""
    count = _count(key, table)
    if figure.statistic == "share" and figure.population:
        name, _, level = figure.population.partition("@")
        place = around(figure.territory, level) if level else figure.territory
        base_code = codes.get((name, ""), (name, "", ""))[0] or name
        base = _count(_key(base_code, place or "", figure.year, ""), table)
        if not math.isnan(count) and base > 0:
            return 100 * count / base, ""
    if figure.statistic == "growth":
        before = _count((key[0], key[1], key[2] - 1, key[3]), table)
        if not math.isnan(count) and before > 0:
            return 100 * (count / before - 1), ""
    return math.nan, reason or f"la base de la part, « {figure.population} », n’est pas calculée"


def _count(key: Key, table: Lookup) -> float:
    values = table.get(key, {})
    for statistic in ("count", "amount", ""):
        if statistic in values:
            return values[statistic][0]
    return math.nan


def _value(figure: PrintedFigure, key: Key, table: Lookup, years: list[int]) -> tuple[float, str]:
    values = table.get(key)
    if values is None:
        return math.nan, _absent(key, table, years)
    bare = "" in values and figure.statistic not in {"share", "growth"}
    if figure.statistic not in values and not bare:
        gone = [why for number, why in values.values() if math.isnan(number) and why]
        if gone:
            return math.nan, gone[0]
        given = ", ".join(sorted(STATISTICS.get(s, s) for s in values))
        statistic = STATISTICS.get(figure.statistic, figure.statistic)
        return math.nan, f"l’indicateur donne {given}, et l’imprimé {statistic}"
    value, reason = values.get(figure.statistic, values.get("", (math.nan, "")))
    if math.isnan(value):
        return value, reason or "l’indicateur n’a pas de valeur"
    return value, ""


def _absent(key: Key, table: Lookup, years: list[int]) -> str:
    code, territory, year, breakdown = key
    same = [k for k in table if k[0] == code]
    if not same:
        return f"aucun indicateur « {code} »"
    if not any(k[2] == year for k in same):
        return f"l’année {year} n’est pas calculée (il y a {', '.join(map(str, years))})"
    if not any(k[1] == territory for k in same):
        return f"le territoire {territory} n’est pas dans l’extrait"
    return f"« {code} » n’a pas la ventilation « {breakdown or 'ensemble'} »"


def _verdict(figure: PrintedFigure, value: float) -> tuple[str, float]:
    if math.isnan(value):
        return NOT_COMPUTABLE, math.nan
    difference = value - figure.value
    if difference == 0:
        return EQUAL, 0.0
    bounds = figure.interval()
    slack = 1e-9 * max(abs(value), 1.0)
    inside = bounds.low - slack <= value <= bounds.high + slack
    return (ROUNDING if inside else DIFFERS), difference


def summary(compared: pd.DataFrame) -> pd.DataFrame:
    """Return how many figures of each source get each verdict."""
    counts = pd.crosstab(compared["source"], compared["verdict"])
    return counts.reindex(columns=[EQUAL, ROUNDING, DIFFERS, NOT_COMPUTABLE], fill_value=0)


GAP_COLUMNS = ("version", "id", "verdict", "difference", "reason")


def read_gaps(file: Path) -> pd.DataFrame:
    """Return the gaps kept so far, none when the file is not there yet."""
    if not file.is_file():
        return pd.DataFrame(columns=list(GAP_COLUMNS)).astype({"difference": float})
    kept = pd.read_csv(file, dtype=dict.fromkeys(("version", "id", "verdict", "reason"), str))
    if tuple(kept.columns) != GAP_COLUMNS:
        raise PublishedError(
            f"{file.name} does not hold gaps; its columns are {list(kept.columns)}"
        )
    return kept.fillna({"reason": ""})


def keep_gaps(file: Path, compared: pd.DataFrame, version: str) -> pd.DataFrame:
    """Write the gaps of a version among those kept, and return what moved since the last one.

    Args:
        file: Where gaps are kept; made when absent. The rows of the same version are replaced.
        compared: What `compare_published` returned.
        version: Of the code, or of the extract.

    Returns:
        Columns `id`, `before`, `now`: the figures whose verdict changed.
    """
    kept = read_gaps(file)
    older = kept[kept["version"] != version]
    now = compared.loc[:, ["id", "verdict", "difference", "reason"]].assign(version=version)
    file.parent.mkdir(parents=True, exist_ok=True)
    parts = [older, now] if len(older) else [now]
    pd.concat(parts)[list(GAP_COLUMNS)].to_csv(file, index=False, float_format="%.6g")
    return moved(older, now)


def moved(older: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return the figures whose verdict differs from that of the last version kept."""
    last = older.drop_duplicates("id", keep="last").set_index("id")["verdict"]
    before = now["id"].map(last)
    changed = before.notna() & (before != now["verdict"])
    frame = pd.DataFrame({"id": now["id"], "before": before, "now": now["verdict"]})
    return frame[changed].reset_index(drop=True)


CAUSES = {
    "corrected": "Coquille : l’audit lit {correction}, qui est notre valeur.",
    "twice": "Imprimé ailleurs dans les mêmes documents : {printed}, qui est notre valeur.",
    "audit": "En désaccord avec son propre document : {cause}.",
    "last_digit": "Une unité du dernier chiffre imprimé : tronqué, ou tiré de nombres arrondis.",
    "synthetic": "Données inventées : un monde synthétique ne reproduit pas ce chiffre.",
    "unknown": "À examiner : autre définition, autre jour d’extraction, ou erreur.",
}
"""What explains a difference, in one line: French by key."""
WORDS = {
    "slip": "une coquille",
    "extractions": "deux extractions d’une base vivante",
    "definitions": "deux définitions sous un même nom",
    "base": "une part d’une autre base",
}
NEAR = 0.1
"""Gap, relative to our value, that two extractions or definitions may explain."""
SAME = ["indicator", "territory", "year", "breakdown", "statistic"]


def explain_differences(
    compared: pd.DataFrame, audit: Audit, *, synthetic: bool = False
) -> pd.DataFrame:
    """Return the comparison with the `cause` and the `explanation` of each figure that differs.

    The surest comes first: a misprint that the audit reads as we do; printed elsewhere as we
    compute it; near, and at odds with its own document; off by one unit of its last digit; an
    invented world.

    Args:
        compared: What `compare_published` returned for the figures of `audit`.
        audit: The printed figures against one another.
        synthetic: Whether the indicators come from invented data.

    Returns:
        The comparison with `cause` (a key of `CAUSES`, empty where nothing differs) and
        `explanation` (its line in French).
    """
    suspects = {name: finding for finding in audit.findings for name in finding.figures}
    agreed = compared[compared["verdict"].isin(("equal", "within rounding"))]
    other_places = {
        tuple(key): printed
        for *key, printed in agreed[[*SAME, "printed"]].itertuples(index=False, name=None)
    }
    found = [
        _why(row, suspects, other_places, audit, synthetic=synthetic)
        if row["verdict"] == "differs"
        else ("", {})
        for row in compared.to_dict("records")
    ]
    return compared.assign(
        cause=[key for key, _ in found],
        explanation=[CAUSES[key].format(**values) if key else "" for key, values in found],
    )


def _why(
    row: Mapping[object, object],
    suspects: Mapping[str, Finding],
    other_places: Mapping[tuple[object, ...], str],
    audit: Audit,
    *,
    synthetic: bool,
) -> tuple[str, dict[str, str]]:
    """Return the key of what explains a difference, and the values of its line."""
    name, value = str(row["id"]), float(str(row["value"]))
    gap = abs(float(str(row["difference"])))
    same = tuple(row[column] for column in SAME)
    finding, figure = suspects.get(name), audit.figures[name]
    if finding is not None and _reads(finding.correction, value, figure):
        return "corrected", {"correction": finding.correction}
    if same in other_places:
        return "twice", {"printed": other_places[same]}
    if finding is not None and gap <= NEAR * abs(value):
        return "audit", {"cause": WORDS.get(finding.cause, "cause inconnue")}
    if gap <= figure.step and any(character.isdigit() for character in figure.printed):
        return "last_digit", {}
    if finding is not None and not synthetic:
        return "audit", {"cause": WORDS.get(finding.cause, "cause inconnue")}
    return ("synthetic" if synthetic else "unknown"), {}


def _reads(correction: str, value: float, figure: PrintedFigure) -> bool:
    """Return whether our value prints like one of the audit's corrections of the figure."""
    read = [read_number(part) for part in correction.split(" ou ")]
    bounds = [figure.corrected(number).interval() for number in read if number is not None]
    return any(b.low <= value <= b.high for b in bounds)
