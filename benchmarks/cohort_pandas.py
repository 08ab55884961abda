"""The jobs of `cohort.py` and `indicators.py` as one would write them by hand in pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIRST, LAST, AROUND = 2024 * 12, 2024 * 12 + 11, 12
STATES = ["employment", "durable", "training", "alternance", "school"]
WORK = ["Emploi", "Contrat en Alternance"]


def month(day: pd.Series) -> pd.Series:
    """Return year * 12 + month - 1, missing where the day is."""
    return day.dt.year * 12 + day.dt.month - 1


class Files:
    """The tables of an extract, persons as integers: text is compared once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ids = pd.Index(pd.read_parquet(folder / "jeunes.parquet")["id_jeune"])

    def read(self, table: str, columns: list[str]) -> pd.DataFrame:
        """Return columns of a table, with the person's number as `p`."""
        found = pd.read_parquet(self.folder / f"{table}.parquet", columns=["id_jeune", *columns])
        found["p"] = self.ids.get_indexer(found.pop("id_jeune"))
        for name in columns:
            if name.startswith("date_") or name in {"mois", "rqth_depuis"}:
                found[name] = pd.to_datetime(found[name])
        return found


def eligible(files: Files) -> pd.DataFrame:
    """Return `p`, `month` and `treated` of everyone who could enter, month after month."""
    entries = files.read("accompagnements", ["dispositif", "date_debut", "rang"])
    entries = entries[entries["dispositif"] == "CEJ"].assign(m=month(entries["date_debut"]))
    ever = entries.groupby("p")["m"].min().rename("ever")
    entry = entries[entries["rang"] == 1].groupby("p")["m"].min().rename("entry")
    people = files.read("jeunes", ["date_naissance", "rqth_depuis"]).set_index("p")
    people = people.join(ever).join(entry)
    opened = files.read("dossiers", ["id_structure", "date_ouverture", "date_cloture"])
    places = pd.read_parquet(files.folder / "structures.parquet")
    here = places.loc[places["code_region"] == "32", "id_structure"]
    opened = opened[opened["id_structure"].isin(here)]
    acts = files.read("actes", ["statut", "type", "date_acte", "date_saisie"])
    acts = acts[(acts["statut"] == "PRESENT") & (acts["type"] != "CONTACT")]
    acts = acts.assign(done=month(acts["date_acte"]), said=month(acts["date_saisie"]))
    acts["known"] = acts[["done", "said"]].max(axis=1)
    acts = acts[["p", "done", "known"]].drop_duplicates()
    spells = files.read(
        "situations", ["categorie", "etat", "date_debut", "date_fin", "date_saisie"]
    )
    spells = spells[spells["categorie"].isin(["Scolarité", "Formation"])]
    spells = spells[spells["etat"] != "PREVU"]
    parts = []
    for m in range(FIRST, LAST + 1):
        zero = pd.Timestamp(m // 12, m % 12 + 1, 1)
        seen = acts.loc[(acts["known"] < m) & (acts["done"] + 5 >= m), "p"]
        busy = spells.loc[
            (spells["date_debut"] < zero)
            & (spells["date_saisie"] < zero)
            & (spells["date_fin"].isna() | (spells["date_fin"] >= zero)),
            "p",
        ]
        open_ = opened.loc[
            (opened["date_ouverture"] < zero)
            & (opened["date_cloture"].isna() | (opened["date_cloture"] >= zero)),
            "p",
        ]
        rows = people.loc[np.unique(open_)]
        born = rows["date_naissance"]
        before = (born.dt.month > zero.month) | (
            (born.dt.month == zero.month) & (born.dt.day > zero.day)
        )
        age = zero.year - born.dt.year - before
        limit = np.where(rows["rqth_depuis"] < zero, 29, 25)
        rows = rows[(age >= 16) & (age <= limit) & ~(rows["ever"] < m)]
        rows = rows[rows.index.isin(seen) & ~rows.index.isin(busy)]
        parts.append(
            pd.DataFrame({"p": rows.index, "month": m, "treated": (rows["entry"] == m).to_numpy()})
        )
    return pd.concat(parts, ignore_index=True)


def month_by_month(files: Files, people: np.ndarray) -> pd.DataFrame:
    """Return what each person did each month, `p` and `at`: declared states, and linked work."""
    acts = files.read("actes", ["statut", "date_acte"])
    spells = files.read(
        "situations",
        [
            *["categorie", "etat", "siae_type", "type_contrat", "duree_prevue_mois"],
            *["date_debut", "date_fin", "date_saisie"],
        ],
    )
    contacts = [
        acts.loc[acts["statut"] == "PRESENT", ["p"]].assign(c=month(acts["date_acte"])),
        spells[["p"]].assign(c=month(spells["date_saisie"])),
    ]
    last = pd.concat(contacts).groupby("p")["c"].max()
    spells = spells[(spells["etat"] != "PREVU") & spells["p"].isin(people)]
    begin = month(spells["date_debut"])
    until = month(spells["date_fin"])
    until = until.fillna(np.maximum(begin, spells["p"].map(last))).astype("int64")
    begin = begin.clip(lower=FIRST - AROUND)
    length = (until.clip(upper=LAST + AROUND) - begin + 1).clip(lower=0).to_numpy()
    kind = spells["categorie"]
    long = (spells["type_contrat"] == "CDI") | (
        (spells["type_contrat"] == "CDD") & (spells["duree_prevue_mois"] > 6)
    )
    flags = pd.DataFrame(
        {
            "p": spells["p"],
            "employment": kind.isin(WORK),
            "durable": (kind == "Emploi") & spells["siae_type"].isna() & long,
            "training": kind == "Formation",
            "alternance": kind == "Contrat en Alternance",
            "school": kind == "Scolarité",
        }
    )
    months = flags.loc[flags.index.repeat(length)]
    start = np.repeat(np.cumsum(length) - length, length)
    months["at"] = np.repeat(begin.to_numpy(), length) + np.arange(len(months)) - start
    declared = months.groupby(["p", "at"])[STATES].max()
    work = files.read("emploi_mensuel", ["mois", "en_emploi"])
    work = work[work["en_emploi"] & work["p"].isin(people)]
    linked = work.assign(at=month(work["mois"]), linked=True)[["p", "at", "linked"]]
    linked = linked.drop_duplicates().set_index(["p", "at"])
    return declared.join(linked, how="outer").fillna(False).astype(bool).reset_index()


def panel(folder: Path) -> Callable[[], list[float]]:
    """Return the job: counts by arm and month."""

    def work() -> list[float]:
        files = Files(folder / "extract")
        cohort = eligible(files)
        months = month_by_month(files, cohort["p"].unique())
        rows = cohort.merge(months, on="p")
        rows["k"] = rows["at"] - rows["month"]
        rows = rows[rows["k"].abs() <= AROUND]
        names = ["linked", *STATES]
        counts = rows.groupby(["treated", "k"])[names].sum().reset_index()
        return list(counts[["k", *names]].to_numpy(dtype=float).ravel())

    return work


def counted(files: Files, year: int) -> pd.DataFrame:
    """Return one row per person: whether and how often each thing happened in a year."""
    first, last = pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 31)
    acts = files.read("actes", ["statut", "type", "date_acte"])
    acts = acts[(acts["date_acte"].dt.year == year) & (acts["statut"] == "PRESENT")]
    acts["n"], acts["w"] = acts["type"] != "CONTACT", acts["type"] == "ATELIER"
    acts["met"] = acts["type"] == "ENTRETIEN"
    acts = acts.groupby("p")[["n", "w", "met"]].sum()
    spells = files.read("accompagnements", ["dispositif", "date_debut", "date_fin"])
    spells = spells[(spells["dispositif"] == "CEJ") & (spells["date_debut"] <= last)]
    cej = spells.loc[spells["date_fin"].isna() | (spells["date_fin"] >= first), "p"]
    did = files.read(
        "situations",
        ["categorie", "etat", "siae_type", "type_contrat", "duree_prevue_mois", "date_debut"],
    )
    did = did[(did["etat"] != "PREVU") & (did["date_debut"].dt.year == year)]
    kind = did["categorie"]
    long = (did["type_contrat"] == "CDI") | (
        (did["type_contrat"] == "CDD") & (did["duree_prevue_mois"] > 6)
    )
    did["durable"] = (kind == "Emploi") & did["siae_type"].isna() & long
    did["work"], did["training"] = kind.isin(WORK), kind == "Formation"
    did = did.groupby("p")[["durable", "work", "training"]].max()
    paid = files.read("allocations", ["mois", "dispositif", "montant_eur"])
    paid = paid[(paid["dispositif"] == "CEJ") & (paid["mois"].dt.year == year)]
    euros = paid[paid["montant_eur"] > 0].groupby("p")["montant_eur"].sum().rename("euros")
    people = pd.DataFrame(index=pd.RangeIndex(len(files.ids)))
    people = people.join(acts).join(did).join(euros)
    people["contact"], people["cej"] = people["n"].notna(), people.index.isin(cej)
    return people.fillna(0)


def taken_place(files: Files, year: int, places: pd.Series) -> pd.DataFrame:
    """Return acts and workshops by the département where they took place."""
    acts = files.read("actes", ["id_dossier", "statut", "type", "date_acte"])
    acts = acts[(acts["date_acte"].dt.year == year) & (acts["statut"] == "PRESENT")]
    acts = acts[acts["type"] != "CONTACT"]
    home = files.read("dossiers", ["id_dossier", "id_structure"]).set_index("id_dossier")
    where = acts["id_dossier"].map(home["id_structure"]).map(places)
    acts = acts.assign(n=1, w=acts["type"] == "ATELIER")
    return acts.groupby(where)[["n", "w"]].sum()


def indicators(folder: Path) -> Callable[[], list[float]]:
    """Return the job: ten figures by département."""

    def work() -> list[float]:
        files, year = Files(folder / "extract"), LAST // 12
        opened = files.read("dossiers", ["id_structure", "date_ouverture", "date_cloture"])
        opened = opened[opened["date_ouverture"] <= pd.Timestamp(year, 12, 31)]
        closed = opened["date_cloture"] < pd.Timestamp(year, 1, 1)
        home = opened.assign(open=~closed).sort_values("date_ouverture").groupby("p")
        home = home.agg({"id_structure": "last", "open": "max"})
        places = pd.read_parquet(files.folder / "structures.parquet").sort_values("valide_du")
        places = places.drop_duplicates("id_structure", keep="last")
        places = places[places["code_region"] == "32"].set_index("id_structure")
        rows = home.join(places["code_departement"], on="id_structure", how="inner")
        rows = rows.join(counted(files, year))
        seen = rows["n"] > 0
        table = pd.DataFrame({"seen": seen, "contact": rows["contact"], "n": rows["n"]})
        table["w"] = rows["w"]
        table["cej"] = rows["cej"].astype(bool)
        for name in ("durable", "work"):
            table[name] = rows[name].astype(bool) & seen
        table["training"] = rows["training"].astype(bool) & (rows["met"] > 0)
        table["open"], table["euros"] = rows["open"], rows["euros"]
        figures = table.groupby(rows["code_departement"]).sum()
        done = taken_place(files, year, places["code_departement"])
        figures[["n", "w"]] = done[["n", "w"]].reindex(figures.index)
        return list(figures.to_numpy(dtype=float).ravel())

    return work
