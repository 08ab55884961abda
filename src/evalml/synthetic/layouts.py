"""A synthetic extract in the files of the systems that really exist, with their traps planted.

What an import recipe must give back is known: the extract the files were made of. Each trap is
counted in `traps.json`, so that what a conversion says it left out can be held to what was planted.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from evalml.engine import (
    cases,
    coalesce,
    greatest,
    hash_of,
    ifelse,
    interval,
    literal,
    month_label,
    month_of,
    null,
    open_engine,
    row_number,
    union,
    window,
)
from evalml.errors import EvalmlError, nearest
from evalml.extract import contract

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalml.engine import Engine, Table

TRAPS = "traps.json"
NO_NUMBER = "0" * 16
"""The constant that stands for « no number » in a column of hashes."""
HALVED = 100
"""Hours above which a contract is written as two, the first and its renewal."""


def write_layout(extract: Path, layout: str) -> Path:
    """Write the files of a system beside a synthetic extract, in a folder of its name.

    The folder holds `files/`, `links.csv` (id_jeune and the key of the system), `base/` (the
    extract without the tables that the system fills) and `traps.json`.

    Args:
        extract: Folder of a synthetic extract, in Parquet.
        layout: Name of a system.

    Raises:
        EvalmlError: No layout has that name.
    """
    if layout not in LAYOUTS:
        raise EvalmlError(f"no layout is called '{layout}'; {nearest(layout, LAYOUTS)}")
    tables, make = LAYOUTS[layout]
    out = extract / layout
    shutil.rmtree(out, ignore_errors=True)
    (out / "files").mkdir(parents=True)
    (out / "base").mkdir()
    engine = open_engine(memory_limit="2GB")
    written = {t.name: extract / f"{t.name}.parquet" for t in contract.TABLES}
    read = {n: engine.read_parquet(p, n) for n, p in written.items() if p.is_file()}
    people = read["jeunes"].select("id_jeune")
    people = people.mutate(cle=_key(people.id_jeune), number=_number(people.id_jeune))
    key = "cle" if layout == "contracts" else "hash_nir"
    engine.write_csv(people.select("id_jeune", **{key: "cle"}), out / "links.csv")
    made, traps = make(read, people, str(_header(extract)["extraction_date"]))
    for name, rows in made.items():
        engine.write_csv(rows, out / "files" / f"{name}.csv")
    counted = {what: _count(engine, rows) for what, rows in traps.items()}
    (out / TRAPS).write_text(json.dumps(counted, ensure_ascii=False, indent=2) + "\n", "utf-8")
    for name, path in written.items():
        if path.is_file() and name not in tables:
            shutil.copyfile(path, out / "base" / path.name)
        elif path.is_file() and not contract.table(name).optional:
            engine.write_parquet(read[name].limit(0), out / "base" / path.name)
    header = _header(extract)
    if any(t in header.get("linkage", {}) for t in tables):
        kept = {k: v for k, v in header["linkage"].items() if k not in tables}
        header = {**header, "linkage": kept}
    text = yaml.safe_dump(header, allow_unicode=True, sort_keys=False)
    (out / "base" / "extract.yaml").write_text(text, encoding="utf-8")
    return out


def _header(extract: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((extract / "extract.yaml").read_text("utf-8"))
    return found


def _count(engine: Engine, rows: Table) -> int:
    return int(engine.fetch(rows.aggregate(n=rows.count()))["n"].iloc[0])


def _key(person: Any) -> Any:
    """Return the key a system has for a person, which is no pseudonym of the extract."""
    return hash_of(person + "|nir")


def _number(identifier: Any) -> Any:
    """Return the digits of an identifier as a number."""
    return identifier.re_replace(r"\D", "").cast("int64")


def _french(day: Any) -> Any:
    text = day.cast("string")
    return text.substr(8, 2).concat("/", text.substr(5, 2), "/", text.substr(0, 4))


Files = tuple[dict[str, "Table"], dict[str, "Table"]]

STATES = {
    "acceptee": "Candidature acceptée",
    "refusee": "Candidature déclinée",
    "annulee": "Embauche annulée",
    "en_cours": "Candidature à l'étude",
}
REASONS = {
    "POSTE_POURVU": "no_position",
    "PAS_DE_RECRUTEMENT": "prevent_objectives",
    "NON_ELIGIBLE": "non_eligible",
    "NON_VENU": "did_not_come_to_interview",
    "AUTRE": "duplicate",
}
ORIGINS = {
    "ML": "Prescripteur habilité ML",
    "FT": "Prescripteur habilité FT",
    "CANDIDAT": "Candidat",
}


def _mapped(value: Any, codes: dict[str, str], other: Any) -> Any:
    return cases(*[(value == k, literal(v)) for k, v in codes.items()], else_=other)


def les_emplois(tables: dict[str, Table], people: Table, vintage: str) -> Files:
    """Return the tables of the platform: real decisions, and what is no decision among them."""
    sent = tables["iae_candidatures"].join(people, "id_jeune")
    real = sent.select(
        id=_number(sent.id_candidature),
        date_candidature=sent.date_candidature,
        état=_mapped(sent.etat, STATES, null("string")),
        origine_détaillée=_mapped(sent.emetteur, ORIGINS, literal("Employeur ") + sent.siae_type),
        motif_de_refus=_mapped(sent.motif_refus, REASONS, null("string")),
        candidature_refusée_automatiquement=(sent.cause_refus == "PLATEFORME").fill_null(False),
        id_candidat=sent.number + 100_000,
        id_structure=_number(sent.id_siae),
        type_structure=sent.siae_type,
        date_embauche=sent.date_embauche,
        injection_ai=literal(value=False),
    )
    more = 10_000_000
    other = real.filter(real.id % 20 == 0)
    other = other.mutate(id=other.id + more, type_structure=literal("GEIQ"))
    elsewhere = real.filter(real.état == STATES["acceptee"])
    elsewhere = elsewhere.mutate(
        id=elsewhere.id + 2 * more, état=literal("Embauché ailleurs"), date_embauche=null("date")
    )
    stock = real.filter(real.id % 50 == 0)
    stock = stock.mutate(id=stock.id + 3 * more, injection_ai=literal(value=True))
    strangers = real.filter(real.id % 30 == 0)
    strangers = strangers.mutate(
        id=strangers.id + 4 * more, id_candidat=strangers.id_candidat + 900_000_000
    )
    parts = (other, elsewhere, stock, strangers)
    applications = union(real, *(p.select(*real.columns) for p in parts))
    applications = applications.mutate(date_mise_à_jour_metabase=literal(vintage))
    passes, suspensions, prolonged, old = _passes(tables["iae_pass"].join(people, "id_jeune"))
    known = union(sent.select("id_jeune"), tables["iae_pass"].select("id_jeune")).distinct()
    candidates = people.semi_join(known, "id_jeune")
    candidates = candidates.select(id=candidates.number + 100_000, hash_nir="cle")
    others = strangers.select(id="id_candidat").distinct()
    others = others.mutate(hash_nir=hash_of(others.id.cast("string")))
    return {
        "candidatures": applications,
        "candidats_v0": union(candidates, others),
        "pass_agréments": union(passes, old),
        "suspensions_v0": suspensions,
        "prolongations": prolonged,
    }, {
        "not IAE": other,
        "hired elsewhere": elsewhere,
        "stock import": stock,
        "rows of persons not in the extract": strangers,
        "automatic refusals": real.filter(real.candidature_refusée_automatiquement),
        "old agréments": old,
        "suspended twice over the same days": suspensions.filter(suspensions.id % 2 == 1),
        "prolonged": prolonged,
    }


def _passes(rows: Table) -> tuple[Table, Table, Table, Table]:
    """Return PASS, suspensions (each in two spells that overlap), prolongations, old agréments."""
    number = _number(rows.id_pass)
    late = number % 7 == 0
    passes = rows.select(
        id=number,
        type=literal("PASS IAE (99999)"),
        date_début=rows.date_debut,
        date_fin=ifelse(late, rows.date_fin - interval(days=90), rows.date_fin),
        id_candidat=rows.number + 100_000,
    )
    stopped = rows.filter(rows.jours_suspension > 0)
    half = {
        0: (stopped.date_debut + interval(days=30), stopped.date_debut + interval(days=69)),
        1: (stopped.date_debut + interval(days=50), stopped.date_debut + interval(days=89)),
    }
    spells = union(
        *(
            stopped.select(
                id=_number(stopped.id_pass) * 2 + k,
                id_pass_agrément=_number(stopped.id_pass),
                date_début=first,
                date_fin=last,
                motif=literal("SICKNESS"),
            )
            for k, (first, last) in half.items()
        )
    )
    longer = rows.filter(late)
    prolonged = longer.select(
        id=_number(longer.id_pass),
        id_pass_agrément=_number(longer.id_pass),
        date_début=longer.date_fin - interval(days=90),
        date_fin=longer.date_fin,
        motif=literal("SENIOR"),
    )
    old = passes.filter(passes.id % 40 == 0)
    old = old.mutate(id=old.id + 10_000_000, type=literal("Agrément PE via ITOU (non 99999)"))
    return passes, spells, prolonged, old


def fluxiae(tables: dict[str, Table], people: Table, vintage: str) -> Files:
    """Return the files of the payment agency: a person's number changes with the structure."""
    rows = tables["iae_contrats"].join(people, "id_jeune")
    firm = _number(rows.id_siae)
    rows = rows.mutate(
        ctr=_number(rows.id_contrat), pph=rows.number * 1000 + firm % 1000, firm=firm
    )
    end = coalesce(rows.date_fin, literal(vintage).cast("date") + interval(days=60))
    rows = rows.mutate(until=greatest(end, rows.date_debut))
    days = rows.until.delta(rows.date_debut, unit="day")
    renewed = (days > HALVED) & (rows.ctr % 3 == 0)
    rows = rows.mutate(renewed=renewed, half=rows.date_debut + interval(days=HALVED))

    def contracts(part: Table, number: Any, first: Any, last: Any) -> Table:
        return part.select(
            contrat_id_ctr=number,
            contrat_id_pph=part.pph,
            contrat_id_structure=part.firm,
            contrat_date_embauche=_french(first),
            contrat_date_fin_contrat=_french(last),
            contrat_date_sortie_definitive=ifelse(
                part.date_fin.isnull(), null("string"), _french(last)
            ),
            contrat_parent_id=part.ctr,
            contrat_mesure_disp_code=part.siae_type + "_DC",
        )

    two = rows.filter(rows.renewed)
    one = contracts(rows, rows.ctr, rows.date_debut, ifelse(rows.renewed, rows.half, rows.until))
    again = contracts(two, two.ctr + 50_000_000, two.half + interval(days=1), two.until)
    worked = rows.filter(rows.heures_totales.notnull())
    months, versions, invalid = _monthly(worked)
    workers = rows.select(salarie_id="pph", hash_nir="cle").distinct()
    nobody = rows.filter(rows.ctr % 25 == 0).select(salarie_id=rows.pph + 900_000_000)
    nobody = nobody.distinct().mutate(hash_nir=literal(NO_NUMBER))
    unknown = one.filter(one.contrat_id_ctr % 25 == 0)
    unknown = unknown.mutate(
        contrat_id_ctr=unknown.contrat_id_ctr + 70_000_000,
        contrat_parent_id=unknown.contrat_parent_id + 70_000_000,
        contrat_id_pph=unknown.contrat_id_pph + 900_000_000,
    )
    return {
        "fluxIAE_ContratMission": union(one, again, unknown),
        "fluxIAE_EtatMensuelIndiv": union(months, versions, invalid),
        "fluxIAE_Salarie": union(workers, nobody),
    }, {
        "renewals": again,
        "older versions": versions,
        "not VALIDE": invalid,
        "no number": nobody,
        "contracts of nobody": unknown,
    }


def _monthly(rows: Table) -> tuple[Table, Table, Table]:
    """Return two monthly states of each contract, older versions of some, and drafts of some."""
    whole = (rows.heures_totales // 2).cast("int64")
    rest = rows.heures_totales - whole

    def states(part: Table, month: int, hours: Any, version: int, state: str) -> Table:
        day = part.date_debut + interval(days=31 * month)
        return part.select(
            emi_ctr_id=part.ctr,
            emi_pph_id=part.pph,
            emi_sme_mois=day.month().cast("string"),
            emi_sme_annee=day.year().cast("string"),
            emi_nb_heures_travail=hours,
            emi_esm_etat_code=literal(state),
            emi_sme_version=literal(version),
        )

    clock = whole.cast("string") + ":00"
    comma = rest.cast("float64").round(2).cast("string").replace(".", ",")
    months = union(states(rows, 0, clock, 10, "VALIDE"), states(rows, 1, comma, 2, "VALIDE"))
    some = rows.filter(rows.ctr % 4 == 0)
    older = states(some, 0, literal("12h"), 9, "VALIDE")
    drafts = states(rows.filter(rows.ctr % 5 == 0), 0, literal("999:00"), 11, "BROUILLON")
    return months, older, drafts


def contracts(tables: dict[str, Table], people: Table, vintage: str) -> Files:
    """Return one contract per run of months of one kind, with its days, hours and pay."""
    months = tables["emploi_mensuel"]
    months = months.filter(months.en_emploi).join(people, "id_jeune")
    at = window(group_by=months.id_jeune, order_by=months.mois)
    t = months.mutate(m=month_of(months.mois), n=row_number().over(at))
    before = window(group_by=t.id_jeune, order_by=t.mois)
    same = (
        (t.m.lag().over(before) == t.m - 1)
        & (t.type_contrat.lag().over(before) == t.type_contrat)
        & (t.aide.lag().over(before) == t.aide)
    )
    t = t.mutate(begins=(~same.fill_null(False) | (t.jours < 30)).cast("int64"))
    so_far = window(group_by=t.id_jeune, order_by=t.mois, rows=(None, 0))
    t = t.mutate(run=t.begins.sum().over(so_far))
    runs = t.group_by("number", "cle", "run").aggregate(
        first=t.m.min(), last=t.m.max(), nature=t.type_contrat.max(), aide=t.aide.max(),
        held=ifelse(t.begins == 1, t.jours, None).min(),
        heures=t.heures.sum().round(2), salaire_brut=t.salaire_brut.sum().round(2),
    )  # fmt: skip
    end = (month_label(runs["last"] + 1) + "-01").cast("date") - interval(days=1)
    next_first = (month_label(runs["first"] + 1) + "-01").cast("date")
    begin = (month_label(runs["first"]) + "-01").cast("date")
    part_month = runs.held < 30
    mid = next_first - runs.held.cast("int64").as_interval("D")
    rows = runs.select(
        id_contrat=runs.number * 1000 + runs.run,
        cle=runs.cle,
        date_debut=ifelse(part_month, greatest(mid.cast("date"), begin), begin),
        date_fin=end,
        nature=cases((runs.nature == "CTT", "MISSION"), else_=runs.nature),
        heures=runs.heures,
        salaire_brut=runs.salaire_brut,
        aide=ifelse(runs.aide, "oui", "non"),
        date_declaration=literal(vintage),
    )
    older = rows.filter(rows.id_contrat % 11 == 0)
    older = older.mutate(date_declaration=literal("2000-01-01"), heures=older.heures + 5)
    strangers = rows.filter(rows.id_contrat % 17 == 0)
    strangers = strangers.mutate(
        id_contrat=strangers.id_contrat + 10**12, cle=hash_of(strangers.cle + "|other")
    )
    wrong = rows.filter(rows.id_contrat % 101 == 0)
    wrong = wrong.mutate(
        id_contrat=wrong.id_contrat + 2 * 10**12, date_fin=wrong.date_debut - interval(days=1)
    )
    parts = (older, strangers, wrong)
    return {"contrats": union(rows, *(p.select(*rows.columns) for p in parts))}, {
        "older declarations": older,
        "rows of persons not in the extract": strangers,
        "end before the start": wrong,
    }


LAYOUTS: dict[str, tuple[tuple[str, ...], Callable[..., Files]]] = {
    "les_emplois": (("iae_candidatures", "iae_pass"), les_emplois),
    "fluxiae": (("iae_contrats",), fluxiae),
    "contracts": (("emploi_mensuel",), contracts),
}
"""System -> the tables of the contract that it fills, and what writes its files."""
