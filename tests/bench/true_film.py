"""A video of true size for `bench_player.py`: tracklets of `true_tracklets.py`, and frames."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from tests.bench.true_tracklets import Preset, write_tracklets

FRAMES, HEIGHT, WIDTH = 300, 1080, 1920
# About half of what a video has is seen in a frame.
OBJECTS = 20
QUALITY = 85


def write_film(folder: Path) -> None:
    """Write gt.json, results.json and the folder `frames`: one video, its frames of about 300 kB."""
    preset = Preset(1, (FRAMES, FRAMES + 1), ((HEIGHT, WIDTH),), 25, (OBJECTS, OBJECTS), (0.15, 0.7))
    write_tracklets(folder, preset, videos=1, per_video=OBJECTS)
    (video,) = json.loads((folder / "gt.json").read_text())["videos"]
    rng = np.random.default_rng(5)
    landscape = np.asarray(_enlarged(rng.integers(40, 216, (27, 48, 3))), np.int16)
    grain = rng.normal(0, 3.6, (HEIGHT, WIDTH, 1))
    for n, name in enumerate(video["file_names"]):
        path = folder / "frames" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # The landscape moves to the left, below grain that does not.
        pixels = np.roll(landscape, -4 * n, axis=1) + grain
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, quality=QUALITY)


def _enlarged(pixels: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Image.Image:
    return Image.fromarray(pixels.astype(np.uint8)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
