"""The page to try the API on, in a real browser."""

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from tests.support.live import LiveSite

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_lists_the_calls_from_files_of_this_server_alone(browser_page: Page, live_site: LiveSite) -> None:
    asked: list[str] = []
    browser_page.on("request", lambda request: asked.append(request.url))
    browser_page.goto("/api/v1/docs")
    expect(browser_page.get_by_text("/api/v1/submissions/{id}/result")).to_be_visible()
    elsewhere = [url for url in asked if not url.startswith((live_site.url, "data:", "blob:"))]
    assert elsewhere == []


def test_it_stands_in_the_frame_of_the_site_and_follows_its_theme(browser_page: Page) -> None:
    browser_page.emulate_media(color_scheme="dark")
    browser_page.goto("/api/v1/docs")
    expect(browser_page.get_by_text("List your submissions")).to_be_visible()
    expect(browser_page.locator("html.dark-mode")).to_have_count(1)
    browser_page.locator("[data-toggle-theme]").click()
    expect(browser_page.locator("html.dark-mode")).to_have_count(0)
    browser_page.get_by_label("Main").get_by_role("link", name="Benchmarks").click()
    expect(browser_page.get_by_role("heading", level=1)).to_have_text("Benchmarks for video segmentation")


def test_every_call_is_named_in_words(client: Client) -> None:
    calls = [
        call for path in client.get("/api/v1/openapi.json").json()["paths"].values() for call in path.values()
    ]
    summaries = [call["summary"] for call in calls]
    assert "List your submissions" in summaries
    # What the framework makes of the name of a function has a capital in every word.
    assert not [text for text in summaries if " " in text and text.istitle()]
    assert len(set(summaries)) == len(summaries)


def test_a_call_is_tried_from_it(browser_page: Page) -> None:
    browser_page.goto("/api/v1/docs")
    call = browser_page.locator(".opblock", has_text="/api/v1/problems")
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Try it out").click()
    call.get_by_role("button", name="Execute").click()
    expect(call.locator(".live-responses-table").get_by_text("file-empty")).to_be_visible()
