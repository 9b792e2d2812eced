"""Submitting in a real browser, on the running site: what a person at a poor connection goes through."""

import copy
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Page, Request, expect

from evaluator import analyse, evaluate
from tests.e2e.conftest import Shapes
from tests.support.cutting_proxy import CuttingProxy
from tests.support.live import LiveSite
from tests.support.product import wait_until
from webapp.embedded.supervisor import Child
from webapp.submissions.models import Submission
from webapp.uploads.models import Upload

SCORED_MS = 60_000
MEGABYTE = 1_000_000


def submit(page: Page, method: str = "DVIS") -> None:
    page.get_by_label("Name of the method").fill(method)
    page.get_by_role("button", name="Submit", exact=True).click()


def uploads(page: Page) -> list[Request]:
    """The requests to the upload protocol, as they come."""
    seen: list[Request] = []
    page.on(
        "request", lambda r: seen.append(r) if urlsplit(r.url).path.startswith("/api/v1/uploads") else None
    )
    return seen


def limit_speed(page: Page, bytes_a_second: int) -> None:
    conditions = {
        "offline": False,
        "latency": 0,
        "downloadThroughput": -1,
        "uploadThroughput": bytes_a_second,
    }
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", conditions)


@contextmanager
def paused(child: Child) -> Iterator[None]:
    """Keep a process and its children from doing anything for a while."""
    os.killpg(child.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(child.process.pid, signal.SIGCONT)


def test_stranger_signs_up_submits_and_reads_the_evaluators_numbers(
    browser_page: Page, shapes: Shapes
) -> None:
    page = browser_page
    page.goto(shapes.url)
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password", exact=True).fill("correct horse 9")
    page.get_by_role("button", name="Sign up").click()
    file = shapes.write(shapes.good)
    page.get_by_label("choose it").set_input_files(file)
    expect(page.get_by_text("Checked: 32 predictions in 4 of 4 videos.")).to_be_visible()
    expect(page.get_by_text("Uploaded:")).to_be_visible()
    submit(page)
    expect(page.get_by_role("heading", name="Rank 1 of 1")).to_be_visible(timeout=SCORED_MS)
    expect(page.get_by_text("scored here", exact=True)).to_be_visible()
    report = evaluate("ovis", shapes.ground_truth, file)
    submission = Submission.objects.get()
    assert dict(submission.scores.values_list("metric", "value")) == report.metrics
    assert submission.digest == report.digest
    shown = page.get_by_role("row", name=re.compile("^AP Average precision [0-9]"))
    expect(shown).to_contain_text(f"{100 * (report.metrics['AP'] or 0):.1f}")
    expect(page.get_by_text(report.digest)).to_be_visible()
    # The analysis comes by itself, some seconds after the score.
    cost = page.get_by_role("heading", name="What do errors cost?")
    expect(cost).to_be_visible(timeout=SCORED_MS)
    found = analyse("ovis", shapes.ground_truth, file).whole
    tracking = page.get_by_role("region", name="Tracking")
    expect(tracking).to_contain_text(f"{100 * found.tracking['det_averaged']['HOTA']:.1f}")


def test_bad_file_shows_all_its_problems_and_is_not_kept(
    open_page: Callable[..., Page], shapes: Shapes
) -> None:
    page = open_page()
    sent = uploads(page)
    page.goto(shapes.url)
    bad = copy.deepcopy(shapes.good)
    bad[0]["score"] = "0.9"
    bad[3]["segmentations"].pop()
    page.get_by_label("choose it").set_input_files(shapes.write(bad))
    expect(page.get_by_text("2 problems in results.json.")).to_be_visible()
    problems = page.locator(".problems > li")
    expect(problems.nth(0)).to_contain_text("A score is not a number")
    expect(problems.nth(1)).to_contain_text('results.json, entry 3 (video 1 "vid_0000")')
    expect(problems.nth(1)).to_contain_text("Write one item per frame")
    submit(page)
    expect(page).to_have_url(re.compile(shapes.url))
    # What had been sent by then is deleted.
    wait_until(lambda: "DELETE" in [request.method for request in sent] and not Upload.objects.exists())
    assert not Submission.objects.exists()


def test_a_large_file_is_sent_while_it_is_checked_and_given_up_when_the_check_refuses(
    open_page: Callable[..., Page], shapes: Shapes
) -> None:
    page = open_page()
    sent, kept = uploads(page), set(settings.UPLOAD_ROOT.glob("*"))
    # The check lasts until the test lets it go on.
    page.add_init_script(
        """
        const {postMessage} = Worker.prototype;
        Worker.prototype.postMessage = function (...given) {
          window.letGo = () => postMessage.apply(this, given);
        };
        """
    )
    page.goto(shapes.url)
    limit_speed(page, MEGABYTE)
    bad = shapes.write([{**shapes.good[0], "score": "0.9"}], spaces=12 * MEGABYTE)
    page.get_by_label("choose it").set_input_files(bad)
    expect(page.get_by_text("Checking results.json")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Uploading [0-9.]+ MB of"))).to_be_visible()
    assert [request.method for request in sent][:2] == ["POST", "PATCH"]
    page.evaluate("letGo()")
    expect(page.get_by_text("1 problem in results.json.")).to_be_visible()
    expect(page.get_by_text("Uploading")).to_be_hidden()
    limit_speed(page, -1)
    wait_until(lambda: not Upload.objects.exists())
    wait_until(lambda: set(settings.UPLOAD_ROOT.glob("*")) <= kept)


def test_server_has_the_last_word_on_a_file_that_the_check_refuses(
    open_page: Callable[..., Page], shapes: Shapes
) -> None:
    page = open_page()
    page.goto(shapes.url)
    page.get_by_label("choose it").set_input_files(shapes.write({"predictions": []}))
    page.get_by_role("button", name="Send it anyway").click()
    submit(page)
    expect(page.get_by_text("Rejected: 1 problem")).to_be_visible(timeout=SCORED_MS)
    expect(page.locator(".problems")).to_contain_text("The top level is an object")
    expect(page.get_by_text("Fix the file and submit it again")).to_be_visible()


def test_file_is_dropped_and_submitted_before_the_upload_has_ended(
    open_page: Callable[..., Page], shapes: Shapes
) -> None:
    page = open_page()
    page.goto(shapes.url)
    limit_speed(page, MEGABYTE)
    text = shapes.write(shapes.good, spaces=2 * MEGABYTE).read_text()
    page.evaluate(
        """text => {
          const data = new DataTransfer();
          data.items.add(new File([text], 'dropped.json'));
          const zone = document.querySelector('.drop');
          zone.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true}));
        }""",
        text,
    )
    expect(page.get_by_text("Uploading")).to_be_visible()
    submit(page)
    expect(page.get_by_text("It will be submitted as soon as the upload is complete.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"MB/s, about \d+ s left"))).to_be_visible()
    expect(page.get_by_role("heading", name="Rank 1 of 1")).to_be_visible(timeout=SCORED_MS)
    assert Submission.objects.get().filename == "dropped.json"


def test_upload_goes_on_where_it_was_after_the_connection_was_cut(
    open_page: Callable[..., Page], live_site: LiveSite, shapes: Shapes
) -> None:
    with CuttingProxy.before(live_site.url, []) as proxy:
        page = open_page(proxy.url)
        sent = uploads(page)
        page.goto(shapes.url)
        # Chromium itself tries a connection that was in use before once more.
        proxy.cuts[:] = [3 * MEGABYTE, 2 * MEGABYTE]
        file = shapes.write(shapes.good, spaces=8 * MEGABYTE)
        page.get_by_label("choose it").set_input_files(file)
        expect(page.get_by_text("Connection lost. Trying again")).to_be_visible()
        expect(page.get_by_text("Uploaded:")).to_be_visible(timeout=30_000)
    offsets = [int(request.headers["upload-offset"]) for request in sent if request.method == "PATCH"]
    assert 0 == offsets[0] < offsets[-1] < file.stat().st_size
    assert Upload.objects.get().length == file.stat().st_size


def test_same_file_goes_on_where_it_was_after_a_reload(
    open_page: Callable[..., Page], shapes: Shapes
) -> None:
    page = open_page()
    sent = uploads(page)
    page.goto(shapes.url)
    limit_speed(page, 2 * MEGABYTE)
    file = shapes.write(shapes.good, spaces=12 * MEGABYTE)
    page.get_by_label("choose it").set_input_files(file)
    bar = page.get_by_role("progressbar", name="Upload")
    wait_until(lambda: bar.is_visible() and bar.evaluate("bar => bar.value") > 0.3)
    page.reload()
    limit_speed(page, -1)
    page.get_by_label("choose it").set_input_files(file)
    expect(page.get_by_text("Uploaded:")).to_be_visible(timeout=30_000)
    assert [request.method for request in sent].count("POST") == 1
    last = next(request for request in reversed(sent) if request.method == "PATCH")
    assert int(last.headers["upload-offset"]) > MEGABYTE
    submit(page)
    expect(page.get_by_role("heading", name="Rank 1 of 1")).to_be_visible(timeout=SCORED_MS)


def test_logged_out_meanwhile_says_so_and_keeps_what_was_typed(
    open_page: Callable[..., Page], shapes: Shapes
) -> None:
    page = open_page()
    page.goto(shapes.url)
    page.get_by_label("Note").fill("step 3000")
    page.context.clear_cookies()
    page.get_by_label("choose it").set_input_files(shapes.write(shapes.good))
    expect(page.get_by_text("The server did not accept the file.")).to_be_visible()
    expect(page.get_by_label("Note")).to_have_value("step 3000")


def test_what_was_typed_and_uploaded_is_kept_when_the_server_refuses(
    open_page: Callable[..., Page], shapes: Shapes
) -> None:
    page = open_page()
    page.goto(shapes.url)
    page.get_by_label("choose it").set_input_files(shapes.write(shapes.good))
    expect(page.get_by_text("Uploaded:")).to_be_visible()
    page.get_by_text("How it is built").click()
    page.get_by_label("Backbone").fill("x" * 100)
    page.locator("#id_factor_mode").evaluate("field => field.value = 'y'.repeat(101)")
    submit(page)
    expect(page.get_by_text("Your file has arrived and is kept.")).to_be_visible()
    expect(page.get_by_label("Name of the method")).to_have_value("DVIS")
    page.get_by_label("Mode").fill("online")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("heading", name="Rank 1 of 1")).to_be_visible(timeout=SCORED_MS)
    assert Submission.objects.get().variant.factors == {"backbone": "x" * 100, "mode": "online"}


@pytest.mark.parametrize("scripts", [True, False])
def test_an_empty_form_says_all_that_is_missing_and_leads_to_it(
    scripts: bool, open_page: Callable[..., Page], shapes: Shapes
) -> None:
    page = open_page(java_script_enabled=scripts)
    page.goto(shapes.url)
    page.get_by_role("button", name="Submit", exact=True).click()
    summary = page.get_by_role("alert").filter(has_text="2 fields need a look")
    expect(summary).to_be_focused()
    wanted = "Choose a results.json, or a zip archive that holds one."
    expect(summary.get_by_role("listitem")).to_have_text(
        [re.compile(f"^File: {wanted}"), "Name of the method: Name the method, or choose one of yours."]
    )
    file, name = page.locator("#id_file"), page.get_by_label("Name of the method")
    expect(file).to_have_accessible_description(wanted)
    expect(name).to_have_accessible_description("Name the method, or choose one of yours.")
    summary.get_by_role("link", name="Name of the method").click()
    expect(name).to_be_focused()
    if scripts:
        name.fill("DVIS")
        expect(name).to_have_accessible_description("")
        file.set_input_files(shapes.write(shapes.good))
        expect(page.get_by_text(wanted, exact=True)).to_have_count(0)


def test_plain_form_works_without_scripts(open_page: Callable[..., Page], shapes: Shapes) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(shapes.url)
    page.locator("[name=file]").set_input_files(shapes.write(shapes.good))
    submit(page)
    expect(page).to_have_url(re.compile("/submissions/"))
    # The page asks again by itself (a refresh every three seconds).
    expect(page.get_by_role("heading", name="Rank 1 of 1")).to_be_visible(timeout=SCORED_MS)


def test_everything_is_reached_by_keyboard(open_page: Callable[..., Page], shapes: Shapes) -> None:
    page = open_page()
    page.goto(shapes.url)
    page.locator("h1 a").focus()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()")
        )
    order = ["file", "method_name", "variant_name", "note", "visibility", "Submit"]
    assert [name for name in reached if name in order] == order
    page.locator("[name=file]").focus()
    assert page.locator(".drop").evaluate("zone => getComputedStyle(zone).outlineStyle") == "solid"
    page.locator("[name=file]").set_input_files(shapes.write(shapes.good))
    expect(page.get_by_text("Uploaded:")).to_be_visible()
    page.get_by_label("Name of the method").focus()
    page.keyboard.type("DVIS")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Rank 1 of 1")).to_be_visible(timeout=SCORED_MS)
    page.get_by_role("link", name="AP50").last.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?videos=AP50"))


def test_withdrawn_while_it_waits(
    open_page: Callable[..., Page], shapes: Shapes, live_site: LiveSite
) -> None:
    page = open_page()
    page.goto(shapes.url)
    page.get_by_label("choose it").set_input_files(shapes.write(shapes.good))
    expect(page.get_by_text("Uploaded:")).to_be_visible()
    with paused(live_site.worker):
        submit(page)
        expect(page.locator(".status-line")).to_contain_text("Queued")
        page.get_by_role("button", name="Withdraw").click()
        expect(page.get_by_text("Withdrawn", exact=True)).to_be_visible()
