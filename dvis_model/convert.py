"""Turns pickled checkpoints into safetensors, in a sandboxed process that can do nothing else.

A pickle is a program. Two things keep this one from running: it is read by readers that know tensors,
arrays, numbers and containers alone; and, as readers have had holes, the process has no secrets, and is
locked before it reads.
"""

from __future__ import annotations

import codecs
import io
import json
import logging
import os
import pickle
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from dvis_model.isolation import lock_down

TIMEOUT_S: Final = 600
GIB: Final = 2**30
MOST_NAMES: Final = 3
ZIP_MAGICS: Final = (b"PK\x03\x04", b"PK\x05\x06")
TAR_MAGIC: Final = b"ustar"
TAR_MAGIC_OFFSET: Final = 257
HEAD_BYTES: Final = 512
# The first object in a file that torch wrote before it wrote zip files.
LEGACY_MAGIC: Final = 0x1950A86A20F9469CFC6C
PROGRAM: Final = (
    "import sys; sys.path.append(sys.argv[1]); from dvis_model.convert import main; main(sys.argv[2:])"
)
CODE_NOT_DATA: Final = "which is code, not data"
# How readers say that a file is of another kind or was cut short, as by a download that broke.
NOT_WHOLE: Final = (
    "invalid load key",
    "PytorchStreamReader",
    "pickle data was truncated",
    "inline_container",
)
UNPACK_FIRST: Final = "Unpack it first, and give the checkpoint that is in it"
WEIGHTS_ALONE: Final = (
    "Save the weights alone where the file was made: torch.save(model.state_dict(), path), or of a "
    'checkpoint torch.save({"model": checkpoint["model"]}, path)'
)
# How files begin that people take for checkpoints: what each is, and what to do.
OTHER_KINDS: Final = (
    (b"\x1f\x8b", "it is packed with gzip", UNPACK_FIRST),
    (b"BZh", "it is packed with bzip2", UNPACK_FIRST),
    (b"\xfd7zXZ\x00", "it is packed with xz", UNPACK_FIRST),
    (b"\x28\xb5\x2f\xfd", "it is packed with zstd", UNPACK_FIRST),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive", UNPACK_FIRST),
    (b"Rar!", "it is a rar archive", UNPACK_FIRST),
    (b"version https://git-lfs", "it is a pointer of Git LFS, not the file", "Fetch the file: git lfs pull"),
    (b"<", "it is a web page, not a checkpoint", "The download failed: fetch the file itself again"),
    (b"\x89HDF", "it is an HDF5 file, as Keras writes it", "Checkpoints are those of torch or detectron2"),
)
logger = logging.getLogger(__name__)

# The callables that NumPy's pickles name for arrays and single numbers.
RECONSTRUCT, SCALAR = np.zeros(0).__reduce__()[0], np.float32(0).__reduce__()[0]
# An entry of torch's averaged models, which counts them.
AVERAGED: Final = "n_averaged"
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
    """The file is not a checkpoint, or is a pickle that asks for more than data.

    Attributes:
        reason: what is wrong, without the file's name.
        advice: what to do about it; may be empty.
    """

    def __init__(self, file: str, reason: str, advice: str = "") -> None:
        super().__init__(f"{file}: {reason}" + (f". {advice}" if advice else ""))
        self.reason, self.advice = reason, advice


class CheckpointHoldsCode(CheckpointRefused):
    """A pickle that asks for more than data."""


class Unreadable(ValueError):
    """A reason with advice, on its way out of the sandboxed process."""

    def __init__(self, reason: str, advice: str = "", *, is_code: bool = False) -> None:
        super().__init__(reason)
        self.answer = {"error": reason, "advice": advice, "is_code": is_code}


def to_safetensors(source: Path, target: Path) -> None:
    """Convert a `.pth` of torch or a `.pkl` of detectron2; `target` is written, its folder exists.

    Raises:
        CheckpointRefused: says why.
    """
    with source.open("rb") as readable, target.open("wb") as writable:
        done = _run(source.name, readable.fileno(), writable.fileno())
    lines = done.stdout.decode(errors="replace").splitlines()
    answer: Any = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    if done.returncode != 0 or "held" not in answer:
        target.unlink()
        reason = answer.get("error") or f"the reading process ended with {done.returncode}"
        refusal = CheckpointHoldsCode if answer.get("is_code") else CheckpointRefused
        raise refusal(source.name, reason, answer.get("advice", ""))
    if "seccomp" not in answer["held"]:
        logger.warning("%s was read without the kernel's protection, which this system lacks", source.name)


def _run(name: str, readable: int, writable: int) -> subprocess.CompletedProcess[bytes]:
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
        raise CheckpointRefused(name, f"reading it took more than {TIMEOUT_S} s") from error


def main(arguments: list[str]) -> None:
    """Convert from one open file into another: the entry point of the sandboxed process."""
    readable, writable = map(int, arguments)
    torch.set_num_threads(1)
    _warm_up()
    with os.fdopen(readable, "rb") as source, os.fdopen(writable, "wb") as target:
        size = os.fstat(readable).st_size
        held = lock_down(memory_bytes=5 * size + GIB, file_bytes=2 * size + GIB, cpu_seconds=TIMEOUT_S)
        try:
            target.write(safetensors.torch.save(named_tensors(read(source))))
            target.flush()
        except Exception as error:  # whatever it was: the caller gets the reason, and this process ends
            print(json.dumps(unreadable(error).answer), flush=True)
            sys.exit(1)
    print(json.dumps({"held": held}), flush=True)


def _warm_up() -> None:
    """Convert once before the lock, after which nothing more can be imported."""
    codecs.lookup("cp437")  # of the names in other zip archives
    example = io.BytesIO()
    torch.save({"model": OrderedDict(a=torch.zeros(1)), "b": np.float64(0), "c": np.zeros(1)}, example)
    example.seek(0)
    safetensors.torch.save(named_tensors(read(example)))
    legacy = io.BytesIO()
    torch.save({"a": torch.zeros(1)}, legacy, _use_new_zipfile_serialization=False)
    legacy.seek(0)
    read(legacy)
    read(io.BytesIO(pickle.dumps({"a": np.zeros(1), "b": np.float32(0)})))


def read(source: BinaryIO) -> Any:
    """Return what a torch file, old or new, or a pickle of arrays holds.

    Raises:
        Unreadable: the file is of another kind that can be recognised.
    """
    head = source.read(HEAD_BYTES)
    source.seek(0)
    if head.startswith(ZIP_MAGICS):
        _check_zip(source)
        source.seek(0)
    else:
        _check_kind(head, source)
        first = ArrayUnpickler(source).load()
        if first != LEGACY_MAGIC:
            return first
        source.seek(0)
    with torch.serialization.safe_globals([(known, ".".join(name)) for name, known in _numpy_names()]):
        return torch.load(source, map_location="cpu", weights_only=True)


def _check_zip(source: BinaryIO) -> None:
    """Raise Unreadable unless a zip archive is one that torch wrote."""
    try:
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise EOFError from error
    if any(name.endswith("/constants.pkl") for name in names):
        raise Unreadable(f"it is a TorchScript program, {CODE_NOT_DATA}", WEIGHTS_ALONE, is_code=True)
    if not any(name.endswith("/data.pkl") for name in names):
        raise Unreadable(f"it is a zip archive that holds {_some(names)}", UNPACK_FIRST)


def _check_kind(head: bytes, source: BinaryIO) -> None:
    """Raise Unreadable where the first bytes are those of another kind of file."""
    for magic, kind, advice in OTHER_KINDS:
        if head.lstrip().startswith(magic):
            raise Unreadable(kind, advice)
    if head[TAR_MAGIC_OFFSET:].startswith(TAR_MAGIC):
        try:
            with tarfile.TarFile(fileobj=source) as archive:
                names = archive.getnames()
        except tarfile.TarError as error:
            raise EOFError from error
        raise Unreadable(f"it is a tar archive that holds {_some(names)}", UNPACK_FIRST)


def _some(names: Sequence[str]) -> str:
    """Return the first names of files in an archive that people put there."""
    files = [name for name in names if not name.endswith("/") and not name.startswith("__MACOSX/")]
    shown = ", ".join(repr(name[:80]) for name in files[:MOST_NAMES])
    return (f"{shown}, ..." if len(files) > MOST_NAMES else shown) or "no files"


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


def named_tensors(content: Any) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint, which may be the whole file or a part of it.

    Raises:
        Unreadable: there are none, or other things among them.
    """
    tensors = {}
    for key, value in _state(content).items():
        if key == AVERAGED:
            continue
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
            value = torch.from_numpy(np.array(value))
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise Unreadable(
                f"expected named tensors, but entry {str(key)[:80]!r} is of type {type(value).__name__}",
                WEIGHTS_ALONE,
            )
        tensors[key] = value.detach().clone().contiguous()
    if not tensors:
        raise Unreadable("it holds no tensors")
    return tensors


def _state(content: Any) -> Mapping[Any, Any]:
    """Return the part of a checkpoint that holds the weights.

    It is called `model` or `state_dict`, or is the only part that holds named tensors and nothing else.
    """
    for key in ("model", "state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise Unreadable(f"expected named tensors, but found {type(content).__name__}", WEIGHTS_ALONE)
    parts = {key: value for key, value in content.items() if isinstance(key, str) and _holds_tensors(value)}
    if len(parts) > 1:
        names = ", ".join(map(repr, parts))
        raise Unreadable(
            f"more than one of its parts holds weights: {names[:200]}",
            f'Save one of them alone: torch.save({{"model": checkpoint[{next(iter(parts))!r}]}}, path)',
        )
    return next(iter(parts.values())) if parts else content


def _holds_tensors(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and len(value) > 0
        and all(isinstance(item, Tensor | np.ndarray) for item in value.values())
    )


def unreadable(error: Exception) -> Unreadable:
    """Return why a file could not be converted, and what to do."""
    if isinstance(error, Unreadable):
        return error
    text = str(error)
    if isinstance(error, EOFError) or any(part in text for part in NOT_WHOLE):
        return Unreadable(
            "it is neither safetensors nor a checkpoint of torch or detectron2, or only a part of one",
            "Fetch or copy it again, and compare its size with the original's",
        )
    if text.endswith(CODE_NOT_DATA):
        return Unreadable(text, WEIGHTS_ALONE, is_code=True)
    if isinstance(error, MemoryError) or "alloc" in text:
        return Unreadable("it would take far more memory than a checkpoint of its size")
    if "Unsupported operand" in text:
        return Unreadable(
            "its pickle has instructions that are not read here, as later protocols have them",
            "Save it again by torch.save, without pickle_protocol",
        )
    if "Unsupported global" in text or "weights_only" in text:
        named = text.partition("GLOBAL ")[2].split(" ")[0]
        asked = f"it asks for {named}" if named else "it asks for more than tensors, numbers and text"
        return Unreadable(f"{asked}, {CODE_NOT_DATA}", WEIGHTS_ALONE, is_code=True)
    return Unreadable(text.partition("\n")[0][:300] or type(error).__name__)
