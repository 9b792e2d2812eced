"""Plotly's bundle in a real browser: every kind of chart is drawn as it was asked for."""

import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser

from tests.webapp.charts.test_svg import EVERY

pytestmark = pytest.mark.browser
BUNDLE = "webapp/vendor/plotly-cartesian.min.js"
README = "webapp/vendor/README.md"


def test_the_bundle_has_every_type_of_trace_that_charts_ask_for_and_the_version_of_its_readme(
    browser: Browser,
) -> None:
    page = browser.new_page()
    page.set_content("<!doctype html><div id='room' style='width:900px;height:600px'></div>")
    page.add_script_tag(path=finders.find(BUNDLE))
    readme = Path(finders.find(README) or "").read_text()
    assert {page.evaluate("Plotly.version")} == set(re.findall(r"\d+\.\d+\.\d+", readme))
    draw = """async text => {
        const { data, layout } = JSON.parse(text.replace(/var\\(--[a-z0-9-]+\\)/g, "#345678"));
        const room = document.getElementById("room");
        await Plotly.newPlot(room, data, layout);
        const drawn = room._fullData.filter(trace => trace.visible === true);
        return [room._fullData.map(trace => trace.type), drawn.length];
    }"""
    for chart in EVERY:
        asked = [trace["type"] for trace in chart.figure["data"]]
        assert page.evaluate(draw, json.dumps(chart.figure)) == [asked, len(asked)], chart.key
    page.close()
