"""Draws the frames: from the farthest to the nearest, each actor by its tables turned into place."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import compiled
from evaluator.synthetic.clips.integers import ONE, SINES, TURN, Ints, cosine, sine
from evaluator.synthetic.clips.outlines import CELL, RADIUS, REACH
from evaluator.synthetic.clips.scenery import Scenery

UNIT: Final = 4096
"""Positions and radii in the world are in parts of the frame's height of which this many make one."""

_X, _Y, _U_X, _U_Y, _V_X, _V_Y, _HALF_X, _HALF_Y, _EDGE, _LIGHT, _BEND, _PHASE, _FIELDS = range(13)
_STRIDE: Final = 4096 // 6  # how far the sine that bends an actor gets within a radius, in steps


@dataclass(frozen=True, slots=True)
class Body:
    """One actor as it is drawn. Arrays have one entry per frame [T]; positions and radii are in `UNIT`.

    `stretch` is the height of its outline in 256ths of its width. `bend` in 4096ths of the radius says how
    far the outline sways, in the rhythm of `phase`. `distance` [SIDE, SIDE] and `colours` [SIDE, SIDE, 3] are
    its tables. `label` is the number of a thing or 0, `stuff` the class of what is not a thing.
    """

    x: Ints
    y: Ints
    radius: Ints
    depth: Ints
    angle: Ints
    phase: Ints
    stretch: int
    bend: int
    distance: NDArray[np.int16]
    colours: NDArray[np.uint8]
    label: int
    stuff: int


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the middle of the frame is in the world, in `UNIT`, and how much it enlarges, in 4096ths; [T]."""

    x: Ints
    y: Ints
    zoom: Ints


@dataclass(frozen=True, slots=True)
class Shots:
    """The frames [T, H, W, 3], what is in front [T, H, W], and the pixels of each body in each frame [N, T]:
    all that lie in the frame, and those that nothing hides."""

    frames: NDArray[np.uint8]
    things: NDArray[np.uint8]
    stuff: NDArray[np.uint8]
    whole: Ints
    visible: Ints


def draw(bodies: list[Body], camera: Camera, scenery: Scenery, height: int, width: int) -> Shots:
    """Draw the frames; labels of things are 1, 2, ... in the order of the bodies that have one."""
    length = len(camera.x)
    depths = np.array([body.depth for body in bodies], np.int64)
    frames = np.empty((length, height, width, 3), np.uint8)
    things, stuff = np.empty((2, length, height, width), np.uint8)
    whole, visible = np.zeros((2, len(bodies), length), np.int64)
    _draw(
        scenery.colours,
        scenery.stuff,
        _views(camera, scenery, height, width),
        np.stack([_placed(body, camera, height, width) for body in bodies]),
        np.argsort(depths, axis=0, kind="stable"),
        np.stack([body.distance for body in bodies]),
        np.stack([body.colours for body in bodies]),
        np.array([[body.label, body.stuff] for body in bodies], np.int64),
        SINES,
        REACH * 16,
        CELL * 16,
        frames,
        things,
        stuff,
        whole,
        visible,
    )
    return Shots(frames, things, stuff, whole, visible)


def _views(camera: Camera, scenery: Scenery, height: int, width: int) -> Ints:
    """Return where the first pixel lies in the scenery, and how far the next is, in 256ths; [T, 3]."""
    rows, columns = scenery.stuff.shape
    step = 256 * 4096 // camera.zoom
    middle_x = columns * 128 + ((camera.x - UNIT * width // (2 * height)) * height * 256 // UNIT)
    middle_y = rows * 128 + ((camera.y - UNIT // 2) * height * 256 // UNIT)
    return np.stack([middle_x - (width - 1) * step // 2, middle_y - (height - 1) * step // 2, step], -1)


def _placed(body: Body, camera: Camera, height: int, width: int) -> Ints:
    """Return the numbers by which the kernel draws a body, int64 [T, _FIELDS]; pixels are in 256ths."""
    wide = np.maximum(body.radius * camera.zoom * height >> 16, 256)
    high = wide * body.stretch // 256
    cos, sin = cosine(body.angle), sine(body.angle)
    placed = np.empty((len(camera.x), _FIELDS), np.int64)
    placed[:, _X] = ((body.x - camera.x) * camera.zoom * height >> 16) + width * 128
    placed[:, _Y] = ((body.y - camera.y) * camera.zoom * height >> 16) + height * 128
    placed[:, _U_X], placed[:, _U_Y] = cos * 65536 // wide, sin * 65536 // wide
    placed[:, _V_X], placed[:, _V_Y] = -sin * 65536 // high, cos * 65536 // high
    placed[:, _HALF_X] = (abs(cos) * wide + abs(sin) * high) * REACH // (RADIUS * ONE)
    placed[:, _HALF_Y] = (abs(sin) * wide + abs(cos) * high) * REACH // (RADIUS * ONE)
    placed[:, _EDGE] = wide
    placed[:, _LIGHT] = (1 << 16) * 44 // wide
    placed[:, _BEND], placed[:, _PHASE] = body.bend, body.phase & (TURN - 1)
    return placed


@compiled()
def _blend(a: int, b: int, c: int, d: int, right: int, down: int) -> int:
    """Return the value between four neighbours, at `right` and `down` in 256ths."""
    upper = a * (256 - right) + b * right
    return (upper * (256 - down) + (c * (256 - right) + d * right) * down) >> 16


@compiled(
    "void(uint8[:, :, ::1], uint8[:, ::1], int64[:, ::1], int64[:, :, ::1], int64[:, ::1], int16[:, :, ::1],"
    "uint8[:, :, :, ::1], int64[:, ::1], int64[::1], int64, int64, uint8[:, :, :, ::1], uint8[:, :, ::1],"
    "uint8[:, :, ::1], int64[:, ::1], int64[:, ::1])"
)
def _draw(
    plane: NDArray[np.uint8],
    plane_stuff: NDArray[np.uint8],
    views: Ints,
    placed: Ints,
    order: Ints,
    distances: NDArray[np.int16],
    colours: NDArray[np.uint8],
    labels: Ints,
    sines: Ints,
    reach: int,
    cell: int,
    frames: NDArray[np.uint8],
    things: NDArray[np.uint8],
    stuff: NDArray[np.uint8],
    whole: Ints,
    visible: Ints,
) -> None:
    """`reach` and `cell` are those of the tables, in 4096ths of a radius."""
    bodies, length = whole.shape
    last = distances.shape[1] - 1
    _, height, width = things.shape
    front = np.empty((height, width), np.int64)
    rows, columns = plane_stuff.shape
    for frame in range(length):
        step = views[frame, 2]
        for y in range(height):
            down = min(max(views[frame, 1] + y * step - 128, 0), (rows - 1) * 256 - 1)
            j, down = down >> 8, down & 255
            for x in range(width):
                right = min(max(views[frame, 0] + x * step - 128, 0), (columns - 1) * 256 - 1)
                i, right = right >> 8, right & 255
                for part in range(3):
                    frames[frame, y, x, part] = _blend(
                        plane[j, i, part],
                        plane[j, i + 1, part],
                        plane[j + 1, i, part],
                        plane[j + 1, i + 1, part],
                        right,
                        down,
                    )
                stuff[frame, y, x] = plane_stuff[j + (down >> 7), i + (right >> 7)]
                things[frame, y, x] = 0
                front[y, x] = -1
        for rank in range(bodies):
            body = order[rank, frame]
            form = placed[body, frame]
            left = max(0, (form[_X] - form[_HALF_X]) >> 8)
            right_end = min(width, ((form[_X] + form[_HALF_X]) >> 8) + 1)
            top = max(0, (form[_Y] - form[_HALF_Y]) >> 8)
            bottom = min(height, ((form[_Y] + form[_HALF_Y]) >> 8) + 1)
            for y in range(top, bottom):
                dy = y * 256 + 128 - form[_Y]
                for x in range(left, right_end):
                    dx = x * 256 + 128 - form[_X]
                    # From pixels to the tables: 4096ths of a radius, swayed, then 256ths of a cell.
                    u = (form[_U_X] * dx + form[_U_Y] * dy) >> 18
                    v = (form[_V_X] * dx + form[_V_Y] * dy) >> 18
                    sway = sines[(form[_PHASE] + (u * _STRIDE >> 12)) & 4095]
                    swing = sines[(form[_PHASE] * 2 + 900 + (v * _STRIDE >> 12)) & 4095]
                    u += form[_BEND] * swing >> 15
                    v += form[_BEND] * sway >> 14
                    u = (u + reach) * 256 // cell - 128
                    v = (v + reach) * 256 // cell - 128
                    i, j = u >> 8, v >> 8
                    if i < 0 or j < 0 or i >= last or j >= last:
                        continue
                    u, v = u & 255, v & 255
                    near = distances[body]
                    # In 256ths of a pixel.
                    outside = _blend(near[j, i], near[j, i + 1], near[j + 1, i], near[j + 1, i + 1], u, v)
                    outside = outside * form[_EDGE] >> 8
                    if outside >= 128:
                        continue
                    cover = min(256, 128 - outside)
                    light = 256 - ((dx + dy) * form[_LIGHT] >> 16)
                    light = min(max(light, 190), 306)
                    if outside > -280:
                        light = light * 5 >> 3
                    for part in range(3):
                        tone = colours[body, :, :, part]
                        value = _blend(tone[j, i], tone[j, i + 1], tone[j + 1, i], tone[j + 1, i + 1], u, v)
                        value = min(255, value * light >> 8)
                        old = frames[frame, y, x, part]
                        frames[frame, y, x, part] = (old * (256 - cover) + value * cover) >> 8
                    if outside < 0:
                        whole[body, frame] += 1
                        front[y, x] = body
        for y in range(height):
            for x in range(width):
                body = front[y, x]
                if body >= 0:
                    visible[body, frame] += 1
                    things[frame, y, x] = labels[body, 0]
                    if labels[body, 0] == 0:
                        stuff[frame, y, x] = labels[body, 1]
