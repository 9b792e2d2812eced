"""Each module alone, with no threshold in it: equal to the official one up to rounding."""

import numpy as np
import pytest
import torch
from torch import Tensor

from dvis_model.backbones.swin import SwinTransformer
from dvis_model.deformable_attention import DeformableAttention, sample
from dvis_model.layers import CrossAttentionLayer, FfnLayer, Mlp, SelfAttentionLayer
from dvis_model.matching import match_queries, match_queries_inverted
from dvis_model.pixel_decoder import DeformableTransformer
from dvis_model.position_encoding import sine_position
from tests.parity.dvis import golden
from tests.parity.dvis.golden import close, fill

CPU = torch.device("cpu")


def tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array)


def test_position_encoding() -> None:
    _, case = golden.load("module_posenc")
    height, width = case["sine2d"].shape[-2:]
    ours = sine_position(height, width, 256, CPU).T.unflatten(1, (height, width))
    close(ours[None], case["sine2d"], 1e-5)


def test_sampling_of_deformable_attention() -> None:
    _, case = golden.load("module_msda_core")
    shapes = [(int(h), int(w)) for h, w in case["spatial_shapes"]]
    place = tensor(case["sampling_locations"]) * torch.tensor([(w, h) for h, w in shapes])[:, None] - 0.5
    weights = tensor(case["attention_weights"])
    for video in range(2):
        x, y = place[video].flatten(2, 3).unbind(-1)
        read = sample(tensor(case["value"])[video], shapes, x, y, weights[video].flatten(2))
        close(read, case["output"][video], 1e-5)


def test_deformable_attention() -> None:
    meta, case = golden.load("module_msda_module")
    module = fill(DeformableAttention(256, 8, 3, 4), meta["prefix"])
    shapes = [(int(h), int(w)) for h, w in case["spatial_shapes"]]
    place = tensor(case["reference_points"]) * torch.tensor([(w, h) for h, w in shapes]) - 0.5
    for video in range(2):
        x, y = place[video].unbind(-1)
        query, value = tensor(case["query"])[video, None], tensor(case["src"])[video, None]
        close(module(query, value, x, y, shapes)[0], case["output"][video], 1e-5)


def test_deformable_encoder() -> None:
    meta, case = golden.load("module_deform_encoder")
    module = fill(DeformableTransformer(256, 8, 3, 1024, 2), meta["prefix"])
    ours = module([tensor(case[f"src{level}"]) for level in range(3)])
    close(torch.cat(ours, dim=1), case["output"], 1e-5)


def test_layers() -> None:
    meta, case = golden.load("module_layers")
    prefixes = meta["prefixes"]
    stored = {key: tensor(value) for key, value in case.items()}
    tgt, memory, identity = (stored[key].transpose(0, 1) for key in ("tgt", "memory", "identify"))
    query_pos, pos = stored["query_pos"].transpose(0, 1), stored["pos"].transpose(0, 1)

    refer = fill(CrossAttentionLayer(256, 8), prefixes["refcross"])
    close(refer(identity, tgt, memory, memory).transpose(0, 1), case["out_refcross"], 1e-5)
    cross = fill(CrossAttentionLayer(256, 8), prefixes["cross"])
    visible = ~stored["memory_mask"].unflatten(0, (2, 8))
    ours = cross(tgt, tgt + query_pos, memory + pos, memory, visible)
    close(ours.transpose(0, 1), case["out_cross"], 1e-5)
    self_attention = fill(SelfAttentionLayer(256, 8), prefixes["self"])
    close(self_attention(tgt, query_pos).transpose(0, 1), case["out_self"], 1e-5)
    close(fill(FfnLayer(256, 2048), prefixes["ffn"])(tgt).transpose(0, 1), case["out_ffn"], 1e-5)
    close(fill(Mlp([256] * 4), prefixes["mlp"])(tgt).transpose(0, 1), case["out_mlp"], 1e-5)


def test_matching() -> None:
    _, case = golden.load("module_matching")
    reference, current = tensor(case["ref"]), tensor(case["cur"])
    assert match_queries(reference, current).tolist() == case["minvis_indices"].tolist()
    assert match_queries_inverted(reference, current).tolist() == case["dvis_v1_indices"].tolist()


def test_the_quirk_of_version_1_shows_in_the_stored_matching() -> None:
    _, case = golden.load("module_matching")
    assert case["minvis_indices"].tolist() != case["dvis_v1_indices"].tolist()
    assert np.argsort(case["minvis_indices"]).tolist() == case["dvis_v1_indices"].tolist()


@pytest.mark.parametrize("frames", [1, 3])
def test_swin_on_a_size_that_nothing_divides(frames: int) -> None:
    meta, case = golden.load("module_swin_small")
    module = fill(SwinTransformer(32, (2, 2, 2, 2), (1, 2, 4, 8), 4), meta["prefix"])
    for name, features in zip(
        ("res2", "res3", "res4", "res5"), module(tensor(case["x"]).repeat(frames, 1, 1, 1)), strict=True
    ):
        for frame in features:
            close(frame[None], case[name], 1e-4)
