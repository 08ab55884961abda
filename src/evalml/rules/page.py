"""The reference page of the programme rules, written from the rules themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalml.rules.read import programmes, rules, wave_text

if TYPE_CHECKING:
    from evalml.rules.read import DatedValue, Rule

_HEAD = """# Programme rules through time

<!-- Written by `evalml rules --markdown`; a test compares this page with the code. -->

Each value holds from its date until the next. *Entry*: judged on the day of entry; *all along*:
judged throughout. *Read in* says what was read to write the value. A value marked **unverified**
was read in no text, one marked **one region only** is what a region asks of its own missions
locales: both are shown for information, and used in no check, no study and no note. A rule marked
*yearly* changes every year on that day: past the last change that was read, `evalml rules`,
`evalml extract check` and the note of a study say so, and no amount is checked against the old
one. Ceilings of the GJ and PACEA are computed from the RSA less its housing share.
`evalml rules cej --at 2023-06-01` prints the rules of a day.
[Beside other sources](../explanation/rules-beside-others.md) compares them
with openfisca-france and the platform of the IAE at twelve dates.
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
        shown = "; ".join(wave_text(wave) for wave in shown)
    unit = "" if rule.unit in ("text", "list", "date") else f" {rule.unit}"
    doubt = {"read": "", "unverified": " **unverified**", "regional": " **one region only**"}[
        value.status
    ]
    yearly = f", yearly on {rule.revalued[3:]}/{rule.revalued[:2]}" if rule.revalued else ""
    note = f" *{value.note}*" if value.note else ""
    reference = f"[{value.reference}]({value.link})" if value.link else value.reference
    return (
        f"| `{name}`: {rule.label} | {value.start}{until} | {shown}{unit}{doubt}{note} | "
        f"{_WHEN[rule.judged]}{yearly} | {reference} | {value.read_in} |"
    )
