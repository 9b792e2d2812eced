"""Tracker and refiner on synthetic embeddings: windows and state, no thresholds, equal up to rounding."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dvis_model.layers import mask_product
from dvis_model.outputs import SegmenterOutput, TrackerOutput, TrackerState
from dvis_model.refiner import TemporalRefiner
from dvis_model.tracker import ReferringTracker, ReferringTrackerPlus, Tracker
from tests.parity.dvis import golden, recipe
from tests.parity.dvis.golden import close, fill

SIZES = {"mask_dim": 256, "num_heads": 8, "ffn_dim": 2048, "num_classes": 25}


def segmented(embeddings: Tensor, raw: Tensor, mask_features: Tensor) -> SegmenterOutput:
    """A segmenter's output of [T, Q, C] embeddings; trackers read neither its classes nor its masks."""
    nothing = torch.empty(len(embeddings), embeddings.shape[1], 0)
    return SegmenterOutput(embeddings, raw, nothing, nothing, mask_features)


def track(tracker: Tracker, whole: SegmenterOutput, windows: list[int]) -> TrackerOutput:
    """Run windows one after another and join their outputs."""
    state: TrackerState | None = None
    outputs = []
    start = 0
    for length in windows:
        window = slice(start, start + length)
        part = SegmenterOutput(*(getattr(whole, name)[window] for name in SegmenterOutput.__slots__))
        output, state = tracker(part, state)
        outputs.append(output)
        start += length
    joined = {}
    for name in TrackerOutput.__slots__:
        values = [getattr(output, name) for output in outputs]
        joined[name] = None if values[0] is None else torch.cat(values)
    return TrackerOutput(**joined)


def synthetic(prefix: str, scale: float, dim: int, frames: int, queries: int = 100) -> Tensor:
    base = torch.from_numpy(recipe.noise(f"{prefix}.base", dim * queries)).float().view(dim, 1, queries)
    own = torch.from_numpy(recipe.noise(f"{prefix}.emb", dim * frames * queries)).float()
    return (scale * base + 0.9 * own.view(dim, frames, queries)).permute(1, 2, 0)


def synthetic_features(prefix: str, frames: int) -> Tensor:
    values = torch.from_numpy(recipe.noise(f"{prefix}.mf", frames * 256 * 35)).float()
    return 0.5 + values.view(frames, 256, 5, 7)


def masks(embeddings: Tensor, features: Tensor) -> Tensor:
    """[Q, T, h, w], as the official code has it."""
    return mask_product(embeddings, features).transpose(0, 1)


def channels_first(queries: Tensor) -> Tensor:
    """[C, T, Q], as the official code has it."""
    return queries.permute(2, 0, 1)


def test_tracker_and_refiner_of_version_1() -> None:
    _, case = golden.load("module_stage_tracker_refiner")
    whole = segmented(*[synthetic("stage.p", 0.45, 256, 8)] * 2, synthetic_features("stage.p", 8))
    tracker = fill(ReferringTracker(dim=256, num_layers=6, **SIZES), "tracker.")
    refiner = fill(TemporalRefiner(dim=256, num_layers=6, **SIZES), "refiner.")
    tracked = track(tracker, whole, [3, 3, 2])
    assert tracked.indices.tolist() == case["trk_indices"].tolist()
    close(channels_first(tracked.queries)[::16], case["trk_embds"], 1e-5)
    close(tracked.class_logits[:, ::5], case["trk_logits"], 1e-5)
    close(masks(tracked.mask_embeddings, whole.mask_features)[::25], case["trk_masks"], 1e-4)
    memory = tracker.frame_memory(whole)
    close(channels_first(memory)[::16], case["frame_forward"], 1e-5)
    refined = refiner(tracked.queries, memory)
    close(refined.class_logits, case["ref_logits"], 1e-5)
    close(masks(refined.mask_embeddings, whole.mask_features)[::25], case["ref_masks"], 1e-4)
    close(channels_first(refined.queries)[::16], case["ref_embds"], 1e-5)


def test_tracker_and_refiner_of_dvis_plus() -> None:
    _, case = golden.load("module_stage_dvispp")
    raw = synthetic("stagepp.p", 0.3, 512, 6)
    whole = segmented(0.8 * raw + 0.1, raw, synthetic_features("stagepp.p", 6))
    tracker = fill(ReferringTrackerPlus(dim=512, num_layers=6, **SIZES), "tracker.")
    refiner = fill(TemporalRefiner(dim=512, num_layers=6, **SIZES), "refiner.")
    tracked = track(tracker, whole, [3, 3])
    assert tracked.indices.tolist() == case["trk_indices"].tolist()
    close(channels_first(tracked.queries)[::32], case["trk_embds"], 1e-5)
    assert tracked.references is not None
    close(channels_first(tracked.references)[::32], case["trk_references"], 1e-5)
    close(tracked.class_logits[:, ::5], case["trk_logits"], 1e-5)
    close(masks(tracked.mask_embeddings, tracker.project(whole.mask_features))[::25], case["trk_masks"], 1e-4)
    refined = refiner(tracked.queries, tracker.frame_memory(whole))
    close(refined.class_logits, case["ref_logits"], 1e-5)
    close(masks(refined.mask_embeddings, whole.mask_features)[::25], case["ref_masks"], 1e-4)
    close(channels_first(refined.queries)[::32], case["ref_embds"], 1e-5)


def test_small_tracker_and_refiner() -> None:
    meta, case = golden.load("module_tracker_refiner")
    embeddings = torch.from_numpy(case["frame_embeds"])[0].permute(1, 2, 0)
    features = torch.from_numpy(case["mask_features"])[0]
    whole = segmented(embeddings, embeddings, features)
    tracker = fill(ReferringTracker(dim=256, num_layers=2, **SIZES), meta["prefixes"]["tracker"])
    refiner = fill(TemporalRefiner(dim=256, num_layers=1, **SIZES), meta["prefixes"]["refiner"])
    tracked = track(tracker, whole, [3, 2])
    assert tracked.indices.tolist() == case["trk_indices"].tolist()
    close(tracked.class_logits[None], case["trk_logits"], 1e-5)
    close(masks(tracked.mask_embeddings, features)[None], case["trk_masks"], 1e-4)
    close(channels_first(tracked.queries)[None], case["trk_embds"], 1e-5)
    memory = tracker.frame_memory(whole)
    close(channels_first(memory)[None], case["frame_forward"], 1e-5)
    refined = refiner(tracked.queries, memory)
    close(refined.class_logits.expand(5, -1, -1)[None], case["ref_logits"], 1e-5)
    close(masks(refined.mask_embeddings, features)[None], case["ref_masks"], 1e-4)
    close(channels_first(refined.queries)[None], case["ref_embds"], 1e-5)


@pytest.mark.parametrize("windows", [[8], [1] * 8, [5, 3]])
def test_windows_change_nothing(windows: list[int]) -> None:
    whole = segmented(*[synthetic("stage.p", 0.45, 256, 8)] * 2, synthetic_features("stage.p", 8))
    tracker = fill(ReferringTracker(dim=256, num_layers=6, **SIZES), "tracker.")
    expected, ours = track(tracker, whole, [3, 3, 2]), track(tracker, whole, windows)
    assert torch.equal(ours.indices, expected.indices)
    torch.testing.assert_close(ours.class_logits, expected.class_logits, rtol=0, atol=1e-4)


def test_two_videos_never_mix() -> None:
    one = segmented(*[synthetic("stage.p", 0.45, 256, 2)] * 2, synthetic_features("stage.p", 2))
    other = replace(one, embeddings=one.embeddings.flip(1))
    tracker = fill(ReferringTracker(dim=256, num_layers=6, **SIZES), "tracker.")
    alone, _ = tracker(one, None)
    tracker(other, None)
    again, _ = tracker(one, None)
    assert torch.equal(alone.class_logits, again.class_logits)
