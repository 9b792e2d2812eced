"""What a checkpoint holds is found out without building the model."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from dvis_model import CheckpointHoldsCode, CheckpointRefused, build, load_checkpoint
from dvis_model.inspection import as_safetensors, inspect_weights
from tests.support.hostile_headers import HOSTILE_HEADERS, entry, hostile_safetensors


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


@pytest.mark.parametrize(("entries", "reason"), HOSTILE_HEADERS.values(), ids=HOSTILE_HEADERS.keys())
def test_a_header_that_no_weights_can_have_is_the_files_fault(
    entries: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(hostile_safetensors(entries))
    with pytest.raises(CheckpointRefused, match=reason):
        inspect_weights(as_safetensors(path, tmp_path / "scratch"))


def test_a_header_of_very_many_entries_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(hostile_safetensors({f"{i}": entry([0]) for i in range(100_001)}))
    with pytest.raises(CheckpointRefused, match="it has 100,001 entries, more than any model"):
        load_checkpoint(build("tiny"), path)


@pytest.mark.parametrize("dtype", [torch.bool, torch.complex64])
def test_tensors_that_hold_no_real_numbers_are_refused(dtype: torch.dtype, tmp_path: Path) -> None:
    path = saved({"backbone.weight": torch.zeros(2, dtype=dtype)}, tmp_path)
    with pytest.raises(CheckpointRefused, match=r"'backbone.weight' holds torch\.\w+, expected real numbers"):
        inspect_weights(path)
