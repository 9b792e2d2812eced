"""The DVIS model: frames per second of every architecture, and what shorter types cost in accuracy.

From frames in memory to results; on the GPU where there is one, else on all cores, in the types that the
machine computes in. Random frames and weights; instances: other tasks differ behind the masks alone. Below is
how far each stage's vectors are off in a shorter type, given the same input, in parts of their spread: root
of the mean square, weights and video of `tests/parity/dvis`. Random weights forgive less than trained ones;
and behind the threshold of the attention masks single queries may differ altogether.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from dvis_model import Precision, Progress, build, frame_sizes, network_input, predict
from tests.bench.figures import Figures
from tests.parity.dvis.whole_video import Case

GPU: Final = torch.cuda.is_available()
# In every row: the section's last line names the processor alone.
DEVICE: Final = {"GPU": torch.cuda.get_device_name()} if GPU else {}
# A GPU is filled by more frames at once than the configurations name.
WINDOW, FRAMES = (16, 128) if GPU else (2, 2)
# Least frames per second of DVIS_Offline_R50 in float16 at 480p, where a device's name has this in it.
TARGETS: Final = {"H200": 150.0}
ARCHITECTURES: Final = (
    "ovis/MinVIS_R50",
    "ovis/DVIS_Online_R50",
    "ovis/DVIS_Offline_R50",
    "ovis/swin/MinVIS_SwinL",
    "ovis/swin/DVIS_Online_SwinL",
    "ovis/swin/DVIS_Offline_SwinL",
    "dvispp/ovis/CTVIS_R50",
    "dvispp/ovis/DVIS_Plus_Online_R50_4wIter",
    "dvispp/ovis/DVIS_Plus_Offline_R50",
)
SHORTER: Final[tuple[Precision, ...]] = ("float16", "bfloat16")
SIZES: Final = ((360, 640), (480, 854), (720, 1280))


def precisions() -> tuple[Precision, ...]:
    """Return the types that this machine computes in."""
    cpus = Path("/proc/cpuinfo")
    flags = cpus.read_text() if cpus.exists() else ""
    if GPU:
        return ("float32", *SHORTER)
    return ("float32", "bfloat16") if re.search(r"\b(amx|avx512)_bf16\b", flags) else ("float32",)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_frames_per_second(name: str, figures: Figures) -> None:
    torch.manual_seed(0)
    model = build(name).to("cuda" if GPU else "cpu")
    for size in SIZES:
        frames = np.random.default_rng(0).integers(0, 256, (FRAMES, *size, 3), dtype=np.uint8)
        for precision in precisions():
            speed, row = measured(model, frames, precision)
            shape = f"{size[1]}x{size[0]}"
            figures.add(DEVICE | {"configuration": name, "frames": shape, "type": precision} | row)
            if (name, size, precision) == ("ovis/DVIS_Offline_R50", (480, 854), "float16"):
                assert all(speed > least for gpu, least in TARGETS.items() if gpu in DEVICE.get("GPU", ""))


def measured(model: Any, frames: NDArray[np.uint8], precision: Precision) -> tuple[float, dict[str, object]]:
    """Return frames per second, and the cells of a row."""
    warm_up = frames[: 2 * WINDOW] if GPU else frames[:, :64, :64]
    for part in (warm_up, frames):
        progress = Progress()
        predict(model, part, short_side=0, window_size=WINDOW, precision=precision, progress=progress)
    stages = ("input", "segmenter", "tracker", "refiner", "masks")
    times = {f"{stage}, ms": 1e3 * progress.seconds.get(stage, 0.0) / len(frames) for stage in stages}
    speed = 1e3 / sum(times.values())
    row: dict[str, object] = {"frames/s": f"{speed:.3g}"}
    row |= {
        stage: f"{time:,.0f}" if time >= 100 else f"{time:.1f}" if time else ""
        for stage, time in times.items()
    }
    return speed, row | ({"GPU memory, MiB": f"{progress.peak_memory_bytes / 2**20:.0f}"} if GPU else {})


@torch.no_grad()
def test_how_far_each_stage_is_off_in_shorter_types(figures: Figures) -> None:
    case = Case("offline_r50_ovis")
    device = torch.device("cuda" if GPU else "cpu")
    model = case.model.to(device)
    pictures = list(case.frames)
    sizes = frame_sizes(pictures[0].shape[:2], model.config, short_side=0)
    frames = network_input(pictures, sizes, model.config, model.example)
    head, refiner = model.sem_seg_head, model.refiner
    assert refiner is not None
    features = model.backbone(frames)
    mask_features, memories = head.pixel_decoder(features)
    shapes = [(x.shape[-2], x.shape[-1]) for x in reversed(features[1:])]
    segmented = head.predictor(memories, shapes, mask_features)
    queries = model.tracker(segmented, None)[0].queries
    memory = model.tracker.frame_memory(segmented)
    stages: dict[str, Callable[[], Tensor]] = {
        "backbone": lambda: model.backbone(frames)[-1].movedim(1, -1),
        "masked decoder": lambda: head.predictor(memories, shapes, mask_features).embeddings,
        "tracker": lambda: model.tracker(segmented, None)[0].queries,
        "refiner": lambda: refiner(queries, memory).queries,
    }
    for name, run in stages.items():
        exact, medians = run().double(), []
        for precision in SHORTER:
            with torch.autocast(device.type, getattr(torch, precision)):
                off = (run().double() - exact).square().mean(dim=-1).sqrt() / exact.std()
            medians.append(float(off.median()))
            figures.add(
                DEVICE
                | {
                    "stage": name,
                    "type": precision,
                    "off by, median": f"{medians[-1]:.2%}",
                    "one in ten by more than": f"{off.quantile(0.9):.1%}",
                }
            )
        assert medians[0] < min(0.1, medians[1])
