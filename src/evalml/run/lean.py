"""Import the notebook libraries without what none of them needs here.

nbformat asks jsonschema for every format it can check; one of them, the internationalised web
address, compiles a whole grammar as it is imported, which takes longer than the rest together. A
notebook has no such address.
"""

from __future__ import annotations

import sys

_GRAMMAR = "rfc3987_syntax"


def import_lean() -> None:
    """Import nbformat, and leave that grammar out unless somebody has asked for it already."""
    if "nbformat" in sys.modules or _GRAMMAR in sys.modules:
        return
    # None makes the import fail, and jsonschema then goes without this one format.
    sys.modules[_GRAMMAR] = None  # type: ignore[assignment]
    try:
        import nbformat  # noqa: F401
    finally:
        del sys.modules[_GRAMMAR]
