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


def study_files():
    """Return the files of `params/` that are evaluations: tables of activity are none."""
    files = sorted((ROOT / "params").glob("*.yaml"))
    return [path for path in files if "kind: activity" not in path.read_text(encoding="utf-8")]
