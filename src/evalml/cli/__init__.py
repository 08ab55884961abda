"""The command line: `evalml --help`."""

from evalml.cli.main import app, main

__all__ = ["app", "main"]
