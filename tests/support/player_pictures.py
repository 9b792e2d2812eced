"""What the player is to show, drawn from the files by pycocotools and Pillow: pictures to compare with."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco_mask

from tests.evaluator.playback.stores import pieces
from tests.support.player import Stores
from webapp.charts.palette import DARK

FRAMES, HEIGHT, WIDTH = 40, 90, 160
# The last frame is that of another shape, and the one before is not there.
ODD, MISSING = FRAMES - 1, FRAMES - 2
NOBODY = (150, 156, 166)
PALETTE = [tuple(bytes.fromhex(text[1:])) for text in DARK]


@cache
def entries(path: Path) -> list[dict[str, Any]]:
    """Tracklets in the order of the player's list."""
    found = json.loads(path.read_text())
    if isinstance(found, dict):
        return sorted(found["annotations"], key=lambda one: one["category_id"])
    return sorted(found, key=lambda one: -one["score"])


def layer_masks(stores: Stores, key: str, frame: int) -> list[NDArray[np.bool_]]:
    """The masks of a frame by pycocotools, in the order of the player's list."""
    found = []
    for entry in entries(stores.truth if key == "truth" else stores.submission(key)):
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
    found = lies_on(stores, key, frame)
    return [NOBODY if on is None else PALETTE[on % len(PALETTE)] for on in found]


def lies_on(stores: Stores, key: str, frame: int) -> list[int | None]:
    """For each object of a submission the annotated one on which it lies."""
    spans = [one["on"] for one in events(stores, key)["predictions"]]
    return [[person for since, person in span if since <= frame][-1] for span in spans]


def painted(masks: list[NDArray[np.bool_]], hues: list[tuple[int, ...]]) -> NDArray[np.uint8]:
    """What is to be seen: the first object above all others."""
    picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    for mask, hue in reversed(list(zip(masks, hues, strict=True))):
        picture[mask] = (*hue, 255)
    return picture


def expected(stores: Stores, key: str, frame: int) -> NDArray[np.uint8]:
    return painted(layer_masks(stores, key, frame), colours(stores, key, frame))


@cache
def pictures(folder: Path) -> NDArray[np.int16]:
    """All frames that can be shown [frames, height, width, 3]."""
    (video,) = (folder / "frames").iterdir()
    files = [video / f"{frame:05d}.jpg" for frame in range(MISSING)]
    return np.stack([np.asarray(Image.open(file), np.int16) for file in files])


def frame_of(stores: Stores, shown: NDArray[np.uint8]) -> int:
    """Which frame a picture is; decoders may differ a little."""
    apart = np.abs(pictures(stores.folder) - shown[..., :3]).mean((1, 2, 3))
    assert apart.min() < 6
    return int(apart.argmin())


def map_expected(stores: Stores, key: str, frame: int) -> NDArray[np.uint8]:
    """The colour of each pixel of a PNG.

    Classes and annotated segments: a hue for each category, others for its further segments; segments of a
    submission: the colour of the annotated one on which they lie.
    """
    (file,) = (stores.truth if key == "truth" else stores.submission(key)).rglob(f"{frame:05d}.png")
    values = np.asarray(Image.open(file), np.int64)
    names = sorted(stores.categories)
    picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    if stores.benchmark == "vspw":
        first = 1 if key == "truth" else 0
        for value in np.unique(values[values >= first]).tolist():
            picture[values == value] = (*hue(names.index(value - first)), 255)
        return picture
    numbers = values @ [1, 256, 256**2]
    hues: list[tuple[int, ...]] = []
    times: dict[int, int] = {}
    for one in stores.head("truth")["objects"]:
        earlier = times.get(one["category"], 0)
        times[one["category"]] = earlier + 1
        hues.append(hue(names.index(one["category"]) + 5 * earlier))
    if key != "truth":
        hues = [NOBODY if on is None else hues[on] for on in lies_on(stores, key, frame)]
    for one, colour in zip(stores.head(key)["objects"], hues, strict=True):
        picture[numbers == one["segment"]] = (*colour, 255)
    assert ((picture[..., 3] == 0) == (numbers == 0)).all()
    return picture


def hue(n: int) -> tuple[int, ...]:
    """The palette, then its darker and its lighter hues."""
    colour, turn = PALETTE[n % len(PALETTE)], n // len(PALETTE) % 3
    factor, more = ((1.0, 0), (0.6, 0), (0.5, 127))[turn]
    return tuple(int(factor * part + more + 0.5) for part in colour)


def looked_at(stores: Stores, key: str, frame: int) -> NDArray[np.int16]:
    """A frame with its masks above it."""
    above = expected(stores, key, frame).astype(np.int16)
    return np.where(above[..., 3:] > 0, above[..., :3], pictures(stores.folder)[frame])
