"""A user's own data set as training data."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco_mask

from dvis_model.config import DvisConfig
from dvis_model.jobs import Job, plan_for
from dvis_model.preprocess import FrameProblem, resized_size
from dvis_model.training.layouts import Layout, find_layout
from dvis_model.training.samples import Sample
from dvis_model.video_files import Video

# A whole video that is kept in a cache is at most so long.
MOST_FRAMES: Final = 60
Masks = tuple[list[int], NDArray[np.bool_]]
"""The category id of each of N objects, and bool [N, T, H, W]."""


class Truth(Protocol):
    """The masks of a data set."""

    def masks(self, job: Job, frames: Sequence[int], size: tuple[int, int]) -> Masks:
        """Return the objects of some frames of a video, at the frames' size (height, width)."""


class DataSet:
    """The videos of a folder. Frames are resized to one of the scales of the configuration's size."""

    def __init__(self, path: Path, config: DvisConfig, scales: Sequence[float]) -> None:
        """Find the videos.

        Raises:
            FileNotFoundError, ValueError: there are none, or they are not as the task needs them.
        """
        self.layout = find_layout(path, config.task)
        plan = plan_for(self.layout.frames, config, self.layout.annotations)
        self._jobs, self._config, self._scales = plan.jobs, config, tuple(scales)
        self._class_of = {category: index for index, category in enumerate(plan.categories)}
        readers: dict[str, Callable[[Layout], Truth]] = {
            "vis": _Instances,
            "vps": _Panoptic,
            "vss": _Semantic,
        }
        self._truth: Truth = readers[config.task](self.layout)

    @property
    def count(self) -> int | None:
        """See `Videos`."""
        return len(self._jobs)

    def sample(self, rng: np.random.Generator, step: int, frames: int) -> Sample:
        """See `Videos`. A video that is too short is filled up with its last frame."""
        job = self._jobs[int(rng.integers(len(self._jobs)))]
        length = len(job.video.pictures)
        start = int(rng.integers(max(length - frames, 0) + 1))
        scale = self._scales[int(rng.integers(len(self._scales)))]
        return self._read(job, [min(start + frame, length - 1) for frame in range(frames)], scale)

    def whole(self, number: int) -> Sample:
        """See `Videos`. Of long videos, this is the beginning."""
        job = self._jobs[number]
        return self._read(job, range(min(len(job.video.pictures), MOST_FRAMES)), 1.0)

    def _read(self, job: Job, frames: Sequence[int], scale: float) -> Sample:
        pictures = job.video.pictures
        whole = np.stack(list(Video(job.video.path, tuple(pictures[frame] for frame in frames)).frames()))
        height, width = whole.shape[1:3]
        categories, masks = self._truth.masks(job, frames, (height, width))
        if unknown := set(categories) - set(self._class_of):
            raise ValueError(
                f"Video {job.video.name} has objects of the category {min(unknown)}, which is not among the "
                f"{len(self._class_of)} of {self._config.name}"
            )
        short = round(scale * self._config.min_size_test)
        size = resized_size((height, width), short, self._config.max_size_test)
        seen = masks.any(axis=(1, 2, 3))
        labels = np.array([self._class_of[category] for category in categories], dtype=np.int64)
        return Sample(_resized(whole, size), labels[seen], _resized_masks(masks[seen], size))


class _Instances:
    """Annotations of YouTube-VIS and OVIS."""

    def __init__(self, layout: Layout) -> None:
        self._of_video: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for annotation in json.loads(layout.annotations.read_bytes())["annotations"]:
            self._of_video[int(annotation["video_id"])].append(annotation)

    def masks(self, job: Job, frames: Sequence[int], size: tuple[int, int]) -> Masks:
        """See `Truth`. Crowds are left out."""
        found = [one for one in self._of_video[int(job.id)] if not one.get("iscrowd")]
        masks = np.zeros((len(found), len(frames), *size), dtype=bool)
        for index, annotation in enumerate(found):
            segmentations = annotation["segmentations"]
            for place, frame in enumerate(frames):
                if segmentations[frame]:
                    masks[index, place] = _decoded(segmentations[frame], size)
        return [int(annotation["category_id"]) for annotation in found], masks


def _decoded(segmentation: Any, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask of a run-length code, or of polygons."""
    if isinstance(segmentation, list):
        code = coco_mask.merge(coco_mask.frPyObjects(segmentation, *size))
    elif isinstance(segmentation["counts"], list):
        code = coco_mask.frPyObjects(segmentation, *size)
    else:
        code = segmentation
    mask: NDArray[np.bool_] = coco_mask.decode(code).astype(bool)
    return mask


class _Panoptic:
    """Maps of VIPSeg: R + 256 G + 65536 B is the number of a segment, the same in all frames."""

    def __init__(self, layout: Layout) -> None:
        self._maps = layout.maps
        content = json.loads(layout.annotations.read_bytes())
        self._of_video = {str(entry["video_id"]): entry["annotations"] for entry in content["annotations"]}

    def masks(self, job: Job, frames: Sequence[int], size: tuple[int, int]) -> Masks:
        """See `Truth`."""
        annotated = [self._of_video[str(job.id)][frame] for frame in frames]
        category = {
            int(info["id"]): int(info["category_id"]) for one in annotated for info in one["segments_info"]
        }
        maps = np.stack([self._map(job, one["file_name"]) for one in annotated])
        masks = (
            np.stack([maps == number for number in category])
            if category
            else np.zeros((0, *maps.shape), bool)
        )
        return list(category.values()), masks

    def _map(self, job: Job, name: str) -> NDArray[np.int64]:
        pixels = _opened(self._maps / str(job.id) / f"{Path(name).stem}.png").astype(np.int64)
        return np.asarray(pixels @ np.array([1, 256, 65536]))


class _Semantic:
    """Maps of VSPW: 0 and 255 are void, n is class n - 1."""

    def __init__(self, layout: Layout) -> None:
        self._maps = layout.maps

    def masks(self, job: Job, frames: Sequence[int], size: tuple[int, int]) -> Masks:
        """See `Truth`."""
        folder = self._maps / str(job.id) / "mask"
        names = [job.video.pictures[frame].stem for frame in frames]
        maps = np.stack([_opened(folder / f"{name}.png") for name in names])
        values = [int(value) for value in np.unique(maps) if value not in (0, 255)]
        masks = np.stack([maps == value for value in values]) if values else np.zeros((0, *maps.shape), bool)
        return [value - 1 for value in values], masks


def _opened(path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as picture:
            return np.asarray(picture)
    except OSError as error:
        raise FrameProblem(f"The map {path} cannot be read: {error}") from error


def _resized(frames: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if frames.shape[1:3] == size:
        return frames
    bilinear = Image.Resampling.BILINEAR
    return np.stack([np.asarray(Image.fromarray(frame).resize(size[::-1], bilinear)) for frame in frames])


def _resized_masks(masks: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return masks [N, T, H, W] at another size: each pixel is the nearest one's."""
    height, width = masks.shape[2:]
    if (height, width) == size:
        return masks
    rows = ((np.arange(size[0]) + 0.5) * height / size[0]).astype(np.int64)
    columns = ((np.arange(size[1]) + 0.5) * width / size[1]).astype(np.int64)
    return masks[:, :, rows][..., columns]
