"""What leaves is what was found, rounded to a printed step, or absent; and it leaves once."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re

import numpy as np
import pandas as pd
import pytest

import evalml as ev
from evalml.disclosure.register import read_register
from evalml.disclosure.rule import DisclosureRule
from evalml.errors import DataError, PrivacyError
from evalml.report import release as release_module
from evalml.report.note import masked_tables, write_note
from evalml.report.release import Decision, release_run
from evalml.report.results import read_results, write_meta, write_results

STEPS = {"smd_before": "step_smd", "smd_after": "step_smd", "variance_ratio": "step_smd",
         "share_unobserved": "step_proportion"}  # fmt: skip
COUNTS = re.compile(r"n|numerator|denominator|kept|lost|n_.*|kept_.*")


@pytest.fixture
def run(frames_of, run_of, tmp_path):
    """A function that writes a run of a study under one root: (name, change) -> folder."""
    _folder, meta = run_of("strong")

    def make(name, change=lambda frames: frames, **told):
        folder = tmp_path / "runs" / name / "r1"
        write_results(change(frames_of("strong")), folder / "results")
        write_meta({**meta, "study": name, **told}, folder / "results")
        return folder

    return make


def study(**changes):
    """The definition of a study, as its run says it."""
    told = {
        "programme": "CEJ", "territory": {"region": "32"},
        "entries": {"from": "2024-01-01", "to": "2024-12-31"}, "eligibility": {"age_max": 25},
    }  # fmt: skip
    return {**told, **changes}


def fewer(persons):
    """Fewer persons in the treated arm, as one more rule leaves out."""

    def change(frames):
        tables = {name: frame.copy() for name, frame in frames.items()}
        tables["effects"]["n_treated"] -= persons
        for name, column in (("trajectories", "n_at_risk"), ("observation", "n")):
            arm = tables[name]["arm"] == "treated"
            tables[name].loc[arm, column] -= persons
        return tables

    return change


def moved(folder, tolerance=0.5 + 1e-6):
    """The cells of a release that are not those of the results rounded to their step."""
    found = []
    tables = masked_tables(read_results(folder / "results"), 11)
    for path in sorted((folder / "release" / "tables").glob("*.csv")):
        out, inside = pd.read_csv(path), tables[path.stem].reset_index(drop=True)
        assert len(out) == len(inside), path
        for column in set(out) & set(inside) - {"p_value"}:
            if out[column].dtype.kind in "fi" and inside[column].dtype.kind in "fi":
                step = "rounding" if COUNTS.fullmatch(column) else STEPS.get(column, "step")
                gaps = (out[column] - inside[column]).abs() / out[step] if step in out else 0
                found += [(path.stem, column, at) for at in np.flatnonzero(gaps > tolerance)]
    return found


def statuses(done):
    return {item.name: item.status for item in done.items}


def test_every_number_of_a_release_is_that_of_the_results_rounded_or_is_absent(run):
    folder = run("a")
    release_run(folder, formats=())
    assert moved(folder) == []
    assert len(pd.read_csv(folder / "release/tables/effects.csv")["estimate"].dropna()) > 10


@pytest.mark.parametrize(("name", "column", "by"), [("effects", "estimate", 0.001),
                                                    ("trajectories", "n_at_risk", 5)])  # fmt: skip
def test_a_cell_moved_by_one_step_is_seen(run, name, column, by):
    folder = run("a")
    release_run(folder, formats=())
    path = folder / f"release/tables/{name}.csv"
    table = pd.read_csv(path)
    at = int(table[column].first_valid_index())
    table.loc[at, column] += by
    table.to_csv(path, index=False)
    assert moved(folder) == [(name, column, at)]


def test_a_small_arm_takes_its_own_estimate_away_and_leaves_the_others_as_found(run):
    def change(frames):
        effects = frames["effects"].copy()
        effects.loc[effects["subgroup_value"] == "F", "n_treated"] = 7
        return {**frames, "effects": effects}

    folder = run("a", change)
    release_run(folder, formats=())
    out = pd.read_csv(folder / "release/tables/effects.csv")
    assert out[out["subgroup_value"] == "F"][["estimate", "ci_low", "n_treated"]].isna().all(None)
    assert moved(folder) == []


def test_of_those_who_are_almost_all_the_share_does_not_leave(run):
    def change(frames):
        effects = frames["effects"].copy()
        effects["mean_treated"] = 1 - 8 / effects["n_treated"]
        return {**frames, "effects": effects}

    folder = run("a", change)
    release_run(folder, formats=())
    out = pd.read_csv(folder / "release/tables/effects.csv")
    assert out[["mean_treated", "mean_comparison"]].isna().all(None)


def test_the_p_value_is_that_of_the_printed_estimate_and_error(run):
    folder = run("a")
    release_run(folder, formats=())
    out = pd.read_csv(folder / "release/tables/effects.csv").dropna(subset="p_value")
    from scipy.stats import norm

    p = 2 * norm.sf(np.abs(out["estimate"] / out["std_error"]))
    assert np.allclose(out["p_value"], np.maximum(np.round(p, 3), 0.001))


def test_a_first_release_has_no_predecessor_and_the_same_run_leaves_again(run):
    folder = run("a", definition=study())
    first = release_run(folder, formats=())
    assert "review" not in statuses(first).values()
    assert "review" not in statuses(release_run(folder, formats=())).values()
    assert len((folder.parents[1] / "release_register.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("persons", [1, 4, 8, 11])
def test_a_rule_more_that_leaves_out_a_few_waits_for_a_person(run, persons):
    release_run(run("a", definition=study()), formats=())
    folder = run("b", fewer(persons), definition=study(eligibility={"age_max": 24}))
    done = release_run(folder, formats=())
    assert statuses(done)["tables/effects.csv"] == "review"
    assert not (folder / "release/tables/effects.csv").exists()
    [item] = [each for each in done.items if each.name == "tables/effects.csv"]
    why = item.said("fr")[0]
    assert "ce qui est sorti avec a/r1" in why
    assert not re.search(rf"\b{persons}\b", why.replace("a/r1", ""))
    assert (folder / "review/waiting/tables/effects.csv").is_file()


@pytest.mark.parametrize(
    "definition",
    [
        study(entries={"from": "2023-01-01", "to": "2023-12-31"}),
        study(territory={"region": "11"}),
        study(programme="PACEA"),
    ],
)
def test_another_year_place_or_programme_leaves(run, definition):
    release_run(run("a", definition=study()), formats=())
    done = release_run(run("b", fewer(4), definition=definition), formats=())
    assert "review" not in statuses(done).values()


def test_what_waits_leaves_by_name_and_reason_and_stays_accepted(run):
    release_run(run("a", definition=study()), formats=())
    folder = run("b", fewer(4), definition=study(eligibility={"age_max": 24}))
    release_run(folder, formats=())
    with pytest.raises(PrivacyError, match="takes a name"):
        release_run(folder, formats=(), decision=Decision(("tables/effects.csv",)))
    with pytest.raises(PrivacyError, match="no output under review"):
        release_run(folder, formats=(), decision=Decision(("tables/effect.csv",), (), "A", "b"))
    told = Decision(("tables/effects.csv",), ("tables/traj*",), "A. Martin", "another source")
    release_run(folder, formats=(), decision=told)
    assert (folder / "release/tables/effects.csv").is_file()
    assert not (folder / "release/tables/trajectories.csv").exists()
    release_run(folder, formats=())
    assert (folder / "release/tables/effects.csv").is_file()
    assert moved(folder) == []
    page = (folder / "review/review.html").read_text(encoding="utf-8")
    assert "A. Martin" in page
    assert "refusée" in page


def test_figures_and_note_wait_with_the_tables_they_are_made_of(run):
    release_run(run("a", definition=study()), formats=())
    folder = run("b", fewer(4), definition=study(eligibility={"age_max": 24}))
    found = statuses(release_run(folder, formats=("html",)))
    assert found["note.html"] == "review"
    assert not (folder / "release/note.html").exists()


def test_the_review_page_shows_what_leaves_over_what_is_inside_and_stays_inside(run):
    folder = run("a")
    release_run(folder, formats=())
    page = (folder / "review/review.html").read_text(encoding="utf-8")
    assert '>4215<span class="in">4213</span>' in page
    assert not list((folder / "release").glob("review*"))


def test_a_blinded_effect_is_in_no_file_of_a_release(frames_of, run_of, tmp_path):
    folder = tmp_path / "runs" / "b" / "r1"
    _run, meta = run_of("blinded")
    write_results(frames_of("blinded"), folder / "results")
    write_meta(meta, folder / "results")
    release_run(folder, formats=("html",))
    for path in (folder / "release").rglob("*"):
        if path.suffix in {".csv", ".html", ".json"}:
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"0\.0613|0\.061|\+6,1", text), path


def test_the_note_and_the_figures_print_what_the_tables_hold(run):
    folder = run("a")
    write_note(folder)
    release_run(folder, formats=("html",))
    before = (folder / "figures/trajectories_emploi.svg").read_bytes()
    assert before != (folder / "release/figures/trajectories_emploi.svg").read_bytes()
    both = "".join(
        (folder / f"release/{name}.html").read_text("utf-8") for name in ("note", "note_annexe")
    )
    note = re.sub(r"[\u00a0\u202f]", " ", both)
    assert "4 215" in note
    assert "4 213" not in note
    assert "multiples de 5" in note


def test_an_executed_notebook_stays_whoever_asks(run):
    folder = run("a")
    (folder / "notebook.html").write_text("<p>Relu</p>")
    assert statuses(release_run(folder, formats=()))["notebook.html"] == "fail"
    with pytest.raises(PrivacyError, match="no output under review"):
        release_run(folder, formats=(), decision=Decision(("notebook.html",), (), "A", "relu"))


def test_every_output_of_a_release_is_in_its_record_with_its_hash(run):
    folder = run("a")
    release_run(folder, formats=("html", "docx"))
    told = json.loads((folder / "release/release.json").read_text(encoding="utf-8"))
    hashes = {each["name"]: each["sha256"] for each in told["outputs"] if each["leaves"]}
    files = {
        path.relative_to(folder / "release").as_posix(): path
        for path in (folder / "release").rglob("*")
        if path.is_file()
    }
    assert set(files) - set(hashes) == {"release.json"}
    for name, sha in hashes.items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == sha
        assert files[name].stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("title", "leaves"), [("Effet pour les 185 entrants de 2024", False),
                                               ("Effet d’une entrée en 2024", True)])  # fmt: skip
def test_a_title_with_an_undeclared_number_stays_inside(run, title, leaves):
    folder = run("a", title=title, definition=study())
    release_run(folder, formats=())
    told = json.loads((folder / "release/study.json").read_text(encoding="utf-8"))
    assert (told["title"] == title) == leaves


def test_a_run_whose_extract_changed_meanwhile_is_refused(run):
    folder = run("a")
    (folder / "manifest.json").write_text('{"moved": ["extract"]}')
    with pytest.raises(PrivacyError, match="extract changed while"):
        release_run(folder, formats=())
    assert not (folder / "release").exists()


def test_a_register_taken_away_is_missed(run):
    folder = run("a")
    release_run(folder, formats=())
    for path in folder.parents[1].glob("release_register.*"):
        path.unlink()
    with pytest.raises(PrivacyError, match="is missing and does not know a/r1"):
        release_run(run("b"), formats=())


def test_an_amount_that_one_person_dominates_does_not_leave(run):
    row = {
        "measure": "paid", "label": "Allocations", "horizon_months": 12.0, "method": "aipw",
        "value": 2310.0, "unit": "euros", "n_treated": 4213, "n_comparison": 14829, "remark": "",
        "ci_low": np.nan, "ci_high": np.nan,
    }  # fmt: skip
    table = pd.DataFrame([row, {**row, "measure": "net_cost"}]).assign(largest_share=[0.9, 0.1])
    table["second_share"] = 0.01
    folder = run("a", lambda frames: {**frames, "costs": table})
    release_run(folder, formats=(), rule=DisclosureRule())
    assert pd.read_csv(folder / "release/tables/costs.csv")["value"].isna().tolist() == [
        True,
        False,
    ]


def killed_in(folder, step):
    """Release a run in a process that ends, as by a kill, when it comes to a step."""
    setattr(release_module, step, lambda *_: os._exit(9))
    release_run(folder, formats=())


@pytest.mark.parametrize(("step", "known"), [("append", False), ("replace_folder", True)])
def test_killed_between_the_two_writes_nothing_is_lost_and_the_next_release_stands(
    run, step, known
):
    release_run(run("a"), formats=())
    folder = run("b")
    process = multiprocessing.get_context("fork").Process(target=killed_in, args=(folder, step))
    process.start()
    process.join()
    assert process.exitcode == 9
    book = folder.parents[1] / "release_register.jsonl"
    names = [line["release"] for line in read_register(book).lines]
    assert names == ["a/r1", "b/r1"][: 1 + known]
    assert not (folder / "release").exists()
    assert list(folder.glob(".release-*"))
    release_run(folder, formats=())
    assert (folder / "release/tables/effects.csv").is_file()
    assert not list(folder.glob(".release-*"))
    assert moved(folder) == []


def test_a_run_of_an_earlier_version_is_refused_with_what_to_do(run):
    folder = run("a")
    (folder / "manifest.json").write_text('{"status": "finished"}')
    with pytest.raises(DataError, match=r"earlier version.*evalml run a.*release the new run"):
        release_run(folder, formats=())
    assert not (folder / "release").exists()


def activity(root):
    """A run of the tables of activity: a count and a share in a region and its two parts."""
    rows = []
    places = ("region:32", "departement:59", "departement:62")
    for place, count, part in zip(places, (523, 312, 211), (214, 205, 9), strict=True):
        same = {"group": "", "group_value": "", "year": 2024, "territory": place, "breakdown": "",
                "state": "known", "reason": "", "age_on": "", "vintage": "2026-01-31",
                "synthetic": True, "young": False, "completeness": 1.0, "label": "", "unit": "jeunes"}  # fmt: skip
        rows.append({**same, "indicator": "accompagnes", "statistic": "count", "value": count,
                     "numerator": count, "denominator": count})  # fmt: skip
        rows.append({**same, "indicator": "cej_sorties_positives", "statistic": "share",
                     "value": 100 * part / count, "numerator": part, "denominator": count})  # fmt: skip
    folder = root / "runs" / "activite" / "r1"
    (folder / "results").mkdir(parents=True)
    table = ev.protect_indicators(pd.DataFrame(rows))
    table.to_csv(folder / "results/indicators.csv", index=False)
    annex = ev.activity_annex(table, ev.Source("Activité"), 2024)
    ev.annex_table(annex).to_csv(folder / "results/annexe.csv", index=False)
    asked = {"title": "Activité", "year": 2024, "order": []}
    (folder / "manifest.json").write_text(json.dumps({"parameters": asked}))
    return folder


def test_the_annex_leaves_rounded_through_the_gate_and_in_its_register(tmp_path):
    folder = activity(tmp_path)
    done = release_run(folder, formats=("html",))
    assert {"annexe.html", "annexe.ods", "chiffres-cles.html", "tables/annexe.csv"} <= {
        item.name for item in done.items if done.leaves(item)
    }
    table = pd.read_csv(folder / "release/tables/annexe.csv").dropna(subset="value")
    told = table.set_index(["indicator", "territory"])["value"].to_dict()
    assert told["accompagnes", "region:32"] == 525
    assert told["accompagnes", "departement:59"] == 310
    assert not [
        key for key in told if key[0] == "cej_sorties_positives" and "departement" in key[1]
    ]
    page = (folder / "release/annexe.html").read_text(encoding="utf-8")
    assert "525" in page
    assert "523" not in page
    assert "secret" in page
    [line] = read_register(folder.parents[1] / "release_register.jsonl").lines
    assert {each["n"] for each in line["populations"]} == {523, 312, 211}


def test_an_annex_without_a_record_of_its_study_is_refused(tmp_path):
    folder = activity(tmp_path)
    (folder / "manifest.json").unlink()
    with pytest.raises(DataError, match="no record of its study"):
        release_run(folder, formats=())


def test_the_review_page_says_in_french_what_is_to_be_decided_and_how(run):
    release_run(run("a", definition=study()), formats=())
    folder = run("b", fewer(4), definition=study(eligibility={"age_max": 24}))
    release_run(folder, formats=())
    page = (folder / "review/review.html").read_text(encoding="utf-8")
    asked = page.split("Ce que vous avez à décider")[1].split("Toutes les sorties")[0]
    assert "<code>tables/effects.csv</code>" in asked
    assert (
        "Trop proche de ce qui est sorti avec a/r1\N{NO-BREAK SPACE}: bénéficiaires (CEJ" in asked
    )
    assert "Fait de tableaux à relire\N{NO-BREAK SPACE}: tables/effects.csv" in asked
    assert "evalml release runs/b/r1 --accept '*' --by" in asked
    release_run(folder, formats=(), decision=Decision((), ("*",), "A. Martin", "non"))
    page = (folder / "review/review.html").read_text(encoding="utf-8")
    assert "Rien n’attend de décision" in page
    assert "Aucune n’attend de décision" in page


def test_the_words_of_a_study_wait_with_the_effects_they_quote(run):
    release_run(run("a", definition=study()), formats=())
    folder = run("b", fewer(4), definition=study(eligibility={"age_max": 24}))
    assert statuses(release_run(folder, formats=()))["study.json"] == "review"
    assert not (folder / "release/study.json").exists()
    release_run(folder, formats=(), decision=Decision(("*",), (), "A. Martin", "oui"))
    assert (folder / "release/study.json").is_file()
