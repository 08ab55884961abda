"""Published counts recomputed from the files of an extract, in SQL, apart from the generator."""

from __future__ import annotations

from pathlib import Path

import duckdb

PRELUDE = """
create view acts as select * from 'actes.parquet' where statut = 'PRESENT'
  and type in ('ENTRETIEN', 'ATELIER', 'INFO_COLLECTIVE') and year(date_acte) = {year};
create view home as select id_jeune, arg_min(s.code_departement, d.date_ouverture) dep,
    arg_min(qpv, date_ouverture) qpv, arg_min(frr, date_ouverture) frr,
    arg_min(niveau_diplome, date_ouverture) niveau, arg_min(situation_familiale, date_ouverture) famille,
    arg_min(enfants, date_ouverture) enfants, arg_min(logement, date_ouverture) logement,
    arg_min(permis_b, date_ouverture) permis_b
  from 'dossiers.parquet' d join 'structures.parquet' s using (id_structure) group by all;
create view seen as select j.*, h.dep, h.qpv, h.frr, h.niveau, h.famille, h.enfants, h.logement, h.permis_b,
    (a.first_act - last_day(date_naissance))::int as days_old, a.first_act,
    datesub('year', date_naissance, a.first_act) as age,
    year(date_premier_accueil) = {year} as accueil
  from 'jeunes.parquet' j join home h using (id_jeune)
  join (select id_jeune, min(date_acte) first_act from acts group by 1) a using (id_jeune);
create view first_cej as select id_jeune from 'accompagnements.parquet' where dispositif = 'CEJ'
  group by 1 having year(min(date_debut)) = {year};
create view new_pacea as select distinct id_jeune from 'accompagnements.parquet'
  where dispositif = 'PACEA' and year(date_debut) = {year};
create view told as select s.*, dep from 'situations.parquet' s join seen using (id_jeune)
  where year(date_debut) = {year};
create view jobs as select * from told where categorie in ('Emploi', 'Contrat en Alternance');
"""

COUNTS_2024 = {
    "accompagne": "select dep, count(*) from seen group by 1",
    "accompagne & qpv": "select dep, count(*) from seen where qpv group by 1",
    "accompagne & femme": "select dep, count(*) from seen where sexe = 'F' group by 1",
    "accompagne & frr": "select dep, count(*) from seen where frr group by 1",
    "accompagne & mineur": "select dep, count(*) from seen where age < 18 group by 1",
    "accueil": "select dep, count(*) from seen where accueil group by 1",
    "accueil & femme": "select dep, count(*) from seen where accueil and sexe = 'F' group by 1",
    "accueil & qpv": "select dep, count(*) from seen where accueil and qpv group by 1",
    "accueil & frr": "select dep, count(*) from seen where accueil and frr group by 1",
    "accueil & mineur": "select dep, count(*) from seen where accueil and age < 18 group by 1",
    "accueil & sans_diplome": "select dep, count(*) from seen where accueil and niveau in ('SANS_DIPLOME', 'BREVET') group by 1",
    "cej": "select dep, count(*) from seen join first_cej using (id_jeune) group by 1",
    "cej & qpv": "select dep, count(*) from seen join first_cej using (id_jeune) where qpv group by 1",
    "pacea": "select dep, count(*) from seen join new_pacea using (id_jeune) group by 1",
    "pacea & qpv": "select dep, count(*) from seen join new_pacea using (id_jeune) where qpv group by 1",
    "entretiens": "select dep, count(*) from acts join home using (id_jeune) where type = 'ENTRETIEN' group by 1",
    "collectifs": "select dep, count(*) from acts join home using (id_jeune) where type <> 'ENTRETIEN' group by 1",
    "contrats": "select dep, count(*) from jobs group by 1",
    "contrats_durables": "select dep, count(*) from jobs where type_contrat = 'CDI' or (type_contrat = 'CDD' and duree_prevue_mois > 6) group by 1",
    "contrats_alternance": "select dep, count(*) from jobs where categorie = 'Contrat en Alternance' group by 1",
    "contrats_aides": "select dep, count(*) from jobs where type_contrat in ('PEC', 'CIE') group by 1",
    "formations": "select dep, count(*) from told where categorie = 'Formation' group by 1",
    "immersions": "select dep, count(*) from told where categorie in ('Pmsmp', 'Immersion en entreprise') group by 1",
    "retours_scolarite": "select dep, count(distinct id_jeune) from told where categorie = 'Scolarité' group by 1",
    "iae_acceptees": "select dep, count(*) from 'iae_candidatures.parquet' join home using (id_jeune) where etat = 'acceptee' and emetteur = 'ML' and year(date_embauche) = {year} group by 1",
    "parrainage_nouveaux": "select 'region', count(distinct id_jeune) from 'accompagnements.parquet' join seen using (id_jeune) where dispositif = 'PARRAINAGE' and year(date_debut) = {year} group by 1",
    "parrainage": "select 'region', count(distinct id_jeune) from 'accompagnements.parquet' join seen using (id_jeune) where dispositif = 'PARRAINAGE' and year(date_debut) <= {year} and coalesce(year(date_fin), 9999) >= {year} group by 1",
}

THEMES = (
    "EMPLOI", "PROJET_PROFESSIONNEL", "FORMATION", "MOBILITE", "SANTE", "LOGEMENT", "CITOYENNETE", "CULTURE_SPORT_LOISIRS",
)  # fmt: skip
for _theme in THEMES:
    COUNTS_2024[f"theme {_theme}"] = (
        f"select dep, count(distinct id_jeune) from acts join home using (id_jeune) where theme = '{_theme}' group by 1"
    )

_ANY = "select 'region', count(distinct id_jeune) from "
_PROGRAMME = (
    _ANY
    + "'accompagnements.parquet' join seen using (id_jeune) where dispositif = '{}' and year(date_debut) = {{year}}"
)
_PEOPLE = "select 'region', count(*) from seen where "
COUNTS_2019 = {
    "accompagne": _PEOPLE + "true",
    "accueil": _PEOPLE + "accueil",
    "accompagne & femme": _PEOPLE + "sexe = 'F'",
    "accompagne & mineur": _PEOPLE + "age < 18",
    "accompagne & age_18_21": _PEOPLE + "age between 18 and 21",
    "accompagne & age_22_25": _PEOPLE + "age between 22 and 25",
    "accompagne & bac": _PEOPLE + "niveau in ('BAC', 'BAC_PLUS_2', 'BAC_PLUS_3')",
    "accompagne & cap": _PEOPLE + "niveau = 'CAP_BEP'",
    "accompagne & couple": _PEOPLE + "famille = 'COUPLE'",
    "accompagne & parent": _PEOPLE + "enfants > 0",
    "accompagne & autonome": _PEOPLE + "logement = 'AUTONOME'",
    "accompagne & precaire": _PEOPLE + "logement in ('FOYER', 'PRECAIRE')",
    "accompagne & permis_b": _PEOPLE + "permis_b",
    "pacea": _PROGRAMME.format("PACEA"),
    "gj": _PROGRAMME.format("GJ"),
    "ppae": _PROGRAMME.format("PPAE"),
    "parrainage": "select 'region', count(distinct id_jeune) from 'accompagnements.parquet' join seen using (id_jeune) where dispositif = 'PARRAINAGE' and year(date_debut) <= {year} and coalesce(year(date_fin), 9999) >= {year}",
    "emploi": _ANY + "jobs",
    "emploi_durable": _ANY
    + "jobs where categorie = 'Emploi' and (type_contrat = 'CDI' or (type_contrat = 'CDD' and duree_prevue_mois > 6))",
    "alternance": _ANY + "jobs where categorie = 'Contrat en Alternance'",
    "formation": _ANY + "told where categorie = 'Formation'",
    "retour_scolarite": _ANY + "told where categorie = 'Scolarité'",
    "service_civique": _ANY + "told where type_contrat = 'SERVICE_CIVIQUE'",
    "pmsmp": _ANY + "told where categorie = 'Pmsmp'",
}


def counts(folder: Path, queries: dict[str, str], year: int) -> dict[str, dict[str, int]]:
    """Return each count by area."""
    con = duckdb.connect()
    con.execute(f"set file_search_path = '{folder}'")
    con.execute(PRELUDE.format(year=year))
    return {
        name: dict(con.execute(sql.format(year=year)).fetchall()) for name, sql in queries.items()
    }
