"""The standard pictures of a cohort: counts that add up, protected, drawn for each arm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from people import tables_of

import evalml as ev
from evalml.errors import DataError


@pytest.fixture(scope="module")
def study():
    return ev.study_from(
        {
            "study": "case", "title": "One case", "programme": "CEJ", "notebook": "cej",
            "territory": {"region": "32"}, "entries": {"from": "2024-03-01", "to": "2024-03-31"},
            "comparison": {"design": "sequential_trials"}, "outcomes": ["emploi"], "horizons": [12],
            "primary": {"outcome": "emploi", "horizon": 12, "method": "aipw"},
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def profile(study):
    """Thirty entrants and forty others, of whom a few men and a few in a PACEA."""
    people = {}
    for i in range(70):
        inside = [{"dispositif": "PACEA", "date_debut": "2023-09-01"}] if i % 2 else []
        enters = [{"date_debut": "2024-03-12"}] if i < 30 else []
        people[f"p{i}"] = {
            "jeunes": {"sexe": "M" if i < 5 else "F", "date_premier_accueil": "2024-01-15"},
            "actes": [{"date_acte": "2024-02-10"}, {"date_acte": "2024-05-10"}],
            "accompagnements": [*inside, *enters],
            "situations": [
                {"categorie": "Demandeur d'emploi", "etat": "EN_COURS", "date_debut": "2024-02-01"}
            ],
        }
    engine = ev.open_engine()
    tables = tables_of(people, engine)
    cohort = ev.build_cohort(tables, ev.target_trial(study), [], engine)
    return ev.profile_cohort(tables, ev.build_panel(tables, cohort, engine), engine)


def cell(profile, measure, arm, value):
    keys = ["measure", "group", "group_value"]
    return profile.set_index(keys)["numerator"][measure, arm, value]


def test_the_counts_are_those_of_the_people(profile):
    assert cell(profile, "entries", "treated", "2024-03") == 30
    assert cell(profile, "sexe", "treated", "M") == 5
    assert cell(profile, "sexe", "comparison", "F") == 40
    assert cell(profile, "age", "treated", "18-21 ans") == 30
    assert cell(profile, "niveau_diplome", "comparison", "CAP_BEP") == 40
    assert cell(profile, "overlap", "treated", "PACEA") == 15
    assert cell(profile, "seniority", "treated", "moins de 3 mois") == 30
    assert cell(profile, "territory", "comparison", "59") == 40
    # the last contact is in May, two months after time zero
    assert cell(profile, "observation", "treated", "2") == 30
    assert cell(profile, "observation", "treated", "3") == 0
    # an entry without an end lasts to the end of the follow-up; nobody else ever entered
    assert cell(profile, "exposure", "treated", "0") == 30
    assert cell(profile, "exposure", "treated", "12") == 30
    assert cell(profile, "exposure", "comparison", "12") == 0


def test_parts_of_an_arm_make_the_arm(profile):
    whole = profile[~profile["measure"].isin(["overlap", "observation", "exposure"])]
    assert np.allclose(whole.groupby(["measure", "group"])["value"].sum(), 100)


def test_small_counts_are_not_drawn(profile, study):
    protected = ev.protected("cohort", profile, study)
    counts = protected["numerator"].dropna()
    assert not ((counts > 0) & (counts < 11)).any()
    men = protected[(protected["measure"] == "sexe") & (protected["group"] == "treated")]
    assert men["value"].isna().all()
    figure = ev.plot_cohort(protected, "composition", synthetic=True)
    assert "Entrants : Homme" not in figure.alt.replace("\N{NARROW NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("picture", list(ev.COHORT_PICTURES))
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_picture_says_in_words_what_it_shows(profile, picture, lang):
    figure = ev.plot_cohort(profile, picture, lang=lang)
    assert figure.name == f"cohort_{picture}"
    assert len(figure.alt) > len(figure.title) + 10
    assert figure.fig.axes


def test_an_empty_profile_draws_nothing_and_says_so(profile):
    nothing = pd.DataFrame(columns=profile.columns)
    assert ev.plot_cohort(nothing, "overlap").alt.endswith("Rien à montrer.")


def test_an_unknown_picture_is_refused(profile):
    with pytest.raises(DataError, match="did you mean 'overlap'"):
        ev.plot_cohort(profile, "overlp")
