"""Draw a scene: one frame at a time, from the farthest shape to the nearest, with exact masks.

Edges are antialiased in the picture; a mask holds the pixels whose centre lies inside the outline. Colours
are kept plane by plane, [3, h, w], on which numpy is several times faster than on interleaved ones.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.synthetic.paint import paint_ground
from evaluator.synthetic.scene import Actor, Bar, Scene
from evaluator.synthetic.shapes import EXTENT, SHAPES, Plane, as_plane

Mask = NDArray[np.bool_]
BAR = 0
"""The value of `RenderedFrame.owner` where a post is in front; -1 is background, shapes count from 1."""

_LIGHT_X, _LIGHT_Y = np.float32(-0.55), np.float32(-0.83)


@dataclass(frozen=True, slots=True)
class _Sprite:
    """One shape drawn on its own part of the frame: colours [3, h, w], the rest [h, w] in [0, 1]."""

    owner: int
    depth: float
    rows: slice
    columns: slice
    colours: Plane
    alpha: Plane
    shadow: Plane
    mask: Mask


@dataclass(frozen=True, slots=True)
class Outline:
    """All pixels of one shape inside the frame, hidden or not: `mask` [h, w], its corner at (top, left)."""

    top: int
    left: int
    mask: Mask


@dataclass(frozen=True, slots=True)
class RenderedFrame:
    """`picture` uint8 [H, W, 3]; `owner` int16 [H, W], the shape in front; `outlines` by shape (from 1)."""

    picture: NDArray[np.uint8]
    owner: NDArray[np.int16]
    outlines: dict[int, Outline]


def render(scene: Scene, rng: np.random.Generator) -> Iterator[RenderedFrame]:
    """Yield the frames of a scene in order. `rng` decides the background alone."""
    unit = scene.height / 360
    camera = _Camera(scene, rng, unit)
    bars = [_draw_bar(bar, scene, unit) for bar in scene.bars]
    for frame in range(scene.frames):
        drawn = (
            _draw_actor(actor, number, frame, scene, unit) for number, actor in enumerate(scene.actors, 1)
        )
        sprites = sorted(
            [*bars, *(s for s in drawn if s is not None)], key=lambda sprite: (sprite.depth, sprite.owner)
        )
        yield _compose(camera.look(frame), camera.vignette, sprites)


def _compose(canvas: Plane, vignette: Plane, sprites: list[_Sprite]) -> RenderedFrame:
    owner = np.full(canvas.shape[1:], -1, np.int16)
    for sprite in sprites:
        region = canvas[:, sprite.rows, sprite.columns]
        region *= 1 - sprite.shadow
        region += sprite.alpha * (sprite.colours - region)
        owner[sprite.rows, sprite.columns][sprite.mask] = sprite.owner
    canvas *= 255 * vignette
    picture = np.empty((*owner.shape, 3), np.uint8)
    picture[...] = np.moveaxis(np.clip(canvas, 0, 255, out=canvas), 0, -1)
    outlines = {s.owner: _tight(s) for s in sprites if s.owner != BAR and s.mask.any()}
    return RenderedFrame(picture, owner, outlines)


def _tight(sprite: _Sprite) -> Outline:
    rows, columns = np.flatnonzero(sprite.mask.any(1)), np.flatnonzero(sprite.mask.any(0))
    mask = sprite.mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Outline(sprite.rows.start + int(rows[0]), sprite.columns.start + int(columns[0]), mask.copy())


class _Camera:
    """A background larger than the frame, over which the view moves slowly along an ellipse."""

    def __init__(self, scene: Scene, rng: np.random.Generator, unit: float) -> None:
        self._shape = (scene.height, scene.width)
        self._reach = 40 * unit
        size = int(2 * self._reach) + 2
        self._ground = paint_ground(rng, scene.theme, (scene.height + size, scene.width + size), unit)
        self._start = rng.uniform(0, 2 * np.pi)
        y, x = np.mgrid[-1 : 1 : scene.height * 1j, -1 : 1 : scene.width * 1j].astype(np.float32)
        self.vignette: Plane = (1.03 - 0.13 * (x * x + y * y) / 2).astype(np.float32)

    def look(self, frame: int) -> Plane:
        """Return what lies behind the shapes in this frame, float32 [3, H, W], free to be drawn on."""
        angle = self._start + 2 * math.pi * frame / 90
        left, top = (round(self._reach * (1 + turn)) for turn in (math.cos(angle), math.sin(angle)))
        height, width = self._shape
        return self._ground[:, top : top + height, left : left + width].copy()


def _draw_actor(actor: Actor, number: int, frame: int, scene: Scene, unit: float) -> _Sprite | None:
    """Draw one shape, or return None where neither it nor its shadow touches the frame."""
    radius = float(actor.path.radius[frame]) * scene.height
    x, y = float(actor.path.x[frame]) * scene.height, float(actor.path.y[frame]) * scene.height
    shift, softness = max(1, round(5 * unit)), 14 * unit
    reach = EXTENT * 1.1 * radius + softness
    top, bottom = max(0, int(y - reach)), min(scene.height, int(y + reach + shift) + 1)
    left, right = max(0, int(x - reach)), min(scene.width, int(x + reach + shift) + 1)
    if top >= bottom or left >= right:
        return None
    # One more strip above and to the left, so that the shadow is the same distance field, moved.
    rows = np.arange(top - shift, bottom, dtype=np.float32)[:, None] + np.float32(0.5 - y)
    columns = np.arange(left - shift, right, dtype=np.float32)[None, :] + np.float32(0.5 - x)
    local_x, local_y = _to_local(actor, frame, rows, columns, radius)
    distance = SHAPES[actor.look.category](local_x, local_y, float(actor.phase[frame]))
    inside = distance[shift:, shift:]
    return _Sprite(
        owner=number,
        depth=float(actor.path.depth[frame]),
        rows=slice(top, bottom),
        columns=slice(left, right),
        colours=_shade(actor, inside, local_x[shift:, shift:], local_y[shift:, shift:], radius),
        alpha=np.clip(0.5 - inside * np.float32(radius), 0, 1),
        shadow=_shadow(distance[:-shift, :-shift] * np.float32(radius), softness),
        mask=inside < 0,
    )


def _to_local(actor: Actor, frame: int, rows: Plane, columns: Plane, radius: float) -> tuple[Plane, Plane]:
    """Turn pixels around the centre into coordinates of the shape: rotated back, squashed back, in radii."""
    cosine, sine = math.cos(actor.angle[frame]), math.sin(actor.angle[frame])
    squash = float(actor.squash[frame])
    along, across = 1 / (radius * squash), squash / radius
    local_x = cosine * along * columns + sine * along * rows
    local_y = cosine * across * rows - sine * across * columns
    return local_x, local_y


def _shade(actor: Actor, distance: Plane, x: Plane, y: Plane, radius: float) -> Plane:
    """Return the colours of a shape [3, h, w]: its pattern, lit from the upper left on a bevelled edge."""
    first, second = (colour[:, None, None] for colour in actor.look.colours)
    colours = first + (second - first) * actor.look.pattern(x, y, radius)
    if min(distance.shape) < 2:
        return as_plane(colours)
    slope_y, slope_x = np.gradient(distance * np.float32(radius))
    facing = slope_x * _LIGHT_X + slope_y * _LIGHT_Y
    bevel = np.square(np.clip(1 + distance * np.float32(4.5), 0, 1))
    rim = np.clip(1.6 + distance * np.float32(radius), 0, 1)
    colours *= 1 + np.float32(0.38) * bevel * facing - np.float32(0.3) * rim
    return as_plane(colours)


def _shadow(distance_px: Plane, softness: float) -> Plane:
    near = np.clip(0.5 - distance_px / np.float32(softness), 0, 1)
    return as_plane(np.float32(0.42) * near * near * (3 - 2 * near))


def _draw_bar(bar: Bar, scene: Scene, unit: float) -> _Sprite:
    """Draw a post over the whole height of the frame."""
    reach = bar.half_width + abs(bar.lean) / 2 + 0.08
    left = min(scene.width - 1, max(0, int((bar.x - reach) * scene.height)))
    right = max(left + 1, min(scene.width, int((bar.x + reach) * scene.height)))
    rows = (np.arange(scene.height, dtype=np.float32)[:, None] + 0.5) / scene.height
    columns = (np.arange(left, right, dtype=np.float32)[None, :] + 0.5) / scene.height
    across = columns - bar.x - bar.lean * (rows - 0.5)
    distance = np.abs(across) - bar.half_width
    grain = 0.05 * np.sin(160 * across + 3 * np.sin(5 * rows + 9 * bar.x))
    light = 1 - 0.35 * across / bar.half_width + grain
    return _Sprite(
        owner=BAR,
        depth=bar.depth,
        rows=slice(0, scene.height),
        columns=slice(left, right),
        colours=bar.colour[:, None, None] * light,
        alpha=np.clip(0.5 - distance * scene.height, 0, 1),
        shadow=_shadow(as_plane((np.abs(across - 0.02) - bar.half_width) * scene.height), 14 * unit),
        mask=distance < 0,
    )
