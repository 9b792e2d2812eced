"""What charts draw."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.charts.levels import BY_OCCLUSION, BY_STEADINESS, BY_WINDOW, levels_chart
from webapp.charts.spec import spread, styles
from webapp.charts.timeline import LABEL_HEIGHT, LETTER_WIDTH, timeline_chart
from webapp.leaderboards.board import Row
from webapp.leaderboards.metrics import metric
from webapp.leaderboards.names import names_apart

LEVELS = {"AP_so": 0.6, "AP_mo": 0.4, "AP_ho": 0.25}


def make(n: int = 1, values: dict[str, float | None] | None = None, **fields: Any) -> Row:
    base: dict[str, Any] = {
        "submission_id": str(n),
        "variant_id": n,
        "method_id": n,
        "method": f"M{n}",
        "method_slug": f"m{n}",
        "variant": "default",
        "factors": {},
        "origin": "upload",
        "values": LEVELS if values is None else values,
    }
    return Row(**{**base, **fields})


def test_the_occlusion_chart_is_in_percent_and_labels_its_lines_with_what_occlusion_costs() -> None:
    chart = levels_chart([make()], BY_OCCLUSION, scope="Shapes val")
    assert chart is not None
    assert chart.figure["data"][0]["y"] == [60.0, 40.0, 25.0]
    assert chart.figure["layout"]["annotations"][0]["text"] == "<b>M1</b>  \N{MINUS SIGN}35.0"
    assert chart.rows == (("M1", "60.0", "40.0", "25.0", "\N{MINUS SIGN}35.0"),)
    assert chart.subtitle == "AP (%) by occlusion of the object · Shapes val · scored here"


def test_windows_are_drawn_to_8_frames_and_labelled_with_what_they_cost() -> None:
    values: dict[str, float | None] = dict(zip(BY_WINDOW.metrics, (0.5, 0.45, 0.4, 0.38, 0.36), strict=True))
    chart = levels_chart([make(1, values)], BY_WINDOW, scope="Shapes val")
    assert chart is not None
    assert (chart.figure["data"][0]["x"], chart.figure["data"][0]["y"][-1]) == ([0, 1, 2, 3, 4], 36.0)
    label = chart.figure["layout"]["annotations"][0]
    assert (label["x"], label["text"]) == (4, "<b>M1</b>  \N{MINUS SIGN}14.0")
    assert chart.rows == (("M1", "50.0", "45.0", "40.0", "38.0", "36.0", "\N{MINUS SIGN}14.0"),)


def test_consistency_stands_beside_miou_and_changes_between_its_own_windows() -> None:
    chart = levels_chart([make(1, {"mIoU": 0.3, "VC8": 0.9, "VC16": 0.8})], BY_STEADINESS, scope="")
    assert chart is not None
    assert chart.rows == (("M1", "30.0", "90.0", "80.0", "\N{MINUS SIGN}10.0"),)
    assert len(chart.head) == len(chart.rows[0])


def test_no_change_is_written_without_a_sign() -> None:
    chart = levels_chart([make(1, dict.fromkeys(LEVELS, 0.4))], BY_OCCLUSION, scope="")
    assert chart is not None
    assert chart.rows[0][-1] == "0.0"
    assert chart.figure["layout"]["annotations"][0]["text"] == "<b>M1</b>  0.0"


def test_rows_that_lack_a_level_are_left_out_and_without_rows_there_is_no_chart() -> None:
    incomplete = make(2, {"AP_so": 0.5, "AP_mo": None, "AP_ho": 0.1})
    chart = levels_chart([make(), incomplete], BY_OCCLUSION, scope="")
    assert chart is not None
    assert len(chart.figure["data"]) == 1
    assert levels_chart([incomplete], BY_OCCLUSION, scope="") is None


def test_more_than_five_lines_get_a_legend_instead_of_labels() -> None:
    chart = levels_chart([make(n) for n in range(6)], BY_OCCLUSION, scope="")
    assert chart is not None
    assert chart.figure["layout"]["showlegend"]
    assert chart.figure["layout"]["annotations"] == []


def test_printed_numbers_have_open_marks_and_the_subtitle_says_so() -> None:
    chart = levels_chart([make(), make(2, origin="reported")], BY_OCCLUSION, scope="")
    assert chart is not None
    symbols = [line["marker"]["symbol"] for line in chart.figure["data"]]
    assert [symbol.endswith("-open") for symbol in symbols] == [False, True]
    assert "as published (open)" in chart.subtitle


def test_a_method_looks_the_same_in_every_chart_in_which_no_other_needs_its_hue() -> None:
    own, other = make(7, colour=4), make(3, colour=5)
    alone, beside, after = styles([own]), styles([own, other]), styles([other, own])
    assert alone[0] == beside[0] == after[1]
    assert (alone[0].colour, alone[0].dash) == ("var(--method-4)", "solid")


def test_lines_of_one_hue_differ_by_marker_and_dash_whatever_their_order() -> None:
    rows = [make(n, method_id=n % 4, variant_id=n, colour=2) for n in range(12)]
    looks = styles(rows)
    assert {look.colour for look in looks} == {"var(--method-2)"}
    assert len({(look.symbol, look.dash) for look in looks}) == 12
    first = styles(rows[:6])
    assert (len({look.symbol for look in first}), len({look.dash for look in first})) == (6, 6)
    assert styles(rows[::-1]) == looks[::-1]


def test_a_method_without_a_colour_is_drawn_all_the_same() -> None:
    assert styles([make(15)])[0].colour == "var(--method-3)"


def test_names_say_only_what_tells_the_rows_apart() -> None:
    rows = [
        make(1, method="DVIS", factors={"mode": "online", "backbone": "R50"}),
        make(2, method="DVIS", factors={"mode": "offline", "backbone": "R50"}),
    ]
    assert names_apart(rows) == ([("DVIS", "online"), ("DVIS", "offline")], "R50")


def test_names_that_would_be_the_same_fall_back_to_the_variants() -> None:
    rows = [make(1, method="A", variant="one"), make(2, method="A", variant="two")]
    assert names_apart(rows) == ([("A", "one"), ("A", "two")], "")


def test_texts_of_people_cannot_bring_markup_into_a_drawing() -> None:
    chart = levels_chart([make(method='<a href="x">M</a>')], BY_OCCLUSION, scope="")
    assert "<a" not in json.dumps(chart.figure if chart else None)


@given(st.lists(st.floats(0, 100), max_size=8), st.floats(0.1, 20))
def test_no_label_leaves_the_plot_and_none_lies_on_another(wanted: list[float], gap: float) -> None:
    placed = sorted(spread(wanted, gap, bounds=(5, 95)))
    assert all(5 - 1e-6 <= position <= 95 + 1e-6 for position in placed)
    least = min(gap, 90 / max(len(wanted) - 1, 1))
    assert all(above - below >= least - 1e-6 for below, above in pairwise(placed))


def test_every_line_has_a_label_inside_the_axis_also_those_at_the_bottom() -> None:
    low = dict.fromkeys(LEVELS, 0.0)
    chart = levels_chart([make(1), *(make(n, low) for n in range(2, 6))], BY_OCCLUSION, scope="")
    assert chart is not None
    bottom, top = chart.figure["layout"]["yaxis"]["range"]
    heights = [label["ay"] for label in chart.figure["layout"]["annotations"]]
    assert len(heights) == len(chart.figure["data"]) == 5
    assert all(bottom < height < top for height in heights)


def test_the_occlusion_chart_has_the_intervals_of_what_was_scored_here_side_by_side() -> None:
    spans = {key: (value - 0.02, value + 0.01) for key, value in LEVELS.items()}
    rows = [make(1, intervals=spans), make(2, intervals=spans), make(3)]
    chart = levels_chart(rows, BY_OCCLUSION, scope="")
    assert chart is not None
    first, second, third = chart.figure["data"]
    assert first["error_y"]["array"] == [1.0, 1.0, 1.0]
    assert first["error_y"]["arrayminus"] == [2.0, 2.0, 2.0]
    assert first["x"][0] < second["x"][0]
    assert "error_y" not in third
    assert chart.rows[0][1] == "60.0 [58.0 to 61.0]"


@given(st.lists(st.floats(0, 100), max_size=8), st.floats(0.1, 20))
def test_labels_keep_their_order_and_their_distance(wanted: list[float], gap: float) -> None:
    placed = sorted(zip(wanted, spread(wanted, gap), strict=True))
    for (low, below), (high, above) in pairwise(placed):
        assert above - below >= gap - 1e-6 or low == high
    assert len({round(position, 6) for _, position in placed}) == len(wanted)


def test_the_timeline_labels_the_record_of_each_year() -> None:
    values = [(2021, 0.2), (2021, 0.3), (2022, 0.25), (2023, 0.5)]
    rows = [make(n, {"AP": value}, year=year) for n, (year, value) in enumerate(values)]
    chart = timeline_chart(rows, metric("AP"), scope="Shapes val")
    assert chart is not None
    labels = [note["text"] for note in chart.figure["layout"]["annotations"]]
    assert labels == [
        "<b>M1</b> 30.0",
        "<b>M3</b> 50.0",
    ]
    assert chart.rows[0] == ("M3", "2023", "50.0")


def test_printed_numbers_have_open_marks_in_the_timeline_too() -> None:
    rows = [
        make(n, {"AP": value}, year=2020 + n, origin=origin)
        for n, (value, origin) in enumerate(((0.3, "reported"), (0.4, "upload"), (0.2, "reported")))
    ]
    chart = timeline_chart(rows, metric("AP"), scope="Shapes val")
    assert chart is not None
    crowd, _, first, second = chart.figure["data"]
    assert crowd["marker"]["symbol"] == ["circle-open"]
    assert [one["marker"]["symbol"].endswith("-open") for one in (first, second)] == [True, False]
    assert chart.subtitle.endswith("3 rows, scored here (filled) and as published (open)")


def test_labels_of_the_timeline_that_would_touch_are_moved_apart_and_lead_to_their_marks() -> None:
    values = [(2021, 0.2), (2023, 0.500), (2023, 0.502), (2024, 0.6)]
    rows = [make(n, {"AP": value}, year=year) for n, (year, value) in enumerate(values)]
    chart = timeline_chart(rows, metric("AP"), scope="", chosen=rows)
    assert chart is not None
    alone, low, high, late = chart.figure["layout"]["annotations"]
    assert [label["showarrow"] for label in (alone, late)] == [False, False]
    assert (low["y"], high["y"]) == (50.0, 50.2)
    assert high["ay"] - low["ay"] == pytest.approx(LABEL_HEIGHT * 1.16 * 40)


def test_the_first_name_of_a_timeline_has_room_at_the_left_of_its_mark() -> None:
    years = (2019, 2023, 2026)
    rows = [
        make(n, {"AP": 0.1 * n + 0.1}, year=year, method="MaskTrack R-CNN") for n, year in enumerate(years)
    ]
    chart = timeline_chart(rows, metric("AP"), scope="")
    assert chart is not None
    left, right = chart.figure["layout"]["xaxis"]["range"]
    text = chart.figure["layout"]["annotations"][0]["text"].replace("<b>", "").replace("</b>", "")
    assert (2019 - left) / (right - left) >= LETTER_WIDTH * len(text) - 1e-9
    assert right == 2026.4


def test_two_variants_of_one_method_are_told_apart_in_the_timeline() -> None:
    rows = [
        make(1, {"AP": 0.4}, year=2021),
        make(2, {"AP": 0.5}, year=2023, method_id=7, method="D", factors={"mode": "online", "backbone": "R"}),
        make(
            3, {"AP": 0.6}, year=2023, method_id=7, method="D", factors={"mode": "offline", "backbone": "R"}
        ),
    ]
    chart = timeline_chart(rows, metric("AP"), scope="", chosen=rows)
    assert chart is not None
    labels = [label["text"] for label in chart.figure["layout"]["annotations"]]
    assert labels == ["<b>M1</b> 40.0", "<b>D</b> online 50.0", "<b>D</b> offline 60.0"]


def test_long_names_of_neighbouring_years_are_moved_apart_too() -> None:
    rows = [
        make(n, {"AP": 0.5}, year=year, method="A method with a name of many words" * 2)
        for n, year in enumerate((2020, 2023, 2024))
    ]
    chart = timeline_chart(rows, metric("AP"), scope="", chosen=rows[1:])
    assert chart is not None
    assert len({label["ay"] for label in chart.figure["layout"]["annotations"]}) == 2


def test_a_number_whose_source_is_in_doubt_stands_apart_and_sets_no_record() -> None:
    rows = [
        make(n, {"AP": value}, year=year, source={"flags": flags})
        for n, (year, value, flags) in enumerate(
            ((2021, 0.3, []), (2022, 0.9, ["suspect_value"]), (2023, 0.4, ["open_vocabulary"]))
        )
    ]
    chart = timeline_chart(rows, metric("AP"), scope="")
    assert chart is not None
    by_name = {trace["name"]: trace["y"] for trace in chart.figure["data"]}
    assert by_name["source in doubt"] == [90.0]
    assert by_name["best so far"] == [30.0, 40.0]


@pytest.mark.parametrize("years", [[], [2023], [2023, 2023], [None, 2023]])
def test_one_year_tells_no_story(years: list[int | None]) -> None:
    rows = [make(n, {"AP": 0.3}, year=year) for n, year in enumerate(years)]
    assert timeline_chart(rows, metric("AP"), scope="") is None


def test_a_chart_is_plain_json() -> None:
    chart = levels_chart([make()], BY_OCCLUSION, scope="")
    assert chart is not None
    assert json.loads(json.dumps(chart.to_json()))["table"]["rows"][0][0] == "M1"
