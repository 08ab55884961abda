"""Every number of a release held to those of the results, apart from the gate.

`gaps`: each cell and each typed value of the tables is that of `results/` within half its printed
step. `unexplained`: each number printed in a document, a figure or the explorer is one of the
tables, in the form it is printed in, or stands in the words of the package or of the study.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from functools import cache

import docx
import pandas as pd
import pypdf
from tests_root import ROOT

from evalml.report.note import masked_tables
from evalml.report.results import read_results

NUMBER = re.compile(r"\d{1,3}(?: \d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?")
COUNT = re.compile(r"n|numerator|denominator|kept|lost|events|n_.*|kept_.*")
STEPS = {"smd_before": "smd", "smd_after": "smd", "variance_ratio": "smd", "max_smd": "smd",
         "r_squared": "smd", "icc": "smd", "share_unobserved": "proportion",
         "observation_gap": "proportion", "threshold": ""}  # fmt: skip
DRAWN = ("trajectories", "intensity")
"""Tables whose numbers are points of figures, not words; their counts are printed."""
TYPED = ("values", "causes", "words")
WORDS = ["src/evalml/words", "src/evalml/report/templates"]


def tables_of(run):
    return {path.stem: pd.read_csv(path) for path in sorted((run / "release/tables").glob("*.csv"))}


def step_of(table, column):
    """The column that says the step of another."""
    if COUNT.fullmatch(column):
        return "rounding"
    own = f"step_{STEPS.get(column, '')}"
    return own if own in table else "step"


def gaps(run):
    """How many numbers left, and those off by more than half a step: (table, column, row, gap)."""
    inside = masked_tables(read_results(run / "results"), 11)
    seen, moved, largest = 0, [], 0.0
    for name, out in tables_of(run).items():
        if name == "annexe":
            true = pd.read_csv(run / "results/annexe.csv")
        else:
            true = inside[name].reset_index(drop=True)
        assert len(out) == len(true), name
        for column in (c for c in out if c in true and out[c].dtype.kind in "fi"):
            step = step_of(out, column)
            if column == "p_value" or true[column].dtype.kind not in "fi" or step not in out:
                continue
            seen += int(out[column].notna().sum())
            gap = (out[column] - true[column]).abs() / out[step]
            largest = max(largest, gap.max() if gap.notna().any() else 0.0)
            moved += [(name, column, at, gap[at]) for at in gap.index[gap > 0.5 + 1e-6]]
        for column in (c for c in TYPED if c in out and c in true):
            for at, (a, b) in enumerate(zip(out[column], true[column], strict=True)):
                told, known = numbers_in(a), numbers_in(b)
                seen += len(told)
                moved += [(name, f"{column}.{key}", at, value) for key, value in told.items()
                          if not near(value, known.get(key))]  # fmt: skip
    return seen, moved, largest


def numbers_in(text):
    """The numbers of typed values or messages, by where they stand."""
    found = json.loads(text) if isinstance(text, str) and text.startswith(("{", "[")) else {}
    flat = {}

    def walk(each, path):
        for key, value in each.items() if isinstance(each, dict) else enumerate(each):
            if isinstance(value, dict | list):
                walk(value, (*path, key))
            elif isinstance(value, int | float) and not isinstance(value, bool) and key != "digits":
                flat[*path, key] = value

    walk(found, ())
    return flat


def near(value, known):
    """Whether a number is another at no more than half of some step that is used, or rounded."""
    if known is None:
        return False
    steps = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025) if abs(known) <= 1 else ()
    widest = max([0.005 * abs(known) + 0.006, *steps]) if abs(known) <= 1 else max(
        2.5, 0.005 * abs(known)
    )  # fmt: skip
    return abs(value - known) <= widest + 1e-9


def forms(value):
    """How a number may be printed: a share in points, or as it is, without its sign."""
    size = abs(value)
    ways = [(100, 0), (100, 1), (1, 1), (1, 2), (1, 3)] if size <= 1 else [(1, 0), (1, 1), (1, 2)]
    return {
        f"{size * scale:.{digits}f}" for scale, digits in ways
        if abs(round(size * scale, digits) - size * scale) < 1e-9 * max(1.0, size * scale)
    }  # fmt: skip


def known_numbers(run):
    """The numbers that may be printed in words: of the tables, of typed values, of phrases."""
    found = set()
    for name, table in tables_of(run).items():
        for column in (c for c in table if name not in DRAWN or COUNT.fullmatch(c)):
            if table[column].dtype.kind in "fi":
                for value in table[column].dropna().unique():
                    found |= forms(float(value))
            else:
                for text in map(str, table[column].dropna().unique()):
                    if column in TYPED:
                        found |= {form for n in numbers_in(text).values() for form in forms(n)}
                    else:
                        found |= set(printed(text))
    return found


def words_numbers(run):
    """The numbers that stand in the words of the package, and of the study."""
    told = (run / "release/study.json").read_text(encoding="utf-8")
    texts = [told, " ".join(f"{float(n):.0f}" for n in NUMBER.findall(told) if "." in n)]
    for folder in WORDS:
        texts += [path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.yaml")]
    return set(printed(" ".join(texts)))


def printed(text):
    """The numbers of a text as `1234.5`, in reading order."""
    plain = re.sub("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]", " ", text)
    return [found.replace(" ", "").replace(",", ".") for found in NUMBER.findall(plain)]


@cache
def text_of(path):
    """The text a reader sees of a file."""
    if path.suffix == ".docx":
        document = docx.Document(str(path))
        cells = [c.text for t in document.tables for row in t.rows for c in row.cells]
        return " | ".join([*(p.text for p in document.paragraphs), *cells])
    if path.suffix == ".pdf":
        return " ".join(page.extract_text() for page in pypdf.PdfReader(str(path)).pages)
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".svg":
        return " | ".join(re.findall(r"<text[^>]*>(.*?)</text>", text))
    text = re.sub(r"(?s)<(style|script|svg)\b.*?</\1>|<!--.*?-->|<[^>]+>", " | ", text)
    return re.sub(r"&#?\w+;", " ", text)


def files_of(run):
    """The documents and figures of a release."""
    kinds = {".html", ".docx", ".pdf", ".svg"}
    return [path for path in sorted((run / "release").rglob("*")) if path.suffix in kinds]


def unexplained(run, known=None, text=text_of):
    """File -> its numbers that no table and no words of the study or the package hold."""
    every = (known_numbers(run) if known is None else known) | words_numbers(run)
    found = {}
    for path in files_of(run):
        extra = [n for n in printed(text(path)) if not (n in every or ticks(n, path))]
        found[path.name] = Counter(extra)
    return {name: extra for name, extra in found.items() if extra}


def ticks(number, path):
    """Whether a number is a round one of an axis, a page or a date."""
    value = float(number) if number.count(".") < 2 else math.nan
    if path.suffix == ".pdf":  # which holds the words of its figures
        figures = path.parent.glob("figures/*.svg")
        if any(number in printed(text_of(one)) and ticks(number, one) for one in figures):
            return True
    if path.suffix == ".svg":
        return value <= 100 and abs(value * 20 - round(value * 20)) < 1e-9
    return value.is_integer() and (value <= 40 or 1900 < value < 2100)
