"""What the frozen parts make of each video, kept in files: later stages never run them again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from dvis_model.training.frozen import Frozen
from dvis_model.training.saved import write_whole

DESCRIPTION_NAME: Final = "cache.json"
PER_FRAME: Final = ("queries", "memory", "class_logits", "mask_embeddings", "mask_features")


class Cache:
    """A folder with one file per video: in float16, masks in bits.

    A frame of 96x160 takes about 75 kB with 32 mask features.
    """

    def __init__(self, folder: Path, made_from: dict[str, object], count: int) -> None:
        """Open a folder for so many videos, or begin it.

        Args:
            made_from: what decides the contents.

        Raises:
            ValueError: the folder was made from something else.
        """
        self._folder, self._count = folder, count
        folder.mkdir(parents=True, exist_ok=True)
        path, wanted = folder / DESCRIPTION_NAME, json.dumps(made_from, indent=1)
        if not path.is_file():
            write_whole(path, wanted.encode())
        elif path.read_text() != wanted:
            raise ValueError(
                f"{folder} was made from other weights or data: delete it, or give another --cache"
            )

    def missing(self) -> list[int]:
        """Return the numbers of the videos that are not there yet."""
        return [number for number in range(self._count) if not self._path(number).is_file()]

    def put(self, number: int, frozen: Frozen) -> None:
        """Keep one video, a batch of one clip."""
        tensors = {name: getattr(frozen, name)[0].to("cpu", torch.float16) for name in PER_FRAME}
        if frozen.memory is frozen.queries:
            del tensors["memory"]
        bits = np.packbits(frozen.masks.cpu().numpy().astype(bool), axis=-1)
        tensors |= {
            "masks": torch.from_numpy(bits).transpose(0, 1),  # [T, N, H, W / 8]
            "labels": frozen.labels.cpu(),
            "width": torch.tensor(frozen.masks.shape[-1]),
        }
        content = safetensors.torch.save({name: value.contiguous() for name, value in tensors.items()})
        write_whole(self._path(number), content)

    def sample(self, rng: np.random.Generator, frames: int) -> Frozen:
        """Return neighbouring frames of a video as a batch of one clip, with the objects seen in them."""
        with safetensors.safe_open(self._path(int(rng.integers(self._count))), framework="pt") as file:
            length = file.get_slice("queries").get_shape()[0]
            start = int(rng.integers(max(length - frames, 0) + 1))
            window = slice(start, start + frames)

            def part(name: str) -> Tensor:
                tensor: Tensor = file.get_slice(name)[window]
                return tensor.float()[None]

            queries = part("queries")
            labels, width = file.get_tensor("labels"), int(file.get_tensor("width"))
            bits = file.get_slice("masks")[window].numpy()
            has_memory = "memory" in set(file.keys())
            memory = part("memory") if has_memory else queries
            others = {name: part(name) for name in PER_FRAME[2:]}
        masks = torch.from_numpy(np.unpackbits(bits, axis=-1, count=width)).bool().transpose(0, 1)
        seen = masks.flatten(1).any(dim=1)
        labels = labels[seen]
        clip = torch.zeros_like(labels)
        return Frozen(queries, memory, **others, clip=clip, labels=labels, masks=masks[seen].float())

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.safetensors"


def fill(cache: Cache, compute: Callable[[int], Frozen], progress: Callable[[int, int], None]) -> None:
    """Compute the videos that are missing; `progress` is called with how many are done, of how many."""
    missing = cache.missing()
    for done, number in enumerate(missing):
        progress(done, len(missing))
        cache.put(number, compute(number))


def joined_by_size(samples: Sequence[Frozen]) -> list[Frozen]:
    """Return batches of the clips that are of one size and length."""
    groups: dict[tuple[int, ...], list[Frozen]] = {}
    for sample in samples:
        groups.setdefault(tuple(sample.mask_features.shape), []).append(sample)
    return [_joined(group) for group in groups.values()]


def _joined(samples: Sequence[Frozen]) -> Frozen:
    clip = torch.cat([sample.clip + index for index, sample in enumerate(samples)])
    others = {
        name: torch.cat([getattr(sample, name) for sample in samples])
        for name in (*PER_FRAME, "labels", "masks")
    }
    return Frozen(**others, clip=clip)
