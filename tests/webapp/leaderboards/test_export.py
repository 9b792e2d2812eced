"""Leaderboards as files."""

import csv
import io
import json
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import AnonymousUser

from tests.support.boards import make_board, make_row
from tests.support.factories import make_blob, make_user
from webapp.leaderboards.export import to_csv, to_dict, to_latex, to_markdown
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.selectors import Leaderboard, leaderboard
from webapp.methods.models import Variant

pytestmark = pytest.mark.django_db


def make_two_rows(name: str = "DVIS & co", note: str = "ResNet_50") -> Leaderboard:
    split = make_board("shapes")
    make_row(split, name, 0.3456, factors={"backbone": note}, metrics={"AP50": 0.5})
    make_row(
        split,
        "Printed",
        0.3,
        metrics={"AP50": None},
        source={"primary": True, "table": "Table 1", "repo": "u"},
    )
    return leaderboard(split=split, user=AnonymousUser(), filters=Filters())


def written(
    write: Callable[[Leaderboard], Iterator[str]], name: str = "DVIS & co", note: str = "ResNet_50"
) -> str:
    return "".join(write(make_two_rows(name, note)))


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_full_fractions_and_leaves_undefined_values_empty() -> None:
    first, second = read_csv(written(to_csv))
    assert (first["rank"], first["method"], first["AP"], first["backbone"]) == (
        "1",
        "DVIS & co",
        "0.3456",
        "ResNet_50",
    )
    assert (second["AP50"], second["origin"], second["source"]) == ("", "reported", "Table 1, u")


def test_every_export_marks_rows_that_were_scored_on_an_old_ground_truth() -> None:
    split = make_board("shapes")
    make_row(split, "Old", 0.5, ground_truth=make_blob())
    make_row(split, "New", 0.4)
    board = leaderboard(split=split, user=AnonymousUser(), filters=Filters())
    sentence = "Scored against an earlier ground truth of this split."
    assert [row["outdated"] for row in read_csv("".join(to_csv(board)))] == [sentence, ""]
    assert [row["stale"] for row in to_dict(board)["rows"]] == [sentence, None]
    old, new = "".join(to_markdown(board)).splitlines()[2:]
    assert ("scored here, outdated" in old, "outdated" in new) == (True, False)
    text = "".join(to_latex(board))
    assert r"Old$^\ddagger$ & " in text
    assert "New & " in text
    assert "scored on an earlier ground truth or by an earlier evaluator" in text


def test_every_export_marks_rows_that_only_their_author_sees() -> None:
    split, alice = make_board("shapes"), make_user("alice")
    make_row(split, "Own", 0.5, author=alice, is_public=False)
    make_row(split, "Open", 0.4)
    board = leaderboard(split=split, user=alice, filters=Filters())
    assert [row["visibility"] for row in read_csv("".join(to_csv(board)))] == ["private", "public"]
    own, other = "".join(to_markdown(board)).splitlines()[2:]
    assert ("scored here, only you" in own, "only you" in other) == (True, False)
    text = "".join(to_latex(board))
    assert r"Own$^\ast$ & " in text
    assert "Open & " in text
    assert "only you and the organisers see this row" in text


def test_tables_name_the_variant_where_it_has_no_settings() -> None:
    split = make_board("shapes")
    first = make_row(split, "DVIS", 0.5)
    second = Variant.objects.create(method=first.variant.method, name="longer_window")
    make_row(split, "DVIS", 0.4, variant=second)
    board = leaderboard(split=split, user=AnonymousUser(), filters=Filters())
    assert [line.split(" | ")[2] for line in "".join(to_markdown(board)).splitlines()[2:]] == [
        "",
        r"longer\_window",
    ]
    assert r"DVIS & longer\_window & \underline{40.0}" in "".join(to_latex(board))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_gives_spreadsheets_no_formula_to_run(start: str) -> None:
    text = written(to_csv, name=start + "HYPERLINK(1)", note=start + "2")
    row = read_csv(text)[0]
    assert row["method"].startswith("'")
    assert row["backbone"].startswith("'")


def test_csv_hides_no_formula_behind_a_semicolon() -> None:
    text = written(to_csv, name="a;=1+1")
    assert read_csv(text)[0]["method"] == "a;'=1+1"
    cells = next(csv.reader(io.StringIO(text.splitlines()[1]), delimiter=";"))
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_csv_numbers_stay_numbers() -> None:
    assert float(read_csv(written(to_csv))[0]["AP"]) == 0.3456


def test_markdown_is_in_percent_with_the_best_in_bold_and_a_dash_for_undefined() -> None:
    lines = written(to_markdown).splitlines()
    assert lines[0] == "| Rank | Method | Settings | Origin | AP | AP50 |"
    assert lines[2] == r"| 1 | DVIS & co | ResNet\_50 | scored here | **34.6** | **50.0** |"
    assert lines[3] == "| 2 | Printed |  | reported | 30.0 | \N{EN DASH} |"


def test_markdown_names_cannot_add_columns_or_markup() -> None:
    line = written(to_markdown, name="a|b<script>*x*").splitlines()[2]
    assert r"a\|b&lt;script&gt;\*x\*" in line


def test_latex_escapes_names_and_says_which_numbers_are_printed_ones() -> None:
    text = written(to_latex)
    assert r"DVIS \& co & ResNet\_50 & \textbf{34.6} & \textbf{50.0} \\" in text
    assert r"Printed$^\dagger$ &  & \underline{30.0} & -- \\" in text
    assert "as published, not scored here" in text
    assert text.startswith("% Shapes val")


def test_latex_names_cannot_run_commands() -> None:
    assert r"\input{/etc/passwd}" not in written(to_latex, name=r"\input{/etc/passwd}")


def test_json_keeps_fractions_and_none_and_names_the_columns() -> None:
    document = json.loads(json.dumps(to_dict(make_two_rows())))
    assert (document["benchmark"], document["split"], document["primary"]) == ("shapes", "val", "AP")
    assert [column["key"] for column in document["columns"]] == ["AP", "AP50"]
    assert [row["values"] for row in document["rows"]] == [
        {"AP": 0.3456, "AP50": 0.5},
        {"AP": 0.3, "AP50": None},
    ]
    assert document["rows"][1]["source"]["table"] == "Table 1"
