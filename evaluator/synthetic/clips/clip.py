"""One synthetic video with its exact truth, made in memory from two numbers."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.synthetic.clips.drawing import UNIT, Body, Camera, Shots, draw
from evaluator.synthetic.clips.integers import TURN, Dice, Ints
from evaluator.synthetic.clips.movements import PLOTS, Role, Stage
from evaluator.synthetic.clips.names import BULKY, STUFF, THINGS, VOID
from evaluator.synthetic.clips.outlines import SIDE, pattern
from evaluator.synthetic.clips.scenery import make_scenery, stuff_tones

NONE, SLIGHT, SEVERE, ABSENT = range(4)
LEVEL_WORDS: Final = ("no_occlusion", "slight_occlusion", "severe_occlusion", None)
"""How OVIS writes the levels."""
SMALLEST: Final = 16
"""A thing of which fewer pixels than this are visible counts as absent."""
SMALLEST_FRAME: Final = 32
PROGRAMME: Final = (
    "hideout",
    "duet",
    "peek",
    "swarm",
    "parade",
    "hideout",
    "carousel",
    "peek",
    "wander",
    "duet",
)
"""The plots of the videos 0, 1, ...; then they begin again."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One synthetic video, the same scene for video instance, panoptic and semantic segmentation.

    Attributes:
        frames: uint8 [T, H, W, 3], RGB.
        things: uint8 [T, H, W], 0 where stuff is in front, n for thing n (from 1) in front.
        categories: index in THINGS of thing n at n - 1; every thing is visible in one frame at least.
        stuff: uint8 [T, H, W], index in STUFF of what is in front or, where a thing is, behind it; VOID where
            fewer pixels of a thing show than count.
        levels: uint8 [N, T], how occluded each thing is in each frame: NONE, SLIGHT (more than a hundredth of
            its pixels in the frame is hidden) or SEVERE (more than half), and ABSENT where it is not visible.
            What the border of the frame cuts off does not count, as in OVIS.
    """

    frames: NDArray[np.uint8]
    things: NDArray[np.uint8]
    categories: tuple[int, ...]
    stuff: NDArray[np.uint8]
    levels: NDArray[np.uint8]


def make_clip(seed: int, video: int, *, frames: int = 30, size: tuple[int, int] = (96, 160)) -> Clip:
    """Return video number `video` of a seed: the same bytes on every machine.

    Args:
        seed, video: both in [0, 2 ** 32). Two videos of one seed have no more in common than of two seeds.
        frames: T, at least 1; a longer video begins with the frames of the shorter one.
        size: height and width in pixels, at least 32 each.

    Raises:
        ValueError: an argument is out of its range.
    """
    height, width = size
    for name, value, low, high in (
        ("seed", seed, 0, 2**32 - 1),
        ("video", video, 0, 2**32 - 1),
        ("frames", frames, 1, 100_000),
        ("height", height, SMALLEST_FRAME, 8192),
        ("width", width, SMALLEST_FRAME, 8192),
    ):
        check_range(name, value, low, high)
    dice = Dice(seed, video)
    stage = Stage(dice, np.arange(frames), UNIT * width // height)
    PLOTS[PROGRAMME[video % len(PROGRAMME)]](stage)
    kinds, bodies = _dressed(stage)
    shots = draw(bodies, _camera(stage), make_scenery(dice, height, width), height, width)
    things = [index for index, body in enumerate(bodies) if body.label]
    return with_levels(shots, kinds, shots.whole[things], shots.visible[things])


def check_range(name: str, value: int, low: int, high: int) -> None:
    """Raise ValueError where an argument is not in [low, high]."""
    if not low <= value <= high:
        raise ValueError(f"Expected `{name}` to be from {low} to {high}, but got {value}")


def with_levels(shots: Shots, kinds: list[int], whole: Ints, visible: Ints) -> Clip:
    """Measure how occluded each thing is, and leave out those that are never visible."""
    frames, things, stuff = shots.frames, shots.things, shots.stuff
    hidden = whole - visible
    levels = (100 * hidden > whole).astype(np.uint8) + (2 * hidden > whole)
    levels[visible < SMALLEST] = ABSENT
    kept = np.flatnonzero((levels != ABSENT).any(1))
    numbers = np.zeros((len(frames), len(kinds) + 1), np.uint8)
    numbers[:, kept + 1] = np.arange(1, len(kept) + 1) * (levels[kept] != ABSENT).T
    shown = numbers[np.arange(len(frames))[:, None, None], things]
    stuff[(things > 0) & (shown == 0)] = VOID
    return Clip(frames, shown, tuple(kinds[number] for number in kept), stuff, levels[kept])


def _camera(stage: Stage) -> Camera:
    """Return a camera that pans and zooms slowly."""
    x = stage.width // 2 + stage.wave(stage.share(2, 10), 25, 60)
    y = UNIT // 2 + stage.wave(stage.share(1, 6), 25, 60)
    return Camera(x, y, 4096 + stage.wave(stage.dice.between(0, 300), 20, 50))


def _dressed(stage: Stage) -> tuple[list[int], list[Body]]:
    """Give every role its tables. Return the category of every thing, and the bodies."""
    dice = stage.dice
    order = dice.shuffled(range(len(THINGS)))
    hue, looks = dice.between(0, 1535), dict[int, tuple[int, Ints]]()
    kinds: list[int] = []
    bodies = []
    for number, role in enumerate(stage.roles):
        key = role.look if role.look is not None else -1 - number
        if role.front is not None:
            tones = np.array(stuff_tones(dice, role.front))
            palette, kind = np.stack([tones[1], tones[0], tones[0] // 2, tones[1]]), role.front
            label = 0
        else:
            if key not in looks:
                category = THINGS.index(dice.choice(BULKY)) if role.bulky else order[len(looks) % len(order)]
                looks[key] = category, _palette(dice, hue + 370 * len(looks))
            category, palette = looks[key]
            kinds.append(category)
            kind, label = THINGS[category], len(kinds)
        bodies.append(_body(stage, role, kind, palette, label))
    return kinds, bodies


def _body(stage: Stage, role: Role, kind: str, palette: Ints, label: int) -> Body:
    dice, time = stage.dice, stage.time
    tables = pattern(kind)
    turned = dice.between(0, TURN - 1) if kind in ("ball", "box", "airplane") else dice.between(-300, 300)
    spin = (
        dice.between(8, 40) * dice.side() * time if kind in ("ball", "airplane") else stage.wave(300, 40, 100)
    )
    still = np.zeros_like(time)
    return Body(
        x=role.x,
        y=role.y,
        radius=role.radius,
        depth=role.depth,
        angle=turned + spin if label else still,
        phase=dice.between(0, TURN - 1) + dice.between(80, 260) * time if label else still,
        stretch=role.stretch if role.front else dice.between(228, 284),
        bend=dice.between(150, 420) if label else 0,
        distance=tables.distance,
        colours=_colours(dice, tables.tones, palette, 60 if label else 110),
        label=label,
        stuff=STUFF.index(role.front) if role.front else 0,
    )


def _palette(dice: Dice, hue: int) -> Ints:
    """Return the four tones of a look, [4, 3]: two colours far from each other, dark, and light."""
    bright = dice.between(200, 250)
    main = _saturated(hue + dice.between(-60, 60), bright, dice.between(20, 70))
    second = _saturated(hue + dice.between(500, 1000), dice.between(70, 250), dice.between(20, 70))
    return np.array([main, second, (28, 26, 34), (244, 240, 228)], np.int64)


def _saturated(hue: int, high: int, low: int) -> tuple[int, int, int]:
    """Return the colour of a hue in 1536ths of the circle between its lowest and its highest part."""
    sector, rest = divmod(hue % 1536, 256)
    rising, falling = low + (high - low) * rest // 256, high - (high - low) * rest // 256
    return (
        (high, rising, low),
        (falling, high, low),
        (low, high, rising),
        (low, falling, high),
        (rising, low, high),
        (high, low, falling),
    )[sector]


def _colours(dice: Dice, tones: Ints, palette: Ints, mottle: int) -> NDArray[np.uint8]:
    """Mix the tones, and lay over them spots of light and shade that nobody else has."""
    cells = 9
    grid = dice.table(cells + 1, cells + 1)
    at = np.arange(SIDE) * cells
    low, rest = at // SIDE, at % SIDE
    rows = grid[low] * (SIDE - rest)[:, None] + grid[low + 1] * rest[:, None]
    spots = (rows[:, low] * (SIDE - rest) + rows[:, low + 1] * rest) // SIDE**2
    light = 256 + (spots - 128) * mottle // 128
    mixed: Ints = np.right_shift(tones @ palette, 8)
    lit = np.right_shift(mixed * light[:, :, None], 8)
    return np.asarray(np.clip(lit, 0, 255), np.uint8)
