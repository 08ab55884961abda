"""The reference pages of definitions say what the catalogues and the cases say."""

from __future__ import annotations

import pytest
from tests_root import ROOT
from tools.docs_definitions import DEFINITION_PAGES


@pytest.mark.parametrize("name", sorted(DEFINITION_PAGES))
def test_a_page_of_definitions_has_not_drifted(name):
    assert (ROOT / name).read_text(encoding="utf-8") == DEFINITION_PAGES[name](), "run `make docs`"


def test_a_page_names_every_definition():
    from evalml.indicators import GROUPS, INDICATORS
    from evalml.outcomes import OUTCOMES

    indicators, outcomes = (
        (ROOT / f"docs/reference/{name}.md").read_text(encoding="utf-8")
        for name in ("indicators", "outcomes")
    )
    assert all(f"### `{name}` : " in indicators for name in INDICATORS)
    assert all(f"| `{name}` |" in indicators for name in GROUPS)
    assert all(f"| `{name}` |" in outcomes for name in OUTCOMES)
