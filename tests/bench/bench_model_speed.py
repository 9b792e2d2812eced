"""How much faster the model is than its official form, on one core.

Processor time on one thread: other programs on the machine change it little. Weights are random; the work
does not depend on them.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from dvis_model import build
from dvis_model.cost import measure_cost, stages
from dvis_model.layers import mask_product
from dvis_model.model import Dvis
from dvis_model.variants import VARIANTS
from tests.bench import official_form

ROUNDS = 3


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def seconds(*runs: Callable[[], Any]) -> list[float]:
    """Return the least processor time of each, taking turns."""
    best = [float("inf")] * len(runs)
    for _ in range(ROUNDS):
        for index, run in enumerate(runs):
            begin = time.process_time()
            run()
            best[index] = min(best[index], time.process_time() - begin)
    return best


def example() -> tuple[Dvis, torch.Tensor]:
    torch.manual_seed(0)
    model = build("ovis/DVIS_Offline_R50").requires_grad_(False)
    return model, torch.randn(1, 3, 384, 640)


@torch.no_grad()
def test_the_segmenter_is_much_faster_than_its_official_form() -> None:
    model, frames = example()
    head = model.sem_seg_head
    features = model.backbone(frames)
    mask_features, memories = head.pixel_decoder(features)
    shapes = [(x.shape[-2], x.shape[-1]) for x in reversed(features[1:])]
    stages = {
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
        "segmenter": (lambda: official_form.segment(model, frames), lambda: model.segment(frames)),
    }
    ratio = 0.0
    print()
    for name, (official, ours) in stages.items():
        slow, fast = seconds(official, ours)
        ratio = slow / fast
        print(f"{name:15} official form {slow:6.3f} s, ours {fast:6.3f} s a frame: {ratio:.2f} times faster")
    assert ratio >= 1.75


@torch.no_grad()
def test_tracker_and_refiner_cost_little_beside_the_segmenter() -> None:
    large = measure_cost(VARIANTS["ovis/DVIS_Offline_R50"], (480, 854), 1)
    multiply_adds = {stage.name: stage.gmacs for stage in large.stages}
    parts = ("tracker", "refiner", "masks")
    share = sum(multiply_adds[name] for name in parts) / multiply_adds["segmenter"]
    print(f"\ntracker, refiner and masks: {share:.1%} of the segmenter's multiply-adds at 480p")
    assert share < 0.05
    model, frame = example()
    runs = {name: run for name, _, run in stages(model, frame.expand(5, -1, -1, -1))}
    times = dict(zip(runs, seconds(*runs.values()), strict=True))
    share = sum(times[name] for name in parts) / times["segmenter"]
    print(f"{share:.1%} of its time at 360p")
    assert share < 0.10


@torch.no_grad()
def test_both_forms_give_the_same() -> None:
    """Or the comparison would mean nothing."""
    model, frames = example()
    classes, masks = official_form.segment(model, frames[..., :96, :160])
    ours = model.segment(frames[..., :96, :160])
    found = mask_product(ours.mask_embeddings, ours.mask_features)
    for mine, official in ((ours.class_logits, classes), (found, masks)):
        difference = (mine - official).abs().flatten(2).amax(dim=2)
        # Rounding may flip a pixel of an attention mask, and so change one query.
        assert (difference < 1e-3).float().mean() >= 0.97
