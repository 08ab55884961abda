"""The explorer shows released tables only, the same bytes twice, in both languages."""

from __future__ import annotations

import hashlib
import json
import re
import shutil

import pandas as pd
import pytest
from typer.testing import CliRunner

from evalml.cli import app
from evalml.errors import DataError, PrivacyError
from evalml.report.certainty import certainty_of, certainty_of_each
from evalml.report.explorer import build_explorer
from evalml.report.explorer.payload import years_of
from evalml.report.explorer.read import read_release
from evalml.report.note import masked_tables
from evalml.report.release import release_run
from evalml.report.results import read_meta, read_results
from evalml.report.verdict import in_order
from evalml.report.widgets import Explorer
from evalml.values import Message, Month, messages_text

from .conftest import STUDIES, write_study


def data_of(site):
    page = (site / "index.html").read_text(encoding="utf-8")
    return json.loads(
        page.split('<script type="application/json" id="data">')[1].split("</script>")[0]
    )


def study_of(site, key):
    """A study, its effects as a frame, and every word it says as one text."""
    data = data_of(site)
    study = next(each for each in data["studies"] if each["key"] == key)
    effects = pd.DataFrame(study["effects"]["rows"], columns=study["effects"]["columns"])
    for column in ("reason", "because"):
        effects[column] = [data["phrases"][at][0] if at >= 0 else "" for at in effects[column]]
    checks = [data["phrases"][c["sentence"]][0] for c in study["checks"] if c["sentence"] >= 0]
    return study, effects, " ".join([*effects["reason"], *effects["because"], *checks])


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def numbers_in(node):
    if isinstance(node, dict):
        return [n for value in node.values() for n in numbers_in(value)]
    if isinstance(node, list):
        return [n for value in node for n in numbers_in(value)]
    return [node] if isinstance(node, int | float) and not isinstance(node, bool) else []


def test_every_released_study_is_on_the_page(site):
    assert sorted(study["key"] for study in data_of(site)["studies"]) == sorted(
        name for name, *_ in STUDIES
    )


def test_the_page_holds_the_numbers_of_the_released_table_and_no_other(released, site):
    _study, shown, _said = study_of(site, "cej_2022_hdf")
    table = pd.read_csv(next((released / "cej_2022_hdf").glob("*/release/tables/effects.csv")))
    for column in ("estimate", "ci_low", "ci_high", "n_treated", "n_comparison"):
        assert shown[column].astype("float64").tolist() == table[column].tolist()


def test_each_effect_has_a_level_and_a_reason_judged_on_the_tables_of_its_own_run(released, site):
    for run in sorted(released.glob("*/*")):
        _study, shown, _said = study_of(site, run.parent.name)
        meta = read_meta(run / "results")
        inside = masked_tables(read_results(run / "results"), 11)
        table = in_order(inside["effects"].assign(
            level=[one.level for one in certainty_of_each(inside, meta)]))  # fmt: skip
        assert shown["level"].tolist() == table["level"].tolist()
        assert shown["because"].str.len().min() > 20
        [main] = shown[shown["primary"]]["level"]
        assert main == certainty_of(inside, meta).level
        groups = shown[shown["subgroup"] != ""]
        assert not groups["level"].isin(["high", "good"]).any()


def digits(value):
    """A number as JSON would hold it."""
    return f"{value:.6f}".rstrip("0")


def test_no_value_of_a_masked_cell_is_anywhere_in_the_source_of_the_page(released, site):
    source = (site / "index.html").read_text(encoding="utf-8")
    hidden = 0
    for run in released.glob("*/*"):
        inside = pd.read_csv(run / "results/effects.csv")
        leaves = pd.read_csv(run / "release/tables/effects.csv")
        for column in ("estimate", "ci_low", "ci_high", "std_error"):
            gone = inside.loc[leaves[column].isna(), column].dropna()
            forms = {f(value) for value in gone for f in (digits, lambda v: digits(100 * v))}
            telling = {text for text in forms if len(text.strip("-0.")) > 4}
            hidden += len(telling)
            assert not [text for text in telling if text in source], (run.parent.name, column)
    assert hidden > 60


def test_no_row_of_a_person_and_no_column_that_names_one_is_in_the_source_of_the_page(site):
    def keys(node):
        if isinstance(node, dict):
            return {*node, *(k for value in node.values() for k in keys(value))}
        return {k for value in node for k in keys(value)} if isinstance(node, list) else set()

    data = data_of(site)
    columns = {c for study in data["studies"] for c in study["effects"]["columns"]}
    named = ("id_", "nir", "nom", "prenom", "date_naissance", "email", "telephone")
    assert not [name for name in keys(data) | columns if name.startswith(named)]


def test_a_blinded_effect_has_no_number_on_the_page_and_its_reason_is_told(site):
    study, shown, said = study_of(site, "cej_2024_bre")
    assert set(shown["status"]) == {"blinded"}
    assert set(shown["level"]) == {"none"}
    numbers = ["estimate", "ci_low", "ci_high", "mean_treated", "mean_comparison"]
    assert shown[numbers].isna().all(axis=None)
    assert "12,7" in shown["reason"].iloc[0]
    arms = {row[0] for packed in study["curves"].values() for row in packed["rows"]}
    assert arms == {"treated"}
    check = next(c for c in study["checks"] if c["check"] == "e_value")
    assert check["value"] is None
    assert "1,62" not in said


def test_no_count_of_the_page_is_small(site):
    for study in data_of(site)["studies"]:
        effects = pd.DataFrame(study["effects"]["rows"], columns=study["effects"]["columns"])
        counts = [*effects["n_treated"], *effects["n_comparison"]]
        for packed in study["curves"].values():
            counts += list(pd.DataFrame(packed["rows"], columns=packed["columns"])["n_at_risk"])
        assert not [n for n in counts if n is not None and 0 < n < 11]


def test_the_page_asks_nothing_of_the_network(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    text = text.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//cdn|fetch\(|XMLHttpRequest|@import|innerHTML| src=", text)
    assert "default-src 'none'" in text
    assert sorted(path.name for path in site.iterdir()) == ["index.html", "notes"]


def test_words_of_a_study_cannot_become_marks(tmp_path):
    hostile = ("x", "<img src=x onerror=alert(1)>", "</script><b>", "2024", "strong")
    run = write_study(tmp_path / "runs", hostile)
    release_run(run, formats=())
    build_explorer([run], tmp_path / "site")
    text = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "<img" not in text
    assert text.count("</script>") == 2
    assert data_of(tmp_path / "site")["studies"][0]["programme"] == hostile[1]


def test_the_same_releases_give_the_same_bytes_in_any_order(released, tmp_path):
    folders = sorted(path.parent.parent for path in released.glob("*/*/release/release.json"))
    build_explorer(folders, tmp_path / "one")
    build_explorer(folders[::-1], tmp_path / "two")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_both_languages_have_every_word_and_every_label(site):
    data = data_of(site)
    assert set(data["words"]["fr"]) == set(data["words"]["en"])
    for kind, names in data["labels"]["fr"].items():
        assert set(names) == set(data["labels"]["en"][kind])
    assert data["labels"]["fr"]["outcomes"]["emploi_m12"] == "En emploi à 12\N{NO-BREAK SPACE}mois"
    assert data["labels"]["en"]["outcomes"]["emploi_m12"] == "In employment at 12 months"


def test_a_run_without_a_release_is_refused_with_what_to_do(tmp_path):
    run = write_study(tmp_path / "runs", STUDIES[0])
    with pytest.raises(DataError, match="evalml release"):
        build_explorer([run], tmp_path / "site")
    with pytest.raises(DataError, match="nothing released under"):
        build_explorer([tmp_path / "runs"], tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_table_changed_after_its_release_is_refused(released, tmp_path):
    source = next(released.glob("cej_2022_hdf/*"))
    run = tmp_path / source.name
    shutil.copytree(source, run)
    table = run / "release" / "tables" / "effects.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("4215", "7"), encoding="utf-8")
    with pytest.raises(PrivacyError, match="not the file that was released"):
        read_release(run)


def test_a_small_count_stops_the_page_even_if_the_record_agrees(released, tmp_path):
    source = next(released.glob("cej_2022_hdf/*"))
    run = tmp_path / source.name
    shutil.copytree(source, run)
    table, record = run / "release" / "tables" / "effects.csv", run / "release" / "release.json"
    old = hashlib.sha256(table.read_bytes()).hexdigest()
    table.write_text(table.read_text(encoding="utf-8").replace("4215", "7"), encoding="utf-8")
    new = hashlib.sha256(table.read_bytes()).hexdigest()
    record.write_text(record.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(PrivacyError, match="below 11"):
        read_release(run)


def test_the_same_study_twice_keeps_both_under_two_keys(released, tmp_path):
    source = next(released.glob("cej_2022_hdf/*"))
    shutil.copytree(source, tmp_path / "copy" / "r2")
    release_run(tmp_path / "copy" / "r2", formats=())
    build_explorer([source, tmp_path / "copy" / "r2"], tmp_path / "site")
    keys = [study["key"] for study in data_of(tmp_path / "site")["studies"]]
    assert len(set(keys)) == len(keys) == 2


def test_labels_that_no_table_uses_do_not_leave(released):
    about = json.loads(next(released.glob("cej_2022_hdf/*/release/study.json")).read_text("utf-8"))
    assert "X" not in about["labels"]
    assert "emploi" in about["labels"]


@pytest.mark.parametrize(
    ("months", "year"),
    [(("2024-01", "2024-12"), "2024"), (("2019-03", "2021-05"), "2019-2021"), ((), "")],
)
def test_the_years_are_those_of_the_months_of_entry(months, year):
    values = dict(zip(("first", "last"), map(Month, months), strict=False))
    text = messages_text([Message("periods.months", values)] if months else [])
    assert years_of({"words": {"period_label": text}}) == year


def test_the_command_says_where_the_page_is_and_what_was_left_out(released, tmp_path):
    runs = tmp_path / "runs"
    shutil.copytree(released, runs)
    write_study(runs, ("new", "CEJ", "Corse", "2024", "null"))
    said = CliRunner().invoke(app, ["explorer", str(runs), "--out", str(tmp_path / "s")]).output
    assert "8 studies" in said
    assert "nothing of it is released" in said
    assert (tmp_path / "s" / "index.html").is_file()


def test_the_controls_of_a_notebook_give_the_protected_answer_and_no_more(released):
    found = Explorer(released)
    assert repr(found) == "Explorer(8 studies, 136 effects)"
    assert "+7,8\N{NO-BREAK SPACE}points" in found.page()
    found.choose(0, "Bretagne")
    found.choose(1, found.options(1)[1])
    said = found.page()
    assert "masqué" in said
    assert "12,7" in said
    assert "<circle" not in said
    inside = pd.read_csv(next(released.glob("cej_2024_bre/*/results/effects.csv")))
    for value in inside["estimate"]:
        assert f"{100 * value:+.1f}".replace(".", ",") not in said
    assert found.chosen[2:] == [
        "En emploi",
        "12\N{NO-BREAK SPACE}mois",
        "Ensemble",
        found.chosen[5],
    ]
    found.choose(2, "En emploi durable")
    assert "En emploi durable à 12" in found.page()
    with pytest.raises(DataError, match="nothing to explore"):
        Explorer(released / "nowhere")
