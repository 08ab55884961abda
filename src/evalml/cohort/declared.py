"""The declared past: what the situations known at time zero say of the months before it.

A spell counts at a time zero if it was entered before it; the months it covers are those between
its first and its last day, up to time zero where it has no end. A month that no spell covers is
unknown, never a month without work.
"""

from __future__ import annotations

from functools import reduce
from operator import add, or_
from typing import TYPE_CHECKING, Any

from evalml.cohort.month_sets import WIDTH, bit, gather_sets, holds, set_between, spread, touches
from evalml.cohort.past import JOBS, calendar_of
from evalml.engine import Table, greatest, ifelse, least, literal, month_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalml.cohort.past import KnownColumns
    from evalml.cohort.trial import TargetTrial
    from evalml.tables import Tables
    from evalml.tables.sources import Coverage


KINDS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "emploi_declare_avant": ("En emploi (déclaré)", "In employment (declared)", JOBS),
    "formation_avant": ("En formation (déclarée)", "In training (declared)", ("Formation",)),
    "demandeur_avant": (
        "Demandeur d’emploi (déclaré)",
        "Job seeker (declared)",
        ("Demandeur d'emploi",),
    ),
}
"""Prefix of a covariate, its labels, and the situations that count."""

LOST_WITHIN = 3
SUMMARIES = {
    "mois_emploi_declare_avant": (
        "Mois en emploi déclarés, parmi les mois connus du passé",
        "Declared months in employment, among the known months of the past",
    ),
    "mois_connus_avant": (
        "Mois du passé dont la situation est connue",
        "Months of the past whose situation is known",
    ),
    "emploi_perdu_3m": (
        "Emploi perdu dans les 3 derniers mois (déclaré)",
        "Job lost in the last 3 months (declared)",
    ),
    "fin_situation_avant": (
        "Situation terminée le mois précédent",
        "Spell ended the month before",
    ),
}
_WORDS = {
    1: ("un mois", "one month"),
    2: ("deux mois", "two months"),
    3: ("trois mois", "three months"),
    6: ("six mois", "six months"),
    12: ("douze mois", "twelve months"),
}

DECLARED: dict[str, tuple[str, str]] = {
    **{
        f"{kind}_{lag}": (f"{fr}, {months} avant", f"{en} {english} before")
        for kind, (fr, en, _) in KINDS.items()
        for lag, (months, english) in _WORDS.items()
    },
    **SUMMARIES,
}
"""Labels in French and English of each covariate of the declared past."""


def lag_of(name: str) -> int | None:
    """Return the months before time zero of `emploi_declare_avant_3`; None for a summary."""
    return int(name.rpartition("_")[2]) if name not in SUMMARIES else None


def _wanted(names: Sequence[str], history: int) -> dict[str, set[int]]:
    """Return the months before time zero wanted of each kind of situation, and of any."""
    found: dict[str, set[int]] = {kind: set() for kind in (*KINDS, "told")}
    for name in names:
        lag = lag_of(name)
        if lag is not None:
            found[name.rpartition("_")[0]].add(lag)
            found["told"].add(lag)
    if "mois_emploi_declare_avant" in names:
        found["emploi_declare_avant"] |= {*range(1, history + 1)}
    if {"mois_emploi_declare_avant", "mois_connus_avant"} & set(names):
        found["told"] |= {*range(1, history + 1)}
    if "emploi_perdu_3m" in names:
        found["emploi_declare_avant"].add(0)
        found["told"] |= {*range(LOST_WITHIN + 1)}
    if "fin_situation_avant" in names:
        found["told"] |= {0, 1}
    return {kind: lags for kind, lags in found.items() if lags}


def declared_before(
    tables: Tables, trial: TargetTrial, names: Sequence[str], covered: Coverage
) -> list[KnownColumns]:
    """Give, per person and block of months of time zero, the sets that the covariates are read in.

    A set holds the months of time zero at which the thing is true: `past_told_3` those whose third
    month before is known.

    `trial`: says the months of time zero and the length of the history; `covered`: months the
    situations cover: what lies outside is unknown.
    """
    calendar = calendar_of(trial)
    lags = _wanted(names, trial.history_months)
    reach = max((lag for each in lags.values() for lag in each), default=0)
    reach = max(reach, LOST_WITHIN)
    spells = tables.table("situations")
    spells = spells.filter(
        touches(spells.date_debut, spells.date_fin, calendar.reaching(reach))
        & (spells.etat != "PREVU")
    )
    start = month_of(spells.date_debut)
    known = greatest(start, month_of(spells.date_saisie)) + 1
    end = month_of(spells.date_fin)
    laid = spread(
        spells.select(
            "id_jeune",
            "categorie",
            begun=greatest(start, covered.first),
            over=least(end.fill_null(calendar.last), covered.last),
            ended=end,
            known=known,
            first=known,
            last=least(end.fill_null(calendar.last), covered.last) + reach,
        ),
        calendar,
    )
    origin = laid.block * WIDTH + calendar.first
    laid = laid.mutate(origin=origin)
    return [(_gathered(laid, lags), ["id_jeune", "block"])]


def _gathered(laid: Table, lags: dict[str, set[int]]) -> Table:
    sets: dict[str, Any] = {}
    for kind, each in lags.items():
        kinds = KINDS[kind][2] if kind in KINDS else ()
        for lag in sorted(each):
            months = _between(laid, laid.begun + lag, laid.over + lag)
            mine = ifelse(laid.categorie.isin(kinds), months, 0) if kinds else months
            sets[f"past_{kind}_{lag}"] = mine
    over = laid.ended.notnull() & (laid.ended == laid.over)
    lost = _between(laid, laid.ended + 1, laid.ended + LOST_WITHIN)
    sets["past_lost"] = ifelse(over & laid.categorie.isin(JOBS), lost, 0)
    sets["past_ended"] = ifelse(over, _between(laid, laid.ended + 1, laid.ended + 1), 0)
    return gather_sets(laid.mutate(**sets), ["id_jeune"], tuple(sets))


def _between(laid: Table, first: Any, last: Any) -> Any:
    """Return the months of time zero from `first` to `last` at which the spell was known."""
    low = greatest(first, laid.known) - laid.origin
    high = last - laid.origin
    inside = (low <= high) & (low < WIDTH) & (high >= 0)
    low, high = greatest(low, 0).cast("int32"), least(high, WIDTH - 1).cast("int32")
    some = set_between(least(low, WIDTH - 1), greatest(high, 0))
    return ifelse(inside.fill_null(False), some, 0)


def declared_value(t: Table, name: str, history: int) -> Any:
    """Return a covariate of the declared past, null where its months are unknown.

    `t`: rows beside which `declared_before` stands, with `place`.
    """
    lag = lag_of(name)
    if lag is not None:
        return _where_declared(t, (lag,), _bit(t, f"{name.rpartition('_')[0]}_{lag}"))
    every = range(1, history + 1)
    if name == "mois_connus_avant":
        return _sum(t, "told", every).cast("float64")
    if name == "mois_emploi_declare_avant":
        return _where_declared(t, every, _sum(t, "emploi_declare_avant", every))
    if name == "emploi_perdu_3m":
        lost = _bit(t, "lost") * (1 - _bit(t, "emploi_declare_avant_0"))
        return _where_declared(t, range(LOST_WITHIN + 1), lost)
    return _where_declared(t, (0, 1), _bit(t, "ended"))


def _bit(t: Table, name: str) -> Any:
    return bit(t[f"past_{name}"].fill_null(0), t.place)


def _sum(t: Table, kind: str, lags: Sequence[int]) -> Any:
    return reduce(add, (_bit(t, f"{kind}_{lag}") for lag in lags), literal(0, "int64"))


def _where_declared(t: Table, lags: Sequence[int], value: Any) -> Any:
    known = reduce(or_, (t[f"past_told_{lag}"].fill_null(0) for lag in lags))
    return ifelse(holds(known, t.place), value.cast("float64"), literal(None, "float64"))
