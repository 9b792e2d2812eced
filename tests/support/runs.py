"""Runs of the reference model for tests: rows of any kind, and a split with real frames."""

import itertools
from pathlib import Path
from typing import Any

from evaluator.synthetic import vis
from tests.support.factories import OPEN, make_blob, make_split, make_user
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.benchmarks.services import benchmark_import
from webapp.checkpoints.models import Checkpoint
from webapp.runs.attempts import Execution, VideoMeasures, run_claim, run_video_store
from webapp.runs.models import Run
from webapp.runs.options import options_for
from webapp.runs.services import model_get, run_create

MODEL = "tiny_shapes"
SHAPES = [{"id": number, "name": f"shape {number}"} for number in range(1, 9)]
_numbers = itertools.count(1)


def make_run_split(*, videos: int = 2, frames: int = 10, **fields: Any) -> Split:
    """A split that `tiny_shapes` fits, whose frames are nowhere."""
    rows = [
        {"id": number, "name": f"video{number}", "length": frames, "height": 48, "width": 64}
        for number in range(1, videos + 1)
    ]
    fields = {"frames_dir": "/nowhere", "videos": rows, "video_count": videos, **fields}
    return make_split(benchmark={"categories": SHAPES, **fields.pop("benchmark", {})}, **fields)


def make_drawn_split(folder: Path, *, videos: int = 2, frames: int = 4) -> Split:
    """A split of small drawn videos with their ground truth."""
    vis.write_benchmark(folder, videos=videos, frames=frames, height=72, width=96, seed=0)
    truth = folder / "annotations.json"
    slug = f"drawn{next(_numbers)}"
    return benchmark_import(
        slug=slug, evaluator="ovis", split="val", ground_truth=truth, frames=folder / "frames", rules=OPEN
    ).split


def make_run(author: User | None = None, split: Split | None = None, **given: Any) -> Run:
    """A queued run of a tiny model."""
    spec = model_get(given.pop("model", MODEL))
    options = options_for(spec, **given.pop("options", {}))
    return run_create(
        author=author or make_user(), split=split or make_run_split(), spec=spec, options=options, **given
    )


def make_checkpoint(owner: User, *configurations: str, **fields: Any) -> Checkpoint:
    """A checkpoint that is ready for these models; without any, one that is not checked yet."""
    if configurations:
        fields |= {"weights": make_blob(), "parameters": 1, "configurations": list(configurations)}
    return Checkpoint.objects.create(owner=owner, name="my weights", source=make_blob(), **fields)


def claim_run(worker: str = "model@test") -> Execution:
    """The next run, claimed as a worker does it."""
    taken = run_claim(worker=worker)
    assert taken is not None, "no run was due"
    return taken


def store_video(claim: Execution, number: int, *, seconds: float = 2.0, device: str = "a GPU") -> bool:
    """Store the result of a claimed run's video; `number` counts from 0."""
    video = list(claim.videos.values())[number]
    measures = VideoMeasures(
        frames=video.length,
        seconds=seconds,
        stage_seconds={"segmenter": seconds},
        peak_memory=1000 * number,
        worker="model@test",
        device=device,
    )
    return run_video_store(
        token=claim.token,
        video_id=video.id,
        result=make_blob(),
        measures=measures,
        text=f"Video {number} is done.",
    )
