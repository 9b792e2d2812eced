"""The player in a real browser: its pixels, its colours, its keys, and what it says."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect
from pycocotools import mask as coco_mask

from evaluator.synthetic.vis import write_benchmark
from tests.e2e.test_crawl import AXE, HIDDEN_PARTS, RUN_AXE
from tests.evaluator.playback.stores import pieces
from tests.support.factories import OPEN, make_blob, make_submission
from tests.support.live import LiveSite
from tests.support.player import Stores, served
from webapp.benchmarks.services import benchmark_import
from webapp.charts.palette import DARK

pytestmark = pytest.mark.browser
FRAMES, HEIGHT, WIDTH = 70, 90, 160
NOBODY = (150, 156, 166)
PALETTE = [tuple(bytes.fromhex(text[1:])) for text in DARK]
FILES = {"a": "strong", "b": "weak"}
# The last frame is that of another shape, and the one before is not there.
ODD, MISSING = FRAMES - 1, FRAMES - 2
READ = """pane => {
  const canvas = document.querySelectorAll("canvas.masks")[pane];
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let text = "";
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return btoa(text);
}"""


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    folder = tmp_path_factory.mktemp("player") / "benchmark"
    write_benchmark(folder, videos=1, frames=FRAMES, height=HEIGHT, width=WIDTH, seed=7)
    (video,) = (folder / "frames").iterdir()
    (video / f"{MISSING:05d}.jpg").unlink()
    write_benchmark(folder / "other", videos=1, frames=1, height=64, width=64, seed=1)
    (other,) = (folder / "other/frames").iterdir()
    (other / "00000.jpg").replace(video / f"{ODD:05d}.jpg")
    return Stores(folder)


@pytest.fixture(scope="module")
def site(stores: Stores) -> Iterator[str]:
    with served(stores) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def open_player(page: Page, site: str, layers: str = "truth,a,b", **state: Any) -> None:
    hash_ = "&".join(f"{name}={value}" for name, value in state.items())
    page.goto(f"{site}/page/{layers}#{hash_}")
    expect_frame(page, int(state.get("frame", 1)))
    expect(page.locator("[data-event=new] .count")).not_to_have_text("0") if "truth,a" in layers else None


def expect_frame(page: Page, number: int) -> None:
    expect(page.locator("#player")).to_have_attribute("data-frame", str(number))


def pixels(page: Page, pane: int) -> NDArray[np.uint8]:
    """[height, width, red green blue alpha] of the masks in a pane, when what is wanted is shown."""
    expect(page.locator("[data-stage]")).to_have_attribute("aria-busy", "false")
    return np.frombuffer(base64.b64decode(page.evaluate(READ, pane)), np.uint8).reshape(HEIGHT, WIDTH, 4)


def layer_masks(stores: Stores, key: str, frame: int) -> list[NDArray[np.bool_]]:
    """The masks of a frame by pycocotools, in the order of the player's list."""
    if key == "truth":
        entries = json.loads((stores.folder / "annotations.json").read_text())["annotations"]
        entries.sort(key=lambda one: one["category_id"])
    else:
        path = stores.folder / "predictions" / FILES[key] / "results.json"
        entries = sorted(json.loads(path.read_text()), key=lambda one: -one["score"])
    found = []
    for entry in entries:
        mask = entry["segmentations"][frame]
        if mask and isinstance(mask["counts"], list):
            mask = coco_mask.frPyObjects(mask, HEIGHT, WIDTH)
        found.append(coco_mask.decode(mask).astype(bool) if mask else np.zeros((HEIGHT, WIDTH), bool))
    return found


def events(stores: Stores, key: str) -> dict[str, Any]:
    path = stores.folder / f"{key}-events.store"
    found: dict[str, Any] = json.loads(pieces(path, stores.indices[f"{key}-events"], 1)[0])
    return found


def colours(stores: Stores, key: str, frame: int) -> list[tuple[int, ...]]:
    """Colours of the objects of a layer: those of the annotated objects on which they lie."""
    if key == "truth":
        return [PALETTE[n % len(PALETTE)] for n in range(len(layer_masks(stores, key, frame)))]
    found = []
    for prediction in events(stores, key)["predictions"]:
        on = [person for since, person in prediction["on"] if since <= frame][-1]
        found.append(NOBODY if on is None else PALETTE[on % len(PALETTE)])
    return found


def painted(masks: list[NDArray[np.bool_]], hues: list[tuple[int, ...]]) -> NDArray[np.uint8]:
    """What is to be seen: the first object above all others."""
    picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    for mask, hue in reversed(list(zip(masks, hues, strict=True))):
        picture[mask] = (*hue, 255)
    return picture


def test_every_pixel_is_that_of_the_masks_and_has_the_colour_of_its_identity(
    page: Page, site: str, stores: Stores
) -> None:
    switches = [at for at, kind, *_ in events(stores, "b")["events"] if kind == "switch"]
    assert switches, "the benchmark has to have an identity switch"
    for frame in {0, 31, 32, FRAMES - 1, switches[0] - 1, switches[0]}:
        open_player(page, site, frame=frame + 1, outlines=0, labels=0, opacity=100)
        expect(page.locator("canvas.masks")).to_have_count(3)
        for pane, key in enumerate(("truth", "a", "b")):
            want = painted(layer_masks(stores, key, frame), colours(stores, key, frame))
            assert (pixels(page, pane) == want).all(), (frame, key)


def test_without_ground_truth_a_track_keeps_its_colour(page: Page, site: str, stores: Stores) -> None:
    for frame in (0, 40):
        open_player(page, site, "a", frame=frame + 1, outlines=0, labels=0, opacity=100)
        masks = layer_masks(stores, "a", frame)
        want = painted(masks, [PALETTE[n % len(PALETTE)] for n in range(len(masks))])
        assert (pixels(page, 0) == want).all()


def test_a_difference_shows_what_is_in_one_of_two_and_in_both(page: Page, site: str, stores: Stores) -> None:
    open_player(page, site, "a,b", frame=20, mode="difference", opacity=100)
    expect(page.locator(".pane figcaption")).to_have_text("only in Strongonly in Weakin both")
    first, second = (np.any(layer_masks(stores, key, 19), axis=0) for key in ("a", "b"))
    shown = pixels(page, 0)
    for region in (first & ~second, second & ~first, first & second):
        assert region.any()
        assert len(np.unique(shown[region], axis=0)) == 1
    assert (shown[~first & ~second] == 0).all()
    assert len(np.unique(shown.reshape(-1, 4), axis=0)) == 4


def test_an_outline_takes_the_border_of_a_mask_and_leaves_its_inside(
    page: Page, site: str, stores: Stores
) -> None:
    open_player(page, site, "truth", frame=10, labels=0, opacity=0)
    shown = pixels(page, 0)
    masks = layer_masks(stores, "truth", 9)
    union = np.any(masks, axis=0)
    assert (shown[~union] == 0).all()
    border = ~masks[0]
    for shift in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        border |= ~np.roll(masks[0], shift, (0, 1))
    border[[0, -1]], border[:, [0, -1]] = True, True
    assert (shown[masks[0] & border][:, 3] > 200).all()


def test_everything_can_be_done_with_keys_alone(page: Page, site: str, stores: Stores) -> None:
    open_player(page, site)
    keys = page.keyboard
    for press, frame in (
        *(("ArrowRight", 2), (".", 3), ("f", 4), ("ArrowLeft", 3), (",", 2), ("d", 1)),
        *(("Shift+ArrowRight", 11), ("End", FRAMES), ("Home", 1)),
    ):
        keys.press(press)
        expect_frame(page, frame)
    keys.press("Shift+>")
    expect(page.locator("[data-speed]")).to_have_value("2")
    keys.press("v")
    expect(page.locator("[value=blink]")).to_be_checked()
    keys.press("v")
    expect(page.locator("[value=difference]")).to_be_checked()
    keys.press("v")
    keys.press("2")
    expect(page.locator("[data-layer=a]")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("canvas.masks")).to_have_count(2)
    keys.press("1")
    expect(page.locator("canvas.masks")).to_have_count(1)
    before = pixels(page, 0)
    keys.press("u")
    expect(page.locator("[data-outlines]")).not_to_be_checked()
    keys.press("t")
    expect(page.locator("[data-labels]")).not_to_be_checked()
    keys.press("o")
    keys.press("r")
    expect(page.locator("[data-threshold-value]")).to_have_text("0.05")
    keys.press("j")
    expect(page.locator("[data-solo-name]")).to_contain_text("Only ")
    keys.press("+")
    expect(page.locator("[data-zoom-value]")).to_have_text("1.5×")
    keys.press("Alt+ArrowRight")
    keys.press("[")
    keys.press("Shift+ArrowRight")
    keys.press("]")
    expect(page).to_have_url(
        f"{site}/page/truth,a,b#frame=11&show=b&opacity=65&outlines=0&labels=0&above=0.05&speed=2"
        "&solo=b.1&loop=1-11&zoom=1.5,0.633,0.5"
    )
    page.reload()
    expect_frame(page, 11)
    expect(page.locator("[data-solo-name]")).to_contain_text("Only ")
    keys.press("Escape")
    expect(page.locator("[data-solo]")).to_be_hidden()
    assert (pixels(page, 0) != before).any()
    keys.press("0")
    expect(page.locator("[data-zoom-value]")).to_have_text("Fit")
    keys.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("next identity switch")
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    keys.press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.wait_for_function("document.getElementById('player').dataset.frame === '3'")  # past the loop's end
    keys.press(" ")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    # A click on a button leaves the keys alive: space plays, it does not press the button again.
    page.get_by_role("button", name="One frame on").click()
    keys.press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_the_next_event_is_found_and_told(page: Page, site: str, stores: Stores) -> None:
    open_player(page, site)
    switches = [event for event in events(stores, "b")["events"] if event[1] == "switch"]
    alone = [at for at, *_ in switches]
    page.keyboard.press("2")
    page.keyboard.press("s")
    expect_frame(page, alone[0] + 1)
    expect(page.locator("[data-status]")).to_contain_text(f"Frame {alone[0] + 1}: identity switch.")
    expect(page.locator("[data-event=switch] .count")).to_have_text(str(len(switches)))
    page.keyboard.press("Home")
    page.get_by_role("button", name="false track").click()
    false_at = next(at for at, kind, *_ in events(stores, "b")["events"] if kind == "false" and at > 0)
    expect_frame(page, false_at + 1)


def test_lanes_scrub_and_solo_and_a_click_on_a_mask_picks_it(page: Page, site: str, stores: Stores) -> None:
    open_player(page, site, "truth,a", show="a", outlines=0, labels=0, opacity=100)
    track = page.get_by_role("slider", name="Frame")
    box = track.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 39.5 / FRAMES, box["y"] + 10)
    expect_frame(page, 40)
    expect(track).to_have_attribute("aria-valuetext", f"Frame 40 of {FRAMES}")
    masks = layer_masks(stores, "a", 39)
    picked = next(n for n, mask in enumerate(masks) if mask.any())
    row, column = np.argwhere(masks[picked])[masks[picked].sum() // 2]
    view = page.locator(".view").bounding_box()
    assert view is not None
    scale = view["width"] / WIDTH
    page.mouse.click(view["x"] + (column + 0.5) * scale, view["y"] + (row + 0.5) * scale)
    expect(page.locator("[data-solo]")).to_be_visible()
    hues = colours(stores, "a", 39)
    assert (pixels(page, 0) == painted([masks[picked]], [hues[picked]])).all()


def test_lanes_and_list_say_how_occluded_each_object_is(page: Page, site: str, stores: Stores) -> None:
    open_player(page, site, "truth,a", frame=1)
    expect(page.locator("[data-levels]")).to_be_visible()
    annotated = json.loads((stores.folder / "annotations.json").read_text())["annotations"]
    annotated.sort(key=lambda one: one["category_id"])
    # Close to the lower end of a lane, and as high as severe occlusion alone reaches.
    read = """([lanes, frames]) => {
      const canvas = document.querySelector(".lane-track canvas");
      const at = (x, y) => [...canvas.getContext("2d").getImageData(x, y, 1, 1).data].join();
      const columns = [...Array(frames).keys()].map((t) => Math.floor(((t + 0.5) * canvas.width) / frames));
      return Array.from({ length: lanes }, (_, lane) =>
        columns.map((x) => [26 + 24 * (lane + 1) - 3, 26 + 24 * (lane + 1) - 6].map((y) => at(x, y))));
    }"""
    slight, severe = "66,146,198,255", "8,69,148,255"
    for lane, entry in zip(page.evaluate(read, [len(annotated), FRAMES]), annotated, strict=True):
        found = [
            "severe_occlusion" if high == severe else "slight_occlusion" if low == slight else None
            for low, high in lane
        ]
        assert found == [None if level == "no_occlusion" else level for level in entry["occlusion"]]
    page.get_by_role("group", name="Objects of").get_by_role("button", name="Ground truth").click()
    number = next(n for n, one in enumerate(annotated) if "severe_occlusion" in one["occlusion"])
    first = annotated[number]["occlusion"].index("severe_occlusion") + 1
    cell = page.locator(".object-table tbody tr").nth(number).locator("td").first
    expect(cell).to_contain_text(f"severely occluded in frames {first}")


def test_a_frame_that_is_missing_or_of_another_shape_is_told_and_masks_go_on(page: Page, site: str) -> None:
    open_player(page, site, frame=MISSING + 1)
    status = page.locator("[data-status]")
    expect(status).to_contain_text(f"Frame {MISSING + 1} has no picture: There is no such file.")
    page.keyboard.press("End")
    expect(status).to_contain_text("The frame has 64 x 64 pixels, the annotations say 160 x 90.")
    assert pixels(page, 0).any()
    page.keyboard.press("Home")
    expect(status).not_to_contain_text("no picture")


def test_pictures_and_clips_are_saved(page: Page, site: str, tmp_path: Path) -> None:
    open_player(page, site, loop="3-6", speed=10)
    with page.expect_download() as picture:
        page.keyboard.press("p")
    picture.value.save_as(tmp_path / "frame.png")
    assert (tmp_path / "frame.png").read_bytes()[16:24] == (3 * WIDTH + 16).to_bytes(4) + HEIGHT.to_bytes(4)
    with page.expect_download() as clip:
        page.keyboard.press("c")
    assert clip.value.suggested_filename.endswith((".webm", ".mp4"))
    assert clip.value.path().stat().st_size > 500


def test_accessibility_and_phones(browser: Browser, site: str) -> None:
    for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light"), (320, "dark")):
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        page = context.new_page()
        open_player(page, site)
        page.evaluate(AXE)
        assert page.evaluate(RUN_AXE) == []
        assert page.evaluate(HIDDEN_PARTS) == []
        context.close()


def test_the_page_of_a_video_plays_what_was_submitted_and_lists_it_without_scripts(
    browser: Browser, live_site: LiveSite, stores: Stores
) -> None:
    truth = stores.folder / "annotations.json"
    done = benchmark_import(
        slug="clips",
        evaluator="ovis",
        split="val",
        ground_truth=truth,
        rules={**OPEN, "ground_truth_public": True},
        name="Clips",
    )
    rows = []
    for key in ("a", "b"):
        file = stores.folder / "predictions" / FILES[key] / "results.json"
        rows.append(make_submission(split=done.split, blob=make_blob(file.read_bytes())))
    live_site.settle()
    address = f"{live_site.url}/benchmarks/clips/videos/1/?split=val&submissions={rows[0].pk},{rows[1].pk}"
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
    page.goto(f"{address}#frame=40&outlines=0&labels=0&opacity=100")
    # What is not prepared yet comes by itself.
    expect(page.locator("[data-event=switch] .count")).not_to_have_text("0", timeout=60_000)
    expect(page.locator("#video-state .alert")).to_have_count(0)
    expect_frame(page, 40)
    expect(page.locator("canvas.masks")).to_have_count(3)
    for pane, key in enumerate(("truth", "a", "b")):
        want = painted(layer_masks(stores, key, 39), colours(stores, key, 39))
        assert (pixels(page, pane) == want).all(), key
    assert faults == []
    context.close()
    plain = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = plain.new_page()
    page.goto(address)
    count = len(layer_masks(stores, "truth", 0))
    expect(page.get_by_text(f"Ground truth: {count} objects.")).to_be_visible()
    expect(page.get_by_role("table").first.get_by_role("row")).to_have_count(count + 1)
    expect(page.locator("#player")).to_be_hidden()
    plain.close()
