"""Files as they are received: the contract, the readers, the checks of form."""

from evalml.extract.meta import ExtractMeta, read_meta, write_meta
from evalml.extract.read import Extract, read_extract, read_person_table, tables_held, with_terms

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
