"""Many videos -> one submission. Finished videos are kept; an interrupted run resumes after the last one."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from zipfile import is_zipfile

from dvis_model.export import assemble, write_video
from dvis_model.jobs import Job, Plan
from dvis_model.model import Dvis
from dvis_model.prediction import Precision, predict
from dvis_model.preprocess import FrameProblem
from dvis_model.progress import Progress
from dvis_model.words import counted

# In the folder of finished videos: what they were made with.
RUN_NAME: Final = "run.json"


class Batch:
    """One model on many videos.

    Attributes:
        jobs: the videos.
        parts: folder beside the output, where each video's result waits until all are there.
    """

    def __init__(
        self, model: Dvis, weights: Path, plan: Plan, output: Path, precision: Precision = "float32"
    ) -> None:
        """Resume the run that was begun for this output, or begin one.

        Args:
            weights: the file that was loaded into the model.
            plan: which videos there are.
            output: the submission: a zip file if so named, else a folder.
            precision: see `predict`.

        Raises:
            ValueError: the run that was begun is one of another model, or another process is writing; the
                output cannot be written.
        """
        _check_output(output)
        self.parts = output.with_name(f"{output.name}.parts")
        self.jobs = plan.jobs
        self._model, self._categories = model, plan.categories
        self._output, self._precision = output, precision
        with weights.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        made_with = {
            "configuration": repr(model.config),
            "weights": sha256,
            "precision": precision,
            "list of videos": plan.sha256,
        }
        self.parts.mkdir(parents=True, exist_ok=True)
        self._run = (self.parts / RUN_NAME).open("a+", encoding="utf-8")
        try:
            self._claim(made_with)
        except BaseException:
            self._run.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run.close()

    def _claim(self, made_with: dict[str, str]) -> None:
        """Lock the folder against other processes, and check that it holds results of this model alone."""
        with suppress(OSError):  # a file system without locks
            try:
                fcntl.flock(self._run, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ValueError(
                    f"Another process is writing to {self.parts}: wait for it, or choose another output."
                ) from error
        self._run.seek(0)
        text = self._run.read()
        if not text:
            json.dump(made_with, self._run, indent=2)
            self._run.flush()
            return
        begun = _json_object(text)
        if begun != made_with:
            other = [key for key, value in made_with.items() if begun.get(key) != value]
            raise ValueError(
                f"{self.parts} holds videos of a run with another {' and another '.join(other)}. "
                "Delete that folder, or choose another output."
            )

    def is_done(self, job: Job) -> bool:
        """Return whether a video's result is there and complete."""
        return is_zipfile(self.parts / job.part_name)

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
        if job.listed is not None and len(job.listed) != result.num_frames:
            raise FrameProblem(
                f"Video {job.video.name}: it has {counted(result.num_frames, 'frame')}, but "
                f"{counted(len(job.listed), 'is listed', 'are listed')}"
            )
        names = job.listed or job.video.frame_names(result.num_frames)
        write_video(
            self.parts / job.part_name,
            self._model.config,
            job.id,
            names,
            result,
            categories=self._categories,
        )
        return result.num_frames

    def assemble(self) -> None:
        """Write the submission of all videos, and delete what it was made of."""
        assemble([self.parts / job.part_name for job in self.jobs], self._output, self._model.config)
        shutil.rmtree(self.parts)


def _check_output(output: Path) -> None:
    """Raise ValueError where no submission could be written, before hours are spent on it."""
    if output.name in {"", ".."}:
        raise ValueError(f"Expected the output to be a folder of its own, or a file.zip, but got {output}")
    if output.suffix == ".zip" and output.is_dir():
        raise ValueError(f"{output} is a folder, but an output of this name is a file: choose another")
    if output.suffix != ".zip" and output.exists() and not output.is_dir():
        raise ValueError(f"{output} is a file, but the output is a folder, or a file that ends in .zip")


def _json_object(text: str) -> dict[str, Any]:
    """Return what the text holds; nothing where it is damaged."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
