"""Worlds whose truth is known, and what each method makes of them over many samples."""

from __future__ import annotations

from evalml.effect.validation.catalogue import SCENARIOS, choose
from evalml.effect.validation.scenario import Arm, Scenario
from evalml.effect.validation.simulate import COLUMNS, replicate
from evalml.effect.validation.summary import Summary, summarise

__all__ = ["COLUMNS", "SCENARIOS", "Arm", "Scenario", "Summary", "choose", "replicate", "summarise"]
