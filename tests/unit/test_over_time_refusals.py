"""What the designs over time refuse, drop and count: named errors, never a number that looks fine."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from evalml.cli.over_time import did, rollout, survival
from evalml.errors import ColumnMissingError, DataError, EstimationError, EvalmlError
from evalml.methods.cox import cox
from evalml.methods.did import DidRequest, RolloutRequest, estimate_did
from evalml.methods.did import rollout as estimate
from evalml.methods.durations import DurationColumns, Durations, read_durations
from evalml.methods.effect import Naming
from evalml.methods.group_time import RolloutOptions
from evalml.methods.instruments import FuzzyData, IvData, iv_effect, wald_did
from evalml.methods.panel import PanelColumns
from evalml.methods.survival import kaplan_meier, restricted_mean
from evalml.methods.survival_effects import SurvivalRequest
from evalml.methods.survival_effects import survival as survive

METHODS = ["callaway_santanna", "sun_abraham", "imputation", "twfe"]


def areas(first: list[float], periods: int = 6, each: int = 10) -> pd.DataFrame:
    """`each` units for every first treated period in `first`, with an effect of one."""
    rng = np.random.default_rng(3)
    dates = np.repeat(first, each)
    table = pd.DataFrame(
        {
            "i": np.repeat(np.arange(dates.size), periods),
            "t": np.tile(np.arange(1, periods + 1), dates.size),
            "g": np.repeat(dates, periods),
        }
    )
    treated = (table.g > 0) & (table.t >= table.g)
    table["y"] = rng.normal(size=len(table)) + 0.1 * table.t + treated
    table["d"] = treated.astype(int)
    table["area"] = table.i % 7
    return table


def request(method: str = "callaway_santanna", **more: object) -> RolloutRequest:
    columns = {"time": "t", "outcome": "y", "first_treated": "g", "unit": "i"}
    named = {
        k: more.pop(k) for k in list(more) if k in ("cluster", "covariates", "weights", "unit")
    }
    return RolloutRequest(columns=PanelColumns(**(columns | named)), method=method, **more)


NOT_YET = RolloutOptions("not_yet")


def test_nobody_never_treated_is_refused_or_the_last_group_compares() -> None:
    table = areas([3, 4, 5])
    with pytest.raises(EstimationError, match="no unit is never treated"):
        estimate(table, request())
    effects = estimate(table, request(options=NOT_YET, aggregation="gt"))
    assert {e.details["group"] for e in effects} == {3, 4}
    assert max(e.details["time"] for e in effects) == 4
    assert any("last group" in w for w in effects[0].details["warnings"])


def test_all_treated_at_once_leaves_nobody_not_yet_treated() -> None:
    with pytest.raises(EstimationError, match="nobody is left who is not yet treated"):
        estimate(areas([3]), request(options=NOT_YET))
    with pytest.raises(EstimationError, match=r"nobody is left|no untreated unit"):
        estimate(areas([3]), request("imputation"))


@pytest.mark.parametrize("method", ["callaway_santanna", "sun_abraham", "imputation"])
def test_units_treated_from_the_first_period_are_dropped_and_counted(method: str) -> None:
    table = areas([1, 3, 0])
    with_them = estimate(table, request(method))[0]
    without = estimate(table[table.g != 1], request(method))[0]
    assert with_them.details["units_dropped_treated_from_start"] == 10
    assert any("dropped" in w for w in with_them.details["warnings"])
    assert with_them.estimate == pytest.approx(without.estimate, rel=1e-12)
    assert with_them.std_error == pytest.approx(without.std_error, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_one_cluster_is_refused(method: str) -> None:
    with pytest.raises(EstimationError, match="one cluster only"):
        estimate(areas([3, 0]).assign(area=1), request(method, cluster="area"))


def test_few_clusters_are_flagged() -> None:
    effect = estimate(areas([3, 0]), request(cluster="area"))[0]
    assert effect.details["clusters"] == 7
    assert any("7 clusters only" in w for w in effect.details["warnings"])


@pytest.mark.parametrize("method", ["callaway_santanna", "sun_abraham", "imputation"])
def test_a_group_of_one_unit_has_no_standard_error_of_its_own(method: str) -> None:
    table = areas([3, 4, 0])
    table = table[(table.g != 4) | (table.i == 10)]
    rows = estimate(table, request(method, aggregation="group"))
    alone = next(e for e in rows if e.details["group"] == 4)
    assert np.isnan(alone.std_error)
    assert np.isfinite(alone.estimate)


def test_twice_the_same_unit_and_period_is_refused_with_the_count() -> None:
    table = areas([3, 0])
    with pytest.raises(DataError, match="3 pairs of unit and period"):
        estimate(pd.concat([table, table.iloc[:3]]), request())


def test_an_unbalanced_panel_is_refused_or_the_units_dropped_and_counted() -> None:
    table = areas([3, 0]).drop(index=[4, 70])
    with pytest.raises(DataError, match="2 of 20 units are not seen in all 6 periods"):
        estimate(table, request())
    effect = estimate(table, request(unbalanced="drop"))[0]
    assert effect.details["units_dropped_unbalanced"] == 2
    assert effect.n_treated == 9


def test_missing_values_are_refused_or_dropped_and_counted() -> None:
    table = areas([3, 0])
    table.loc[5, "y"] = np.nan
    with pytest.raises(DataError, match=r"missing values in y \(1\)"):
        estimate(table, request())
    effect = estimate(table, request(missing="drop", unbalanced="drop"))[0]
    assert effect.details["rows_dropped_missing"] == 1
    assert effect.details["units_dropped_unbalanced"] == 1


def test_an_empty_first_period_means_never() -> None:
    table = areas([3, 0])
    zero = estimate(table, request())[0]
    empty = estimate(table.assign(g=table.g.where(table.g > 0)), request())[0]
    later = estimate(table.assign(g=table.g.where(table.g > 0, 99)), request())[0]
    assert zero.estimate == empty.estimate == later.estimate
    assert zero.std_error == empty.std_error == later.std_error


def test_days_are_read_as_months() -> None:
    table = areas([3, 0])
    days = table.assign(
        t=table.t.map(lambda month: f"2020-{month + 1:02d}-01"),
        g=table.g.map({3: "2020-04-01", 0: ""}),
    )
    a, b = (estimate(t, request(aggregation="dynamic")) for t in (table, days))
    assert [e.details["event_time"] for e in a] == [e.details["event_time"] for e in b]
    assert [e.estimate for e in a] == [e.estimate for e in b]


def test_numbers_such_as_202401_are_months() -> None:
    table = areas([3, 0])
    # periods 1 … 6 are October 2023 to March 2024
    numbers = table.assign(
        t=table.t.map({1: 202310, 2: 202311, 3: 202312, 4: 202401, 5: 202402, 6: 202403}),
        g=table.g.map({3: 202312, 0: 0}),
    )
    a, b = (estimate(t, request(aggregation="dynamic")) for t in (table, numbers))
    assert [e.details["event_time"] for e in a] == [e.details["event_time"] for e in b]
    assert [e.estimate for e in a] == [e.estimate for e in b]
    assert b[0].details["time_unit"].startswith("months")


def test_a_date_that_changes_within_a_unit_is_refused() -> None:
    table = areas([3, 0])
    table.loc[0, "g"] = 5
    with pytest.raises(DataError, match="1 units change their first treated period"):
        estimate(table, request())


def test_a_covariate_that_decides_who_is_treated_leaves_no_effect() -> None:
    table = areas([3, 0])
    table["x"] = (table.g > 0) * 1.0
    with pytest.raises(EstimationError, match=r"separation.*'x'"):
        estimate(table, request(covariates=("x",)))


def test_an_effect_that_cannot_be_estimated_refuses_the_whole_with_its_reason() -> None:
    table = areas([3, 5, 0])
    table["x"] = np.where(table.g == 5, 1.0, np.sin(table.i))
    table.loc[(table.g == 0), "x"] = np.cos(table.i)
    asked = request(covariates=("x",), aggregation="simple")
    with pytest.raises(EstimationError, match=r"group first treated in 5 .*'x'.*leave_out"):
        estimate(table, asked)
    some = RolloutOptions(incomplete="leave_out")
    rest = estimate(table, request(covariates=("x",), aggregation="group", options=some))
    whole = estimate(areas([3, 0]), request(aggregation="group"))
    assert {s["group"] for s in rest[0].details["skipped"]} == {5.0}
    assert any("left out" in w for w in rest[0].details["warnings"])
    # the group that is whole keeps its name; the average of both is no longer the one asked for
    assert [(e.details["group"], e.estimand) for e in rest] == [
        (None, "att_incomplete"),
        (3, "att"),
    ]
    assert {e.estimand for e in whole} == {"att"}


def test_event_times_need_never_treated_units_in_two_way_regressions() -> None:
    with pytest.raises(EstimationError, match=r"never treated|collinear"):
        estimate(areas([3, 4]), request("twfe", aggregation="dynamic"))


def test_a_treatment_that_never_moves_is_refused() -> None:
    table = areas([3, 0])
    columns = PanelColumns("t", "y", unit="i", extra=("d",))
    with pytest.raises(EstimationError, match="does not vary"):
        estimate_did(table.assign(d=1), DidRequest(columns))


def test_two_period_methods_say_how_many_periods_there_are() -> None:
    columns = PanelColumns("t", "y", unit="i", extra=("d",))
    with pytest.raises(EstimationError, match="holds 6 periods"):
        estimate_did(areas([3, 0]), DidRequest(columns, "dr"))
    two = areas([2, 0])[lambda t: t.t <= 2]
    assert estimate_did(two, DidRequest(columns, "reg")).n_treated == 10
    both = two.assign(d=(two.g > 0) * 1)
    assert estimate_did(both, DidRequest(columns, "twfe")).estimate == pytest.approx(
        estimate_did(two, DidRequest(columns, "twfe")).estimate
    )
    with pytest.raises(EstimationError, match="treated in the first period"):
        estimate_did(
            two.assign(d=(two.i < 3) * 1 + (two.i >= 3) * two.d), DidRequest(columns, "dr")
        )


def test_a_weak_instrument_is_refused_or_flagged() -> None:
    rng = np.random.default_rng(1)
    z, d, y = rng.normal(size=(3, 300))
    data = IvData(y, d, z[:, None], np.empty((300, 0)))
    with pytest.raises(EstimationError, match="weak instrument"):
        iv_effect(data, "y")
    flagged = iv_effect(data, "y", allow_weak=True)
    assert flagged.details["weak_instrument"]
    assert flagged.details["anderson_rubin_set"] in {"everything", "outside"}
    group, post = rng.integers(0, 2, (2, 300))
    fuzzy = FuzzyData(y, (d > 0) * 1.0, group * 1.0, post * 1.0)
    with pytest.raises(EstimationError, match="weak instrument"):
        wald_did(fuzzy, Naming("", "y"))


def test_wald_did_names_the_empty_cell() -> None:
    ones = np.ones(20)
    with pytest.raises(EstimationError, match="no row in group 0"):
        wald_did(FuzzyData(ones, ones, ones, np.arange(20) % 2.0), Naming("", "y"))


def test_a_column_that_is_not_there_is_named_with_the_nearest_only() -> None:
    with pytest.raises(ColumnMissingError, match="did you mean 'area'"):
        estimate(areas([3, 0]), request(cluster="areas"))
    secret = areas([3, 0]).rename(columns={"y": "Martin Dupont 06 12 34"})
    with pytest.raises(ColumnMissingError) as error:
        estimate(secret, request())
    assert "Dupont" not in str(error.value)


def test_follow_ups_that_end_before_they_start_are_counted() -> None:
    table = pd.DataFrame({"a": [0.0, 5, 2], "b": [3.0, 4, 2], "e": [1, 0, 1]})
    with pytest.raises(DataError, match="2 rows end"):
        read_durations(table, DurationColumns("b", "e", "a"))


def test_durations_without_event_or_with_several_causes_are_refused() -> None:
    entry, time = np.zeros(5), np.arange(1.0, 6)
    with pytest.raises(EstimationError, match="no event"):
        kaplan_meier(Durations(entry, time, np.zeros(5, dtype=np.int64)))
    with pytest.raises(EstimationError, match="several causes"):
        kaplan_meier(Durations(entry, time, np.array([1, 2, 0, 1, 2])))
    with pytest.raises(EstimationError, match="beyond the end"):
        restricted_mean(Durations(entry, time, np.ones(5, dtype=np.int64)), 9.0)


def test_a_curve_that_falls_to_zero_before_others_enter_is_flagged() -> None:
    entry, time = np.array([0.0, 5, 5, 5, 5, 5]), np.array([1.0, 7, 8, 9, 10, 11])
    curve = kaplan_meier(Durations(entry, time, np.ones(6, dtype=np.int64)))
    assert curve.value[-1] == 0.0
    assert np.isnan(curve.std_error).all()
    assert "start later" in curve.warnings[0]
    table = pd.DataFrame({"a": entry, "b": time, "e": 1})
    later = survive(table, SurvivalRequest(DurationColumns("b", "e", "a"), at=(8.0,), start=5.0))
    assert later[0].estimate == pytest.approx(0.6)
    assert later[0].details["rows_dropped_before_start"] == 1


def test_cox_names_separation_and_collinearity() -> None:
    time, event = np.arange(1.0, 41), np.ones(40, dtype=np.int64)
    x = np.sin(time)
    data = Durations(np.zeros(40), time, event)
    with pytest.raises(EstimationError, match="collinear"):
        cox(data, np.column_stack([x, 2 * x]))
    early = Durations(np.zeros(40), time, (time <= 20).astype(np.int64))
    with pytest.raises(EstimationError, match="grows without end"):
        cox(early, (time <= 20).astype(float)[:, None])


def test_a_constant_outcome_is_refused_and_weights_must_be_positive() -> None:
    with pytest.raises(DataError, match="same in all rows"):
        estimate(areas([3, 0]).assign(y=1.0), request())
    with pytest.raises(DataError, match="60 weights"):
        estimate(areas([3, 0]).assign(w=lambda t: (t.g > 0) * 1.0), request(weights="w"))


@pytest.mark.parametrize("method", METHODS)
def test_one_treated_or_one_comparison_cluster_leaves_no_standard_error(method: str) -> None:
    table = areas([3, 0])
    treated_together = table.assign(area=np.where(table.g > 0, 0, 1 + table.i % 5))
    effect = estimate(treated_together, request(method, cluster="area"))[0]
    assert np.isnan(effect.std_error)
    assert any("no standard error" in w for w in effect.details["warnings"])
    if method in {"callaway_santanna", "sun_abraham", "imputation"}:
        compared_together = table.assign(area=np.where(table.g > 0, 1 + table.i % 5, 0))
        assert np.isnan(estimate(compared_together, request(method, cluster="area"))[0].std_error)


def test_options_that_a_method_does_not_use_are_said() -> None:
    effect = estimate(areas([3, 0]), request("sun_abraham", options=NOT_YET))[0]
    assert "sun_abraham does not use: control" in effect.details["warnings"]


def test_a_group_without_event_has_a_flat_curve_and_says_so() -> None:
    table = pd.DataFrame(
        {"b": np.arange(1.0, 9), "e": [1, 0] * 2 + [0] * 4, "k": ["p"] * 4 + ["q"] * 4}
    )
    rows = survive(table, SurvivalRequest(DurationColumns("b", "e", group="k"), at=(3.0,)))
    assert [r.estimate for r in rows] == [pytest.approx(0.375), 1.0]
    assert np.isnan(rows[1].std_error)
    assert "no such event" in rows[1].details["warnings"][0]


# the command line ---------------------------------------------------------------------------


@pytest.fixture
def app() -> typer.Typer:
    out = typer.Typer()
    for command in (rollout, did, survival):
        out.command()(command)
    return out


def test_commands_print_a_list_with_keys(app: typer.Typer, tmp_path) -> None:
    table = areas([3, 4, 0])
    table.to_csv(tmp_path / "a.csv", index=False, sep=";")
    table.to_parquet(tmp_path / "a.parquet")
    base = ["--unit", "i", "--time", "t", "--outcome", "y"]
    run = CliRunner().invoke
    for name in ("a.csv", "a.parquet"):
        one = json.loads(
            run(
                app, ["rollout", str(tmp_path / name), *base, "--first-treated", "g", "--json"]
            ).stdout
        )[0]
        assert set(one) >= {
            "method",
            "estimand",
            "estimate",
            "std_error",
            "ci_low",
            "ci_high",
            "n_treated",
            "n_comparison",
            "details",
        }
    for method in METHODS:
        many = json.loads(
            run(
                app,
                [
                    "rollout",
                    str(tmp_path / "a.csv"),
                    *base,
                    "--first-treated",
                    "g",
                    "--method",
                    method,
                    "--aggregate",
                    "dynamic",
                    "--control",
                    "not-yet",
                    "--json",
                ],
            ).stdout
        )
        assert {row["event_time"] for row in many} >= {None, 0, 1}
    cells = run(
        app,
        [
            "rollout",
            str(tmp_path / "a.csv"),
            *base,
            "--first-treated",
            "g",
            "--aggregate",
            "gt",
            "--base",
            "universal",
            "--json",
        ],
    ).stdout
    assert "NaN" not in cells
    zero = [r for r in json.loads(cells) if r["event_time"] == -1]
    assert all(r["estimate"] == 0 and r["std_error"] is None for r in zero)
    two = json.loads(
        run(
            app,
            [
                "did",
                str(tmp_path / "a.csv"),
                *base,
                "--treatment",
                "d",
                "--cluster",
                "area",
                "--json",
            ],
        ).stdout
    )
    two = two[0]
    assert two["method"] == "twfe"
    assert two["details"]["clusters"] == 7


def test_the_did_command_relates_the_outcome_to_take_up(app: typer.Typer, tmp_path) -> None:
    rng = np.random.default_rng(0)
    n = 2000
    table = pd.DataFrame({"g": rng.integers(0, 2, n), "t": rng.integers(0, 2, n)})
    table["d"] = (rng.random(n) < 0.1 + 0.5 * table.g * table.t) * 1
    table["y"] = table.g + table.t + 3 * table.d + rng.normal(size=n)
    table.to_csv(tmp_path / "f.csv", index=False)
    words = [
        "did",
        str(tmp_path / "f.csv"),
        "--time",
        "t",
        "--outcome",
        "y",
        "--treatment",
        "g",
        "--method",
        "wald_did",
        "--json",
    ]
    cells = table.groupby(["g", "t"])[["y", "d"]].mean()
    gap = cells.loc[(1, 1)] - cells.loc[(1, 0)] - cells.loc[(0, 1)] + cells.loc[(0, 0)]
    row = json.loads(CliRunner().invoke(app, [*words, "--take-up", "d"]).stdout)[0]
    assert row["estimate"] == pytest.approx(gap.y / gap.d, rel=1e-9)
    assert row["estimand"] == "late"
    refused = CliRunner().invoke(app, words)
    assert "needs the column of the take-up" in str(refused.exception)


def test_the_survival_command_reads_late_entry(app: typer.Typer, tmp_path) -> None:
    rng = np.random.default_rng(0)
    n = 200
    entry = rng.uniform(0, 3, n)
    table = pd.DataFrame(
        {
            "a": entry,
            "b": entry + rng.exponential(5, n) + 0.01,
            "e": rng.integers(0, 3, n),
            "k": rng.choice(["x", "z"], n),
        }
    )
    table["one"] = (table.e == 1) * 1
    table.to_csv(tmp_path / "s.csv", index=False)
    run = CliRunner().invoke
    base = ["survival", str(tmp_path / "s.csv"), "--time", "b", "--entry", "a", "--json"]
    for method, event, more in (
        ("km", "one", ["--at", "2,4"]),
        ("aj", "e", ["--at", "2,4"]),
        ("rmst", "one", ["--group", "k", "--horizon", "6"]),
        ("logrank", "one", ["--group", "k"]),
        ("cox", "one", ["--group", "k"]),
    ):
        result = run(app, [*base, "--event", event, "--method", method, *more])
        assert result.exit_code == 0, result.output
        rows = json.loads(result.stdout)
        rows = rows if isinstance(rows, list) else [rows]
        assert all(row["estimate"] is not None for row in rows)
    contrast = json.loads(
        run(app, [*base, "--event", "one", "--group", "k", "--method", "rmst"]).stdout
    )
    assert contrast[0]["estimand"] == "rmst_difference"
    assert contrast[0]["group"] == "z - x"


def test_unknown_words_of_the_commands_are_named(app: typer.Typer, tmp_path) -> None:
    areas([3, 0]).to_csv(tmp_path / "a.csv", index=False)
    base = [
        "rollout",
        str(tmp_path / "a.csv"),
        "--unit",
        "i",
        "--time",
        "t",
        "--outcome",
        "y",
        "--first-treated",
        "g",
    ]
    for option, value in (
        ("--method", "callaway_santana"),
        ("--control", "never_treated_ever"),
        ("--aggregate", "dynamics"),
        ("--base", "universel"),
    ):
        result = CliRunner().invoke(app, [*base, option, value])
        assert isinstance(result.exception, EvalmlError)
        assert value in str(result.exception)
