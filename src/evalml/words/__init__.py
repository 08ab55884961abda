"""The words of the house, French and English: catalogues of templates, and what renders them.

Every stage hands over keys and typed values (`evalml.values`); nothing but this package turns them
into sentences, and nothing reads a sentence back. It knows no statistics.
"""

from evalml.words.catalogue import (
    LANGUAGES,
    check_entry,
    labelled,
    message_template,
    name_label,
    outcome_label,
    plain_phrase,
    section_words,
)
from evalml.words.render import check_sentence, fill, question, question_again, render, render_all

__all__ = [
    "LANGUAGES",
    "check_entry",
    "check_sentence",
    "fill",
    "labelled",
    "message_template",
    "name_label",
    "outcome_label",
    "plain_phrase",
    "question",
    "question_again",
    "render",
    "render_all",
    "section_words",
]
