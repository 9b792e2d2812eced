"""The model on the videos of a claimed run, one after the other, and their results as one submission."""

import hashlib
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.db import connection

import dvis_model
from dvis_model import Progress, VideoInstances, assemble, frame_sizes, predict, write_video
from dvis_model.categories import category_ids
from dvis_model.cost import count_whole
from dvis_model.memory import is_out_of_memory
from dvis_model.model import Dvis
from evaluator.files.words import counted
from evaluator.types import VideoInfo
from webapp.benchmarks.frames import frame_names_fill
from webapp.blobs.models import Blob
from webapp.blobs.storage import blob_path, blob_save, sha256_of
from webapp.jobs.selectors import duration
from webapp.runs.attempts import (
    FRAME_ORDER,
    Execution,
    VideoMeasures,
    run_finish,
    run_log,
    run_video_store,
)
from worker.lease import Lease, LeaseLost, store
from worker.model_cache import SEED, ModelCache
from worker.model_device import Device
from worker.model_frames import Frames

LIBRARIES = ("torch", "numpy", "pillow", "pycocotools")
FILENAME = "submission.zip"


@dataclass
class ModelRun:
    """One attempt at a run.

    Attributes:
        worker: by which operators find the process.
        began: when the run was claimed, by the monotonic clock.
    """

    claim: Execution
    lease: Lease
    device: Device
    cache: ModelCache
    worker: str
    began: float = field(default_factory=time.monotonic)
    first_frame_s: float | None = None
    _names: dict[str, list[str]] = field(default_factory=dict)

    def work(self) -> Callable[[], bool]:
        """Compute what is missing and store it video by video; what is to be written at the end.

        Raises LeaseLost, WorkerStopping, and the errors of `dvis_model`.
        """
        results = dict(self.claim.done)
        self._names = frame_names_fill(split_id=self.claim.split_id)
        connection.close()  # it may not live as long as the work
        model = self._model()
        for number, (label, video) in enumerate(self.claim.videos.items(), 1):
            if video.id not in results:
                listed = self._names.get(label)
                results[video.id] = self._video(model, number, video, listed, self._frames(results))
        total = self._frames(results)
        self.lease.progress(total, total, "assembling the submission")
        blob = self._assembled(model, [results[video.id] for video in self.claim.videos.values()])
        provenance = self._provenance(model) | {"cost": self._cost(model)}
        return partial(
            run_finish, token=self.claim.token, blob=blob, filename=FILENAME, provenance=provenance
        )

    def _frames(self, results: dict[int, Blob]) -> int:
        return sum(video.length for video in self.claim.videos.values() if video.id in results)

    @property
    def _total(self) -> int:
        return sum(video.length for video in self.claim.videos.values())

    def _model(self) -> Dvis:
        claim = self.claim
        wanted = (claim.model, claim.checkpoint, claim.options.mode)
        self.lease.progress(self._frames(claim.done), self._total, "loading the model")
        is_held, begin = self.cache.holds(*wanted), time.monotonic()
        with self.lease.interruptible():
            model = self.cache.get(*wanted)
        how = "was in memory" if is_held else f"was loaded in {time.monotonic() - begin:.1f} s"
        kept = f"; {counted(len(claim.done), 'video is', 'videos are')} there already" if claim.done else ""
        self._say(f"{claim.model} {how}, on {self.device.device}{kept}.")
        return model

    def _say(self, text: str) -> None:
        store(partial(run_log, run_id=self.claim.run_id, text=text))

    def _video(
        self, model: Dvis, number: int, video: VideoInfo, listed: Sequence[str] | None, done: int
    ) -> Blob:
        """Compute one video and store it. Raises LeaseLost where somebody else has the run now."""
        options, begin = self.claim.options, time.monotonic()
        stage = f"video {number} of {len(self.claim.videos)}"

        def on_window(progress: Progress) -> None:
            if self.first_frame_s is None:
                self.first_frame_s = time.monotonic() - self.began
            frames = progress.frames if progress.stage == "segmenter" else video.length
            self.lease.progress(min(done + frames, self._total), self._total, f"{stage}: {progress.stage}")

        self.lease.progress(done, self._total, f"{stage}: reading")
        progress = Progress(on_window)
        with tempfile.TemporaryDirectory(prefix="dvis-bench-run-") as folder:
            part = Path(folder, "part.zip")
            with self.lease.interruptible():
                frames = Frames(Path(self.claim.frames_dir), video, listed)
                result = predict(
                    model,
                    frames,
                    height=video.height,
                    width=video.width,
                    short_side=options.short_side,
                    window_size=options.window,
                    precision=options.precision,  # type: ignore[arg-type]  # checked when the run was made
                    progress=progress,
                )
                of_dataset = video.id if isinstance(result, VideoInstances) else video.name
                write_video(
                    part,
                    model.config,
                    of_dataset,
                    frames.names,
                    result,
                    categories=category_ids(model.config, self.claim.categories or None),
                )
            blob = blob_save(part, sha256=sha256_of(part))
        seconds = time.monotonic() - begin
        measures = VideoMeasures(
            frames=video.length,
            seconds=seconds,
            stage_seconds={name: round(taken, 4) for name, taken in progress.seconds.items()},
            peak_memory=progress.peak_memory_bytes,
            worker=self.worker,
            device=self.device.device,
        )
        speed = video.length / seconds
        text = f"Video {number} of {len(self.claim.videos)}, {video.name}: {counted(video.length, 'frame')}"
        text += f" in {duration(seconds)}, {speed:.1f} frames per second."
        write = partial(run_video_store, token=self.claim.token, video_id=video.id)
        if not store(partial(write, result=blob, measures=measures, text=text)):
            raise LeaseLost
        return blob

    def _assembled(self, model: Dvis, results: list[Blob]) -> Blob:
        """The submission file: the same results give the same bytes."""
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dvis-bench-run-"))
            parts = [stack.enter_context(blob_path(result)) for result in results]
            target = Path(folder, FILENAME)
            assemble(parts, target, model.config)
            return blob_save(target, sha256=sha256_of(target))

    def _cost(self, model: Dvis) -> dict[str, float]:
        """Count parameters and multiply-adds on frames of the first video's size; nothing where memory lacks.

        A run is done by now, and does not fail for that.
        """
        video, options = next(iter(self.claim.videos.values())), self.claim.options
        image = frame_sizes((video.height, video.width), model.config, short_side=options.short_side).image
        try:
            with self.lease.interruptible():
                parameters, gmacs = count_whole(model, image, options.window)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            return {}
        return {"params_m": parameters / 1e6, "gmacs": gmacs, "height": image[0], "width": image[1]}

    def _provenance(self, model: Dvis) -> dict[str, Any]:
        """Return the provenance of this attempt; seconds and memory are kept with each video."""
        claim = self.claim
        checkpoint: dict[str, Any] = {"built_in": True, "seed": SEED}
        if claim.checkpoint:
            found = claim.checkpoint
            # Not its name: whoever sees a public run may not see a private checkpoint.
            checkpoint = {"id": str(found.id), "sha256": found.sha256, "weights_sha256": found.weights_id}
        return {
            "model": claim.model,
            "configuration": asdict(model.config),
            "checkpoint": checkpoint,
            "options": claim.options.to_json(),
            FRAME_ORDER: "listed" if self._names else "numbers in names",
            "code": {"version": version("dvis-bench"), "sha256": code_sha256()},
            "libraries": {name: version(name) for name in LIBRARIES},
            "device": self.device.to_json(),
            "attempt": claim.attempt,
            "first_frame_s": self.first_frame_s,
        }


@cache
def code_sha256() -> str:
    """Return one hash over the sources of the model: equal hashes mean the same code."""
    root = Path(dvis_model.__file__).parent
    sums = [f"{sha256_of(path)} {path.relative_to(root)}" for path in sorted(root.rglob("*.py"))]
    return hashlib.sha256("\n".join(sums).encode()).hexdigest()
