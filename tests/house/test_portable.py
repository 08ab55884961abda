"""Expressions that do not mean the same on every engine stay out of the stages.

The list is that of docs/decisions/0002-ibis-on-duckdb.md. Only `evalml.engine` may use them.
"""

from __future__ import annotations

import ast

import pytest

STAGES = ("extract", "tables", "cohort", "panel", "outcomes", "indicators", "areas")
MISSING = {
    "approx_nunique": "counts by sketches of their own",
    "approx_median": "counts by sketches of their own",
    "argmin": "ties are broken by the engine",
    "argmax": "ties are broken by the engine",
    "arbitrary": "any row is the engine's choice",
    "collect": "the order of a list is the engine's",
    "corr": "DuckDB divides by n, Spark by n - 1",
    "group_concat": "the order of a text is the engine's",
    "hash": "each engine has its own",
    "raw_sql": "SQL of one engine",
    "sample": "draws of the engine's own",
    "sql": "SQL of one engine",
}
EXCUSED = {
    ("rollout/arrivals.py", "argmax"): "the key of structures: no two rows of one day",
}


def calls(tree):
    """Every method called, with its node."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def on_expression(node):
    """Whether a call could be on an ibis expression: not on a module, not on what pandas names."""
    value = node.func.value
    return not (isinstance(value, ast.Name) and value.id in {"np", "pd", "frame", "rng", "random"})


def faults(source):
    """Names of the banned expressions of a source text, with their lines."""
    tree = ast.parse(source)
    found = []
    for name, node in calls(tree):
        if name in MISSING and on_expression(node):
            found.append((name, node.lineno, MISSING[name]))
        if name == "delta" and any(
            k.arg in {"unit", "part"}
            and getattr(k.value, "value", None) in {"month", "year", "M", "Y"}
            for k in node.keywords
        ):
            found.append((name, node.lineno, "DuckDB counts boundaries, Spark whole months"))
        if isinstance(node.func.value, ast.Call) and _name(node.func.value) == "unnest":
            found.append((name, node.lineno, "Spark takes nothing around unnest(); cast the array"))
        if name in {"first", "last"} and (node.args or node.keywords):
            found.append((name, node.lineno, "an order within a group is not supported by Spark"))
        if (
            name == "cast"
            and node.args
            and _integer(node.args[0])
            and _is_division(node.func.value)
        ):
            found.append((name, node.lineno, "DuckDB rounds, Spark truncates; use `round` or `//`"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            named = [a.name for a in node.names] + [getattr(node, "module", None) or ""]
            if any(n.split(".")[0] in {"ibis", "duckdb", "pyspark", "sqlglot"} for n in named):
                found.append(("import", node.lineno, "only evalml.engine knows the engine"))
    return found


def _name(call):
    return getattr(call.func, "attr", None)


def _integer(node):
    return isinstance(node, ast.Constant) and str(node.value).startswith("int")


def _is_division(node):
    """A quotient, or a quotient in brackets with something added."""
    return any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div) for n in ast.walk(node))


@pytest.mark.parametrize(
    "text",
    [
        "x = a.delta(b, unit='month')",
        "x = t.approx_nunique()",
        "x = t.k.argmin(t.day)",
        "x = t.k.hash()",
        "x = t.k.collect()",
        "x = t.k.first(order_by=t.day)",
        "x = t.sample(0.1, seed=3)",
        "x = (t.a / t.b).cast('int32')",
        "x = span(t.a, t.b).unnest().cast('int16')",
        "import ibis",
        "from ibis import _",
        "x = engine.backend.raw_sql('select 1')",
    ],
)
def test_the_lint_sees_each_banned_expression(text):
    assert faults(text)


@pytest.mark.parametrize(
    "text",
    [
        "x = a.delta(b, unit='day')",
        "x = (t.a // 12).cast('int32')",
        "x = t.k.cast('int64')",
        "x = frame.hash()",
        "x = t.groupby('a').first()",
    ],
)
def test_the_lint_lets_what_is_portable_pass(text):
    assert not faults(text)


def test_no_stage_uses_an_expression_that_differs_between_engines(root):
    for stage in STAGES:
        for path in sorted((root / "src" / "evalml" / stage).rglob("*.py")):
            name = path.relative_to(root / "src" / "evalml").as_posix()
            for call, line, why in faults(path.read_text(encoding="utf-8")):
                if (name, call) not in EXCUSED:
                    pytest.fail(f"{name}:{line}: {call}: {why}")
