"""A large results.json is read where it lies on disk: memory does not follow its size."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from pycocotools import mask as coco

from tests.evaluator.vis_files import annotation, ground_truth, write

HEIGHT, WIDTH, FRAMES, VIDEOS, PER_VIDEO = 720, 1280, 60, 25, 100
MB = 1e6


def test_200_mb_of_predictions_take_little_memory(tmp_path: Path) -> None:
    mask = _mask()
    size = {"height": HEIGHT, "width": WIDTH, "length": FRAMES}
    lists = {"segmentations": [mask] * FRAMES, "areas": [100_000] * FRAMES}
    visible = {**lists, "occlusion": ["no_occlusion"] * FRAMES}
    videos = [{"id": i, **size, "file_names": [f"{i}/{t}.jpg" for t in range(FRAMES)]} for i in range(VIDEOS)]
    objects = [annotation(i + 1, video_id=i, **visible) for i in range(VIDEOS)]
    truth = write(tmp_path / "gt.json", ground_truth(*objects, videos=videos))
    predictions = _repeated(tmp_path / "results.json", mask)
    assert predictions.stat().st_size > 200 * MB
    command = [sys.executable, "-m", "tests.bench.anonymous_memory", "ovis"]
    files = [str(truth), str(predictions), str(tmp_path / "prepared")]
    done = subprocess.run([*command, *files], check=True, capture_output=True, text=True)
    before, peak = map(int, done.stdout.split())
    assert peak - before < 60 * MB


def _mask() -> dict[str, object]:
    """A mask of a few hundred rough columns, of which the code is as long as those of real methods."""
    rng = np.random.default_rng(0)
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    for column in range(200, 620):
        pixels[rng.integers(100, 200) : rng.integers(500, 600), column] = 1
    return {"size": [HEIGHT, WIDTH], "counts": coco.encode(pixels)["counts"].decode()}


def _repeated(path: Path, mask: dict[str, object]) -> Path:
    """Write PER_VIDEO predictions for every video."""
    masks = json.dumps([mask] * FRAMES)
    with path.open("w") as file:
        for number in range(VIDEOS * PER_VIDEO):
            video, rank = divmod(number, PER_VIDEO)
            head = f'{{"video_id": {video}, "category_id": 2, "score": {rank / PER_VIDEO}'
            file.write(f'{"," if number else "["}{head}, "segmentations": {masks}}}')
        file.write("]")
    return path
