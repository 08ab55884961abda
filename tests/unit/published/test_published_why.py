"""Why a figure differs: the surest reason first."""

from __future__ import annotations

import pandas as pd
from tests.unit.published.makers import figure

from evalml.published import compare_published
from evalml.published.audit import Audit
from evalml.published.compare import explain_differences
from evalml.published.diagnosis import Finding

HERE = {"territory": "region:32", "year": 2024, "indicator": "jeunes"}


def why(printed, value, findings=(), *, synthetic=False):
    figures = {f.id: f for f in printed}
    audit = Audit.__new__(Audit)
    for name, held in (("figures", figures), ("findings", tuple(findings)), ("outcomes", ())):
        object.__setattr__(audit, name, held)
    compared = compare_published(figures, pd.DataFrame([{**HERE, "value": value}]))
    return list(explain_differences(compared, audit, synthetic=synthetic)["explanation"])


def finding(name, cause, correction=""):
    return Finding((name,), (), cause, "", correction, "probable")


def test_what_agrees_needs_no_reason():
    assert why([figure("a", "100")], 100) == [""]


def test_a_misprint_the_audit_reads_as_we_do():
    said = why([figure("a", "18 799")], 1879, [finding("a", "slip", "1 879")], synthetic=True)
    assert said == ["Coquille : l’audit lit 1 879, qui est notre valeur."]


def test_a_misprint_the_audit_reads_otherwise_is_no_excuse():
    said = why([figure("a", "18 799")], 999, [finding("a", "slip", "1 879")], synthetic=True)
    assert said[0].startswith("Données inventées")


def test_printed_elsewhere_as_we_compute_it():
    said = why([figure("a", "19 652"), figure("b", "19 797")], 19797)
    assert said == ["Imprimé ailleurs dans les mêmes documents : 19 797, qui est notre valeur.", ""]


def test_two_extractions_explain_a_small_gap_only():
    found = [finding("a", "extractions")]
    assert why([figure("a", "100")], 103, found, synthetic=True)[0].endswith("d’une base vivante.")
    assert why([figure("a", "100")], 200, found, synthetic=True)[0].startswith("Données inventées")


def test_one_unit_of_the_last_digit():
    assert why([figure("a", "751")], 750)[0].startswith("Une unité du dernier chiffre")


def test_a_real_extract_has_to_be_looked_into():
    assert why([figure("a", "100")], 200) == [
        "À examiner : autre définition, autre jour d’extraction, ou erreur."
    ]
