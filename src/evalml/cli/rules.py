"""`evalml rules`: what the rules of a programme were on a given day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalml.errors import EvalmlError

if TYPE_CHECKING:
    from evalml.rules import Rules, RuleValue

STALE_DAYS = 365


def rules(
    programme: Annotated[
        str | None, typer.Argument(help="Code of the programme, such as cej; all by default.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="Day, such as 2023-06-01; today by default.")
    ] = None,
    unverified: Annotated[
        bool,
        typer.Option(
            "--unverified", help="Show values not read in a text, and regional ones, too."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/reference/rules.md.")
    ] = False,
) -> None:
    """Print the rules of a programme on a given day, with their legal references.

    Example: evalml rules cej --at 2023-06-01
    """
    import datetime as dt
    import json

    from evalml import rules as dated
    from evalml.rules import overdue_sentences

    if markdown:
        from evalml.rules.read import rules_page

        typer.echo(rules_page(), nl=False)
        return
    try:
        day = dt.date.fromisoformat(at) if at else dt.date.today()
    except ValueError:
        raise EvalmlError(f"--at {at} is not a day; write it 2023-06-01") from None
    names = [programme] if programme else list(dated.programmes())
    held = {n.upper(): dated.rules(n).at(day, unverified=unverified) for n in names}
    if as_json:
        typer.echo(json.dumps(_json(day.isoformat(), held), ensure_ascii=False, indent=2))
        return
    for name, values in held.items():
        typer.echo(f"{name}, {dated.rules(name).label}, on {day}{_stale(dated.rules(name))}")
        for warning in overdue_sentences(name, day):
            typer.echo(f"  WARNING: {warning}")
        if not values:
            typer.echo("  no rule holds on that day")
        for value in values.values():
            _print(value)
        typer.echo("")


def _json(day: str, held: dict[str, dict[str, RuleValue]]) -> dict[str, Any]:
    return {
        "at": day,
        "programmes": {
            name: {n: v.model_dump(mode="json") for n, v in values.items()}
            for name, values in held.items()
        },
    }


def _print(value: RuleValue) -> None:
    from evalml.rules import wave_text

    doubt = {"read": "", "unverified": " [unverified]", "regional": " [one region only]"}[
        value.status
    ]
    late = f" [changed on {value.overdue}, not read]" if value.overdue else ""
    unit = "" if value.unit in ("text", "list", "date") else f" {value.unit}"
    shown = value.value
    if isinstance(shown, list):
        shown = "; ".join(f"wave {wave_text(wave)}" for wave in shown)
    typer.echo(f"  {value.name:34} {shown}{unit}{doubt}{late}")
    typer.echo(f"  {'':34} {value.label} (judged {_WHEN[value.judged]}; since {value.start})")
    typer.echo(f"  {'':34} {value.reference}{'' if value.link is None else ' ' + value.link}")
    if value.note:
        typer.echo(f"  {'':34} Note: {value.note}")


def _stale(rules_of: Rules) -> str:
    import datetime as dt

    age = (dt.date.today() - rules_of.last_checked).days
    return f" (last checked on {rules_of.last_checked}: compare again)" if age > STALE_DAYS else ""


_WHEN = {"entry": "at entry", "throughout": "all along"}
