"""Cohort, panel and outcomes against the same job written by hand in DuckDB SQL.

python -m benchmarks.cohort_sql [PERSONS] [RUNS] [EXTRACT]

Each runs in a process of its own, in turn, on the same synthetic extract; the counts by arm and
month must be equal. Prints seconds, processor time, peak memory, and the medians of the ratios pair
by pair (on a machine that does other things, that of processor times is the one to read).
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import duckdb
import pandas as pd

import evalml as ev
from evalml.synthetic.make import produce

ROOT = Path(__file__).resolve().parents[1]
NAMES = ["emploi", "emploi_declare", "emploi_durable", "formation", "alternance", "scolarite"]
FLAGS = {
    "emploi_declare": "employment",
    "emploi_durable": "durable",
    "formation": "training",
    "alternance": "alternance",
    "scolarite": "school",
}
MEMORY = os.environ.get("EVALML_BENCH_MEMORY", "4GB")
"""What either engine may take before it spills to disk; the process itself takes more."""

SQL = """
CREATE TEMP TABLE zeros AS SELECT m::INT AS "month", make_date(m // 12, m % 12 + 1, 1) AS "zero"
  FROM range({first}, {last} + 1) AS t(m);
CREATE TEMP TABLE entries AS SELECT id_jeune,
    min(year(date_debut) * 12 + month(date_debut) - 1) FILTER (WHERE rang = 1) AS "entry",
    min(year(date_debut) * 12 + month(date_debut) - 1) AS "ever"
  FROM '{folder}/accompagnements.parquet' WHERE dispositif = 'CEJ' GROUP BY id_jeune;
CREATE TEMP TABLE seen AS SELECT DISTINCT a.id_jeune, z."month" FROM (
    SELECT DISTINCT id_jeune, year(date_acte) * 12 + month(date_acte) - 1 AS "done",
      greatest(year(date_acte) * 12 + month(date_acte) - 1,
               year(date_saisie) * 12 + month(date_saisie) - 1) AS "known"
    FROM '{folder}/actes.parquet' WHERE statut = 'PRESENT' AND type <> 'CONTACT') a
  JOIN zeros z ON z."month" > a."known" AND z."month" <= a."done" + 5;
CREATE TEMP TABLE busy AS SELECT DISTINCT s.id_jeune, z."month" FROM '{folder}/situations.parquet' s
  JOIN zeros z ON s.date_debut < z."zero" AND s.date_saisie < z."zero"
    AND (s.date_fin IS NULL OR s.date_fin >= z."zero")
  WHERE s.categorie IN ('Scolarité', 'Formation') AND s.etat <> 'PREVU';
CREATE TEMP TABLE opened AS SELECT d.id_jeune, z."month", z."zero"
  FROM '{folder}/dossiers.parquet' d
  JOIN (SELECT DISTINCT id_structure FROM '{folder}/structures.parquet' WHERE code_region = '32') s
    USING (id_structure)
  JOIN zeros z ON d.date_ouverture < z."zero"
    AND (d.date_cloture IS NULL OR d.date_cloture >= z."zero")
  QUALIFY row_number() OVER (PARTITION BY d.id_jeune, z."month"
    ORDER BY d.date_ouverture DESC, sha256(d.id_dossier)) = 1;
CREATE TEMP TABLE cohort AS SELECT o.id_jeune, o."month",
    coalesce(e."entry" = o."month", false) AS "treated"
  FROM opened o JOIN '{folder}/jeunes.parquet' j USING (id_jeune)
  LEFT JOIN entries e USING (id_jeune)
  SEMI JOIN seen ON seen.id_jeune = o.id_jeune AND seen."month" = o."month"
  ANTI JOIN busy ON busy.id_jeune = o.id_jeune AND busy."month" = o."month"
  WHERE (e."ever" IS NULL OR e."ever" >= o."month")
    AND date_diff('year', j.date_naissance, o."zero")
        - (strftime(o."zero", '%m%d') < strftime(j.date_naissance, '%m%d'))::INT >= 16
    AND (date_diff('year', j.date_naissance, o."zero")
        - (strftime(o."zero", '%m%d') < strftime(j.date_naissance, '%m%d'))::INT <= 25
      OR (coalesce(j.rqth_depuis < o."zero", false)
        AND date_diff('year', j.date_naissance, o."zero")
        - (strftime(o."zero", '%m%d') < strftime(j.date_naissance, '%m%d'))::INT <= 29));
CREATE TEMP TABLE people AS SELECT DISTINCT id_jeune FROM cohort;
CREATE TEMP TABLE contacts AS SELECT id_jeune, max(c) AS "last" FROM (
    SELECT id_jeune, year(date_acte) * 12 + month(date_acte) - 1 AS c
      FROM '{folder}/actes.parquet' WHERE statut = 'PRESENT'
    UNION ALL SELECT id_jeune, year(date_saisie) * 12 + month(date_saisie) - 1
      FROM '{folder}/situations.parquet') GROUP BY id_jeune;
CREATE TEMP TABLE months AS SELECT id_jeune, "at", bool_or(employment) AS employment,
    bool_or(durable) AS durable, bool_or(training) AS training, bool_or(alternance) AS alternance,
    bool_or(school) AS school FROM (
    SELECT s.id_jeune, categorie IN ('Emploi', 'Contrat en Alternance') AS employment,
      coalesce(categorie = 'Emploi' AND siae_type IS NULL
        AND (type_contrat = 'CDI' OR (type_contrat = 'CDD' AND duree_prevue_mois > 6)), false)
        AS durable,
      categorie = 'Formation' AS training, categorie = 'Contrat en Alternance' AS alternance,
      categorie = 'Scolarité' AS school,
      unnest(range(greatest(year(date_debut) * 12 + month(date_debut) - 1, {first} - 12),
        least(CASE WHEN date_fin IS NULL
            THEN greatest(year(date_debut) * 12 + month(date_debut) - 1, c."last")
            ELSE year(date_fin) * 12 + month(date_fin) - 1 END, {last} + 12) + 1)) AS "at"
    FROM '{folder}/situations.parquet' s JOIN people USING (id_jeune)
    JOIN contacts c USING (id_jeune) WHERE etat <> 'PREVU')
  GROUP BY id_jeune, "at";
CREATE TEMP TABLE linked AS SELECT DISTINCT id_jeune, year(mois) * 12 + month(mois) - 1 AS "at"
  FROM '{folder}/emploi_mensuel.parquet' JOIN people USING (id_jeune) WHERE en_emploi;
CREATE TEMP TABLE everything AS SELECT coalesce(m.id_jeune, l.id_jeune) AS id_jeune,
    coalesce(m."at", l."at") AS "at", m.* EXCLUDE (id_jeune, "at"), l.id_jeune IS NOT NULL AS linked
  FROM months m FULL JOIN linked l ON m.id_jeune = l.id_jeune AND m."at" = l."at";
"""
ANSWER = """
SELECT c."treated", (e."at" - c."month")::INT AS "k", count(*) FILTER (WHERE linked) AS "emploi",
    count(*) FILTER (WHERE employment) AS "emploi_declare",
    count(*) FILTER (WHERE durable) AS "emploi_durable",
    count(*) FILTER (WHERE training) AS "formation",
    count(*) FILTER (WHERE alternance) AS "alternance",
    count(*) FILTER (WHERE school) AS "scolarite"
  FROM cohort c JOIN everything e USING (id_jeune)
  WHERE e."at" - c."month" BETWEEN -12 AND 12 GROUP BY 1, 2 ORDER BY 1, 2
"""


def ours(folder: Path) -> pd.DataFrame:
    """Count by arm and month, through the stages."""
    study = ev.read_study(ROOT / "params" / "cej_2024_hdf.yaml")
    rules = {"outside_programmes": (), "outside_situations": ("Scolarité", "Formation")}
    eligibility = study.eligibility.model_copy(update=rules)
    study = study.model_copy(update={"eligibility": eligibility, "subgroups": ()})
    engine = ev.open_engine(memory_limit=MEMORY)
    extract = ev.read_extract(folder, engine)
    tables = ev.Tables(extract.meta, extract.tables, pd.DataFrame({"rows": []}))
    cohort = ev.build_cohort(tables, ev.target_trial(study), [], engine)
    outcomes = ev.compute_outcomes(ev.build_panel(tables, cohort, engine), NAMES)
    rows = outcomes.rows
    counts = {name: (rows[name] == 1).sum() for name in NAMES}
    found = engine.fetch(rows.group_by("treated", "k").agg(**counts))
    return found.sort_values(["treated", "k"]).fillna(0).reset_index(drop=True)


def by_hand(folder: Path) -> pd.DataFrame:
    """Count by arm and month, in SQL."""
    connection = duckdb.connect(config={"memory_limit": MEMORY})
    first = 2024 * 12
    connection.execute(SQL.format(folder=folder, first=first, last=first + 11))
    return connection.execute(ANSWER).df()


def alone(way: str, folder: Path) -> dict[str, float]:
    """Run one way in a process of its own and return its seconds, memory and answer."""
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.cohort_sql", way, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(said.stdout.strip().splitlines()[-1])


def main(persons: int, runs: int, folder: Path | None) -> None:
    """Compare, in turn, on an extract of that many persons, made here if none is given."""
    with tempfile.TemporaryDirectory() as root:
        if folder is None:
            folder = Path(root) / "extract"
            produce(folder, people=persons, seed=1)
        found = {"ours": [], "by_hand": []}
        for _ in range(runs):
            for way, results in found.items():
                results.append(alone(way, folder))
    if found["ours"][0]["answer"] != found["by_hand"][0]["answer"]:
        print("THE ANSWERS DIFFER")
    for way, results in found.items():
        seconds, cpu = (median(r[k] for r in results) for k in ("seconds", "cpu"))
        peak = max(r["peak_mb"] for r in results)
        print(f"{way:10}{seconds:9.2f} s{cpu:9.2f} s of processor{peak:9.0f} MB")
    ratios = [
        median(a[k] / b[k] for a, b in zip(found["ours"], found["by_hand"], strict=True))
        for k in ("seconds", "cpu")
    ]
    print(f"ratio {ratios[0]:.2f} (processor {ratios[1]:.2f}) for {persons} persons, {runs} pairs")


if __name__ == "__main__":
    words = sys.argv[1:]
    if words and words[0] in {"ours", "by_hand"}:
        start, started = time.perf_counter(), time.process_time()
        table = {"ours": ours, "by_hand": by_hand}[words[0]](Path(words[1]))
        seconds, cpu = time.perf_counter() - start, time.process_time() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        answer = table[["k", *NAMES]].astype("int64").to_numpy().tolist()
        print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak, "answer": answer}))
    else:
        main(
            int(words[0]) if words else 100_000,
            int(words[1]) if words[1:] else 3,
            Path(words[2]) if words[2:] else None,
        )
