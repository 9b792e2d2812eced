"""The page to try the API on, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.live import LiveSite

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_lists_the_calls_from_files_of_this_server_alone(browser_page: Page, live_site: LiveSite) -> None:
    asked: list[str] = []
    browser_page.on("request", lambda request: asked.append(request.url))
    browser_page.goto("/api/v1/docs")
    expect(browser_page.get_by_text("/api/v1/submissions/{id}/result")).to_be_visible()
    elsewhere = [url for url in asked if not url.startswith((live_site.url, "data:", "blob:"))]
    assert elsewhere == []


def test_a_call_is_tried_from_it(browser_page: Page) -> None:
    browser_page.goto("/api/v1/docs")
    call = browser_page.locator(".opblock", has_text="/api/v1/problems")
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Try it out").click()
    call.get_by_role("button", name="Execute").click()
    expect(call.locator(".live-responses-table").get_by_text("file-empty")).to_be_visible()
