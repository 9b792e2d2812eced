"""The leaderboard in a real browser: sorting, filters in the address, chart, keys, phone. CSP faults fail."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.boards import OCCLUSION, make_board, make_row
from webapp.methods.models import Method

pytestmark = pytest.mark.browser
# Scripts load late, on a machine that runs the other tests too.
expect.set_options(timeout=30_000)
URL = "/benchmarks/shapes/"


@pytest.fixture
def board(browser_page: Page) -> Page:
    """A page on a leaderboard of three methods."""
    split = make_board("shapes")
    Method.objects.create(slug="strong", name="Strong", year=2026)
    for name, ap, ap50, mode in (("Strong", 0.6, 0.7, "offline"), ("Middle", 0.4, 0.9, "online")):
        make_row(split, name, ap, factors={"mode": mode}, metrics={"AP50": ap50, **OCCLUSION})
    make_row(split, "Printed", 0.2, source={"primary": True, "table": "Table 9"})
    browser_page.goto(URL)
    return browser_page


def names(page: Page) -> list[str]:
    return page.locator(".entry .name").all_inner_texts()


def wait_for_names(page: Page, *expected: str) -> None:
    expect(page.locator(".entry .name")).to_have_text(list(expected))


def fits(page: Page) -> bool:
    """Whether nothing sticks out sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_click_on_a_head_sorts_and_the_address_keeps_it(board: Page) -> None:
    board.click("#sort-AP50")
    wait_for_names(board, "Middle", "Strong")  # the third has no such number: it is folded
    expect(board.locator(".entry .rank").first).to_contain_text("1")
    expect(board).to_have_url(re.compile(r"\?sort=-AP50$"))
    assert board.locator("th", has=board.locator("#sort-AP50")).get_attribute("aria-sort") == "descending"
    board.reload()
    assert names(board) == ["Middle", "Strong"]
    board.click("#folded-rows")
    wait_for_names(board, "Middle", "Strong", "Printed")


def test_filters_and_search_live_in_the_address_and_the_back_button_undoes_them(board: Page) -> None:
    board.get_by_role("link", name="online").click()
    wait_for_names(board, "Middle")
    board.get_by_role("link", name="online").click()
    wait_for_names(board, "Strong", "Middle", "Printed")
    board.locator("#q").press_sequentially("printed", delay=20)
    wait_for_names(board, "Printed")
    expect(board).to_have_url(re.compile(r"\?q=printed$"))
    assert board.locator("#q").input_value() == "printed"
    board.go_back()
    wait_for_names(board, "Strong", "Middle", "Printed")
    board.go_forward()
    wait_for_names(board, "Printed")
    assert board.locator("#q").input_value() == "printed"


def test_the_chart_draws_the_chosen_rows_without_moving_the_page(board: Page) -> None:
    canvas = board.locator("[data-chart]").first
    before = canvas.bounding_box()
    assert before is not None
    expect(canvas.locator(".drawing-wide polyline")).to_have_count(2)
    expect(canvas).to_have_attribute("data-drawn", "true")
    assert canvas.bounding_box() == before
    expect(canvas.locator(".scatterlayer .trace")).to_have_count(2)
    board.check("[aria-label='Tick Middle online']")
    expect(board.locator("[data-chart]").first.locator(".scatterlayer .trace")).to_have_count(1)
    expect(board).to_have_url(re.compile(r"\?rows=\d+$"))


@pytest.mark.parametrize(
    ("format", "start"), [("png", b"\x89PNG"), ("svg", b"<svg"), ("json", b'{\n "key": "occlusion"')]
)
def test_the_chart_can_be_saved_as_a_file(board: Page, tmp_path: Path, format: str, start: bytes) -> None:
    board.click(".chart summary")
    board.locator(".chart-menu select[name=theme]").first.select_option("dark")
    with board.expect_download() as download:
        board.get_by_role("button", name=format.upper()).first.click()
    download.value.save_as(tmp_path / "chart")
    assert (tmp_path / "chart").read_bytes().startswith(start)
    assert download.value.suggested_filename == f"shapes-val-occlusion.{format}"


def test_a_chart_stands_in_the_page_without_scripts_and_on_paper(board: Page) -> None:
    browser = board.context.browser
    assert browser is not None
    still = browser.new_context(java_script_enabled=False)
    page = still.new_page()
    page.goto(board.url)
    expect(page.locator(".drawing-wide").first).to_be_visible()
    expect(page.locator(".drawing-narrow").first).not_to_be_visible()
    assert page.locator(".drawing-wide text", has_text="Strong").first.is_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".drawing-narrow").first).to_be_visible()
    assert fits(page)
    still.close()
    expect(board.locator("[data-drawn=true]").first).to_be_attached()
    board.emulate_media(media="print")
    expect(board.locator(".plot").first).not_to_be_visible()
    assert board.locator(".drawing-wide").first.is_visible()


def test_the_keyboard_searches_walks_opens_and_chooses(board: Page) -> None:
    board.keyboard.press("j")
    board.keyboard.press("j")
    board.keyboard.press("Space")
    expect(board.locator(".entry").nth(1).locator(".more")).to_be_visible()
    board.keyboard.press("k")
    board.keyboard.press("x")
    expect(board.locator(".entry.is-chosen .name")).to_have_text("Strong")
    board.keyboard.press("/")
    assert board.evaluate("document.activeElement.id") == "q"
    board.keyboard.type("?")
    expect(board.locator("#help")).not_to_be_visible()
    board.locator("#q").blur()
    board.keyboard.press("?")
    expect(board.locator("#help")).to_be_visible()


def test_on_a_phone_a_tap_on_a_row_opens_the_rest_and_nothing_sticks_out(board: Page) -> None:
    board.set_viewport_size({"width": 390, "height": 844})
    board.reload()
    assert fits(board)
    expect(board.locator("#sort-AP")).to_be_visible()
    expect(board.locator("#sort-AP50")).not_to_be_visible()
    row = board.locator(".entry").first
    box = row.locator(".settings").bounding_box()
    assert box is not None
    board.mouse.click(box["x"] + 5, box["y"] + 5)
    expect(row.get_by_text("AP50", exact=True)).to_be_visible()
    assert fits(board)


def test_the_chosen_theme_is_kept_and_there_before_the_first_paint(board: Page) -> None:
    now = board.evaluate("document.documentElement.dataset.theme")
    board.click("[data-toggle-theme]")
    chosen = board.evaluate("document.documentElement.dataset.theme")
    assert {now, chosen} == {"light", "dark"}
    board.goto("/methods/")
    assert board.evaluate("document.documentElement.dataset.theme") == chosen


def test_a_command_is_copied_by_its_button(board: Page) -> None:
    board.context.grant_permissions(["clipboard-read", "clipboard-write"])
    board.goto(URL + "how-to-submit/")
    board.locator(".code", has_text="zip submission.zip").get_by_role("button").click()
    assert board.evaluate("navigator.clipboard.readText()") == "zip submission.zip results.json"
