"""A file of printed figures that cannot be right is refused, with its line and column."""

from __future__ import annotations

import pytest

from evalml.published import PublishedError, read_figures
from evalml.published.identity import read_declared

HEAD = "id,source,place,year,territory,indicator,population,breakdown,statistic,unit,value_printed,value,rounding,note"
GOOD = "a1,essai,p,2024,region:32,jeunes,,,count,jeunes,1 200,1200,1,"


def write(tmp_path, *lines, head=HEAD, name="f.csv"):
    file = tmp_path / name
    file.write_text("\n".join((head, *lines)) + "\n", encoding="utf-8")
    return file


def test_a_good_file_is_read_with_its_place(tmp_path):
    figure = read_figures(write(tmp_path, GOOD))["a1"]
    assert (figure.value, figure.origin) == (1200.0, "f.csv, line 2")


def test_a_semicolon_separates_as_well(tmp_path):
    file = write(tmp_path, GOOD.replace(",", ";"), head=HEAD.replace(",", ";"))
    assert read_figures(file)["a1"].value == 1200


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("a1", "1 a", "line 2, column id"),
        (",2024,", ",en 2024,", "line 2, column year"),
        ("region:32", "region:99", "line 2, column territory"),
        (",count,", ",counts,", "did you mean 'count'?"),
        ("1200,1,", "1200,exact,", "line 2, column rounding"),
        ("1200,1,", "1210,1,", "is not what '1 200' prints"),
        ("1 200,1200", "1 200,douze", "line 2, column value"),
        (",,,count", ",,sexe:F,count", "line 2, column breakdown"),
        (",jeunes,,,count", ",,,,count", "line 2, column indicator: empty"),
    ],
)
def test_a_wrong_cell_is_named_by_line_and_column(tmp_path, old, new, words):
    with pytest.raises(PublishedError, match=r"f\.csv") as caught:
        read_figures(write(tmp_path, GOOD.replace(old, new, 1)))
    assert words in str(caught.value)


def test_a_short_row_is_refused(tmp_path):
    with pytest.raises(PublishedError, match=r"line 2.*as many cells"):
        read_figures(write(tmp_path, "a1,essai"))


def test_an_id_used_twice_is_refused_with_both_places(tmp_path):
    with pytest.raises(PublishedError, match=r"line 3.*line 2"):
        read_figures(write(tmp_path, GOOD, GOOD))


def test_a_missing_or_unknown_column_is_refused(tmp_path):
    with pytest.raises(PublishedError, match="no column 'year'"):
        read_figures(write(tmp_path, head=HEAD.replace("year,", "")))
    with pytest.raises(PublishedError, match="unknown column 'valeur'"):
        read_figures(write(tmp_path, head=HEAD + ",valeur"))


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(PublishedError, match="no CSV of printed figures"):
        read_figures(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("identities: [{kind: parts_sum, left: a1, rigth: a1}]", "did you mean 'right'?"),
        ("identities: [{kind: part_sum, left: a1, right: a1}]", "did you mean 'parts_sum'?"),
        ("identities: [{kind: parts_sum, left: a1 + zz, right: a1}]", "no figure 'zz'"),
        ("identities: [{kind: parts_sum, left: a1, right: a1, relation: '>'}]", "relation '>'"),
        ("identities: [{kind: legal, left: a1, rule: CEJ.age_mini@2024-07-01}]", "'age_min'"),
        ("parts: []", "two keys"),
    ],
)
def test_a_wrong_identity_is_named(tmp_path, text, words):
    write(tmp_path, GOOD)
    (tmp_path / "identities.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PublishedError) as caught:
        read_declared(tmp_path, read_figures(tmp_path))
    assert words in str(caught.value)


def test_a_legal_identity_takes_its_value_and_reference_from_the_rules(tmp_path):
    write(tmp_path, GOOD)
    text = "identities: [{kind: legal, left: a1, rule: CEJ.allowance_minor@2024-07-01}]"
    (tmp_path / "identities.yaml").write_text(text, encoding="utf-8")
    (identity,), _ = read_declared(tmp_path, read_figures(tmp_path))
    assert identity.right == "220.92"
    assert "2024" in identity.rule


def test_identities_of_absent_figures_are_left_out_when_one_file_is_audited(tmp_path):
    file = write(tmp_path, GOOD)
    text = "identities: [{kind: parts_sum, left: other, right: a1}]"
    (tmp_path / "identities.yaml").write_text(text, encoding="utf-8")
    assert read_declared(file, read_figures(file)) == ([], ())
