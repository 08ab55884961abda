"""Two arms from a table: what is read, what is left out, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evalml.comparison import Comparison, MeasureSpec, build_comparison
from evalml.errors import ColumnMissingError, DataError


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "d": [1, 1, 1, 0, 0, 0],
            "y": [1.0, 2.0, np.nan, 4.0, 5.0, 6.0],
            "age": [20, 21, 22, 23, 24, 25],
            "town": ["b", "a", "c", "a", "b", "c"],
            "woman": [True, False, True, False, False, True],
            "ml": ["x", "x", "y", "y", "z", "z"],
            "id": ["p1", "p2", "p3", "p1", "p5", "p6"],
        }
    )


def build(frame: pd.DataFrame, covariates: list[str], **options: object) -> Comparison:
    return build_comparison(
        frame, treatment="d", measures=[MeasureSpec("y")], covariates=covariates, **options
    )


def test_text_becomes_a_column_per_level_but_the_first_and_booleans_0_or_1() -> None:
    found = build(table(), ["age", "town", "woman"])
    assert found.design.names == ("age", "town=b", "town=c", "woman")
    assert found.design.matrix[:, 1].tolist() == [1, 0, 0, 0, 1, 0]
    assert found.design.matrix[:, 3].tolist() == [1, 0, 1, 0, 0, 1]
    assert found.design.left_out == (("town=a", (1, 2)),)


def test_an_outcome_may_be_unobserved_and_is_never_a_zero() -> None:
    assert np.isnan(build(table(), ["age"]).measures[0].values[2])


def test_clusters_are_numbered_and_persons_hashed() -> None:
    found = build(table(), ["age"], cluster="ml", person="id")
    assert found.cluster is not None
    assert found.cluster.tolist() == [0, 0, 1, 1, 2, 2]
    assert found.person[0] == found.person[3]
    assert len(set(found.person.tolist())) == 5


def test_an_identifier_read_as_a_number_or_as_text_is_the_same_person() -> None:
    frame = table().assign(id=[1, 2, 3, 4, 5, 6])
    text = frame.assign(id=frame["id"].astype(str))
    assert (build(frame, [], person="id").person == build(text, [], person="id").person).all()


def test_without_identifier_rows_are_told_apart_even_when_alike() -> None:
    frame = pd.concat([table(), table()], ignore_index=True)
    assert len(set(build(frame, ["age"]).person.tolist())) == 12


def test_a_missing_covariate_is_refused_with_its_name_and_count() -> None:
    frame = table().assign(age=[20, None, 22, 23, None, 25])
    with pytest.raises(DataError, match=r"'age' \(2 of 6\)"):
        build(frame, ["age"])


def test_a_missing_number_can_be_a_category_of_its_own() -> None:
    frame = table().assign(age=[20, None, 22, 23, None, 25], town=["a", None, "b", "a", "b", "a"])
    found = build(frame, ["age", "town"], missing="category")
    assert found.design.names == ("age", "age=(missing)", "town=a", "town=b")
    assert found.design.matrix[1].tolist() == [22.5, 1, 0, 0]
    assert "2 missing rows" in found.notes[0]


def test_rows_with_a_missing_covariate_can_be_dropped_and_are_counted() -> None:
    frame = table().assign(age=[20, None, 22, 23, None, 25])
    found = build(frame, ["age"], missing="drop")
    assert found.treated.size == 4
    assert found.notes == ("2 rows of 6 dropped: a covariate is missing",)


def test_constant_and_repeated_columns_are_left_out_with_a_note() -> None:
    frame = table().assign(one=1, again=table()["age"])
    found = build(frame, ["age", "one", "again"])
    assert found.design.names == ("age",)
    assert found.notes == (
        "column 'one' is constant and was left out",
        "column 'again' repeats 'age' and was left out",
    )


def test_an_unknown_column_gets_the_nearest_name() -> None:
    with pytest.raises(ColumnMissingError, match="did you mean 'town'"):
        build(table(), ["twon"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"d": [1, 1, 1, 1, 1, 1]}, "both arms are needed"),
        ({"d": [1, 2, 1, 0, 0, 0]}, "neither 0 nor 1 in 1 rows"),
        ({"d": [1, None, 1, 0, 0, 0]}, "missing in 1 rows"),
        ({"d": list("ababab")}, "is text"),
        ({"y": list("ababab")}, "outcome 'y' is not a number"),
        ({"y": [1, 2, 3, 4, 5, np.inf]}, "infinite"),
        ({"age": [1, 2, 3, 4, 5, np.inf]}, "covariate 'age' has 1 infinite"),
        ({"age": pd.date_range("2024-01-01", periods=6)}, "is a date"),
        ({"ml": ["x", None, "y", "y", "z", "z"]}, "cluster 'ml' is missing in 1 rows"),
        ({"id": ["x", None, "y", "y", "z", "z"]}, "identifier 'id' is missing in 1 rows"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_sentence(
    change: dict[str, object], says: str
) -> None:
    with pytest.raises(DataError, match=says):
        build(table().assign(**change), ["age"], cluster="ml", person="id")


def test_a_column_cannot_be_both_covariate_and_outcome_or_treatment() -> None:
    with pytest.raises(DataError, match="both a covariate and the outcome"):
        build(table(), ["y"])
    with pytest.raises(DataError, match="both a covariate and the treatment"):
        build(table(), ["d"])


def test_an_identifier_given_as_a_covariate_is_refused() -> None:
    n = 120
    frame = pd.DataFrame({"d": np.arange(n) % 2, "y": 1.0, "name": [f"p{i}" for i in range(n)]})
    with pytest.raises(DataError, match="like an identifier"):
        build(frame, ["name"])


def test_nothing_that_holds_persons_prints_a_value() -> None:
    found = build(table(), ["age", "town"])
    shown = repr(found) + repr(found.design) + repr(found.measures[0])
    assert "20" not in shown
    assert "p1" not in shown
