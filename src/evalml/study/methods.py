"""What a method of a study is; each is declared where it is computed (`effect/methods.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evalml.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way to estimate.

    Attributes:
        name: Word of `methods` in a study, or of `--method`.
        fr: Its name in French.
        en: Its name in English.
        when: When to take it.
        never: When not to.
        page: Page of `docs/methods`.
        estimands: Estimands it offers.
        family: Designs whose `estimator` this is may use it: `adjusted`, `instrument`, `areas`;
            empty where only a command computes it.
        command: Command that computes it on a table.
        does: What it is, in a few words, for `--help`.
        se: Standard errors it has, its own first.
        options: Options of the command that it reads.
        seen: Whether it can weight the outcomes known to stand for those lost (`missing: ipcw`).
        also: Other families whose designs may show it, as a naive answer beside their own.
        run: How it is computed on two arms (`effect/methods.py:Run`); None where another part of
            `effect/` computes it.
    """

    name: str
    fr: str
    en: str
    when: str
    never: str
    page: str
    estimands: tuple[str, ...] = ("att",)
    family: str = ""
    command: str = "evalml estimate DATA"
    does: str = ""
    se: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    seen: bool = False
    also: tuple[str, ...] = ()
    run: Any = None

    @property
    def in_study(self) -> bool:
        """Whether a study may name it."""
        return bool(self.family)


METHODS: Registry[Method] = Registry("method", "evalml.effect.methods")
"""Every method, by name."""


def methods_of(family: str) -> tuple[str, ...]:
    """Return the methods that a design with this estimator may use."""
    return tuple(m.name for m in METHODS.values() if family in {m.family, *m.also})
