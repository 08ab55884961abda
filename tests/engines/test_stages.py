"""Every stage that computes on the engine, on Spark beside DuckDB: the same frames."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import evalml as ev

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def study(root):
    """The CEJ study, with the outcomes that are added up."""
    study = ev.read_study(root / "params" / "cej_2024_hdf.yaml")
    outcomes = ("emploi", "emploi_durable", "mois_emploi_declare", "salaire_cumule", "neet")
    return study.model_copy(update={"outcomes": outcomes, "secondary": {}})


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """600 persons: what is compared is the computation."""
    from evalml.synthetic.make import produce

    folder = tmp_path_factory.mktemp("engines") / "stages"
    produce(folder, people=600, seed=5)
    return folder


def computed(folder, study, engine):
    """Everything of the engine that the notebook of a cohort and that of activity call."""
    tables = ev.accept_tables(ev.read_extract(folder, engine), engine)
    cohort = ev.build_cohort(tables, ev.target_trial(study), study.covariates, engine)
    panel = ev.build_panel(tables, cohort, engine)
    arms = ev.assemble(ev.compute_outcomes(panel, study.outcomes), study.horizons, (), engine)
    found = {t.outcome.name: pd.DataFrame(t.values) for t in arms.trajectories}
    return found | {
        "rejects": tables.rejects,
        "flow": cohort.flow,
        "crossover": arms.crossover.to_frame(),
        "observation": ev.observe(tables, panel, engine),
        "profile": ev.profile_cohort(tables, panel, engine),
        "controls": ev.compute_controls(tables, cohort, study.negative_controls, engine),
        "allowances": ev.compute_allowances(tables, cohort, study.horizons, engine),
        "intensity": ev.compute_intensity(tables, cohort, engine),
        "exits": ev.exit_situations(tables, cohort, engine),
        "indicators": ev.compute_indicators(tables, 2024, engine=engine, by="departement"),
    }


@pytest.fixture(scope="module")
def both(small, study, spark):
    return computed(small, study, ev.open_engine(threads=1)), computed(small, study, spark)


NAMES = (
    "emploi", "emploi_durable", "mois_emploi_declare", "salaire_cumule", "neet", "rejects", "flow",
    "crossover", "observation", "profile", "controls", "allowances", "intensity", "exits",
    "indicators",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_stage_gives_the_same_frame_on_spark(both, name):
    wanted, found = both[0][name], both[1][name]
    assert len(wanted) or name == "rejects"
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)


def test_every_frame_is_compared(both):
    assert set(both[0]) == set(NAMES)


def test_opening_by_areas_gives_the_same_cells_on_spark(root, spark, tmp_path):
    from evalml.synthetic.make import produce

    folder = tmp_path / "areas"
    produce(folder, world="gj_areas", people=1500, seed=2)
    study = ev.read_study(root / "params" / "gj_2013_2016_france.yaml")
    found = []
    for engine in (ev.open_engine(threads=1), spark):
        tables = ev.accept_tables(ev.read_extract(folder, engine), engine)
        people = ev.first_demands(tables, study, engine)
        cells = ev.area_cells(tables, people, study.outcomes, ev.opening_months(study), engine)
        found.append((people.flow, cells))
    (flow, cells), (flow_spark, cells_spark) = found
    pd.testing.assert_frame_equal(flow_spark, flow)
    for field in dataclasses.fields(cells):
        one, other = getattr(cells, field.name), getattr(cells_spark, field.name)
        if isinstance(one, pd.DataFrame):
            pd.testing.assert_frame_equal(other, one)
        elif isinstance(one, np.ndarray):
            np.testing.assert_array_equal(other, one)
