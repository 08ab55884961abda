"""Our own releases, attacked: nothing hidden is recovered, and the attack does work without the gate."""

from __future__ import annotations

import json
import re
import zipfile
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from tools.attack_release import attack
from unit.report.conftest import META, sample_frames

from evalml.report.disclosure import Rule, release_table
from evalml.report.explorer import build_explorer
from evalml.report.nested import extent_of, with_nested
from evalml.report.release import release_run
from evalml.report.results import write_meta, write_results
from evalml.report.small_counts import is_count

SMALL = range(1, 11)


def test_shares_times_counts_tell_neither_who_left_nor_who_a_rule_left_out():
    found = attack(5)
    assert found.leavers[0] > 40
    assert found.dropped[0] > 8
    assert (found.leavers[1], found.dropped[1], found.small) == (0, 0, 0)


def test_the_attack_recovers_them_when_only_small_counts_are_hidden():
    found = attack(3, protect=False)
    assert found.leavers[1] > found.leavers[0] / 3
    assert found.dropped[1] == found.dropped[0]


def test_a_register_of_counts_alone_would_not_do(monkeypatch):
    monkeypatch.setattr(
        "evalml.report.release.settle_shares", lambda _before, after, _ledger: after
    )
    found = attack(4)
    assert found.leavers[1] > found.leavers[0] / 3
    assert found.dropped[1] > 0


@pytest.mark.slow
def test_twenty_more_studies_hold():
    found = attack(20, seed=1000)
    assert (found.leavers[1], found.dropped[1], found.small) == (0, 0, 0)


# --- tables with margins ---------------------------------------------------------------------------


def random_table(seed, shape=(5, 4)):
    rng = np.random.Generator(np.random.PCG64(seed))
    return rng.choice([0, 1, 3, 6, 10, 11, 14, 25, 60, 140], size=shape).astype("float64")


def long_table(counts):
    cells = [(f"r{i}", f"c{j}", counts[i, j]) for i, j in np.ndindex(counts.shape)]
    return pd.DataFrame(cells, columns=["row", "column", "n"])


def grid_of(item, shape):
    table = pd.read_csv(BytesIO(item.content), dtype={"row": "str", "column": "str"})
    rows, columns = (
        [*[f"{a}{i}" for i in range(k)], "Total"] for a, k in zip("rc", shape, strict=True)
    )
    wide = table.pivot_table(
        index="row", columns="column", values="n", dropna=False, aggfunc="first"
    )
    return wide.reindex(index=rows, columns=columns).to_numpy("float64")


def intervals(shown, half):
    """The interval of every hidden inner cell: each shown number is within `half` of the truth."""
    k, m = (size - 1 for size in shown.shape)
    unknown = k * m
    rows, low, high = [], [], []
    for i, j in np.ndindex(shown.shape):
        if np.isfinite(shown[i, j]):
            line = np.zeros((k, m))
            line[slice(None) if i == k else i, slice(None) if j == m else j] = 1
            rows.append(line.ravel())
            low.append(shown[i, j] - half)
            high.append(shown[i, j] + half)
    A = np.vstack([np.array(rows), -np.array(rows)])
    b = np.r_[high, -np.array(low)]
    found = {}
    for cell in range(unknown):
        i, j = divmod(cell, m)
        if np.isnan(shown[i, j]):
            aim = np.eye(unknown)[cell]
            ends = [
                linprog(s * aim, A_ub=A, b_ub=b, bounds=(0, None), method="highs") for s in (1, -1)
            ]
            top = -ends[1].fun if ends[1].status == 0 else np.inf
            found[i, j] = (ends[0].fun if ends[0].status == 0 else 0.0, top)
    return found


@pytest.mark.parametrize("rounding", [0, 5, 10])
@pytest.mark.parametrize("margins", ["kept", "recomputed"])
def test_no_hidden_cell_is_recovered_from_margins_exact_or_rounded(rounding, margins):
    rule = Rule(margins=margins, rounding=rounding)
    for seed in range(4):
        counts = random_table(seed)
        item = release_table(long_table(counts), rule, name="t.csv", dims=["row", "column"])
        shown = grid_of(item, counts.shape)
        if (
            margins == "recomputed"
        ):  # What the attacker knows is a sum of what is shown: nothing more.
            inner = shown[:-1, :-1]
            assert np.allclose(np.nansum(inner, axis=1), np.nan_to_num(shown[:-1, -1]))
            continue
        for cell, (low, high) in intervals(shown, rounding / 2).items():
            if counts[cell] in SMALL:
                assert high - low >= 10 - 1e-6


def test_two_tables_that_differ_by_a_few_persons_cannot_be_subtracted():
    rule, recovered, naive = Rule(margins="kept"), 0, 0
    for seed in range(8):
        rng = np.random.Generator(np.random.PCG64(seed))
        counts = random_table(seed)
        later = np.maximum(counts - rng.integers(0, 4, counts.shape) * (counts > 14), 0)
        made = {"name": "t.csv", "dims": ["row", "column"]}
        first = release_table(long_table(counts), rule, **made)
        for before in (first, None):
            second = release_table(long_table(later), rule, before=before, **made)
            one, two = (grid_of(each, counts.shape)[:-1, :-1] for each in (first, second))
            gap = np.abs(one - two)
            seen = int(((gap > 0) & (gap < 11)).sum())
            lifted = int((np.isnan(one) & np.isfinite(two)).sum())
            recovered += (seen + lifted) * (before is not None)
            naive += (seen + lifted) * (before is None)
    assert recovered == 0
    assert naive > 20


# --- populations inside one another -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "two", "nested"),
    [
        ("CEJ|Nord|mars 2024 à mai 2024", "CEJ|Hauts-de-France|janvier 2024 à décembre 2024", True),
        ("CEJ|Nord, Aisne|mars 2024", "CEJ|France entière|mars 2024", True),
        ("CEJ|Nord|mars 2024", "CEJ|Bretagne|mars 2024", False),
        ("CEJ|Nord|mars 2024", "Garantie jeunes|Nord|mars 2024", False),
        ("CEJ|Nord|mars 2024 à mai 2024", "CEJ|Nord|avril 2024 à juin 2024", False),
    ],
)
def test_a_population_inside_another_is_known_by_its_words(one, two, nested):
    assert extent_of(one).within(extent_of(two)) == nested


def test_a_region_less_its_departements_does_not_tell_a_few():
    year = "janvier 2024 à décembre 2024"
    left = {f"CEJ|{name}|{year}|treated": [n] for name, n in
            {"Finistère": 120.0, "Morbihan": 90.0, "Ille-et-Vilaine": 200.0}.items()}  # fmt: skip
    told = with_nested(left, f"CEJ|Bretagne|{year}")[f"CEJ|Bretagne|{year}|treated"]
    assert 410.0 in told  # So that a region of 417 is shown as 410: the fourth département is 7.
    rest = with_nested(
        {**left, f"CEJ|Bretagne|{year}|treated": [500.0]}, f"CEJ|Côtes-d’Armor|{year}"
    )
    assert 90.0 in rest[f"CEJ|Côtes-d’Armor|{year}|treated"]


def test_a_year_less_eleven_months_does_not_tell_the_twelfth(tmp_path):
    def write(name, period, less):
        frames = sample_frames("strong")
        for column in ("n_treated", "n_comparison"):
            frames["effects"][column] -= less
        frames["trajectories"]["n_at_risk"] -= less
        frames["observation"]["n"] -= less
        folder = tmp_path / "runs" / name / "r"
        write_results(frames, folder / "results")
        write_meta({**META, "study": name, "period_label": period}, folder / "results")
        release_run(folder, formats=())
        return pd.read_csv(folder / "release" / "tables" / "effects.csv")["n_treated"].max()

    whole = write("year", "janvier 2024 à décembre 2024", 0)
    part = write("months", "janvier 2024 à novembre 2024", 7)
    assert whole - part == 0


# --- figures, note, explorer: no more than the tables -------------------------------------------------


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A release with its figures and its note in three formats, and its explorer."""
    folder = tmp_path_factory.mktemp("full") / "runs" / "a" / "r"
    frames = sample_frames("strong")
    paths = frames["trajectories"]
    paths["n_at_risk"] -= 3900  # Small arms: their shares are where a person shows.
    paths.loc[paths["month"] > 21, "n_at_risk"] = 6
    frames["effects"].loc[frames["effects"]["subgroup_value"] == "F", "n_treated"] = 7
    write_results(frames, folder / "results")
    write_meta({**META, "unit_label": None}, folder / "results")
    release_run(folder)
    build_explorer([folder], folder / "site")
    return folder


def curve_points(svg):
    """Every point of every path of a figure, and how many there are."""
    found = re.findall(r'<path d="([^"]*)"', svg)
    return [
        [tuple(map(float, pair)) for pair in re.findall(r"[ML] (-?[\d.]+) (-?[\d.]+)", path)]
        for path in found
    ]


def test_the_coordinates_of_a_figure_give_the_rounded_table_and_no_more(full):
    svg = (full / "release" / "figures" / "trajectories_emploi.svg").read_text(encoding="utf-8")
    table = pd.read_csv(full / "release" / "tables" / "trajectories.csv")
    rows = table[
        (table["outcome"] == "emploi") & (table["arm"] == "treated") & table["rate"].notna()
    ]
    lines = [path for path in curve_points(svg) if len(path) == len(rows)]
    assert lines
    matched = 0
    for line in lines:
        y = np.array([point[1] for point in line])
        fit = np.polyfit(rows["rate"], y, 1)
        matched += np.abs(np.polyval(fit, rows["rate"]) - y).max() < 1e-3
    assert matched >= 1


def test_no_figure_draws_a_point_per_person(full):
    for path in (full / "release" / "figures").glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        marks = re.findall(r'<use xlink:href="#(?!DejaVu)', text)
        assert len(marks) < 120, path.name  # Ticks, and two dots per covariate; letters apart.
        assert "<image" not in text
        assert not [line for line in curve_points(text) if len(line) > 150], path.name


def test_a_word_note_holds_pictures_and_words_and_nothing_behind_them(full):
    names = zipfile.ZipFile(full / "release" / "note.docx").namelist()
    assert not [name for name in names if name.endswith((".svg", ".xlsx", ".bin", ".emf"))]
    assert not [name for name in names if "embeddings" in name]


def table_numbers(folder):
    found = set()
    for path in (folder / "release" / "tables").glob("*.csv"):
        frame = pd.read_csv(path)
        for column in frame.select_dtypes("number"):
            found |= {round(float(v), 10) for v in frame[column].dropna()}
    return found


def test_the_explorer_holds_the_numbers_of_the_tables_and_no_other(full):
    text = (full / "site" / "data.js").read_text(encoding="utf-8")
    study = json.loads(text.removeprefix("window.EVALML = ").removesuffix(";\n"))["studies"][0]
    known = table_numbers(full) | {float(META["threshold"])}
    places = set(range(len(study["effects"]["reasons"]))) | {-1}

    def numbers(node):
        if isinstance(node, dict):
            return [n for value in node.values() for n in numbers(value)]
        if isinstance(node, list):
            return [n for value in node for n in numbers(value)]
        return [float(node)] if isinstance(node, int | float) and not isinstance(node, bool) else []

    assert {round(n, 10) for n in numbers(study)} <= known | {float(p) for p in places}


COUNTED = re.compile(
    r"(?<![\d,.\u202f\u00a0%/–-])(\d{1,2})[ \u00a0\u202f](?:personnes?|jeunes?|bénéficiaires?|individus?)\b"
)


def words_of(path):
    text = path.read_text(encoding="utf-8", errors="ignore")
    text = re.sub(
        r"<style.*?</style>|data:[a-z/+]+;base64,[A-Za-z0-9+/=]+", " ", text, flags=re.DOTALL
    )
    return re.sub(r"<[^>]+>", " ", text)


def test_no_small_count_is_anywhere_in_a_release_its_note_or_its_explorer(full):
    for path in [*(full / "release").rglob("*"), *(full / "site").rglob("*")]:
        if path.suffix == ".csv":
            frame = pd.read_csv(path)
            for column in filter(is_count, map(str, frame)):
                assert not frame[column].isin(SMALL).any(), (path.name, column)
        elif path.suffix in {".html", ".json", ".js", ".md"}:
            told = [m for m in COUNTED.findall(words_of(path)) if int(m) in SMALL]
            assert not told, path.name


def test_the_scan_sees_a_small_count():
    assert COUNTED.findall("On a laissé 7 jeunes dehors.") == ["7"]
    assert COUNTED.findall("moins de 11 jeunes et 1 207 personnes") == ["11"]
