"""A checkpoint is data: a pickle that does anything else is refused, by its reader and by its lock."""

import argparse
import builtins
import gzip
import os
import pickle
import re
import socket
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dvis_model import CheckpointHoldsCode, CheckpointRefused, build, isolation, load_checkpoint
from dvis_model.checkpoint import renamed
from dvis_model.convert import named_tensors, read, to_safetensors, unreadable

Writer = Callable[[Any, Path], None]


class Call:
    """Pickles as a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


def write_plain(content: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(content))


def write_zip(content: Any, path: Path) -> None:
    torch.save(content, path)


def write_legacy(content: Any, path: Path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


every_format = pytest.mark.parametrize("write", [write_plain, write_zip, write_legacy])


@every_format
def test_a_pickle_that_runs_a_program_is_refused(write: Writer, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    write({"model": {"a": Call(os.system, f"touch '{trace}'")}}, tmp_path / "evil.pth")
    with pytest.raises(
        CheckpointRefused, match=r"evil\.pth: it asks for (posix|nt)\.system, which is code, not data"
    ):
        to_safetensors(tmp_path / "evil.pth", tmp_path / "out")
    assert not trace.exists()
    assert not (tmp_path / "out").exists()


@every_format
def test_a_pickle_that_writes_a_file_is_refused(write: Writer, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    write({"model": {"a": Call(builtins.open, str(trace), "w")}}, tmp_path / "evil.pth")
    with pytest.raises(CheckpointRefused, match=r"asks for (io|_io|builtins)\.open"):
        to_safetensors(tmp_path / "evil.pth", tmp_path / "out")
    assert not trace.exists()


@every_format
def test_a_pickle_that_opens_a_socket_is_refused(write: Writer, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        write({"model": {"a": Call(socket.create_connection, server.getsockname())}}, tmp_path / "evil.pth")
        with pytest.raises(CheckpointRefused, match=r"asks for socket\.create_connection"):
            to_safetensors(tmp_path / "evil.pth", tmp_path / "out")
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


# What a pickle could do if its reader let it: each line runs behind the lock.
ESCAPES = {
    "a program": "import os; os.system('touch trace')",
    "a program without Python": "libc.system(b'touch trace')",
    "another process": "libc.fork() < 0 or libc.creat(b'trace', 0o600)",
    "a new file": "open('trace', 'w')",
    "a new file without Python": "libc.creat(b'trace', 0o600)",
    "a file to read": "print(open('secret').read())",
    "a file to read without Python": "print(libc.open(b'secret', 0) >= 0 and 'hidden')",
    "a removed file": "libc.unlink(b'secret')",
    "a socket": "import socket; socket.create_connection(('127.0.0.1', PORT))",
    "a socket without Python": "print(libc.socket(2, 1, 0) >= 0 and 'hidden')",
}


@pytest.mark.parametrize("escape", ESCAPES)
def test_even_code_that_runs_behind_the_lock_gets_nowhere(escape: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden")
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = (
            "import ctypes, os, socket\n"
            "from isolation import lock_down\n"
            "libc = ctypes.CDLL(None)\n"
            "held = lock_down(memory_bytes=2**30, file_bytes=2**20, cpu_seconds=20)\n"
            "print(held, flush=True)\n" + ESCAPES[escape].replace("PORT", str(server.getsockname()[1]))
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={"PYTHONPATH": str(Path(isolation.__file__).parent)},
            capture_output=True,
            text=True,
        )
        assert "seccomp" in done.stdout
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert "hidden" not in done.stdout
    assert (tmp_path / "secret").exists()
    assert not (tmp_path / "trace").exists()


def test_arrays_of_objects_are_refused(tmp_path: Path) -> None:
    write_plain({"model": {"a": np.array([None, "x"], dtype=object)}}, tmp_path / "odd.pkl")
    with pytest.raises(CheckpointRefused, match="expected named tensors, but entry 'a' is of type ndarray"):
        to_safetensors(tmp_path / "odd.pkl", tmp_path / "out")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is neither safetensors nor a checkpoint"),
        (b"PK\x03\x04broken", "it is neither safetensors nor a checkpoint"),
        (b"\x80\x04.", ""),
    ],
)
def test_a_file_that_is_no_checkpoint_is_refused_by_name(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(content)
    with pytest.raises(CheckpointRefused, match=rf"weights\.pth: {reason}"):
        load_checkpoint(build("tiny"), tmp_path / "weights.pth")


def answer(path: Path) -> dict[str, Any]:
    """What the sandboxed process would say of a file, found out in this one."""
    with path.open("rb") as file, pytest.raises(Exception) as raised:  # noqa: PT011 - whatever a reader says
        named_tensors(read(file))
    return unreadable(raised.value).answer


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_checkpoint_in_an_archive_is_named_and_one_called_tar_is_read(kind: str, tmp_path: Path) -> None:
    write_zip({"model": build("tiny").state_dict()}, tmp_path / "x.pth.tar")
    load_checkpoint(build("tiny"), tmp_path / "x.pth.tar")
    archive = tmp_path / f"x.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("__MACOSX/._x.pth.tar", "")
            packed.write(tmp_path / "x.pth.tar", "weights/x.pth.tar")
    else:
        with tarfile.open(archive, "w") as tar:
            tar.add(tmp_path / "x.pth.tar", "weights/x.pth.tar")
    reason = f"x.{kind}: it is a {kind} archive that holds 'weights/x.pth.tar'. Unpack it first, and give the"
    with pytest.raises(CheckpointRefused, match=f"^{re.escape(reason)}"):
        load_checkpoint(build("tiny"), archive)


@pytest.mark.parametrize(
    ("content", "reason", "advice"),
    [
        (b"\n<!DOCTYPE html><html>", "it is a web page, not a checkpoint", "fetch the file itself again"),
        (b"version https://git-lfs.github.com/spec/v1", "it is a pointer of Git LFS", "git lfs pull"),
        (gzip.compress(b"weights", mtime=0), "it is packed with gzip", "Unpack it first"),
        (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive", "Unpack it first"),
        (b"\x89HDF\r\n", "it is an HDF5 file", "torch or detectron2"),
    ],
)
def test_files_that_are_taken_for_checkpoints_are_recognised(
    content: bytes, reason: str, advice: str, tmp_path: Path
) -> None:
    (tmp_path / "x.pth").write_bytes(content)
    found = answer(tmp_path / "x.pth")
    assert reason in found["error"]
    assert advice in found["advice"]


class Settings:
    """Stands for what programs keep beside weights: their own classes."""


@pytest.mark.parametrize(
    ("beside", "named"),
    [
        (argparse.Namespace(lr=1), "argparse.Namespace"),
        (Settings(), "tests.dvis_model.test_checkpoint_safety.Settings"),
        (Path("runs"), "pathlib.PosixPath"),
        (torch.optim.SGD([torch.zeros(1)]), "torch.optim.sgd.SGD"),
        (torch.nn.Linear(1, 1), "torch.nn.modules.linear.Linear"),
    ],
)
def test_code_beside_weights_is_named_with_the_way_out(beside: object, named: str, tmp_path: Path) -> None:
    for write in (write_zip, write_legacy):
        write({"model": {"a": torch.zeros(1)}, "beside": beside}, tmp_path / "x.pth")
        found = answer(tmp_path / "x.pth")
        assert found["error"] == f"it asks for {named}, which is code, not data"
        assert found["is_code"]
        assert 'torch.save({"model": checkpoint["model"]}, path)' in found["advice"]


def test_the_way_out_is_part_of_the_message(tmp_path: Path) -> None:
    write_zip({"model": {}, "args": argparse.Namespace()}, tmp_path / "x.pth")
    with pytest.raises(CheckpointHoldsCode, match=r"asks for argparse\.Namespace, .* Save the weights alone"):
        load_checkpoint(build("tiny"), tmp_path / "x.pth")


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_program_and_a_pickle_of_a_later_protocol_are_refused_with_the_way_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as script:  # as torch.jit.save names them
        for name in ("data.pkl", "code/__torch__/model.py", "constants.pkl"):
            script.writestr(f"archive/{name}", "")
    assert answer(tmp_path / "x.pt")["error"] == "it is a TorchScript program, which is code, not data"
    torch.save({"model": {"a": torch.zeros(1)}}, tmp_path / "x.pth", pickle_protocol=5)
    assert answer(tmp_path / "x.pth")["advice"] == "Save it again by torch.save, without pickle_protocol"


def test_weights_are_found_under_any_name_unless_there_are_several(tmp_path: Path) -> None:
    state = {"backbone.w": torch.ones(1), "refiner.b": torch.zeros(2)}
    optimizer = {"state": {0: {"exp_avg": torch.zeros(1)}}, "param_groups": [{"lr": 1e-4}]}
    for content in (
        {"model": prefixed("module._orig_mod.", state), "optimizer": optimizer, "best": np.float64(0.3)},
        {"ema": prefixed("module.", state) | {"n_averaged": torch.tensor(3)}, "epoch": 3},
        {"state_dict": prefixed("model.", state), "pytorch-lightning_version": "2.0"},
        {"net": state, "optimizer": optimizer},
    ):
        write_zip(content, tmp_path / "x.pth")
        with (tmp_path / "x.pth").open("rb") as file:
            assert {renamed(key) for key in named_tensors(read(file))} == state.keys()
    write_zip({"teacher": state, "student": state}, tmp_path / "x.pth")
    found = answer(tmp_path / "x.pth")
    assert found["error"] == "more than one of its parts holds weights: 'teacher', 'student'"
    assert found["advice"].startswith("Save one of them alone")


def prefixed(prefix: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"{prefix}{key}": value for key, value in state.items()}


def test_a_file_that_swells_beyond_all_measure_is_refused(tmp_path: Path) -> None:
    write_zip({"model": {"a": torch.zeros(1).expand(2**34)}}, tmp_path / "bomb.pth")
    assert (tmp_path / "bomb.pth").stat().st_size < 4096
    with pytest.raises(CheckpointRefused, match=r"bomb\.pth: it would take far more memory than"):
        to_safetensors(tmp_path / "bomb.pth", tmp_path / "out")
