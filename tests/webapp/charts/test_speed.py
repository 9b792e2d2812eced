"""Quality against speed: the front, one device per axis, what is said of the others."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.support.boards import make_board, make_row
from webapp.benchmarks.models import Split
from webapp.charts.choose import Speed, board_charts
from webapp.charts.drawing.pictures import chart_svg
from webapp.charts.speed import pareto_front
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.selectors import leaderboard

FEW = st.integers(0, 4).map(float)


@given(st.lists(st.tuples(FEW, FEW)), st.booleans())
def test_the_front_holds_what_no_other_beats_and_equal_points_stay_together(
    points: list[tuple[float, float]], higher_is_better: bool
) -> None:
    sign = 1 if higher_is_better else -1

    def beaten(one: tuple[float, float]) -> bool:
        return any(
            other[0] >= one[0] and sign * other[1] >= sign * one[1] and other != one for other in points
        )

    expected = [n for n, one in enumerate(points) if not beaten(one)]
    assert sorted(pareto_front(points, higher_is_better=higher_is_better)) == expected


def make_fast(split: Split, name: str, ap: float, fps: float, device: str, **metrics: float) -> None:
    source = {"primary": True, "fps": fps, **({"fps_device": device} if device else {})}
    make_row(split, name, ap, source=source, metrics=dict(metrics))


def speed_of(split: Split, query: str = "") -> Speed | None:
    filters = Filters.from_query(QueryDict(query))
    return board_charts(leaderboard(split=split, user=AnonymousUser(), filters=filters)).speed


@pytest.mark.django_db
def test_speeds_of_two_devices_are_never_on_one_axis_and_the_axis_names_its_device() -> None:
    split = make_board("shapes")
    for name, ap, fps in (("Slow", 0.5, 8), ("Fast", 0.4, 90), ("Worse", 0.3, 60)):
        make_fast(split, name, ap, fps, "H100")
    for name, ap, fps in (("Home", 0.45, 12), ("Home 2", 0.35, 20)):
        make_fast(split, name, ap, fps, "RTX 4090")
    make_fast(split, "Somewhere", 0.6, 200, "")
    found = speed_of(split)
    assert found is not None
    assert {row[2] for row in found.chart.rows} == {"H100"}
    assert "H100" in found.chart.figure["layout"]["xaxis"]["title"]["text"]
    assert "3 rows on other devices left out" in found.chart.subtitle
    assert [(row[0], row[4]) for row in found.chart.rows] == [
        ("Fast", "none"),
        ("Worse", "other rows"),
        ("Slow", "none"),
    ]
    line = found.chart.figure["data"][0]
    assert list(zip(line["x"], line["y"], strict=True)) == [
        (0.0, 50.0),
        (8.0, 50.0),
        (8.0, 40.0),
        (90.0, 40.0),
    ]
    at_home = speed_of(split, "device=RTX 4090")
    assert at_home is not None
    assert {row[0] for row in at_home.chart.rows} == {"Home", "Home 2"}
    assert found.devices == (("H100", 3), ("RTX 4090", 2), ("", 1))


@pytest.mark.django_db
def test_quality_is_heavy_occlusion_where_rows_have_it_else_the_primary_metric_or_the_one_asked_for() -> None:
    split = make_board("shapes")
    for name, ap, fps in (("A", 0.5, 8), ("B", 0.4, 90)):
        make_fast(split, name, ap, fps, "H100", AP50=ap + 0.2)
    plain, asked = speed_of(split), speed_of(split, "y=AP50")
    assert plain is not None
    assert asked is not None
    assert (plain.metric.key, asked.metric.key) == ("AP", "AP50")
    for name, ap, fps in (("C", 0.5, 9), ("D", 0.4, 91)):
        make_fast(split, name, ap, fps, "H100", AP_ho=ap - 0.2)
    heavy = speed_of(split)
    assert heavy is not None
    assert heavy.metric.key == "AP_ho"
    assert chart_svg(heavy.chart).count("<svg") == 1
    drawn = Client().get("/benchmarks/shapes/chart/?chart=speed").json()
    assert drawn["table"]["rows"] == [list(row) for row in heavy.chart.rows]
    page = Client().get("/benchmarks/shapes/").content.decode()
    assert "How good is it, at what speed?" in page


@pytest.mark.django_db
def test_without_speeds_there_is_no_such_chart() -> None:
    split = make_board("shapes")
    make_row(split, "A", 0.5)
    make_fast(split, "B", 0.4, 20, "H100")
    assert speed_of(split) is None
