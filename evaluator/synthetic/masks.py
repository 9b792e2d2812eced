"""Imperfect masks: wobbling outlines, leaks into what hides a shape, and blobs where nothing is."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from evaluator.synthetic.render import Mask
from evaluator.synthetic.truth import Sighting

Grid = NDArray[np.float32]
GRID_SHAPE = (6, 6)
"""Outlines wobble on this coarse grid laid over the shape."""


def wobble_grid(rng: np.random.Generator) -> Grid:
    """Return standard normal displacements for `disturb`."""
    return rng.standard_normal(GRID_SHAPE, dtype=np.float32)


def disturb(
    sighting: Sighting, grid: Grid, *, wobble: float, leak: float, shape: tuple[int, int]
) -> tuple[Mask, int, int]:
    """Return a predicted mask [h, w] and its corner (top, left) in a frame of `shape`.

    Args:
        grid: `GRID_SHAPE` displacements of the outline; the same grid gives the same mistakes.
        wobble: standard deviation of the outline's displacement, as a share of the visible part's radius.
        leak: how readily hidden parts of the shape are predicted too, in [0, 1].
    """
    radius = float(np.sqrt(sighting.area / np.pi))
    blur = max(0.8, 2 * wobble * radius)
    margin = int(np.ceil(blur)) + 1
    top, left = max(0, sighting.top - margin), max(0, sighting.left - margin)
    height, width = sighting.visible.shape
    bottom, right = (
        min(shape[0], sighting.top + height + margin),
        min(shape[1], sighting.left + width + margin),
    )
    likely = np.zeros((bottom - top, right - left), np.uint8)
    inner = likely[sighting.top - top :, sighting.left - left :][:height, :width]
    inner[sighting.whole] = int(255 * min(1.0, leak * sighting.hidden_share))
    inner[sighting.visible] = 255
    # Below the blur there is nothing to see, so the blurring is done on larger pixels.
    step = max(1, int(blur / 2))
    coarse = Image.fromarray(likely).reduce(step).filter(ImageFilter.BoxBlur(blur / step))
    # A blurred edge rises by 255 over 2 blur pixels: so a displacement becomes a change of the threshold.
    shift = _stretch(grid, (coarse.height, coarse.width)) * np.float32(127.5 * wobble * radius / blur)
    surplus = np.asarray(coarse, np.float32) - np.clip(127.5 + shift, 12, 243)
    if step > 1:
        surplus = _stretch(surplus, (step * coarse.height, step * coarse.width))
    return surplus[: likely.shape[0], : likely.shape[1]] > 0, top, left


def _stretch(grid: Grid, shape: tuple[int, int]) -> Grid:
    """Enlarge a grid smoothly to `shape` (rows, columns)."""
    stretched = Image.fromarray(grid).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(stretched, np.float32)


def blob(rng: np.random.Generator, radius: float) -> Mask:
    """Return a round lump [h, w] of about this radius in pixels, for objects that do not exist."""
    side = max(5, int(2.4 * radius))
    y, x = np.mgrid[-1.2 : 1.2 : side * 1j, -1.2 : 1.2 : side * 1j].astype(np.float32)
    outline = 0.9 + np.float32(0.12) * _stretch(wobble_grid(rng), (side, side))
    return np.asarray(np.hypot(x, y) < outline, np.bool_)
