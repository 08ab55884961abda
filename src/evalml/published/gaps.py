"""Keep the gaps between our figures and those in print, version after version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalml.published.read import PublishedError

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("version", "id", "verdict", "difference", "reason")


def read_gaps(file: Path) -> pd.DataFrame:
    """Return the gaps kept so far, none when the file is not there yet.

    Raises:
        PublishedError: The file has other columns.
    """
    if not file.is_file():
        return pd.DataFrame(columns=list(COLUMNS)).astype({"difference": float})
    kept = pd.read_csv(file, dtype=dict.fromkeys(("version", "id", "verdict", "reason"), str))
    if tuple(kept.columns) != COLUMNS:
        raise PublishedError(
            f"{file.name} does not hold gaps; its columns are {list(kept.columns)}"
        )
    return kept.fillna({"reason": ""})


def keep_gaps(file: Path, compared: pd.DataFrame, version: str) -> pd.DataFrame:
    """Write the gaps of a version among those kept, and return what moved since the last one.

    Args:
        file: Where gaps are kept; made when absent. The rows of the same version are replaced.
        compared: What `compare_published` returned.
        version: Of the code, or of the extract.

    Returns:
        Columns `id`, `before`, `now`: the figures whose verdict changed.
    """
    kept = read_gaps(file)
    older = kept[kept["version"] != version]
    now = compared.loc[:, ["id", "verdict", "difference", "reason"]].assign(version=version)
    file.parent.mkdir(parents=True, exist_ok=True)
    parts = [older, now] if len(older) else [now]
    pd.concat(parts)[list(COLUMNS)].to_csv(file, index=False, float_format="%.6g")
    return moved(older, now)


def moved(older: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return the figures whose verdict differs from that of the last version kept."""
    last = older.drop_duplicates("id", keep="last").set_index("id")["verdict"]
    before = now["id"].map(last)
    changed = before.notna() & (before != now["verdict"])
    frame = pd.DataFrame({"id": now["id"], "before": before, "now": now["verdict"]})
    return frame[changed].reset_index(drop=True)
