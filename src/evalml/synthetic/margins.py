"""Published counts a world must meet, and the persons kept so that it does."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import yaml
from pydantic import Field, ValidationError
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from evalml.errors import EvalmlError
from evalml.reading.yaml_text import StrictModel
from evalml.synthetic.people import NEVER
from evalml.synthetic.simulate import first_seen_after_move
from evalml.synthetic.world import substream, worlds_folder

if TYPE_CHECKING:
    from evalml.arrays import AnyVector
    from evalml.synthetic.people import Areas, People, SimulatedMonths
    from evalml.synthetic.simulate import History
    from evalml.synthetic.world import Draws, World

ByArea = dict[str, int]


class Mentored(StrictModel):
    """Persons mentored in the year: entered in it, and all."""

    new: int
    all: int


class Margins(StrictModel):
    """Published counts of one year; keys of `persons` and `shares` are flags joined by ` & `.

    Attributes:
        year: Which year.
        simulated: Persons to simulate for the counts as they are published.
        scale: What the counts have been multiplied by, for a smaller world.
    """

    year: int
    simulated: int
    scale: float = 1.0
    by: str
    persons: dict[str, ByArea]
    shares: dict[str, dict[str, float]] = Field(default={})
    parrainage: Mentored | None = None
    themes: dict[str, dict[str, float]] = Field(default={})
    rows: dict[str, ByArea] = Field(default={})
    people: dict[str, ByArea] = Field(default={})

    def scaled(self, scale: float) -> Margins:
        """Return the counts times `scale`, to the nearest whole number; shares stay."""
        if scale >= 1:
            return self

        def less(counts: dict[str, ByArea]) -> dict[str, ByArea]:
            return {k: {a: round(n * scale) for a, n in c.items()} for k, c in counts.items()}

        fewer = {k: less(getattr(self, k)) for k in ("persons", "rows", "people")}
        old = self.parrainage
        mentored = old and Mentored(new=round(old.new * scale), all=round(old.all * scale))
        return self.model_copy(update={**fewer, "parrainage": mentored, "scale": scale})

    def targets(self, code: str) -> dict[str, int]:
        """Return the persons wanted in one area, by flags; a share becomes a whole number."""
        wanted = {key: counts[code] for key, counts in self.persons.items()}
        for key, shares in self.shares.items():
            base = key.rsplit(" & ", 1)[0]
            wanted[key] = round(shares[code] * wanted[base])
        return wanted


@cache
def read_margins(name: str) -> Margins:
    """Read `params/worlds/margins/NAME.yaml`."""
    path = worlds_folder() / "margins" / f"{name}.yaml"
    if not path.exists():
        raise EvalmlError(f"no published margins are called '{name}'; look in {path.parent}")
    try:
        return Margins.model_validate(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(p) for p in first["loc"])
        raise EvalmlError(f"{path.name}: at '{place}': {first['msg'].lower()}") from None


def margins_of(world: World, people: int) -> Margins:
    """Return the counts a world of `people` persons must meet: fewer where fewer are simulated.

    Persons who start in a part of the published areas make a part of the counts.
    """
    margins = read_margins(str(world.margins))
    seen = margins.persons["accompagne"]
    here = sum(n for code, n in seen.items() if code in world.weights) or sum(seen.values())
    return margins.scaled(people / margins.simulated * sum(seen.values()) / here)


def year_months(margins: Margins, cal: SimulatedMonths) -> tuple[int, int]:
    """Return the first month of the margins' year and the month after its last."""
    first = cal.at(margins.year * 12)
    return first, first + 12


def area_names(margins: Margins, a: Areas) -> list[str]:
    """Return the areas counts are printed for."""
    return a.departements if margins.by == "departement" else ["region"]


def area_of(margins: Margins, a: Areas, p: People) -> AnyVector:
    """Return the position in `area_names` of every person."""
    one = a.departement[p.area]
    return np.asarray(one if margins.by == "departement" else np.zeros_like(one))


def _within(first: AnyVector, lo: int, hi: int) -> AnyVector:
    return np.asarray((first >= lo) & (first < hi))


def _spells_in(p: People, h: History, programme: str, lo: int, hi: int, *, new: bool) -> AnyVector:
    """Return who has a spell of a programme in the months lo..hi-1 (started then, if `new`).

    A move in those months makes a false entry, which is counted as the mission locale counts it.
    """
    out = np.zeros(len(p.women), dtype=bool)
    if programme in h.enrolments:
        who, start, end, _, _ = h.enrolments[programme].spells()
        going = np.where(end < 0, NEVER, end)
        moved = first_seen_after_move(p, h)[who]
        again = _within(moved, lo, hi) & (start < moved) & (moved <= going)
        hit = _within(start, lo, hi) | again if new else (start < hi) & (going >= lo)
        out[who[hit]] = True
    return out


def _ages(p: People, first: AnyVector, draws: Draws) -> AnyVector:
    """Return completed years on the day of the first act, which is in the month `first`."""
    day = np.zeros(len(first), dtype=np.int8)
    for t in np.unique(first):
        day = np.where(first == t, draws.act_day(int(t)), day)
    return np.asarray((first - p.birth_month - (day < p.birth_day)) // 12)


def flags(
    margins: Margins, p: People, h: History, cal: SimulatedMonths, draws: Draws
) -> dict[str, AnyVector]:
    """Return what published counts count, person by person."""
    lo, hi = year_months(margins, cal)
    met = h.contact[lo:hi] > 0
    seen, n = met.any(axis=0), len(p.women)
    age = _ages(p, lo + met.argmax(axis=0), draws)
    first_cej = h.enrolments["CEJ"].first if "CEJ" in h.enrolments else np.full(n, NEVER)
    return {
        "accompagne": seen,
        "accueil": seen & _within(p.welcome, lo, hi),
        "cej": _within(first_cej, lo, hi),
        "pacea": _spells_in(p, h, "PACEA", lo, hi, new=True),
        "gj": _spells_in(p, h, "GJ", lo, hi, new=True),
        "femme": p.women,
        "qpv": p.qpv,
        "frr": p.frr,
        "mineur": age < 18,
        "age_18_21": (age >= 18) & (age <= 21),
        "age_22_25": (age >= 22) & (age <= 25),
        "bac": p.niveau >= 3,
        "cap": p.niveau == 2,
        "sans_diplome": p.niveau <= 1,
        "couple": p.couple,
        "parent": p.enfants > 0,
        "autonome": p.logement == 0,
        "precaire": (p.logement == 3) | (p.logement == 4),
        "heberge": (p.logement == 1) | (p.logement == 2),
        "permis_b": p.permis_b,
    }


def _mentored(
    margins: Margins, p: People, h: History, cal: SimulatedMonths, seed: int
) -> tuple[AnyVector, AnyVector]:
    """Return who must be kept and who must go for the counts of mentored youths.

    Those mentored without an act in the year would be counted too: they go.
    """
    n = len(p.women)
    must, out = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    if margins.parrainage is None:
        return must, out
    lo, hi = year_months(margins, cal)
    met = (h.contact[lo:hi] > 0).any(axis=0)
    new = _spells_in(p, h, "PARRAINAGE", lo, hi, new=True)
    old = _spells_in(p, h, "PARRAINAGE", lo, hi, new=False) & ~new
    out = (new | old) & ~met
    rng = substream(seed, "mentored")
    wanted = margins.parrainage
    for pool, count in ((new, wanted.new), (old, wanted.all - wanted.new)):
        at = np.flatnonzero(pool & met)
        if len(at) < count and margins.scale == 1:
            raise EvalmlError(f"the world mentors {len(at)} youths where {count} are published")
        # a few rural youths are published in some départements: keep the choice among them free
        at = at[np.lexsort((rng.random(len(at)), p.frr[at]))]
        must[at[:count]], out[at[count:]] = True, True
    return must, out


def keep(
    margins: Margins, p: People, h: History, a: Areas, cal: SimulatedMonths, draws: Draws
) -> AnyVector:
    """Return the positions of persons kept, so that every published count of persons is met.

    Persons are kept whole, at random among those alike in what is counted; the others, not
    accompanied in the year, are thinned at the same rate. A world smaller than the published one
    meets its smaller counts as nearly as its persons allow.
    """
    n, seed = len(p.women), draws.seed
    known = flags(margins, p, h, cal, draws)
    must, out = _mentored(margins, p, h, cal, seed)
    area, kept = area_of(margins, a, p), np.zeros(n, dtype=bool)
    rng = substream(seed, "margins")
    for k, code in enumerate(area_names(margins, a)):
        pool = np.flatnonzero((area == k) & known["accompagne"] & ~out)
        wanted = margins.targets(code)
        hard = margins.scale == 1
        kept[pool[_pick(pool, known, wanted, must, rng, code, hard=hard)]] = True
    seen = known["accompagne"]
    rest = np.flatnonzero(~seen & ~out)
    share = kept.sum() / max(int(seen.sum()), 1)
    kept[rest] = rng.random(len(rest)) < share
    return np.flatnonzero(kept)


def _pick(
    pool: AnyVector, known: dict[str, AnyVector], wanted: dict[str, int], must: AnyVector,
    rng: np.random.Generator, code: str, *, hard: bool,
) -> AnyVector:  # fmt: skip
    """Return which of `pool` are kept so that all `wanted` counts hold."""
    names = sorted({flag for key in wanted for flag in key.split(" & ")})
    bits = np.stack([known[name][pool] for name in names])
    kinds, cell, size = np.unique(
        (bits * (1 << np.arange(len(names)))[:, None]).sum(axis=0),
        return_inverse=True,
        return_counts=True,
    )
    has = {name: (kinds >> j) & 1 for j, name in enumerate(names)}
    rows = np.stack([np.prod([has[f] for f in key.split(" & ")], axis=0) for key in wanted])
    low = np.bincount(cell, must[pool], len(kinds))
    number = whole_numbers(rows, np.array(list(wanted.values())), low, size, code, hard=hard)
    order = np.lexsort((rng.random(len(pool)), ~must[pool], cell))
    rank = np.empty(len(pool), dtype=np.int64)
    rank[order] = np.arange(len(pool)) - np.repeat(np.cumsum(size) - size, size)
    return np.asarray(rank < number[cell])


def whole_numbers(
    rows: AnyVector, wanted: AnyVector, low: AnyVector, size: AnyVector, place: str,
    *, hard: bool = True,
) -> AnyVector:  # fmt: skip
    """Return persons to keep of each kind: whole, nearest to a common share, all counts met.

    `rows`: 1 where a kind is counted, shape (counts, kinds); `low`: persons of each kind to keep at
    least; `hard`: whether the counts must be met exactly, or as nearly as can be.
    """
    kinds = len(size)
    aim = size * wanted[0] / size.sum()
    eye = sparse.identity(kinds)
    counts = len(wanted)
    off, none = sparse.identity(counts), sparse.csr_array((kinds, 2 * counts))
    exact = sparse.hstack([sparse.csr_array(rows), sparse.csr_array((counts, kinds)), off, -off])
    above, below = sparse.hstack([eye, -eye, none]), sparse.hstack([eye, eye, none])
    missed = np.full(2 * counts, 0.0 if hard else np.inf)
    found = milp(
        np.concatenate([np.zeros(kinds), 1 / np.sqrt(size), np.full(2 * counts, 100.0)]),
        constraints=[
            LinearConstraint(exact, wanted, wanted),
            LinearConstraint(above, -np.inf, aim),
            LinearConstraint(below, aim, np.inf),
        ],
        integrality=np.concatenate([np.ones(kinds), np.zeros(kinds + 2 * counts)]),
        bounds=Bounds(
            np.concatenate([low, np.zeros(kinds + 2 * counts)]),
            np.concatenate([size, np.full(kinds, np.inf), missed]),
        ),
        options={"mip_rel_gap": 0.2, "node_limit": 50},
    )
    if found.x is None:
        have = dict(zip(wanted.tolist(), (rows @ size).tolist(), strict=False))
        raise EvalmlError(f"published counts of {place} cannot be met; wanted: there are {have}")
    return np.asarray(np.round(found.x[:kinds]), dtype=np.int64)
