"""The figures of a note: tables in, pictures out, each with the words that stand for it."""

from __future__ import annotations

from evalml.report.figure_balance import plot_balance
from evalml.report.figure_effects import Marks, plot_effects
from evalml.report.figure_flow import plot_flow
from evalml.report.figure_trajectories import plot_trajectories
from evalml.report.figures_style import Figure, write_figure

__all__ = [
    "Figure",
    "Marks",
    "plot_balance",
    "plot_effects",
    "plot_flow",
    "plot_trajectories",
    "write_figure",
]
