"""A study: one file of `params/`, typed and checked before anything starts."""

from evalml.study.designs import DESIGNS, StudyDesign
from evalml.study.methods import METHODS, Method, methods_of
from evalml.study.parts import (
    Bounds,
    ComparisonDesign,
    Eligibility,
    Entries,
    Example,
    Primary,
    Territory,
    Thresholds,
    Treatment,
    Waits,
)
from evalml.study.programmes import PROGRAMMES, Programme
from evalml.study.protocol import Study
from evalml.study.reading import (
    StudyRequest,
    as_changes,
    find_study,
    read_study,
    read_yaml,
    study_from,
)
from evalml.study.rerun import rerun, territory_from, territory_label, territory_words

__all__ = [
    "DESIGNS",
    "METHODS",
    "PROGRAMMES",
    "Bounds",
    "ComparisonDesign",
    "Eligibility",
    "Entries",
    "Example",
    "Method",
    "Primary",
    "Programme",
    "Study",
    "StudyDesign",
    "StudyRequest",
    "Territory",
    "Thresholds",
    "Treatment",
    "Waits",
    "as_changes",
    "find_study",
    "methods_of",
    "read_study",
    "read_yaml",
    "rerun",
    "study_from",
    "territory_from",
    "territory_label",
    "territory_words",
]
