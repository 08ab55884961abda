"""Invented results of four studies: strong, null, blinded, and one against an experiment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evalml.checks import Check, Thresholds, checks_table
from evalml.checks.observation import check_observation
from evalml.comparison.comparison import Measure
from evalml.values import Count, Estimate, Name, Number, PValue, Share

METHODS = ("diff", "ipw", "aipw")
EFFECTS = {"strong": 0.0724, "null": 0.0043, "blinded": 0.0613}
STEPS = (
    ("accueil", "Jeunes reçus dans le territoire", 48211, 0),
    ("age", "De 16 à 25 ans à l'entrée", 45806, 2405),
    ("situation", "Ni en emploi durable ni en formation au mois d'entrée", 27114, 18692),
    ("premier", "Jamais entrés en CEJ auparavant", 21377, 5737),
    ("rqth", "RQTH connue avant l'entrée ou absente", 21370, 7),
    ("suivi", "Suivi d'au moins 12 mois possible dans l'extraction", 19042, 2328),
)
COVARIATES = (
    ("age", "Âge à l'entrée", -0.213, 0.011),
    ("sexe=F", "Femme", 0.082, -0.004),
    ("diplome=SANS_DIPLOME", "Sans diplôme", 0.341, 0.021),
    ("diplome=BAC", "Baccalauréat", -0.267, -0.018),
    ("qpv", "Habite en QPV", 0.194, 0.009),
    ("permis_b", "Permis B", -0.302, -0.026),
    ("mois_emploi_12", "Mois d'emploi, 12 mois avant", -0.388, 0.031),
    ("mois_formation_12", "Mois de formation, 12 mois avant", 0.121, 0.007),
    ("actes_6", "Contacts, 6 mois avant", 0.455, 0.042),
    ("logement=PRECAIRE", "Logement précaire", 0.158, -0.012),
)
ALIKE = {"after": Number(0.042, 3), "before": Number(0.455, 2), "limit": Number(0.1, 1)}
OVERLAP = {
    "off": Count(38, 4213), "whole": Count(4213), "share": Share(38, 4213, 38 / 4213),
    "extreme": Number(0.95, 2), "limit": Number(0.05, 1, "percent"),
}  # fmt: skip
PLACEBO = {"effect": Estimate(0.004, "proportion"), "p": PValue(0.62),
           "visible": Estimate(0.012, "proportion")}  # fmt: skip
CHECKS = (
    Check("balance", "alike", True, 0.042, 0.1, ALIKE),
    Check("overlap", "some_treated", True, 38 / 4213, 0.05, OVERLAP),
    Check("placebo_in_time", "alike", True, 0.004, 0.02, PLACEBO),
    Check("negative_control", "constant", None, None, 0.02, {"control": Name("controls", "bafa_avant")}),
    Check("e_value", "strength", True, 1.62, 1.25, {"point": Number(2.1, 2), "limit": Number(1.62, 2)},
          "emploi_m12", gating=False),
)  # fmt: skip


def observed(treated):
    """Return the check of observation where so many of 4,213 participants are known."""
    known = np.r_[np.ones(treated), np.full(4213 - treated, np.nan), np.ones(14829)]
    arm = np.arange(4213 + 14829) < 4213
    found = check_observation(
        Measure("emploi", 12, known, "proportion", "En emploi"), arm, Thresholds()
    )
    return replace(found, outcome="")


PROTOCOL = (
    ("population", "Population", "Jeunes de 16 à 25 ans accompagnés par une mission locale, ni en emploi durable ni en formation au mois zéro."),
    ("treatment", "Traitement", "Entrer en CEJ pendant le mois, contre ne pas y entrer ce mois-là."),
    ("time_zero", "Temps zéro", "Premier jour du mois d'entrée ; chaque mois de 2024 est un essai."),
    ("outcomes", "Résultats", "En emploi ; en emploi durable ; à 6 et 12 mois, déclarés à un conseiller."),
    ("estimand", "Grandeur estimée", "Effet moyen sur les bénéficiaires (ATT)."),
    ("analysis", "Analyse", "Doublement robuste (AIPW), intervalles groupés par mission locale."),
)  # fmt: skip
META = {
    "study": "cej_2024_hdf",
    "title": "Effet du contrat d'engagement jeune sur l'emploi",
    "programme": "Contrat d'engagement jeune",
    "territory_label": "Hauts-de-France",
    "period_label": "entrées de janvier à décembre 2024",
    "synthetic": True,
    "extraction_date": "2026-03-31",
    "extract_name": "synthetic_hdf",
    "command": "evalml run params/cej_2024_hdf.yaml",
    "hashes": {
        "extrait": "a3f1" * 16,
        "paramètres": "0b7c" * 16,
        "code": "99de" * 16,
        "verrou": "5511" * 16,
    },
    "language": "fr",
    "primary": {"outcome": "emploi", "horizon_months": 12, "method": "aipw"},
    "threshold": 0.02,
    "kind": "cohort",
}


def effect_row(outcome, horizon, method, estimate, std_error, n, **more):
    base = {
        "study": "cej_2024_hdf", "programme": "CEJ", "territory": "Hauts-de-France",
        "period": "2024", "outcome": outcome, "horizon_months": horizon, "subgroup": "",
        "subgroup_value": "", "estimand": "att", "method": method, "estimate": estimate,
        "std_error": std_error, "ci_low": estimate - 1.96 * std_error,
        "ci_high": estimate + 1.96 * std_error, "p_value": 0.01, "n_treated": n[0],
        "n_comparison": n[1], "mean_treated": 0.4137, "mean_comparison": 0.4137 - estimate,
        "unit": "proportion", "status": "", "reason": "",
    }  # fmt: skip
    return {**base, **more}


def effects_frame(kind):
    true, rows = EFFECTS[kind], []
    for outcome, scale in (("emploi", 1.0), ("emploi_durable", 0.6)):
        for horizon, share in ((6, -0.35 if kind == "strong" else 0.4), (12, 1.0)):
            for method, bias in zip(METHODS, (-0.051, 0.0017, 0.0), strict=True):
                se = 0.0117 if method == "diff" else 0.0131
                rows.append(
                    effect_row(
                        outcome, horizon, method, true * scale * share + bias, se, (4213, 14829)
                    )
                )
    for variable, values in (
        ("sexe", ("F", "H")),
        ("diplome", ("SANS_DIPLOME", "CAP_BEP", "BAC_ET_PLUS")),
    ):
        for at, value in enumerate(values):
            n = (4213 // len(values) + 17 * at, 14829 // len(values) - 40 * at)
            rows.append(
                effect_row(
                    "emploi",
                    12,
                    "aipw",
                    true + 0.011 * (at - 0.5),
                    0.0211,
                    n,
                    subgroup=variable,
                    subgroup_value=value,
                )
            )
    return pd.DataFrame(rows)


def trajectories_frame(kind):
    month = np.arange(25)
    rows = []
    for outcome, top in (("emploi", 0.55), ("emploi_durable", 0.31)):
        comparison = 0.08 + (top - 0.08) * (1 - np.exp(-month / 11))
        shift = EFFECTS[kind] * np.where(month < 5, -0.8 * month / 5, 1 - np.exp(-(month - 5) / 4))
        for arm, rate, n in (
            ("treated", comparison + shift, 4213),
            ("comparison", comparison, 14829),
        ):
            left = np.round(n * np.exp(-month / 160)).astype(int)
            rows.append(pd.DataFrame({
                "arm": arm, "month": month, "outcome": outcome, "rate": rate,
                "std_error": np.sqrt(rate * (1 - rate) / left) * 1.6, "n_at_risk": left,
                "share_unobserved": 0.01 + month * (0.004 if arm == "treated" else 0.0055),
            }))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def checks_frame(kind):
    known = 3678 if kind == "blinded" else 4082  # a gap of 12.7 points, or of 3.1
    return checks_table([*CHECKS[:2], observed(known), *CHECKS[2:]])


def sample_frames(kind):
    from evalml.report.blinding import blind

    checks = checks_frame(kind)
    balance = pd.DataFrame(COVARIATES, columns=["covariate", "label", "smd_before", "smd_after"])
    return {
        "effects": blind(effects_frame(kind), checks, META["primary"]),
        "flow": pd.DataFrame(STEPS, columns=["rule", "label", "kept", "lost"]),
        "balance": balance.assign(variance_ratio=1.04, mean_treated=0.31, mean_comparison_before=0.25, mean_comparison_after=0.30),
        "trajectories": trajectories_frame(kind),
        "checks": checks,
        "indicators": pd.DataFrame(),
        "observation": pd.DataFrame({
            "arm": ["treated", "comparison"] * 2, "measure": ["contacts"] * 2 + ["declared"] * 2,
            "label": ["Contacts par mois"] * 2 + ["Mois déclarés sur 12"] * 2,
            "value": [2.31, 1.07, 11.2, 9.8], "unit": ["", "", "months", "months"],
            "n": [4213, 14829] * 2,
        }),
        "protocol": pd.DataFrame(PROTOCOL, columns=["item", "label", "text"]),
    }  # fmt: skip


NSW_META = {
    **META, "study": "nsw", "title": "National Supported Work : chaque méthode face à l'expérience",
    "programme": "National Supported Work", "territory_label": "États-Unis",
    "period_label": "1976-1978", "synthetic": False, "kind": "cross_section",
    "extract_name": "causaldata nsw_mixtape, cps_mixtape", "threshold": None,
    "command": "evalml run params/nsw.yaml",
    "primary": {"outcome": "re78", "horizon_months": None, "method": "aipw"},
    "benchmark": {"estimate": 1794.34, "ci_low": 479.2, "ci_high": 3109.5, "label": "réponse de l'expérience"},
}  # fmt: skip


def nsw_frames():
    from evalml.report.blinding import blind

    frames = sample_frames("strong")
    rows = [
        ("diff", -8497.5, 581.9),
        ("ols", 699.1, 583.6),
        ("match", 1612.4, 1012.3),
        ("ipw", 1494.6, 702.1),
        ("ebal", 1273.3, 695.2),
        ("aipw", 1554.2, 688.8),
    ]
    effects = pd.DataFrame(
        [
            effect_row(
                "re78",
                None,
                method,
                estimate,
                se,
                (185, 15992),
                unit="dollars",
                mean_treated=6349.1,
                mean_comparison=6349.1 - estimate,
            )
            for method, estimate, se in rows
        ]
    )
    empty = pd.DataFrame()
    return {**frames, "effects": blind(effects, frames["checks"], NSW_META["primary"]), "trajectories": empty, "observation": empty,
            "flow": frames["flow"].iloc[:0]}  # fmt: skip


def make_run(folder, kind):
    from evalml.report.results import write_results

    frames = nsw_frames() if kind == "nsw" else sample_frames(kind)
    write_results(frames, folder / "results")
    return folder, (NSW_META if kind == "nsw" else META)


@pytest.fixture(scope="session")
def run_of(tmp_path_factory):
    """A function: kind -> (run folder with results/, meta)."""
    return lambda kind: make_run(tmp_path_factory.mktemp(kind), kind)


@pytest.fixture(scope="session")
def frames_of():
    return sample_frames
