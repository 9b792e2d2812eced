"""What every kind of thing and of stuff in front looks like: its outline, and which of four tones is where.

Coordinates are integers, `RADIUS` per radius, with u to the right and v downwards. Every table has
`SIDE` x `SIDE` cells of `CELL` units and reaches `REACH` units to all sides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.synthetic.clips.integers import Ints, root

RADIUS: Final = 256
SIDE: Final = 64
REACH: Final = 320
CELL: Final = 2 * REACH // SIDE
MAIN, SECOND, DARK, LIGHT = range(4)

Drawing = Callable[[Ints, Ints], tuple[Ints, Ints]]
"""From u and v [h, w] to the signed distance to the outline, negative inside, and the tone."""
Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A kind as tables: `distance` int16 [SIDE, SIDE] in units, `tones` int64 [SIDE, SIDE, 4], of 256."""

    distance: NDArray[np.int16]
    tones: Ints


@cache
def pattern(kind: str) -> Pattern:
    """Return the tables of a kind in `DRAWINGS`."""
    distance, _ = DRAWINGS[kind](*_grid(SIDE))
    _, tone = DRAWINGS[kind](*_grid(2 * SIDE))
    of_each = (tone[:, :, None] == np.arange(4)).astype(np.int64)
    tones = of_each.reshape(SIDE, 2, SIDE, 2, 4).sum((1, 3)) * 64
    return Pattern(np.clip(distance, -2000, 2000).astype(np.int16), tones)


def _grid(side: int) -> tuple[Ints, Ints]:
    middle = (np.arange(side) * 2 + 1) * REACH // side - REACH
    v, u = np.meshgrid(middle, middle, indexing="ij")
    return u.astype(np.int64), v.astype(np.int64)


def _disc(u: Ints, v: Ints, centre: Point, radius: int) -> Ints:
    return root((u - centre[0]) ** 2 + (v - centre[1]) ** 2) - radius


def _rod(u: Ints, v: Ints, start: Point, end: Point, radius: int) -> Ints:
    """A line with round ends."""
    along_u, along_v = end[0] - start[0], end[1] - start[1]
    length = along_u**2 + along_v**2
    share = np.clip(((u - start[0]) * along_u + (v - start[1]) * along_v) * 256 // length, 0, 256)
    return (
        root((u - start[0] - share * along_u // 256) ** 2 + (v - start[1] - share * along_v // 256) ** 2)
        - radius
    )


def _block(u: Ints, v: Ints, centre: Point, half: Point, corner: int) -> Ints:
    """A rectangle with round corners."""
    past_u = abs(u - centre[0]) - half[0] + corner
    past_v = abs(v - centre[1]) - half[1] + corner
    outside = root(np.maximum(past_u, 0) ** 2 + np.maximum(past_v, 0) ** 2)
    return outside + np.minimum(np.maximum(past_u, past_v), 0) - corner


def _polygon(u: Ints, v: Ints, *corners: Point) -> Ints:
    """A convex polygon; its corners are in the order of the clock's hands."""
    distance = np.full_like(u, -10_000)
    for (from_u, from_v), (to_u, to_v) in zip(corners, (*corners[1:], corners[0]), strict=True):
        normal_u, normal_v = to_v - from_v, from_u - to_u
        length = int(root(np.array(normal_u**2 + normal_v**2, np.int64)))
        distance = np.maximum(distance, ((u - from_u) * normal_u + (v - from_v) * normal_v) // length)
    return distance


def _union(*parts: Ints) -> Ints:
    return np.asarray(np.minimum.reduce(parts), np.int64)


def _tone(where: Ints, *layers: tuple[int, NDArray[np.bool_]]) -> Ints:
    """Return the tones: MAIN, over which each layer lays its own."""
    tone = np.zeros_like(where)
    for value, mask in layers:
        tone[mask] = value
    return tone


def _ball(u: Ints, v: Ints) -> tuple[Ints, Ints]:
    sides = (v > 0) ^ (56 * v > 97 * u) ^ (56 * v > -97 * u)
    return _disc(u, v, (0, 0), 240), _tone(u, (SECOND, sides), (LIGHT, _disc(u, v, (0, 0), 55) < 0))


def _box(u: Ints, v: Ints) -> tuple[Ints, Ints]:
    ribbon = (abs(u) < 42) | (abs(v) < 42)
    return _block(u, v, (0, 0), (205, 205), 24), _tone(
        u, (SECOND, ribbon), (DARK, (abs(u) < 42) & (abs(v) < 42))
    )


def _car(u: Ints, v: Ints) -> tuple[Ints, Ints]:
    body = _block(u, v, (0, 50), (250, 80), 40)
    cabin = _polygon(u, v, (-170, 0), (-110, -130), (70, -130), (150, 0))
    window = _polygon(u, v, (-135, -20), (-95, -105), (55, -105), (110, -20))
    wheels = _union(_disc(u, v, (-135, 130), 68), _disc(u, v, (135, 130), 68))
    hubs = _union(_disc(u, v, (-135, 130), 28), _disc(u, v, (135, 130), 28))
    tone = _tone(
        u,
        (SECOND, (body < 0) & (abs(v - 60) < 26)),
        (LIGHT, (window < 0) & (abs(u + 20) > 12)),
        (DARK, wheels < 0),
        (LIGHT, hubs < 0),
    )
    return _union(body, cabin, wheels), tone


def _cat(u: Ints, v: Ints) -> tuple[Ints, Ints]:
    side = abs(u)
    ears = _polygon(side, v, (40, -100), (165, -245), (200, 20))
    inner = _polygon(side, v, (85, -95), (150, -190), (165, -60))
    stripes = (v < -25) & ((side < 18) | (abs(side - 62) < 18))
    tone = _tone(
        u,
        (SECOND, stripes | (inner < 0) | ((side > 130) & (abs(v - 70) % 60 < 22) & (v > 20))),
        (LIGHT, _disc(side, v, (35, 130), 62) < 0),
        (DARK, (_disc(side, v, (80, 25), 36) < 0) | (_disc(u, v, (0, 100), 26) < 0)),
    )
    return _union(_disc(u, v, (0, 45), 200), ears), tone


def _person(u: Ints, v: Ints) -> tuple[Ints, Ints]:
    side = abs(u)
    head = _disc(u, v, (0, -170), 82)
    torso = _rod(u, v, (0, -55), (0, 50), 88)
    arms = _rod(side, v, (75, -60), (190, 30), 40)
    legs = _rod(side, v, (50, 80), (90, 210), 48)
    tone = _tone(u, (SECOND, v > 60), (LIGHT, (head < 0) | (side > 165)), (DARK, (head < 0) & (v < -195)))
    return _union(head, torso, arms, legs), tone


def _airplane(u: Ints, v: Ints) -> tuple[Ints, Ints]:
    side = abs(v)
    hull = _rod(u, v, (-200, 0), (195, 0), 52)
    wing = _polygon(u, side, (90, 0), (-60, 255), (-140, 255), (-70, 0))
    tail = _polygon(u, side, (-140, 0), (-205, 125), (-255, 125), (-235, 0))
    tone = _tone(u, (SECOND, side > 110), (LIGHT, side < 20), (DARK, _disc(u, v, (185, 0), 42) < 0))
    return _union(hull, wing, tail), tone


def _bottle(u: Ints, v: Ints) -> tuple[Ints, Ints]:
    body = _block(u, v, (0, 90), (115, 165), 50)
    neck = _block(u, v, (0, -140), (50, 115), 16)
    tone = _tone(u, (LIGHT, abs(u + 75) < 16), (SECOND, abs(v - 95) < 70), (DARK, v < -185))
    return _union(body, neck), tone


def _fish(u: Ints, v: Ints) -> tuple[Ints, Ints]:
    body = _union(_rod(u, v, (-30, 0), (80, 0), 140), _disc(u, v, (120, 0), 122))
    tail = np.maximum(_polygon(u, v, (-60, 0), (-255, 150), (-255, -150)), -_disc(u, v, (-300, 0), 90))
    fin = _polygon(u, v, (-70, -100), (-30, -205), (60, -100))
    tone = _tone(
        u,
        (SECOND, ((u + REACH) // 52 % 2 == 0) & (u < 90)),
        (LIGHT, _disc(u, v, (150, -40), 46) < 0),
        (DARK, _disc(u, v, (158, -40), 25) < 0),
    )
    return _union(body, tail, fin), tone


def _tree(u: Ints, v: Ints) -> tuple[Ints, Ints]:
    crown = _union(
        _disc(u, v, (0, -20), 225),
        _disc(u, v, (-150, -60), 110),
        _disc(u, v, (150, -60), 110),
        _disc(u, v, (-120, 90), 120),
        _disc(u, v, (120, 90), 120),
        _disc(u, v, (0, -160), 110),
    )
    trunk = _block(u, v, (0, 250), (45, 70), 4)
    return _union(crown, trunk), _tone(u, (SECOND, crown >= 0))


def _stone(u: Ints, v: Ints) -> tuple[Ints, Ints]:
    lumps = _union(_disc(u, v, (-60, 20), 195), _disc(u, v, (75, 30), 190), _disc(u, v, (10, -50), 190))
    return lumps, _tone(u, (SECOND, abs(u + v // 3 - 40) < 9))


def _pillar(u: Ints, v: Ints) -> tuple[Ints, Ints]:
    return _block(u, v, (0, 0), (240, 300), 0), _tone(
        u, (SECOND, abs(u) % 96 < 20), (LIGHT, abs(u + 150) < 30)
    )


DRAWINGS: Final[dict[str, Drawing]] = {
    "ball": _ball,
    "box": _box,
    "car": _car,
    "cat": _cat,
    "person": _person,
    "airplane": _airplane,
    "bottle": _bottle,
    "fish": _fish,
    "tree": _tree,
    "stone": _stone,
    "pillar": _pillar,
}
