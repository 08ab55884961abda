"""The short formula: what it reads, and that it computes on wide floats."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evalml.comparison.design import expand_formula, names_in
from evalml.errors import ColumnMissingError, DataError

FRAME = pd.DataFrame(
    {
        "age": np.array([20, 30, 40], dtype="int8"),
        "pay": [0.0, 10.0, 20.0],
        "town": ["b", "a", "c"],
        "dep": [59, 62, 59],
    }
)


def columns(formula: str) -> dict[str, list[object]]:
    return expand_formula(FRAME, formula).to_dict("list")


def test_small_integers_do_not_wrap_around_when_squared() -> None:
    assert (FRAME["age"] ** 2).tolist() != [400, 900, 1600]  # what pandas does
    assert columns("I(age**2)") == {"I(age**2)": [400, 900, 1600]}
    assert columns("age^3") == {"age**3": [8000, 27000, 64000]}


def test_products_functions_and_comparisons() -> None:
    assert columns("age:pay") == {"age:pay": [0, 300, 800]}
    assert list(columns("age*pay")) == ["age", "pay", "age:pay"]
    assert columns("log1p(pay)")["log1p(pay)"] == pytest.approx(np.log1p([0, 10, 20]))
    assert columns("np.sqrt(pay)")["np.sqrt(pay)"] == pytest.approx(np.sqrt([0, 10, 20]))
    assert columns("I(pay == 0)") == {"I(pay==0)": [1, 0, 0]}
    assert columns("I((age - 20) / 10 + pay)") == {"I((age-20)/10+pay)": [0, 11, 22]}


def test_text_and_numbers_named_as_categories() -> None:
    assert columns("town") == {"town": ["b", "a", "c"]}
    assert columns("C(dep)") == {"C(dep)": ["59", "62", "59"]}
    assert columns("town:age") == {"town=b:age": [20, 0, 0], "town=c:age": [0, 0, 40]}


def test_the_left_side_and_the_constant_are_ignored() -> None:
    assert list(columns("treat ~ 1 + age")) == ["age"]
    assert names_in("treat ~ age + I(pay**2) + np.log(dep) + C(town)") == [
        "age", "pay", "dep", "town",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "error", "says"),
    [
        ("agee", ColumnMissingError, "did you mean 'age'"),
        ("age +", DataError, "cannot be read"),
        ("I(town + 1)", DataError, "is text"),
        ("log(pay)", DataError, "infinite"),
        ("exec(pay)", DataError, "is not understood"),
        ("age.real", DataError, "is not understood"),
        ("I(age if pay else 1)", DataError, "is not understood"),
        ("().__class__", DataError, "is not understood"),
    ],
)
def test_what_it_cannot_read_it_refuses(formula: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        expand_formula(FRAME, formula)
