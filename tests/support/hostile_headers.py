"""Files of safetensors whose headers no program writes."""

import json
import struct
from typing import Any


def entry(shape: list[int], size: int = 0, begin: int = 0, dtype: str = "F32") -> dict[str, Any]:
    """A tensor's entry in a header, of `size` bytes."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, begin + size]}


def hostile_safetensors(entries: dict[str, Any], size: int = 64) -> bytes:
    """A file with this header and, where an entry has any, so many bytes of data."""
    header = json.dumps(entries).encode()
    used = max((found["data_offsets"][1] for found in entries.values()), default=0)
    return struct.pack("<Q", len(header)) + header + bytes(min(used, size))


IMPOSSIBLE = "'a' has a shape that weights cannot have"
NO_CHECKPOINT = "it is neither safetensors nor a checkpoint"
# What the header holds, and a part of the reason why the file is refused.
HOSTILE_HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    "a product beyond 64 bits": ({"a": entry([0, 2**62, 2**62])}, IMPOSSIBLE),
    "a size beyond 63 bits": ({"a": entry([0, 2**63])}, IMPOSSIBLE),
    "very many dimensions": ({"a": entry([1] * 5000, 4)}, IMPOSSIBLE),
    "many empty dimensions": ({"a": entry([0] * 70)}, IMPOSSIBLE),
    "a size below zero": ({"a": entry([-1], 4)}, NO_CHECKPOINT),
    "overlapping entries": ({"a": entry([2], 8), "b": entry([2], 8, begin=4)}, NO_CHECKPOINT),
    "a type without numbers": ({"a": entry([8], 4, dtype="F4")}, "'a' holds torch.float4_e2m1fn_x2"),
    "a type that torch lacks": ({"a": entry([8], 6, dtype="F6_E2M3")}, "'a' cannot be read"),
}
