"""Turns pickled checkpoints into safetensors, in a process of their own that can do nothing else.

A pickle is a program. Two things keep this one from running: it is read by readers that know tensors,
arrays, numbers and containers alone; and, as readers have had holes, the process has no secrets, and is
locked before it reads.
"""

from __future__ import annotations

import io
import json
import logging
import os
import pickle
import subprocess
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from dvis_model.isolation import lock_down

TIMEOUT_S: Final = 600
GIB: Final = 2**30
ZIP_MAGIC: Final = b"PK\x03\x04"
# The first object in a file that torch wrote before it wrote zip files.
LEGACY_MAGIC: Final = 0x1950A86A20F9469CFC6C
PROGRAM: Final = (
    "import sys; sys.path.append(sys.argv[1]); from dvis_model.convert import main; main(sys.argv[2:])"
)
CODE_NOT_DATA: Final = "which is code, not data"
# How readers say that a file is another or was cut off, as by a download that broke.
NOT_WHOLE: Final = ("invalid load key", "PytorchStreamReader failed", "pickle data was truncated")
logger = logging.getLogger(__name__)

# What arrays and single numbers are pickled as calls of.
RECONSTRUCT, SCALAR = np.zeros(0).__reduce__()[0], np.float32(0).__reduce__()[0]
# All that a pickle may name. Files written by NumPy 1 use the old module names.
KNOWN: Final[dict[tuple[str, str], Any]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): RECONSTRUCT,
    ("numpy.core.multiarray", "scalar"): SCALAR,
    ("numpy._core.multiarray", "scalar"): SCALAR,
    ("_codecs", "encode"): lambda text, encoding: str(text).encode(str(encoding)),
}


class CheckpointRefused(ValueError):
    """The file is no checkpoint, or a pickle that asks for more than data."""


class CheckpointHoldsCode(CheckpointRefused):
    """A pickle that asks for more than data."""


def to_safetensors(source: Path, target: Path) -> None:
    """Convert a `.pth` of torch or a `.pkl` of detectron2; `target` is written, its folder exists.

    Raises:
        CheckpointRefused: says why.
    """
    with source.open("rb") as readable, target.open("wb") as writable:
        done = _run(readable.fileno(), writable.fileno())
    lines = done.stdout.decode(errors="replace").splitlines()
    answer: Any = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    if done.returncode != 0 or "held" not in answer:
        target.unlink()
        reason = answer.get("error") or f"the reading process ended with {done.returncode}"
        refusal = CheckpointHoldsCode if reason.endswith(CODE_NOT_DATA) else CheckpointRefused
        raise refusal(f"{source.name}: {reason}")
    if "seccomp" not in answer["held"]:
        logger.warning("%s was read without the kernel's protection, which this system lacks", source.name)


def _run(readable: int, writable: int) -> subprocess.CompletedProcess[bytes]:
    package = str(Path(__file__).parents[1])
    arguments = [sys.executable, "-I", "-B", "-c", PROGRAM, package, str(readable), str(writable)]
    try:
        return subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(readable, writable),
            env={"OMP_NUM_THREADS": "1"},
            cwd=tempfile.gettempdir(),
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CheckpointRefused(f"reading the checkpoint took more than {TIMEOUT_S} s") from error


def main(arguments: list[str]) -> None:
    """Convert from one open file into another: the program of the process of its own."""
    readable, writable = map(int, arguments)
    torch.set_num_threads(1)
    _warm_up()
    with os.fdopen(readable, "rb") as source, os.fdopen(writable, "wb") as target:
        size = os.fstat(readable).st_size
        held = lock_down(memory_bytes=5 * size + GIB, file_bytes=2 * size + GIB, cpu_seconds=TIMEOUT_S)
        try:
            target.write(safetensors.torch.save(_tensors(read(source))))
            target.flush()
        except Exception as error:  # whatever it was: the one that asked is told, and this process ends
            print(json.dumps({"error": _reason(error)}), flush=True)
            sys.exit(1)
    print(json.dumps({"held": held}), flush=True)


def _warm_up() -> None:
    """Go the whole way once, so that nothing is left to be imported behind the lock."""
    example = io.BytesIO()
    torch.save({"model": OrderedDict(a=torch.zeros(1)), "b": np.float64(0), "c": np.zeros(1)}, example)
    example.seek(0)
    safetensors.torch.save(_tensors(read(example)))
    legacy = io.BytesIO()
    torch.save({"a": torch.zeros(1)}, legacy, _use_new_zipfile_serialization=False)
    legacy.seek(0)
    read(legacy)
    read(io.BytesIO(pickle.dumps({"a": np.zeros(1), "b": np.float32(0)})))


def read(source: BinaryIO) -> Any:
    """Return what a torch file, old or new, or a pickle of arrays holds."""
    magic = source.read(len(ZIP_MAGIC))
    source.seek(0)
    if magic != ZIP_MAGIC:
        first = ArrayUnpickler(source).load()
        if first != LEGACY_MAGIC:
            return first
        source.seek(0)
    with torch.serialization.safe_globals([(known, ".".join(name)) for name, known in _numpy_names()]):
        return torch.load(source, map_location="cpu", weights_only=True)


def _numpy_names() -> list[tuple[tuple[str, str], Any]]:
    kinds = [type(np.dtype(kind)) for kind in ("f4", "f8", "i4", "i8", "u1", "?")]
    return [
        *((name, known) for name, known in KNOWN.items() if name[0].startswith("numpy")),
        *((("numpy.dtypes", kind.__name__), kind) for kind in kinds),
    ]


class ArrayUnpickler(pickle.Unpickler):
    """Knows containers, numbers and arrays of numbers; everything else is refused by name."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__(source, encoding="latin1")

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in KNOWN:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, {CODE_NOT_DATA}")
        return KNOWN[module, name]


def _tensors(content: Any) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint, which may be the whole file or its part called `model`."""
    for key in ("model", "state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise ValueError(f"expected named tensors, but found {type(content).__name__}")
    tensors = {}
    for key, value in content.items():
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
            value = torch.from_numpy(np.array(value))
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise ValueError(f"expected named tensors, but entry {key!r} is of type {type(value).__name__}")
        tensors[key] = value.detach().clone().contiguous()
    if not tensors:
        raise ValueError("it holds no tensors")
    return tensors


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError) or "alloc" in str(error):
        return "it would take far more memory than a checkpoint of its size"
    text = str(error)
    if isinstance(error, EOFError) or text.startswith(NOT_WHOLE):
        return "it is neither safetensors nor a checkpoint of torch or detectron2, or only a part of one"
    if "Unsupported global" in text or "weights_only" in text:
        named = text.partition("GLOBAL ")[2].split(" ")[0]
        return f"it asks for {named}, {CODE_NOT_DATA}" if named else "it is no checkpoint"
    return text or type(error).__name__
