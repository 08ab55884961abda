"""What the records say of a person's past at time zero: acts, programmes, situations, jobs."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from evalml.codes import RANKING
from evalml.cohort.month_sets import WIDTH, Calendar, bit, gather, spread, touches
from evalml.engine import Table, greatest, ifelse, least, literal, month_of, span

if TYPE_CHECKING:
    from evalml.cohort.trial import TargetTrial
    from evalml.tables import Tables

ACTS_WINDOW = 3
LAGS = (1, 2, 3)


def calendar_of(trial: TargetTrial) -> Calendar:
    """Return the months of time zero, from the first trial to the last."""
    return Calendar(trial.months[0], trial.months[-1])


def acts_before(t: Table, tables: Tables, trial: TargetTrial) -> Table:
    """Add `n_acts`: acts of the three months before that took place and were known by then."""
    calendar = calendar_of(trial)
    acts = tables.table("actes")
    acts = acts.filter(
        touches(acts.date_acte, acts.date_acte, calendar.reaching(ACTS_WINDOW))
        & (acts.statut == "PRESENT")
        & (acts.type != "CONTACT")
    )
    done = month_of(acts.date_acte)
    known = greatest(done, month_of(acts.date_saisie))
    acts = acts.select(
        "id_jeune",
        first=greatest(known + 1, calendar.first),
        last=least(done + ACTS_WINDOW, calendar.last),
    )
    acts = acts.filter(acts["first"] <= acts["last"])
    acts = acts.select("id_jeune", month=span(acts["first"], acts["last"]).unnest())
    counted = acts.group_by("id_jeune", "month").agg(n_acts=acts.count())
    return t.left_join(counted, ["id_jeune", "month"]).drop("id_jeune_right", "month_right")


def pacea_at(t: Table, tables: Tables, trial: TargetTrial) -> Table:
    """Add `pacea_months`: the months of time zero inside a PACEA, as a set."""
    calendar = calendar_of(trial)
    spells = tables.table("accompagnements")
    spells = spells.filter(
        touches(spells.date_debut, spells.date_fin, calendar) & (spells.dispositif == "PACEA")
    )
    laid = spread(_known_spells(spells, calendar), calendar)
    return _joined(t, gather(laid, ["id_jeune"], pacea_months=True))


def situation_at(t: Table, tables: Tables, trial: TargetTrial) -> Table:
    """Add `situation_0`, `situation_1`...: the months of time zero in each situation, as sets."""
    calendar = calendar_of(trial)
    spells = tables.table("situations")
    spells = spells.filter(
        touches(spells.date_debut, spells.date_fin, calendar) & (spells.etat != "PREVU")
    )
    laid = spread(_known_spells(spells, calendar, kind=spells.categorie), calendar)
    kinds = {f"situation_{i}": laid.kind == name for i, name in enumerate(RANKING)}
    return _joined(t, gather(laid, ["id_jeune"], **kinds))


def _known_spells(spells: Table, calendar: Calendar, **columns: Any) -> Table:
    """Return spells from the month after the first day, once entered, to the month of the last."""
    return spells.select(
        "id_jeune",
        first=greatest(month_of(spells.date_debut), month_of(spells.date_saisie)) + 1,
        last=month_of(spells.date_fin).fill_null(calendar.last),
        **columns,
    )


def _joined(t: Table, sets: Table) -> Table:
    names = [c for c in sets.columns if c not in ("id_jeune", "block")]
    both = t.left_join(sets, ["id_jeune", "block"]).drop("id_jeune_right", "block_right")
    return both.mutate(**{name: both[name].fill_null(0) for name in names})


def employment_before(t: Table, tables: Tables, trial: TargetTrial) -> Table:
    """Add `n_worked` (months with a contract in the history) and `worked_1`, 2 and 3 months ago."""
    calendar = Calendar(trial.months[0] - trial.history_months, trial.months[-1])
    worked = tables.table("emploi_mensuel")
    worked = worked.filter(touches(worked.mois, worked.mois, calendar) & worked.en_emploi)
    at = month_of(worked.mois)
    laid = spread(worked.select("id_jeune", first=at, last=at), calendar)
    sets = gather(laid, ["id_jeune"], worked=True)
    for block in range(calendar.blocks):
        of_block = sets.filter(sets.block == block)
        of_block = of_block.select("id_jeune", **{f"worked_in_{block}": of_block.worked})
        t = t.left_join(of_block, "id_jeune").drop("id_jeune_right")
        t = t.mutate(**{f"worked_in_{block}": t[f"worked_in_{block}"].fill_null(0)})
    lags = [_worked(t, lag, calendar) for lag in range(1, trial.history_months + 1)]
    none = literal(0, "int64")
    nearest = {f"worked_{k}": lags[k - 1] if k <= len(lags) else none for k in LAGS}
    return t.mutate(n_worked=reduce(add, lags, none), **nearest)


def _worked(t: Table, lag: int, calendar: Calendar) -> Any:
    """Return 1 where the month `lag` before time zero was worked, else 0."""
    found = []
    for block in range(calendar.blocks):
        place = (t.month - lag - calendar.block_start(block)).cast("int32")
        months = t[f"worked_in_{block}"]
        inside = (place >= 0) & (place < WIDTH)
        held = bit(months, least(greatest(place, 0), WIDTH - 1))
        found.append(bit(months, place) if calendar.blocks == 1 else ifelse(inside, held, 0))
    return reduce(add, found)
