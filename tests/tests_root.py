"""Where the repository is, for tests that need it before fixtures exist."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def study_values(name):
    """Return the values of a study of `params/` by its name, as its file would have them."""
    from evalml.study import find_study, rerun

    found = find_study(ROOT / "params" / f"{name}.yaml")
    return rerun(
        found.values,
        year=found.year,
        territory=found.territory,
        changes=found.changes,
        name=found.name,
    )
