"""The scorecard as a page to read, in French, and as lines to keep."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from evalml.extract.meta import ExtractMeta
    from evalml.tables.scorecard import Line, Scorecard

STATUS = {
    "blocked": "Bloquant",
    "warning": "À examiner",
    "ok": "Dans le seuil",
    "empty": "Sans objet",
}
_THIN = "\u202f"
_STYLE = """
:root{--ink:#1b1f24;--soft:#5c6670;--line:#d9dee3;--bad:#a4262c;--mid:#8a5a00;--good:#1f6f43}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);max-width:72rem;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.6rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}
p.note{color:var(--soft);margin:.2rem 0 1rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td code{font-size:.82rem;white-space:nowrap}td:first-child{white-space:nowrap}
.blocked{color:var(--bad);font-weight:600}.warning{color:var(--mid);font-weight:600}
.ok{color:var(--good)}.empty{color:var(--soft)}
"""


def number(value: int) -> str:
    """Write a count the French way: 12 345 with narrow no-break spaces."""
    return f"{value:,}".replace(",", _THIN)


def share(value: float) -> str:
    """Write a share the French way, in per cent: 0,04 %."""
    text = f"{100 * value:.2f}" if 0 < value < 0.01 else f"{100 * value:.1f}"  # noqa: PLR2004
    return f"{text.replace('.', ',')}\u00a0%"


def french(text: str) -> str:
    """Set a sentence in French typography: curved apostrophes, no-break spaces."""
    for mark, space in ((" :", "\u00a0"), (" ;", _THIN), (" ?", _THIN), (" %", "\u00a0")):
        text = text.replace(mark, space + mark[1:])
    return text.replace("'", "’").replace("1er", "1ᵉʳ").replace("n° ", "n°\u00a0")


def scorecard_page(card: Scorecard, min_count: int = 0) -> str:
    """Return the HTML page of a scorecard.

    Args:
        card: The scorecard.
        min_count: Smallest count shown; 0 shows all.
    """
    meta = card.meta
    invented = " · <strong>données synthétiques</strong>" if meta.source == "synthetic" else ""
    shown = card.protected(min_count)
    parts = [
        "<!doctype html><html lang='fr'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>Qualité de l’extrait {escape(meta.name)}</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>Qualité de l’extrait «\u00a0{escape(meta.name)}\u00a0»</h1>",
        f"<p class='note'>Extrait du {_day(meta.extraction_date)}, {_period(meta)}{invented}</p>",
        f"<p>{_summary(card, min_count)}</p>",
        *(
            f"<p class='warning'>Les montants de l’allocation {code} ont changé le {_day(day)} et "
            "les nouveaux n’ont pas été lus\u00a0: les mois qui suivent ne sont pas jugés.</p>"
            for code, day in card.unread_amounts.items()
        ),
        *(
            "<p class='note'>Mois couverts non déclarés (<code>coverage</code>)\u00a0: ceux des "
            f"lignes sont pris pour couverts, pour {', '.join(card.undeclared)}.</p>"
            for _ in card.undeclared[:1]
        ),
        "<h2>Lignes reçues et acceptées</h2>",
        _sizes(shown, min_count),
        "<h2>Ce qui a été trouvé</h2>",
        _table(shown.found, min_count) if shown.found else "<p>Aucun défaut.</p>",
        "<h2>Tous les contrôles</h2>",
        _table(shown.lines, min_count),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _summary(card: Scorecard, min_count: int) -> str:
    counts = Counter(x.status for x in card.lines)
    verdict = "L’extrait est refusé" if card.blocked else "L’extrait peut servir"
    aside = sum(x.aside or 0 for x in card.sizes)
    counted = f"moins de {min_count}" if 0 < aside < min_count else number(aside)
    return (
        f"{verdict}\u00a0: {len(card.lines)} contrôles, dont {counts['blocked']} bloquants et "
        f"{counts['warning']} à examiner\u00a0; {counted} lignes mises de côté, comptées par "
        "règle ci-dessous."
    )


def _sizes(card: Scorecard, min_count: int) -> str:
    hidden = f"&lt;\u00a0{min_count}"
    rows = [
        f"<tr><td><code>{escape(x.table)}</code></td><td class='n'>{number(x.received)}</td>"
        f"<td class='n'>{'–' if x.accepted is None else number(x.accepted)}</td>"
        f"<td class='n'>{hidden if x.aside is None else number(x.aside)}</td></tr>"
        for x in card.sizes
    ]
    return _wide(("Table", "#Reçues", "#Acceptées", "#Mises de côté"), rows)


def _table(lines: Sequence[Line], min_count: int) -> str:
    head = ("Résultat", "Contrôle", "Table", "#Lignes", "#Part", "#Seuil", "Ce que cela veut dire")
    return _wide(head, [_row(x, min_count) for x in lines])


def _row(line: Line, min_count: int) -> str:
    failing = f"&lt;\u00a0{min_count}" if line.failing is None else number(line.failing)
    place = "<br>".join(f"<code>{escape(p)}</code>" for p in line.place.replace(".", " .").split())
    part = "–" if line.share is None else share(line.share)
    return (
        f"<tr><td class='{line.status}'>{STATUS[line.status]}</td>"
        f"<td><code>{escape(line.check)}</code></td><td>{place}</td>"
        f"<td class='n'>{failing}</td><td class='n'>{part}</td>"
        f"<td class='n'>{share(line.warn_above)}</td><td>{escape(french(line.sentence))}</td></tr>"
    )


def _wide(head: Sequence[str], rows: Sequence[str]) -> str:
    """Return a table that scrolls on a narrow screen; a head that starts with # is of numbers."""
    cells = "".join(
        f"<th class='n'>{h[1:]}</th>" if h.startswith("#") else f"<th>{h}</th>" for h in head
    )
    body = "".join(rows)
    table = f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div class='wide'>{table}</div>"


def _period(meta: ExtractMeta) -> str:
    return f"période du {_day(meta.period_start)} au {_day(meta.period_end)}"


def _day(day: dt.date) -> str:
    return f"{day:%d/%m/%Y}"
