"""Colours, the patterns on the shapes, and the backgrounds. Colours are RGB fractions in [0, 1]."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluator.synthetic.shapes import Plane, as_plane

Colour = NDArray[np.float32]
Pattern = Callable[[Plane, Plane, float], Plane]


@dataclass(frozen=True, slots=True)
class Theme:
    """The palette of one video: the two ends of its background, and the colours of its shapes."""

    ground: tuple[str, str]
    colours: tuple[str, ...]


THEMES: tuple[Theme, ...] = (
    Theme(("1a2142", "4b3a73"), ("ff6b6b", "ffd166", "06d6a0", "4cc9f0", "f72585", "f8f1e5")),
    Theme(("f0e2c4", "cfae7c"), ("264653", "2a9d8f", "e76f51", "f4a261", "8d3b72", "fdf6e3")),
    Theme(("0a3440", "1a8083"), ("f2542d", "f5dfbb", "ffb4a2", "e5e059", "9bf6ff", "ff9f1c")),
    Theme(("b9d77a", "5f9150"), ("bc4749", "f2e8cf", "283618", "ffb703", "023047", "fb8500")),
    Theme(("f4f0e8", "d8cfc0"), ("d1495b", "edae49", "00798c", "30638e", "66a182", "2e294e")),
    Theme(("0f1318", "2c3b48"), ("80ffdb", "ffd6a5", "ff70a6", "70d6ff", "e9ff70", "ff9770")),
    Theme(("5b1e4d", "c8553d"), ("fcbf49", "f1faee", "84dcc6", "2d1e2f", "ff8fa3", "a8dadc")),
)


def rgb(code: str) -> Colour:
    """Return the colour of a six-digit hexadecimal code.

    >>> rgb("ff0033").tolist()
    [1.0, 0.0, 0.20000000298023224]
    """
    return as_plane(np.frombuffer(bytes.fromhex(code), np.uint8) / np.float32(255))


def _edge(wave: Plane, frequency: float, radius_px: float) -> Plane:
    """Turn a sine into a two-tone pattern whose edges are about one pixel wide."""
    return as_plane(np.clip(0.5 + wave * np.float32(radius_px / frequency), 0, 1))


def _plain(x: Plane, y: Plane, radius_px: float) -> Plane:
    return as_plane(np.clip(0.5 + 0.5 * y, 0, 1))


def _stripes(x: Plane, y: Plane, radius_px: float) -> Plane:
    return _edge(np.sin(11 * y), 11, radius_px)


def _chevrons(x: Plane, y: Plane, radius_px: float) -> Plane:
    return _edge(np.sin(9 * (x + np.abs(y))), 12, radius_px)


def _dots(x: Plane, y: Plane, radius_px: float) -> Plane:
    cell = np.float32(0.42)
    shifted = x + np.where(np.floor(y / cell) % 2 == 0, 0, cell / 2).astype(np.float32)
    across = np.mod(shifted, cell) - cell / 2
    along = np.mod(y, cell) - cell / 2
    inside = np.float32(0.13) - np.sqrt(across * across + along * along)
    return as_plane(np.clip(0.5 + inside * np.float32(radius_px), 0, 1))


def _checks(x: Plane, y: Plane, radius_px: float) -> Plane:
    return _edge(np.sin(8 * x) * np.sin(8 * y), 8, radius_px)


def _circles(x: Plane, y: Plane, radius_px: float) -> Plane:
    return _edge(np.sin(13 * np.sqrt(x * x + y * y)), 13, radius_px)


def _marble(x: Plane, y: Plane, radius_px: float) -> Plane:
    return as_plane(0.5 + 0.5 * np.sin(6 * x + 2.2 * np.sin(4 * y + 1.7 * np.sin(3 * x))))


PATTERNS: tuple[Pattern, ...] = (_plain, _stripes, _chevrons, _dots, _checks, _circles, _marble)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cell_px: float) -> Plane:
    """Return noise [h, w], about standard normal, that changes over distances of `cell_px` pixels."""
    height, width = shape
    grid_shape = (max(3, round(height / cell_px) + 2), max(3, round(width / cell_px) + 2))
    grid = Image.fromarray(rng.standard_normal(grid_shape, dtype=np.float32))
    return np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC), np.float32)


def paint_ground(rng: np.random.Generator, theme: Theme, shape: tuple[int, int], unit: float) -> Plane:
    """Return a background [3, h, w] like layers of cut paper; `unit` is a 360th of the frame height."""
    relief = sum(
        (
            smooth_noise(rng, shape, scale * unit) * np.float32(share)
            for scale, share in ((190, 0.6), (95, 0.3), (40, 0.08))
        ),
        start=np.zeros(shape, np.float32),
    )
    layers = 7
    level = np.clip(0.5 + 0.45 * relief, 0.001, 0.999) * layers
    step = np.floor(level)
    above = level - step
    tone = (step + np.clip(above * 25 / np.float32(unit), 0, 1)) / layers
    shade = 1 - 0.16 * np.exp(-6 * (1 - above)) + 0.05 * np.exp(-14 * above)
    grain = 1 + 0.012 * rng.standard_normal(shape, dtype=np.float32)
    low, high = (rgb(code)[:, None, None] for code in theme.ground)
    return as_plane((low + (high - low) * tone) * (shade * grain))
