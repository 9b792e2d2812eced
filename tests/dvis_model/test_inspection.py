"""What a checkpoint holds is found out without building the model."""

import json
import pickle
import struct
from pathlib import Path

import pytest
import safetensors.torch
import torch

from dvis_model import CheckpointHoldsCode, CheckpointRefused, build
from dvis_model.inspection import as_safetensors, inspect_weights


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in build("tiny").state_dict().items()}


def saved(state: dict[str, torch.Tensor], folder: Path) -> Path:
    path = folder / "weights.safetensors"
    safetensors.torch.save_file(state, path)
    return path


def test_a_file_names_the_configurations_that_it_fits_and_counts_its_numbers(
    state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    found = inspect_weights(saved(state, tmp_path))
    assert "tiny" in found.configurations
    assert (found.differences, found.broken) == ((), ())
    assert found.entries == len(state)
    assert found.parameters == sum(value.numel() for value in state.values())


def test_a_file_that_fits_nothing_is_compared_with_the_nearest_module_by_module(
    state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    kept = {key: value for key, value in state.items() if not key.startswith("tracker.")}
    found = inspect_weights(saved({**kept, "head.weight": torch.zeros(2, 3)}, tmp_path))
    assert found.configurations == ()
    assert found.nearest.startswith("tiny")
    assert any(line.startswith("head: 1 unexpected: head.weight") for line in found.differences)


def test_entries_that_are_no_numbers_are_named(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    name = next(key for key, value in state.items() if value.is_floating_point())
    broken = {**state, name: torch.full_like(state[name], float("nan"))}
    assert inspect_weights(saved(broken, tmp_path)).broken == (name,)


def test_half_and_quarter_precision_is_looked_through(tmp_path: Path) -> None:
    state = {"a": torch.ones(2).to(torch.float8_e4m3fn), "b": torch.tensor([float("inf")]).bfloat16()}
    assert inspect_weights(saved(state, tmp_path)).broken == ("b",)


def test_safetensors_are_taken_as_they_are(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = saved(state, tmp_path)
    assert as_safetensors(path, tmp_path / "scratch") == path
    assert not (tmp_path / "scratch").exists()


def test_a_torch_file_is_converted(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    torch.save({"model": state, "iteration": 7}, tmp_path / "dvis.pth")
    path = as_safetensors(tmp_path / "dvis.pth", tmp_path / "scratch")
    assert path == tmp_path / "scratch"
    assert "tiny" in inspect_weights(path).configurations


def test_a_pickle_that_asks_for_code_is_told_apart_from_a_damaged_file(tmp_path: Path) -> None:
    evil, damaged = tmp_path / "evil.pkl", tmp_path / "damaged.pth"
    evil.write_bytes(pickle.dumps({"a": print}))
    damaged.write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(CheckpointHoldsCode, match=r"builtins\.print"):
        as_safetensors(evil, tmp_path / "scratch")
    with pytest.raises(CheckpointRefused) as refused:
        as_safetensors(damaged, tmp_path / "scratch")
    assert not isinstance(refused.value, CheckpointHoldsCode)


def test_a_header_that_promises_more_than_the_file_has_is_refused(tmp_path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(CheckpointRefused):
        as_safetensors(path, tmp_path / "scratch")


@pytest.mark.parametrize("dtype", [torch.bool, torch.complex64])
def test_tensors_that_hold_no_real_numbers_are_refused(dtype: torch.dtype, tmp_path: Path) -> None:
    path = saved({"backbone.weight": torch.zeros(2, dtype=dtype)}, tmp_path)
    with pytest.raises(CheckpointRefused, match=r"'backbone.weight' holds torch\.\w+, expected real numbers"):
        inspect_weights(path)
