"""The gate holds: small cells stay in, margins do not give them away, nothing else is written."""

from __future__ import annotations

from io import StringIO

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from evalml.errors import PrivacyError
from evalml.report.disclosure import (
    Released,
    Rule,
    has_small,
    release_file,
    release_for_review,
    release_frame,
    release_table,
    write_released,
)
from evalml.report.suppress import add_margins, hide_cells

RULE = Rule(threshold=11)
ROWS, COLUMNS = "missions", "diplome"


def long_table(counts):
    rows = [
        (f"r{i}", f"c{j}", counts[i, j])
        for i in range(counts.shape[0])
        for j in range(counts.shape[1])
    ]
    return pd.DataFrame(rows, columns=[ROWS, COLUMNS, "n"])


def read(item):
    return pd.read_csv(StringIO(item.content.decode()), dtype={ROWS: "str", COLUMNS: "str"})


def random_counts(seed, shape=(6, 4)):
    rng = np.random.Generator(np.random.PCG64(seed))
    return rng.choice(
        [0, 1, 2, 4, 7, 10, 11, 14, 25, 60, 140],
        size=shape,
        p=[0.06, 0.06, 0.06, 0.06, 0.06, 0.06, 0.12, 0.13, 0.13, 0.13, 0.13],
    ).astype("float64")


def attack(inner_shown, margins):
    """What an attacker finds: the interval of every hidden inner cell, from all that is known.

    Written apart from the package: the unknowns are the inner cells only, and every margin the
    attacker knows is one equation on them.
    """
    shape = inner_shown.shape
    unknown = {
        cell: place for place, cell in enumerate(map(tuple, np.argwhere(np.isnan(inner_shown))))
    }
    equations, right = [], []
    for fixed, value in margins.items():
        row, known = np.zeros(len(unknown)), 0.0
        for cell in np.ndindex(shape):
            if all(f is None or f == at for f, at in zip(fixed, cell, strict=True)):
                if cell in unknown:
                    row[unknown[cell]] = 1
                else:
                    known += inner_shown[cell]
        if row.any():
            equations.append(row)
            right.append(value - known)
    found = {}
    for cell, place in unknown.items():
        aim = np.eye(len(unknown))[place]
        ends = []
        for sign in (1, -1):
            solved = linprog(
                sign * aim,
                A_eq=np.array(equations) if equations else None,
                b_eq=right or None,
                bounds=(0, None),
                method="highs",
            )
            ends.append(
                sign * solved.fun if solved.status == 0 else sign * -np.inf if sign > 0 else np.inf
            )
        found[cell] = tuple(ends)
    return found


def known_margins(inner, threshold):
    """Every true margin that is not itself too small to be known."""
    full = add_margins(inner)
    margins = {}
    for cell in np.ndindex(full.shape):
        fixed = tuple(
            None if at == size - 1 else at for at, size in zip(cell, full.shape, strict=True)
        )
        if None in fixed and not 0 < full[cell] < threshold:
            margins[fixed] = full[cell]
    return margins


@pytest.mark.slow
def test_no_suppressed_cell_of_200_random_tables_is_recovered_even_with_true_margins():
    recovered, attacked, narrowest = 0, 0, np.inf
    for seed in range(200):
        counts = random_counts(seed)
        mask = hide_cells(counts, 11)
        core = tuple(slice(0, size) for size in counts.shape)
        known = {
            fixed: value
            for fixed, value in known_margins(counts, 11).items()
            if not mask[tuple(-1 if at is None else at for at in fixed)]
        }
        shown = np.where(mask[core], np.nan, counts)
        for cell, (low, high) in attack(shown, known).items():
            if 0 < counts[cell] < 11:
                attacked += 1
                recovered += round(high - low, 6) < 1
                narrowest = min(narrowest, high - low)
    assert attacked > 1000
    assert recovered == 0
    assert narrowest >= 10 - 1e-6


def test_the_attack_does_recover_cells_when_only_small_ones_are_hidden():
    recovered = 0
    for seed in range(30):
        counts = random_counts(seed, (5, 3))
        shown = np.where((counts > 0) & (counts < 11), np.nan, counts)
        found = attack(shown, known_margins(counts, 11))
        recovered += sum(high - low < 0.5 for low, high in found.values())
    assert recovered > 30


def test_a_three_way_table_is_protected_on_all_its_margins():
    for seed in range(6):
        counts = random_counts(seed, (3, 3, 2))
        mask = hide_cells(counts, 11)
        shown = np.where(mask[:-1, :-1, :-1], np.nan, counts)
        known = {
            fixed: value
            for fixed, value in known_margins(counts, 11).items()
            if not mask[tuple(-1 if at is None else at for at in fixed)]
        }
        for cell, (low, high) in attack(shown, known).items():
            if 0 < counts[cell] < 11:
                assert high - low >= 10 - 1e-6


@pytest.mark.parametrize("seed", range(10))
def test_no_cell_and_no_margin_of_a_release_is_small(seed):
    for margins in ("recomputed", "kept"):
        item = release_table(
            long_table(random_counts(seed)),
            Rule(margins=margins),
            name="t.csv",
            dims=[ROWS, COLUMNS],
        )
        table = read(item)
        assert item.status == "pass"
        assert not has_small(table["n"], 11)
        assert len(table) == 7 * 5


def test_recomputed_margins_are_the_sums_of_what_is_shown():
    table = read(
        release_table(long_table(random_counts(3)), RULE, name="t.csv", dims=[ROWS, COLUMNS])
    )
    inner = table[(table[ROWS] != "Total") & (table[COLUMNS] != "Total")]
    for value, rows in inner.groupby(ROWS):
        margin = table[(table[ROWS] == value) & (table[COLUMNS] == "Total")]["n"].iloc[0]
        shown = rows["n"].sum(min_count=1)
        assert (np.isnan(margin) and np.isnan(shown)) or margin == shown


def test_totals_given_by_hand_are_made_again():
    frame = long_table(random_counts(5))
    wrong = pd.concat([frame, pd.DataFrame({ROWS: ["Total"], COLUMNS: ["Total"], "n": [99999]})])
    first = release_table(frame, RULE, name="t.csv", dims=[ROWS, COLUMNS])
    assert release_table(wrong, RULE, name="t.csv", dims=[ROWS, COLUMNS]).content == first.content


def test_protection_does_not_depend_on_the_order_of_the_rows():
    frame = long_table(random_counts(8))
    shuffled = frame.sample(frac=1, random_state=1)
    one, two = (
        release_table(each, RULE, name="t.csv", dims=[ROWS, COLUMNS]) for each in (frame, shuffled)
    )
    assert one.sha256 == two.sha256


def test_rounding_leaves_multiples_and_margins_that_add_up():
    item = release_table(
        long_table(random_counts(4)), Rule(rounding=5), name="t.csv", dims=[ROWS, COLUMNS]
    )
    counts = read(item)["n"].dropna()
    assert (counts % 5 == 0).all()
    assert not has_small(counts, 5)


def test_rounding_does_not_show_a_small_count_as_zero_or_five():
    counts = np.full((3, 3), 40.0)
    counts[0, 0] = 3
    table = read(
        release_table(long_table(counts), Rule(rounding=5), name="t.csv", dims=[ROWS, COLUMNS])
    )
    assert np.isnan(table[(table[ROWS] == "r0") & (table[COLUMNS] == "c0")]["n"].iloc[0])


def test_an_amount_that_one_contributor_makes_is_hidden_with_others_around_it():
    frame = long_table(np.full((3, 3), 50.0)).assign(euros=1000.0, largest=100.0)
    frame.loc[4, "largest"] = 900.0
    item = release_table(
        frame, RULE, name="t.csv", dims=[ROWS, COLUMNS], amounts={"euros": "largest"}
    )
    table = read(item)
    hidden = table[table["euros"].isna()]
    assert ("r1", "c1") in set(zip(hidden[ROWS], hidden[COLUMNS], strict=True))
    assert len(hidden) >= 4
    assert "largest" not in table


def test_rates_leave_with_the_counts_they_rest_on():
    counts = np.full((3, 3), 40.0)
    counts[1, 2] = 4
    frame = long_table(counts).assign(rate=0.123456789)
    table = read(release_table(frame, RULE, name="t.csv", dims=[ROWS, COLUMNS], rates=["rate"]))
    assert table[table["n"].isna()]["rate"].isna().all()
    assert set(table["rate"].dropna()) == {0.123}


def test_a_table_with_an_identifier_stays():
    item = release_frame(pd.DataFrame({"id_jeune": ["a"], "n": [40]}), RULE, name="t.csv")
    assert item.status == "fail"
    assert item.content == b""


def test_a_table_with_a_small_count_stays():
    assert release_frame(pd.DataFrame({"n": [40, 3]}), RULE, name="t.csv").status == "fail"


def test_precise_shares_cannot_tell_their_count():
    rate = 402 / 1002
    item = release_frame(pd.DataFrame({"rate": [rate], "n": [np.nan]}), RULE, name="t.csv")
    shown = float(read_any(item)["rate"].iloc[0])
    fits = [n for n in range(900, 1100) if abs(round(shown * n) / n - shown) < 0.0005]
    assert len(fits) > 100


def read_any(item):
    return pd.read_csv(StringIO(item.content.decode()))


def test_nothing_becomes_released_outside_the_gate(tmp_path):
    with pytest.raises(PrivacyError, match="did not go through"):
        Released("t.csv", b"n\n3\n", "pass", ())
    with pytest.raises(PrivacyError, match="only what went through"):
        write_released(pd.DataFrame({"n": [40]}), tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_failed_or_waits_for_a_review_is_not_written(tmp_path):
    failed = release_frame(pd.DataFrame({"n": [3]}), RULE, name="t.csv")
    waiting = release_for_review("n.html", b"x", why="a notebook")
    for item in (failed, waiting):
        with pytest.raises(PrivacyError, match="may not leave"):
            write_released(item, tmp_path)
    assert write_released(waiting, tmp_path, exception="A. Martin : relu").read_bytes() == b"x"
    with pytest.raises(PrivacyError):
        write_released(failed, tmp_path, exception="A. Martin : relu")
    assert write_released(release_file("f.svg", b"y", why="drawn"), tmp_path).read_bytes() == b"y"


@pytest.mark.parametrize(
    "wrong", [{"threshold": 1}, {"dominance": 0}, {"rounding": -1}, {"margins": "true"}]
)
def test_a_rule_that_protects_nobody_is_refused(wrong):
    with pytest.raises(PrivacyError):
        Rule(**wrong)


def test_a_refusal_has_the_exit_code_of_privacy():
    assert PrivacyError.exit_code == 3
