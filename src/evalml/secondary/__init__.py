"""The analyses a study declares beside its main one, each from the cohort to its checks."""

from evalml.secondary.analyses import secondary_analyses

__all__ = ["secondary_analyses"]
