"""The tables of docs/methods/programmes.md, from the CSV beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

NAMES = {"judge": "judge_hidden", "judge_iae": "judge_iae_hidden"}
"""Each world without a hidden confounder, and the same with one."""
CHECKS = {
    "negative_controls": "negative controls",
    "e_value": "E-value",
    "confounder_strength": "strength of a confounder",
}


def page_tables(table: pd.DataFrame) -> str:
    """Return the three tables of docs/methods/programmes.md from its CSV."""
    return "\n\n".join([_coverage(table), _size(table), _hidden(table)]) + "\n"


def _head(*names: str) -> list[str]:
    return [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]


def _coverage(table: pd.DataFrame) -> str:
    lines = _head(
        "programme", "outcome", "month", "entrants", "truth", "bias (its error)", "SD",
        "mean s.e.", "covers", "naive bias", "naive covers",
    )  # fmt: skip
    here = table[table["world"].isin(list(NAMES)) & (table["outcome"] != "check")]
    for r in here[here["method"] == "aipw"].itertuples():
        same = (here["programme"] == r.programme) & (here["horizon"] == r.horizon)
        naive = here[same & (here["outcome"] == r.outcome) & (here["method"] == "diff")].iloc[0]
        error = r.error_sd / np.sqrt(r.seeds)
        lines.append(
            f"| {r.programme} | `{r.outcome}` | {r.horizon:.0f} | {r.n_treated:.0f} "
            f"| {100 * r.truth:+.1f} | {100 * r.bias:+.1f} ({100 * error:.1f}) "
            f"| {100 * r.error_sd:.1f} | {100 * r.std_error:.1f} | {r.covers:.0f}/{r.seeds} "
            f"| {100 * naive.bias:+.1f} | {naive.covers:.0f}/{naive.seeds} |"
        )
    return "\n".join(lines)


def _size(table: pd.DataFrame) -> str:
    lines = _head("programme", "month", "bias (its error)", "finds one", "naive finds one")
    here = table[(table["world"] == "judge_null") & (table["outcome"] != "check")]
    for r in here[here["method"] == "aipw"].itertuples():
        same = (here["programme"] == r.programme) & (here["horizon"] == r.horizon)
        naive = here[same & (here["method"] == "diff")].iloc[0]
        error = r.error_sd / np.sqrt(r.seeds)
        lines.append(
            f"| {r.programme} | {r.horizon:.0f} | {100 * r.bias:+.1f} ({100 * error:.1f}) "
            f"| {r.rejects:.0f}/{r.seeds} | {naive.rejects:.0f}/{naive.seeds} |"
        )
    return "\n".join(lines)


def _hidden(table: pd.DataFrame) -> str:
    fails = [f"{name} fail" for name in CHECKS.values()]
    lines = _head("programme", "world", "bias at 12 months", "covers", *fails)
    for pair in NAMES.items():
        for programme in table[table["world"] == pair[0]]["programme"].unique():
            for world, said in zip(pair, ("nothing hidden", "hidden"), strict=True):
                mine = table[(table["world"] == world) & (table["programme"] == programme)]
                if len(mine):
                    lines.append(f"| {programme} | {said} | " + _row_of_checks(mine))
    return "\n".join(lines)


def _row_of_checks(mine: pd.DataFrame) -> str:
    first = mine[(mine["method"] == "aipw") & (mine["horizon"] == 12)].iloc[0]
    fails = mine[mine["outcome"] == "check"].set_index("method")
    told = [f"{fails.loc[name, 'fails']:.0f}/{fails.loc[name, 'seeds']}" for name in CHECKS]
    return (
        f"{100 * first.bias:+.1f} | {first.covers:.0f}/{first.seeds} | " + " | ".join(told) + " |"
    )


def write_page(page: Path, table: pd.DataFrame) -> None:
    """Lay the tables of the CSV into the page, between its two marks."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n{page_tables(table)}{END}{after}", encoding="utf-8")


BEGIN, END = "<!-- tables -->", "<!-- end of tables -->"
