"""From ticked rows of a board to their comparison, in a real browser. CSP faults fail."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.boards import make_board, make_row
from tests.support.drawn import make_drawn
from webapp.charts.palette import LIGHT
from webapp.methods.models import Method

pytestmark = pytest.mark.browser
# Scripts load late, on a machine that runs the other tests too.
expect.set_options(timeout=30_000)
URL = "/benchmarks/shapes/"


@pytest.fixture
def board(browser_page: Page) -> Page:
    """A page on a board of two rows with draws and a printed one."""
    videos = [{"id": n, "name": f"clip-{n}", "length": 9, "height": 9, "width": 9} for n in (1, 2)]
    split = make_board("shapes", videos=videos)
    for name, ap in (("Strong", 0.5), ("Close", 0.48)):
        parts = {"per_category": {"cat": {"AP": ap}}, "per_video": {"1": {"AP": ap}, "2": {"AP": 0.98 - ap}}}
        make_drawn(split, name, ap, **parts)
    make_row(split, "Printed", 0.2, source={"primary": True})
    browser_page.goto(URL)
    return browser_page


def test_ticked_rows_are_compared_and_the_drawings_appear(board: Page) -> None:
    board.check("[aria-label='Tick Close']")
    expect(board.get_by_text("tick another one to compare them")).to_be_visible()
    board.check("[aria-label='Tick Strong']")
    board.click("#compare-ticked")
    expect(board).to_have_url(re.compile(r"/compare/\?submissions=[0-9a-f-]{36},[0-9a-f-]{36}$"))
    expect(board.get_by_text("Strong is better than Close: AP is 2.0 points higher")).to_be_visible()
    for canvas in board.locator("[data-chart]").all():
        canvas.scroll_into_view_if_needed()
    expect(board.locator("[data-drawn=true] .main-svg").first).to_be_visible()
    expect(board.locator("[data-drawn=true]")).to_have_count(4)
    lines = "[...document.querySelectorAll('.plot')].flatMap(plot => plot._fullData)"
    drawn = board.evaluate(f"{lines}.flatMap(line => line.marker?.color ?? [])")
    methods = Method.objects.filter(name__in=("Strong", "Close"))
    assert {LIGHT[method.colour or 0] for method in methods} <= set(drawn)
    mark = board.locator("[data-chart=spec-videos] .points path").first
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    assert box is not None
    at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    board.mouse.move(at[0] - 3, at[1])
    board.mouse.click(*at)
    expect(board).to_have_url(re.compile(r"/videos/[12]/\?split=val&submissions=[0-9a-f-]{36},[0-9a-f-]{36}"))
    board.go_back()
    board.set_viewport_size({"width": 390, "height": 844})
    assert board.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_keyboard_alone_reaches_a_comparison(board: Page) -> None:
    board.keyboard.press("j")
    board.keyboard.press("x")
    expect(board.locator(".entry.is-chosen:focus-within")).to_have_count(1)  # htmx gives the focus back
    board.keyboard.press("j")
    board.keyboard.press("x")
    board.locator("#compare-ticked").focus()
    board.keyboard.press("Enter")
    expect(board.get_by_role("heading", name="Is it better, or is it chance?")).to_be_visible()


def test_a_tick_is_not_lost_that_comes_right_after_an_answer(board: Page) -> None:
    """As fast as no hand is: the task after the one that swapped the table in."""
    tick = "document.querySelector(\"[aria-label='Tick Strong']\").click()"
    board.evaluate(f"addEventListener('htmx:afterSwap', () => setTimeout(() => {tick}), {{ once: true }})")
    board.check("[aria-label='Tick Close']")
    expect(board.locator("#compare-ticked")).to_be_visible()
