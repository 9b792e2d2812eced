"""Movements: six ways in which several shapes cross, hide and pass each other.

Positions and radii are in frame heights (the frame is 1 high and `aspect` wide), depths in any unit (a larger
one is nearer), `time` [T] in units of 30 frames. Each movement is made to produce one mix of occlusion:
`wander` and `parade` mostly slight, `duet` and `carousel` full but short, `swarm` and `eclipse` severe and
lasting.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.float64]
TURN = 2 * np.pi


@dataclass(frozen=True, slots=True)
class Path:
    """Centre, radius and depth of one shape per frame, each [T].

    Shapes of one `group` look alike. A `bulky` shape takes one of the outlines without large hollows.
    """

    x: Track
    y: Track
    radius: Track
    depth: Track
    group: int | None = None
    bulky: bool = False


@dataclass(frozen=True, slots=True)
class Cast:
    """The paths of a video, and the posts that stand in it."""

    paths: tuple[Path, ...]
    bar_positions: tuple[float, ...] = ()
    bar_depth: float = 0.0


Choreography = Callable[[np.random.Generator, float, Track], Cast]


def _steady(value: float, time: Track) -> Track:
    return np.full_like(time, value)


def _giant(rng: np.random.Generator, aspect: float, time: Track, depth: float, radius: float) -> Path:
    """A slow shape near the centre that fills most of the frame's height."""
    sway = rng.uniform(0.06, 0.12) * aspect * np.sin(TURN * 0.5 * time + rng.uniform(0, TURN))
    return Path(
        x=aspect / 2 + sway,
        y=0.5 + 0.04 * np.sin(TURN * 0.4 * time + rng.uniform(0, TURN)),
        radius=radius * (1 + 0.04 * np.sin(TURN * time)),
        depth=_steady(depth, time),
        bulky=True,
    )


def _carousel(rng: np.random.Generator, aspect: float, time: Track) -> Cast:
    """Shapes ride around a large hub: nearer and larger in front, out of sight behind it."""
    riders = 6
    turns = rng.uniform(0.55, 0.8) * rng.choice((-1, 1))
    hub = _giant(rng, aspect, time, 0.0, rng.uniform(0.48, 0.53))
    paths = [hub]
    for rider in range(riders):
        angle = TURN * (rider / riders + turns * time) + rng.uniform(-0.15, 0.15)
        nearness = np.sin(angle)
        paths.append(
            Path(
                x=aspect / 2 + 0.4 * aspect * np.cos(angle),
                y=0.5 + 0.26 * nearness,
                radius=rng.uniform(0.14, 0.24) * (1 + 0.3 * nearness),
                depth=nearness,
                group=rider % 3,
            )
        )
    return Cast(tuple(paths))


def _eclipse(rng: np.random.Generator, aspect: float, time: Track) -> Cast:
    """Shapes look out from behind one large shape in front and keep most of themselves hidden."""
    radius = rng.uniform(0.42, 0.48)
    front = _giant(rng, aspect, time, 5.0, radius)
    paths = [front]
    hiders = 7
    for hider in range(hiders):
        size = rng.uniform(0.14, 0.28)
        angle = TURN * (hider / hiders + 0.25 * time * rng.choice((-1, 1)))
        # Around this distance half of the shape is hidden.
        peek = radius + size * (
            0.25 * np.sin(TURN * rng.uniform(0.5, 1.0) * time + rng.uniform(0, TURN)) - 0.22
        )
        paths.append(
            Path(
                x=front.x + 1.15 * peek * np.cos(angle),
                y=front.y + 0.85 * peek * np.sin(angle),
                radius=_steady(size, time),
                depth=_steady(float(hider % 4), time),
                group=hider % 4,
            )
        )
    return Cast(tuple(paths))


def _wander(rng: np.random.Generator, aspect: float, time: Track) -> Cast:
    """Shapes on ways of their own over a large quiet one; some leave the frame and come back."""
    paths = [_giant(rng, aspect, time, -9.0, rng.uniform(0.52, 0.58))]
    for number in range(6):
        reach = rng.uniform(0.35, 0.62)
        speed = rng.uniform(0.35, 0.6, 2)
        start = rng.uniform(0, TURN, 2)
        paths.append(
            Path(
                x=aspect * (0.5 + reach * np.sin(TURN * speed[0] * time + start[0])),
                y=0.5 + 0.36 * np.sin(TURN * speed[1] * time + start[1]),
                radius=rng.uniform(0.1, 0.25) * (1 + 0.12 * np.sin(TURN * time + start[0])),
                depth=_steady(float(number), time),
            )
        )
    return Cast(tuple(paths))


def _duet(rng: np.random.Generator, aspect: float, time: Track) -> Cast:
    """Pairs of look-alikes swing through each other again and again, in three rows."""
    paths = []
    for pair in range(4):
        size, start = rng.uniform(0.17, 0.27), rng.uniform(0, TURN)
        swing = 0.36 * aspect * np.cos(TURN * rng.uniform(0.5, 0.8) * time + start)
        row = 0.2 + 0.2 * pair
        for side in (-1, 1):
            bob = 0.05 * np.sin(TURN * 0.8 * time + rng.uniform(0, TURN))
            paths.append(
                Path(
                    x=aspect / 2 + side * swing,
                    y=row + bob,
                    radius=_steady(size * rng.uniform(0.85, 1.1), time),
                    depth=_steady(float(rng.uniform(0, 4)), time),
                    group=pair,
                )
            )
    return Cast(tuple(paths))


def _swarm(rng: np.random.Generator, aspect: float, time: Track) -> Cast:
    """A dense crowd drifts across the frame while its members change places."""
    heading = rng.choice((-1, 1))
    centre_x = aspect * (0.5 - heading * 0.14 + heading * 0.28 * time)
    centre_y = 0.5 + 0.08 * np.sin(TURN * 0.5 * time)
    paths = []
    for number in range(9):
        start, speed = rng.uniform(0, TURN, 2), rng.uniform(0.3, 0.6, 2)
        paths.append(
            Path(
                x=centre_x + 0.34 * np.sin(TURN * speed[0] * time + start[0]),
                y=centre_y + 0.26 * np.sin(TURN * speed[1] * time + start[1]),
                radius=_steady(rng.uniform(0.17, 0.36), time),
                depth=_steady(float(number), time),
                group=number % 4,
            )
        )
    return Cast(tuple(paths))


def _parade(rng: np.random.Generator, aspect: float, time: Track) -> Cast:
    """Rows march past posts in opposite directions; who leaves on one side comes back on the other."""
    margin = 0.3
    lap = aspect + 2 * margin
    paths = []
    for row in range(3):
        speed = rng.uniform(0.5, 0.8) * (1 if row % 2 == 0 else -1)
        for index in range(3):
            size = rng.uniform(0.11, 0.17) + 0.045 * row
            offset = lap * (index / 3 + rng.uniform(-0.06, 0.06))
            paths.append(
                Path(
                    x=np.mod(offset + speed * lap * time, lap) - margin,
                    y=0.24 + 0.27 * row + 0.04 * np.sin(TURN * 1.5 * time + rng.uniform(0, TURN)),
                    radius=_steady(size, time),
                    depth=_steady(float(row), time),
                    group=row,
                )
            )
    return Cast(tuple(paths), tuple(aspect * share for share in (0.22, 0.5, 0.78)), bar_depth=1.5)


CHOREOGRAPHIES: dict[str, Choreography] = {
    "carousel": _carousel,
    "eclipse": _eclipse,
    "duet": _duet,
    "swarm": _swarm,
    "parade": _parade,
    "wander": _wander,
}
