"""One reader for every table: how a file is written is proven, declared or refused.

`text` finds the encoding, the separator and the names of a delimited file; `numbers` and `dates`
say how cells may be written, for DuckDB's RE2, Arrow's and Python's `re` alike; `table` gives the
columns of one table by role, in memory; `roles` turns statuses into arms and events.
"""
