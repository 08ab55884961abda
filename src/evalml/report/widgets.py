"""Choose a study, an outcome, a horizon, a group, a method in a notebook; read what may be shown.

All that is offered and shown comes from protected tables: nobody's row is there to be chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from evalml.errors import DataError
from evalml.report.answers import Answer, answer_of, protected_run
from evalml.report.certainty import certainty_of_each
from evalml.report.sentences import labels_of_study, meta_in_words
from evalml.report.verdict import NEVER, in_order
from evalml.report.words import outcome_label, words
from evalml.typography import typeset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

KEYS = ("territory", "first", "outcome", "horizon", "subgroup", "method")
"""What is chosen, each among what the choices before it leave; by the names of their words."""


class Protected(Protocol):
    """What gives its effects and checks as they may be shown, such as an `Evaluation`."""

    def shown_tables(self) -> tuple[Mapping[str, pd.DataFrame], Mapping[str, Any]]:
        """Return effects and checks, blinded numbers taken out, and what the study says."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """One effect that may be chosen.

    Attributes:
        choice: Territory, study, outcome, horizon, group and method, in words.
        usual: Whether it is the primary effect of its study.
        answer: What is shown of it.
        bounds: Ends of its interval and its estimate, for the drawing; empty where masked.
        synthetic: Whether the data are invented.
    """

    choice: tuple[str, ...]
    usual: bool
    answer: Answer
    bounds: tuple[float, ...]
    synthetic: bool


class Explorer:
    """Controls over the effects of one or several studies; a notebook shows them.

    Args:
        sources: Evaluations, folders of runs, or a root of runs (the latest run of each study).
        lang: `fr` or `en`.

    Raises:
        DataError: Nothing there has an effect.
    """

    def __init__(self, *sources: Protected | Path | str, lang: str = "fr") -> None:
        self.lang = lang
        self.words = words(lang)["explorer"]
        self.lines = [line for each in tables_of(sources, lang) for line in lines_of(*each, lang)]
        if not self.lines:
            raise DataError("nothing to explore: give evaluations, or the folder of finished runs")
        first = next((line for line in self.lines if line.usual), self.lines[0])
        self.chosen = list(first.choice)

    def __repr__(self) -> str:
        """Give how much there is to choose from, never a row."""
        studies = {line.choice[:2] for line in self.lines}
        return f"Explorer({len(studies)} studies, {len(self.lines)} effects)"

    def options(self, place: int) -> list[str]:
        """Return what may be chosen at a place, after what is chosen before it."""
        before = tuple(self.chosen[:place])
        return list(dict.fromkeys(
            line.choice[place] for line in self.lines if line.choice[:place] == before
        ))  # fmt: skip

    def choose(self, place: int, value: str) -> None:
        """Choose a value; what follows keeps its own where it is still there."""
        self.chosen[place] = value
        for after in range(place + 1, len(KEYS)):
            left = self.options(after)
            if self.chosen[after] not in left:
                self.chosen[after] = left[0]

    def page(self) -> str:
        """Return the answer chosen, and the same effect at the other horizons."""
        where, study, outcome, horizon, group, method = self.chosen
        rows = [
            line for line in self.lines
            if (line.choice[:3], line.choice[4:]) == ((where, study, outcome), (group, method))
        ]  # fmt: skip
        [line] = [each for each in rows if each.choice[3] == horizon]
        stamp = words(self.lang)["note"]["synthetic"] if line.synthetic else ""
        return "".join([
            f"<p><strong>{escape(stamp)}</strong></p>" if stamp else "",
            said(line.answer, self.words, self.lang), drawn(rows, horizon, self.words),
        ])  # fmt: skip

    def widget(self) -> Any:
        """Return the controls and the answer as one widget of ipywidgets."""
        import ipywidgets

        html = ipywidgets.HTML(self.page())
        picks = [
            ipywidgets.Dropdown(
                options=self.options(at), value=self.chosen[at],
                description=self.words[KEYS[at]], style={"description_width": "7em"},
                layout={"width": "38em", "max_width": "100%"},
            )
            for at in range(len(KEYS))
        ]  # fmt: skip
        quiet: list[bool] = []

        def change(at: int, value: str) -> None:
            if quiet:  # the controls that follow are being filled
                return
            self.choose(at, value)
            quiet.append(True)
            for after in range(at + 1, len(KEYS)):
                picks[after].options = self.options(after)
                picks[after].value = self.chosen[after]
            quiet.clear()
            html.value = self.page()

        for at, pick in enumerate(picks):
            pick.observe(lambda event, at=at: change(at, event["new"]), names="value")
        return ipywidgets.VBox([*picks, html])

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """Return the controls, and the answer they start from for a page that has no kernel."""
        data: dict[str, Any] = {}
        if find_spec("ipywidgets") is not None:
            live: Any = self.widget()._repr_mimebundle_()
            data = live[0] if isinstance(live, tuple) else live
        return {**data, "text/html": self.page(), "text/plain": repr(self)}


def tables_of(
    sources: Iterable[Protected | Path | str], lang: str
) -> Iterable[tuple[Mapping[str, pd.DataFrame], Mapping[str, Any]]]:
    """Give the protected tables of each source, and what its study says."""
    for source in sources:
        if not isinstance(source, str | Path):
            yield source.shown_tables()
            continue
        found = sorted(Path(source).glob("**/results/effects.csv"))
        latest = {path.parents[2]: path.parents[1] for path in found if ".state" not in path.parts}
        for run in latest.values():
            yield protected_run(run, lang)


def lines_of(frames: Mapping[str, pd.DataFrame], meta: Mapping[str, Any], lang: str) -> list[Line]:
    """Return the effects of a study that may be chosen, in the order in which they are read."""
    known, labels = meta_in_words(meta, lang), labels_of_study(meta, lang)
    effects = frames["effects"]
    sure = pd.Series(certainty_of_each(frames, meta), effects.index, "object")
    rows = in_order(effects.assign(sure=sure))
    rows = rows[rows["estimand"] != NEVER]
    phrases = words(lang)["explorer"]
    where = str(known.get("territory_label") or "") or phrases["no_territory"]
    study = [str(known.get(key) or "") for key in ("programme", "period_label")]
    name = ", ".join(filter(None, study)) or str(known.get("title") or meta["study"])
    primary = dict(meta.get("primary") or {})
    lines = []
    for _, row in rows.iterrows():
        answer = answer_of(row, row["sure"], lang, labels)
        months = row["horizon_months"]
        horizon = "–" if pd.isna(months) else typeset(phrases["months"].format(n=int(months)), lang)
        outcome = outcome_label(row["outcome"], None, lang, labels)
        choice = (
            where,
            name,
            outcome,
            horizon,
            answer.group or phrases["main_subgroup"],
            answer.method,
        )
        ends = (row["ci_low"], row["ci_high"], row["estimate"])
        bounds = tuple(float(end) for end in ends if pd.notna(end)) if answer.effect else ()
        usual = not row["subgroup"] and all(
            row[key] == primary.get(key) or (pd.isna(row[key]) and primary.get(key) is None)
            for key in ("outcome", "horizon_months", "method")
        )
        lines.append(Line(choice, usual, answer, bounds, bool(meta.get("synthetic"))))
    return lines


def said(answer: Answer, phrases: Mapping[str, Any], lang: str) -> str:
    """Return an answer as HTML: the effect or its mask, its numbers, how sure and why."""
    group = f", {answer.group}" if answer.group else ""
    colon = " : " if lang == "fr" else ": "
    shown = answer.effect or phrases["masked"]
    interval = f" ({answer.interval})" if answer.interval not in {"", answer.effect} else ""
    level = phrases["sure"].format(level=answer.certainty) + ". " if answer.effect else ""
    persons = phrases["n_of"].format(n=answer.persons)
    return (
        f"<p>{escape(answer.outcome + group + colon)}<strong>{escape(shown)}</strong>"
        f"{escape(interval)}"
        f"<br>{escape(persons)}<br>{escape(level[:1].upper() + level[1:] + answer.because)}</p>"
    )


WIDTH, HEIGHT = 260, 20
CELL = 'style="text-align:left;padding:.2em .8em"'


def drawn(lines: Sequence[Line], horizon: str, phrases: Mapping[str, Any]) -> str:
    """Return the effect at each horizon as a table with its intervals on one axis."""
    ends = [0.0, *(end for line in lines for end in line.bounds)]
    low, high = min(ends), max(ends)
    room = (high - low) * 0.05 or 1.0

    def at(value: float) -> float:
        return round(WIDTH * (value - low + room) / (high - low + 2 * room), 1)

    heads = [phrases["horizon"], phrases["columns"]["picture"], phrases["columns"]["effect"],
             phrases["columns"]["n"], phrases["columns"]["sure"].split(",")[0]]  # fmt: skip
    head = "".join(f'<th scope="col" {CELL}>{escape(each)}</th>' for each in heads)
    rows = "".join(table_row(line, at, line.choice[3] == horizon, phrases) for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def table_row(
    line: Line, at: Callable[[float], float], chosen: bool, phrases: Mapping[str, Any]
) -> str:
    """Return a horizon: its interval drawn, its effect, its numbers, how sure we are."""
    marks = f'<line x1="{at(0)}" x2="{at(0)}" y1="0" y2="{HEIGHT}" stroke="#767676"/>'
    if line.bounds:
        first, second, *point = (at(end) for end in line.bounds)
        marks += f'<path d="M{first} 10H{second}" stroke="#12436D" stroke-width="2"/>'
        marks += "".join(f'<circle cx="{x}" cy="10" r="4.5" fill="#12436D"/>' for x in point)
    answer = line.answer
    effect = answer.effect or phrases["masked"]
    if answer.interval not in {"", effect}:
        effect += f" ({answer.interval})"
    picture = f'<svg width="{WIDTH}" height="{HEIGHT}" aria-hidden="true">{marks}</svg>'
    texts = (effect, answer.persons, answer.certainty if answer.effect else "–")
    cells = "".join(f"<td {CELL}>{each}</td>" for each in (picture, *map(escape, texts)))
    name = escape(line.choice[3])
    return f'<tr><th scope="row" {CELL}>{name}{" ◀" if chosen else ""}</th>{cells}</tr>'
