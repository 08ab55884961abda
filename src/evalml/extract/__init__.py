"""Files as they are received: the contract, the readers, the checks of form."""

from evalml.extract.meta import ExtractMeta, read_meta, write_meta
from evalml.extract.person_table import read_person_table, with_terms
from evalml.extract.read import Extract, read_extract, tables_held

__all__ = [
    "Extract",
    "ExtractMeta",
    "read_extract",
    "read_meta",
    "read_person_table",
    "tables_held",
    "with_terms",
    "write_meta",
]
