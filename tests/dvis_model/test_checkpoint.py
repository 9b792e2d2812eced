"""Weights of every format go in; what does not fit is told module by module."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor

from dvis_model import CheckpointMismatch, build, load_checkpoint
from dvis_model.checkpoint import Shapes, compare, expected_shapes, matching_configs
from dvis_model.variants import VARIANTS

State = dict[str, Tensor]


def as_torch(state: State, path: Path) -> None:
    torch.save({"model": state, "optimizer": {"state": {0: {"step": 3}}}, "iteration": np.float64(7)}, path)


def as_old_torch(state: State, path: Path) -> None:
    torch.save({"model": state}, path, _use_new_zipfile_serialization=False)


def as_detectron2(state: State, path: Path) -> None:
    arrays = {key: value.numpy() for key, value in state.items()}
    path.write_bytes(pickle.dumps({"model": arrays, "__author__": "somebody"}, protocol=2))


def as_bare_state_dict(state: State, path: Path) -> None:
    torch.save(state, path)


@pytest.mark.parametrize(
    "write", [as_torch, as_old_torch, as_detectron2, as_bare_state_dict, safetensors.torch.save_file]
)
def test_every_format_is_read_whatever_the_file_is_called(
    write: Callable[[State, Path], None], tmp_path: Path
) -> None:
    torch.manual_seed(1)
    source, target = build("tiny"), build("tiny")
    write(source.state_dict(), tmp_path / "weights")
    load_checkpoint(target, tmp_path / "weights")
    for key, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[key], value), key


def test_names_of_older_releases_are_understood(tmp_path: Path) -> None:
    source, target = build("tiny"), build("tiny")
    state = {
        key.replace("refiner.", "offline_tracker.").replace("query_feat", "static_query"): value
        for key, value in source.state_dict().items()
    }
    torch.save(state, tmp_path / "old.pth")
    load_checkpoint(target, tmp_path / "old.pth")
    assert torch.equal(target.refiner.decoder_norm.weight, source.refiner.decoder_norm.weight)


def test_the_prefix_of_training_on_several_gpus_is_understood(tmp_path: Path) -> None:
    source, target = build("tiny"), build("tiny")
    state = {f"module.{key}": value for key, value in source.state_dict().items()}
    safetensors.torch.save_file(state, tmp_path / "weights")
    load_checkpoint(target, tmp_path / "weights")
    assert torch.equal(target.refiner.decoder_norm.weight, source.refiner.decoder_norm.weight)


def test_constants_may_be_absent(tmp_path: Path) -> None:
    state = build("tiny").state_dict()
    kept = {key: value for key, value in state.items() if "relative_position_index" not in key}
    del kept["criterion.empty_weight"]
    safetensors.torch.save_file(kept, tmp_path / "weights")
    load_checkpoint(build("tiny"), tmp_path / "weights")


def test_a_checkpoint_of_another_architecture_is_told_module_by_module(tmp_path: Path) -> None:
    other = build("tiny", tracker="bipartite", refiner="none").state_dict()
    other["backbone.norm0.weight"] = torch.zeros(3)
    other["head.weight"] = torch.zeros(3)
    safetensors.torch.save_file(other, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointMismatch) as raised:
        load_checkpoint(build("tiny"), tmp_path / "other.safetensors")
    lines = str(raised.value).splitlines()
    assert lines[0] == "other.safetensors does not fit tiny. Nearest to it is tiny."
    assert lines[1].startswith(
        "  tracker: 46 missing: tracker.transformer_self_attention_layers.0.self_attn."
    )
    assert lines[2].startswith("  refiner: ")
    assert lines[3] == "  head: 1 unexpected: head.weight"
    assert lines[4] == "  backbone: 1 of another shape: backbone.norm0.weight (file [3], model [16])"


def test_a_mismatch_names_the_configuration_that_the_file_fits(tmp_path: Path) -> None:
    safetensors.torch.save_file(build("tiny").state_dict(), tmp_path / "weights")
    with torch.device("meta"):
        model = build("ovis/MinVIS_R50")
    with pytest.raises(CheckpointMismatch, match=r"does not fit ovis/MinVIS_R50\. It fits tiny\."):
        load_checkpoint(model, tmp_path / "weights")


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(torch.nan, torch.float32), (torch.nan, torch.float8_e4m3fn), (1e300, torch.float64)],
)
def test_weights_that_are_not_numbers_are_refused(value: float, dtype: torch.dtype, tmp_path: Path) -> None:
    state = build("tiny").state_dict()
    bias = state["tracker.class_embed.bias"]
    state["tracker.class_embed.bias"] = torch.full(bias.shape, value, dtype=torch.float64).to(dtype)
    safetensors.torch.save_file(state, tmp_path / "weights")
    with pytest.raises(
        CheckpointMismatch, match=r"1 entry holds NaN or infinity, first tracker\.class_embed\.bias"
    ):
        load_checkpoint(build("tiny"), tmp_path / "weights")


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"No such checkpoint: .*nowhere\.pth"):
        load_checkpoint(build("tiny"), tmp_path / "nowhere.pth")


def test_the_shapes_to_expect_are_those_of_every_model_when_it_is_built() -> None:
    compared: list[Shapes] = []
    for config in VARIANTS.values():
        expected = expected_shapes(config)
        if any(expected is other for other in compared):
            continue  # the same architecture for another data set
        compared.append(expected)
        with torch.device("meta"):
            built = build(config).state_dict()
        assert list(expected.items()) == [(key, tuple(value.shape)) for key, value in built.items()]
    assert len(compared) > 30


@pytest.mark.parametrize(
    "name", ["ovis/DVIS_Offline_R50", "dvispp/ytvis19/CTVIS_R50", "VIPSeg/MinVIS_R50_720p"]
)
def test_a_file_is_recognised_by_its_shapes(name: str) -> None:
    shapes = expected_shapes(VARIANTS[name])
    fits, _ = matching_configs(shapes)
    assert name in fits
    assert all(not compare(shapes, expected_shapes(VARIANTS[fit])) for fit in fits)
