"""What a batch shows: a live table while it runs, a summary with reasons at the end."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from evalml.run.status import Status

_COLOURS = {
    "waiting": "dim", "running": "cyan", "finished": "green", "current": "green",
    "failed": "red", "refused": "yellow",
}  # fmt: skip
_ROWS = 30


@contextmanager
def live(
    out: Path, studies: Sequence[str], refused: Sequence[Status]
) -> Iterator[Callable[[Status], None]]:
    """Show the studies while they run: a table on a terminal, a line for each elsewhere."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    if not console.is_terminal:
        total = len(studies) + len(refused)
        yield _lines(console, total)
        return
    ended: dict[str, Status] = {}
    clock = time.perf_counter()

    def table() -> Any:
        return _table(out, studies, ended, time.perf_counter() - clock)

    with Live(get_renderable=table, console=console, refresh_per_second=4, transient=True):
        yield lambda status: ended.update({status.study: status})


def _lines(console: Any, total: int) -> Callable[[Status], None]:
    count = iter(range(1, total + 1))

    def tell(status: Status) -> None:
        seconds = f" in {status.seconds:.1f} s" if status.state == "finished" else ""
        reason = f": {status.reason}" if status.reason else ""
        words = f"[{next(count)}/{total}] {status.study} {status.state}{seconds}{reason}"
        console.print(words, soft_wrap=True, markup=False, highlight=False)

    return tell


def _table(out: Path, studies: Sequence[str], ended: dict[str, Status], seconds: float) -> Any:
    """Draw what runs first, then what failed, then what waits; what is done is counted."""
    from rich.table import Table

    from evalml.run.status import Status, read_status

    now = [ended.get(s) or read_status(out, s) or Status(s, "waiting") for s in studies]
    counts = Counter(status.state for status in now)
    title = ", ".join(f"{n} {state}" for state, n in counts.items()) + f" · {seconds:.0f} s"
    order = {"running": 0, "failed": 1, "refused": 1, "waiting": 2}
    rows = sorted((s for s in now if s.state in order), key=lambda s: order[s.state])
    table = Table("study", "state", "cell", "reason", title=title)
    for status in rows[:_ROWS]:
        cell = f"{status.cell}/{status.cells}" if status.state == "running" else ""
        table.add_row(status.study, _state(status), cell, status.reason)
    return table


def _state(status: Status) -> Any:
    from rich.text import Text

    return Text(status.state, style=_COLOURS[status.state])


def summary_table(ended: Sequence[Status]) -> Any:
    """Return the table of how each study ended, with its reason."""
    from rich.table import Table
    from rich.text import Text

    table = Table("study", "state", "seconds", "MB", "reason, or run")
    for status in ended:
        table.add_row(
            status.study,
            _state(status),
            "" if status.seconds is None else f"{status.seconds:.1f}",
            "" if status.peak_memory_mb is None else f"{status.peak_memory_mb:.0f}",
            Text(status.reason or status.run, overflow="fold"),
        )
    return table


def write_summary(out: Path, ended: Sequence[Status]) -> None:
    """Write summary.csv and summary.json, each replaced as a whole."""
    import csv
    import io
    from dataclasses import asdict

    from evalml.run.status import replace_json

    rows = [asdict(status) for status in ended]
    replace_json(out / "summary.json", rows)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    fresh = out / ".summary.csv"
    fresh.write_text(stream.getvalue(), encoding="utf-8")
    fresh.replace(out / "summary.csv")
