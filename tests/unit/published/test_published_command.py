"""`evalml published audit` and `compare`, and the page they write."""

from __future__ import annotations

import csv
import json
from html.parser import HTMLParser

import pytest
from typer.testing import CliRunner

from evalml.cli.published import app
from evalml.errors import EvalmlError

RUN = CliRunner()
HEAD = "id,source,place,year,territory,indicator,statistic,unit,value_printed,value,rounding"
SUM = [
    f"p_{code},essai,t · l.{n},2024,departement:{code},pacea,count,jeunes,{printed},{printed.replace(' ', '')},1"
    for n, (code, printed) in enumerate(
        {"02": "2 977", "59": "8 138", "60": "2 692", "62": "5 970", "80": "18 799"}.items()
    )
]
WHOLE = "p_hdf,essai,t · l.9,2024,region:32,pacea,count,jeunes,21 656,21656,1"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("\n".join((HEAD, *SUM, WHOLE)) + "\n", encoding="utf-8")
    return path


def test_failures_are_findings_and_the_exit_code_is_zero(file, tmp_path):
    out = tmp_path / "out"
    result = RUN.invoke(app, ["audit", str(file), "--out", str(out)])
    assert result.exit_code == 0
    assert "failing: 1; findings: 1" in result.output
    assert {p.name for p in out.iterdir()} == {"audit.html", "findings.csv", "identities.csv"}
    (row,) = csv.DictReader((out / "findings.csv").open(encoding="utf-8"))
    assert (row["figures"].split()[0], row["correction"], row["gap"]) == ("p_80", "1 879", "16920")


def test_the_json_is_one_object(file):
    result = RUN.invoke(app, ["audit", str(file), "--json"])
    found = json.loads(result.output)
    assert (found["figures"], found["identities"], found["failures"]) == (6, 1, 1)
    assert found["findings"][0]["correction"] == "1 879"


def test_the_example_of_the_guide_is_found(root, tmp_path):
    guide = (root / "docs" / "how-to" / "audit-a-published-figure.md").read_text(encoding="utf-8")
    (tmp_path / "mine.csv").write_text(guide.split("```csv\n")[1].split("```")[0], encoding="utf-8")
    found = json.loads(RUN.invoke(app, ["audit", str(tmp_path / "mine.csv"), "--json"]).output)
    (finding,) = found["findings"]
    assert (finding["figures"], finding["correction"]) == (["p_80"], "1 879")


def test_a_wrong_file_is_refused_and_nothing_is_written(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(HEAD + "\n" + SUM[0].replace("2024", "l’an dernier") + "\n", encoding="utf-8")
    result = RUN.invoke(app, ["audit", str(path), "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, EvalmlError)
    assert result.exception.exit_code == 2
    assert "line 2, column year" in str(result.exception)
    assert not (tmp_path / "out").exists()


class Page(HTMLParser):
    """Collect what makes a page readable by all."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.attributes, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_self_contained_french_and_accessible(file, tmp_path):
    RUN.invoke(app, ["audit", str(file), "--out", str(tmp_path)])
    text = (tmp_path / "audit.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert ("html", {"lang": "fr"}) in page.attributes
    assert page.tags.count("h1") == 1
    assert page.tags.count("table") == page.tags.count("caption")
    assert all("scope" in a for tag, a in page.attributes if tag == "th")
    assert "http" not in text
    assert "@media print" in text
    links = {a["href"][1:] for tag, a in page.attributes if tag == "a"}
    assert links <= {a["id"] for _, a in page.attributes if "id" in a}


def test_the_page_escapes_what_the_file_says(tmp_path):
    path = tmp_path / "mine.csv"
    rows = [r.replace("essai", "<b>essai</b>") for r in (*SUM, WHOLE)]
    path.write_text("\n".join((HEAD, *rows)) + "\n", encoding="utf-8")
    RUN.invoke(app, ["audit", str(path), "--out", str(tmp_path)])
    assert "<b>essai" not in (tmp_path / "audit.html").read_text(encoding="utf-8")


def test_the_same_audit_gives_the_same_bytes(file, tmp_path):
    for name in ("one", "two"):
        RUN.invoke(app, ["audit", str(file), "--out", str(tmp_path / name)])
    for name in ("findings.csv", "identities.csv", "audit.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_compare_says_what_a_table_of_indicators_makes_of_the_figures(file, tmp_path):
    indicators = tmp_path / "indicators.csv"
    indicators.write_text(
        "indicator,territory,year,value\npacea,departement:02,2024,2977\npacea,departement:80,2024,1879\n",
        encoding="utf-8",
    )
    command = ["compare", str(indicators), "--published", str(file), "--out", str(tmp_path)]
    result = RUN.invoke(app, command)
    assert result.exit_code == 0, result.output
    rows = {r["id"]: r for r in csv.DictReader((tmp_path / "compare.csv").open(encoding="utf-8"))}
    assert rows["p_02"]["verdict"] == "equal"
    assert (rows["p_80"]["verdict"], float(rows["p_80"]["difference"])) == ("differs", -16920)
    assert rows["p_hdf"]["reason"] == "le territoire region:32 n’est pas dans l’extrait"


def test_gaps_are_kept_over_versions_and_what_moved_is_said(file, tmp_path):
    indicators, gaps = tmp_path / "indicators.csv", tmp_path / "kept" / "gaps.csv"
    head = "indicator,territory,year,value\n"
    command = ["compare", str(indicators), "--published", str(file), "--gaps", str(gaps)]
    for version, value in (("1", 2900), ("2", 2977), ("2", 2977)):
        indicators.write_text(f"{head}pacea,departement:02,2024,{value}\n", encoding="utf-8")
        result = RUN.invoke(app, [*command, "--version", version])
        assert result.exit_code == 0, result.output
    assert "moved since the last version: 1" in result.output
    rows = [r for r in csv.DictReader(gaps.open(encoding="utf-8")) if r["id"] == "p_02"]
    assert [(r["version"], r["verdict"], r["difference"]) for r in rows] == [
        ("1", "differs", "-77"),
        ("2", "equal", "0"),
    ]


def test_a_file_that_holds_no_gaps_is_not_overwritten(file, tmp_path):
    indicators = tmp_path / "indicators.csv"
    indicators.write_text("indicator,territory,year,value\n", encoding="utf-8")
    command = ["compare", str(indicators), "--published", str(file), "--gaps", str(file)]
    before = file.read_bytes()
    result = RUN.invoke(app, command)
    assert isinstance(result.exception, EvalmlError)
    assert file.read_bytes() == before


def test_compare_without_indicators_says_what_to_give(file, tmp_path):
    result = RUN.invoke(app, ["compare", str(tmp_path), "--published", str(file)])
    assert isinstance(result.exception, EvalmlError)
    assert "results/indicators.csv" in str(result.exception)
