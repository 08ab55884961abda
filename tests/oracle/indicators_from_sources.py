"""The figures of activity once more, in plain pandas, from the words of the documents alone.

Written from the five source documents (and, where they leave a choice, from the choice that
docs/reference/indicators.md states), without the code of `evalml.indicators`: one function per
group of printed lines. A figure is one number per person, summed; a share has two.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

DAY = pd.Timedelta(days=1)
ACTS = ("ENTRETIEN", "ATELIER", "INFO_COLLECTIVE")
THEMES = {
    "appui_emploi": "EMPLOI", "appui_projet_professionnel": "PROJET_PROFESSIONNEL",
    "appui_formation": "FORMATION", "appui_mobilite": "MOBILITE", "appui_sante": "SANTE",
    "appui_logement": "LOGEMENT", "appui_citoyennete": "CITOYENNETE",
    "appui_culture_sport_loisirs": "CULTURE_SPORT_LOISIRS",
}  # fmt: skip


class Year:
    """Recomputes the figures of one year from the records, as frames by table."""

    def __init__(self, frames, year, structures):
        self.t, self.year = frames, year
        self.first, self.last = pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 31)
        self.structures = structures
        files = frames["dossiers"]
        files = files[files["date_ouverture"] <= self.last]
        self.files = files
        home = files.sort_values("date_ouverture", kind="stable").groupby("id_jeune").tail(1)
        home = home.merge(structures, on="id_structure")
        self.home = home.set_index("id_jeune")
        acts = frames["actes"]
        acts = acts[(acts["date_acte"] >= self.first) & (acts["date_acte"] <= self.last)]
        self.acts = acts
        held = acts[acts["statut"] == "PRESENT"]
        self.done = held[held["type"].isin(ACTS)]
        self.held = held
        self.seen = set(self.done["id_jeune"])
        self.met = set(self.done[self.done["type"] == "ENTRETIEN"]["id_jeune"])
        told = frames["situations"]
        self.told = told[told["etat"] != "PREVU"]
        day = self.told["date_debut"]
        self.begun = self.told[(day >= self.first) & (day <= self.last)]

    # ----- small words

    def youths(self, rows, among=None):
        """One per person of `rows`, of those `among`."""
        who = set(rows["id_jeune"]) if isinstance(rows, pd.DataFrame) else set(rows)
        who = who if among is None else who & among
        return pd.Series(1.0, index=sorted(who), dtype="float64")

    def times(self, rows, among=None):
        """As many as rows, by person of those `among`."""
        rows = rows if among is None else rows[rows["id_jeune"].isin(among)]
        return rows.groupby("id_jeune").size().astype("float64")

    def spells(self, programme):
        rows = self.t["accompagnements"]
        return rows[(rows["dispositif"] == programme) & (rows["date_debut"] <= self.last)]

    def entered(self, programme):
        rows = self.spells(programme)
        return rows[rows["date_debut"] >= self.first]

    def first_entered(self, programme):
        """Who signs for the first time of all, in the year: rank 1, and nothing before."""
        rows = self.spells(programme)
        before = set(rows[rows["date_debut"] < self.first]["id_jeune"])
        new = self.entered(programme)
        first = set(new[new["rang"] == 1]["id_jeune"])
        return first - before

    def present(self, programme):
        rows = self.spells(programme)
        return rows[rows["date_fin"].isna() | (rows["date_fin"] >= self.first)]

    def exits(self, programme):
        """Every actual exit: spells that nothing takes up again within 31 days."""
        rows = self.t["accompagnements"]
        rows = rows[rows["dispositif"] == programme]
        ended = rows[rows["date_fin"].notna()]
        pairs = ended.merge(rows, on="id_jeune", suffixes=("", "_autre"))
        soon = pairs["date_debut_autre"] <= pairs["date_fin"] + 31 * DAY
        later = pairs["date_fin_autre"].isna() | (pairs["date_fin_autre"] > pairs["date_fin"])
        again = pairs[soon & later]["id_accompagnement"]
        return ended[~ended["id_accompagnement"].isin(again)]

    def left(self, programme):
        """The last exit of the year, by person."""
        gone = self.exits(programme)
        gone = gone[(gone["date_fin"] >= self.first) & (gone["date_fin"] <= self.last)]
        return gone.sort_values(["date_fin", "motif_fin"]).groupby("id_jeune").tail(1)

    def on_the_day(self, gone):
        """Situations that cover the day of the exit, with the exit's person."""
        both = gone[["id_jeune", "date_fin"]].rename(columns={"date_fin": "jour"})
        both = both.merge(self.told, on="id_jeune")
        covers = (both["date_debut"] <= both["jour"]) & (
            both["date_fin"].isna() | (both["date_fin"] >= both["jour"])
        )
        return both[covers]

    # ----- what a situation is

    def job(self, s):
        return s["categorie"] == "Emploi"

    def alternance(self, s):
        return s["categorie"] == "Contrat en Alternance"

    def aided(self, s):
        return self.job(s) & s["type_contrat"].isin(["PEC", "CIE"])

    def insertion(self, s):
        return self.job(s) & ((s["type_contrat"] == "CDDI") | s["siae_type"].notna())

    def over_six(self, s):
        return s["duree_prevue_mois"].astype("float64") > 6

    def own(self, s):
        return self.job(s) & (s["type_contrat"] == "INDEPENDANT")

    def durable(self, s, at_least=False):
        """« CDI et CDD de plus de 6 mois », alternance, aided and insertion contracts apart."""
        long = self.over_six(s) | (at_least & (s["duree_prevue_mois"].astype("float64") == 6))
        kind = (s["type_contrat"] == "CDI") | ((s["type_contrat"] == "CDD") & long)
        return self.job(s) & kind & ~self.aided(s) & ~self.insertion(s)

    def civis_durable(self, s):
        """CDI or CDD over 6 months, alternance in, own business in, non-market aided out."""
        market = (s["type_contrat"] == "CIE") & self.job(s) & self.over_six(s)
        return self.durable(s) | self.alternance(s) | self.own(s) | market

    def under_six(self, s):
        planned = s["duree_prevue_mois"].astype("float64")
        six = s["date_debut"] + pd.DateOffset(months=6)
        ended = planned.isna() & s["date_fin"].notna() & (s["date_fin"] + DAY < six)
        return self.job(s) & ~self.own(s) & ((planned < 6) | ended)

    # ----- the figures

    @cached_property
    def figures(self):
        """Every figure: (numbers by person, denominators by person or None)."""
        found = {}
        for part in (self._people, self._programmes, self._cej, self._other_exits, self._civis,
                     self._begun, self._money):  # fmt: skip
            found |= part()
        return found

    def _people(self):
        born = self.t["jeunes"]
        welcomed = born[born["date_premier_accueil"].dt.year == self.year]
        files = self.files
        new = files.groupby("id_jeune")["date_ouverture"].min()
        still = files[files["date_cloture"].isna() | (files["date_cloture"] >= self.first)]
        group = self.done[self.done["type"] != "ENTRETIEN"]
        recent = self.done[self.done["date_acte"] >= pd.Timestamp(self.year, 8, 1)]
        parents = self.home[self.home["enfants"].fillna(0) > 0].index
        found = {
            "accompagnes": self.youths(self.seen),
            "premiers_accueils": self.youths(welcomed),
            "premiers_accueils_accompagnes": self.youths(welcomed, self.seen),
            "en_contact": self.youths(self.held),
            "recus_entretien": self.youths(self.met),
            "jdi": self.youths(recent),
            "jeunes_en_collectif": self.youths(group),
            "dossiers_crees": self.youths(new[new.dt.year == self.year].index),
            "dossiers_ouverts": self.youths(still),
            "accompagnes_avec_enfant": self.youths(parents, self.seen),
            "jeunes_th": self.youths(born[born["rqth_depuis"] <= self.last], self.seen),
            "jeunes_etrangers": self.youths(born[born["nationalite"] != "FR"], self.seen),
        }
        for name, theme in THEMES.items():
            found[name] = self.youths(self.done[self.done["theme"] == theme])
        return {name: (count, None) for name, count in found.items()}

    def _programmes(self):
        found = {}
        for name, programme in (("cej", "CEJ"), ("pacea", "PACEA"), ("gj", "GJ")):
            new = self.entered(programme)
            found[f"entrees_{name}"] = self.youths(new)
            found[f"entrees_{name}_premieres"] = self.youths(self.first_entered(programme))
            found[f"renouvellements_{name}"] = self.youths(new[new["rang"] > 1])
            found[f"jeunes_{name}"] = self.youths(self.present(programme))
        # « hors renouvellement de parcours »
        found["entrees_cej"] = found.pop("entrees_cej_premieres")
        nested = self.entered("GJ")
        found["gj_dans_pacea"] = self.youths(nested[nested["id_parent"].notna()])
        for name, programme in (("civis", "CIVIS"), ("ppae", "PPAE"), ("aij", "AIJ")):
            found[f"entrees_{name}"] = self.youths(self.entered(programme))
        found["jeunes_parraines"] = self.youths(self.present("PARRAINAGE"))
        found["entrees_parrainage"] = self.youths(self.entered("PARRAINAGE"))
        parts = [found["entrees_cej"], found["entrees_pacea"], found["entrees_ppae"]]
        found["entrees_parcours_nationaux"] = self.youths(set().union(*(p.index for p in parts)))
        found["parcours_nationaux"] = pd.concat(parts).groupby(level=0).sum()
        parts = [found[f"entrees_{p}"] for p in ("cej", "pacea", "gj", "civis")]
        found["jeunes_contractualises"] = self.youths(set().union(*(p.index for p in parts)))
        return {name: (count, None) for name, count in found.items()}

    def _cej(self):
        gone = self.left("CEJ")
        base = self.youths(gone)
        s = self.on_the_day(gone)
        durable = set(s[self.durable(s)]["id_jeune"])
        alternance = set(s[self.alternance(s)]["id_jeune"])
        work = set(s[self.job(s) | self.alternance(s)]["id_jeune"])
        of = {c: set(s[s["categorie"] == c]["id_jeune"]) for c in set(s["categorie"])}
        none: set[str] = set()
        training, school = of.get("Formation", none), of.get("Scolarité", none)
        unpaid = of.get("Contrat de volontariat - bénévolat", none)
        placed = of.get("Pmsmp", none) | of.get("Immersion en entreprise", none)
        good = ("EMPLOI_DURABLE", "ALTERNANCE", "RETOUR_SCOLARITE")
        found = {
            "cej_sorties_positives": durable | alternance | school,
            "cej_sorties_positives_hors_alternance": durable | school,
            "cej_sorties_positives_motif": set(gone[gone["motif_fin"].isin(good)]["id_jeune"]),
            "cej_situation_pro_fin": work | school | training,
            "cej_sorties_emploi": work,
            "cej_sorties_inconnues": set(gone["id_jeune"]) - set(s["id_jeune"]),
        }
        rest = set(s["id_jeune"])
        for name, who in (
            ("durable", durable), ("alternance", alternance), ("autre_emploi", work),
            ("formation", training), ("scolarite", school), ("volontariat", unpaid),
            ("immersion", placed), ("demandeur", of.get("Demandeur d'emploi", none)),
        ):  # fmt: skip
            found[f"cej_fin_{name}"] = who & rest
            rest = rest - who
        shares = {name: (self.youths(who), base) for name, who in found.items()}
        return {
            "sorties_cej": (base, None),
            **shares,
            **self._cohort("CEJ", "cej", "sorties_positives"),
        }

    def _cohort(self, programme, name, ending):
        """Those who entered in the year, and their first exit, whenever it was."""
        who = self.first_entered(programme)
        base, gone = self.youths(who), self.exits(programme)
        gone = gone[gone["id_jeune"].isin(who)].sort_values("date_fin").groupby("id_jeune").head(1)
        s = self.on_the_day(gone)
        positive = self.durable(s) | self.alternance(s) | (s["categorie"] == "Scolarité")
        good = self.civis_durable(s) if programme == "CIVIS" else positive
        return {
            f"{name}_cohorte_sortis": (self.youths(gone), base),
            f"{name}_cohorte_{ending}": (self.youths(s[good]), base),
        }

    def _other_exits(self):
        found = {}
        gone = self.left("PACEA")
        base, s = self.youths(gone), self.on_the_day(gone)
        work = self.job(s) | self.alternance(s)
        found["sorties_pacea"] = (base, None)
        solution = s[work | (s["categorie"] == "Formation")]
        found["pacea_sorties_solution"] = (self.youths(solution), base)
        unknown = set(gone["id_jeune"]) - set(s["id_jeune"])
        found["pacea_sorties_inconnues"] = (self.youths(unknown), base)
        gone = self.left("GJ")
        base, s = self.youths(gone), self.on_the_day(gone)
        found["sorties_gj"] = (base, None)
        found["gj_sorties_emploi"] = (self.youths(s[self.job(s) | self.alternance(s)]), base)
        s = self.on_the_day(self.left("PARRAINAGE"))
        kinds = {
            "observes": s["categorie"].notna(),
            "emploi": self.job(s) | self.alternance(s),
            "emploi_durable": self.durable(s),
            "alternance": self.alternance(s),
            "formation": s["categorie"] == "Formation",
        }
        return found | {f"parraines_{k}": (self.youths(s[v]), None) for k, v in kinds.items()}

    def _civis(self):
        gone = self.left("CIVIS")
        base, s = self.youths(gone), self.on_the_day(gone)
        durable = set(s[self.civis_durable(s)]["id_jeune"])
        short = set(s[self.under_six(s)]["id_jeune"]) - durable
        work = set(s[self.job(s) | self.alternance(s)]["id_jeune"])
        training = set(s[s["categorie"] == "Formation"]["id_jeune"])
        return {
            "sorties_civis": (base, None),
            "sorties_civis_emploi_durable": (self.youths(durable), None),
            "sorties_civis_emploi_court": (self.youths(short), None),
            "sorties_civis_formation": (self.youths(training - work), None),
            "sorties_civis_emploi_formation": (self.youths(work | training), base),
            "civis_taux_emploi_durable": (self.youths(durable), base),
            **self._cohort("CIVIS", "civis", "emploi_durable"),
        }

    def _begun(self):
        s = self.begun
        job, alternance, contract = self.job(s), self.alternance(s), s["type_contrat"]
        placed = s["categorie"].isin(["Pmsmp", "Immersion en entreprise"])
        contracts = {
            "contrats": (job & ~self.own(s)) | alternance,
            "contrats_durables": self.durable(s),
            "contrats_durables_6_mois": self.durable(s, at_least=True),
            "contrats_durables_alternance": self.durable(s) | alternance,
            "contrats_durables_aides": self.durable(s)
            | (self.aided(s) & self.over_six(s) & ~self.insertion(s)),
            "contrats_cdi": job & (contract == "CDI"),
            "contrats_interim": job & (contract == "CTT"),
            "contrats_alternance": alternance,
            "contrats_apprentissage": alternance & (contract == "APPRENTISSAGE"),
            "contrats_aides": self.aided(s),
            "contrats_aides_cie_pec": self.aided(s),
            "contrats_pec": job & (contract == "PEC"),
            "contrats_cie": job & (contract == "CIE"),
            "contrats_insertion": self.insertion(s),
            "activites_independantes": self.own(s),
            "parcours_formation": s["categorie"] == "Formation",
            "immersions": placed,
            "pmsmp": s["categorie"] == "Pmsmp",
            "volontariats": s["categorie"] == "Contrat de volontariat - bénévolat",
        }
        youths = {
            "jeunes_emploi_alternance": job | alternance,
            "jeunes_emploi_durable": self.durable(s),
            "jeunes_emploi_durable_6_mois": self.durable(s, at_least=True),
            "jeunes_alternance": alternance,
            "jeunes_apprentissage": alternance & (contract == "APPRENTISSAGE"),
            "jeunes_professionnalisation": alternance & (contract == "PROFESSIONNALISATION"),
            "jeunes_pmsmp": s["categorie"] == "Pmsmp",
            "jeunes_immersion": placed,
            "jeunes_independants": self.own(s),
            "jeunes_service_civique": contract == "SERVICE_CIVIQUE",
            "retours_formation_initiale": s["categorie"] == "Scolarité",
        }
        of_2007 = {
            "jeunes_emploi_classique": job & ~self.aided(s),
            "jeunes_emploi_aide_alternance": self.aided(s) | alternance,
            "jeunes_formation": s["categorie"] == "Formation",
            "jeunes_emploi_formation": job | alternance | (s["categorie"] == "Formation"),
        }
        return {
            **{n: (self.times(s[k.fillna(False)], self.seen), None) for n, k in contracts.items()},
            **{n: (self.youths(s[k.fillna(False)], self.seen), None) for n, k in youths.items()},
            **{n: (self.youths(s[k.fillna(False)], self.met), None) for n, k in of_2007.items()},
        }

    def _money(self):
        paid = self.t["allocations"]
        paid = paid[(paid["mois"].dt.year == self.year) & (paid["montant_eur"] > 0)]
        found = {}
        for name, programme in (("cej", "CEJ"), ("pacea", "PACEA"), ("gj", "GJ")):
            mine = paid[paid["dispositif"] == programme]
            euros = mine.groupby("id_jeune")["montant_eur"].sum().astype("float64")
            found[f"allocations_{name}"] = (euros, None)
            found[f"jeunes_alloues_{name}"] = (self.youths(mine), None)
            found[f"allocation_mensuelle_{name}"] = (euros, self.times(mine))
        sent = self.t["iae_candidatures"]
        sent = sent[sent["emetteur"] == "ML"]
        new = sent[sent["date_candidature"].dt.year == self.year]
        day = sent["date_embauche"].fillna(sent["date_candidature"])
        taken = sent[(sent["etat"] == "acceptee") & (day.dt.year == self.year)]
        answered = new[new["etat"].isin(["acceptee", "refusee"])]
        signed = self.t["iae_contrats"]
        signed = signed[signed["date_debut"].dt.year == self.year]
        yes = self.times(answered[answered["etat"] == "acceptee"])
        return found | {
            "candidatures_iae_acceptees": (self.times(taken), None),
            "candidatures_iae": (self.times(new), None),
            "candidatures_iae_taux_acceptation": (yes, self.times(answered)),
            "jeunes_embauches_iae": (self.youths(taken), None),
            "contrats_iae": (self.times(signed), None),
        }

    @cached_property
    def act_figures(self):
        """Acts by mission locale where they took place: counts by structure."""
        files = self.t["dossiers"][["id_dossier", "id_structure"]]
        done, acts = (rows.merge(files, on="id_dossier") for rows in (self.done, self.acts))

        def by_place(rows):
            return rows.groupby("id_structure").size().astype("float64")

        timed = done[done["heures"].notna()]
        kept = acts[acts["statut"].isin(["PRESENT", "ABSENT"])]
        kind = done["type"]
        return {
            "entretiens_individuels": (by_place(done[kind == "ENTRETIEN"]), None),
            "actes_collectifs": (by_place(done[kind != "ENTRETIEN"]), None),
            "ateliers": (by_place(done[kind == "ATELIER"]), None),
            "informations_collectives": (by_place(done[kind == "INFO_COLLECTIVE"]), None),
            "actes": (by_place(done), None),
            "duree_moyenne_acte": (
                timed.groupby("id_structure")["heures"].sum().astype("float64"),
                by_place(timed),
            ),
            "taux_absence": (by_place(acts[acts["statut"] == "ABSENT"]), by_place(kept)),
        }

    # ----- sums by area, and by trait

    def area(self, numbers, area, trait=None):
        """Sum the numbers of the persons at home in an area, of a trait."""
        mine = self.home[self._in(self.home, area)]
        people = set(mine.index) if trait is None else set(mine.index) & trait
        return numbers[numbers.index.isin(people)].sum()

    def area_of_acts(self, numbers, area):
        places = self.structures[self._in(self.structures, area)]["id_structure"]
        return numbers[numbers.index.isin(places)].sum()

    def _in(self, rows, area):
        kind, code = area.split(":")
        return rows[f"code_{kind}"] == code

    def traits(self):
        """Persons of each value of a breakdown, from the words of the documents."""
        born = self.t["jeunes"].set_index("id_jeune")
        file = self.home
        rural, before = file["frr"].fillna(False).astype(bool), file["date_maj"] < "2024-07-01"
        first = self.done.groupby("id_jeune")["date_acte"].min()
        at_act = first.reindex(born.index).fillna(self.last)
        ages = {
            "age": self._years(born, at_act),
            "age_accueil": self._years(born, born["date_premier_accueil"]),
            "age_31": self._years(born, pd.Series(self.last, index=born.index)),
        }
        found = {"sexe=F": born.index[born["sexe"] == "F"]}
        for name, years in ages.items():
            found[f"{name}=-18"] = years.index[years < 18]
            found[f"{name}=16-17"] = years.index[(years >= 16) & (years < 18)]
            found[f"{name}=18-21"] = years.index[(years >= 18) & (years <= 21)]
            found[f"{name}=22-25"] = years.index[(years >= 22) & (years <= 25)]
        children, alone = file["enfants"] > 0, file["situation_familiale"] == "SEUL"
        sent = file["oriente_par"]
        found |= {
            "qpv=1": file.index[file["qpv"].fillna(False).astype(bool)],
            "frr=1": file.index[rural],
            "zrr=1": file.index[rural & before],
            "diplome=sans_ou_dnb": file.index[
                file["niveau_diplome"].isin(["SANS_DIPLOME", "BREVET"])
            ],
            "famille=monoparentale": file.index[children.fillna(False) & alone.fillna(False)],
            "permis_b=oui": file.index[file["permis_b"].fillna(False).astype(bool)],
            "provenance=france_travail": file.index[sent == "FRANCE_TRAVAIL"],
            "provenance=autre": file.index[sent == "MAIRIE"],
        }
        return {name: set(index) for name, index in found.items()}

    def _years(self, born, day):
        birth = born["date_naissance"]
        before = (day.dt.month < birth.dt.month) | (
            (day.dt.month == birth.dt.month) & (day.dt.day < birth.dt.day)
        )
        return (day.dt.year - birth.dt.year - before).where(day.notna(), np.nan)
