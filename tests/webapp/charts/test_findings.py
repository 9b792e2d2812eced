"""Charts of what explains a score: the same numbers as their tables, and nothing to draw without any."""

import pytest

from tests.support.findings import make_findings
from webapp.charts.findings import (
    KINDS,
    Explained,
    errors_by_occlusion_chart,
    errors_chart,
    thresholds_chart,
)
from webapp.charts.spec import Style
from webapp.submissions.analyses import diagnosis

BLUE = Style("var(--method-1)", "circle", "solid")
A = Explained("A", BLUE, make_findings({"switch": 0.082, "missed": 0.3}, heavy={"switch": 0.12}))
B = Explained("B <b>", Style("var(--method-1)", "square", "dash"), make_findings({"background": 0.4}))


def test_bars_are_in_points_with_the_dearest_kind_on_top() -> None:
    chart = errors_chart([A], scope="Shapes val")
    assert chart is not None
    bars = chart.figure["data"][0]
    assert bars["y"][:2] == ["missed object", "switched identity"]
    assert bars["x"][:2] == pytest.approx([30.0, 8.2])
    assert chart.rows[:2] == (("missed object", "30.0", "3"), ("switched identity", "8.2", "3"))
    assert len(bars["x"]) == len(chart.rows) == len(KINDS) == 9
    assert "Shapes val" in chart.subtitle
    assert chart.figure["layout"]["xaxis"]["range"][0] == 0


def test_two_methods_of_one_hue_are_told_apart_and_names_hold_no_tags() -> None:
    chart = errors_chart([A, B], scope="")
    assert chart is not None
    filled, hollow = (trace["marker"]["color"] for trace in chart.figure["data"])
    assert (filled, hollow) == ("var(--method-1)", "var(--card)")
    assert [trace["name"] for trace in chart.figure["data"]] == ["A", "B (b)"]
    assert chart.figure["layout"]["showlegend"]
    alone = errors_chart([A], scope="")
    assert alone is not None
    assert chart.height > alone.height


def test_levels_of_occlusion_have_bars_of_their_own_where_they_are_known() -> None:
    chart = errors_by_occlusion_chart(A, scope="")
    assert chart is not None
    assert [trace["name"] for trace in chart.figure["data"]] == [
        "slight occlusion",
        "moderate occlusion",
        "heavy occlusion",
    ]
    assert chart.rows[0][:4] == ("switched identity", "0.0", "12.0", "12.0")
    assert errors_by_occlusion_chart(B, scope="") is None


def test_the_ten_thresholds_are_lines_of_one_submission_by_occlusion_or_of_several() -> None:
    alone, both = thresholds_chart([A], scope=""), thresholds_chart([A, B], scope="")
    assert alone is not None
    assert both is not None
    assert [trace["name"] for trace in alone.figure["data"]][::3] == ["all objects", "heavy occlusion"]
    assert [trace["name"] for trace in both.figure["data"]] == ["A", "B (b)"]
    line = both.figure["data"][0]
    assert (line["x"][0], line["y"][0], len(line["x"])) == (0.5, 62.0, 10)
    assert both.rows[-1] == ("0.95", "8.0", "8.0")


def test_a_ground_truth_without_objects_draws_nothing() -> None:
    empty = make_findings()
    empty["thresholds"] = {"iou": empty["thresholds"]["iou"], "AP": [None] * 10, "by": {}}
    for found in empty["errors"]["kinds"].values():
        found["dAP50"] = None
    row = Explained("A", BLUE, empty)
    assert errors_chart([row], scope="") is thresholds_chart([row], scope="") is None


def test_sentence_and_axes_know_the_same_kinds() -> None:
    assert diagnosis.KINDS.keys() == KINDS.keys()
