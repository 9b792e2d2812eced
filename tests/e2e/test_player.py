"""The player in a real browser: its pixels, its colours, its keys, and what it says."""

import base64
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, CDPSession, Page, Route, ViewportSize, expect

from evaluator.synthetic import vps, vss
from evaluator.synthetic.vis import write_benchmark
from tests.e2e.test_crawl import AXE, HIDDEN_PARTS, RUN_AXE
from tests.support.factories import OPEN, make_blob, make_submission
from tests.support.live import LiveSite
from tests.support.player import Stores, served
from tests.support.player_pictures import (
    FRAMES,
    HEIGHT,
    MISSING,
    ODD,
    PALETTE,
    WIDTH,
    colours,
    entries,
    events,
    expected,
    frame_of,
    layer_masks,
    looked_at,
    map_expected,
    painted,
)
from webapp.benchmarks.services import benchmark_import

pytestmark = pytest.mark.browser
PLAIN: dict[str, Any] = {"outlines": 0, "labels": 0, "opacity": 100}
READ = """([kind, pane]) => {
  const canvas = document.querySelectorAll(`canvas.${kind}`)[pane];
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let text = "";
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return { pixels: btoa(text), shape: [canvas.height, canvas.width, 4],
    caption: canvas.closest("figure").querySelector("figcaption").textContent,
    frame: Number(document.getElementById("player").dataset.frame) - 1 };
}"""
SIZE: ViewportSize = {"width": 1280, "height": 900}
NEXT_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
PASTE = """async () => {
  const [item] = await navigator.clipboard.read();
  const bytes = new Uint8Array(await (await item.getType("image/png")).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""
# The pictures of a film, of which it has at most 50 in a second.
WATCH = """async (source) => {
  const film = document.createElement("video");
  film.muted = true;
  const pictureOf = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [film.videoWidth, film.videoHeight];
    canvas.getContext("2d").drawImage(film, 0, 0);
    return canvas.toDataURL("image/png").split(",")[1];
  };
  film.src = URL.createObjectURL(await (await fetch(source)).blob());
  await new Promise((done) => (film.onloadeddata = done));
  const seek = (at) => new Promise((done) => { film.onseeked = done; film.currentTime = at; });
  await seek(1e6); // a recorder does not write how long a film is: the end tells
  while (!Number.isFinite(film.duration)) await new Promise((done) => setTimeout(done, 20));
  const end = film.duration;
  const pictures = [];
  for (let at = 0; at < end + 0.02; at += 0.02) {
    await seek(Math.min(at, end));
    pictures.push(pictureOf());
  }
  return pictures;
}"""


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    folder = tmp_path_factory.mktemp("player") / "benchmark"
    write_benchmark(folder, videos=1, frames=FRAMES, height=HEIGHT, width=WIDTH, seed=3)
    (video,) = (folder / "frames").iterdir()
    (video / f"{MISSING:05d}.jpg").unlink()
    Image.new("RGB", (64, 64)).save(video / f"{ODD:05d}.jpg")
    return Stores(folder)


@pytest.fixture(scope="module")
def site(stores: Stores) -> Iterator[str]:
    with served(stores) as url:
        yield url


@pytest.fixture(scope="module")
def one_page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport=SIZE,
        locale="en-GB",
        has_touch=True,
        permissions=["clipboard-read", "clipboard-write"],
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def page(one_page: Page) -> Iterator[Page]:
    """One page for all tests: each opens the player in a state of its own. A script error fails the test."""
    faults: list[str] = []

    def note(error: Exception) -> None:
        faults.append(str(error))

    one_page.on("pageerror", note)
    one_page.set_viewport_size(SIZE)
    yield one_page
    one_page.unroute_all()
    one_page.remove_listener("pageerror", note)
    assert faults == []


def open_player(
    page: Page, site: str, layers: str = "truth,a,b", *, is_explained: bool = True, **state: Any
) -> None:
    hash_ = "&".join(f"{name}={value}" for name, value in {"frame": 1, **state}.items())
    address = f"{site}/page/{layers}#{hash_}"
    page.goto(address)
    # Where only what stands behind the # differs the page stays, and says a little later where it was.
    page.evaluate(
        "address => { history.replaceState(null, '', address); dispatchEvent(new Event('hashchange')); }",
        address,
    )
    page.evaluate(NEXT_FRAMES)
    expect_frame(page, int(state.get("frame", 1)))
    expect(page.locator("[data-stage]")).to_have_attribute("aria-busy", "false")
    if "truth,a" in layers and is_explained:
        expect(page.locator("[data-event=new] .count")).not_to_have_text("0")


def expect_frame(page: Page, number: int) -> None:
    expect(page.locator("#player")).to_have_attribute("data-frame", str(number))


def read(page: Page, kind: str, pane: int) -> tuple[NDArray[np.uint8], str, int]:
    """The pixels of a canvas of a pane now, [height, width, 4]; the pane's caption; the frame."""
    found = page.evaluate(READ, [kind, pane])
    flat = np.frombuffer(base64.b64decode(found["pixels"]), np.uint8)
    return flat.reshape(found["shape"]), found["caption"], found["frame"]


def pixels(page: Page, pane: int, kind: str = "masks") -> NDArray[np.uint8]:
    """[height, width, red green blue alpha] of a canvas in a pane, when what is wanted is shown."""
    expect(page.locator("[data-stage]")).to_have_attribute("aria-busy", "false")
    if kind == "frame":  # masks do not wait for a picture that takes long
        expect(page.locator("#player")).to_have_attribute("data-picture", re.compile("[0-9]"))
    return read(page, kind, pane)[0]


def test_every_pixel_is_that_of_the_masks_with_the_colour_of_its_identity_on_its_own_frame(
    page: Page, site: str, stores: Stores
) -> None:
    switches = [at for at, kind, *_ in events(stores, "b")["events"] if kind == "switch"]
    assert switches, "the benchmark has to have an identity switch"
    for frame in {0, 31, 32, MISSING - 1, switches[0] - 1, switches[0]}:
        open_player(page, site, frame=frame + 1, **PLAIN)
        expect(page.locator("canvas.masks")).to_have_count(3)
        for pane, key in enumerate(("truth", "a", "b")):
            assert (pixels(page, pane) == expected(stores, key, frame)).all(), (frame, key)
            assert frame_of(stores, pixels(page, pane, "frame")) == frame


def test_where_the_screen_has_fewer_pixels_each_is_that_of_the_video_below_its_middle(
    page: Page, site: str, stores: Stores
) -> None:
    open_player(page, site, "truth,a", frame=20, **PLAIN)
    page.set_viewport_size({"width": 150, "height": 600})
    expect(page.locator("[data-panes='2']")).to_be_visible()
    page.wait_for_function("document.querySelector('canvas.masks').width < 150")
    for key, pane in (("truth", 0), ("a", 1)):
        shown = pixels(page, pane)
        height, width = shown.shape[:2]
        rows = np.floor((np.arange(height) + 0.5) * HEIGHT / height).astype(int)
        columns = np.floor((np.arange(width) + 0.5) * WIDTH / width).astype(int)
        assert (shown == expected(stores, key, 19)[rows][:, columns]).all(), key
    with page.expect_download() as picture:
        page.keyboard.press("p")
    with Image.open(picture.value.path()) as saved:
        assert saved.size == (2 * WIDTH + 8, HEIGHT)
    page.keyboard.press("+")
    page.wait_for_function(f"document.querySelector('canvas.masks').width === {WIDTH}")
    assert (pixels(page, 0) == expected(stores, "truth", 19)).all()


def test_without_ground_truth_a_track_keeps_its_colour(page: Page, site: str, stores: Stores) -> None:
    for frame in (0, 35):
        open_player(page, site, "a", frame=frame + 1, **PLAIN)
        masks = layer_masks(stores, "a", frame)
        want = painted(masks, [PALETTE[n % len(PALETTE)] for n in range(len(masks))])
        assert (pixels(page, 0) == want).all()


@pytest.mark.parametrize("benchmark", ["vipseg", "vspw"])
def test_every_pixel_of_maps_is_that_of_the_png(benchmark: str, page: Page, tmp_path: Path) -> None:
    write = vps.write_benchmark if benchmark == "vipseg" else vss.write_benchmark
    write(tmp_path, videos=1, frames=3, height=HEIGHT, width=WIDTH, seed=3)
    stores = Stores(tmp_path, benchmark)
    with served(stores) as site:
        for frame in range(3):
            is_explained = benchmark == "vipseg"
            open_player(page, site, "truth,a", is_explained=is_explained, frame=frame + 1, **PLAIN)
            for pane, key in enumerate(("truth", "a")):
                assert (pixels(page, pane) == map_expected(stores, key, frame)).all(), (frame, key)
                folder = next((tmp_path / "frames").iterdir())
                picture = np.asarray(Image.open(folder / f"{frame:05d}.jpg"), np.int16)
                assert np.abs(picture - pixels(page, pane, "frame")[..., :3]).mean() < 2
        page.goto("about:blank")


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


def test_blinking_shows_one_and_the_other_in_one_place(page: Page, site: str, stores: Stores) -> None:
    open_player(page, site, frame=20, mode="blink", show="a,b", **PLAIN)
    for key, title in (("a", "Strong"), ("b", "Weak")):
        page.locator(".pane figcaption", has_text=title).wait_for()
        shown, caption, _ = read(page, "masks", 0)
        assert caption == title
        assert (shown == expected(stores, key, 19)).all()
    expect(page.locator("canvas.masks")).to_have_count(1)


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
    # A link is followed while it plays: what it shows stands still.
    page.evaluate("location.hash = '#frame=7'")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.wait_for_timeout(400)
    expect_frame(page, 7)


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
    open_player(page, site, "truth,a", show="a", **PLAIN)
    track = page.get_by_role("slider", name="Frame")
    box = track.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 29.5 / FRAMES, box["y"] + 10)
    expect_frame(page, 30)
    expect(track).to_have_attribute("aria-valuetext", f"Frame 30 of {FRAMES}")
    masks = layer_masks(stores, "a", 29)
    picked = next(n for n, mask in enumerate(masks) if mask.any())
    row, column = np.argwhere(masks[picked])[masks[picked].sum() // 2]
    view = page.locator(".view").bounding_box()
    assert view is not None
    scale = view["width"] / WIDTH
    page.mouse.click(view["x"] + (column + 0.5) * scale, view["y"] + (row + 0.5) * scale)
    expect(page.locator("[data-solo]")).to_be_visible()
    hues = colours(stores, "a", 29)
    assert (pixels(page, 0) == painted([masks[picked]], [hues[picked]])).all()


def test_lanes_and_list_say_how_occluded_each_object_is(page: Page, site: str, stores: Stores) -> None:
    open_player(page, site, "truth,a", frame=1)
    expect(page.locator("[data-levels]")).to_be_visible()
    annotated = entries(stores.truth)
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


def test_a_frame_that_is_missing_or_of_another_shape_is_told_and_masks_go_on(
    page: Page, site: str, stores: Stores
) -> None:
    open_player(page, site, frame=MISSING + 1, **PLAIN)
    status = page.locator("[data-status]")
    expect(status).to_contain_text(f"Frame {MISSING + 1} has no picture: There is no such file.")
    page.keyboard.press("End")
    expect(status).to_contain_text("The frame has 64 x 64 pixels, the annotations say 160 x 90.")
    assert (pixels(page, 0) == expected(stores, "truth", ODD)).all()
    page.keyboard.press("Home")
    expect(status).not_to_contain_text("no picture")


def test_what_fails_for_a_moment_is_tried_again_and_what_is_gone_is_said(
    page: Page, site: str, stores: Stores
) -> None:
    status = page.locator("[data-status]")
    for kind in ("*.bin*", "*a.store"):
        refused: list[str] = []
        open_player(page, site, "a", frame=1, **PLAIN)
        page.goto("about:blank")
        page.route(f"**/{kind}", first_refused(refused))
        open_player(page, site, "a", frame=1, **PLAIN)
        page.keyboard.press("ArrowRight")
        assert (pixels(page, 0, "frame")[..., 3] == 255).all()
        assert frame_of(stores, pixels(page, 0, "frame")) == 1
        expect(status).to_have_text("")
        assert len(refused) > 1, kind
        page.unroute(f"**/{kind}")
    page.goto("about:blank")
    page.route(
        "**/*a.store", lambda route: route.fulfill(status=404, json={"detail": "There is nothing here."})
    )
    page.goto(f"{site}/page/a#frame=1")
    expect(status).to_have_text("Strong: There is nothing here. Load the page again to see what is there.")
    expect(page.locator("[data-stage]")).to_have_attribute("aria-busy", "false")
    page.unroute("**/*a.store")
    page.goto("about:blank")


def first_refused(asked: list[str]) -> Callable[[Route], None]:
    """Answer the first request with 503, and note all of them."""

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=503, body="busy")
        else:
            route.fallback()

    return answer


def test_a_submission_without_an_object_has_a_lane_that_says_so_and_of_very_many_the_best_are_listed(
    page: Page, stores: Stores, tmp_path: Path
) -> None:
    false = next(prediction for _, kind, prediction, *_ in events(stores, "a")["events"] if kind == "false")
    one = entries(stores.submission("a"))[false]
    ids = list(stores.categories)  # of each the first hundred count
    strong = [{**one, "score": n / 300, "category_id": ids[n % len(ids)]} for n in range(1, 300)]
    files: dict[str, list[dict[str, Any]]] = {"strong": strong, "weak": []}
    for name in ("annotations.json", "frames"):
        (tmp_path / name).symlink_to(stores.folder / name)
    for name, entries_ in files.items():
        (tmp_path / "predictions" / name).mkdir(parents=True)
        (tmp_path / "predictions" / name / "results.json").write_text(json.dumps(entries_))
    with served(Stores(tmp_path)) as site:
        open_player(page, site)
        lanes = page.locator(".lane-names li")
        expect(lanes.last).to_have_text("Weak has no object in this video.")
        expect(lanes.filter(has_text="False tracks of Strong")).to_have_count(1)
        assert not pixels(page, 2).any()
        expect(page.locator("button.object")).to_have_count(200)
        expect(page.locator(".list-note")).to_have_text("The 200 with the highest scores of 299 are listed.")
        expect(page.locator("button.object").last).to_have_attribute("data-object", "199")
        expect(lanes.filter(has_text=re.compile(r"^and \d+ more$"))).to_have_count(1)
        page.goto("about:blank")


def test_pictures_and_clips_are_what_is_seen(page: Page, site: str, stores: Stores, tmp_path: Path) -> None:
    open_player(page, site, frame=2, loop="4-9", speed=4, show="truth,a", **PLAIN)
    with page.expect_download() as picture:
        page.keyboard.press("p")
    saved = np.asarray(Image.open(picture.value.path()).convert("RGB"), np.int16)
    seen = np.concatenate(
        [looked_at(stores, "truth", 1), np.full((HEIGHT, 8, 3), 255), looked_at(stores, "a", 1)], 1
    )
    assert saved.shape == seen.shape
    assert np.abs(saved - seen).mean() < 2
    page.keyboard.press("y")
    expect(page.locator("[data-status]")).to_have_text("The picture is in the clipboard.")
    pasted = Image.open(io.BytesIO(base64.b64decode(page.evaluate(PASTE)))).convert("RGB")
    assert (np.asarray(pasted, np.int16) == saved).all()
    page.keyboard.press("c")
    expect(page.locator("[data-status]")).to_contain_text("Saving the clip: frame ")
    page.keyboard.press("Home")
    expect(page.locator("[data-status]")).to_have_text("The clip was not saved: another frame was chosen.")
    expect_frame(page, 1)
    with page.expect_download() as clip:
        page.keyboard.press("c")
    film = clip.value
    assert film.suggested_filename.endswith((".webm", ".mp4"))
    file = stores.folder / f"clip{Path(film.suggested_filename).suffix}"
    film.save_as(file)
    played = []
    for text in page.evaluate(WATCH, f"/stores/{file.name}"):
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB"), np.int16)
        apart = [np.abs(shown[:, :WIDTH] - looked_at(stores, "truth", at)).mean() for at in range(12)]
        played.append(int(np.argmin(apart)))
    assert sorted(set(played)) == [3, 4, 5, 6, 7, 8]
    assert played == sorted(played)


def test_fingers_scrub_zoom_and_move_and_what_passes_is_one_frame_with_its_masks(
    page: Page, site: str, stores: Stores
) -> None:
    open_player(page, site, "truth,a", show="a", **PLAIN)
    device = page.context.new_cdp_session(page)
    track = page.get_by_role("slider", name="Frame").bounding_box()
    view = page.locator(".view").bounding_box()
    assert track is not None
    assert view is not None
    touch(device, "touchStart", (track["x"] + 2, track["y"] + 10))
    passed = set()
    for frame in (*range(2, 36, 3), *range(35, 5, -4)):
        touch(device, "touchMove", (track["x"] + track["width"] * (frame + 0.5) / FRAMES, track["y"] + 10))
        page.evaluate(NEXT_FRAMES)
        shown, _, at = read(page, "masks", 0)
        picture, _, later = read(page, "frame", 0)
        assert (shown == expected(stores, "a", at)).all()
        if at == later:
            assert frame_of(stores, picture) == at
            passed.add(at)
    touch(device, "touchEnd")
    expect_frame(page, 8)
    assert len(passed) > 5
    middle = view["x"] + view["width"] / 2, view["y"] + view["height"] / 2
    touch(device, "touchStart", *fingers(middle, 40))
    for apart in (60, 80):
        touch(device, "touchMove", *fingers(middle, apart))
    touch(device, "touchEnd")
    zoom = page.locator("[data-zoom-value]")
    expect(zoom).to_have_text("2.0×")
    assert page.evaluate("visualViewport.scale") == 1
    expect_zoom(page, 2, 0.5)
    touch(device, "touchStart", middle)
    for moved in (0.1, 0.2):
        touch(device, "touchMove", (middle[0] - moved * view["width"], middle[1]))
    touch(device, "touchEnd")
    expect_zoom(page, 2, 0.6)
    page.mouse.move(*middle)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    expect(zoom).to_have_text("3.3×")
    page.keyboard.press("0")
    expect(zoom).to_have_text("Fit")
    device.detach()


def expect_zoom(page: Page, zoom: float, x: float) -> None:
    """The address says how large the picture is, and which part of its width is in the middle."""
    expect(page).to_have_url(re.compile(r"frame=8&.*&zoom="))
    page.wait_for_timeout(300)  # the address follows a little later
    found = [float(part) for part in page.url.rpartition("zoom=")[2].split(",")]
    assert found == pytest.approx([zoom, x, 0.5], abs=0.01)


def touch(device: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    found = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
    device.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": found})


def fingers(middle: tuple[float, float], apart: float) -> list[tuple[float, float]]:
    return [(middle[0] - apart, middle[1]), (middle[0] + apart, middle[1])]


def test_the_whole_screen_is_the_players(page: Page, site: str) -> None:
    open_player(page, site)
    for name in ("player", None):
        page.keyboard.press("Shift+F")
        page.wait_for_function("name => (document.fullscreenElement?.id ?? null) === name", arg=name)


def test_accessibility_and_phones(page: Page, site: str) -> None:
    open_player(page, site)
    page.evaluate(AXE)
    try:
        looks: list[tuple[int, Literal["light", "dark"]]]
        looks = [(1280, "light"), (1280, "dark"), (390, "dark"), (320, "light")]
        for width, scheme in looks:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(RUN_AXE) == []
            assert page.evaluate(HIDDEN_PARTS) == []
    finally:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.emulate_media(color_scheme=None)


def test_the_page_of_a_video_plays_what_was_submitted_and_lists_it_without_scripts(
    browser: Browser, live_site: LiveSite, stores: Stores, tmp_path: Path
) -> None:
    frames = tmp_path / "frames"
    shutil.copytree(stores.folder / "frames", frames)
    (folder,) = frames.iterdir()
    for n in (MISSING, ODD):
        shutil.copy(folder / "00000.jpg", folder / f"{n:05d}.jpg")
    done = benchmark_import(
        slug="clips",
        evaluator="ovis",
        split="val",
        ground_truth=stores.truth,
        frames=frames,
        rules={**OPEN, "ground_truth_public": True, "frames_public": True},
        name="Clips",
    )
    (folder / f"{MISSING:05d}.jpg").unlink()
    (folder / f"{ODD:05d}.jpg").write_bytes(b"no picture")
    rows = []
    for key in ("a", "b"):
        blob = make_blob(stores.submission(key).read_bytes())
        rows.append(make_submission(split=done.split, blob=blob))
    live_site.settle()
    address = f"{live_site.url}/benchmarks/clips/videos/1/?split=val&submissions={rows[0].pk},{rows[1].pk}"
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
    page.goto(f"{address}#frame=36&outlines=0&labels=0&opacity=100")
    # What is not prepared yet comes by itself.
    expect(page.locator("[data-event=switch] .count")).not_to_have_text("0", timeout=60_000)
    expect(page.locator("#video-state .alert")).to_have_count(0)
    expect_frame(page, 36)
    expect(page.locator("canvas.masks")).to_have_count(3)
    for pane, key in enumerate(("truth", "a", "b")):
        assert (pixels(page, pane) == expected(stores, key, 35)).all(), key
        assert frame_of(stores, pixels(page, pane, "frame")) == 35
    for frame, fault in ((MISSING, "is missing"), (ODD, "is broken: it cannot be decoded")):
        page.locator("[data-goto]").fill(str(frame + 1))
        page.keyboard.press("Enter")
        status = page.locator("[data-status]")
        expect(status).to_contain_text(f"Frame {frame + 1} has no picture: Frame {frame + 1} of")
        expect(status).to_contain_text(f"{fault}. Its masks are shown on a plain ground.")
        assert (pixels(page, 2) == expected(stores, "b", frame)).all()
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
