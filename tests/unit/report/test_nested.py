"""Which populations lie inside one another, so that a release is held to the others."""

from __future__ import annotations

import pytest

from evalml.report.nested import areas_of


@pytest.mark.parametrize(
    ("region", "inside"), [("Hauts-de-France", "Nord"), ("Guadeloupe", "Guadeloupe, Martinique")]
)
def test_a_region_is_its_departements_overseas_too(region, inside):
    whole, part = areas_of(region), areas_of(inside)
    assert all(code.isalnum() and len(code) <= 3 for code in whole | part)
    assert whole & part
    assert areas_of("France entière") is None
