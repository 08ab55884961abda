"""Compatibility: the typography of the house is `evalml.typography`."""

from evalml.typography import *  # noqa: F403
