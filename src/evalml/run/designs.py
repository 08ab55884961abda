"""Which designs a notebook can run: it says so itself, in its metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from evalml.errors import StudyError

if TYPE_CHECKING:
    from pathlib import Path

    from evalml.study import Study


def refuse_design(study: Study, notebook: Path) -> None:
    """Refuse a study whose design its notebook cannot run, before any kernel starts.

    A notebook names its designs in its metadata, as `{"evalml": {"designs": [...]}}`; one that
    names none takes them all.

    Args:
        study: The study, checked.
        notebook: The notebook it names.

    Raises:
        StudyError: The design is not one of those the notebook names.
    """
    metadata = json.loads(notebook.read_text(encoding="utf-8")).get("metadata", {})
    known = metadata.get("evalml", {}).get("designs")
    design = study.comparison.design
    if known is not None and design not in known:
        raise StudyError(
            f"comparison.design: notebook '{notebook.stem}' cannot run {design}; it runs "
            f"{' and '.join(known)}: name another notebook, or declare it as a secondary analysis"
        )
