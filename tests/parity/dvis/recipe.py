"""The weights and videos that the stored outputs were made with, from one integer hash: the same numbers
anywhere.

`noise(key, n)` is near normal, with mean 0 and variance 1. `weight(key, shape)` scales it by the entry's
role, so that a network of such weights keeps its variance and gives results worth comparing. `video` draws
striped ellipses that cross before a moving ground.
"""

import zlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

# Entries that keep what the constructor gave them.
KEPT = ("criterion.", "relative_position_index")
EMBEDDINGS = ("query_feat.weight", "query_embed.weight", "level_embed", "level_embed.weight")
CHUNK = 1 << 22


def _hashes(seed: int, count: int, start: int = 0) -> NDArray[np.uint64]:
    """Return splitmix64 of a counter."""
    u = np.uint64
    with np.errstate(over="ignore"):
        z = u(seed) + np.arange(start + 1, start + count + 1, dtype=u) * u(0x9E3779B97F4A7C15)
        z = (z ^ (z >> u(30))) * u(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> u(27))) * u(0x94D049BB133111EB)
        return z ^ (z >> u(31))


def _seed(text: str) -> int:
    return zlib.crc32(text.encode()) << 32


def noise(key: str, count: int) -> NDArray[np.float64]:
    """Return [count]: sums of four 16-bit fields of a hash, centred and scaled."""
    out = np.empty(count)
    for start in range(0, count, CHUNK):
        z = _hashes(_seed(key), min(CHUNK, count - start), start)
        fields = sum((z >> np.uint64(shift)) & np.uint64(0xFFFF) for shift in (0, 16, 32, 48))
        out[start : start + len(z)] = (np.asarray(fields, np.float64) - 131070.0) / 65536.0 * np.sqrt(3.0)
    return out


@cache
def weight(key: str, shape: tuple[int, ...]) -> NDArray[np.float32] | None:
    """Return the entry of a state dict, or None where it keeps its value."""
    if any(kept in key for kept in KEPT):
        return None
    values = noise(key, int(np.prod(shape)))
    return np.ascontiguousarray(_scaled(key, shape, values.reshape(shape)), dtype=np.float32)


def _scaled(key: str, shape: tuple[int, ...], n: NDArray[np.float64]) -> NDArray[np.float64]:
    last = key.rsplit(".", 1)[-1]
    fan_in = float(np.prod(shape[1:])) if len(shape) > 1 else 1.0
    embedding = key.endswith(EMBEDDINGS)
    if last == "relative_position_bias_table":
        return 0.2 * n
    if len(shape) > 1 and not embedding and shape[0] > 1:
        rows = n.reshape(shape[0], -1)
        n = (rows - rows.mean(axis=1, keepdims=True)).reshape(shape)
    if embedding:
        return (0.3 if "level_embed" in key else 1.0) * n
    if len(shape) <= 1:
        return _scaled_vector(key, last, n)
    if key.endswith("mask_embed.layers.2.weight"):
        n = n - n.mean(axis=0, keepdims=True)
    if last == "in_proj_weight":
        n = n.copy()
        n[: 2 * (shape[0] // 3)] *= 2.0
    return _gain(key, shape) * n / np.sqrt(fan_in)


def _scaled_vector(key: str, last: str, n: NDArray[np.float64]) -> NDArray[np.float64]:
    if last == "running_var":
        return 1.0 + 0.2 * np.abs(n)
    if key.endswith("sampling_offsets.bias"):
        return 2.0 * n
    if key.endswith("mask_features.bias"):
        return 0.5 + 0.05 * n
    if key.endswith("mask_embed.layers.2.bias"):
        return -0.05 + 0.01 * n
    if last == "weight":
        return (0.5 if ".conv3.norm." in key else 1.0) + 0.05 * n
    return 0.05 * n


def _gain(key: str, shape: tuple[int, ...]) -> float:
    if key.startswith("backbone.") and len(shape) == 4 and (".conv" in key or "shortcut" in key):
        return 1.7
    if key.endswith("out_proj.weight"):
        if "cross_attention" not in key:
            return 0.10
        return 0.48 if key.startswith("sem_seg_head.") else 0.15
    if key.endswith("sampling_offsets.weight"):
        return 0.5
    if key.endswith("class_embed.weight"):
        return 5.0
    if key.endswith("linear2.weight") or "conv_short_aggregate" in key:
        return 0.35
    return 1.0


def _triangle(value: NDArray[np.int64], period: int) -> NDArray[np.int64]:
    """Return a triangle wave between 0 and `period`."""
    value = value % (2 * period)
    return np.where(value > period, 2 * period - value, value)


class _Draw:
    """Small numbers from the hash, one after another."""

    def __init__(self, name: str) -> None:
        self._numbers = iter([int(v) for v in _hashes(_seed(f"video:{name}"), 256) >> np.uint64(33)])

    def __call__(self, low: int, high: int) -> int:
        return low + next(self._numbers) % (high - low)


def video(name: str, frames: int, height: int, width: int) -> NDArray[np.uint8]:
    """Return uint8 RGB [frames, height, width, 3]."""
    draw = _Draw(name)
    count = draw(4, 8)
    ground = [(draw(2, 9), draw(2, 9), draw(9, 31), draw(40, 120), draw(16, 64)) for _ in range(3)]
    pan = (draw(-3, 4), draw(-2, 3))
    objects = [_ellipse(draw) for _ in range(count)]
    y, x = np.meshgrid(np.arange(height, dtype=np.int64), np.arange(width, dtype=np.int64), indexing="ij")
    drawn = []
    for t in range(frames):
        u, v = x + pan[0] * t + 4096, y + pan[1] * t + 4096
        frame = np.stack(
            [
                base + (_triangle(u * a + v * b, p * 8) * amp) // (p * 8) + ((u // 7 + v // 5) % 3) * 9
                for a, b, p, base, amp in ground
            ],
            axis=-1,
        )
        for ellipse in objects:
            _paint(frame, ellipse, t, x, y)
        drawn.append(np.clip(frame, 0, 255).astype(np.uint8))
    return np.stack(drawn)


def _ellipse(draw: _Draw) -> dict[str, int | list[int]]:
    keys = ("cx", "cy", "vx", "vy", "rx", "ry")
    ranges = ((0, 1000), (0, 1000), (-90, 91), (-70, 71), (60, 180), (80, 260))
    ellipse: dict[str, int | list[int]] = {key: draw(*span) for key, span in zip(keys, ranges, strict=True)}
    ellipse["one"] = [draw(0, 256) for _ in range(3)]
    ellipse["other"] = [draw(0, 256) for _ in range(3)]
    return ellipse | {"stripe": draw(4, 13), "grow": draw(-6, 7)}


def _paint(frame: NDArray[np.int64], o: dict, t: int, x: NDArray[np.int64], y: NDArray[np.int64]) -> None:
    height, width = x.shape
    cx = int(_triangle(np.int64(o["cx"] + o["vx"] * t), 1000)) * width // 1000
    cy = int(_triangle(np.int64(o["cy"] + o["vy"] * t), 1000)) * height // 1000
    rx = max(2, (o["rx"] + o["grow"] * t) * width // 1000)
    ry = max(2, (o["ry"] + o["grow"] * t) * height // 1000)
    dx, dy = x - cx, y - cy
    inside = dx * dx * ry * ry + dy * dy * rx * rx <= rx * rx * ry * ry
    striped = ((dx + dy + 4096) // o["stripe"]) % 2 == 0
    colours = np.where(striped[..., None], o["one"], o["other"])
    frame[inside] = colours[inside]
