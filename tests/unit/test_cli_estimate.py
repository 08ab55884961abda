"""`evalml estimate` on files: JSON words, options, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from evalml.cli.estimate import estimate
from evalml.errors import ColumnMissingError, DataError, EstimationError

app = typer.Typer()
app.command()(estimate)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(2)
    n = 300
    age = rng.integers(16, 26, n)
    treat = (rng.random(n) < 1 / (1 + np.exp(-0.2 * (age - 21)))).astype(int)
    frame = pd.DataFrame(
        {
            "treat": treat,
            "age": age,
            "town": rng.choice(["Lille", "Lens", "Arras"], n),
            "ml": np.arange(n) % 10,
            "y": 0.2 * age + treat + rng.standard_normal(n),
        }
    )
    frame["late"] = frame["y"].where(np.arange(n) % 3 > 0)
    frame["level"] = frame["town"].where(np.arange(n) % 5 > 0)
    folder = tmp_path_factory.mktemp("data")
    frame.to_csv(folder / "t.csv", index=False)
    frame.astype({"age": "int8"}).to_parquet(folder / "t.parquet")
    return folder


def run(data: Path, *words: str, file: str = "t.csv", outcome: str = "y") -> object:
    base = [str(data / file), "--treatment", "treat", "--outcome", outcome, "--json"]
    done = CliRunner().invoke(app, [*base, *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found[0] if len(found) == 1 else found


def fails(data: Path, error: type[Exception], says: str, *words: str, outcome: str = "y") -> None:
    with pytest.raises(error, match=says):
        run(data, *words, outcome=outcome)


@pytest.mark.parametrize(
    "method", ["diff", "ols", "regression_imputation", "match", "ipw", "ebal", "aipw"]
)
def test_each_method_prints_a_list_of_objects_with_the_words_promised(
    data: Path, method: str
) -> None:
    found = run(data, "--covariates", "age,town", "--method", method)
    assert isinstance(found, dict)
    promised = "method estimand estimate std_error ci_low ci_high n_treated n_comparison details"
    assert set(promised.split()) <= set(found)
    assert found["method"] == method
    assert found["ci_low"] < found["estimate"] < found["ci_high"]
    balance = found["details"]["balance"]
    assert {"covariate", "smd_before", "smd_after"} <= set(balance[0])
    assert [row["covariate"] for row in balance] == ["age", "town=Lens", "town=Lille", "town=Arras"]


def test_matching_says_matched_dropped_effective_size_and_warnings(data: Path) -> None:
    words = "--method match --metric logit --k 2 --caliper 0.1 --exact town --no-replace"
    details = run(data, "--covariates", "age,town", *words.split())["details"]
    for word in ("matched_treated", "dropped_treated", "matched_comparison", "ess_comparison"):
        assert details[word] >= 0
    assert details["replace"] is False
    assert any("dropped" in w for w in details["warnings"])


def test_parquet_and_csv_give_the_same_answer_even_for_small_integers(data: Path) -> None:
    words = ["--formula", "age + I(age**2) + I(age^3) + town*age", "--method", "ipw"]
    first, second = (run(data, *words, file=f) for f in ("t.csv", "t.parquet"))
    assert first["estimate"] == pytest.approx(second["estimate"], rel=1e-9)
    names = [row["covariate"] for row in first["details"]["balance"]]
    assert names[:3] == ["age", "age**2", "age**3"] or names[:3] == [
        "age",
        "I(age**2)",
        "I(age**3)",
    ]
    assert "town=Lens:age" in names


def test_several_outcomes_and_methods_print_a_list(data: Path) -> None:
    found = run(
        data,
        "--outcome",
        "late",
        "--covariates",
        "age",
        "--method",
        "diff,ipw",
        "--missing",
        "drop",
    )
    assert [(e["outcome"], e["method"]) for e in found] == [
        ("y", "diff"), ("y", "ipw"), ("late", "diff"), ("late", "ipw"),
    ]  # fmt: skip
    assert found[2]["details"]["unobserved"] == 100


def test_clusters_and_kinds_of_error_are_chosen_by_name(data: Path) -> None:
    words = ["--covariates", "age", "--method", "ols"]
    kinds = {
        k: run(data, *words, "--se", k)["std_error"] for k in ("hc0", "hc1", "hc2", "influence")
    }
    assert kinds["hc0"] < kinds["hc1"]
    assert kinds["hc0"] == pytest.approx(kinds["influence"])
    assert run(data, *words, "--cluster", "ml")["details"]["n_clusters"] == 10


def test_missing_values_are_refused_or_handled_as_said_with_counts(data: Path) -> None:
    fails(data, DataError, r"'level' \(60 of 300\)", "--covariates", "level")
    fails(data, DataError, "outcome 'late' is missing in 100 of 300", outcome="late")
    kept = run(data, "--covariates", "level", "--missing", "category", "--method", "ipw")
    assert kept["n_treated"] + kept["n_comparison"] == 300
    assert any("60 missing rows" in w for w in kept["details"]["warnings"])
    dropped = run(data, "--covariates", "level", "--missing", "drop", "--method", "ipw")
    assert dropped["n_treated"] + dropped["n_comparison"] == 240


def test_subgroups_carry_their_name(data: Path) -> None:
    found = run(data, "--covariates", "age", "--subgroup", "town", "--method", "ipw")
    assert [e.get("subgroup_value") for e in found] == [None, "Arras", "Lens", "Lille"]


def test_wrong_words_get_the_nearest_right_one(data: Path) -> None:
    fails(data, EstimationError, "did you mean 'aipw'", "--method", "aipww")
    fails(
        data,
        EstimationError,
        "did you mean 'mahalanobis'",
        "--method",
        "match",
        "--metric",
        "mahalanobi",
    )
    fails(
        data,
        ColumnMissingError,
        r"no column 'agee'.*did you mean 'age'",
        "--covariates",
        "agee",
    )
    fails(
        data,
        ColumnMissingError,
        r"no column 'agee'.*did you mean 'age'",
        "--formula",
        "agee + I(age)",
    )
    fails(data, DataError, "cannot be read", "--formula", "age + ")
    fails(data, DataError, "is not understood", "--formula", "open(age)")


def test_people_read_a_table_with_the_balance(data: Path) -> None:
    words = [str(data / "t.csv"), "--treatment", "treat", "--outcome", "y", "--covariates", "age"]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0
    assert "standardised mean differences" in done.stdout
    assert "aipw" in done.stdout
