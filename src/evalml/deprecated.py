"""Names that were changed: the old one still works, and says what replaces it and until when."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def renamed(package: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package that answers to old names with a warning.

    Args:
        package: The package, `__name__`.
        names: The new name by the old one; the package has the new one.
    """

    def answer(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        message = f"{package}.{name} is now {package}.{names[name]}; the old name goes with 0.4"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return getattr(sys.modules[package], names[name])

    return answer
