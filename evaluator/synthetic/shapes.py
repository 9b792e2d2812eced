"""The outlines: one signed distance function for each category.

Every function takes local coordinates `x`, `y` [h, w] in units of the shape's radius (y points down) and a
`phase` in radians that deforms the shape over time. It returns an approximate signed distance [h, w] in the
same units, negative inside. The sign is exact, so `distance < 0` is the mask; the magnitude serves
antialiasing and shading.
"""

import cmath
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Distance = Callable[[Plane, Plane, float], Plane]


def as_plane(values: NDArray[Any]) -> Plane:
    """Return `values` as float32; nothing is copied where they are that already."""
    return np.asarray(values, np.float32)


def _radius(x: Plane, y: Plane) -> Plane:
    return as_plane(np.sqrt(x * x + y * y))


def _polar(x: Plane, y: Plane) -> tuple[Plane, NDArray[np.complex64]]:
    """Return the radius, and the direction as a unit complex number: its n-th power is the n-fold angle."""
    radius = as_plane(np.maximum(_radius(x, y), np.float32(1e-6)))
    return radius, np.asarray((x + np.complex64(1j) * y) / radius, np.complex64)


def _disc(x: Plane, y: Plane, phase: float) -> Plane:
    return as_plane(_radius(x, y) - np.float32(0.95))


def _ring(x: Plane, y: Plane, phase: float) -> Plane:
    half_width = np.float32(0.22 + 0.05 * math.sin(phase))
    return as_plane(np.abs(_radius(x, y) - np.float32(0.72)) - half_width)


def _star(x: Plane, y: Plane, phase: float) -> Plane:
    """Five points; each edge is a straight line in one half of a sector, so one half is enough."""
    half_sector = math.pi / 5
    radius, angle = _radius(x, y), np.arctan2(y, x)
    folded = np.abs(np.mod(angle + half_sector, 2 * half_sector) - half_sector)
    valley = 0.52 + 0.05 * math.sin(phase)
    edge_x, edge_y = valley * math.cos(half_sector) - 1.08, valley * math.sin(half_sector)
    length = math.hypot(edge_x, edge_y)
    along, across = radius * np.cos(folded), radius * np.sin(folded)
    return as_plane((along - 1.08) * (edge_y / length) - across * (edge_x / length))


def _gear(x: Plane, y: Plane, phase: float) -> Plane:
    radius, direction = _polar(x, y)
    cubed = direction * direction * direction
    teeth = cubed * cubed * cubed
    wave = np.tanh(3 * teeth.real)
    slope = 0.12 * 27 * teeth.imag * (1 - wave * wave)
    outline = 0.87 + 0.12 * wave
    toothed = (radius - outline) / np.sqrt(1 + np.square(slope / outline))
    return as_plane(np.maximum(toothed, np.float32(0.3) - radius))


def _amoeba(x: Plane, y: Plane, phase: float) -> Plane:
    radius, direction = _polar(x, y)
    squared = direction * direction
    cubed = squared * direction
    outline = np.full_like(radius, 0.84)
    slope = np.zeros_like(radius)
    for lobes, power, size, speed in (
        (2, squared, 0.1, 1.0),
        (3, cubed, 0.11, -0.7),
        (5, squared * cubed, 0.05, 1.3),
    ):
        turned = power * np.complex64(size * cmath.exp(1j * speed * phase))
        outline += turned.real
        slope -= lobes * turned.imag
    return as_plane((radius - outline) / np.sqrt(1 + np.square(slope / outline)))


def _flower(x: Plane, y: Plane, phase: float) -> Plane:
    radius, direction = _polar(x, y)
    petal = (direction * direction * direction).real
    depth = np.float32(0.4 + 0.06 * math.sin(phase))
    outline = (1 - depth) + depth * np.sqrt(np.abs(petal))
    return as_plane((radius - outline) / np.float32(1.4))


def _arrow(x: Plane, y: Plane, phase: float) -> Plane:
    bent = y - np.float32(0.12 * math.sin(phase)) * (x * x - np.float32(0.4))
    side = np.abs(bent)
    past_x, past_y = np.abs(x + np.float32(0.35)) - np.float32(0.6), side - np.float32(0.27)
    shaft = np.maximum(past_x, past_y)
    slanted = np.float32(0.7071) * (x + side - np.float32(1.0))
    head = np.maximum(slanted, -x)
    return as_plane(np.minimum(shaft, head))


def _crescent(x: Plane, y: Plane, phase: float) -> Plane:
    bite = np.float32(0.5 + 0.12 * math.sin(phase))
    outer = _radius(x, y) - np.float32(1.0)
    inner = _radius(x - bite, y) - np.float32(0.78)
    return as_plane(np.maximum(outer, -inner))


SHAPES: dict[str, Distance] = {
    "disc": _disc,
    "ring": _ring,
    "star": _star,
    "gear": _gear,
    "amoeba": _amoeba,
    "flower": _flower,
    "arrow": _arrow,
    "crescent": _crescent,
}
"""Category name -> its outline. The category id is the position in this table, counted from 1."""

BULKY: tuple[str, ...] = ("disc", "gear", "amoeba", "flower")
"""The outlines that fill most of their circle: what stands behind them is hidden."""

EXTENT = 1.12
"""No shape reaches further than this many radii from its centre."""
