"""The parts of the training, each on its own."""

from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from dvis_model import build
from dvis_model.deformable_attention import pixel_centres, sample, sample_dense
from dvis_model.tracker import ReferringTracker
from dvis_model.training.assignment import Objects, Predictions, assign_at_first_appearance, assign_by_cost
from dvis_model.training.beginning import begin_from
from dvis_model.training.export import to_weights
from dvis_model.training.live_norm import thaw
from dvis_model.training.optimizer import MovingAverage, make_optimizer, rate_at
from dvis_model.training.stage import random_numbers
from dvis_model.training.tracker_stage import mixed_up, unrolled
from dvis_model.variants import find_config
from tests.dvis_model.training.conftest import CONFIG, small_recipe

CPU = torch.device("cpu")


def test_gradients_through_the_matrix_of_reads_are_those_of_single_reads() -> None:
    torch.manual_seed(0)
    shapes = [(2, 3), (4, 6)]
    x, y = pixel_centres(tuple(shapes), CPU, torch.float32)

    def inputs() -> list[Tensor]:
        torch.manual_seed(1)
        value = torch.randn(2, 30, 4, 5)
        where = [torch.randn(2, 30, 4, 6) * 3 + z.repeat_interleave(3, dim=1)[:, None] for z in (x, y)]
        return [part.requires_grad_() for part in (value, *where, torch.rand(2, 30, 4, 6))]

    ours, theirs = inputs(), inputs()
    dense = sample_dense(ours[0], shapes, *ours[1:])
    single = torch.stack([sample(frame[0], shapes, *frame[1:]) for frame in zip(*theirs, strict=True)])
    torch.testing.assert_close(dense, single)
    for result in (dense, single):
        result.square().sum().backward()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-4)


def test_objects_that_appear_later_get_a_query_that_is_free_or_as_in_version_1_the_best() -> None:
    # Both objects look like query 0; one appears in the first frame, the other in the second.
    masks = torch.full((2, 3, 4, 4), -8.0)
    masks[:, 0] = 8.0
    predicted = Predictions(torch.zeros(2, 3, 3), masks)
    debut = Objects(torch.tensor([0, 1]), torch.tensor([1, 1]), torch.ones(2, 8, 8))
    clip, first = torch.tensor([0, 0]), torch.tensor([0, 1])

    def matched(*, reuse: bool) -> list[int]:
        draw = random_numbers(CPU, 0)
        found: list[int] = assign_at_first_appearance(
            predicted, debut, clip, first, 16, draw, reuse=reuse
        ).tolist()
        return found

    assert matched(reuse=True) == [0, 0]
    assert matched(reuse=False)[0] == 0
    assert matched(reuse=False)[1] != 0


def test_more_objects_than_queries_are_told_with_what_to_do() -> None:
    with pytest.raises(
        ValueError, match=r"3 objects in one image or clip, but the model has 2 queries: use a"
    ):
        assign_by_cost(torch.zeros(3, 2), torch.zeros(3, dtype=torch.int64))


@torch.no_grad()
def test_clips_together_are_tracked_as_each_video_alone_is() -> None:
    torch.manual_seed(0)
    model = build("synthetic/vis/DVIS_Online")
    tracker = model.tracker
    assert isinstance(tracker, ReferringTracker)
    frames = torch.randn(2, 4, 3, 64, 64)
    videos = [model.segment(clip) for clip in frames]
    queries, indices = unrolled(
        tracker, torch.stack([video.embeddings for video in videos]), 0.0, random_numbers(CPU, 0)
    )
    alone = [tracker(video, None)[0] for video in videos]
    torch.testing.assert_close(
        tracker.decoder_norm(queries[-1]), torch.cat([output.queries for output in alone]), rtol=0, atol=1e-4
    )
    assert torch.equal(indices, torch.cat([output.indices for output in alone]))


def test_noise_mixes_each_embedding_with_another_of_its_clip() -> None:
    embeddings = torch.eye(5).expand(2, -1, -1)
    mixed, where = mixed_up(embeddings, random_numbers(CPU, 1))
    torch.testing.assert_close(mixed.sum(dim=-1), torch.ones(2, 5))
    assert torch.equal(mixed.argmax(dim=-1), where)
    assert (where != torch.arange(5)).any()


def test_the_rate_rises_in_a_line_and_falls_along_a_cosine_to_nothing() -> None:
    recipe = replace(small_recipe("segmenter"), steps=110, warmup=10, learning_rate=1.0)
    rates = [rate_at(step, recipe) for step in (0, 4, 9, 10, 60, 109)]
    assert rates == pytest.approx([0.1, 0.5, 1.0, 1.0, 0.5, 0.0], abs=1e-3)


def test_norms_and_embeddings_do_not_decay_and_the_backbone_learns_more_slowly() -> None:
    model = build(CONFIG)
    thaw(model.backbone)
    recipe = replace(small_recipe("segmenter"), backbone_rate=0.1)
    groups = make_optimizer(model, recipe).param_groups
    kinds = {(group["weight_decay"], group["factor"]): group["params"] for group in groups}
    assert set(kinds) == {(0.05, 1.0), (0.05, 0.1), (0.0, 1.0), (0.0, 0.1)}
    decaying = {id(parameter) for (decay, _), group in kinds.items() if decay for parameter in group}
    predictor = model.sem_seg_head.predictor
    assert id(predictor.class_embed.weight) in decaying
    assert id(predictor.query_feat.weight) not in decaying
    assert id(predictor.decoder_norm.weight) not in decaying
    assert sum(len(group) for group in kinds.values()) == len(list(model.parameters()))


def test_the_average_follows_the_weights_and_the_statistics_of_norms() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm2d(2))
    average = MovingAverage(module, 0.5)
    before = module[0].weight.detach().clone()
    with torch.no_grad():
        module[0].weight += 1
        module[1].running_mean += 2
    average.update(1000)
    torch.testing.assert_close(average.values["0.weight"], before + 0.5)
    torch.testing.assert_close(average.values["1.running_mean"], torch.full((2,), 1.0))


@torch.no_grad()
def test_norms_that_learned_are_exported_as_frozen_ones_that_do_the_same() -> None:
    torch.manual_seed(0)
    model = build("synthetic/vis/MinVIS")
    thaw(model.backbone)
    frames = torch.randn(4, 3, 64, 64) * 30
    model.backbone.train()
    model.backbone(frames)
    model.eval()
    frozen = build("synthetic/vis/MinVIS")
    frozen.load_state_dict(to_weights(model.state_dict(), torch.float32))
    for ours, theirs in zip(frozen.backbone(frames), model.backbone(frames), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_an_official_checkpoint_of_other_categories_is_begun_from_but_for_its_class_head(
    tmp_path: Path,
) -> None:
    config = find_config("synthetic/vis/MinVIS")
    other = build(replace(config, num_classes=3))
    file = tmp_path / "other.safetensors"
    safetensors.torch.save_file(other.state_dict(), file)
    model = build(config)
    head = model.sem_seg_head.predictor.class_embed.weight.detach().clone()
    (said,) = begin_from(model, "segmenter", file)
    assert (
        said
        == "other.safetensors has other categories than synthetic/vis/MinVIS: the class head begins anew."
    )
    assert torch.equal(model.sem_seg_head.predictor.class_embed.weight, head)
    assert torch.equal(model.backbone.stem.conv1.weight, other.backbone.stem.conv1.weight)
