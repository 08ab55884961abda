"""A static site over what has left: effects, checks and curves of many released runs."""

from evalml.report.explorer.site import build_explorer

__all__ = ["build_explorer"]
