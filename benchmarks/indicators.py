"""Ten indicators of a year by département: through the stages, and by hand in SQL."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.harness import Row, Way

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

YEAR = 2024
NAMES = (
    "accompagnes",
    "en_contact",
    "actes",
    "ateliers",
    "jeunes_cej",
    "jeunes_emploi_durable",
    "jeunes_emploi_alternance",
    "jeunes_formation",
    "dossiers_ouverts",
    "allocations_cej",
)
"""In the order of the columns of every answer by hand."""

SQL = """
WITH files AS (SELECT * FROM '{folder}/dossiers.parquet' WHERE date_ouverture <= '{year}-12-31'),
  places AS (SELECT DISTINCT ON (id_structure) id_structure, code_departement, code_region
    FROM '{folder}/structures.parquet' ORDER BY id_structure, valide_du DESC),
  home AS (SELECT id_jeune, arg_max(id_structure, date_ouverture) AS id_structure,
      bool_or(date_cloture IS NULL OR date_cloture >= '{year}-01-01') AS "open"
    FROM files GROUP BY id_jeune),
  acts AS (SELECT id_jeune, bool_or(type <> 'CONTACT') AS seen,
      bool_or(type = 'ENTRETIEN') AS met,
      count(*) FILTER (WHERE type <> 'CONTACT') AS n, count(*) FILTER (WHERE type = 'ATELIER') AS w
    FROM '{folder}/actes.parquet' WHERE year(date_acte) = {year} AND statut = 'PRESENT'
    GROUP BY id_jeune),
  done AS (SELECT code_departement, count(*) AS n, count(*) FILTER (WHERE type = 'ATELIER') AS w
    FROM '{folder}/actes.parquet' JOIN (SELECT id_dossier, id_structure
      FROM '{folder}/dossiers.parquet') USING (id_dossier) JOIN places USING (id_structure)
    WHERE year(date_acte) = {year} AND statut = 'PRESENT' AND type <> 'CONTACT' GROUP BY 1),
  cej AS (SELECT DISTINCT id_jeune FROM '{folder}/accompagnements.parquet'
    WHERE dispositif = 'CEJ' AND date_debut <= '{year}-12-31'
      AND (date_fin IS NULL OR date_fin >= '{year}-01-01')),
  did AS (SELECT id_jeune, bool_or(coalesce(categorie = 'Emploi' AND siae_type IS NULL
        AND (type_contrat = 'CDI' OR (type_contrat = 'CDD' AND duree_prevue_mois > 6)), false))
        AS durable,
      bool_or(categorie IN ('Emploi', 'Contrat en Alternance')) AS work,
      bool_or(categorie = 'Formation') AS training
    FROM '{folder}/situations.parquet' WHERE etat <> 'PREVU' AND year(date_debut) = {year}
    GROUP BY id_jeune),
  paid AS (SELECT id_jeune, sum(montant_eur) AS euros FROM '{folder}/allocations.parquet'
    WHERE year(mois) = {year} AND montant_eur > 0 AND dispositif = 'CEJ' GROUP BY id_jeune)
SELECT code_departement, count(*) FILTER (WHERE seen) AS a,
    count(*) FILTER (WHERE acts.n IS NOT NULL) AS b, any_value(done.n) AS c, any_value(done.w) AS d,
    count(*) FILTER (WHERE cej.id_jeune IS NOT NULL) AS e,
    count(*) FILTER (WHERE seen AND durable) AS f, count(*) FILTER (WHERE seen AND work) AS g,
    count(*) FILTER (WHERE met AND training) AS h, count(*) FILTER (WHERE "open") AS i,
    coalesce(sum(euros), 0) AS j
  FROM home JOIN places USING (id_structure) LEFT JOIN acts USING (id_jeune)
    LEFT JOIN cej ON cej.id_jeune = home.id_jeune LEFT JOIN did ON did.id_jeune = home.id_jeune
    LEFT JOIN paid ON paid.id_jeune = home.id_jeune LEFT JOIN done USING (code_departement)
  WHERE code_region = '32' GROUP BY 1 ORDER BY 1
"""


def ours(folder: Path) -> Callable[[], list[float]]:
    """Return the job through the stages, their modules loaded."""
    import pandas as pd

    import evalml as ev

    for stage in ("study", "engine", "extract", "tables", "indicators"):
        import_module(f"evalml.{stage}")

    def work() -> list[float]:
        engine = ev.open_engine()
        extract = ev.read_extract(folder / "extract", engine)
        tables = ev.Tables(extract.meta, extract.tables, pd.DataFrame({"rows": []}))
        found = ev.compute_indicators(
            tables, YEAR, {"region": "32"}, engine=engine, names=NAMES, groups=()
        )
        found = found[found["territory"].str.startswith("departement")]
        wide = found.pivot_table(index="territory", columns="indicator", values="value")
        return list(wide[list(NAMES)].to_numpy().ravel())

    return work


def by_hand(folder: Path) -> Callable[[], list[float]]:
    """Return the job in DuckDB SQL."""
    import duckdb

    def work() -> list[float]:
        query = SQL.format(folder=folder / "extract", year=YEAR)
        return [float(x) for row in duckdb.connect().execute(query).fetchall() for x in row[1:]]

    return work


ROW = Row(
    "indicators",
    "Ten indicators of a year by département, from Parquet",
    "benchmarks.cohort:write",
    "persons",
    {"quick": 20_000, "full": 100_000},
    (
        Way("evalml", "benchmarks.indicators:ours"),
        Way("DuckDB SQL by hand", "benchmarks.indicators:by_hand", "duckdb"),
        Way("pandas by hand", "benchmarks.cohort_pandas:indicators", "pandas"),
        Way("polars by hand", "benchmarks.cohort_polars:indicators", "polars"),
    ),
    tolerance=1e-9,
    about="every figure",
)
