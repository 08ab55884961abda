"""Records one may trust: the extract's rows, checked, typed, rejects counted and put aside."""

from evalml.tables.accept import Tables, accept_tables

__all__ = ["Tables", "accept_tables"]
