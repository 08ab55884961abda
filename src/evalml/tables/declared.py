"""The checks of `checks.yaml`, typed, and expanded over tables and columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from evalml.codes import code_list
from evalml.extract import contract

if TYPE_CHECKING:
    from collections.abc import Iterator


class Declared(BaseModel):
    """One entry of `checks.yaml`.

    Attributes:
        check: Name of the check.
        kind: What is computed.
        family: Family of checks, for the page.
        tables: `all`, table names, or columns by table.
        sentence: What was looked for and what it means, in French.
        warn_above: Share of the rows concerned above which the check warns.
        block_above: Share above which the extract is refused, never if not given.
        params: What the kind needs to know (`with` in the file).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: str
    kind: str
    family: str
    tables: str | list[str] | dict[str, list[str]]
    sentence: str
    warn_above: float = Field(default=0, ge=0, le=1)
    block_above: float | None = Field(default=None, ge=0, le=1)
    params: dict[str, Any] = Field(default_factory=dict, alias="with")


@dataclass(frozen=True, slots=True)
class TableCheck:
    """One check on one table, or on one column of it.

    Attributes:
        declared: What `checks.yaml` says.
        table: Name of the table.
        column: Column, or two columns, it bears on; empty for the whole row.
    """

    declared: Declared
    table: str
    column: str = ""

    @property
    def sentence(self) -> str:
        """The sentence, with the order of situations filled in."""
        order = " > ".join(code_list("categorie").values)
        return self.declared.sentence.replace("{ranking}", order)


@cache
def declared_checks() -> tuple[Declared, ...]:
    """Return every entry of `checks.yaml`, in order."""
    text = resources.files("evalml.tables").joinpath("checks.yaml").read_text(encoding="utf-8")
    return tuple(Declared.model_validate(entry) for entry in yaml.safe_load(text))


def checks_of(table: contract.Table) -> tuple[TableCheck, ...]:
    """Return the checks that bear on a table, one per column where it bears on columns."""
    return tuple(c for declared in declared_checks() for c in _expanded(declared, table))


def _expanded(declared: Declared, table: contract.Table) -> Iterator[TableCheck]:
    if declared.tables == "all":
        for column in _COLUMNS.get(declared.kind, _whole_row)(table):
            yield TableCheck(declared, table.name, column)
    elif isinstance(declared.tables, dict):
        for column in declared.tables.get(table.name, []):
            yield TableCheck(declared, table.name, column)
    elif table.name in declared.tables:
        yield TableCheck(declared, table.name)


def _whole_row(_: contract.Table) -> list[str]:
    return [""]


def _bounded(table: contract.Table) -> list[str]:
    return [c.name for c in table.columns if c.minimum is not None or c.maximum is not None]


def _open_lists(table: contract.Table) -> list[str]:
    return [c.name for c in table.columns if c.codes is not None and code_list(c.codes).open]


def _coded(table: contract.Table) -> list[str]:
    return [c.name for c in table.columns if c.codes is not None]


def _integers(table: contract.Table) -> list[str]:
    return [c.name for c in table.columns if c.type == "integer"]


_COLUMNS = {
    "out_of_range": _bounded,
    "unlisted_code": _open_lists,
    "folded_code": _coded,
    "not_whole": _integers,
}
