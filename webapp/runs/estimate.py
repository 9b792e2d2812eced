"""The expected time of a run, from earlier runs on the workers that are alive."""

import statistics
from dataclasses import dataclass

from evaluator.files.words import counted
from webapp.benchmarks.models import Split
from webapp.checkpoints.zoo import ModelSpec
from webapp.jobs.models import Job
from webapp.jobs.queue import queue_of
from webapp.jobs.selectors import duration, queue_state, workers_heard_of
from webapp.runs.models import RunVideo
from webapp.runs.options import RunOptions

# The time per frame is estimated from so many of the latest videos.
HISTORY_VIDEOS = 50


@dataclass(frozen=True, slots=True)
class Estimate:
    """The frames and the time of a run that has not begun.

    Attributes:
        ms_per_frame: median of the latest videos, on the slowest of the devices that may get the run; None
            where nobody has measured.
        seconds: for all frames, once it has started.
        devices: of the model workers that are alive.
        ahead: runs that are queued or running.
    """

    videos: int
    frames: int
    ms_per_frame: float | None
    seconds: float | None
    devices: tuple[str, ...]
    ahead: int

    @property
    def sentence(self) -> str:
        size = f"{counted(self.frames, 'frame')} of {counted(self.videos, 'video')}"
        if not self.devices:
            return f"{size}; no model worker is running, so their duration is unknown."
        if self.ms_per_frame is None or self.seconds is None:
            return f"{size}; nobody has measured this model with these options here yet."
        speed = f"{self.ms_per_frame:.0f} ms per frame on {' or '.join(self.devices)}"
        return f"{size} at {speed}: about {duration(self.seconds)}."


def run_estimate(*, split: Split, spec: ModelSpec, options: RunOptions) -> Estimate:
    devices = _devices()
    frames = split.frame_count()
    measured = [ms for device in devices if (ms := _ms_per_frame(spec, options, device)) is not None]
    slowest = max(measured) if measured else None
    state = queue_state(Job.Kind.RUN)
    return Estimate(
        videos=split.video_count,
        frames=frames,
        ms_per_frame=slowest,
        seconds=frames * slowest / 1000 if slowest is not None else None,
        devices=devices,
        ahead=state.queued + state.running,
    )


def _devices() -> tuple[str, ...]:
    nodes = workers_heard_of().filter(queues__contains=queue_of(Job.Kind.RUN))
    names = {node.info["device"] for node in nodes if node.info.get("device")}
    return tuple(sorted(names))


def _ms_per_frame(spec: ModelSpec, options: RunOptions, device: str) -> float | None:
    like_this = RunVideo.objects.filter(
        run__model=spec.name,
        run__options__mode=options.mode,
        run__options__precision=options.precision,
        run__options__short_side=options.short_side,
        device=device,
    )
    latest = like_this.order_by("-created_at").values_list("seconds", "frames")[:HISTORY_VIDEOS]
    spans = [1000 * seconds / frames for seconds, frames in latest if frames]
    return statistics.median(spans) if spans else None
