"""Who is evaluated, from when, under which trial."""

from evalml.cohort.build import Cohort, build_cohort
from evalml.cohort.covariates import (
    COVARIATES,
    Covariate,
    check_covariates,
    label_of,
    require_tables,
)
from evalml.cohort.trial import TargetTrial, target_trial

__all__ = [
    "COVARIATES",
    "Cohort",
    "Covariate",
    "TargetTrial",
    "build_cohort",
    "check_covariates",
    "label_of",
    "require_tables",
    "target_trial",
]
