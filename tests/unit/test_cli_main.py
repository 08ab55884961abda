"""Lists on the command line, however they are written."""

from __future__ import annotations

import pytest

from evalml.cli.main import spread


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("estimate d.csv --covariates age educ --method ipw", "estimate d.csv --covariates age --covariates educ --method ipw"),
        ("estimate d.csv --covariates age,educ", "estimate d.csv --covariates age,educ"),
        ("survival d.csv --at 6 12 24 --json", "survival d.csv --at 6 --at 12 --at 24 --json"),
        ("estimate d.csv --treatment d --outcome y", "estimate d.csv --treatment d --outcome y"),
    ],
)  # fmt: skip
def test_values_that_follow_an_option_belong_to_it(said, meant):
    assert spread(said.split()) == meant.split()


def test_a_file_after_a_list_is_the_table(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("a\n1\n")
    words = ["estimate", "--covariates", "age", "educ", str(path)]
    assert spread(words) == ["estimate", "--covariates", "age", "--covariates", "educ", str(path)]
