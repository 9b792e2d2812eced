"""Uploading a checkpoint in a real browser: with scripts, after a reload, and without scripts."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.test_submit import limit_speed, uploads
from webapp.blobs.storage import blob_bytes
from webapp.checkpoints.models import Checkpoint
from webapp.uploads.models import Upload

ADDRESS = "/checkpoints/upload/"


def write(folder: Path, size: int = 1000) -> Path:
    path = folder / "dvis.pth"
    path.write_bytes(b"w" * size)
    return path


def test_checkpoint_is_kept_before_its_upload_has_ended_and_goes_on_after_a_reload(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page, file = open_page(), write(tmp_path, size=12_000_000)
    page.goto(ADDRESS)
    limit_speed(page, 2_000_000)
    page.get_by_label("choose it").set_input_files(file)
    page.get_by_role("button", name="Save the checkpoint").click()
    expect(page.get_by_text("as soon as the upload is complete")).to_be_visible()
    expect(page.get_by_text(re.compile("about .* left"))).to_be_visible()
    page.reload()
    limit_speed(page, -1)
    requests = uploads(page)
    page.get_by_label("choose it").set_input_files(file)
    expect(page.get_by_text("Uploaded: 12.0 MB.")).to_be_visible(timeout=30_000)
    assert requests[0].method == "HEAD"  # the same upload goes on
    page.get_by_role("textbox", name="Name").fill("DVIS R50")
    page.get_by_role("button", name="Save the checkpoint").click()
    expect(page.get_by_role("heading", name="DVIS R50")).to_be_visible()
    expect(page.get_by_text("Queued")).to_be_visible()
    checkpoint = Checkpoint.objects.get()
    assert (checkpoint.name, checkpoint.filename) == ("DVIS R50", "dvis.pth")
    assert blob_bytes(checkpoint.source) == file.read_bytes()
    assert Upload.objects.count() == 1


def test_plain_form_keeps_a_checkpoint_without_scripts(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(ADDRESS)
    page.get_by_label("choose it").set_input_files(write(tmp_path))
    page.get_by_text("Everybody").click()
    page.get_by_role("button", name="Save the checkpoint").click()
    expect(page.get_by_role("heading", name="dvis.pth")).to_be_visible()
    assert Checkpoint.objects.get().visibility == "public"
