"""A checkpoint is data: a pickle that does anything else is refused, by its reader and by its lock."""

import builtins
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dvis_model import CheckpointRefused, build, isolation, load_checkpoint
from dvis_model.convert import to_safetensors

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
        (b"<html>Not found</html>", "it is neither safetensors nor a checkpoint"),
        (b"PK\x03\x04broken", "it is neither safetensors nor a checkpoint"),
        (b"\x80\x04.", ""),
    ],
)
def test_a_file_that_is_no_checkpoint_is_refused_by_name(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(content)
    with pytest.raises(CheckpointRefused, match=rf"weights\.pth: {reason}"):
        load_checkpoint(build("tiny"), tmp_path / "weights.pth")


def test_a_file_that_swells_beyond_all_measure_is_refused(tmp_path: Path) -> None:
    write_zip({"model": {"a": torch.zeros(1).expand(2**34)}}, tmp_path / "bomb.pth")
    assert (tmp_path / "bomb.pth").stat().st_size < 4096
    with pytest.raises(CheckpointRefused, match=r"bomb\.pth: it would take far more memory than"):
        to_safetensors(tmp_path / "bomb.pth", tmp_path / "out")
