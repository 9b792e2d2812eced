"""Draws the frames of a scene into files and keeps what is to be seen in them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluator.synthetic.render import render
from evaluator.synthetic.scene import Scene
from evaluator.synthetic.truth import TrackedShape, start_tracking, track_frame

_JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Footage:
    """`shapes` by number (from 1) with their tracks; `owners` int16 [T, H, W], see `RenderedFrame.owner`."""

    shapes: dict[int, TrackedShape]
    owners: NDArray[np.int16]


def film(scene: Scene, folder: Path, *, seed: tuple[int, int]) -> Footage:
    """Draw a video into JPEG files and return what it shows."""
    folder.mkdir(parents=True, exist_ok=True)
    shapes = start_tracking(scene)
    owners = np.empty((scene.frames, scene.height, scene.width), np.int16)
    for number, frame in enumerate(render(scene, np.random.default_rng([*seed, 2]))):
        Image.fromarray(frame.picture).save(folder / f"{number:05d}.jpg", quality=_JPEG_QUALITY)
        track_frame(shapes, frame)
        owners[number] = frame.owner
    return Footage(shapes, owners)
