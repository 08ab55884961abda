"""The rules of the house beside openfisca-france and the platform of the IAE, at twelve dates.

Reads two clones as data: the dated parameters of the first as they stand, the constants of the
second as they stood on each date. Prints the two tables of docs/explanation/rules-beside-others.md.

Run: python -m tools.rules_beside OPENFISCA_FRANCE_CLONE LES_EMPLOIS_CLONE
"""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import yaml

from evalml.rules import rules

if TYPE_CHECKING:
    from collections.abc import Callable

    Reading = Callable[[dt.date], float | None]

DAYS = tuple(
    dt.date.fromisoformat(day)
    for day in (
        "2013-10-15", "2015-02-01", "2016-10-01", "2017-06-01", "2019-01-01", "2020-10-01",
        "2021-12-01", "2022-03-15", "2023-03-01", "2024-05-01", "2025-11-01", "2026-06-15",
    )
)  # fmt: skip
EDUCATION = "openfisca_france/parameters/prestations_sociales/education"
RSA = "openfisca_france/parameters/prestations_sociales/solidarite_insertion/minima_sociaux/rsa"
CEJ, GJ = f"{EDUCATION}/contrat_engagement_jeune", f"{EDUCATION}/garantie_jeunes"
AMOUNTS, SLOPE = f"{CEJ}/montants", f"{CEJ}/degressivite"
OPENFISCA = {
    ("CEJ", "age_min"): f"{CEJ}/critere_age/minimum.yaml",
    ("CEJ", "age_max"): f"{CEJ}/critere_age/maximum.yaml",
    ("CEJ", "age_max_rqth"): f"{CEJ}/critere_age/maximum_handicap.yaml",
    ("CEJ", "allowance_adult_not_taxable"): f"{AMOUNTS}/montant_majeurs_non_imposables.yaml",
    ("CEJ", "allowance_adult_first_bracket"): f"{AMOUNTS}/montant_majeurs_1ere_tranche_ir.yaml",
    ("CEJ", "allowance_minor"): f"{AMOUNTS}/montant_mineurs.yaml",
    ("CEJ", "resources_disregard"): f"{SLOPE}/abattement_deductibilite_partielle.yaml",
    ("CEJ", "resources_cutoff_share_smic"): f"{SLOPE}/part_smic_deductibilite_partielle.yaml",
    ("GJ", "age_min"): f"{GJ}/critere_age/minimum.yaml",
    ("GJ", "age_max"): f"{GJ}/critere_age/maximum.yaml",
    ("GJ", "resources_disregard"): f"{GJ}/degressivite/seuil.yaml",
    ("GJ", "resources_cutoff_share_smic"): f"{GJ}/degressivite/plafond.yaml",
}  # fmt: skip
APPROVALS, DIAGNOSIS = "itou/approvals/models.py", "itou/eligibility/models"
PLATFORM: dict[str, tuple[tuple[str, ...], str]] = {
    "suspension_max_months": ((APPROVALS,), r"class Suspension.*?MAX_DURATION_MONTHS = (\d+)"),
    "waiting_period_years": ((APPROVALS,), r"WAITING_PERIOD_YEARS = (\d+)"),
    "prolongation_window_after_months": (
        (APPROVALS,),
        r"(?:BOUNDARIES_MONTHS_AFTER_END|BOUNDARIES_MONTHS) = (\d+)",
    ),
    "prolongation_window_before_months": (
        (APPROVALS,),
        r"(?:MONTHS_BEFORE_END|MONTHS_AFTER_START|S_MONTHS|BEFORE_APPROVAL_END_MONTHS) = (\d+)",
    ),
    "diagnosis_validity_months": (
        (f"{DIAGNOSIS}.py", f"{DIAGNOSIS}/common.py"),
        r"EXPIRATION_DELAY_MONTHS = (\d+)",
    ),
    "diagnosis_validity_employer_days": (
        (f"{DIAGNOSIS}/iae.py",),
        r"(?:VALIDITY_TIMEDELTA = datetime\.timedelta\(days=|timedelta\(days=)(\d+)",
    ),
    "auto_refusal_days": (
        ("itou/job_applications/enums.py",),
        r"AUTO_REJECT_JOB_APPLICATION_DELAY = datetime\.timedelta\(days=(\d+)",
    ),
}  # fmt: skip


def git(clone: str, *words: str) -> str:
    """Return what git prints, nothing where it fails."""
    done = subprocess.run(["git", "-C", clone, *words], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


@cache
def parameter(clone: str, path: str) -> dict[dt.date, float]:
    """Return the dated values of a parameter of openfisca-france."""
    raw = yaml.safe_load(git(clone, "show", f"HEAD:{path}"))["values"]
    return {dt.date.fromisoformat(str(day)): held["value"] for day, held in raw.items()}


def openfisca_value(clone: str, path: str, day: dt.date) -> float | None:
    """Return the value of a parameter on a day."""
    started = [start for start in parameter(clone, path) if start <= day]
    return parameter(clone, path)[max(started)] if started else None


def openfisca_gj(clone: str, day: dt.date) -> float | None:
    """Return the largest allowance of the GJ: its formula begins on 2017-01-01, and it ends."""
    if not dt.date(2017, 1, 1) <= day <= dt.date(2022, 2, 28):
        return None
    base = openfisca_value(clone, f"{RSA}/rsa_m/montant_de_base_du_rsa.yaml", day)
    share = openfisca_value(clone, f"{RSA}/rsa_fl/forfait_logement/taux_1_personne.yaml", day)
    return None if base is None or share is None else round(base * (1 - share), 2)


def platform_value(clone: str, name: str, day: dt.date) -> float | None:
    """Return a constant of the platform's code as it stood on a day."""
    paths, pattern = PLATFORM[name]
    commit = git(clone, "rev-list", "-1", f"--before={day}T23:59:59", "HEAD").strip()
    text = "".join(git(clone, "show", f"{commit}:{path}") for path in paths) if commit else ""
    found = re.search(pattern, text, re.DOTALL)
    if found is None and name == "prolongation_window_after_months" and "MONTHS_BEFORE_END" in text:
        return 0.0  # a window is declared, and none of it lies after the end
    return float(found[1]) if found else None


def ours(programme: str, name: str, day: dt.date) -> float | None:
    """Return the value of the house that may be used on a day."""
    held = rules(programme).at(day).get(name)
    if held is None or held.overdue or isinstance(held.value, str | list | dt.date):
        return None
    return float(held.value)


def row(title: str, left: Reading, right: Reading) -> str:
    """Return a line of the table: one value where both agree, ours / theirs where they do not."""
    cells = []
    for day in DAYS:
        a, b = left(day), right(day)
        shown = ["–" if x is None else f"{x:g}" for x in (a, b)]
        cells.append(shown[0] if a == b else f"**{shown[0]} / {shown[1]}**")
    return f"| {title} | {' | '.join(cells)} |"


def table(lines: list[str]) -> str:
    """Return a Markdown table with a column for each day."""
    head = f"| rule | {' | '.join(str(day) for day in DAYS)} |"
    return "\n".join([head, "|---" * (len(DAYS) + 1) + "|", *lines])


def main(openfisca: str, emplois: str) -> None:
    """Print the two tables."""
    lines = [
        row(
            f"`{programme}.{name}`",
            lambda day, p=programme, n=name: ours(p, n, day),
            lambda day, path=path: openfisca_value(openfisca, path, day),
        )
        for (programme, name), path in OPENFISCA.items()
    ]
    lines.append(
        row(
            "`GJ.allowance`",
            lambda day: ours("GJ", "allowance", day),
            lambda day: openfisca_gj(openfisca, day),
        )
    )
    print(table(lines))
    print()
    platform = [
        row(
            f"`IAE.{name}`",
            lambda day, n=name: ours("IAE", n, day),
            lambda day, n=name: platform_value(emplois, n, day),
        )
        for name in PLATFORM
    ]
    print(table(platform))
    for clone in (openfisca, emplois):
        print(git(clone, "log", "-1", "--format=%h %cs").strip())


if __name__ == "__main__":
    main(*sys.argv[1:3])
