"""The jobs of `cohort.py` and `indicators.py` as one would write them by hand in polars."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl
from polars import col

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIRST, LAST, AROUND = 2024 * 12, 2024 * 12 + 11, 12
STATES = ["employment", "durable", "training", "alternance", "school"]
WORK = ["Emploi", "Contrat en Alternance"]


def month(name: str) -> pl.Expr:
    """Return year * 12 + month - 1."""
    return (col(name).dt.year() * 12 + col(name).dt.month() - 1).cast(pl.Int32)


def read(folder: Path, table: str) -> pl.LazyFrame:
    """Return a table of the extract."""
    return pl.scan_parquet(folder / f"{table}.parquet")


def eligible(folder: Path) -> pl.LazyFrame:
    """Return the rows of everyone who could enter, month after month."""
    zeros = pl.LazyFrame(
        {
            "month": range(FIRST, LAST + 1),
            "zero": [dt.date(m // 12, m % 12 + 1, 1) for m in range(FIRST, LAST + 1)],
        },
        schema={"month": pl.Int32, "zero": pl.Date},
    )
    entries = (
        read(folder, "accompagnements")
        .filter(col("dispositif") == "CEJ")
        .group_by("id_jeune")
        .agg(
            entry=month("date_debut").filter(col("rang") == 1).min(),
            ever=month("date_debut").min(),
        )
    )
    seen = (
        read(folder, "actes")
        .filter(col("statut") == "PRESENT", col("type") != "CONTACT")
        .select("id_jeune", done=month("date_acte"), said=month("date_saisie"))
        .select("id_jeune", "done", known=pl.max_horizontal("done", "said"))
        .filter(col("known") < LAST, col("done") + 5 >= FIRST)
        .unique()
        .join_where(zeros, col("month") > col("known"), col("month") <= col("done") + 5)
        .select("id_jeune", "month")
        .unique()
    )
    busy = (
        read(folder, "situations")
        .filter(col("categorie").is_in(["Scolarité", "Formation"]), col("etat") != "PREVU")
        .select("id_jeune", "date_debut", "date_saisie", "date_fin")
        .join(zeros, how="cross")
        .filter(
            col("date_debut") < col("zero"),
            col("date_saisie") < col("zero"),
            col("date_fin").is_null() | (col("date_fin") >= col("zero")),
        )
        .select("id_jeune", "month")
        .unique()
    )
    places = read(folder, "structures").filter(col("code_region") == "32")
    opened = (
        read(folder, "dossiers")
        .join(places.select("id_structure").unique(), on="id_structure", how="semi")
        .select("id_jeune", "date_ouverture", "date_cloture")
        .join(zeros, how="cross")
        .filter(
            col("date_ouverture") < col("zero"),
            col("date_cloture").is_null() | (col("date_cloture") >= col("zero")),
        )
        .select("id_jeune", "month", "zero")
        .unique()
    )
    born, zero = col("date_naissance").dt, col("zero").dt
    before = (born.month() > zero.month()) | (
        (born.month() == zero.month()) & (born.day() > zero.day())
    )
    age = zero.year() - born.year() - before.cast(pl.Int32)
    disabled = (col("rqth_depuis") < col("zero")).fill_null(value=False)
    return (
        opened.join(read(folder, "jeunes"), on="id_jeune")
        .join(entries, on="id_jeune", how="left")
        .filter(
            col("ever").is_null() | (col("ever") >= col("month")),
            age >= 16,
            age <= pl.when(disabled).then(29).otherwise(25),
        )
        .join(seen, on=["id_jeune", "month"], how="semi")
        .join(busy, on=["id_jeune", "month"], how="anti")
        .select("id_jeune", "month", treated=(col("entry") == col("month")).fill_null(value=False))
    )


def month_by_month(folder: Path, cohort: pl.LazyFrame) -> pl.LazyFrame:
    """Return what each person did each month: declared states, and linked work."""
    people = cohort.select("id_jeune").unique()
    acts, spells = read(folder, "actes"), read(folder, "situations")
    contacts = pl.concat(
        [
            acts.filter(col("statut") == "PRESENT").select("id_jeune", c=month("date_acte")),
            spells.select("id_jeune", c=month("date_saisie")),
        ]
    )
    last = contacts.group_by("id_jeune").agg(col("c").max())
    begin = month("date_debut")
    until = pl.when(col("date_fin").is_null()).then(pl.max_horizontal(begin, "c"))
    until = until.otherwise(month("date_fin"))
    kind, contract = col("categorie"), col("type_contrat")
    long = (contract == "CDI") | ((contract == "CDD") & (col("duree_prevue_mois") > 6))
    first = pl.max_horizontal(begin, pl.lit(FIRST - AROUND, pl.Int32))
    stop = pl.min_horizontal(until, pl.lit(LAST + AROUND, pl.Int32)) + 1
    declared = (
        spells.filter(col("etat") != "PREVU")
        .join(people, on="id_jeune", how="semi")
        .join(last, on="id_jeune")
        .select(
            "id_jeune",
            employment=kind.is_in(WORK),
            durable=((kind == "Emploi") & col("siae_type").is_null() & long).fill_null(value=False),
            training=kind == "Formation",
            alternance=kind == "Contrat en Alternance",
            school=kind == "Scolarité",
            first=first,
            stop=stop,
        )
        .filter(col("stop") > col("first"))
        .with_columns(at=pl.int_ranges("first", "stop", dtype=pl.Int32))
        .drop("first", "stop")
        .explode("at")
        .group_by("id_jeune", "at")
        .agg(col(STATES).any())
    )
    linked = (
        read(folder, "emploi_mensuel")
        .filter(col("en_emploi"))
        .join(people, on="id_jeune", how="semi")
        .select("id_jeune", at=month("mois"), linked=pl.lit(value=True))
        .unique()
    )
    both = declared.join(linked, on=["id_jeune", "at"], how="full", coalesce=True)
    return both.with_columns(col("linked", *STATES).fill_null(value=False))


def panel(folder: Path) -> Callable[[], list[float]]:
    """Return the job: counts by arm and month."""

    def work() -> list[float]:
        extract = folder / "extract"
        cohort = eligible(extract).collect(engine="streaming").lazy()
        names = ["linked", *STATES]
        counts = (
            cohort.join(month_by_month(extract, cohort), on="id_jeune")
            .with_columns(k=col("at") - col("month"))
            .filter(col("k").abs() <= AROUND)
            .group_by("treated", "k")
            .agg(col(names).sum())
            .sort("treated", "k")
            .collect(engine="streaming")
        )
        return [float(x) for row in counts.select("k", *names).iter_rows() for x in row]

    return work


def counted(folder: Path, year: int) -> pl.LazyFrame:
    """Return one row per person: whether and how often each thing happened in a year."""
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    acts = (
        read(folder, "actes")
        .filter(col("date_acte").dt.year() == year, col("statut") == "PRESENT")
        .group_by("id_jeune")
        .agg(
            n=(col("type") != "CONTACT").sum(),
            w=(col("type") == "ATELIER").sum(),
            met=(col("type") == "ENTRETIEN").any(),
        )
    )
    cej = (
        read(folder, "accompagnements")
        .filter(
            col("dispositif") == "CEJ",
            col("date_debut") <= last,
            col("date_fin").is_null() | (col("date_fin") >= first),
        )
        .select("id_jeune", cej=pl.lit(value=True))
        .unique()
    )
    kind, contract = col("categorie"), col("type_contrat")
    long = (contract == "CDI") | ((contract == "CDD") & (col("duree_prevue_mois") > 6))
    durable = (kind == "Emploi") & col("siae_type").is_null() & long
    did = (
        read(folder, "situations")
        .filter(col("etat") != "PREVU", col("date_debut").dt.year() == year)
        .group_by("id_jeune")
        .agg(
            durable=durable.fill_null(value=False).any(),
            work=kind.is_in(WORK).any(),
            training=(kind == "Formation").any(),
        )
    )
    paid = (
        read(folder, "allocations")
        .filter(col("mois").dt.year() == year, col("montant_eur") > 0, col("dispositif") == "CEJ")
        .group_by("id_jeune")
        .agg(euros=col("montant_eur").sum())
    )
    people = read(folder, "jeunes").select("id_jeune")
    for part in (acts, cej, did, paid):
        people = people.join(part, on="id_jeune", how="left")
    return people


def taken_place(folder: Path, year: int, places: pl.LazyFrame) -> pl.LazyFrame:
    """Return acts and workshops by the département where they took place."""
    home = read(folder, "dossiers").select("id_dossier", "id_structure")
    return (
        read(folder, "actes")
        .filter(col("date_acte").dt.year() == year, col("statut") == "PRESENT")
        .filter(col("type") != "CONTACT")
        .join(home, on="id_dossier")
        .join(places.select("id_structure", "code_departement"), on="id_structure")
        .group_by("code_departement")
        .agg(n=pl.len(), w=(col("type") == "ATELIER").sum())
    )


def indicators(folder: Path) -> Callable[[], list[float]]:
    """Return the job: ten figures by département."""

    def work() -> list[float]:
        extract, year = folder / "extract", LAST // 12
        still = col("date_cloture").is_null() | (col("date_cloture") >= dt.date(year, 1, 1))
        home = (
            read(extract, "dossiers")
            .filter(col("date_ouverture") <= dt.date(year, 12, 31))
            .group_by("id_jeune")
            .agg(col("id_structure").sort_by("date_ouverture").last(), open=still.any())
        )
        places = read(extract, "structures").sort("valide_du")
        places = places.unique("id_structure", keep="last", maintain_order=True)
        places = places.filter(col("code_region") == "32")
        seen = (col("n") > 0).fill_null(value=False)
        figures = (
            home.join(places.select("id_structure", "code_departement"), on="id_structure")
            .join(counted(extract, year), on="id_jeune", how="left")
            .group_by("code_departement")
            .agg(
                seen.sum().alias("seen"),
                col("n").is_not_null().sum().alias("contact"),
                col("cej").fill_null(value=False).sum(),
                *((col(name).fill_null(value=False) & seen).sum() for name in ("durable", "work")),
                (col("training") & col("met")).fill_null(value=False).sum().alias("training"),
                col("open", "euros").sum(),
            )
            .join(taken_place(extract, year, places), on="code_departement", how="left")
            .select(
                "code_departement",
                "seen",
                "contact",
                "n",
                "w",
                "cej",
                "durable",
                "work",
                "training",
                "open",
                "euros",
            )
            .sort("code_departement")
            .collect(engine="streaming")
        )
        return [float(x) for row in figures.iter_rows() for x in row[1:]]

    return work
