"""Maps of a drawn video in which every pixel belongs to a segment: true ones, and those a method predicts.

A segment is a shape, the posts together, or the background. Shapes too small to be annotated are void.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.synthetic.degrade import draw_masks
from evaluator.synthetic.film import Footage
from evaluator.synthetic.mistakes import Quality, plan_tracklets
from evaluator.synthetic.render import BAR
from evaluator.synthetic.scene import Scene

VOID, BACKGROUND, POSTS, FIRST_THING = 0, 1, 2, 3
"""Numbers of segments in the maps; things are numbered from FIRST_THING on."""
GROUND, POST = "ground", "post"

Map = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class MappedVideo:
    """`maps` int32 [T, H, W]; `category` names what each number in them shows."""

    maps: Map
    category: dict[int, str]


def true_maps(footage: Footage) -> MappedVideo:
    """Return the exact maps of a video."""
    maps = np.full(footage.owners.shape, BACKGROUND, np.int32)
    maps[footage.owners == BAR] = POSTS
    category = {BACKGROUND: GROUND, POSTS: POST}
    for number, shape in footage.shapes.items():
        category[FIRST_THING + number] = shape.category
        for frame, sighting in enumerate(shape.sightings):
            segment = VOID if sighting is None else FIRST_THING + number
            maps[frame][footage.owners[frame] == number] = segment
    return MappedVideo(maps, category)


def predicted_maps(rng: np.random.Generator, scene: Scene, footage: Footage, quality: Quality) -> MappedVideo:
    """Return the maps that a method of this quality predicts: surer tracklets lie over less sure ones."""
    maps = np.full(footage.owners.shape, BACKGROUND, np.int32)
    category = {BACKGROUND: GROUND, POSTS: POST}
    for frame, posts in enumerate(_posts(rng, footage, quality)):
        maps[frame][posts] = POSTS
    plans = sorted(plan_tracklets(rng, footage.shapes, quality), key=lambda plan: plan.score)
    for number, plan in enumerate(plans, start=FIRST_THING):
        category[number] = plan.category
        for frame, patch in enumerate(draw_masks(rng, scene, footage.shapes, plan, quality)):
            if patch is not None:
                mask, top, left = patch
                maps[frame, top : top + mask.shape[0], left : left + mask.shape[1]][mask] = number
    return MappedVideo(maps, category)


def _posts(rng: np.random.Generator, footage: Footage, quality: Quality) -> Iterator[NDArray[np.bool_]]:
    """Yield where a method sees posts: now and then in no place, else a little too far to one side."""
    reach = max(1, round(quality.wobble[0] * footage.owners.shape[2] / 8))
    for owner in footage.owners:
        shift = int(rng.integers(-reach, reach + 1))
        seen = np.roll(owner == BAR, shift, axis=1)
        yield seen & (rng.random() >= quality.missed_frame[1])
