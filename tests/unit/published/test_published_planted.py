"""Misprints planted at random in coherent tables are found, and nothing else is."""

from __future__ import annotations

import pytest
from tests.unit.published.planted import plant, tables

from evalml.published import audit_figures

WORLDS, PLANTED = 12, 8


def test_coherent_tables_raise_no_alarm():
    for seed in range(WORLDS):
        audit = audit_figures(tables(seed))
        assert len(audit.outcomes) > 150
        assert audit.findings == ()


@pytest.fixture(scope="module")
def audits():
    for_each = []
    for seed in range(WORLDS):
        figures, chosen = plant(tables(seed), 1000 + seed, PLANTED)
        for_each.append((audit_figures(figures), chosen))
    return for_each


def test_every_planted_misprint_breaks_an_identity(audits):
    missed = [
        name
        for audit, chosen in audits
        for name in chosen - {m for o in audit.failures for m in o.identity.members}
    ]
    assert missed == []


def test_nine_planted_misprints_in_ten_are_named_first(audits):
    named = sum(len(chosen & {f.figures[0] for f in a.findings}) for a, chosen in audits)
    assert named >= 0.9 * WORLDS * PLANTED


def test_every_finding_bears_on_a_planted_misprint(audits):
    for audit, chosen in audits:
        for finding in audit.findings:
            members = {m for o in finding.failures for m in o.identity.members}
            assert chosen & members


def test_a_near_certain_slip_is_right_nineteen_times_in_twenty(audits):
    sure = [
        f.figures[0] in chosen
        for audit, chosen in audits
        for f in audit.findings
        if f.cause == "slip" and f.certainty == "quasi certaine"
    ]
    assert len(sure) > WORLDS
    assert sum(sure) >= 0.93 * len(sure)


def test_one_misprint_alone_is_the_first_finding():
    right = 0
    for seed in range(WORLDS):
        figures, chosen = plant(tables(seed, indicators=3), 2000 + seed, 1)
        findings = audit_figures(figures).findings
        right += bool(findings) and findings[0].figures[0] in chosen
    assert right >= WORLDS - 1
