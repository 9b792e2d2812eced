"""The output heads alone, on stored logits."""

import json

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dvis_model.outputs import VideoInstances, VideoPanoptic
from dvis_model.postprocess import class_scores, to_instances, to_panoptic, to_semantic
from dvis_model.preprocess import FrameSizes
from tests.parity.dvis import golden

SIZES = FrameSizes(original=(120, 200), image=(90, 150), padded=(96, 160), output=(120, 200))


class Masks:
    """Mask logits [Q, T, h, w] in windows of two frames."""

    def __init__(self, logits: NDArray[np.float16]) -> None:
        self.logits = torch.from_numpy(logits).float()
        self.num_frames = self.logits.shape[1]

    def __call__(self, query_ids: Tensor) -> list[Tensor]:
        return list(self.logits[query_ids].split(2, dim=1))


def scores_of(case: dict[str, NDArray], head: str) -> Tensor:
    online = case.get(f"{head}.aux_pred_cls")
    return class_scores(
        torch.from_numpy(case[f"{head}.pred_cls"]), None if online is None else torch.from_numpy(online)
    )


def assert_same_instances(ours: VideoInstances, case: dict[str, NDArray], head: str) -> None:
    order = np.argsort(-case[f"{head}.scores"], kind="stable")
    np.testing.assert_allclose(ours.scores, case[f"{head}.scores"][order], atol=1e-6)
    assert ours.labels.tolist() == case[f"{head}.labels"][order].tolist()
    if f"{head}.ids" in case:
        assert ours.query_ids.tolist() == case[f"{head}.ids"][order].tolist()
    width = ours.masks.shape[-1]
    stored = np.unpackbits(case[f"{head}.masks_packed"], axis=-1)[..., :width]
    assert (ours.masks != stored[order]).mean() < 1e-5


def test_instances_of_dvis() -> None:
    _, case = golden.load("module_heads")
    ours = to_instances(scores_of(case, "vis"), Masks(case["vis.masks_f16"]), SIZES, max_num=20)
    assert_same_instances(ours, case, "vis")


def test_instances_of_minvis() -> None:
    _, case = golden.load("module_heads")
    ours = to_instances(scores_of(case, "minvis"), Masks(case["minvis.masks_f16"]), SIZES, max_num=10)
    assert_same_instances(ours, case, "minvis")


def assert_same_panoptic(ours: VideoPanoptic, panoptic: NDArray[np.uint8], segments: str) -> None:
    expected = [
        {"id": entry["id"], "category_id": entry["category_id"], "isthing": bool(entry["isthing"])}
        for entry in json.loads(segments)
    ]
    assert ours.segments == expected
    assert (ours.ids != panoptic).mean() < 1e-3


def test_panoptic() -> None:
    _, case = golden.load("module_heads")
    ours = to_panoptic(
        scores_of(case, "vps"),
        Masks(case["vps.masks_f16"]),
        SIZES,
        num_things=58,
        object_mask_threshold=0.8,
        overlap_threshold=0.8,
    )
    assert_same_panoptic(ours, case["vps.panoptic"], str(case["vps.segments_infos"]))


def test_semantic() -> None:
    _, case = golden.load("module_heads")
    ours = to_semantic(scores_of(case, "vss"), Masks(case["vss.masks_f16"]), SIZES)
    assert (ours.labels != case["vss.semantic"]).mean() < 1e-5
