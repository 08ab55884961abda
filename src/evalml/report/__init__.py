"""What we say: tables, figures and the note, from results only."""

from evalml.report.blinding import mask_blinded
from evalml.report.costs import shown_costs
from evalml.report.exit_contrast import exit_contrast, exit_paragraph
from evalml.report.figure_effects import Marks, plot_effects
from evalml.report.figure_population import plot_balance, plot_flow, plot_intensity
from evalml.report.figure_trajectories import plot_trajectories
from evalml.report.figures_style import Figure
from evalml.report.gather import gather, note_meta
from evalml.report.note import write_note
from evalml.report.protocol import protocol_table
from evalml.report.results import read_results, write_queries, write_results
from evalml.report.study_views import shown_answer, shown_limits, shown_power, shown_secondary
from evalml.report.views import figures_of, protected, show, shown_checks

__all__ = [
    "Figure",
    "Marks",
    "exit_contrast",
    "exit_paragraph",
    "figures_of",
    "gather",
    "mask_blinded",
    "note_meta",
    "plot_balance",
    "plot_effects",
    "plot_flow",
    "plot_intensity",
    "plot_trajectories",
    "protected",
    "protocol_table",
    "read_results",
    "show",
    "shown_answer",
    "shown_checks",
    "shown_costs",
    "shown_limits",
    "shown_power",
    "shown_secondary",
    "write_note",
    "write_queries",
    "write_results",
]
