"""Many videos -> one submission. What is done is kept: a run that was stopped goes on behind it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dvis_model.config import DvisConfig, Task
from dvis_model.export import assemble, write_video
from dvis_model.model import Dvis
from dvis_model.prediction import Precision, predict
from dvis_model.preprocess import FrameProblem
from dvis_model.progress import Progress
from dvis_model.video_files import Video

# In the folder of finished videos: what they were made with.
RUN_NAME: Final = "run.json"


@dataclass(frozen=True, slots=True)
class Job:
    """A video, and what the benchmark calls it: for instances a number, else its name."""

    video: Video
    id: int | str

    @property
    def part_name(self) -> str:
        """Of the file that holds its result."""
        return f"{self.id} {self.video.path.name}.zip"


def jobs_for(videos: Sequence[Video], config: DvisConfig, annotations: Path | None) -> list[Job]:
    """Return what is to be done, in the order of the videos' names.

    Args:
        annotations: the data set's JSON, of YouTube-VIS, OVIS or VIPSeg, which says which videos there are,
            and their ids. Without it all are taken, and those for instances numbered from 1.

    Raises:
        ValueError: the JSON is none of a data set, or lists a video that is not there; two have one name.
    """
    found = {video.name: video for video in videos}
    if len(found) < len(videos):
        count = Counter(video.name for video in videos)
        raise ValueError(f"Two videos are called {count.most_common(1)[0][0]!r}: rename one of them")
    if annotations is None:
        ids: dict[str, int | str] = {name: number for number, name in enumerate(found, start=1)}
    else:
        ids = _ids(annotations, config.task)
        missing = sorted(ids.keys() - found.keys())
        if missing:
            raise ValueError(
                f"Not among the input: {len(missing)} of the {len(ids)} videos in {annotations.name}, "
                f"first {missing[0]!r}"
            )
    return [Job(found[name], ids[name] if config.task == "vis" else name) for name in sorted(ids)]


def _ids(annotations: Path, task: Task) -> dict[str, int | str]:
    """Return the id of each video by the name of its folder; of panoptic videos, the two are the same."""
    try:
        videos = json.loads(annotations.read_bytes())["videos"]
        if task == "vis":
            return {video["file_names"][0].split("/")[0]: int(video["id"]) for video in videos}
        return {str(video["video_id"]): str(video["video_id"]) for video in videos}
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        expected = "`id` and `file_names`" if task == "vis" else "`video_id`"
        raise ValueError(
            f"{annotations} is no annotation file for this task. Expected JSON with `videos`, each with "
            f"{expected}, but got {type(error).__name__}: {error}"
        ) from error


class Batch:
    """One model on many videos.

    Attributes:
        parts: folder beside the output, where each video's result waits until all are there.
    """

    def __init__(self, model: Dvis, weights: Path, output: Path, precision: Precision = "float32") -> None:
        """Go on with the run that was begun for this output, or begin one.

        Args:
            weights: the file that was loaded into the model.
            output: the submission: a zip file if so named, else a folder.
            precision: see `predict`.

        Raises:
            ValueError: what was begun is a run of another model.
        """
        self.parts = output.with_name(f"{output.name}.parts")
        self._model, self._output, self._precision = model, output, precision
        with weights.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        made_with = {
            "configuration": repr(model.config),
            "weights": sha256,
            "precision": precision,
        }
        self.parts.mkdir(parents=True, exist_ok=True)
        run = self.parts / RUN_NAME
        if not run.exists():
            run.write_text(json.dumps(made_with, indent=2))
        begun = json.loads(run.read_text())
        if begun != made_with:
            other = [key for key, value in made_with.items() if begun.get(key) != value]
            raise ValueError(
                f"{self.parts} holds videos of a run with another {' and another '.join(other)}. "
                "Delete that folder, or choose another output."
            )

    def is_done(self, job: Job) -> bool:
        """Tell whether a video's result is there."""
        return (self.parts / job.part_name).exists()

    def run(self, job: Job, *, window_size: int | None = None, progress: Progress | None = None) -> int:
        """Segment a video, keep its result, and return its number of frames. Raises as `predict` does."""
        try:
            result = predict(
                self._model,
                job.video.frames(),
                precision=self._precision,
                window_size=window_size,
                progress=progress,
            )
        except FrameProblem as error:
            raise FrameProblem(f"Video {job.video.name}: {error}") from error
        names = job.video.frame_names(result.num_frames)
        write_video(self.parts / job.part_name, self._model.config, job.id, names, result)
        return result.num_frames

    def assemble(self, jobs: Sequence[Job]) -> None:
        """Write the submission of these videos, and delete what it was made of."""
        assemble([self.parts / job.part_name for job in jobs], self._output, self._model.config)
        shutil.rmtree(self.parts)
