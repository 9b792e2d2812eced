"""From exact ground truth to the predictions of a method, as entries of a results.json."""

from collections.abc import Iterator

import numpy as np

from evaluator.synthetic.masks import blob, disturb, wobble_grid
from evaluator.synthetic.mistakes import LEVELS, Plan, Quality, plan_tracklets
from evaluator.synthetic.render import Mask
from evaluator.synthetic.scene import Scene
from evaluator.synthetic.truth import TrackedShape, encode

Entry = dict[str, object]
Rle = dict[str, object]
Patch = tuple[Mask, int, int]
"""A mask [h, w], and the place (top, left) of its corner in the frame."""


def predict(
    rng: np.random.Generator,
    scene: Scene,
    shapes: dict[int, TrackedShape],
    quality: Quality,
    *,
    video_id: int,
    category_ids: dict[str, int],
) -> Iterator[Entry]:
    """Yield what a method of this quality predicts for one video, one entry for each tracklet."""
    for plan in plan_tracklets(rng, shapes, quality):
        segmentations = _draw(rng, scene, shapes, plan, quality)
        if any(segmentations):
            yield _entry(video_id, category_ids[plan.category], plan.score, segmentations)
    for _ in range(int(rng.poisson(quality.false_positives))):
        category_id = int(rng.choice(sorted(category_ids.values())))
        score = round(float(rng.uniform(0.05, 0.55)), 4)
        yield _entry(video_id, category_id, score, _imagine(rng, scene))


def _entry(video_id: int, category_id: int, score: float, segmentations: list[Rle | None]) -> Entry:
    return {"video_id": video_id, "category_id": category_id, "score": score, "segmentations": segmentations}


def _draw(
    rng: np.random.Generator, scene: Scene, shapes: dict[int, TrackedShape], plan: Plan, quality: Quality
) -> list[Rle | None]:
    size = (scene.height, scene.width)
    patches = draw_masks(rng, scene, shapes, plan, quality)
    return [None if patch is None else encode(*patch, size) for patch in patches]


def draw_masks(
    rng: np.random.Generator, scene: Scene, shapes: dict[int, TrackedShape], plan: Plan, quality: Quality
) -> list[Patch | None]:
    """Draw the masks of a tracklet. Half of the outline's error stays the same from frame to frame."""
    size = (scene.height, scene.width)
    lasting = wobble_grid(rng)
    patches: list[Patch | None] = [None] * scene.frames
    for frame, number in enumerate(plan.follows):
        sighting = None if number is None else shapes[number].sightings[frame]
        if sighting is None:
            continue
        wobble = quality.wobble[LEVELS.index(sighting.level)]
        grid = np.float32(0.7) * (lasting + wobble_grid(rng))
        mask, top, left = disturb(sighting, grid, wobble=wobble, leak=quality.leak, shape=size)
        if mask.any():
            patches[frame] = (mask, top, left)
    return patches


def _imagine(rng: np.random.Generator, scene: Scene) -> list[Rle | None]:
    """Return a lump that drifts over the background for a part of the video."""
    size = (scene.height, scene.width)
    lump = blob(rng, scene.height * rng.uniform(0.05, 0.14))[: scene.height, : scene.width]
    start = int(rng.integers(scene.frames))
    end = min(scene.frames, start + 1 + int(rng.integers(3, 15)))
    space = np.array(size) - lump.shape
    corner, step = rng.uniform(0, 1, 2) * space, rng.uniform(-0.01, 0.01, 2) * scene.height
    segmentations: list[Rle | None] = [None] * scene.frames
    for frame in range(start, end):
        top, left = np.clip(corner + (frame - start) * step, 0, space).astype(int).tolist()
        segmentations[frame] = encode(lump, top, left, size)
    return segmentations
