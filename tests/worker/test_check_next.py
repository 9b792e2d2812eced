"""The checking task, called as a worker calls it: real files, the real converter, a real database."""

import os
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import safetensors.torch
import torch

from dvis_model import build
from tests.support.factories import make_blob
from tests.support.hostile_headers import HOSTILE_HEADERS, hostile_safetensors
from tests.support.small_disk import SmallDisk
from tests.webapp.checkpoints.checked import make_checkpoint
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.selectors import checkpoint_weights
from webapp.checkpoints.services import checkpoint_delete
from webapp.jobs.models import Attempt
from worker import tasks_checkpoints
from worker.tasks_checkpoints import check_next

pytestmark = pytest.mark.django_db(transaction=True)
Status = Checkpoint.Status


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    """Weights of the tiny model."""
    return {key: value.clone() for key, value in build("tiny").state_dict().items()}


def pth(content: Any) -> bytes:
    file = BytesIO()
    torch.save(content, file)
    return file.getvalue()


def checked(content: bytes, filename: str = "../my dvis.pth") -> Checkpoint:
    checkpoint = make_checkpoint(source=make_blob(content), filename=filename)
    check_next.apply(throw=True)
    return Checkpoint.objects.select_related("job", "weights").get(pk=checkpoint.pk)


class Evil:
    """Runs a program where it is unpickled by Python's own reader."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch '{self.trace}'",)


def test_a_torch_file_is_converted_matched_and_can_be_loaded(state: dict[str, torch.Tensor]) -> None:
    checkpoint = checked(pth({"model": state, "optimizer": {"lr": 1e-4}, "iteration": 7}))
    assert checkpoint.status == Status.READY
    assert "tiny" in checkpoint.configurations
    assert checkpoint.parameters == sum(value.numel() for value in state.values())
    assert checkpoint.weights_id != checkpoint.source_id
    with checkpoint_weights(checkpoint) as path:
        loaded = safetensors.torch.load_file(path)
    assert all(torch.equal(loaded[key], value) for key, value in state.items())


def test_safetensors_are_stored_once(state: dict[str, torch.Tensor]) -> None:
    checkpoint = checked(safetensors.torch.save(state), "dvis.safetensors")
    assert checkpoint.status == Status.READY
    assert checkpoint.weights_id == checkpoint.source_id


def test_a_pickle_that_runs_a_program_is_refused_and_nothing_has_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    checkpoint = checked(pth({"model": {"a": Evil(trace)}}))
    assert checkpoint.status == Status.REFUSED
    [problem] = checkpoint.problems
    assert problem["code"] == "checkpoint-code"
    assert problem["message"] == "it asks for posix.system, which is code, not data"
    assert "torch.save(model.state_dict(), path)" in problem["hint"]
    assert not trace.exists()


def test_what_is_no_checkpoint_is_refused() -> None:
    checkpoint = checked(b"PK\x03\x04 cut short")
    assert (checkpoint.status, checkpoint.weights) == (Status.REFUSED, None)
    assert [problem["code"] for problem in checkpoint.problems] == ["checkpoint-unreadable"]


@pytest.mark.parametrize(
    "kind", ["a product beyond 64 bits", "a size beyond 63 bits", "a type without numbers"]
)
def test_a_header_that_no_weights_can_have_is_the_files_fault_and_not_ours(kind: str) -> None:
    entries, reason = HOSTILE_HEADERS[kind]
    checkpoint = checked(hostile_safetensors(entries), "weights.safetensors")
    assert (checkpoint.status, Attempt.objects.count()) == (Status.REFUSED, 1)
    [problem] = checkpoint.problems
    assert problem["code"] == "checkpoint-unreadable"
    assert reason in problem["message"]


def test_what_to_do_with_a_checkpoint_in_an_archive_is_said_once(state: dict[str, torch.Tensor]) -> None:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("dvis.pth.tar", pth({"model": state}))
    [problem] = checked(packed.getvalue(), "dvis.zip").problems
    assert problem["message"] == "it is a zip archive that holds 'dvis.pth.tar'"
    assert problem["hint"].startswith(
        "Unpack it first, and give the checkpoint that is in it. Upload a .pth of"
    )


def test_what_fits_no_model_is_compared_with_the_nearest_by_module(state: dict[str, torch.Tensor]) -> None:
    kept = {key: value for key, value in state.items() if not key.startswith("tracker.")}
    checkpoint = checked(safetensors.torch.save({**kept, "nul\x01name.w": torch.zeros(1)}))
    assert checkpoint.status == Status.REFUSED
    assert {problem["code"] for problem in checkpoint.problems} == {"checkpoint-mismatch"}
    text = " ".join(problem["message"] for problem in checkpoint.problems)
    assert checkpoint.problems[0]["hint"].startswith("The nearest of them is tiny, with which it is compared")
    assert "nul\N{REPLACEMENT CHARACTER}name: 1 unexpected" in text


def test_weights_that_are_no_numbers_are_refused_by_name(state: dict[str, torch.Tensor]) -> None:
    name = next(key for key, value in state.items() if value.is_floating_point())
    broken = {**state, name: torch.full_like(state[name], float("inf"))}
    checkpoint = checked(safetensors.torch.save(broken))
    [problem] = checkpoint.problems
    assert (problem["code"], problem["message"]) == (
        "checkpoint-not-finite",
        f"{name} holds NaN or infinity.",
    )


def test_without_room_it_is_our_failure_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SmallDisk.mounted(tmp_path / "small", "4m") as small:
        small.fill()
        monkeypatch.setattr(tempfile, "tempdir", str(small.folder))
        if not small.is_real:  # this account may mount nothing
            monkeypatch.setattr(tasks_checkpoints, "ROOM", 2**60)
        checkpoint = checked(b"content")
    assert checkpoint.status == Status.RECEIVED
    assert Attempt.objects.get().outcome == Attempt.Outcome.ERROR
    assert checkpoint.problems == []


def test_rung_for_nothing_or_after_a_deletion_it_does_nothing() -> None:
    check_next.apply(throw=True)
    checkpoint = make_checkpoint()
    checkpoint_delete(checkpoint=checkpoint, actor=checkpoint.owner)
    check_next.apply(throw=True)
    assert not Attempt.objects.exists()
