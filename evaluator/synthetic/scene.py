"""Describes one video: its shapes, their looks, and the position of each in every frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.synthetic.choreography import CHOREOGRAPHIES, Cast, Path
from evaluator.synthetic.paint import PATTERNS, THEMES, Colour, Pattern, Theme, rgb
from evaluator.synthetic.shapes import BULKY, SHAPES

Track = NDArray[np.float64]
LUMINANCE = np.array((0.21, 0.72, 0.07), np.float32)


@dataclass(frozen=True, slots=True)
class Look:
    """Category, the two colours and the pattern of a shape."""

    category: str
    colours: tuple[Colour, Colour]
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Actor:
    """One shape of a video; arrays have one entry per frame [T], lengths are in frame heights."""

    look: Look
    path: Path
    angle: Track
    squash: Track
    phase: Track


@dataclass(frozen=True, slots=True)
class Bar:
    """A post that stands still and hides what passes behind it; it belongs to no category."""

    x: float
    half_width: float
    lean: float
    depth: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything needed to draw a video of `frames` frames of `height` x `width` pixels."""

    name: str
    frames: int
    height: int
    width: int
    theme: Theme
    actors: tuple[Actor, ...]
    bars: tuple[Bar, ...]


def make_scenes(seed: int, *, videos: int, frames: int, height: int, width: int) -> list[Scene]:
    """Return the scenes of a whole benchmark.

    Args:
        seed: at least 0.
        videos: at least 1. Six of them show every kind of movement once.
        frames: of each video, at least 1; motion is laid out for about 30.
        height: of a frame in pixels, at least 16.
        width: of a frame in pixels, at least 16.

    Raises:
        ValueError: an argument is out of its range.
    """
    for name, value, least in (
        ("videos", videos, 1),
        ("frames", frames, 1),
        ("height", height, 16),
        ("width", width, 16),
        ("seed", seed, 0),
    ):
        if value < least:
            raise ValueError(f"Expected `{name}` to be at least {least}, but got {value}")
    return [make_scene(seed, index, frames=frames, height=height, width=width) for index in range(videos)]


def make_scene(seed: int, index: int, *, frames: int, height: int, width: int) -> Scene:
    """Return video number `index` of the benchmark with this seed; it does not depend on the other videos."""
    rng = np.random.default_rng([seed, index, 0])
    names = tuple(CHOREOGRAPHIES)
    name = names[index % len(names)]
    time = np.arange(frames) / 30
    cast = CHOREOGRAPHIES[name](rng, width / height, time)
    # A step that shares no factor with the number of themes, and a start that moves with the seed.
    theme = THEMES[(3 * index + seed) % len(THEMES)]
    return Scene(
        name=f"{index:03d}-{name}",
        frames=frames,
        height=height,
        width=width,
        theme=theme,
        actors=_make_actors(rng, theme, cast, time),
        bars=_make_bars(rng, theme, cast),
    )


def _make_actors(rng: np.random.Generator, theme: Theme, cast: Cast, time: Track) -> tuple[Actor, ...]:
    """Dress the paths. Paths of one group share category and colours: look-alikes that trackers confuse."""
    categories = iter(rng.permutation(list(SHAPES)).tolist() * len(cast.paths))
    looks: dict[int, Look] = {}
    first_colour = int(rng.integers(len(theme.colours)))
    actors = []
    for number, path in enumerate(cast.paths):
        key = -number if path.group is None else path.group + 1
        if key not in looks:
            category = str(rng.choice(BULKY)) if path.bulky else next(categories)
            looks[key] = _make_look(rng, theme, first_colour + len(looks), category)
        spin, breath = rng.uniform(0.6, 3.0) * rng.choice((-1, 1)), rng.uniform(3, 8)
        actors.append(
            Actor(
                look=looks[key],
                path=path,
                angle=rng.uniform(0, 2 * np.pi) + spin * time,
                squash=1 + 0.09 * np.sin(breath * time + rng.uniform(0, 6)),
                phase=rng.uniform(0, 2 * np.pi) + rng.uniform(3, 7) * time,
            )
        )
    return tuple(actors)


def _make_look(rng: np.random.Generator, theme: Theme, number: int, category: str) -> Look:
    """Take the colours of the theme in turn, each with a second one that is clearly lighter or darker."""
    colours = [rgb(code) for code in theme.colours]
    base = colours[number % len(colours)]
    by_contrast = sorted(colours, key=lambda colour: abs(float((colour - base) @ LUMINANCE)))
    second = by_contrast[int(rng.integers(len(colours) // 2, len(colours)))]
    return Look(category, (base, second), PATTERNS[int(rng.integers(len(PATTERNS)))])


def _make_bars(rng: np.random.Generator, theme: Theme, cast: Cast) -> tuple[Bar, ...]:
    """Posts in a darker tone of the background, each leaning a little."""
    low, high = (rgb(code) for code in theme.ground)
    return tuple(
        Bar(
            x=x,
            half_width=float(rng.uniform(0.045, 0.075)),
            lean=float(rng.uniform(-0.14, 0.14)),
            depth=cast.bar_depth,
            colour=np.asarray(
                np.clip(0.2 + 0.8 * high - 0.4 * low, 0.1, 0.75) * rng.uniform(0.85, 1.0), np.float32
            ),
        )
        for x in cast.bar_positions
    )
