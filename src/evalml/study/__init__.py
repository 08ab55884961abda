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
    Treatment,
    Waits,
)
from evalml.study.programmes import PROGRAMMES, Programme
from evalml.study.protocol import Study
from evalml.study.reading import StudyRequest, find_study, read_study, read_yaml, study_from
from evalml.study.rerun import rerun, territory_from, territory_label, territory_words
from evalml.study.thresholds import Thresholds

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
