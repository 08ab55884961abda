"""Time to the first month in an outcome, with what competes with it and when sight was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.engine import Table, cases, coalesce, least, literal, row_number, window
from evalml.errors import StudyError, nearest
from evalml.outcomes.compute import columns_of, monthly_value
from evalml.outcomes.outcome import OUTCOMES, Outcome

if TYPE_CHECKING:
    from evalml.panel import Panel

CENSORED, EVENT, COMPETING = 0, 1, 2


def time_to_first(
    panel: Panel, event: str = "emploi_durable", competing: tuple[str, ...] = ("scolarite",)
) -> Table:
    """Return when each entry first reached an outcome, as cumulative incidence curves need it.

    Months count from time zero; the month of time zero itself, in which the programme starts, is
    left out. Whoever reaches neither outcome is censored in the last month declared without a gap,
    or at the end of the follow-up: what comes after a gap is not known to be the first time.

    Args:
        panel: The months of the cohort.
        event: Name of the declared outcome waited for.
        competing: Declared outcomes that end the wait otherwise; in one month the event wins.

    Returns:
        One row per entry: `entry`, `time` (months, 0 where nothing was declared), `event` (0
        censored, 1 the outcome, 2 a competing one).

    Raises:
        StudyError: An outcome is unknown, is not declared, or is no proportion.
    """
    wanted, others = _declared(event), [_declared(name) for name in competing]
    rows = panel.read("state", *columns_of([wanted, *others]))
    rows = rows.filter((rows.k >= 1) & rows.state.notnull())
    reached = (monthly_value(rows, wanted) == 1).fill_null(False)
    ended = literal(value=False)
    for outcome in others:
        ended |= (monthly_value(rows, outcome) == 1).fill_null(False)
    marked = rows.select("entry", "k", reached=reached, ended=ended)
    gapless = _last_without_gap(marked)
    firsts = marked.group_by("entry").agg(
        first=marked.k.min(where=marked.reached), other=marked.k.min(where=marked.ended)
    )
    both = panel.cohort.entries.select("entry").left_join(firsts, "entry").drop("entry_right")
    both = both.left_join(gapless, "entry").drop("entry_right")
    sight = both.last.fill_null(0)
    first = cases((both["first"] <= sight, both["first"]), else_=None)
    other = cases((both.other <= sight, both.other), else_=None)
    return both.select(
        "entry",
        time=least(coalesce(first, sight), coalesce(other, sight), sight).cast("int32"),
        event=cases(
            (first.notnull() & (other.isnull() | (first <= other)), EVENT),
            (other.notnull(), COMPETING),
            else_=CENSORED,
        ).cast("int8"),
    )


def _last_without_gap(marked: Table) -> Table:
    """Return the last month reached from month 1 on without an unknown month."""
    order = window(group_by="entry", order_by="k")
    ranked = marked.mutate(place=row_number().over(order) + 1)
    straight = ranked.filter(ranked.place == ranked.k)
    return straight.group_by("entry").agg(last=straight.k.max())


def _declared(name: str) -> Outcome:
    if name not in OUTCOMES:
        raise StudyError(f"no outcome is called '{name}'; {nearest(name, OUTCOMES)}")
    outcome = OUTCOMES[name]
    if outcome.channel != "declared" or outcome.unit != "proportion":
        raise StudyError(
            f"outcome '{name}' is not a declared proportion, so it has no first month; "
            "use one such as 'emploi_durable'"
        )
    return outcome
