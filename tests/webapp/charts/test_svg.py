"""Figures as SVG: what is drawn is what was asked for, and a picture stands alone."""

import re
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from tests.webapp.charts.test_charts import make
from webapp.ablations.published import published_studies
from webapp.charts.ablations import study_charts
from webapp.charts.drawing.pictures import chart_png, chart_svg, figure_svg
from webapp.charts.drawing.tokens import THEMES, colours
from webapp.charts.levels import BY_OCCLUSION, levels_chart
from webapp.charts.spec import Chart, layout

SVG = "{http://www.w3.org/2000/svg}"


def chart(data: list[dict[str, Any]], key: str = "one", **more: Any) -> Chart:
    return Chart(key, "A question?", "A caption", {"data": data, "layout": layout(**more)}, ("Name",), ())


def scatter(x: list[Any], y: list[Any], **more: Any) -> dict[str, Any]:
    return {"type": "scatter", "mode": "markers", "x": x, "y": y, **more}


HEATMAP = {
    "type": "heatmap",
    "x": ["A", "B"],
    "y": ["cat", "dog", "owl"],
    "z": [[0, 10], [20, None], [40, 50]],
    "text": [["0.0", "10.0"], ["20.0", ""], ["40.0", "50.0"]],
    "colorscale": [[0, "var(--card)"], [1, "var(--occlusion-heavy)"]],
}
EVERY = [
    *(one for study in published_studies() for one in study_charts(study, {})),
    levels_chart([make(n) for n in range(3)], BY_OCCLUSION, scope="OVIS val"),
    levels_chart([make(n) for n in range(7)], BY_OCCLUSION, scope="OVIS val"),
    chart([HEATMAP]),
    chart([scatter([0.1, 3, 100], [1, 2, 3], marker={"symbol": "star"})], xaxis={"type": "log"}),
    chart(
        [
            {
                "type": "bar",
                "x": ["a", "b"],
                "y": [1, -2],
                "error_y": {"array": [0.5, 0.5]},
                "text": ["1", "-2"],
            }
        ]
    ),
]


@pytest.mark.parametrize("drawn", EVERY, ids=lambda one: one.key)
def test_every_kind_of_chart_becomes_a_picture_of_its_own_size_with_colours_of_its_theme(
    drawn: Chart,
) -> None:
    for theme, width in zip(THEMES, (1000, 400), strict=True):
        text = chart_svg(drawn, theme=theme, width=width, height=500, source="A source")
        picture = ET.fromstring(text)
        assert (picture.get("width"), picture.get("height")) == (str(width), "500")
        assert "var(" not in text
        assert "script" not in text
        assert "href" not in text
        assert colours(theme)["--card"] in text
        words = " ".join(picture.itertext())
        assert all(part in words for part in (drawn.title.split()[0], "A source"))
    for is_narrow in (False, True):
        page = figure_svg(drawn.figure, height=380, is_narrow=is_narrow)
        names = set(re.findall(r"var\((--[a-z0-9-]+)\)", page))
        assert names
        assert names <= colours("light").keys()


def test_marks_stand_where_the_axis_says() -> None:
    figure = chart(
        [scatter([0, 1, 4], [10, 20, 40])], xaxis={"range": [0, 4]}, yaxis={"range": [0, 50]}
    ).figure
    plot = ET.fromstring(figure_svg(figure, height=300))[0]
    height = float(plot.get("height", "0"))
    found = [(float(c.get("cx", "").rstrip("%")), float(c.get("cy", ""))) for c in plot.iter(f"{SVG}circle")]
    assert [x for x, _ in found] == [0, 25, 100]
    assert [50 * (1 - y / height) for _, y in found] == pytest.approx([10, 20, 40], abs=0.05)


def test_bars_have_the_length_of_their_numbers_and_stacks_go_on_where_the_last_bar_ended() -> None:
    bars = [{"type": "bar", "orientation": "h", "x": [length], "y": ["a"]} for length in (10, 30)]
    figure = chart(bars, barmode="stack", xaxis={"range": [0, 100]}).figure
    drawn = list(ET.fromstring(figure_svg(figure, height=200)).iter(f"{SVG}rect"))
    assert [(e.get("x"), e.get("width")) for e in drawn] == [("0%", "10%"), ("10%", "30%")]


def test_a_heat_map_has_a_cell_for_each_number_and_none_for_what_is_not_known() -> None:
    root = ET.fromstring(figure_svg(chart([HEATMAP]).figure, height=200))
    assert len(list(root.iter(f"{SVG}rect"))) == 5
    assert {"0.0", "10.0", "20.0", "40.0", "50.0", "cat", "owl", "A"} <= set(root.itertext())


def test_on_a_phone_a_legend_names_every_line_instead_of_labels_beside_them() -> None:
    drawn = levels_chart([make(n) for n in range(4)], BY_OCCLUSION, scope="")
    assert drawn is not None
    for is_narrow in (False, True):
        texts = set(ET.fromstring(figure_svg(drawn.figure, height=420, is_narrow=is_narrow)).itertext())
        assert {"M0", "M1", "M2", "M3"} <= texts
        assert any(text.endswith("35.0") for text in texts) is not is_narrow


def test_every_label_is_inside_the_picture_also_where_the_figure_asks_for_a_place_outside() -> None:
    note = {
        "x": 1,
        "y": -99,
        "showarrow": False,
        "xanchor": "left",
        "text": "<b>A very long name of a method</b>",
    }
    picture = ET.fromstring(chart_svg(chart([scatter([0, 1], [0, 1])], annotations=[note]), width=700))
    label = next(e for e in picture.iter(f"{SVG}text") if "very long" in "".join(e.itertext()))
    plot = picture.find(f"{SVG}g")
    assert plot is not None
    left, top = map(float, re.findall(r"[\d.]+", plot.get("transform", "")))
    assert left + float(label.get("x", "")) + 220 < 700
    assert top < top + float(label.get("y", "")) < float(picture.get("height", ""))


def test_what_people_typed_is_text_in_a_picture() -> None:
    name = '</svg><script>alert("1")</script>\x07\ufffe&'
    text = chart_svg(Chart("one", name, name, chart([scatter([0], [1])]).figure, (), ()), source=name)
    assert "<script" not in text
    assert '</svg><script>alert("1")</script>&' in "".join(ET.fromstring(text).itertext())


def test_a_type_of_trace_that_nobody_drew_yet_is_refused() -> None:
    with pytest.raises(ValueError, match="found violin"):
        figure_svg(chart([{"type": "violin", "y": [1]}]).figure, height=200)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_is_a_png_of_the_size_asked_for_with_letters_in_it(theme: Any) -> None:
    drawn = levels_chart([make(n, method="DVIS++ Ω") for n in range(2)], BY_OCCLUSION, scope="OVIS val")
    assert drawn is not None
    png = Image.open(BytesIO(chart_png(drawn, theme=theme, width=600, height=315, scale=2)))
    assert png.size == (1200, 630)
    title = png.convert("RGB").crop((40, 40, 700, 100))
    ink = tuple(bytes.fromhex(colours(theme)["--ink"][1:]))
    assert ink in {colour for _, colour in title.getcolors(100_000) or ()}
