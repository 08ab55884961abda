"""Programme rules through time, each value with its legal reference."""

from evalml.rules.read import (
    DatedValue,
    Rule,
    Rules,
    RuleValue,
    overdue_sentences,
    programmes,
    rules,
    wave_text,
)

__all__ = [
    "DatedValue",
    "Rule",
    "RuleValue",
    "Rules",
    "overdue_sentences",
    "programmes",
    "rules",
    "wave_text",
]
