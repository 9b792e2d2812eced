"""Measures the cost of a configuration: parameters, multiply-adds, time and memory, stage by stage."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from dvis_model.assembly import build
from dvis_model.config import DvisConfig
from dvis_model.layers import mask_product
from dvis_model.model import Dvis
from dvis_model.outputs import SegmenterOutput
from dvis_model.preprocess import frame_sizes
from dvis_model.progress import peak_memory_bytes

ROUNDS: Final = 3
WHOLE: Final = ("segmenter", "tracker", "refiner", "masks")
"""Stages that make up a model; the others are parts of the segmenter."""


@dataclass(frozen=True, slots=True)
class StageCost:
    """One stage; multiply-adds (of products and convolutions alone) and time are per frame."""

    name: str
    parameters: int
    gmacs: float
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Cost:
    """A configuration on frames of a size; `peak_memory_bytes` is of the process, or of the GPU."""

    config: str
    height: int
    width: int
    frames: int
    device: str
    stages: tuple[StageCost, ...]
    peak_memory_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


@torch.no_grad()
def measure_cost(
    config: DvisConfig, size: tuple[int, int], frames: int, device: str = "cpu", rounds: int = ROUNDS
) -> Cost:
    """Measure a model with random weights on random frames of a size, which are not resized.

    Args:
        rounds: runs of each stage; the result is their median.
    """
    model = build(config).to(device).requires_grad_(False)
    sizes = frame_sizes(size, config, short_side=0, output=(None, None))
    inputs = torch.randn(frames, 3, *sizes.padded, device=device)
    costs = tuple(
        StageCost(
            name,
            parameters=num_parameters(parts),
            gmacs=_multiply_adds(run) / frames / 1e9,
            milliseconds=_seconds(run, device, rounds) / frames * 1e3,
        )
        for name, parts, run in stages(model, inputs)
    )
    return Cost(config.name, *size, frames, device, costs, peak_memory_bytes(torch.device(device)))


@torch.no_grad()
def count_whole(model: Dvis, size: tuple[int, int], frames: int) -> tuple[int, float]:
    """Return the parameters of a model, and its GMACs per frame, on random frames that are not resized.

    The sums of the stages of `measure_cost` that are no parts of another one. Random numbers of the process
    stay as they are; the model learns nothing from then on.
    """
    model.requires_grad_(False)  # what follows modules for the counter needs gradients of whatever has them
    sizes = frame_sizes(size, model.config, short_side=0, output=(None, None))
    with torch.random.fork_rng():
        inputs = torch.randn(frames, 3, *sizes.padded, device=model.example.device)
    whole = [(parts, run) for name, parts, run in stages(model, inputs) if name in WHOLE]
    parameters = sum(num_parameters(parts) for parts, _ in whole)
    return parameters, sum(_multiply_adds(run) for _, run in whole) / frames / 1e9


def num_parameters(parts: Iterable[nn.Module]) -> int:
    """Return how many numbers these modules learn."""
    return sum(parameter.numel() for part in parts for parameter in part.parameters())


Stage = tuple[str, tuple[nn.Module, ...], Callable[[], Any]]


def stages(model: Dvis, frames: Tensor) -> list[Stage]:
    """Return each stage with its modules, ready to run again and again on the same inputs."""
    head, config = model.sem_seg_head, model.config
    features = model.backbone(frames)
    mask_features, memories = head.pixel_decoder(features)
    shapes = [(x.shape[-2], x.shape[-1]) for x in reversed(features[1:])]
    segmented: SegmenterOutput = head.predictor(memories, shapes, mask_features)
    windows = _windows(segmented, config.window_size)
    tracked, _ = model.tracker(segmented, None)
    found: list[Stage] = [
        ("backbone", (model.backbone,), lambda: model.backbone(frames)),
        ("pixel decoder", (head.pixel_decoder,), lambda: head.pixel_decoder(features)),
        ("masked decoder", (head.predictor,), lambda: head.predictor(memories, shapes, mask_features)),
        ("segmenter", (model.backbone, head), lambda: model.segment(frames)),
        ("tracker", (model.tracker,), lambda: _track(model, windows)),
    ]
    refiner = model.refiner
    if refiner is not None:
        memory = model.tracker.frame_memory
        refine: Stage = ("refiner", (refiner,), lambda: refiner(tracked.queries, memory(segmented)))
        found.append(refine)
    # For instances, only the best queries' masks are ever computed.
    chosen = tracked.mask_embeddings[:, : config.max_num if config.task == "vis" else None]
    masks: Stage = ("masks", (), lambda: mask_product(chosen, mask_features))
    return [*found, masks]


def _windows(segmented: SegmenterOutput, size: int) -> list[SegmenterOutput]:
    parts = [getattr(segmented, name).split(size) for name in SegmenterOutput.__slots__]
    return [SegmenterOutput(*window) for window in zip(*parts, strict=True)]


def _track(model: Dvis, windows: list[SegmenterOutput]) -> None:
    state = None
    for window in windows:
        _, state = model.tracker(window, state)


def _multiply_adds(run: Callable[[], Any]) -> float:
    # Fused attention is not counted everywhere; written out it is.
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        run()
    return float(counter.get_total_flops()) / 2


def _seconds(run: Callable[[], Any], device: str, rounds: int) -> float:
    """Return the median time of some runs."""
    seconds = []
    for _ in range(rounds):
        _synchronise(device)
        begin = time.perf_counter()
        run()
        _synchronise(device)
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def _synchronise(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
