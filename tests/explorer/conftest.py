"""Eight released studies of invented results: two programmes, two territories, several years."""

from __future__ import annotations

import pytest
from unit.report.conftest import META, sample_frames

from evalml.report.release import release_run
from evalml.report.results import write_meta, write_results
from evalml.values import Message, Month, messages_text

STUDIES = (
    ("cej_2022_hdf", "CEJ", "Hauts-de-France", "2022", "strong"),
    ("cej_2023_hdf", "CEJ", "Hauts-de-France", "2023", "null"),
    ("cej_2024_hdf", "CEJ", "Hauts-de-France", "2024", "strong"),
    ("cej_2023_bre", "CEJ", "Bretagne", "2023", "null"),
    ("cej_2024_bre", "CEJ", "Bretagne", "2024", "blinded"),
    ("gj_2018_hdf", "Garantie jeunes", "Hauts-de-France", "2018", "strong"),
    ("gj_2019_hdf", "Garantie jeunes", "Hauts-de-France", "2019", "blinded"),
    ("gj_2020_hdf", "Garantie jeunes", "Hauts-de-France", "2020", "null"),
)
"""Study, programme, territory, year of entry, result."""

LABELS = {"X": "Ne doit pas sortir", "emploi": "En emploi"}


def write_study(root, study, *, synthetic=True):
    """Write the results of one study, as a run does."""
    name, programme, territory, year, kind = study
    folder = root / name / "20260401T101500-1a2b3c4d"
    frames = sample_frames(kind)
    shift = 0.003 * (int(year) - 2020)
    effects = frames["effects"]
    for column in ("estimate", "ci_low", "ci_high"):
        effects[column] += shift
    effects = effects.assign(programme=programme, territory=territory, period=year, study=name)
    write_results({**frames, "effects": effects}, folder / "results")
    about = {
        **META,
        "study": name,
        "title": f"Effet de {programme} sur l’emploi, {territory}, {year}",
        "programme": programme,
        "territory_label": territory,
        "words": {
            "period_label": messages_text(
                [
                    Message(
                        "periods.months",
                        {"first": Month(f"{year}-01"), "last": Month(f"{year}-12")},
                    )
                ]
            )
        },
        "synthetic": synthetic,
        "labels": LABELS,
    }
    write_meta(about, folder / "results")
    return folder


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    """The folder `runs` of eight released studies."""
    root = tmp_path_factory.mktemp("many") / "runs"
    for study in STUDIES:
        release_run(
            write_study(root, study), formats=("html",) if study[0] == "cej_2024_hdf" else ()
        )
    return root


@pytest.fixture(scope="session")
def site(released, tmp_path_factory):
    """The explorer of the eight studies."""
    from evalml.report.explorer import build_explorer

    out = tmp_path_factory.mktemp("site")
    build_explorer([released], out)
    return out
