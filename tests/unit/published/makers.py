"""Write printed figures in one short line."""

from __future__ import annotations

from evalml.published.figure import PrintedFigure, read_number


def figure(  # noqa: PLR0917
    name: str,
    printed: str,
    indicator: str = "jeunes",
    territory: str = "region:32",
    statistic: str = "count",
    population: str = "",
    breakdown: str = "",
    year: int = 2024,
    step: float = 1.0,
    side: str = "",
    table: str = "tableau",
    value: float | None = None,
    unit: str | None = None,
) -> PrintedFigure:
    """Return a figure; its value is read from what is printed."""
    number = value if value is not None else read_number(printed)
    assert number is not None
    kind = unit or ("%" if statistic in {"share", "growth"} else "jeunes")
    return PrintedFigure(
        name, "essai", f"{table} · l.1", year, territory, "", indicator, population, breakdown,
        statistic, kind, printed, number, step, side,
    )  # fmt: skip


def folder(*figures: PrintedFigure) -> dict[str, PrintedFigure]:
    """Return figures by id."""
    return {f.id: f for f in figures}


DEPARTEMENTS = ("02", "59", "60", "62", "80")


def by_departement(prefix: str, printed: list[str], **kwargs) -> list[PrintedFigure]:
    """Return one figure per département of Hauts-de-France, in the order of their codes."""
    return [
        figure(f"{prefix}_{code}", text, territory=f"departement:{code}", **kwargs)
        for code, text in zip(DEPARTEMENTS, printed, strict=True)
    ]
