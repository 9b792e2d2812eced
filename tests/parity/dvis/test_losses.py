"""Matching, losses and their gradients against the official code."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from dvis_model.segmenter import ClassWeights
from dvis_model.training.assignment import Objects, Predictions, assign, assign_at_first_appearance
from dvis_model.training.criterion import Losses, layer_losses
from dvis_model.training.losses import (
    class_loss,
    dice_loss,
    mask_loss,
    pairwise_dice_cost,
    pairwise_mask_cost,
)
from dvis_model.training.points import read_at
from tests.parity.dvis import recipe
from tests.parity.dvis.golden import close, load

POINTS, QUERIES, FRAMES, CLASSES, LAYERS = 112, 7, 3, 26, 3
WEIGHTS = ClassWeights(CLASSES - 1).empty_weight


def test_each_loss_and_each_cost() -> None:
    _, arrays = load("module_losses")
    stored = {name: torch.from_numpy(np.asarray(array)) for name, array in arrays.items()}
    logits, labels = stored["logits"], stored["labels"]
    assert float(mask_loss(logits, labels, len(logits))) == pytest.approx(
        float(arrays["sigmoid_ce"]), rel=1e-6
    )
    assert float(dice_loss(logits, labels, len(logits))) == pytest.approx(float(arrays["dice"]), rel=1e-6)
    targets = stored["batch_targets"][None]
    close(pairwise_mask_cost(logits[None], targets)[0].T, arrays["batch_sigmoid_ce"], 1e-5)
    close(pairwise_dice_cost(logits[None], targets)[0].T, arrays["batch_dice"], 1e-5)
    close(read_at(stored["maps"], stored["coords"])[:, 0], arrays["sampled"], 1e-6)
    assert float(class_loss(stored["cls_logits"], stored["cls_target"], WEIGHTS)) == pytest.approx(
        float(arrays["loss_ce"]), rel=1e-6
    )


def drawn(shape: tuple[int, ...]) -> Tensor:
    noise = recipe.noise("rand:" + "x".join(map(str, shape)), int(np.prod(shape)))
    return torch.from_numpy((noise / 7 + 0.5).clip(0.001, 0.999).astype(np.float32)).view(shape)


def predictions(name: str, *, offline: bool) -> tuple[Predictions, Tensor, Tensor]:
    """Return what a layer predicts, frame by frame or for a clip as one tall picture, and its leaves."""
    logits = torch.from_numpy(recipe.noise(f"crit.p.{name}.logits", FRAMES * QUERIES * CLASSES)).float()
    masks = torch.from_numpy(recipe.noise(f"crit.p.{name}.masks", QUERIES * FRAMES * 48)).float()
    logits = 2 * logits.view(FRAMES, QUERIES, CLASSES)
    masks = 3 * masks.view(QUERIES, FRAMES, 6, 8)
    if offline and name.startswith("guide"):  # the tracker's, whose classes differ from frame to frame
        logits = logits.mean(dim=0, keepdim=True)
    elif offline:
        logits = logits[:1].repeat(FRAMES, 1, 1)
    logits.requires_grad_(), masks.requires_grad_()
    if offline:
        return Predictions(logits[:1], masks.flatten(1, 2)[None]), logits, masks
    return Predictions(logits, masks.transpose(0, 1)), logits, masks


@pytest.mark.parametrize("case", ["online_guided", "online_self", "offline_guided", "offline_self"])
def test_matching_losses_and_gradients_of_a_clip(case: str) -> None:
    _, stored = load("module_criterion")
    offline, guided = case.startswith("offline"), case.endswith("guided")
    labels = torch.from_numpy(stored["labels"])
    masks = torch.from_numpy(np.unpackbits(stored["masks_packed"], axis=-1))[..., :32].float()  # [N, T, H, W]
    seen = torch.from_numpy(stored["ids"]) >= 0
    first = seen.int().argmax(dim=1)
    points = POINTS * FRAMES if offline else POINTS

    def matched(predicted: Predictions) -> Tensor:
        if offline:
            return assign(predicted, whole, points, drawn)
        debut = Objects(first, labels, masks[torch.arange(len(labels)), first])
        clip = torch.zeros_like(first)
        return assign_at_first_appearance(predicted, debut, clip, first, points, drawn, reuse=True)

    whole = Objects(torch.zeros_like(labels), labels, masks.flatten(1, 2))
    guide = predictions("guide.last", offline=offline)[0]
    losses: dict[str, Any] = {}
    total = torch.zeros(())
    leaves = {}
    for name, suffix in (("out.last", ""), ("out.aux0", "_0"), ("out.aux1", "_1")):
        predicted, *leaves[name] = predictions(name, offline=offline)
        query = matched(guide if guided else predicted)
        if name == "out.last":
            objects = np.argsort(stored[f"{case}.match_gt"])
            assert query.tolist() == stored[f"{case}.match_pred"][objects].tolist()
        # Points are drawn mask by mask, and the official order is that of the queries in each frame.
        order = np.lexsort([query.numpy()] if offline else [query.numpy(), first.numpy()])
        result: Losses = layer_losses(
            predicted,
            Objects(whole.image, labels[order], whole.masks[order])
            if offline
            else Objects(
                torch.arange(FRAMES).repeat_interleave(len(labels)),
                labels[order].repeat(FRAMES),
                masks[order].transpose(0, 1).flatten(0, 1),
            ),
            query[order] if offline else query[order].repeat(FRAMES),
            class_weights=WEIGHTS,
            num_masks=len(labels) if offline else len(labels) * FRAMES,
            num_points=points,
            draw=drawn,
        )
        losses |= {f"loss_ce{suffix}": result.class_, f"loss_mask{suffix}": result.mask}
        losses |= {f"loss_dice{suffix}": result.dice}
        total = total + result.total
    expected = json.loads(str(stored[f"{case}.losses"]))
    assert {name: float(value.detach()) for name, value in losses.items()} == pytest.approx(
        expected, rel=1e-5
    )
    assert float(total.detach()) == pytest.approx(float(stored[f"{case}.total"]), rel=1e-5)
    total.backward()
    logits, mask_logits = leaves["out.last"]
    close(logits.grad[None], stored[f"{case}.grad_logits"], 1e-6)
    close(mask_logits.grad.sum(dim=(2, 3))[None], stored[f"{case}.grad_masks_sum_hw"], 1e-5)
