"""evalml: evaluate the youth-employment programmes of the French missions locales.

Data go one way: extract, tables, cohort, panel, outcomes, comparison, effect, checks, report. Each
stage is a function from the noun on its left to the noun on its right; the names a notebook needs
are all here, and are imported when first used. `evaluate` walks the whole line.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "evalml.study": ("Study", "read_study", "study_from"),
    "evalml.settings": ("Settings", "project_root", "read_settings"),
    "evalml.engine": ("Engine", "open_engine"),
    "evalml.extract": ("Extract", "read_extract", "read_person_table", "with_terms"),
    "evalml.tables": ("Tables", "accept_tables"),
    "evalml.cohort": ("Cohort", "TargetTrial", "build_cohort", "label_of", "target_trial"),
    "evalml.panel": ("Panel", "build_panel", "observe", "profile_cohort"),
    "evalml.outcomes": (
        "CONTROLS",
        "OUTCOMES",
        "Outcome",
        "Outcomes",
        "compute_allowances",
        "compute_controls",
        "compute_intensity",
        "compute_outcomes",
        "exit_situations",
        "outcomes_table",
    ),
    "evalml.rollout": ("area_cells", "first_demands", "opening_months", "profile_areas"),
    "evalml.rollout.effects": ("estimate_openings",),
    "evalml.rollout.event_study": (
        "composition_table",
        "event_study_table",
        "opening_observation",
        "opening_trajectories",
    ),
    "evalml.checks.rollout": ("check_openings",),
    "evalml.report.beside_published": ("beside_published", "opening_labels"),
    "evalml.report.figure_rollout": ("OPENING_PICTURES", "plot_openings"),
    "evalml.indicators": (
        "GROUPS",
        "INDICATORS",
        "THEMES",
        "activity_table",
        "compute_indicator_years",
        "compute_indicators",
        "indicators_table",
    ),
    "evalml.comparison": (
        "Comparison",
        "MeasureSpec",
        "adjust",
        "assemble",
        "balance_table",
        "build_comparison",
        "cross_section",
        "labels_of",
    ),
    "evalml.effect": (
        "Effect",
        "as_experiment",
        "costs_table",
        "effects_table",
        "estimate_effects",
        "estimate_study",
        "gaps",
        "trajectories_table",
    ),
    "evalml.checks": (
        "Check",
        "check_power",
        "check_primary",
        "check_study",
        "checks_table",
        "power_table",
        "run_checks",
    ),
    "evalml.evaluation": ("Evaluation", "evaluate", "secondary_analyses"),
    "evalml.published": (
        "audit_path",
        "compare_published",
        "differences_table",
        "findings_table",
        "kinds_table",
        "read_indicators",
        "read_mapping",
        "reasons_table",
        "recomputed_table",
        "verdicts_table",
        "write_audit",
    ),
    "evalml.report": (
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
    ),
    "evalml.report.widgets": ("Explorer",),
    "evalml.report.figure_cohort": ("COHORT_PICTURES", "plot_cohort"),
    "evalml.report.indicators_table": ("protect_indicators",),
    "evalml.report.annex": (
        "Source",
        "activity_annex",
        "annex_groups",
        "annex_indicators",
        "annex_table",
        "write_annex",
    ),
    "evalml.study.activity": ("read_activity",),
    "evalml.run": ("hashes_of", "read_parameters"),
    "evalml.run.registry": ("compare_runs", "results_of", "runs_table"),
}
_NAMES = {name: module for module, names in _WHERE.items() for name in names}

_PUBLIC = """
    Evaluation Explorer Source accept_tables activity_annex adjust annex_groups annex_indicators
    annex_table assemble audit_path build_cohort build_panel check_study checks_table
    compare_published compare_runs compute_indicator_years compute_outcomes effects_table
    estimate_effects estimate_study evaluate findings_table gather indicators_table kinds_table
    labels_of mask_blinded open_engine outcomes_table plot_effects plot_flow project_root
    protect_indicators protected protocol_table read_activity read_extract read_indicators
    read_mapping read_settings read_study recomputed_table results_of runs_table show shown_checks
    target_trial verdicts_table write_annex write_audit write_results
"""
"""What notebooks and pages use; the rest of `_WHERE` can be imported, and may change."""

__all__ = sorted(_PUBLIC.split())  # noqa: PLE0605 - one word each


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'evalml' has no attribute '{name}'")
    return getattr(import_module(_NAMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__]
