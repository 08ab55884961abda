"""`python -m evalml` is `evalml`."""

from evalml.cli import main

main()
