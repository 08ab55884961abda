"""Nasty tables through the four statistics commands, against plain Python: right, or refused.

Each table is drawn from a seed: true numbers first, then a way of writing them (separators,
encodings, decimals, thousands, codes, clocks, identifiers, holes, Parquet), which keeps a number,
hides it or spoils it. The answer of the command is compared with sums and loops written here,
which share no code with the package. Run `python -m tools.fuzz_tables 1000`.
"""

# ruff: noqa: D103, PERF401, PLR0911, PLR2004, RUF007, S311

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from typer.testing import CliRunner

from evalml.cli.main import app
from evalml.errors import EvalmlError

Row = dict[str, Any]
TOLERANCE = 1e-7
MUST_REFUSE = "must refuse"


@dataclass
class Case:
    """One table: how it is written, what is asked, what is right.

    Attributes:
        rows: True values; None is missing.
        words: Options of the command, without the file.
        truth: The right answers by key (a time, a group, ""), or MUST_REFUSE.
        style: How cells are written.
        notes: What was done to the table.
    """

    command: str
    rows: list[Row]
    words: list[str]
    truth: Any
    style: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


# the plain computations --------------------------------------------------------------------------


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve linear equations by elimination with pivots."""
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    n = len(rows)
    for i in range(n):
        pivot = max(range(i, n), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(i + 1, n):
            factor = rows[k][i] / rows[i][i]
            rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i], strict=True)]
    out = [0.0] * n
    for i in reversed(range(n)):
        known = sum(rows[i][j] * out[j] for j in range(i + 1, n))
        out[i] = (rows[i][n] - known) / rows[i][i]
    return out


def least_squares(rows: list[Row], names: list[str]) -> float:
    """Return the coefficient of the treatment in y ~ 1 + d + covariates, categories as dummies."""
    levels = {
        n: sorted({str(r[n]) for r in rows})[1:] for n in names if isinstance(rows[0][n], str)
    }
    X = []
    for r in rows:
        line = [1.0, float(r["d"])]
        for n in names:
            line += [float(str(r[n]) == v) for v in levels[n]] if n in levels else [float(r[n])]
        X.append(line)
    p = len(X[0])
    cross = [[sum(x[i] * x[j] for x in X) for j in range(p)] for i in range(p)]
    right = [sum(x[i] * r["y"] for x, r in zip(X, rows, strict=True)) for i in range(p)]
    return solve(cross, right)[1]


def survival_at(rows: list[Row], when: float) -> float:
    left = 1.0
    for t in sorted({r["t"] for r in rows if r["e"] and r["t"] <= when}):
        at_risk = sum(r["t"] >= t for r in rows)
        left *= 1 - sum(r["t"] == t and bool(r["e"]) for r in rows) / at_risk
    return left


def restricted(rows: list[Row], horizon: float) -> float:
    edges = sorted({0.0, horizon, *(r["t"] for r in rows if r["e"] and 0 <= r["t"] < horizon)})
    return sum(survival_at(rows, a) * (b - a) for a, b in zip(edges, edges[1:], strict=False))


def log_rank(rows: list[Row]) -> float:
    """Return the chi-square of two groups."""
    first = min(r["g"] for r in rows)
    gap = variance = 0.0
    for t in sorted({r["t"] for r in rows if r["e"]}):
        risk = [r for r in rows if r["t"] >= t]
        n, n1 = len(risk), sum(r["g"] == first for r in risk)
        deaths = [r for r in risk if r["t"] == t and r["e"]]
        d = len(deaths)
        gap += sum(r["g"] == first for r in deaths) - d * n1 / n
        if n > 1:
            variance += d * (n1 / n) * (1 - n1 / n) * (n - d) / (n - 1)
    return gap**2 / variance


def group_time(rows: list[Row], group: int, time: int) -> float:
    base = group - 1 if time >= group else time - 1
    value = {(r["u"], r["t"]): r["y"] for r in rows}

    def change(first: int | None) -> float:
        units = {r["u"] for r in rows if r["g"] == first}
        return mean([value[u, time] - value[u, base] for u in units])

    return change(group) - change(None)


# tables ------------------------------------------------------------------------------------------


def draw_number(rng: random.Random, scale: str) -> float:
    if scale == "thousands":
        return float(rng.randint(1000, 3_000_000))
    if scale == "three":
        return rng.randint(1001, 999_999) / 1000
    return round(rng.gauss(20, 8), rng.choice([1, 2]))


def persons(rng: random.Random) -> Case:
    n, scale = rng.randint(24, 60), rng.choice(["plain", "plain", "thousands", "three"])
    town = rng.choice([["Lille", "Béthune", "Lens"], ["2A", "2B", "Corse"], ["0-1", "2-3", "4+"]])
    rows = []
    for k in range(n):
        d = k % 2
        row = {"d": d, "age": round(rng.uniform(16, 26), 1), "town": rng.choice(town)}
        row["y"] = draw_number(rng, scale)
        row["ml"] = rng.choice(["059", "59", "2A", "1e3", "1000"])
        rows.append(row)
    names = rng.choice([[], ["age"], ["town"], ["age", "town"]])
    words = ["--treatment", "d", "--outcome", "y", "--method", "ols" if names else "diff"]
    words += ["--covariates", ",".join(names)] if names else []
    cluster = rng.random() < 0.3
    words += ["--cluster", "ml"] if cluster else []
    ones, zeros = ([r["y"] for r in rows if r["d"] == v] for v in (1, 0))
    truth = {"": least_squares(rows, names) if names else mean(ones) - mean(zeros)}
    case = Case("estimate", rows, words, truth, {"scale": scale})
    if cluster:
        case.style["clusters"] = len({r["ml"] for r in rows})
    return case


def two_periods(rng: random.Random) -> Case:
    n, method = rng.randint(10, 30), rng.choice(["twfe", "reg", "dr"])
    rows = []
    for u in range(n):
        for t in (0, 1):
            y = round(rng.gauss(10, 3) + 2 * t * (u % 2), 2)
            rows.append({"u": f"{u:03d}", "t": t, "d": (u % 2) * t, "y": y})
    value = {(r["u"], r["t"]): r["y"] for r in rows}
    gaps = [
        [value[f"{u:03d}", 1] - value[f"{u:03d}", 0] for u in range(n) if u % 2 == k]
        for k in (0, 1)
    ]
    words = ["--unit", "u", "--time", "t", "--outcome", "y", "--treatment", "d", "--method", method]
    return Case("did", rows, words, {"": mean(gaps[1]) - mean(gaps[0])})


def areas(rng: random.Random) -> Case:
    n, first = rng.randint(12, 24), rng.choice([1, 2003, 2003])
    groups = [None, first + 1, first + 2]
    rows = []
    for u in range(n):
        for t in range(first, first + 4):
            y = round(rng.gauss(5, 2), 2)
            rows.append({"u": str(u), "t": t, "g": groups[u % 3], "y": y})
    truth = {
        (g, t): group_time(rows, g, t)
        for g in groups[1:] if g is not None
        for t in range(first + 1, first + 4)
    }  # fmt: skip
    words = ["--unit", "u", "--time", "t", "--outcome", "y", "--first-treated", "g"]
    return Case("rollout", rows, [*words, "--aggregate", "gt"], truth)


def durations(rng: random.Random) -> Case:
    n, method = rng.randint(20, 60), rng.choice(["km", "rmst", "logrank"])
    rows = [
        {"t": float(rng.randint(0, 12)), "e": int(rng.random() < 0.6), "g": k % 2} for k in range(n)
    ]
    for k in (0, 1):
        rows += [{"t": 13.0, "e": 0, "g": k}, {"t": 4.0, "e": 1, "g": k}]
    words = ["--time", "t", "--event", "e", "--method", method]
    if method == "km":
        truth: dict[Any, float] = {float(w): survival_at(rows, w) for w in (4, 8, 12)}
        return Case("survival", rows, [*words, "--at", "4,8,12"], truth)
    if method == "logrank":
        return Case("survival", rows, [*words, "--group", "g"], {"": log_rank(rows)})
    by = [restricted([r for r in rows if r["g"] == k], 10) for k in (0, 1)]
    truth = {"1 - 0": by[1] - by[0], "0": by[0], "1": by[1]}
    return Case("survival", rows, [*words, "--group", "g", "--horizon", "10"], truth)


# spoiling ----------------------------------------------------------------------------------------

STATUS = {"estimate": "d", "did": "d", "survival": "e"}
OPTION = {"estimate": "--treated", "did": "--treated", "survival": "--event-value"}


def recode(case: Case, rng: random.Random) -> None:
    """Write the status in other codes, sometimes saying which is which."""
    if case.command not in STATUS:
        return
    name = STATUS[case.command]
    no, yes = rng.choice(
        [("1", "2"), ("non", "oui"), ("False", "True"), ("témoin", "bénéficiaire"), ("0", "3")]
    )
    for row in case.rows:
        row[name] = yes if row[name] else no
    case.notes.append(f"status {no}/{yes}")
    if rng.random() < 0.5:
        case.words += [OPTION[case.command], yes]
    else:
        case.truth = MUST_REFUSE


def third_value(case: Case, rng: random.Random) -> None:
    """Add a third status, or doses."""
    if case.command not in STATUS:
        return
    name = STATUS[case.command]
    for row in rng.sample(case.rows, 3):
        row[name] = 2
    case.notes.append("three statuses")
    case.truth = MUST_REFUSE


def hole(case: Case, rng: random.Random) -> None:
    """Leave out a number; only with --missing drop is there an answer."""
    name = "t" if case.command == "survival" else "y"
    rng.choice(case.rows)[name] = None
    case.style["missing"] = rng.choice(["", "NA", "NaN", "NULL", "."])
    case.notes.append("a hole")
    case.truth = MUST_REFUSE


def spoil(case: Case, rng: random.Random) -> None:
    """Put something that is no number into a column of numbers."""
    name = "t" if case.command == "survival" else "y"
    rng.choice(case.rows)[name] = rng.choice(
        [
            "inf",
            "-Infinity",
            "abc",
            "1 2",
            "12 345 6",
            "1.2.3",
            "0x1F",
            "1_000",
            "--3",
            "12%",
            "1e999",
        ]
    )
    case.notes.append("no number")
    case.truth = MUST_REFUSE


def negative(case: Case, rng: random.Random) -> None:
    if case.command == "survival":
        rng.choice(case.rows)["t"] = -3.0
        case.notes.append("negative duration")
        case.truth = MUST_REFUSE


def clock(case: Case, rng: random.Random) -> None:
    """Write the clock of a roll-out in another unit, or shift it onto zero."""
    if case.command != "rollout":
        return
    kind = rng.choice(["zero", "zero", "days", "units"])
    first = min(r["t"] for r in case.rows)
    case.notes.append(f"clock {kind}")
    if kind == "zero":
        for row in case.rows:
            row["t"] -= first + 1
            row["g"] = None if row["g"] is None else row["g"] - first - 1
        said = rng.random() < 0.5
        case.words += ["--never", "empty"] if said else []
        case.truth = (
            {(g - first - 1, t - first - 1): v for (g, t), v in case.truth.items()}
            if said else MUST_REFUSE
        )  # fmt: skip
        return
    for row in case.rows:
        day = f"{2000 + row['t'] - first}-01-01"
        row["t"] = day
        if row["g"] is not None:
            row["g"] = (
                f"{2000 + row['g'] - first}-01-01" if kind == "days" else 2000 + row["g"] - first
            )
    months = lambda year: (2000 + year - first) * 12  # noqa: E731
    case.truth = (
        {(months(g), months(t)): v for (g, t), v in case.truth.items()}
        if kind == "days" else MUST_REFUSE
    )  # fmt: skip


def double(case: Case, rng: random.Random) -> None:
    """Give two columns one name, or repeat a row of a panel."""
    if case.command in {"did", "rollout"} and rng.random() < 0.5:
        case.rows.append(dict(case.rows[0]))
        case.notes.append("a row twice")
    else:
        case.style["twice"] = "y" if "y" in case.rows[0] else "t"
        case.notes.append("two columns of one name")
    case.truth = MUST_REFUSE


SPOILERS = [recode, third_value, hole, spoil, negative, clock, double]

# writing -----------------------------------------------------------------------------------------


def choose_style(case: Case, rng: random.Random) -> None:
    style = case.style
    style["sep"] = rng.choice([",", ";", "\t", "|"])
    style["encoding"] = rng.choice(["utf-8", "utf-8-sig", "cp1252"])
    style["decimal"] = rng.choice([".", ","])
    style["thousands"] = rng.choice(["", "", " ", "\u00a0", "\u202f", "other"])
    if style["encoding"] == "cp1252" and style["thousands"] == "\u202f":
        style["thousands"] = "\u00a0"
    style["excel"] = rng.random() < 0.15
    style["trailing"] = rng.choice([0, 0, 0, 0, 1, 2])  # 1: rows, 2: header and rows
    style["quote"] = rng.random() < 0.3
    style["parquet"] = rng.random() < 0.15 and "twice" not in style
    style["blank"] = rng.random() < 0.1


def number(value: float, style: dict[str, Any]) -> str:
    text = f"{value:.3f}" if style.get("scale") == "three" else repr(value).removesuffix(".0")
    whole, _, decimals = text.partition(".")
    other = "," if style["decimal"] == "." else "."
    sign = other if style["thousands"] == "other" else style["thousands"]
    if sign and len(whole.lstrip("-")) > 3:
        whole = f"{int(whole):,}".replace(",", sign)
    return whole + (style["decimal"] + decimals if decimals else "")


def cell(name: str, value: Any, style: dict[str, Any]) -> str:
    if value is None:
        return str(style.get("missing", "")) if name != "g" else ""
    text = number(value, style) if isinstance(value, float) else str(value)
    if style["quote"] or style["sep"] in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def write(case: Case, folder: Path) -> Path:
    names, style = list(case.rows[0]), case.style
    if style["parquet"]:
        columns = {}
        for n in names:
            values = [r[n] for r in case.rows]
            mixed = any(isinstance(v, str) for v in values)
            columns[n] = pa.array(
                [None if v is None else str(v) for v in values] if mixed else values
            )
        pq.write_table(pa.table(columns), folder / "t.parquet")
        return folder / "t.parquet"
    lines = [f"sep={style['sep']}"] if style["excel"] else []
    twice = [style["twice"]] if "twice" in style else []
    end = style["sep"] if style["trailing"] else ""
    lines.append(style["sep"].join([*names, *twice]) + (end if style["trailing"] == 2 else ""))
    for row in case.rows:
        lines.append(style["sep"].join(cell(n, row[n], style) for n in [*names, *twice]) + end)
    if style["blank"]:
        lines.insert(len(lines) // 2, "")
    path = folder / "t.csv"
    path.write_bytes(("\n".join(lines) + "\n").encode(style["encoding"], "replace"))
    return path


def draw(seed: int) -> Case:
    rng = random.Random(seed)
    case = rng.choice([persons, two_periods, areas, durations])(rng)
    if rng.random() < 0.55:
        rng.choice(SPOILERS)(case, rng)
    choose_style(case, rng)
    rng.shuffle(case.rows)
    return case


# judging -----------------------------------------------------------------------------------------


def key_of(row: Row, truth: dict[Any, float]) -> Any:
    if "" in truth:
        return ""
    if any(isinstance(k, tuple) for k in truth):
        return (row.get("group"), row.get("time"))
    return row.get("time") if any(isinstance(k, float) for k in truth) else row.get("group")


def judge(seed: int, folder: Path) -> tuple[str, str]:
    """Return what became of one table (right, refused, wrong, lost, traceback), and why."""
    case = draw(seed)
    path = write(case, folder)
    words = [case.command, str(path), *case.words, "--json"]
    done = CliRunner().invoke(app, words)
    path.unlink()
    about = f"seed {seed} {case.command} {case.notes} {case.style} {case.words}"
    fault = done.exception
    if isinstance(fault, EvalmlError):
        return ("refused", str(fault)) if "\n" not in str(fault) else ("wrong", about)
    if fault is not None and not isinstance(fault, SystemExit):
        return "traceback", f"{about}: {fault!r}"
    if done.exit_code == 2:
        return "refused", done.output.strip()[-200:]
    found = json.loads(done.stdout)
    if case.truth is MUST_REFUSE:
        return "wrong", f"{about}: answered {found[0]['estimate']}"
    answers = {key_of(row, case.truth): row["estimate"] for row in found}
    for key, truth in case.truth.items():
        mine = answers.get(key)
        if mine is None and done.exit_code == 1:
            continue
        if mine is None or abs(mine - truth) > TOLERANCE * (1 + abs(truth)):
            return "wrong", f"{about}: {key} is {mine}, plain Python finds {truth}"
    if "clusters" in case.style and found[0]["details"]["n_clusters"] != case.style["clusters"]:
        return "wrong", f"{about}: {found[0]['details']['n_clusters']} clusters"
    return "right", case.command


def main() -> None:
    """Judge as many tables as asked for, and print the split."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    counts: Counter[tuple[str, str]] = Counter()
    reasons: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        for seed in range(size):
            verdict, why = judge(seed, Path(scratch))
            must = "must be refused" if draw(seed).truth is MUST_REFUSE else "has an answer"
            counts[verdict, must] += 1
            if verdict in {"wrong", "traceback"}:
                print(verdict, why)
            elif verdict == "refused" and must == "has an answer":
                reasons[why.split(": ", 1)[-1][-90:]] += 1
    for (verdict, must), count in sorted(counts.items()):
        print(f"{verdict:10} {must:16} {count}")
    for reason, count in reasons.most_common(20):
        print(f"  {count:4} refused though it has an answer: {reason}")


if __name__ == "__main__":
    main()
