"""Invented results of four studies: strong, null, blinded, and one against an experiment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests_root import ROOT

from evalml.checks import Check, Thresholds, checks_table
from evalml.checks.observation import check_observation
from evalml.comparison.comparison import Measure
from evalml.report import note_figures
from evalml.report.protocol import protocol_table
from evalml.study import read_study
from evalml.values import (
    Count,
    Estimate,
    Message,
    Month,
    Name,
    Number,
    PValue,
    Share,
    messages_text,
    names,
)
from evalml.words import render

METHODS = ("diff", "ipw", "aipw")
EFFECTS = {"strong": 0.0724, "null": 0.0043, "blinded": 0.0613}
AGES = {"lowest": Number(16), "highest": Number(25, 0, "years"), "rqth": Number(29, 0, "years")}
CEJ = {"programme": Name("programmes", "CEJ")}
STEPS = (
    ("accueil", Message("rules.open_file"), 48211, 0),
    ("age", Message("rules.age_rqth", AGES), 45806, 2405),
    (
        "situation",
        Message(
            "rules.outside_situations",
            {"outside": names("level", ["categorie=Emploi", "categorie=Formation"])},
        ),
        27114,
        18692,
    ),
    ("premier", Message("rules.never_entered", CEJ), 21377, 5737),
    (
        "rqth",
        Message("rules.require", {"column": Name("text", "rqth"), "value": Name("text", "1")}),
        21370,
        7,
    ),
    ("suivi", Message("rules.accompanied", {"months": Number(12, 0, "months")}), 19042, 2328),
)
COVARIATES = (
    ("age", "Âge à l'entrée", -0.213, 0.011),
    ("sexe=F", "Femme", 0.082, -0.004),
    ("niveau_diplome=SANS_DIPLOME", "Sans diplôme", 0.341, 0.021),
    ("niveau_diplome=BAC", "Baccalauréat", -0.267, -0.018),
    ("qpv", "Habite en QPV", 0.194, 0.009),
    ("permis_b", "Permis B", -0.302, -0.026),
    ("mois_emploi_avant", "Mois d'emploi, 12 mois avant", -0.388, 0.031),
    ("emploi_avant_3", "Mois de formation, 12 mois avant", 0.121, 0.007),
    ("actes_3m", "Contacts, 6 mois avant", 0.455, 0.042),
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


META = {
    "study": "cej_2024_hdf",
    "title": "Effet du contrat d'engagement jeune sur l'emploi",
    "title_en": "Effect of the contrat d'engagement jeune on employment",
    "programme": "Contrat d'engagement jeune",
    "territory_label": "Hauts-de-France",
    "period_label": "entrées de janvier à décembre 2024",
    "words": {
        "period_label": messages_text(
            [Message("periods.months", {"first": Month("2024-01"), "last": Month("2024-12")})]
        ),
    },
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


def flow_frame():
    return pd.DataFrame({
        "rule": [rule for rule, *_ in STEPS],
        "label": [render(words, "fr") for _, words, *_ in STEPS],
        "kept": [kept for *_, kept, _ in STEPS],
        "lost": [lost for *_, lost in STEPS],
        "words": [messages_text([words]) for _, words, *_ in STEPS],
    })  # fmt: skip


def sample_frames(kind):
    from evalml.report.blinding import blind

    checks = checks_frame(kind)
    balance = pd.DataFrame(COVARIATES, columns=["covariate", "label", "smd_before", "smd_after"])
    return {
        "effects": blind(effects_frame(kind), checks, META["primary"]),
        "flow": flow_frame(),
        "balance": balance.assign(variance_ratio=1.04, mean_treated=0.31, mean_comparison_before=0.25, mean_comparison_after=0.30),
        "trajectories": trajectories_frame(kind),
        "checks": checks,
        "indicators": pd.DataFrame(),
        "observation": pd.DataFrame({
            "arm": ["treated", "comparison"] * 2, "measure": ["contacts"] * 2 + ["declared"] * 2,
            "label": ["Contacts par mois"] * 2 + ["Mois déclarés sur 12"] * 2,
            "value": [2.31, 1.07, 11.2, 9.8], "unit": ["", "", "months", "months"],
            "n": [4213, 14829] * 2,
            "words": [messages_text([Message(f"observation.{seen}", {"months": Number(12, 0, "months")})])
                      for seen in ("contacts", "declared_months") for _ in range(2)],
        }),
        "protocol": protocol_table(read_study(ROOT / "params" / "cej.yaml")),
    }  # fmt: skip


NSW_META = {
    **META, "study": "nsw", "title": "National Supported Work : chaque méthode face à l'expérience",
    "title_en": "National Supported Work: each method against the experiment",
    "programme": "National Supported Work", "territory_label": "États-Unis",
    "period_label": "1976-1978", "words": {}, "synthetic": False, "kind": "cross_section",
    "extract_name": "causaldata nsw_mixtape, cps_mixtape", "threshold": None,
    "command": "evalml run params/nsw.yaml",
    "primary": {"outcome": "re78", "horizon_months": None, "method": "aipw"},
    "benchmark": {"estimate": 1794.34, "ci_low": 479.2, "ci_high": 3109.5, "label": "réponse de l'expérience",
                  "words": messages_text([Message("experiments.drawn")])},
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


class Drawn(dict):
    """Every figure drawn in the session: the same results are drawn once for all tests."""

    def clear(self):
        """Keep what was drawn for other results: a notebook forgets it, to spare its memory."""


@pytest.fixture(scope="session", autouse=True)
def _drawn_once():
    note_figures._LAST = Drawn()


@pytest.fixture(scope="session")
def run_of(tmp_path_factory):
    """A function: kind -> (run folder with results/, meta)."""
    return lambda kind: make_run(tmp_path_factory.mktemp(kind), kind)


@pytest.fixture(scope="session")
def frames_of():
    return sample_frames
