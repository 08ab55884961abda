"""One row per person, trial and month since time zero."""

from evalml.panel.build import FLAGS, Panel, build_panel
from evalml.panel.profile import observe, profile_cohort

__all__ = ["FLAGS", "Panel", "build_panel", "observe", "profile_cohort"]
