"""Loads official checkpoints into models: names and shapes must agree, and errors list the differences."""

from __future__ import annotations

import math
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import safetensors
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from dvis_model.assembly import build
from dvis_model.config import DvisConfig
from dvis_model.convert import CheckpointRefused, to_safetensors
from dvis_model.memory import is_out_of_memory
from dvis_model.model import Dvis
from dvis_model.variants import VARIANTS
from dvis_model.words import counted

Shapes = Mapping[str, tuple[int, ...]]
# Names in older releases, and as wrappers write them.
RENAMES: Final = (
    # Of a model that was trained on several GPUs, averaged, wrapped or compiled.
    (re.compile(r"^(?:(?:module|model|_orig_mod)\.)+"), ""),
    (re.compile(r"^offline_tracker\."), "refiner."),
    (re.compile(r"\bstatic_query\b"), "query_feat"),
)
# Constants that files may lack: our own are the same.
CONSTANTS: Final = ("criterion.empty_weight", "relative_position_index")
MODULES: Final = ("backbone", "sem_seg_head.pixel_decoder", "sem_seg_head.predictor", "tracker", "refiner")
MOST_EXAMPLES: Final = 3
# Far more than any model has. Headers of strangers are bounded by them.
MOST_ENTRIES: Final = 100_000
MOST_DIMENSIONS: Final = 16
MOST_NUMBERS: Final = 2**40
# Types that are not real numbers, or that torch cannot compute with.
NOT_REAL: Final = ("torch.bool", "torch.complex", "torch.bits", "torch.float4")


class CheckpointMismatch(ValueError):
    """The file does not fit the model; the message lists what differs, module by module."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of a file from a configuration: names of entries, with shapes where both have them.

    Attributes:
        missing: the model has them, the file has not.
        unexpected: the file has them, the model has not.
        reshaped: name, shape in the file, shape in the model.
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]

    def __len__(self) -> int:
        return len(self.missing) + len(self.unexpected) + len(self.reshaped)

    def lines(self) -> list[str]:
        """Return one line per module and kind, with the first examples."""
        shown = [f"{key} (file {list(found)}, model {list(wanted)})" for key, found, wanted in self.reshaped]
        kinds = (("missing", self.missing), ("unexpected", self.unexpected), ("of another shape", shown))
        return [
            f"{module}: {len(keys)} {kind}: {', '.join(keys[:MOST_EXAMPLES])}"
            + (", ..." if len(keys) > MOST_EXAMPLES else "")
            for kind, all_keys in kinds
            for module, keys in _by_module(all_keys).items()
        ]


def load_checkpoint(model: Dvis, path: str | Path) -> None:
    """Load weights: safetensors, `.pth` of torch or `.pkl` of detectron2, recognised by their contents.

    An ablation, built with other parts than its configuration's, takes what it has from the whole model's.

    Raises:
        FileNotFoundError: no such file.
        CheckpointRefused: the file is not a checkpoint, or is a pickle that asks for more than data.
        CheckpointMismatch: other names or shapes than the model's, or weights that are not numbers.
    """
    path = Path(path)
    state = {key: value for key, value in read_state_dict(path).items() if not key.startswith(model.left_out)}
    own = model.state_dict()
    difference = compare(_shapes(state), _shapes(own))
    if difference:
        raise CheckpointMismatch(_mismatch(path, _shapes(state), model.config, difference))
    if broken := not_finite(state):
        hold = counted(len(broken), "entry holds", "entries hold")
        raise CheckpointMismatch(f"{path.name}: {hold} NaN or infinity, first {broken[0]}.")
    model.load_state_dict(own | state, strict=True)


def not_finite(state: Mapping[str, Tensor]) -> list[str]:
    """Return the names of the tensors with NaN, infinity, or what float32 cannot hold."""
    return [key for key, value in state.items() if not torch.isfinite(value.float()).all()]


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Return a file's tensors under today's names. Raises as `load_checkpoint` does."""
    if not path.is_file():
        raise FileNotFoundError(f"No such checkpoint: {path}")
    try:
        tensors = dict(tensors_in(path))
    except safetensors.SafetensorError:
        with tempfile.TemporaryDirectory() as folder:
            converted = Path(folder) / "weights.safetensors"
            to_safetensors(path, converted)
            try:
                tensors = dict(tensors_in(converted))
            except safetensors.SafetensorError as error:
                raise CheckpointRefused(path.name, f"was not converted to safetensors: {error}") from error
    return {renamed(key): value for key, value in tensors.items()}


def tensors_in(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Yield names and tensors of a file of safetensors, one at a time in memory.

    Raises:
        SafetensorError: it is not one.
        CheckpointRefused: its header has shapes or types that weights cannot have.
    """
    with safetensors.safe_open(path, framework="pt") as file:
        names = file.keys()
        if len(names) > MOST_ENTRIES:
            raise CheckpointRefused(
                path.name, f"it has {counted(len(names), 'entry', 'entries')}, more than any model"
            )
        for name in names:
            try:
                shape = file.get_slice(name).get_shape()
                tensor = file.get_tensor(name) if _is_possible(shape) else None
            except (
                safetensors.SafetensorError,
                ArithmeticError,
                AttributeError,
                LookupError,
                RuntimeError,
                TypeError,
                ValueError,
            ) as error:
                if is_out_of_memory(error):
                    raise
                reason = str(error).partition("\n")[0]
                raise CheckpointRefused(
                    path.name, f"the entry {name[:80]!r} cannot be read: {reason}"
                ) from error
            if tensor is None:
                shown = ", ".join(map(str, shape[:MOST_DIMENSIONS]))
                raise CheckpointRefused(
                    path.name, f"the entry {name[:80]!r} has a shape that weights cannot have: {shown}"
                )
            if str(tensor.dtype).startswith(NOT_REAL):
                raise CheckpointRefused(
                    path.name, f"the entry {name[:80]!r} holds {tensor.dtype}, expected real numbers"
                )
            yield name, tensor


def _is_possible(shape: Sequence[int]) -> bool:
    """Return whether there are weights of this shape; the sizes of empty ones count as well."""
    return len(shape) <= MOST_DIMENSIONS and math.prod(max(size, 1) for size in shape) <= MOST_NUMBERS


def renamed(key: str) -> str:
    """Return today's name of an entry."""
    for pattern, name in RENAMES:
        key = pattern.sub(name, key)
    return key


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {key: tuple(value.shape) for key, value in state.items()}


def compare(found: Shapes, wanted: Shapes) -> Difference:
    """Compare a file with a model. Constants that a file lacks are not a difference."""
    return Difference(
        missing=tuple(key for key in wanted if key not in found and not key.endswith(CONSTANTS)),
        unexpected=tuple(key for key in found if key not in wanted),
        reshaped=tuple(
            (key, found[key], shape) for key, shape in wanted.items() if found.get(key, shape) != shape
        ),
    )


def matching_configs(found: Shapes) -> tuple[list[str], str]:
    """Return the names of all configurations that a file fits, and that of the nearest one."""
    distance = {
        name: len(compare(found, _expected(_architecture(config)))) for name, config in VARIANTS.items()
    }
    return [name for name, count in distance.items() if count == 0], min(distance, key=distance.__getitem__)


def expected_shapes(config: DvisConfig) -> Shapes:
    """Return the state dict's shapes of a configuration, without building its weights."""
    return _expected(_architecture(config))


def _architecture(config: DvisConfig) -> DvisConfig:
    """Return the configuration without what changes no shape, so that many share one answer."""
    plain = VARIANTS["tiny"]
    return replace(
        config,
        name="",
        task=plain.task,
        matching=plain.matching,
        shipped=plain.shipped,
        num_things=plain.num_things,
        max_num=plain.max_num,
        max_num_minvis=plain.max_num_minvis,
        min_size_test=plain.min_size_test,
    )


@lru_cache(maxsize=64)
def _expected(config: DvisConfig) -> Shapes:
    with _Unfilled():
        return _shapes(build(config).state_dict())


class _Unfilled(TorchFunctionMode):
    """Leaves new tensors as they are: random weights take long and are not needed.

    On the CPU, where memory that nobody writes to costs nothing, and most calls cost less than on "meta".
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        name = func.__name__
        if name.endswith("_") and not name.endswith("__"):  # works in place
            return args[0] if args else kwargs["tensor"]  # as nn.init names it
        return func(*args, **kwargs)


def _by_module(keys: tuple[str, ...] | list[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        module = next((module for module in MODULES if key.startswith(f"{module}.")), key.partition(".")[0])
        groups[module].append(key)
    return groups


def _mismatch(path: Path, found: Shapes, config: DvisConfig, difference: Difference) -> str:
    fits, nearest = matching_configs(found)
    advice = f"It fits {', '.join(fits)}." if fits else f"Nearest to it is {nearest}."
    return "\n  ".join(
        [f"{path.name} does not fit {config.name}. {advice}", *difference.lines()],
    )
