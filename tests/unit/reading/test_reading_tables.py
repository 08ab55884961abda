"""One reader for every table: what it proves, what it refuses, and what it says it decided."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tools.fuzz_tables import judge
from typer.testing import CliRunner

from evalml.cli.main import app
from evalml.errors import EvalmlError

if TYPE_CHECKING:
    from pathlib import Path

HEAD = ["d", "age", "y"]
ROWS = [[k % 2, 20 + k / 2, 10 + 3 * (k % 2) + k / 4] for k in range(12)]
EFFECT = 3.25  # difference in means of the rows above


@pytest.fixture(scope="module")
def cases(root: Path) -> Path:
    folder = root.parent / "shared" / "cases"
    if not folder.is_dir():
        pytest.skip("needs ../shared/cases")
    return folder


def run(*words: object) -> list[dict[str, Any]]:
    done = CliRunner().invoke(app, [*map(str, words), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def refusal(*words: object) -> str:
    fault = CliRunner().invoke(app, [*map(str, words), "--json"]).exception
    assert isinstance(fault, EvalmlError), fault
    assert "\n" not in str(fault)
    return str(fault)


def table(
    path: Path, *, sep: str = ",", point: str = ".", encoding: str = "utf-8", **how: Any
) -> Path:
    """Write the rows above; `how` may hold `first` lines, an `end` of each line, a `y` column."""
    cells = [[f"{v:g}".replace(".", point) for v in row] for row in ROWS]
    for row, y in zip(cells, how.get("y", []), strict=False):
        row[2] = y
    quoted = [[f'"{c}"' if sep in c else c for c in row] for row in cells]
    end = how.get("end", "")
    lines = [
        *how.get("first", []),
        sep.join(how.get("head", HEAD)),
        *(sep.join(r) + end for r in quoted),
    ]
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def estimate(path: Path, *words: str) -> tuple[object, ...]:
    return ("estimate", path, "--treatment", "d", "--outcome", "y", "--method", "diff", *words)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("decimal_comma_covariate", 1.75877),
        ("decimal_comma_outcome", 1.75877),
        ("narrow_space_thousands", 1758.77),
        ("excel_sep_line", 1.75877),
    ],
)
def test_the_tables_of_the_cases_are_read(cases: Path, name: str, answer: float) -> None:
    words = ("--treatment", "d", "--outcome", "y", "--covariates", "age", "--method", "ols")
    found = run("estimate", cases / f"{name}.csv", *words)[0]
    assert found["estimate"] == pytest.approx(answer, rel=1e-5)
    assert [row["covariate"] for row in found["details"]["balance"]] == ["age"]
    said = found["details"]["reading"]
    assert said["separator"] == ";"
    assert said.get("thousands", said.get("decimal", {"": ""})) is not None


@pytest.mark.parametrize("method", ["km", "logrank", "rmst", "cox"])
def test_a_status_of_one_and_two_is_refused_until_its_event_is_named(
    cases: Path, method: str
) -> None:
    words = ["survival", cases / "status_one_two.csv", "--time", "t", "--method", method]
    words += ["--covariates", "g"] if method == "cox" else ["--group", "g"]
    words += ["--at", "100,300"] if method == "km" else []
    assert "add --event-value VALUE" in refusal(*words, "--event", "s")
    named, plain = run(*words, "--event", "s", "--event-value", "2"), run(*words, "--event", "s01")
    assert [r["estimate"] for r in named] == [r["estimate"] for r in plain]
    assert named[0]["details"]["reading"]["event"] == {"s": "2"}


def test_a_negative_duration_is_refused_with_its_line(cases: Path) -> None:
    for method in ("km", "aj", "rmst"):
        words = ("--time", "t", "--event", "e", "--method", method)
        assert "line 2, column 't': -3 is no duration" in refusal(
            "survival", cases / "duration_negative.csv", *words
        )


def test_a_clock_that_holds_zero_needs_to_know_what_never_is(cases: Path) -> None:
    words = ("--unit", "u", "--time", "t", "--outcome", "y", "--first-treated", "g")
    path = cases / "clock_with_zero.csv"
    assert "add --never" in refusal("rollout", path, *words)
    rows = run("rollout", path, *words, "--never", "empty", "--aggregate", "group")
    groups = {r["group"]: r for r in rows}
    assert groups[1]["estimate"] == pytest.approx(1.5, abs=0.05)
    assert groups[1]["n_comparison"] == 60
    assert 0 in groups
    zero = run("rollout", path, *words, "--never", "0", "--aggregate", "group")
    assert {r["group"] for r in zero} == {None, 1}


def test_days_against_years_are_named(cases: Path) -> None:
    words = ("--unit", "u", "--time", "t", "--outcome", "y", "--first-treated", "g")
    assert "'t' is in days (2024-03-01) and 'g' in years (2024)" in refusal(
        "rollout", cases / "clock_of_days_year_first_treated.csv", *words
    )


@pytest.mark.parametrize("sep", [",", ";", "\t", "|"])
@pytest.mark.parametrize("point", [".", ","])
def test_separators_and_decimals_in_any_pair(tmp_path: Path, sep: str, point: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "cp1252"):
        path = table(tmp_path / "t.csv", sep=sep, point=point, encoding=encoding)
        found = run(*estimate(path))[0]
        assert found["estimate"] == pytest.approx(EFFECT)
        assert found["details"]["reading"]["decimal"] == {"y": point}


def test_a_trailing_separator_shifts_nothing(tmp_path: Path) -> None:
    assert run(*estimate(table(tmp_path / "a.csv", end=",")))[0]["estimate"] == pytest.approx(
        EFFECT
    )
    both = table(tmp_path / "b.csv", end=",", head=[*HEAD, ""])
    assert run(*estimate(both))[0]["estimate"] == pytest.approx(EFFECT)
    text = (tmp_path / "a.csv").read_text()
    (tmp_path / "c.csv").write_text(text.replace(",\n", ",1\n", 1))
    assert "does not have the 3 columns" in refusal(*estimate(tmp_path / "c.csv"))


def test_thousands_are_read_or_the_option_that_settles_them_is_named(tmp_path: Path) -> None:
    values = [f"{1 + k}.{200 + k}" for k in range(12)]
    path = table(tmp_path / "t.csv", sep=";", y=values)
    message = refusal(*estimate(path))
    assert message == (
        "t.csv, line 2, column 'y': '1.200' is 1200 or 1.200, and no value of the column tells; "
        "add --decimal . or --decimal ,"
    )
    small, large = (run(*estimate(path, "--decimal", s))[0] for s in (".", ","))
    assert large["estimate"] == pytest.approx(1000 * small["estimate"])
    assert large["details"]["reading"]["thousands"] == {"y": "."}
    for sign in (" ", "\u00a0", "\u202f"):
        spaced = table(tmp_path / "s.csv", sep=";", y=[v.replace(".", sign) for v in values])
        assert run(*estimate(spaced))[0]["estimate"] == pytest.approx(large["estimate"])
    proven = table(tmp_path / "p.csv", sep=";", y=[*values[:-1], "1.012.211"])
    assert run(*estimate(proven))[0]["details"]["reading"]["thousands"] == {"y": "."}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("inconnu", "'inconnu' is not a number"),
        ("inf", "'inf' is infinite"),
        ("1e999", "is infinite"),
        ("12 34", "'12 34' is not a number"),
        ("1,5", "has a decimal comma where"),
    ],
)
def test_a_value_that_is_no_number_is_named_with_its_line(
    tmp_path: Path, value: str, says: str
) -> None:
    y = [f"{row[2]:g}" for row in ROWS]
    y[4] = value
    message = refusal(*estimate(table(tmp_path / "t.csv", sep=";", y=y)))
    assert "t.csv, line 6, column 'y'" in message
    assert says in message


def test_identifiers_are_text_and_each_spelling_is_one(tmp_path: Path) -> None:
    names = ["01", "1", "1e3", "1000", "2A", "59", "123456789012345678", "123456789012345679"]
    frame = pd.DataFrame({"d": [0, 1] * 8, "y": range(16), "c": names * 2})
    frame.to_csv(tmp_path / "c.csv", index=False)
    found = run(*estimate(tmp_path / "c.csv", "--cluster", "c"))[0]
    assert found["details"]["n_clusters"] == 8
    whole = frame.assign(c=[float(k % 4) for k in range(16)])
    whole.to_parquet(tmp_path / "f.parquet")
    assert run(*estimate(tmp_path / "f.parquet", "--cluster", "c"))[0]["details"]["n_clusters"] == 4
    whole.assign(c=[1.23e17 + k for k in range(16)]).to_parquet(tmp_path / "l.parquet")
    assert "its last digits are lost" in refusal(
        *estimate(tmp_path / "l.parquet", "--cluster", "c")
    )
    frame.assign(c="1,23E+11").to_csv(tmp_path / "e.csv", index=False)
    assert "a spreadsheet has rounded" in refusal(*estimate(tmp_path / "e.csv", "--cluster", "c"))


def test_a_covariate_that_is_a_code_or_a_number_must_say_which(tmp_path: Path) -> None:
    frame = pd.DataFrame({"d": [0, 1] * 8, "y": range(16), "dep": ["59", "62", "2A", "59"] * 4})
    frame.to_csv(tmp_path / "t.csv", index=False)
    words = ("--covariates", "dep")
    assert "'2A' is not a number among 2 others; add --categories dep" in refusal(
        *estimate(tmp_path / "t.csv", *words)
    )
    found = run(*estimate(tmp_path / "t.csv", *words, "--categories", "dep"))[0]
    assert found["details"]["reading"]["read_as"] == {"dep": "categories"}
    pq.write_table(
        pa.table({"d": [0, 1] * 8, "y": range(16), "x": ["1", "2"] * 8}), tmp_path / "x.parquet"
    )
    assert "add --numbers x or --categories x" in refusal(
        *estimate(tmp_path / "x.parquet", "--covariates", "x")
    )


@pytest.mark.parametrize("values", [("non", "oui"), ("1", "2"), ("False", "True"), ("0", "5")])
def test_a_treatment_of_other_codes_needs_its_treated_value(
    tmp_path: Path, values: tuple[str, str]
) -> None:
    frame = pd.DataFrame(ROWS, columns=HEAD)
    frame["d"] = frame["d"].map(lambda v: values[int(v)])
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert "add --treated VALUE" in refusal(*estimate(tmp_path / "t.csv"))
    found = run(*estimate(tmp_path / "t.csv", "--treated", values[1]))[0]
    assert found["estimate"] == pytest.approx(EFFECT)
    swapped = run(*estimate(tmp_path / "t.csv", "--treated", values[0]))[0]
    assert swapped["estimate"] == pytest.approx(-EFFECT)
    assert "does not hold it" in refusal(*estimate(tmp_path / "t.csv", "--treated", "absent"))


def test_a_dose_is_a_dose_only_when_said(tmp_path: Path) -> None:
    rows = [
        (u, t, t * (u % 3), 1.0 * u + 2 * t * (u % 3) + 0.1 * ((u * 7 + t) % 5))
        for u in range(12)
        for t in (0, 1)
    ]
    pd.DataFrame(rows, columns=["u", "t", "d", "y"]).to_csv(tmp_path / "t.csv", index=False)
    words = (
        "did",
        tmp_path / "t.csv",
        "--unit",
        "u",
        "--time",
        "t",
        "--outcome",
        "y",
        "--treatment",
        "d",
    )
    assert "two arms are compared" in refusal(*words)
    found = run(*words, "--dose")[0]
    assert found["estimate"] == pytest.approx(2, abs=0.2)
    assert "d" in found["details"]["reading"]["dose"]


def test_rows_are_filtered_and_counted_and_the_unknown_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS, columns=HEAD).assign(town=["Lille", "Lens", "Arras"] * 4)
    frame.to_csv(tmp_path / "t.csv", index=False)
    kept = frame[(frame.age > 21) & frame.town.isin(["Lille", "Lens"])]
    gap = kept.y[kept.d == 1].mean() - kept.y[kept.d == 0].mean()
    found = run(*estimate(tmp_path / "t.csv", "--where", "age > 21 and town in ['Lille', 'Lens']"))[
        0
    ]
    assert found["estimate"] == pytest.approx(gap)
    assert found["details"]["reading"]["where"]["rows_kept"] == len(kept)
    frame.loc[3, "age"] = None
    frame.to_csv(tmp_path / "h.csv", index=False)
    path = tmp_path / "h.csv"
    assert "is unknown in 1 of 12 rows" in refusal(*estimate(path, "--where", "age > 21"))
    dropped = run(*estimate(path, "--where", "age > 21", "--missing", "drop"))[0]
    assert dropped["details"]["reading"]["where"]["rows_unknown"] == 1
    run(*estimate(path, "--where", "age > 0 or d >= 0"))  # true whatever the age
    for wrong in ("age >", "not age", "age + 1", "age > 'x'", "town > 'a'", "age > 99"):
        assert "--where" in refusal(*estimate(path, "--where", wrong, "--missing", "drop"))


def test_covariates_and_formula_add_up(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS, columns=HEAD).assign(x=[1, 4, 2, 8, 5, 7] * 2)
    frame.to_csv(tmp_path / "t.csv", index=False)
    base = ("estimate", tmp_path / "t.csv", "--treatment", "d", "--outcome", "y", "--method", "ols")
    both = run(*base, "--covariates", "age", "--formula", "x + I(x**2)")[0]
    alone = run(*base, "--formula", "age + x + I(x**2)")[0]
    assert both["estimate"] == pytest.approx(alone["estimate"], rel=1e-9)
    assert len(both["details"]["balance"]) == 3


def test_an_option_that_no_method_reads_is_said(tmp_path: Path) -> None:
    found = run(*estimate(table(tmp_path / "t.csv"), "--k", "3"))[0]
    assert "diff does not use: --k" in found["details"]["warnings"]


def test_headers_alone_and_names_given_twice_are_refused(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("d,age,y\n")
    assert "has no row" in refusal(*estimate(tmp_path / "h.csv"))
    (tmp_path / "t.csv").write_text("d,y,y\n1,2,3\n0,4,5\n")
    assert "two columns called 'y'" in refusal(*estimate(tmp_path / "t.csv"))
    (tmp_path / "e.csv").write_text("")
    assert "is empty" in refusal(*estimate(tmp_path / "e.csv"))


def test_a_number_that_is_lacking_is_null_with_its_reason_and_exit_one(tmp_path: Path) -> None:
    pd.DataFrame({"t": [1, 2, 3, 4], "e": [1, 0, 1, 0]}).to_csv(tmp_path / "t.csv", index=False)
    words = [
        "survival",
        str(tmp_path / "t.csv"),
        "--time",
        "t",
        "--event",
        "e",
        "--at",
        "2,99",
        "--json",
    ]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    first, beyond = json.loads(done.stdout)
    assert "reason" not in first
    assert beyond["estimate"] is None
    assert "beyond the end of the longest follow-up" in beyond["reason"]


def test_csv_prints_a_line_per_estimate(tmp_path: Path) -> None:
    words = [str(w) for w in estimate(table(tmp_path / "t.csv"))]
    done = CliRunner().invoke(app, [*words, "--csv"])
    head, line = done.stdout.splitlines()
    assert dict(zip(head.split(","), line.split(","), strict=True))["estimate"] == str(EFFECT)
    assert "exclude each other" in refusal(*words, "--csv")


@pytest.mark.parametrize("seed", range(24))
def test_nasty_tables_are_right_or_refused(tmp_path: Path, seed: int) -> None:
    verdict, why = judge(seed, tmp_path)
    assert verdict in {"right", "refused"}, why
