"""Scores the weights of a training: predicted as a user would, and scored by the evaluator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image

from dvis_model.batch import Batch
from dvis_model.checkpoint import load_checkpoint
from dvis_model.config import DvisConfig, Task
from dvis_model.jobs import plan_for
from dvis_model.prediction import predict
from dvis_model.training.beginning import build_stage
from dvis_model.training.layouts import Layout, find_layout
from dvis_model.training.overlays import overlay
from dvis_model.training.recipe import Stage
from evaluator import evaluate
from evaluator.synthetic.clips import vis, vps, vss

SHOWN: Final[dict[Task, tuple[str, ...]]] = {
    "vis": ("AP", "AP50", "AP_so", "AP_mo", "AP_ho"),
    "vps": ("VPQ", "STQ"),
    "vss": ("mIoU", "VC8"),
}
PICTURES: Final = 3
"""Videos of which pictures are kept."""
FRAMES_PER_PICTURE: Final = 6


@dataclass(frozen=True, slots=True)
class Validation:
    """Videos with truth, on which a training is scored.

    Attributes:
        folder: where predictions and pictures go.
    """

    layout: Layout
    config: DvisConfig
    stage: Stage
    folder: Path

    def score(self, weights: Path, step: int, device: torch.device) -> dict[str, float]:
        """Return the metrics of weights, which are written as a user would write them.

        Pictures of some videos go to `folder/step-<number>/`.
        """
        model = build_stage(self.config, self.stage)
        load_checkpoint(model, weights)
        model.to(device)
        plan = plan_for(self.layout.frames, model.config, self.layout.annotations)
        output = self.folder / "predictions.zip"
        output.unlink(missing_ok=True)
        with Batch(model, weights, plan, output) as batch:
            for job in batch.jobs:
                batch.run(job)
            batch.assemble()
        pictures = self.folder / f"step-{step:06d}"
        pictures.mkdir(parents=True, exist_ok=True)
        for job in plan.jobs[:PICTURES]:
            frames = np.stack(list(job.video.frames()))
            chosen = np.linspace(0, len(frames) - 1, min(FRAMES_PER_PICTURE, len(frames))).round().astype(int)
            Image.fromarray(overlay(frames, predict(model, frames), chosen)).save(
                pictures / f"{job.video.name}.png"
            )
        metrics = evaluate(self.layout.benchmark, self.layout.truth, output).metrics
        return {name: value for name in SHOWN[self.config.task] if (value := metrics.get(name)) is not None}


def synthetic_layout(
    folder: Path, task: Task, *, seed: int, videos: int, frames: int, size: tuple[int, int]
) -> Layout:
    """Write videos of the synthetic benchmark with their truth, unless they are there."""
    done = folder / "written"
    wanted = f"{seed} {videos} {frames} {size[0]}x{size[1]}\n"
    if not done.is_file() or done.read_text() != wanted:
        write = {"vis": vis, "vps": vps, "vss": vss}[task].write_benchmark
        write(folder, videos=videos, frames=frames, height=size[0], width=size[1], seed=seed)
        done.write_text(wanted)
    return find_layout(folder, task)
