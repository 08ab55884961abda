"""The breakdowns of the indicators: `groups.yaml`, typed."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict

from evalml.errors import EvalmlError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GroupValue(_Strict):
    """One value of a breakdown.

    Attributes:
        label: French label.
        of: The codes it gathers.
        needs: Column of `dossiers` without which nobody can be counted in it.
    """

    label: str
    of: tuple[str, ...]
    needs: str | None = None


class Group(_Strict):
    """One breakdown.

    Attributes:
        name: Code.
        label: French label.
        column: Column of the person it reads.
        values: Values by code.
        parts: The values that add up to the whole.
        since: First year it exists in.
        until: Last year it exists in.
    """

    name: str
    label: str
    column: str
    values: dict[str, GroupValue]
    parts: tuple[str, ...]
    since: int | None = None
    until: int | None = None

    def exists_in(self, year: int) -> bool:
        """Return whether the breakdown exists in `year`."""
        return (self.since or year) <= year <= (self.until or year)


def _read() -> dict[str, Group]:
    text = resources.files("evalml.indicators").joinpath("groups.yaml").read_text("utf-8")
    raw = yaml.load(text, yaml.CSafeLoader)
    return {name: Group.model_validate({"name": name, **spec}) for name, spec in raw.items()}


GROUPS: dict[str, Group] = _read()


def groups_of(year: int, names: Sequence[str] | None = None) -> tuple[Group, ...]:
    """Return the breakdowns called `names` (all by default) that exist in `year`.

    Raises:
        EvalmlError: No breakdown has that name.
    """
    for name in names or ():
        if name not in GROUPS:
            raise EvalmlError(f"no breakdown is called '{name}'; {nearest(name, GROUPS)}")
    chosen = [GROUPS[name] for name in (GROUPS if names is None else names)]
    return tuple(g for g in chosen if g.exists_in(year))


def groups_table() -> pd.DataFrame:
    """Return the values of every breakdown, one row each."""
    rows = [
        (g.name, g.label, code, value.label, ", ".join(value.of))
        for g in GROUPS.values()
        for code, value in g.values.items()
    ]
    return pd.DataFrame(rows, columns=["group", "label", "value", "value_label", "codes"])
