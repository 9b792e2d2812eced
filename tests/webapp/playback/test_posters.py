"""Posters: masks as the store has them, over what the visitor may see."""

import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image, ImageColor
from pycocotools import mask as coco_mask

from evaluator import __version__
from evaluator.catalog import BENCHMARKS
from evaluator.options import Options
from evaluator.playback import store_ground_truth, store_predictions
from evaluator.synthetic import vis, vps
from tests.evaluator.playback import stores
from tests.support.factories import claim, make_report, make_split, make_submission, make_user
from tests.webapp.playback.test_frames import list_frames, picture, saved
from webapp.benchmarks.models import Split
from webapp.charts.palette import DARK
from webapp.playback import files
from webapp.playback.attempts import mask_store_claim, mask_store_finish
from webapp.playback.models import MaskStore
from webapp.playback.posters import GROUND
from webapp.playback.services import look
from webapp.playback.stored_masks import StoredVideo
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db
FRAMES, HEIGHT, WIDTH = 36, 48, 64
SIZES = {"frames": FRAMES, "height": HEIGHT, "width": WIDTH}


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "benchmark"
    vis.write_benchmark(folder, videos=1, seed=5, **SIZES)
    return folder


def test_every_frame_is_read_as_it_was_written(benchmark: Path, tmp_path: Path) -> None:
    path = tmp_path / "store"
    index = store_predictions(
        BENCHMARKS["ovis"],
        benchmark / "annotations.json",
        benchmark / "predictions/weak/results.json",
        path,
        Options(),
    )
    video = StoredVideo.open(MaskStore(index=index.to_json()), path, 1)
    assert video is not None
    wanted = stores.masks(path, index, 1)
    for frame in range(FRAMES):
        found = dict(video.masks(frame))
        assert set(found) == set(np.flatnonzero(wanted[:, frame].any(axis=(1, 2))).tolist())
        for number, mask in found.items():
            assert (np.asarray(mask) == 255 * wanted[number, frame]).all()
    present = wanted.any(axis=(2, 3)).sum(axis=0)
    assert present[video.busiest_frame()] >= present.max() - 1  # objects may be hidden in between

    vps.write_benchmark(tmp_path / "maps", videos=1, seed=5, **SIZES)
    folder = tmp_path / "maps" / "ground_truth"
    index = store_ground_truth(BENCHMARKS["vipseg"], folder, path, Options())
    video = StoredVideo.open(MaskStore(index=index.to_json()), path, 1)
    assert video is not None
    objects = stores.maps(path, index, 1)
    for frame in range(FRAMES):
        modulo = np.where(objects[frame] < 0, 0, objects[frame] % 5 + 1)
        assert (np.asarray(video.map(frame, 5)) == modulo).all()
    assert StoredVideo.open(MaskStore(index=index.to_json()), path, 2) is None


def test_of_masks_that_are_slow_to_read_a_poster_shows_those_that_are_not(tmp_path: Path) -> None:
    side = 1000
    plain, torn = np.zeros((side, side), np.uint8), np.zeros((side, side), np.uint8)
    plain[:500] = 1
    torn[::2] = 1
    video = {"id": 1, "width": side, "height": side, "length": 1, "file_names": ["a/0.jpg"]}
    category = {"id": 1, "name": "thing"}
    (tmp_path / "truth.json").write_text(
        json.dumps({"videos": [video], "categories": [category], "annotations": []})
    )
    entries = []
    for score, mask in ((0.9, torn), (0.8, plain)):
        coded = coco_mask.encode(np.asfortranarray(mask))
        coded["counts"] = coded["counts"].decode()
        entries.append({"video_id": 1, "category_id": 1, "score": score, "segmentations": [coded]})
    (tmp_path / "results.json").write_text(json.dumps(entries))
    path = tmp_path / "store"
    given = (tmp_path / "truth.json", tmp_path / "results.json", path, Options())
    index = store_predictions(BENCHMARKS["ytvis2019"], *given)
    stored = StoredVideo.open(MaskStore(index=index.to_json()), path, 1)
    assert stored is not None
    ((number, mask),) = stored.masks(0)
    assert number == 1
    assert (np.asarray(mask) == 255 * plain).all()


def test_a_picture_that_many_ask_for_is_made_once(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        time.sleep(0.2)
        return b"picture"

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: files.kept_or_made(tmp_path / "in/a.jpg", make), range(4)))
    assert (found, len(made)) == ([b"picture"] * 4, 1)
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["a.jpg"]


def make_stores(benchmark: Path) -> None:
    """Do what a worker does with the stores that are asked for."""
    files_of = benchmark / "annotations.json", benchmark / "predictions/weak/results.json"
    while taken := mask_store_claim(worker="worker@test"):
        with files.draft() as path:
            spec = BENCHMARKS["ovis"]
            if taken.kind == MaskStore.Kind.EVENTS:
                path.write_bytes(b"not read here")
                index: Any = {"videos": {}, "size": 13}
            elif taken.predictions is None:
                index = store_ground_truth(spec, files_of[0], path, Options()).to_json()
            else:
                index = store_predictions(spec, *files_of, path, Options()).to_json()
            size, digest = path.stat().st_size, files.keep(path)
        made = {"evaluator": __version__, "digest": digest, "size": size, "index": index}
        assert mask_store_finish(token=taken.token, **made)


@pytest.fixture
def scored(benchmark: Path, tmp_path: Path) -> Submission:
    """A public submission to a split whose ground truth is hidden and whose frames are public."""
    (tmp_path / "frames/clip").mkdir(parents=True)
    names = [f"clip/{frame:02d}.png" for frame in range(FRAMES)]
    for name in names:
        (tmp_path / "frames" / name).write_bytes(saved(picture(WIDTH, HEIGHT), "PNG"))
    row = {"id": 1, "name": "clip", "length": FRAMES, "height": HEIGHT, "width": WIDTH}
    split = make_split(
        "shapes", frames_dir=str(tmp_path / "frames"), frames_public=True, videos=[row], video_count=1
    )
    list_frames(split, *names, video="1")
    submission = make_submission(make_user("author"), split)
    assert evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.5)))
    submission.refresh_from_db()
    return submission


def ask(submission: Submission | None = None, client: Client | None = None, door: str = "") -> Any:
    query = f"?submission={submission.pk}" if submission else ""
    return (client or Client()).get(f"{door}/benchmarks/shapes/videos/1/poster.jpg{query}")


def pixels(response: Any) -> Any:
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    return np.asarray(Image.open(io.BytesIO(response.content)), np.int64)


def test_a_poster_shows_masks_over_the_frame_and_asks_for_those_that_are_not_there(
    benchmark: Path, scored: Submission
) -> None:
    first = ask(scored)
    plain = np.asarray(picture(WIDTH, HEIGHT), np.int64)
    assert first["Cache-Control"] == "no-store"  # the masks are being made
    assert abs(pixels(first) - plain).mean() < 6
    make_stores(benchmark)
    for _ in range(2):
        response = ask(scored)
        assert response["Cache-Control"] == "public, max-age=3600"
    store = MaskStore.objects.get(kind="masks")
    video = StoredVideo.open(store, files.path_of(store.digest), 1)
    assert video is not None
    best, mask = next(iter(video.masks(video.busiest_frame())))
    inside = np.asarray(mask) > 0
    colour = np.array(ImageColor.getrgb(DARK[best % len(DARK)]))
    # Masks are half transparent, their edges are not.
    assert abs(pixels(response)[inside] - colour).mean() < 0.6 * abs(plain[inside] - colour).mean()
    Split.objects.update(frames_public=False)
    outside = ~np.any([np.asarray(mask) for _, mask in video.masks(video.busiest_frame())], axis=0)
    ground = np.array(ImageColor.getrgb(GROUND))
    assert abs(pixels(ask(scored))[outside] - ground).mean() < 12


@pytest.mark.parametrize(
    ("rules", "masks", "truth"),
    [
        ({}, ("nobody", "other", "author", "staff"), ("staff",)),
        ({"ground_truth_public": True}, ("nobody", "other", "author", "staff"), ("nobody", "staff")),
        ({"scores_visible": False}, ("author", "staff"), ("staff",)),
        ({"opens_at": None}, ("author", "staff"), ("staff",)),
    ],
    ids=str,
)
def test_who_gets_which_poster(
    benchmark: Path, scored: Submission, rules: dict[str, Any], masks: tuple[str, ...], truth: tuple[str, ...]
) -> None:
    Split.objects.update(frames_public=False, **rules)
    scored = Submission.objects.get(pk=scored.pk)
    assert scored.author is not None
    users = {"other": make_user(), "author": scored.author, "staff": make_user(is_staff=True)}
    look(scored.split, [scored], users["staff"])
    make_stores(benchmark)
    for name in ("nobody", *users):
        client = Client()
        if name != "nobody":
            client.force_login(users[name])
        for door in ("", "/api/v1"):
            of_submission, of_truth = ask(scored, client, door), ask(None, client, door)
            assert of_submission.status_code == (200 if name in masks else 404), name
            sees_truth = "nobody" in truth or name in truth
            assert of_truth.status_code == (200 if sees_truth else 404), name
            if "nobody" not in masks:
                assert "public" not in of_submission.get("Cache-Control", "")
            if "nobody" not in truth:
                assert "public" not in of_truth.get("Cache-Control", "")


@pytest.mark.parametrize("query", ["submission=1", "submission=%00", "submission=" + "0" * 32, "split=other"])
def test_a_poster_of_nothing_is_not_found(scored: Submission, query: str) -> None:
    assert Client().get(f"/benchmarks/shapes/videos/1/poster.jpg?{query}").status_code == 404
    assert Client().get("/benchmarks/shapes/videos/2/poster.jpg").status_code == 404


def test_cards_for_other_sites_and_the_cover_show_masks_that_everybody_may_see(
    benchmark: Path, scored: Submission
) -> None:
    def card() -> Any:
        """Return what is right of and below the words of the picture beside a link to the result."""
        response = Client().get(f"/embed/results/{scored.pk}/picture.png")
        assert (response.status_code, response["Content-Type"]) == (200, "image/png")
        return np.asarray(Image.open(io.BytesIO(response.content)).convert("RGB"), np.int64)[320:, 800:]

    Split.objects.update(frames_public=False)
    assert card().std(axis=(0, 1)).max() == 0  # nothing but paper, and nobody asks for masks
    assert not MaskStore.objects.exists()
    look(scored.split, [scored], make_user(is_staff=True))
    make_stores(benchmark)
    assert card().std(axis=(0, 1)).max() > 0
    assert Client().get("/benchmarks/shapes/cover.jpg").status_code == 404
    Split.objects.update(scores_visible=False)
    assert card().std(axis=(0, 1)).max() == 0
    Split.objects.update(ground_truth_public=True)
    cover = Client().get("/benchmarks/shapes/cover.jpg?split=val")
    assert (pixels(cover) == pixels(ask())).all()
    assert (cover["Cache-Control"], card().std(axis=(0, 1)).max() > 0) == ("public, max-age=3600", True)


def test_a_small_poster_has_fewer_pixels(scored: Submission) -> None:
    video = {"id": 1, "name": "clip", "length": FRAMES, "height": 600, "width": 800}
    Split.objects.update(videos=[video], frames_public=False)
    http = Client()
    sizes = [
        Image.open(io.BytesIO(http.get(f"/benchmarks/shapes/videos/1/poster.jpg?{query}").content)).size
        for query in (f"submission={scored.pk}", f"submission={scored.pk}&size=small")
    ]
    assert sizes == [(640, 480), (360, 270)]
