"""`evalml contract` and `evalml rules`, as typed."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from evalml.cli.explain import rules
from evalml.cli.extract import contract
from evalml.errors import EvalmlError
from evalml.extract.contract import TABLES

app = typer.Typer()
app.command("contract")(contract)
app.command("rules")(rules)


def output(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.exception
    return result.output


# Ceilings and references read in openfisca-france; see test_rules_dated.py.
PRINTED = {
    "2022-03-01": ("500 euros", "300 euros", "200 euros", "Décret n° 2022-199"),
    "2023-04-01": ("528 euros", "316.8 euros", "211.2 euros", "DSS/2B/2023/41"),
    "2024-04-01": ("552.29 euros", "331.37 euros", "220.92 euros", "DSS/2A/2C/2024/42"),
    "2025-04-01": ("561.68 euros", "337.0 euros", "224.68 euros", "DSS/2A/2C/2025/32"),
}


@pytest.mark.parametrize("day", PRINTED)
def test_the_rules_of_a_day_are_printed_with_their_references(day: str) -> None:
    text = output("rules", "cej", "--at", day)
    assert all(found in text for found in PRINTED[day])


def test_every_programme_is_printed_as_json_without_a_day() -> None:
    whole = json.loads(output("rules", "--json", "--at", "2023-06-01"))
    assert {"CEJ", "PACEA", "IAE", "PMSMP"} <= whole["programmes"].keys()
    assert whole["programmes"]["CEJ"]["age_max"]["value"] == 25
    assert whole["programmes"]["LOI_PLEIN_EMPLOI"] == {}


def test_an_amount_past_its_yearly_change_is_printed_with_a_warning() -> None:
    text = output("rules", "cej", "--at", "2026-11-30")
    assert "WARNING: allowance_adult_not_taxable" in text
    assert "561.68 euros per month [changed on 2026-04-01, not read]" in text
    assert "566.17" not in text
    assert "566.17 euros per month [unverified]" in output(
        "rules", "cej", "--at", "2026-11-30", "--unverified"
    )
    assert "WARNING" not in output("rules", "cej", "--at", "2026-03-31")


def test_a_day_that_is_none_is_refused() -> None:
    result = CliRunner().invoke(app, ["rules", "cej", "--at", "hier"])
    assert isinstance(result.exception, EvalmlError)
    assert "write it 2023-06-01" in str(result.exception)


def test_the_contract_is_printed_whole_or_by_table() -> None:
    whole = json.loads(output("contract", "--json"))
    assert [t["name"] for t in whole["tables"]] == [t.name for t in TABLES]
    assert "rqth_depuis" in output("contract", "jeunes")
    assert "list,value,label,open,source" in output("contract", "--lists")
