"""The reference page of the programme rules, written from the rules themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.rules.read import programmes, rules

if TYPE_CHECKING:
    from evalml.rules.read import DatedValue, Rule

_HEAD = """# Programme rules through time

<!-- Written by `evalml rules --markdown`; a test compares this page with the code. -->

Each value holds from its date until the next. *Entry*: judged on the day of entry; *all along*:
judged throughout. *Read in* says what was read to write the value; a value marked **unverified** is
shown for information and used nowhere. `evalml rules cej --at 2023-06-01` prints those of a day.
"""
_WHEN = {"entry": "entry", "throughout": "all along"}


def rules_page() -> str:
    """Return `docs/reference/rules.md`."""
    parts = [_HEAD]
    for code in programmes():
        held = rules(code)
        parts.append(f"## {code}\n\n{held.label}. Last checked on {held.last_checked}.\n")
        parts.append(
            "| rule | from | value | judged | reference | read in |\n|---|---|---|---|---|---|"
        )
        parts += [_line(n, r, v) for n, r in held.rules.items() for v in r.values]
        parts.append("")
    return "\n".join(parts)


def _line(name: str, rule: Rule, value: DatedValue) -> str:
    until = f" to {value.end}" if value.end else ""
    shown = value.value
    if isinstance(shown, list):
        shown = "; ".join(
            f"{w['wave']} ({w['start']}): {', '.join(w['departements'])}" for w in shown
        )
    unit = "" if rule.unit in ("text", "list", "date") else f" {rule.unit}"
    doubt = " **unverified**" if value.status == "unverified" else ""
    reference = f"[{value.reference}]({value.link})" if value.link else value.reference
    return (
        f"| `{name}`: {rule.label} | {value.start}{until} | {shown}{unit}{doubt} | "
        f"{_WHEN[rule.judged]} | {reference} | {value.read_in} |"
    )
