from __future__ import annotations

import pyarrow.compute as pc
import pytest

from evalml.errors import EvalmlError
from evalml.synthetic.defects import DEFECTS
from evalml.synthetic.make import make_world
from evalml.synthetic.world import parse_world, read_world


@pytest.fixture(scope="module")
def made():
    return make_world(read_world("defects"), 20000, 5)


def test_every_type_of_defect_is_planted_at_its_rate(made):
    found = made.truth["defects"].to_pandas().groupby("defect").size()
    assert set(found.index) == set(DEFECTS)
    clean = make_world(made.world.model_copy(update={"defects": {}}), 20000, 5)
    for name, rate in made.world.defects.items():
        expected = rate * clean.tables[DEFECTS[name][0]].num_rows
        assert found[name] == pytest.approx(expected, rel=0.02, abs=1)


def test_planted_ends_are_the_only_ones_before_their_start(made):
    rows = made.tables["situations"]
    wrong = rows.filter(pc.less(rows["date_fin"], rows["date_debut"]))["id_situation"].to_pylist()
    account = made.truth["defects"].to_pandas()
    assert sorted(wrong) == sorted(account[account.defect == "end_before_start"].row)


def test_a_person_carries_one_defect_at_most(made):
    account = made.truth["defects"].to_pandas()
    keys = {t: f"id_{t.rstrip('s')}" for t in ("situations", "actes", "dossiers", "jeunes")}
    keys["accompagnements"] = "id_accompagnement"
    clean = account[~account.defect.isin(["orphan_key", "duplicate_key", "duplicate_person"])]
    people = []
    for table, part in clean.groupby("table"):
        rows = made.tables[table].to_pandas()
        people += list(rows[rows[keys[table]].isin(part.row)].id_jeune)
    assert len(people) == len(set(people)) == len(clean)


def test_an_unknown_defect_is_refused_with_the_nearest():
    world = parse_world("based_on: demo\ndefects: {future_dates: 0.1}\n")
    with pytest.raises(EvalmlError, match="did you mean 'future_date'"):
        make_world(world, 100, 1)


def test_a_rate_too_high_for_the_world_is_refused():
    world = parse_world("based_on: demo\ndefects: {merged_structure_used: 0.5}\n")
    with pytest.raises(EvalmlError, match="needs a merger"):
        make_world(world, 100, 1)
