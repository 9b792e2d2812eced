"""The DVIS model, against the form of the official code.

ovis/DVIS_Offline_R50 on 384 x 640 pixels, 360p with its padding; float32, random weights. One thread;
processor time, the least of some runs; both forms take turns. The official form reads deformable attention by
grid sampling and predicts the masks of every layer. Tracker and refiner are shown beside the segmenter, which
they accompany, on a window of 30 frames, as the configurations have it; multiply-adds are counted at 480p.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from dvis_model import build
from dvis_model.cost import measure_cost
from dvis_model.layers import mask_product
from dvis_model.model import Dvis
from dvis_model.outputs import SegmenterOutput
from dvis_model.variants import VARIANTS
from tests.bench import official_form
from tests.bench.figures import Figures

ROUNDS = 3


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model() -> Dvis:
    torch.manual_seed(0)
    return build("ovis/DVIS_Offline_R50").requires_grad_(False)


def seconds(*runs: Callable[[], Any]) -> list[float]:
    """Return the least processor time of each, taking turns."""
    best = [float("inf")] * len(runs)
    for _ in range(ROUNDS):
        for index, run in enumerate(runs):
            begin = time.process_time()
            run()
            best[index] = min(best[index], time.process_time() - begin)
    return best


@torch.no_grad()
def test_the_segmenter_is_much_faster_than_its_official_form(model: Dvis, figures: Figures) -> None:
    frames = torch.randn(1, 3, 384, 640)
    head = model.sem_seg_head
    features = model.backbone(frames)
    mask_features, memories = head.pixel_decoder(features)
    shapes = [(x.shape[-2], x.shape[-1]) for x in reversed(features[1:])]
    pairs = {
        "backbone": (
            lambda: official_form.backbone(model.backbone, frames),
            lambda: model.backbone(frames),
        ),
        "pixel decoder": (
            lambda: official_form.pixel_decoder(head.pixel_decoder, features),
            lambda: head.pixel_decoder(features),
        ),
        "masked decoder": (
            lambda: official_form.masked_decoder(head.predictor, memories, shapes, mask_features),
            lambda: head.predictor(memories, shapes, mask_features),
        ),
    }
    slow, fast = 0.0, 0.0
    for name, (official, ours) in pairs.items():
        times = seconds(official, ours)
        slow, fast = slow + times[0], fast + times[1]
        figures.add(_row(name, *times))
    figures.add(_row("segmenter, all three", slow, fast))
    assert slow / fast >= 1.75


def _row(name: str, slow: float, fast: float) -> dict[str, object]:
    return {
        "stage": name,
        "official form, ms a frame": f"{1e3 * slow:.0f}",
        "ours": f"{1e3 * fast:.0f}",
        "times faster": f"{slow / fast:.2f}",
    }


@torch.no_grad()
def test_tracker_and_refiner_cost_little_beside_the_segmenter(model: Dvis, figures: Figures) -> None:
    large = measure_cost(VARIANTS["ovis/DVIS_Offline_R50"], (480, 854), 1, rounds=1)
    multiply_adds = {stage.name: stage.gmacs for stage in large.stages}
    frame, length = torch.randn(1, 3, 384, 640), 30
    one = model.segment(frame)
    window = SegmenterOutput(*(torch.cat([getattr(one, name)] * length) for name in one.__slots__))
    tracked, _ = model.tracker(window, None)
    runs = {
        "segmenter": (1, lambda: model.segment(frame)),
        "tracker": (length, lambda: model.tracker(window, None)),
        "refiner": (length, lambda: model.refiner(tracked.queries, model.tracker.frame_memory(window))),
        "masks": (
            length,
            lambda: mask_product(tracked.mask_embeddings[:, : model.config.max_num], window.mask_features),
        ),
    }
    taken = seconds(*(run for _, run in runs.values()))
    times = {name: least / frames for (name, (frames, _)), least in zip(runs.items(), taken, strict=True)}
    names, parts = tuple(runs), ("tracker", "refiner")
    for name in names:
        figures.add(
            {
                "part": name,
                "ms a frame": f"{1e3 * times[name]:.1f}",
                "of the segmenter's time": f"{times[name] / times['segmenter']:.1%}",
                "GMACs a frame at 480p": f"{multiply_adds[name]:.2f}",
                "of the segmenter's": f"{multiply_adds[name] / multiply_adds['segmenter']:.1%}",
            }
        )
    assert sum(multiply_adds[name] for name in parts) < 0.05 * multiply_adds["segmenter"]
    assert sum(times[name] for name in parts) < 0.08 * times["segmenter"]


@torch.no_grad()
def test_both_forms_give_the_same(model: Dvis) -> None:
    """Or the comparison would mean nothing."""
    frames = torch.randn(1, 3, 97, 161, generator=torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(frames, (0, 31, 0, 31))
    classes, masks = official_form.segment(model, padded)
    ours = model.segment(padded)
    found = mask_product(ours.mask_embeddings, ours.mask_features)
    for mine, official in ((ours.class_logits, classes), (found, masks)):
        difference = (mine - official).abs().flatten(2).amax(dim=2)
        # Rounding may flip a pixel of an attention mask, and so change one query.
        assert (difference < 1e-3).float().mean() >= 0.97
