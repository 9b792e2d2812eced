"""The status page on a phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.live import LiveSite
from tests.support.runs import claim_run, make_run
from webapp.jobs.services import job_finish_failed

pytestmark = pytest.mark.browser
TOO_WIDE = "[...document.querySelectorAll('.table-wrap')].filter(e => e.scrollWidth > e.clientWidth).length"


def test_its_tables_fit_a_phone_and_leave_nothing_out(browser_page: Page, live_site: LiveSite) -> None:
    make_run()
    job_finish_failed(token=claim_run().token, code="not-finite")
    browser_page.set_viewport_size({"width": 390, "height": 844})
    browser_page.goto("/status/")
    expect(browser_page.get_by_text("Run the reference model, latest")).to_be_visible()
    assert browser_page.locator(".table-wrap").count() == 2
    assert browser_page.evaluate(TOO_WIDE) == 0
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= 390
