"""Frames of videos: whose they are to see, and that nothing but pixels of listed files leaves the server."""

import io
import os
import struct
import zlib
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from PIL import Image, ImageChops, ImageStat

from tests.support.factories import make_split, make_user
from webapp.benchmarks.models import FrameNames, Split
from webapp.playback import files
from webapp.playback.permissions import FOR_ALL

pytestmark = pytest.mark.django_db
HEIGHT, WIDTH = 540, 960
PEOPLE = ("nobody", "other", "member", "staff")
DOORS = ("", "/api/v1")


def picture(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Red grows to the right, green downwards."""
    ramp = Image.linear_gradient("L")
    return Image.merge("RGB", (ramp.rotate(90), ramp, Image.new("L", ramp.size, 99))).resize((width, height))


def jpeg(**options: Any) -> bytes:
    written = io.BytesIO()
    picture().save(written, "JPEG", quality=95, **options)
    return written.getvalue()


@pytest.fixture
def split(tmp_path: Path) -> Split:
    """A split with public frames: one video of three, which its ground truth lists."""
    root = tmp_path / "frames"
    (root / "clip").mkdir(parents=True)
    for index in range(3):
        (root / "clip" / f"{index}.jpg").write_bytes(jpeg())
    row = {"id": 7, "name": "clip", "length": 3, "height": HEIGHT, "width": WIDTH}
    split = make_split("shapes", frames_dir=str(root), frames_public=True, videos=[row], video_count=1)
    list_frames(split, "clip/0.jpg", "clip/1.jpg", "clip/2.jpg")
    return split


def list_frames(split: Split, *names: str, video: str = "7") -> None:
    FrameNames.objects.update_or_create(split=split, defaults={"names": {video: list(names)}})


def plain(colour: str) -> Image.Image:
    return Image.new("RGB", (WIDTH, HEIGHT), colour)


def ask(
    index: int | str = 0, size: str = "full", client: Client | None = None, video: int = 7, door: str = ""
) -> Any:
    address = f"{door}/benchmarks/shapes/videos/{video}/frames/{size}/{index}.jpg"
    return (client or Client()).get(address, headers={"Range": "bytes=0-9"})


def opened(response: HttpResponse) -> Image.Image:
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    return Image.open(io.BytesIO(response.content))


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of a channel, of 255."""
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def refusal(response: HttpResponse, tmp_path: Path) -> str:
    """The code of a refusal, whose sentence names no path."""
    assert (response.status_code, response["Content-Type"]) == (404, "application/json")
    said = response.json()  # type: ignore[attr-defined]  # of the test client
    assert said["message"].endswith(".")
    assert str(tmp_path) not in response.content.decode()
    assert response["Cache-Control"] == "no-store"
    return str(said["code"])


def people(split: Split) -> dict[str, Client]:
    member = make_user()
    split.benchmark.members.add(member)
    users = {"other": make_user(), "member": member, "staff": make_user(is_staff=True)}
    clients = {name: Client() for name in PEOPLE}
    for name, user in users.items():
        clients[name].force_login(user)
    return clients


def test_a_window_holds_frames_and_nothing_in_place_of_one_that_cannot_be_shown(
    split: Split, tmp_path: Path
) -> None:
    def window(first: int, last: int, size: str = "480") -> Any:
        return Client().get(f"/benchmarks/shapes/videos/7/frames/{size}/{first}-{last}.bin")

    whole = window(0, 1)
    pictures = [ask(index, "480").content for index in (0, 1)]
    sizes = [len(picture).to_bytes(4, "little") for picture in pictures]
    assert whole.content == b"".join((*sizes, *pictures))
    assert (whole["Cache-Control"], whole.get("Content-Encoding")) == (FOR_ALL, None)
    (tmp_path / "frames/clip/1.jpg").unlink()
    lacking = window(0, 1)
    assert lacking.content == sizes[0] + bytes(4) + pictures[0]
    assert lacking["Cache-Control"] == "no-store"  # an organiser may put it right
    (length,) = (video.length for video in split.video_infos() if video.id == 7)
    for first, last, size in ((1, 0, "480"), (0, length, "480"), (0, 16, "480"), (0, 1, "481")):
        assert window(first, last, size).status_code == 404, (first, last, size)


@pytest.mark.parametrize(("size", "wanted"), [("480", (853, 480)), ("720", (960, 540)), ("full", (960, 540))])
def test_a_frame_is_the_picture_in_the_size_that_was_asked_for(
    split: Split, size: str, wanted: tuple[int, int]
) -> None:
    for _ in range(2):  # made, and kept
        found = opened(ask(1, size))
        assert (found.format, found.size) == ("JPEG", wanted)
        assert difference(found, picture(*wanted)) < 3


def test_pixels_alone_travel_and_stand_upright(split: Split, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "SECRET place"
    lying = picture().transpose(Image.Transpose.ROTATE_90)
    written = io.BytesIO()
    lying.save(written, "JPEG", quality=95, exif=exif, comment=b"SECRET comment", icc_profile=b"SECRET" * 99)
    (tmp_path / "frames/clip/0.jpg").write_bytes(written.getvalue())
    for size in ("480", "full"):
        response = ask(0, size)
        found = opened(response)
        assert b"SECRET" not in response.content
        assert difference(found, picture(*found.size)) < 3
        assert found.getexif().get(0x0112) is None


@pytest.mark.parametrize(
    ("state", "visible"),
    [
        ({}, PEOPLE),
        ({"scores_visible": False}, PEOPLE),
        ({"frames_public": False}, ("staff",)),
        ({"opens_at": None}, ("staff",)),
        ({"is_public": False}, ("member", "staff")),
        ({"is_public": False, "frames_public": False}, ("staff",)),
    ],
    ids=str,
)
def test_who_sees_frames_and_what_may_keep_them(
    split: Split, state: dict[str, Any], visible: tuple[str, ...]
) -> None:
    if "is_public" in state:
        split.benchmark.is_public = state.pop("is_public")
        split.benchmark.save()
    Split.objects.filter(pk=split.pk).update(**state)
    for name, client in people(split).items():
        for size, door in product(("480", "full"), DOORS):
            response = ask(0, size, client, door=door)
            assert response.status_code == (200 if name in visible else 404), name
            if visible != PEOPLE:
                assert "public" not in response.get("Cache-Control", "")
            if response.status_code == 404:
                assert b"clip" not in response.content
        seen = client.get("/api/v1/benchmarks/shapes/videos/7").json().get("frames")
        assert (seen is not None) == (name in visible), name
    if visible == PEOPLE:
        assert {ask(door=door)["Cache-Control"] for door in DOORS} == {"public, max-age=3600"}


def huge_png(width: int, height: int) -> bytes:
    """A PNG that says to have so many pixels, and has none."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(99)))


def saved(image: Image.Image, kind: str) -> bytes:
    written = io.BytesIO()
    image.save(written, kind)
    return written.getvalue()


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.unlink(), "frame-missing"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "frame-missing"),
    "a pipe": (lambda path: (path.unlink(), os.mkfifo(path)), "frame-missing"),
    "empty": (lambda path: path.write_bytes(b""), "frame-broken"),
    "text": (lambda path: path.write_text("no picture at all"), "frame-broken"),
    "cut": (lambda path: path.write_bytes(jpeg()[:4000]), "frame-broken"),
    "a film": (lambda path: path.write_bytes(saved(picture(), "GIF")), "frame-broken"),
    "16 bits": (
        lambda path: path.write_bytes(saved(Image.new("I;16", (WIDTH, HEIGHT)), "PNG")),
        "frame-broken",
    ),
    "a bomb": (lambda path: path.write_bytes(huge_png(60_000, 60_000)), "frame-broken"),
    "large": (lambda path: path.write_bytes(huge_png(9_000, 9_000)), "frame-broken"),
    "other size": (lambda path: path.write_bytes(saved(picture(480, 270), "JPEG")), "frame-size"),
    "swapped": (lambda path: path.write_bytes(saved(picture(HEIGHT, WIDTH), "JPEG")), "frame-size"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_frame_that_cannot_be_shown_is_told_in_a_sentence_and_the_next_one_shows(
    split: Split, tmp_path: Path, bad: str
) -> None:
    spoil, code = BAD[bad]
    spoil(tmp_path / "frames/clip/1.jpg")
    assert refusal(ask(1), tmp_path) == code
    assert refusal(ask(1, "480"), tmp_path) == code
    told = ask(1, door="/api/v1")
    assert (told.status_code, told["Content-Type"]) == (404, "application/problem+json")
    assert (told.json()["problems"][0]["code"], told["Cache-Control"]) == (code, "no-store")
    assert str(tmp_path) not in told.content.decode()
    opened(ask(2))
    address = Client().get("/api/v1/benchmarks/shapes/videos/7").json()["frames"]["url"]
    opened(Client().get(address.format(size="480", index=2)))


def test_no_link_and_no_listed_name_leads_out_of_the_folder(split: Split, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "0.jpg").write_bytes(jpeg())
    clip = tmp_path / "frames/clip"
    (clip / "0.jpg").unlink()
    (clip / "0.jpg").symlink_to(outside / "0.jpg")
    assert refusal(ask(0), tmp_path) == "frame-missing"
    (clip / "0.jpg").unlink()
    (clip / "0.jpg").symlink_to("1.jpg")  # a link inside is like a file
    opened(ask(0))
    (tmp_path / "frames/link").symlink_to(outside, target_is_directory=True)
    leading_out = ("link/0.jpg", "../outside/0.jpg", "clip/../../outside/0.jpg", f"{outside}/0.jpg", "..", "")
    for name in leading_out:
        list_frames(split, name, "clip/1.jpg", "clip/2.jpg")
        assert refusal(ask(0), tmp_path) == "frame-missing", name
    secret = tmp_path / "frames/secret.txt"
    secret.write_text("secret")
    list_frames(split, "secret.txt", "../frames/clip/0.jpg")
    assert refusal(ask(0), tmp_path) == "frame-missing"
    assert refusal(ask(2), tmp_path) == "frame-missing"  # not listed


@pytest.mark.parametrize("index", ["3", "-1", "999999999999999999999", "0.5", "..%2f0", "%2e%2e/0", "0%00"])
def test_no_address_leads_to_another_file(split: Split, index: str) -> None:
    assert ask(index).status_code == 404


def test_another_size_another_video_and_a_split_without_frames_are_not_found(
    split: Split, tmp_path: Path
) -> None:
    for size in ("1080", "0480", "FULL", "original"):
        assert ask(0, size).status_code == 404
    assert ask(0, video=8).status_code == 404
    assert Client().get("/benchmarks/shapes/videos/7/frames/480/0.jpg?split=other").status_code == 404
    assert Client().get("/benchmarks/shapes/videos/7/frames/480/0.jpg?split=val").status_code == 200
    assert Client().post("/benchmarks/shapes/videos/7/frames/480/0.jpg").status_code == 405
    Split.objects.update(frames_dir="")
    assert refusal(ask(0), tmp_path) == "frame-missing"
    Split.objects.update(frames_dir="/nowhere")
    assert refusal(ask(0), tmp_path) == "frame-missing"


def test_a_picture_is_kept_until_its_file_changes(split: Split, tmp_path: Path) -> None:
    first = ask(0, "480").content
    kept = [path for path in (files.folder() / "frames").rglob("*.jpg") if path.read_bytes() == first]
    assert len(kept) == 1
    kept[0].write_bytes(b"as kept")
    assert ask(0, "480").content == b"as kept"
    (tmp_path / "frames/clip/0.jpg").write_bytes(saved(plain("blue"), "JPEG"))
    assert difference(opened(ask(0, "480")), Image.new("RGB", (853, 480), "blue")) < 3


def test_frames_with_another_suffix_beside_masks_or_unlisted_are_found(split: Split, tmp_path: Path) -> None:
    clip = tmp_path / "frames/clip"
    (clip / "0.jpg").rename(clip / "0.JPEG")
    opened(ask(0))
    FrameNames.objects.all().delete()
    for index in range(3):
        (clip / f"{10 - index}.png").write_bytes(saved(plain(f"#{index}00"), "PNG"))
    assert refusal(ask(0), tmp_path) == "frame-missing"  # six pictures for three frames
    for name in ("0.JPEG", "1.jpg", "2.jpg"):
        (clip / name).unlink()
    assert difference(opened(ask(0)), plain("#200")) < 3  # 8, 9, 10 in this order
    (clip / "origin").mkdir()
    for index in range(3):
        (clip / f"{10 - index}.png").rename(clip / "origin" / f"{index:05d}.png")
    list_frames(split, "clip/00000", "clip/00001", "clip/00002")
    assert difference(opened(ask(2)), plain("#200")) < 3
