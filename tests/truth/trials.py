"""Sequential trials read off the tables of an extract, in plain numpy: a check of the generator.

Eligibility and covariates use what the extract holds before the month of each trial. It is not the
house's estimation code, so that an error there and one here do not hide each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

COUNTED = ("ENTRETIEN", "ATELIER", "INFO_COLLECTIVE")
BUSY = ("Scolarité", "Formation", "Contrat en Alternance")


@dataclass(frozen=True)
class Answer:
    naive: float
    aipw: float
    se: float
    entrants: int


def _month(days):
    days = pd.to_datetime(days)
    return (days.dt.year * 12 + days.dt.month - 1).to_numpy()


def trials(made, programme: str, year: int, horizon: int) -> pd.DataFrame:
    """Stack twelve monthly trials: one row per eligible person and month."""
    t = {
        name: rows.to_pandas()
        for name, rows in made.tables.items()
        if name not in ("iae_pass", "structures")
    }
    ids = pd.Index(t["jeunes"].id_jeune)
    first = made.world.period.start.year * 12
    months = 12 * (made.world.period.end.year - made.world.period.start.year + 1)
    at = ids.get_indexer
    work = np.zeros((len(ids), months), dtype=bool)
    work[at(t["emploi_mensuel"].id_jeune), _month(t["emploi_mensuel"].mois) - first] = True
    acts = t["actes"][(t["actes"].statut == "PRESENT") & t["actes"].type.isin(COUNTED)]
    met = np.zeros((len(ids), months + 24), dtype=bool)
    met[at(acts.id_jeune), _month(acts.date_acte) - first + 24] = True
    entry = np.full(len(ids), 10**6)
    if programme == "IAE":
        hired = t["iae_contrats"].groupby("id_jeune").date_debut.min()
    else:
        spells = t["accompagnements"][t["accompagnements"].dispositif == programme]
        hired = spells.groupby("id_jeune").date_debut.min()
    entry[at(hired.index)] = _month(hired) - first
    file = t["dossiers"].sort_values("date_ouverture").groupby("id_jeune").first().reindex(ids)
    since = _month(file.date_ouverture) - first
    person = t["jeunes"].set_index("id_jeune").reindex(ids)
    born, disabled = pd.to_datetime(person.date_naissance), pd.to_datetime(person.rqth_depuis)
    told = t["situations"][t["situations"].categorie.isin(BUSY)]
    start, end, entered = (
        pd.to_datetime(told[c]) for c in ("date_debut", "date_fin", "date_saisie")
    )
    cej = t["accompagnements"][t["accompagnements"].dispositif == "CEJ"]
    cej_start, cej_end = pd.to_datetime(cej.date_debut), pd.to_datetime(cej.date_fin)
    parts = []
    for m in range((year * 12 - first), (year * 12 - first) + 12):
        day = pd.Timestamp((first + m) // 12, (first + m) % 12 + 1, 1)
        age = ((day - born).dt.days / 365.25).to_numpy()
        ok = (since < m) & (entry >= m) & met[:, m + 24 - 5 : m + 24].any(axis=1)
        ok &= (age >= 16) & ((age < 26) | ((age < 30) & (disabled < day).to_numpy()))
        busy = told.id_jeune[(entered < day) & (start < day) & ~(end < day)].unique()
        ok[at(busy)] = False
        if programme == "PACEA":
            ok[at(cej.id_jeune[(cej_start < day) & ~(cej_end < day)].unique())] = False
        who = np.flatnonzero(ok)
        f = file.iloc[who]
        parts.append(
            pd.DataFrame(
                {
                    "who": who, "month": m, "D": (entry[who] == m).astype(int), "Y": work[who, m + horizon].astype(int),
                    "e1": work[who, m - 1].astype(int), "n3": work[who, m - 3 : m].sum(axis=1),
                    "n6": work[who, m - 6 : m].sum(axis=1), "age": age[who], "since": np.minimum(m - since[who], 24),
                    "femme": (person.sexe.to_numpy()[who] == "F").astype(int), "permis": f.permis_b.astype(int).to_numpy(),
                    "rqth": (disabled < day).to_numpy()[who].astype(int), "qpv": f.qpv.astype(str).to_numpy(),
                    "niveau": f.niveau_diplome.fillna("?").to_numpy(), "logement": f.logement.fillna("?").to_numpy(),
                    "ml": f.id_structure.to_numpy(),
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def answer(df: pd.DataFrame) -> Answer:
    """Return the naive difference and AIPW for the treated, its standard error by person."""
    x = pd.get_dummies(
        df.drop(columns=["who", "D", "Y"]),
        columns=["qpv", "niveau", "logement", "month", "ml"],
        drop_first=True,
    )
    x = x.astype(float)
    x = ((x - x.mean()) / x.std()).fillna(0.0).to_numpy()
    d, y = df.D.to_numpy(), df.Y.to_numpy()
    p = LogisticRegression(C=10, max_iter=500).fit(x, d).predict_proba(x)[:, 1]
    mu = LogisticRegression(C=10, max_iter=500).fit(x[d == 0], y[d == 0]).predict_proba(x)[:, 1]
    score = d * (y - mu) - (1 - d) * p / (1 - p) * (y - mu)
    att = score.sum() / d.sum()
    influence = np.bincount(df.who, (score - d * att) / d.sum())
    return Answer(
        y[d == 1].mean() - y[d == 0].mean(), att, float(np.sqrt((influence**2).sum())), int(d.sum())
    )
