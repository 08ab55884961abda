"""A release holds only what may leave, and two releases cannot be subtracted."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest

from evalml.errors import PrivacyError
from evalml.report.note import write_note
from evalml.report.release import release_run
from evalml.report.results import write_meta, write_results


@pytest.fixture
def run(frames_of, run_of, tmp_path):
    """A function that writes a run of a study under one root: (name, change) -> folder."""
    _folder, meta = run_of("strong")

    def make(name, change=lambda frames: frames, **told):
        folder = tmp_path / "runs" / name / "r1"
        frames = change(frames_of("strong"))
        write_results(frames, folder / "results")
        write_meta({**meta, "study": name, **told}, folder / "results")
        return folder

    return make


def counts_of(folder):
    """Every count of a release, by the population it is of."""
    read = {
        path.stem: pd.read_csv(path, keep_default_na=True)
        for path in (folder / "release" / "tables").glob("*.csv")
    }
    effects = read["effects"].fillna({"subgroup": "", "subgroup_value": ""})
    found = {"flow": [*read["flow"]["kept"], *read["flow"]["lost"]]}
    for arm in ("treated", "comparison"):
        whole = effects[effects["subgroup"] == ""]
        months = read["trajectories"][read["trajectories"]["arm"] == arm]["n_at_risk"]
        seen = read["observation"][read["observation"]["arm"] == arm]["n"]
        found[arm] = [*whole[f"n_{arm}"], *months, *seen]
        for (name, value), rows in effects[effects["subgroup"] != ""].groupby(
            ["subgroup", "subgroup_value"]
        ):
            found[f"{arm} {name} {value}"] = list(rows[f"n_{arm}"])
    return {key: np.array(values, dtype="float64") for key, values in found.items()}


def small_gaps(*groups):
    """Differences from 1 to 10 between any two counts of the same population."""
    values = np.unique(np.concatenate([group[np.isfinite(group)] for group in groups]))
    gaps = [abs(one - two) for one, two in itertools.combinations(values, 2)]
    return [gap for gap in gaps if 0 < gap < 11]


def fewer(persons):
    """One rule more, which leaves out a few persons of the comparison and the treated arm."""

    def change(frames):
        effects, paths, flow, seen = (
            frames[name].copy() for name in ("effects", "trajectories", "flow", "observation")
        )
        for arm, share in (("treated", persons // 2), ("comparison", persons - persons // 2)):
            effects[f"n_{arm}"] -= share
            paths.loc[paths["arm"] == arm, "n_at_risk"] -= share
            seen.loc[seen["arm"] == arm, "n"] -= share
        flow.loc[len(flow)] = [
            "nouvelle",
            "Règle nouvelle",
            flow["kept"].iloc[-1] - persons,
            persons,
        ]
        return {
            **frames,
            "effects": effects,
            "trajectories": paths,
            "flow": flow,
            "observation": seen,
        }

    return change


@pytest.mark.parametrize("persons", [1, 3, 4, 8, 10, 17])
def test_two_releases_that_differ_by_one_rule_cannot_be_subtracted(run, persons):
    first, second = run("a"), run("b", fewer(persons))
    release_run(first, formats=())
    done = release_run(second, formats=())
    one, two = counts_of(first), counts_of(second)
    for population, counts in one.items():
        assert not small_gaps(counts, two[population]), population
    assert done.moved > 0


def test_without_the_register_the_subtraction_works(run, tmp_path):
    first, second = run("a"), run("b", fewer(4))
    release_run(first, register=tmp_path / "one.csv", formats=())
    release_run(second, register=tmp_path / "two.csv", formats=())
    assert small_gaps(counts_of(first)["treated"], counts_of(second)["treated"])


def test_a_chain_of_releases_never_comes_closer_than_the_threshold(run):
    folders = [run(f"s{persons}", fewer(persons)) for persons in (0, 4, 9, 13, 22, 26)]
    for folder in folders:
        release_run(folder, formats=())
    found = [counts_of(folder) for folder in folders]
    for population in found[0]:
        assert not small_gaps(*[counts[population] for counts in found]), population


def test_the_few_whose_outcome_is_unknown_cannot_be_found_inside_one_release(run):
    def change(frames):
        effects = frames["effects"].copy()
        effects.loc[effects["horizon_months"] == 12, "n_treated"] -= 3
        effects.loc[effects["outcome"] == "emploi_durable", "n_comparison"] -= 5
        return {**frames, "effects": effects}

    folder = run("a", change)
    release_run(folder, formats=())
    counts = counts_of(folder)
    assert not small_gaps(counts["treated"])
    assert not small_gaps(counts["comparison"])
    flow = pd.read_csv(folder / "release" / "tables" / "flow.csv")
    effects = pd.read_csv(folder / "release" / "tables" / "effects.csv")
    whole = effects[effects["subgroup"].isna()]
    gaps = np.abs(flow["kept"].iloc[-1] - whole["n_treated"] - whole["n_comparison"])
    assert not ((gaps > 0) & (gaps < 11)).any()


def test_another_population_is_released_as_it_is(run):
    release_run(run("a"), formats=())
    folder = run("b", fewer(4), period_label="entrées de 2019")
    assert release_run(folder, formats=()).moved == 0


def test_the_register_holds_what_left_and_a_second_release_replaces_it(run):
    folder = run("a")
    release_run(folder, formats=("html",))
    book = folder.parent.parent / "release_register.csv"
    before = book.read_bytes()
    files = {
        path: path.read_bytes()
        for path in sorted((folder / "release").rglob("*"))
        if path.is_file()
    }
    release_run(folder, formats=("html",))
    assert book.read_bytes() == before
    assert {
        path: path.read_bytes()
        for path in sorted((folder / "release").rglob("*"))
        if path.is_file()
    } == files


def test_no_cell_below_the_threshold_anywhere_in_a_release(run):
    def change(frames):
        effects, paths = frames["effects"].copy(), frames["trajectories"].copy()
        effects.loc[effects["subgroup_value"] == "F", ["n_treated", "n_comparison"]] = [7, 9]
        paths.loc[paths["month"] > 21, "n_at_risk"] = 6
        return {**frames, "effects": effects, "trajectories": paths}

    folder = run("a", change)
    release_run(folder, formats=("html",))
    for counts in counts_of(folder).values():
        assert not ((counts > 0) & (counts < 11)).any()
    note = (folder / "release" / "note.html").read_text(encoding="utf-8")
    body = re.sub(r"<style.*?</style>", "", note, flags=re.DOTALL)
    assert "7 / 9" not in re.sub(r"[\u00a0\u202f]", " ", body)
    assert "n = 7" not in re.sub(r"[\u00a0\u202f]", " ", body)


def test_a_blinded_effect_is_in_no_file_of_a_release(frames_of, run_of, tmp_path):
    folder = tmp_path / "runs" / "b" / "r1"
    _run, meta = run_of("blinded")
    write_results(frames_of("blinded"), folder / "results")
    write_meta(meta, folder / "results")
    release_run(folder, formats=("html",))
    for path in (folder / "release").rglob("*"):
        if path.suffix in {".csv", ".html", ".json"}:
            text = path.read_text(encoding="utf-8")
            assert "0.0613" not in text
            assert "0.061" not in text
            assert "+6,1" not in text
    effects = pd.read_csv(folder / "release" / "tables" / "effects.csv")
    assert effects[["estimate", "ci_low", "mean_treated"]].isna().all(axis=None)


def test_the_curves_of_a_released_figure_hold_no_more_than_the_table(run):
    folder = run("a")
    write_note(folder)
    release_run(folder, formats=("html",))
    before = (folder / "figures" / "trajectories_emploi.svg").read_bytes()
    after = (folder / "release" / "figures" / "trajectories_emploi.svg").read_bytes()
    assert before != after
    table = pd.read_csv(folder / "release" / "tables" / "trajectories.csv")
    assert np.allclose(table["rate"].dropna() * 1000, np.round(table["rate"].dropna() * 1000))


def test_a_notebook_waits_for_a_review_and_leaves_by_a_signed_exception(run):
    folder = run("a")
    (folder / "notebook.html").write_text("<p>Relu</p>")
    done = release_run(folder, formats=())
    assert not (folder / "release" / "notebook.html").exists()
    assert {item.name: item.status for item in done.items}["notebook.html"] == "review"
    with pytest.raises(PrivacyError, match="needs a reason and the name"):
        release_run(folder, exceptions={"notebook.html": "relu"}, formats=())
    release_run(folder, exceptions={"notebook.html": "relu en entier"}, by="A. Martin", formats=())
    assert (folder / "release" / "notebook.html").exists()
    told = json.loads((folder / "release" / "release.json").read_text(encoding="utf-8"))
    entry = next(each for each in told["outputs"] if each["name"] == "notebook.html")
    assert entry["by"] == "A. Martin"
    assert entry["exception"] == "relu en entier"
    assert "A. Martin" in (folder / "release" / "review.html").read_text(encoding="utf-8")


def test_a_notebook_with_identifiers_stays_whoever_asks(run):
    folder = run("a")
    (folder / "notebook.ipynb").write_text('{"id_jeune": "x"}')
    with pytest.raises(PrivacyError, match="no exception"):
        release_run(folder, exceptions={"notebook.ipynb": "relu"}, by="A. Martin", formats=())
    assert not (folder / "release").exists()


def test_every_output_of_a_release_is_in_its_record_with_its_hash(run):
    import hashlib

    folder = run("a")
    release_run(folder, formats=("html", "docx"))
    told = json.loads((folder / "release" / "release.json").read_text(encoding="utf-8"))
    hashes = {each["name"]: each["sha256"] for each in told["outputs"] if each["leaves"]}
    files = {
        path.relative_to(folder / "release").as_posix(): path
        for path in (folder / "release").rglob("*")
        if path.is_file()
    }
    assert set(files) - set(hashes) == {"release.json", "review.html"}
    assert all(
        hashlib.sha256(files[name].read_bytes()).hexdigest() == sha for name, sha in hashes.items()
    )


def costs(n):
    row = {
        "measure": "per_month", "label": "Surcoût par mois en emploi ajouté", "horizon_months": 12.0,
        "method": "aipw", "value": 2310.0, "ci_low": 1400.0, "ci_high": 4100.0,
        "unit": "euros par mois", "n_treated": n, "n_comparison": 14829, "remark": "",
    }  # fmt: skip
    return pd.DataFrame([row])


def test_a_table_beside_the_effects_cannot_be_subtracted_from_them(run):
    folder = run("a", lambda frames: {**frames, "costs": costs(4213 - 7)})
    release_run(folder, formats=())
    table = pd.read_csv(folder / "release" / "tables" / "costs.csv")
    assert table["n_treated"].tolist() == [4213]


def test_the_note_says_what_a_month_in_employment_costs_in_both_languages(run):
    folder = run("a", lambda frames: {**frames, "costs": costs(4213)})
    for lang, words in (
        ("fr", "de\u00a0+1\u202f400 à\u00a0+4\u202f100\u00a0euros"),
        ("en", "Extra cost per month"),
    ):
        source = write_note(folder, lang=lang, formats=())[0]
        assert words in source.read_text(encoding="utf-8")
