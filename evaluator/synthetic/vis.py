"""A video instance segmentation benchmark in the OVIS format, made from nothing but a seed.

The scenes are drawn, so every mask is exact and so is the part of every shape that others hide: the per-frame
occlusion level is a fact here, not an annotator's judgement (thresholds: `truth.SLIGHT_ABOVE`,
`truth.SEVERE_ABOVE`; posts and other shapes hide, the border of the frame does not).
"""

import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np

from evaluator.synthetic.degrade import predict
from evaluator.synthetic.film import film
from evaluator.synthetic.mistakes import QUALITIES
from evaluator.synthetic.scene import Scene, make_scenes
from evaluator.synthetic.shapes import SHAPES
from evaluator.synthetic.truth import TrackedShape, annotate

CATEGORY_IDS = {name: number for number, name in enumerate(SHAPES, 1)}


def write_benchmark(
    out: Path,
    *,
    videos: int,
    frames: int,
    height: int,
    width: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a benchmark with frames, ground truth and the predictions of three methods of different quality.

    The folder receives `annotations.json` (OVIS format), `frames/<video name>/00000.jpg` ... and
    `predictions/{strong,medium,weak}/results.json`. The same arguments write the same bytes, and the first
    videos of a larger benchmark are those of a smaller one. Memory grows with the size of one video, not with
    their number.

    Args:
        out: the folder; it is made if it is missing, and files of the same name in it are replaced.
        videos, frames, height, width, seed: see `scene.make_scenes`.
        progress: called after every video with (videos done, videos).

    Raises:
        ValueError: an argument is out of its range.
    """
    scenes = make_scenes(seed, videos=videos, frames=frames, height=height, width=width)
    with ExitStack() as stack:
        ground_truth = stack.enter_context(_JsonList(out / "annotations.json", _header(scenes)))
        methods = {
            name: stack.enter_context(_JsonList(out / "predictions" / name / "results.json", None))
            for name in QUALITIES
        }
        for index, scene in enumerate(scenes):
            shapes = film(scene, out / "frames" / scene.name, seed=(seed, index)).shapes
            _write_ground_truth(ground_truth, scene, shapes, index + 1)
            for rank, (name, quality) in enumerate(QUALITIES.items(), 1):
                rng = np.random.default_rng([seed, index, 1, rank])
                entries = predict(rng, scene, shapes, quality, video_id=index + 1, category_ids=CATEGORY_IDS)
                methods[name].extend(entries)
            if progress is not None:
                progress(index + 1, videos)


def _header(scenes: list[Scene]) -> dict[str, object]:
    """Return everything of the annotation file but its annotations."""
    return {
        "info": {
            "description": "Synthetic occlusion benchmark: drawn shapes that hide each other",
            "version": "1",
            "contributor": "DVIS-Bench",
        },
        "licenses": [
            {"id": 1, "name": "CC0 1.0", "url": "https://creativecommons.org/publicdomain/zero/1.0/"}
        ],
        "videos": [
            {
                "id": video_id,
                "name": scene.name,
                "license": 1,
                "width": scene.width,
                "height": scene.height,
                "length": scene.frames,
                "file_names": [f"{scene.name}/{frame:05d}.jpg" for frame in range(scene.frames)],
            }
            for video_id, scene in enumerate(scenes, 1)
        ],
        "categories": [
            {"id": category_id, "name": name, "supercategory": "shape"}
            for name, category_id in CATEGORY_IDS.items()
        ],
    }


def _write_ground_truth(
    annotations: "_JsonList", scene: Scene, shapes: dict[int, TrackedShape], video_id: int
) -> None:
    """Write the shapes that are visible at all: a tracklet without a mask has no place in the format."""
    for shape in shapes.values():
        if any(shape.sightings):
            annotations.extend(
                [
                    annotate(
                        shape,
                        annotation_id=annotations.written + 1,
                        video_id=video_id,
                        category_id=CATEGORY_IDS[shape.category],
                        scene=scene,
                    )
                ]
            )


class _JsonList:
    """A JSON file whose long list is written entry by entry: all of it, or `annotations` after a header."""

    def __init__(self, path: Path, header: dict[str, object] | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._end = "]\n" if header is None else "]}\n"
        self._file.write("[" if header is None else f'{_compact(header)[:-1]},"annotations":[')
        self.written = 0

    def extend(self, entries: Iterable[dict[str, object]]) -> None:
        for entry in entries:
            self._file.write((",\n" if self.written else "\n") + _compact(entry))
            self.written += 1

    def __enter__(self) -> "_JsonList":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.write(self._end)
        self._file.close()


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
