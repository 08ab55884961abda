"""The definitions once more, in plain Python, one person and one month at a time.

Slow and clear on purpose: it is what the ibis engine is compared with, so it shares no code with
it. Persons are mappings of table name to a list of rows, with dates as `datetime.date`.
"""

from __future__ import annotations

import hashlib

RANKS = [
    "Emploi", "Contrat en Alternance", "Formation", "Immersion en entreprise", "Pmsmp",
    "Contrat de volontariat - bénévolat", "Scolarité", "Demandeur d'emploi",
]  # fmt: skip


def month(day):
    return day.year * 12 + day.month - 1


def tie(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def open_on(row, day, opened="date_debut", closed="date_fin"):
    return row[opened] < day and (row[closed] is None or row[closed] >= day)


def age_on(birth, day):
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def file_on(person, day, local):
    """The file of a person on a day: open, in the territory, the one opened last."""
    held = [f for f in person["dossiers"] if f["id_structure"] in local
            and open_on(f, day, "date_ouverture", "date_cloture")]  # fmt: skip
    held.sort(key=lambda f: tie(f["id_dossier"]))
    held.sort(key=lambda f: f["date_ouverture"], reverse=True)
    return held[0] if held else None


def entry_months(person, trial):
    mine = [s for s in person["accompagnements"] if s["dispositif"] == trial["dispositif"]]
    first = [month(s["date_debut"]) for s in mine if s["rang"] == 1 or not trial["first_entry"]]
    ever = [month(s["date_debut"]) for s in mine]
    return min(first, default=None), min(ever, default=None)


def rules_at(person, day, trial):
    """Which rule of eligibility a person meets at time zero, in their order."""
    here = month(day)
    age = age_on(person["date_naissance"], day)
    disabled = person["rqth_depuis"] is not None and person["rqth_depuis"] < day
    yield (
        "age",
        trial["age_min"] <= age <= (trial["age_max_rqth"] if disabled else trial["age_max"]),
    )
    yield (
        "accompanied",
        any(
            a["statut"] == "PRESENT"
            and a["type"] != "CONTACT"
            and month(a["date_acte"]) < here
            and month(a["date_saisie"]) < here
            and here - month(a["date_acte"]) <= trial["reach"]
            for a in person["actes"]
        ),
    )
    _, ever = entry_months(person, trial)
    yield "not_yet_entered", ever is None or ever >= here
    yield (
        "outside_situations",
        not any(
            s["categorie"] in trial["outside"]
            and s["etat"] != "PREVU"
            and open_on(s, day)
            and s["date_saisie"] < day
            for s in person["situations"]
        ),
    )
    waits = entry_months(person, trial)[0] != here
    yield (
        "outside_programmes",
        not any(
            s["dispositif"] in trial["outside_programmes"]
            and (open_on(s, day) or (waits and month(s["date_debut"]) == here))
            for s in person["accompagnements"]
        ),
    )


def cohort(people, trial, days, local):
    """Entries by (person, month), and how many are left after each rule."""
    entries, kept = {}, {}
    for name, person in people.items():
        for day in days:
            file = file_on(person, day, local)
            if file is None:
                continue
            passed = True
            kept["open_file"] = kept.get("open_file", 0) + 1
            for rule, met in rules_at(person, day, trial):
                passed = passed and met
                kept[rule] = kept.get(rule, 0) + passed
            if passed:
                entry, _ = entry_months(person, trial)
                later = entry if entry is not None and entry > month(day) else None
                entries[name, month(day)] = {
                    "treated": entry == month(day),
                    "id_structure": file["id_structure"],
                    "later_entry": later,
                    **covariates(person, file, day),
                }
    return entries, kept


def covariates(person, file, day):
    here = month(day)
    acts = [a for a in person["actes"] if a["statut"] == "PRESENT" and a["type"] != "CONTACT"]
    recent = [a for a in acts if month(a["date_acte"]) >= here - 3
              and max(month(a["date_acte"]), month(a["date_saisie"])) < here]  # fmt: skip
    worked = {month(w["mois"]) for w in person["emploi_mensuel"]}
    known = file["niveau_diplome"] if file["date_maj"] < day else None
    return {
        "age": age_on(person["date_naissance"], day),
        "niveau_diplome": known or "INCONNU",
        "actes_3m": min(len(recent), 12),
        "pacea": any(s["dispositif"] == "PACEA" and open_on(s, day) and s["date_saisie"] < day
                     for s in person["accompagnements"]),
        "situation_t0": situation_at(person, here),
        "emploi_avant_1": linked_past(person, worked, here, [1]),
        "mois_emploi_avant": linked_past(person, worked, here, range(1, 13)),
        **declared_past(person, here),
    }  # fmt: skip


JOBS = ("Emploi", "Contrat en Alternance")


def linked_past(person, worked, here, lags):
    """Months worked among some months before: None if one is not covered, or nobody looked."""
    first, last = person.get("covered", (0, 10**6))
    if not person.get("linked", True):
        return None
    months = [here - lag for lag in lags]
    if not all(first <= m <= last for m in months):
        return None
    return sum(m in worked for m in months)


def entered_before(person, here):
    return [
        s
        for s in person["situations"]
        if s["etat"] != "PREVU" and max(month(s["date_debut"]), month(s["date_saisie"])) < here
    ]


def ended_in(s, m):
    return s["date_fin"] is not None and month(s["date_fin"]) == m


def covers(s, m, here):
    end = month(s["date_fin"]) if s["date_fin"] else here
    return month(s["date_debut"]) <= m <= end


def situation_at(person, here):
    """The situation at time zero, or what ended in the month before, or nothing known."""
    seen = entered_before(person, here)
    told = [RANKS.index(s["categorie"]) for s in seen if covers(s, here, here)]
    if told:
        return RANKS[min(told)]
    over = [s["categorie"] for s in seen if ended_in(s, here - 1)]
    if not over:
        return "INCONNU"
    return "EMPLOI_TERMINE" if any(c in JOBS for c in over) else "SITUATION_TERMINEE"


def declared_past(person, here):
    """What the situations known at time zero say of the months before it."""
    seen = entered_before(person, here)
    first = person.get("declared_from", 0)

    def kinds(m):
        return [s["categorie"] for s in seen if covers(s, m, here)] if m >= first else []

    def ask(lag, wanted):
        found = kinds(here - lag)
        return any(c in wanted for c in found) if found else None

    known = [lag for lag in range(1, 13) if kinds(here - lag)]
    lost = any(
        s["categorie"] in JOBS and ended_in(s, here - lag) for s in seen for lag in (1, 2, 3)
    ) and not any(c in JOBS for c in kinds(here))
    lately = any(kinds(here - lag) for lag in (0, 1, 2, 3))
    return {
        "emploi_declare_avant_1": ask(1, JOBS),
        "emploi_declare_avant_6": ask(6, JOBS),
        "formation_avant_3": ask(3, ("Formation",)),
        "demandeur_avant_2": ask(2, ("Demandeur d'emploi",)),
        "mois_connus_avant": len(known),
        "mois_emploi_declare_avant": sum(ask(lag, JOBS) for lag in known) if known else None,
        "emploi_perdu_3m": lost if lately else None,
        "fin_situation_avant": (
            any(ended_in(s, here - 1) for s in seen) if kinds(here) or kinds(here - 1) else None
        ),
    }


def last_contact(person):
    met = [month(a["date_acte"]) for a in person["actes"] if a["statut"] == "PRESENT"]
    return max(met + [month(s["date_saisie"]) for s in person["situations"]], default=None)


def spells_in(person, at):
    """The declared spells that cover a month, as far as anybody can know."""
    covering = []
    if at < person.get("declared_from", 0):
        return covering
    for s in person["situations"]:
        if s["etat"] == "PREVU":
            continue
        start = month(s["date_debut"])
        end = month(s["date_fin"]) if s["date_fin"] else max(start, last_contact(person))
        if start <= at <= end:
            covering.append(s)
    return covering


def state(person, at):
    ranks = [RANKS.index(s["categorie"]) for s in spells_in(person, at)]
    return min(ranks, default=None)


def durable(s, *, from_6=False, alternance=False, aided=False):
    length = s["duree_prevue_mois"]
    long = length is not None and (length >= 6 if from_6 else length > 6)
    if s["categorie"] == "Contrat en Alternance":
        return alternance
    if s["categorie"] != "Emploi" or s["type_contrat"] == "CDDI" or s["siae_type"]:
        return False
    if s["type_contrat"] in ("PEC", "CIE"):
        return aided and long
    return s["type_contrat"] == "CDI" or (s["type_contrat"] == "CDD" and long)


def is_job(s):
    return s["categorie"] in ("Emploi", "Contrat en Alternance")


def in_iae(s):
    return s["categorie"] == "Emploi" and (s["type_contrat"] == "CDDI" or bool(s["siae_type"]))


def of(*categories):
    return lambda s: s["categorie"] in categories


ANY = {
    "emploi_declare": is_job,
    "emploi_durable": durable,
    "emploi_durable_6": lambda s: durable(s, from_6=True),
    "emploi_durable_alternance": lambda s: durable(s, alternance=True),
    "emploi_durable_aide": lambda s: durable(s, aided=True),
    "emploi_durable_6_alternance": lambda s: durable(s, from_6=True, alternance=True),
    "emploi_durable_6_aide": lambda s: durable(s, from_6=True, aided=True),
    "emploi_durable_alternance_aide": lambda s: durable(s, alternance=True, aided=True),
    "emploi_durable_6_alternance_aide": lambda s: durable(
        s, from_6=True, alternance=True, aided=True
    ),
    "emploi_hors_iae": lambda s: is_job(s) and not in_iae(s),
    "emploi_iae": in_iae,
    "alternance": of("Contrat en Alternance"),
    "formation": of("Formation"),
    "scolarite": of("Scolarité"),
    "volontariat": of("Contrat de volontariat - bénévolat"),
    "immersion": of("Immersion en entreprise", "Pmsmp"),
    "demandeur_emploi": of("Demandeur d'emploi"),
    "situation_positive": lambda s: durable(s, alternance=True) or of("Scolarité")(s),
    "situation_professionnelle": lambda s: is_job(s) or of("Scolarité", "Formation")(s),
    "solution_pacea": lambda s: is_job(s) or of("Formation")(s),
}
ACTIVE = of("Emploi", "Contrat en Alternance", "Formation", "Scolarité",
            "Contrat de volontariat - bénévolat")  # fmt: skip


def outcome(person, at, name):
    """One declared outcome of one month: true, false, or None where nothing is known."""
    spells = spells_in(person, at)
    if not spells:
        return None
    if name == "neet":
        return not any(ACTIVE(s) for s in spells)
    return any(ANY[name](s) for s in spells)


def cumulated(person, zero, k, name, covered):
    """What adds up over months 1 to k, or None where one of them is unknown."""
    total = 0
    for at in range(zero + 1, zero + k + 1):
        if name == "mois_emploi_declare":
            value = outcome(person, at, "emploi_declare")
        else:
            paid = [w["salaire_brut"] for w in person["emploi_mensuel"] if month(w["mois"]) == at]
            value = (len(paid) > 0) if name == "mois_emploi" else sum(paid)
            seen = person.get("linked", True) and covered[0] <= at <= covered[1]
            value = value if seen else None
        if value is None:
            return None
        total += value
    return total


def first_durable(person, zero, follow_up):
    """Months to the first durable job (1), to school (2), or to the last month known (0)."""
    for k in range(1, follow_up + 1):
        if state(person, zero + k) is None:
            return k - 1, 0
        if outcome(person, zero + k, "emploi_durable"):
            return k, 1
        if outcome(person, zero + k, "scolarite"):
            return k, 2
    return follow_up, 0
