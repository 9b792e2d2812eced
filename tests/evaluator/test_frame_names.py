"""The names of frames are read from a ground truth of any task, from a folder or the stored archive."""

import json
from pathlib import Path
from typing import Any

import pytest

from evaluator.frame_names import listed_frames
from evaluator.ground_truths import describe_ground_truth
from evaluator.synthetic import vps, vss
from webapp.benchmarks.archive import write_archive


def test_instance_videos_have_file_names(tmp_path: Path) -> None:
    videos = [{"id": 7, "file_names": ["clip/9.jpg", "clip/10.jpg"]}, {"id": 8, "length": 3}]
    truth = tmp_path / "gt.json"
    truth.write_text(json.dumps({"annotations": None, "videos": videos}))
    assert listed_frames("ovis", truth) == {"7": ["clip/9.jpg", "clip/10.jpg"]}
    truth.write_text("[]")
    with pytest.raises(ValueError, match="Expected `object`"):
        listed_frames("ovis", truth)


@pytest.mark.parametrize(("benchmark", "synthetic"), [("vipseg", vps), ("vspw", vss)])
def test_videos_of_maps_have_the_frames_of_their_maps(benchmark: str, synthetic: Any, tmp_path: Path) -> None:
    synthetic.write_benchmark(tmp_path / "b", videos=2, frames=3, height=48, width=64, seed=0)
    truth = tmp_path / "b" / "ground_truth"
    summary = describe_ground_truth(benchmark, truth)
    with (tmp_path / "stored.zip").open("wb") as file:
        write_archive(summary.files, file)
    found = listed_frames(benchmark, tmp_path / "stored.zip")
    assert found == listed_frames(benchmark, truth)
    suffix = ".jpg" if benchmark == "vipseg" else ""
    assert found == {
        video.name: [f"{video.name}/{frame:05}{suffix}" for frame in range(3)] for video in summary.videos
    }


def test_pictures_of_panoptic_videos_are_those_of_the_images_and_maps_sort_by_numbers(tmp_path: Path) -> None:
    maps = [{"file_name": f"{n}.png"} for n in (9, 10)]
    images = [{"file_name": f"{n}.jpg"} for n in (9, 10)]
    top = {
        "videos": [{"video_id": "a", "images": images}, {"video_id": "b", "images": images[:1]}],
        "annotations": [{"video_id": name, "annotations": maps} for name in ("a", "b")],
    }
    (tmp_path / "panoptic.json").write_text(json.dumps(top))
    found = listed_frames("vipseg", tmp_path)
    assert found == {"a": ["a/9.jpg", "a/10.jpg"], "b": ["b/9.png", "b/10.png"]}
    for name in ("10.png", "9.png"):
        (tmp_path / "data" / "v" / "mask").mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / "v" / "mask" / name).write_bytes(b"")
    assert listed_frames("vspw", tmp_path) == {"v": ["v/9", "v/10"]}
