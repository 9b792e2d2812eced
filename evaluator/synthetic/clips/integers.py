"""Sines, square roots and random numbers that are the same on every machine: integers and nothing else.

`math.sin` and the like may round differently from one C library to the next, and a pixel would follow. The
raw stream of PCG64 is fixed for good by NumPy's policy, while its `Generator` may change what it makes of it.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Item = TypeVar("Item")

TURN: Final = 4096
"""Angles are counted in this many steps per turn."""
ONE: Final = 1 << 14
"""Sines are counted in parts of this."""
_PI: Final = 0x3243F6A8885A308D  # pi times 2 ** 60


def _sine(step: int) -> int:
    """Return the sine of a quarter of a turn or less, by its series in numbers of 60 binary digits."""
    angle = 2 * _PI * step // TURN
    term, total = angle, 0
    for power in range(1, 24, 2):
        total += term
        term = -(term * angle * angle >> 120) // ((power + 1) * (power + 2))
    return (total * ONE + (1 << 59)) >> 60


def _sines() -> Ints:
    rising = [_sine(step) for step in range(TURN // 4 + 1)]
    half = [*rising, *rising[-2:0:-1]]
    return np.array([*half, *(-value for value in half)], np.int64)


SINES: Final = _sines()
"""int64 [TURN]: the sine of every angle, in parts of ONE."""


def sine(angle: Ints) -> Ints:
    """Return the sines, in parts of ONE, of angles in steps of which TURN make a turn."""
    return np.asarray(SINES[angle & (TURN - 1)], np.int64)


def cosine(angle: Ints) -> Ints:
    """Return the cosines, in parts of ONE, of angles in steps of which TURN make a turn."""
    return sine(angle + TURN // 4)


def root(square: Ints) -> Ints:
    """Return the square roots, rounded down, of integers in [0, 2 ** 52).

    IEEE 754 demands the nearest number of a square root, which is below the next integer for such squares.
    """
    return np.sqrt(square.astype(np.float64)).astype(np.int64)


class Dice:
    """Random integers that follow from a few numbers in [0, 2 ** 64) alone."""

    def __init__(self, *seeds: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(seeds))

    def between(self, low: int, high: int) -> int:
        """Return an integer in [low, high]; the range may hold up to 2 ** 32 numbers."""
        return low + ((int(self._bits.random_raw()) >> 32) * (high - low + 1) >> 32)

    def side(self) -> int:
        """Return -1 or 1."""
        return 2 * self.between(0, 1) - 1

    def choice(self, items: Sequence[Item]) -> Item:
        """Return one of the items, which are at least one."""
        return items[self.between(0, len(items) - 1)]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """Return the items in another order."""
        left = list(items)
        return [left.pop(self.between(0, len(left) - 1)) for _ in items]

    def table(self, *shape: int) -> Ints:
        """Return integers in [0, 256) of this shape."""
        size = int(np.prod(shape))
        return (self._bits.random_raw(size) >> np.uint64(56)).astype(np.int64).reshape(shape)
