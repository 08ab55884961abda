"""A study: one file of `params/`, typed and checked before anything starts."""

from evalml.study.parts import (
    POOLS,
    Bounds,
    ComparisonDesign,
    Design,
    Eligibility,
    Entries,
    Method,
    Primary,
    Territory,
    Treatment,
)
from evalml.study.programmes import PROGRAMMES, Programme, programme_of, word_of
from evalml.study.protocol import Study
from evalml.study.reading import Asked, find_study, read_study, read_yaml, study_from
from evalml.study.rerun import rerun, territory_from, territory_label, territory_words
from evalml.study.thresholds import Thresholds

__all__ = [
    "POOLS",
    "PROGRAMMES",
    "Asked",
    "Bounds",
    "ComparisonDesign",
    "Design",
    "Eligibility",
    "Entries",
    "Method",
    "Primary",
    "Programme",
    "Study",
    "Territory",
    "Thresholds",
    "Treatment",
    "find_study",
    "programme_of",
    "read_study",
    "read_yaml",
    "rerun",
    "study_from",
    "territory_from",
    "territory_label",
    "territory_words",
    "word_of",
]
