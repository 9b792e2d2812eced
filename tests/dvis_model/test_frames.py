"""Frame t of a video is the picture that its data set lists there; without a list, numbers in names count."""

import json
import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from dvis_model import build
from dvis_model.__main__ import main
from dvis_model.batch import Batch
from dvis_model.categories import category_ids
from dvis_model.jobs import plan_for
from dvis_model.picture_files import FrameMissing, listed_pictures, pictures_in, video_order
from dvis_model.variants import VARIANTS
from tests.dvis_model.films import write_film

TINY = VARIANTS["tiny"]
# Left behind by desktops, or beside the pictures for other reasons.
LITTER = ("._frame0.jpg", ".DS_Store", "Thumbs.db", "desktop.ini", "notes.txt", "._frame10.jpg")


def scene(number: int) -> Image.Image:
    """A bright square that moves: its place tells which frame it is."""
    pixels = np.full((48, 64, 3), 40, np.uint8)
    pixels[10:30, 4 * number : 4 * number + 20] = (220, 40 + 10 * number, 60)
    return Image.fromarray(pixels)


def draw(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        scene(number).save(folder / name, quality=95)


def listed(path: Path, *videos: list[str], **top: object) -> Path:
    entries = [
        {"id": number, "length": len(names), "file_names": names} for number, names in enumerate(videos, 1)
    ]
    path.write_text(json.dumps({"videos": entries, **top}))
    return path


def results(path: Path) -> list[dict[str, Any]]:
    with ZipFile(path) as archive:
        return json.loads(archive.read("results.json"))


@pytest.mark.parametrize(
    "names",
    [
        ["0.jpg", "1.jpg", "2.jpg", "10.jpg", "11.jpg", "100.jpg"],
        ["frame0.jpg", "frame1.jpg", "frame2.png", "frame10.jpg"],
        ["img.jpg", "img1.jpg", "img2.jpg", "img10.jpg"],
        ["frame_000009.jpg", "frame_000010.jpg"],
        ["a9.jpg", "a10.jpg", "b1.jpg", "b2.jpg"],
        ["shot1_frame2.jpg", "shot1_frame10.jpg", "shot2_frame1.jpg", "shot10_frame1.jpg"],
        ["1.5.jpg", "1.10.jpg", "2.1.jpg"],
        ["1.jpg", "01.jpg", "001.jpg", "2.jpg"][::-1][1:][::-1],
        ["00000.JPG", "00001.jpeg", "00002.WebP", "00003.bmp"],
    ],
)
def test_numbers_in_names_of_frames_count_as_numbers(names: list[str], tmp_path: Path) -> None:
    for name in names:
        Image.new("RGB", (2, 2)).save(tmp_path / name)
    for name in LITTER:
        (tmp_path / name).write_bytes(b"no picture")
    (tmp_path / "3.jpg.d").mkdir()
    assert sorted(path.name for path in pictures_in(tmp_path)) == sorted(names)
    assert [path.name for path in pictures_in(tmp_path)] == (
        names if "01.jpg" not in names else sorted(names)
    )


def test_videos_are_numbered_by_the_numbers_in_their_names_unless_these_are_codes() -> None:
    assert video_order(["clip10", "clip2", "clip1"]) == ["clip1", "clip2", "clip10"]
    # As in YouTube-VIS, whose ids are those of the names sorted as text.
    codes = ["0062f687f1", "00f88c4f0a", "0f3f8b2f0a", "10d3b2a0c1"]
    assert video_order(codes[::-1]) == codes


def test_the_same_frames_give_the_same_result_whatever_they_are_called_and_wherever_listed(
    weights: Path, tmp_path: Path
) -> None:
    draw(tmp_path / "padded" / "clip", *(f"frame{n:03}.jpg" for n in (0, 1, 2, 10)))
    draw(tmp_path / "plain" / "clip", *(f"frame{n}.jpg" for n in (0, 1, 2, 10)))
    names = [f"clip/{name}.jpg" for name in ("b", "a", "10", "9")]
    draw(tmp_path / "listed", *names)
    draw(tmp_path / "listed", "clip/9a.jpg", "clip/0.jpg")  # not listed, as in valid_all_frames
    for folder in ("plain", "listed"):
        for name in LITTER:
            (tmp_path / folder / "clip" / name).write_bytes(b"no picture")
    ids = [50, 10, 40, 20, 30]
    categories = [{"id": number, "name": f"c{number}"} for number in ids]
    annotations = str(listed(tmp_path / "valid.json", names, categories=categories))
    found = {}
    for folder, more in (("padded", []), ("plain", []), ("listed", ["--annotations", annotations])):
        found[folder] = results(predicted(weights, tmp_path / folder, *more))
    assert found["plain"] == found["padded"]
    for entry in found["padded"]:
        entry["category_id"] = sorted(ids)[entry["category_id"] - 1]
    assert found["listed"] == found["padded"]


def predicted(weights: Path, source: Path, *more: str) -> Path:
    """The submission that the command line writes."""
    output = source.with_suffix(".zip")
    arguments = ["predict", "--config", "tiny", "--weights", weights, "--input", source, "--output", output]
    with pytest.raises(SystemExit) as done:
        main([*map(str, arguments), *more])
    assert done.value.code == 0
    return output


@pytest.mark.parametrize(
    ("names", "source", "files"),
    [
        (["clip/0.jpg", "clip/1.jpg"], "", ["clip/0.jpg", "clip/1.jpg"]),
        (["valid/JPEGImages/clip/0.jpg"], "", ["clip/0.jpg"]),
        (["/data/frames/clip/0.jpg"], "", ["clip/0.jpg"]),
        (["clip\\0.jpg", "clip\\1.jpg"], "", ["clip/0.jpg", "clip/1.jpg"]),
        (["clip/0.jpg"], "clip", ["clip/0.jpg"]),
        (["scene/cam1/0.jpg", "scene/cam2/0.jpg"], "", ["scene/cam1/0.jpg", "scene/cam2/0.jpg"]),
        (["a_0.jpg", "a_1.jpg"], "", ["a_0.jpg", "a_1.jpg"]),
        (["clip/0.png", "clip/1.png"], "", ["clip/0.jpg", "clip/1.jpg"]),
        (["clip/0.jpg"], "", ["clip/origin/0.jpg"]),
    ],
)
def test_listed_pictures_are_found_in_folders_as_people_keep_them(
    names: list[str], source: str, files: list[str], tmp_path: Path
) -> None:
    root = tmp_path / "frames"
    draw(root, *files)
    assert listed_pictures(root / source, names) == [root / file for file in files]
    (job,) = plan_for(root / source, TINY, listed(tmp_path / "valid.json", names)).jobs
    assert job.video.pictures == [root / file for file in files]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["clip/0.jpg", "clip/2.jpg"], "the picture clip/2.jpg is missing"),
        (["clip/0.jpg", "clip/3.jpg", "clip/4.jpg"], "the picture clip/3.jpg is missing (2 of 3 listed"),
        # A mask that has the frame's name, but for its suffix.
        (["clip/0.jpg", "clip/1.jpg"], "the picture clip/1.jpg is missing"),
        (["clip/1.bmp"], "the picture clip/1.bmp is missing"),
        (["clip/5.bmp"], "the picture clip/5.bmp is missing, and it could be 5.png and 5.webp: keep one"),
        (["other/0.jpg"], "the picture other/0.jpg is missing: there is no folder other"),
        (["../frames/clip/0.jpg"], "the picture ../frames/clip/0.jpg is missing: there is no folder"),
    ],
)
def test_a_listed_picture_that_is_missing_is_named(names: list[str], message: str, tmp_path: Path) -> None:
    root = tmp_path / "frames"
    draw(root, "clip/0.jpg", "clip/5.png", "clip/5.webp")
    if "1.bmp" not in names[0]:
        draw(root, "clip/0.jpg", "clip/1.png")
    with pytest.raises(FrameMissing, match=re.escape(message)):
        listed_pictures(root, names)


def test_a_film_must_have_as_many_frames_as_are_listed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_film(tmp_path / "in" / "clip.mp4", [np.asarray(scene(n)) for n in range(3)])
    annotations = listed(tmp_path / "valid.json", ["clip/0.jpg", "clip/1.jpg"])
    with pytest.raises(ValueError, match=r"Video clip has 3 frames, but valid\.json lists 2\."):
        plan_for(tmp_path / "in", TINY, annotations)
    with pytest.raises(FileNotFoundError, match="No such video or folder"):
        plan_for(tmp_path / "nowhere", TINY, annotations)


@pytest.mark.parametrize("ids", [[0, 1, 2, 3, 4], [50, 10, 40, 20, 30], [1, 2, 3, 4, 5]])
def test_categories_have_the_ids_that_the_data_set_gives_them(ids: list[int], tmp_path: Path) -> None:
    draw(tmp_path, "clip/0.jpg")
    categories = [{"id": number, "name": "x"} for number in ids]
    annotations = listed(tmp_path / "own.json", ["clip/0.jpg"], categories=categories)
    assert plan_for(tmp_path, TINY, annotations).categories == tuple(sorted(ids))
    assert plan_for(tmp_path, TINY, None).categories == (1, 2, 3, 4, 5)


def test_panoptic_things_come_first_whatever_ids_a_data_set_begins_with() -> None:
    config = VARIANTS["VIPSeg/DVIS_Offline_R50_720p"]
    official = category_ids(config)
    assert category_ids(config, range(124)) == official
    assert category_ids(config, range(1, 125)) == tuple(number + 1 for number in official)


def test_a_run_of_another_list_of_videos_is_not_continued(weights: Path, tmp_path: Path) -> None:
    draw(tmp_path / "frames", "clip/0.jpg", "clip/1.jpg")
    model = build("tiny")
    for number, names in enumerate((["clip/0.jpg", "clip/1.jpg"], ["clip/1.jpg", "clip/0.jpg"])):
        plan = plan_for(tmp_path / "frames", TINY, listed(tmp_path / "valid.json", names))
        if number:
            with pytest.raises(ValueError, match="a run with another list of videos"):
                Batch(model, weights, plan, tmp_path / "out.zip")
        else:
            Batch(model, weights, plan, tmp_path / "out.zip").__exit__(None, None, None)
