"""The activity of a year: what `params/activite.yaml` asks for. It estimates nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from evalml.errors import StudyError
from evalml.reading.yaml_text import StrictModelByName
from evalml.study.parts import Code, Name, Territory, sentence
from evalml.study.reading import find_study
from evalml.study.rerun import place_name, territory_from, territory_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalml.study.reading import StudyRequest

KIND = "activity"


class Activity(StrictModelByName):
    """The tables of activity of one year.

    Attributes:
        kind: Tells this file from a study.
        study: Name of the runs.
        title: Title of the annex, where `{year}` and `{territory}` are filled in.
        notebook: Notebook that makes it.
        year: Calendar year, covered whole by the extract.
        territory: Where; the whole extract by default.
        by: Areas that have a column.
        order: Codes of the first areas, in the order of their columns.
        year_before: Whether the year before stands beside.
        age_on: Day the age is taken on: `premier_acte`, the first act of the year, or `fin_annee`,
            31 December.
        indicators: `annexe`, those the annex prints, or `tous`, the whole catalogue, in
            `results/indicators.csv`.
        minimum_count: Smallest count shown.
        language: Language of the words; French.
        seed: Nothing is drawn.
    """

    kind: Literal["activity"]
    study: Name = "activite"
    title: str = Field(min_length=3, max_length=300)
    notebook: Code = "activite"
    year: int = Field(ge=2005, le=2100)
    territory: Territory | None = None
    by: Literal["structure", "departement", "region"] = "departement"
    order: tuple[str, ...] = ()
    year_before: bool = True
    age_on: Literal["premier_acte", "fin_annee"] = "premier_acte"
    indicators: Literal["annexe", "tous"] = "annexe"
    minimum_count: int = Field(11, ge=1)
    language: Literal["fr"] = "fr"
    seed: int = 0

    @property
    def years(self) -> tuple[int, ...]:
        """The year, and the one before where it stands beside."""
        return (self.year, self.year - 1) if self.year_before else (self.year,)

    @property
    def over_time(self) -> bool:
        """It reads an extract."""
        return True


def is_activity(values: Mapping[str, Any]) -> bool:
    """Say whether a params file asks for tables of activity, not for an evaluation."""
    return values.get("kind") == KIND


def activity_from(request: StudyRequest) -> Activity:
    """Return the activity that somebody asked for: its file, and what was changed.

    Raises:
        StudyError: A key is unknown or mistyped, or an outcome was asked for.
    """
    if request.outcome is not None:
        raise StudyError(
            "--outcome: tables of activity have none; give it to an evaluation, such as cej"
        )
    found = find_study(request.study)
    values = {**found.values, **request.changes}
    if request.year is not None:
        values["year"] = request.year
    if request.territory is not None:
        values["territory"] = territory_from(request.territory)
    try:
        read = Activity.model_validate(values)
    except ValidationError as fault:
        lines = [sentence(error, Activity) for error in fault.errors(include_url=False)]
        raise StudyError(f"{request.study}: " + "; ".join(lines)) from None
    where = territory_label(read.territory) or "tout l’extrait"
    title = read.title.format(year=read.year, territory=where)
    place = place_name(values["territory"]) if values.get("territory") else "extrait"
    named = request.changes.get("study") or f"{read.study}_{read.year}_{place}"
    return read.model_copy(update={"title": title, "study": named})


def read_activity(
    study: str = "activite",
    year: int | None = None,
    territory: Any = None,
    changes: Mapping[str, Any] | None = None,
) -> Activity:
    """Read a params file of activity, for another year or territory where one is given.

    Args:
        study: A params file, or its name: `activite`.
        year: Calendar year.
        territory: `59`, `hdf`, `region:32`, `france`, or a mapping.
        changes: Any other key -> its value.

    Raises:
        StudyError: The file, or what is changed, is wrong.
    """
    from evalml.study.reading import StudyRequest

    return activity_from(StudyRequest(study, year, territory, None, changes or {}))
