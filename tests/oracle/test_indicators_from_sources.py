"""The catalogue against a second recomputation from the words of the sources, figure by figure.

Small worlds of 2007, 2019 and 2024 drawn at random hold everything the figures tell apart: youths
with contacts only, welcomes without an act, moves, own business, PPAE, jobs of six months…
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from people import STRUCTURES, tables_of

import evalml as ev
from evalml.extract.contract import TABLES
from evalml.extract.meta import Months
from evalml.indicators import INDICATORS

_SPEC = importlib.util.spec_from_file_location(
    "indicators_from_sources", Path(__file__).with_name("indicators_from_sources.py")
)
sources = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(sources)

pytestmark = pytest.mark.slow
YEARS = (2007, 2019, 2024)
AREAS = ("region:32", "departement:59", "departement:62")
PLACES = ("59350S00", "62041S00", "33063S00")
BREAKDOWNS = ("accompagnes", "premiers_accueils", "jeunes_cej", "entrees_pacea", "contrats",
              "entrees_parrainage", "sorties_cej", "jeunes_formation", "dossiers_ouverts")  # fmt: skip
GROUPS = ("sexe", "age", "age_accueil", "qpv", "frr", "zrr", "diplome", "famille", "permis_b",
          "provenance")  # fmt: skip
RATIOS = {"actes_par_jeune": "actes", "entretiens_par_jeune": "entretiens_individuels"}
"""Two printed lines divided: the acts over the accompanied youths."""


def draw(rng, year, n=400):
    """Records of `n` invented persons around a year, as people.tables_of takes them."""
    first = np.datetime64(f"{year - 2}-01-01")

    def day(low=0, high=3 * 365 + 200):
        return str(first + int(rng.integers(low, high)))

    def some(values, weights=None):
        return values[int(rng.choice(len(values), p=weights))]

    def spell(**row):
        start = int(rng.integers(0, 3 * 365))
        end = start + int(rng.choice([5, 20, 90, 182, 183, 181, 400]))
        closed = rng.random() < 0.75
        return {
            "date_debut": str(first + start),
            "date_fin": str(first + end) if closed else None,
            **row,
        }

    people = {}
    for i in range(n):
        opened = sorted(day(0, 1000) for _ in range(1 + (rng.random() < 0.25)))
        files = [
            {
                "id_structure": some(PLACES, [0.5, 0.35, 0.15]), "date_ouverture": o, "date_maj": day(),
                "date_cloture": None if rng.random() < 0.6 else str(np.datetime64(o) + 300),
                "qpv": some([True, False, None]), "frr": some([True, False, None]),
                "enfants": some([0, 0, 1, 2, None]), "situation_familiale": some(["SEUL", "COUPLE", None]),
                "niveau_diplome": some(["SANS_DIPLOME", "BREVET", "CAP_BEP", "BAC", None]),
                "permis_b": some([True, False, None]),
                "oriente_par": some(["SPONTANE", "FRANCE_TRAVAIL", "MAIRIE", None]),
            }
            for o in opened
        ]  # fmt: skip
        kinds = (
            ["CONTACT"] if i % 7 == 0 else ["ENTRETIEN", "ATELIER", "INFO_COLLECTIVE", "CONTACT"]
        )
        acts = [
            {
                "date_acte": day(), "type": some(kinds), "heures": some([None, 1.0, 2.5]),
                "statut": some(["PRESENT", "PRESENT", "PRESENT", "ABSENT", "ANNULE", "PLANIFIE"]),
                "theme": some([*sources.THEMES.values(), None]),
                "id_dossier": f"p{i}-d{int(rng.integers(len(files)))}",
            }
            for _ in range(0 if i % 11 == 0 else int(rng.integers(0, 7)))
        ]  # fmt: skip
        contracts = ["CDI", "CDD", "CDD", "CDD", "CTT", "PEC", "CIE", "CDDI", "INDEPENDANT", None]
        told = []
        for _ in range(int(rng.integers(0, 14))):
            category = some([*["Emploi"] * 6, "Contrat en Alternance", "Formation", "Pmsmp",
                             "Immersion en entreprise", "Contrat de volontariat - bénévolat",
                             "Scolarité", "Demandeur d'emploi"])  # fmt: skip
            contract = {
                "Emploi": some(contracts),
                "Contrat en Alternance": some(["APPRENTISSAGE", "PROFESSIONNALISATION", None]),
                "Contrat de volontariat - bénévolat": some(["SERVICE_CIVIQUE", None]),
            }.get(category)
            length = (
                some([None, 2, 5, 6, 7, 12]) if contract in {"CDD", "PEC", "CIE", "CTT"} else None
            )
            siae = some(["ACI", None, None, None]) if category == "Emploi" else None
            told.append(
                spell(categorie=category, type_contrat=contract, duree_prevue_mois=length,
                      siae_type=siae, etat=some(["EN_COURS", "TERMINE", "TERMINE", "PREVU"]))
            )  # fmt: skip
        programmes = ["CIVIS", "GJ", "PACEA", "CEJ", "PPAE", "AIJ", "PARRAINAGE"]
        spells = [
            spell(dispositif=some(programmes), rang=some([1, 1, 1, 2]), id_parent=some([None, "x"]),
                  motif_fin=some(["EMPLOI_DURABLE", "ALTERNANCE", "RETOUR_SCOLARITE", "ABANDON"]))
            for _ in range(int(rng.integers(0, 9)))
        ]  # fmt: skip
        months = rng.choice(36, int(rng.integers(0, 5)), replace=False)
        paid = [
            {
                "dispositif": some(["CEJ", "PACEA", "GJ"]), "montant_eur": some([0.0, 200.0, 552.29]),
                "mois": f"{year - 2 + int(m) // 12}-{int(m) % 12 + 1:02d}-01",
            }
            for m in months
        ]  # fmt: skip
        sent = [
            {
                "date_candidature": day(), "date_embauche": some([None, day()]),
                "emetteur": some(["ML", "ML", "CANDIDAT"]),
                "etat": some(["acceptee", "refusee", "annulee", "en_cours"]),
            }
            for _ in range(int(rng.integers(0, 3)))
        ]  # fmt: skip
        born = {
            "sexe": some(["F", "M"]), "nationalite": some(["FR", "FR", "UE", "HORS_UE"]),
            "date_naissance": str(np.datetime64(f"{year - 27}-01-01") + int(rng.integers(0, 12 * 365))),
            "date_premier_accueil": some([None, opened[0], day()]),
            "rqth_depuis": some([None, None, day()]),
        }  # fmt: skip
        people[f"p{i}"] = {
            "jeunes": born, "dossiers": files, "actes": acts, "situations": told,
            "accompagnements": spells, "allocations": paid, "iae_candidatures": sent,
            "iae_contrats": [{"date_debut": day()} for _ in range(int(rng.integers(0, 2)))],
        }  # fmt: skip
    return people


@cache
def both(year):
    """The figures of a year twice: the package's table, and the recomputation."""
    engine = ev.open_engine()
    people = draw(np.random.default_rng(7 * year), year)
    tables = tables_of(people, engine, period=(f"{year - 2}-01-01", f"{year + 1}-12-31"))
    whole = Months(**{"from": f"{year - 2}-01", "to": f"{year + 1}-12"})
    meta = tables.meta.model_copy(
        update={"coverage": dict.fromkeys((t.name for t in TABLES), whole)}
    )
    held = ev.Tables(meta=meta, tables=tables.tables, rejects=tables.rejects)
    groups = GROUPS if year == YEARS[-1] else ()
    ours = ev.compute_indicators(held, year, engine=engine, groups=groups)
    frames = {name: engine.fetch(table) for name, table in held.tables.items()}
    for name, frame in frames.items():
        for column in frame.columns:
            if column == "mois" or column.startswith("date") or column == "rqth_depuis":
                frames[name][column] = pd.to_datetime(frame[column])
    places = pd.DataFrame(STRUCTURES)[["id_structure", "code_departement", "code_region"]]
    last = ev.compute_indicators(
        held, year, engine=engine, groups=["age"], names=["accompagnes"], age_on="fin_annee"
    )
    return by_key(ours), sources.Year(frames, year, places), by_key(last)


def by_key(table):
    keys = zip(table["indicator"], table["territory"], table["breakdown"], strict=True)
    return dict(zip(keys, zip(table["value"], table["state"], strict=True), strict=True))


def theirs(again, indicator, area, trait=None):
    acts = again.act_figures
    if indicator in RATIOS:
        numbers, _ = acts[RATIOS[indicator]]
        return again.area_of_acts(numbers, area) / again.area(again.youths(again.seen), area)
    by_place = indicator in acts
    numbers, over = acts[indicator] if by_place else again.figures[indicator]
    add = again.area_of_acts if by_place else again.area
    args = () if trait is None else (trait,)
    found = add(numbers, area, *args)
    if over is None:
        return found
    base = add(over, area, *args)
    factor = 100 if INDICATORS[indicator].statistic == "share" else 1
    return factor * found / base if base else np.nan


def compared(year):
    """Rows of (indicator, area, ours, theirs) for every indicator of a year."""
    ours, again, _ = both(year)
    every = {**again.figures, **again.act_figures, **dict.fromkeys(RATIOS)}
    return [
        (name, area, ours[name, area, ""][0], theirs(again, name, area))
        for name, it in INDICATORS.items()
        if it.exists_in(year) and name in every
        for area in AREAS
    ]


@pytest.mark.parametrize("year", YEARS)
def test_every_indicator_is_what_the_sources_say(year):
    rows = compared(year)
    assert {name for name, *_ in rows} == {n for n, i in INDICATORS.items() if i.exists_in(year)}
    differ = [row for row in rows if not np.isclose(row[2], row[3], equal_nan=True)]
    assert not differ
    # a world in which a figure is nought for everybody shows nothing of it
    whole = {name: value for name, area, value, _ in rows if area == "region:32"}
    assert not [name for name, value in whole.items() if not value > 0]


def test_every_breakdown_is_what_the_sources_say():
    ours, again, last = both(YEARS[-1])
    checked = 0
    for trait, who in again.traits().items():
        table, code = (
            (last, f"age={trait.removeprefix('age_31=')}") if "_31" in trait else (ours, trait)
        )
        for name in BREAKDOWNS:
            for area in AREAS:
                if (name, area, code) not in table:
                    continue
                value, state = table[name, area, code]
                assert state == "known"
                assert value == theirs(again, name, area, who), (trait, name, area)
                checked += 1
    assert checked > 250


def test_the_recomputation_does_not_read_the_package():
    text = Path(sources.__file__).read_text(encoding="utf-8")
    assert "import evalml" not in text
    assert "from evalml" not in text
