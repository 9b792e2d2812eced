"""Exact ground truth of a rendered video: visible masks, hidden shares, occlusion levels, who hides whom."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from evaluator.synthetic.render import Mask, Outline, RenderedFrame
from evaluator.synthetic.scene import Scene

SLIGHT_ABOVE = 0.01
"""A shape is slightly occluded when more than this share of its pixels inside the frame is hidden ..."""
SEVERE_ABOVE = 0.5
"""... and severely occluded above this share."""
SMALLEST_VISIBLE_AREA = 16
"""With fewer visible pixels than this a shape counts as not visible: no mask, no occlusion level."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One shape in one frame: `visible` and `whole` [h, w] with their corner at (top, left) of the frame."""

    top: int
    left: int
    visible: Mask
    whole: Mask
    area: int
    hidden_share: float

    @property
    def level(self) -> str:
        """The word of the OVIS format for how occluded the shape is in this frame."""
        return occlusion_level(self.hidden_share)


@dataclass(slots=True)
class TrackedShape:
    """One shape through a video; `sightings` has T entries, None where it is not visible.

    `hidden_by` has T entries: the shape (from 1) or post (0) that hides most of it, -1 where nothing does.
    """

    category: str
    sightings: list[Sighting | None] = field(default_factory=list)
    hidden_by: list[int] = field(default_factory=list)


def occlusion_level(hidden_share: float) -> str:
    """Return the OVIS word for a hidden share in [0, 1).

    >>> [occlusion_level(share) for share in (0.0, 0.01, 0.3, 0.5, 0.51)]
    ['no_occlusion', 'no_occlusion', 'slight_occlusion', 'slight_occlusion', 'severe_occlusion']
    """
    if hidden_share <= SLIGHT_ABOVE:
        return "no_occlusion"
    return "slight_occlusion" if hidden_share <= SEVERE_ABOVE else "severe_occlusion"


def start_tracking(scene: Scene) -> dict[int, TrackedShape]:
    """Return one empty record for each shape of the scene, by its number (from 1)."""
    return {number: TrackedShape(actor.look.category) for number, actor in enumerate(scene.actors, 1)}


def track_frame(shapes: dict[int, TrackedShape], frame: RenderedFrame) -> None:
    """Append what the next frame shows of every shape."""
    for number, shape in shapes.items():
        outline = frame.outlines.get(number)
        sighting, hidden_by = (None, -1) if outline is None else _look_at(number, outline, frame.owner)
        shape.sightings.append(sighting)
        shape.hidden_by.append(hidden_by)


def _look_at(number: int, outline: Outline, owner: NDArray[np.int16]) -> tuple[Sighting | None, int]:
    height, width = outline.mask.shape
    nearest = owner[outline.top : outline.top + height, outline.left : outline.left + width]
    counts = np.bincount(nearest[outline.mask], minlength=number + 1)
    area, whole = int(counts[number]), int(counts.sum())
    counts[number] = 0
    hidden_by = int(counts.argmax()) if counts.any() else -1
    if area < SMALLEST_VISIBLE_AREA:
        return None, hidden_by
    visible = outline.mask & (nearest == number)
    return Sighting(outline.top, outline.left, visible, outline.mask, area, 1 - area / whole), hidden_by


def encode(mask: Mask, top: int, left: int, shape: tuple[int, int]) -> dict[str, object]:
    """Return a mask [h, w], its corner at (top, left) of a frame of `shape`, as compressed COCO RLE."""
    frame = np.zeros(shape, np.uint8, order="F")
    frame[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return {"size": list(shape), "counts": coco_mask.encode(frame)["counts"].decode("ascii")}


def annotate(
    shape: TrackedShape, *, annotation_id: int, video_id: int, category_id: int, scene: Scene
) -> dict[str, object]:
    """Return the shape as one entry of `annotations` in the OVIS format."""
    size = (scene.height, scene.width)
    seen = shape.sightings
    return {
        "id": annotation_id,
        "video_id": video_id,
        "category_id": category_id,
        "iscrowd": 0,
        "width": scene.width,
        "height": scene.height,
        "length": scene.frames,
        "segmentations": [s and encode(s.visible, s.top, s.left, size) for s in seen],
        "bboxes": [s and _bounding_box(s) for s in seen],
        "areas": [s and s.area for s in seen],
        "occlusion": [s and s.level for s in seen],
    }


def _bounding_box(sighting: Sighting) -> list[float]:
    """Return [x, y, width, height] of the visible pixels."""
    rows, columns = np.flatnonzero(sighting.visible.any(1)), np.flatnonzero(sighting.visible.any(0))
    left, top = sighting.left + int(columns[0]), sighting.top + int(rows[0])
    return [float(left), float(top), float(columns[-1] - columns[0] + 1), float(rows[-1] - rows[0] + 1)]
