from __future__ import annotations

from pathlib import Path

import evalml

SOURCES = Path(evalml.__file__).parent
DOORS = ("synthetic", "cli")


def _outside():
    for path in sorted(SOURCES.rglob("*.py")):
        if path.relative_to(SOURCES).parts[0] not in DOORS:
            yield path, path.read_text(encoding="utf-8")


def test_no_stage_imports_the_generator():
    guilty = [str(p) for p, text in _outside() if "evalml.synthetic" in text]
    assert guilty == []


def test_no_stage_names_the_folder_of_what_is_true():
    guilty = [str(p) for p, text in _outside() if "truth/" in text or '/ "truth"' in text]
    assert guilty == []
