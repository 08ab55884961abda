"""What is declared once: one registry per kind of thing, read by all who need to know of it.

A programme, a design, a method, an outcome, a covariate, a check, a result table or a figure says
everything about itself where it is made. What lists them (words, help, schema, pages) reads here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol, TypeVar

from evalml.errors import EvalmlError, nearest


class Named(Protocol):
    """What a registry holds: it has a name, and a label in both languages."""

    @property
    def name(self) -> str:
        """Its word in a study, or in a table."""

    @property
    def fr(self) -> str:
        """Its label in French."""

    @property
    def en(self) -> str:
        """Its label in English."""


T = TypeVar("T", bound=Named)

KINDS = {
    "programmes": "evalml.study.programmes:PROGRAMMES",
    "designs": "evalml.study.designs:DESIGNS",
    "methods": "evalml.study.methods:METHODS",
    "outcomes": "evalml.outcomes.outcome:OUTCOMES",
    "covariates": "evalml.cohort.covariates:COVARIATES",
    "checks": "evalml.checks.check:CHECKS",
    "figures": "evalml.report.note_figures:FIGURES",
    "results": "evalml.results:RESULT_TABLES",
}
"""Where the registry of each kind is."""


class Registry(Mapping[str, T]):
    """The things of one kind, by name, in the order in which they were declared."""

    def __init__(self, kind: str, home: str = "") -> None:
        """Make an empty registry.

        Args:
            kind: What it holds, for errors: `method`.
            home: Module that declares them, or `package.*` for those of a package; imported when
                they are first asked for.
        """
        self.kind, self._home = kind, home
        self._held: dict[str, T] = {}

    def add(self, *declared: T) -> None:
        """Declare things.

        Raises:
            EvalmlError: A name is taken.
        """
        for one in declared:
            if one.name in self._held:
                raise EvalmlError(f"two {self.kind}s are called '{one.name}'; rename one")
            self._held[one.name] = one

    def find(self, name: str) -> T:
        """Return one by its name.

        Raises:
            ValueError: There is none; the nearest is named.
        """
        if name not in self:
            raise ValueError(f"{self.kind} '{name}' is unknown; {nearest(name, self)}")
        return self[name]

    def _known(self) -> dict[str, T]:
        if self._home:
            home, self._home = self._home, ""
            package = import_module(home.removesuffix(".*"))
            if home.endswith(".*"):
                for one in iter_modules(package.__path__):
                    import_module(f"{package.__name__}.{one.name}")
        return self._held

    def __getitem__(self, name: str) -> T:
        """Return one by its name."""
        return self._known()[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._known())

    def __len__(self) -> int:
        """Count them."""
        return len(self._known())


def registry_of(kind: str) -> Mapping[str, Any]:
    """Return the registry of a kind, such as `methods`; an empty one where nothing registers it."""
    if kind not in KINDS:
        return {}
    module, _, name = KINDS[kind].partition(":")
    found: Mapping[str, Any] = getattr(import_module(module), name)
    return found
