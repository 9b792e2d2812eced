"""What lies behind the things: two or three bands of stuff over a plane that is larger than the frame."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.compute.compiled import compiled
from evaluator.synthetic.clips.integers import SINES, TURN, Dice, Ints, sine
from evaluator.synthetic.clips.names import STUFF

_VIEWS: Final = (
    ("sky", "mountain", "grass"),
    ("sky", "building", "road"),
    ("wall", "floor"),
    ("sky", "sea", "sand"),
    ("building", "grass"),
    ("sky", "tree", "grass"),
    ("wall", "road"),
    ("mountain", "sea"),
    ("sky", "tree", "sand"),
    ("tree", "floor"),
)
_TONES: Final[dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]]] = {
    "sky": ((136, 172, 206), (206, 216, 226)),
    "mountain": ((86, 88, 104), (136, 134, 146)),
    "grass": ((66, 96, 52), (116, 142, 76)),
    "building": ((70, 72, 80), (158, 146, 138)),
    "road": ((76, 76, 78), (112, 110, 108)),
    "wall": ((150, 138, 126), (190, 166, 146)),
    "floor": ((124, 98, 74), (170, 140, 108)),
    "sea": ((36, 82, 108), (98, 146, 160)),
    "sand": ((172, 152, 112), (206, 190, 150)),
    "tree": ((34, 58, 38), (84, 108, 58)),
    "stone": ((104, 102, 98), (146, 142, 134)),
    "pillar": ((148, 144, 134), (112, 106, 100)),
}
"""Dark and light colour of each stuff; they are paler than things."""


@dataclass(frozen=True, slots=True)
class Scenery:
    """`colours` uint8 [h, w, 3] and `stuff` uint8 [h, w], index in STUFF: the plane behind everything."""

    colours: NDArray[np.uint8]
    stuff: NDArray[np.uint8]


def make_scenery(dice: Dice, height: int, width: int) -> Scenery:
    """Return a plane with half a frame's height more in both directions than the frame has."""
    rows, columns = height + height // 2, width + height // 2
    bands = dice.choice(_VIEWS)
    stuff = np.full((rows, columns), STUFF.index(bands[0]), np.uint8)
    row, column = np.arange(rows)[:, None], np.arange(columns)[None, :]
    for number, name in enumerate(bands[1:], 1):
        share = 42 * number // len(bands) + dice.between(32, 44) - 7 * len(bands)
        wave = sine(dice.between(0, TURN - 1) + column * TURN * dice.between(2, 5) // (3 * columns))
        edge = rows * share // 64 + (wave * dice.between(0, height // 12) >> 14)
        stuff[row >= edge] = STUFF.index(name)
    tones = np.array([stuff_tones(dice, name) for name in STUFF], np.int64)
    colours = np.empty((rows, columns, 3), np.uint8)
    _paint(stuff, tones, SINES, height, dice.between(0, 1 << 20), colours)
    return Scenery(colours, stuff)


def stuff_tones(dice: Dice, name: str) -> list[list[int]]:
    """Return the dark and the light colour of a stuff, a little different in every video."""
    brighter = dice.between(-18, 18)
    return [
        [min(255, max(0, part + brighter + dice.between(-8, 8))) for part in tone] for tone in _TONES[name]
    ]


@compiled()
def _lattice(x: int, y: int, seed: int) -> int:
    """Return a number in [0, 256) that looks as if it had nothing to do with those beside it."""
    mixed = (x * 374761393 + y * 668265263 + seed * 1442695) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 13)) * 1274126177) & 0xFFFFFFFF
    return (mixed ^ (mixed >> 16)) & 255


@compiled()
def _noise(x: int, y: int, wide: int, high: int, seed: int) -> int:
    """Return noise in [0, 256) that changes over `wide` columns and `high` rows."""
    i, j = x // wide, y // high
    right, down = (x - i * wide) * 256 // wide, (y - j * high) * 256 // high
    upper = _lattice(i, j, seed) * (256 - right) + _lattice(i + 1, j, seed) * right
    lower = _lattice(i, j + 1, seed) * (256 - right) + _lattice(i + 1, j + 1, seed) * right
    return (upper * (256 - down) + lower * down) >> 16


_SKY, _MOUNTAIN, _GRASS, _BUILDING, _ROAD, _WALL, _FLOOR, _SEA, _SAND, _TREE = range(10)


@compiled("void(uint8[:, ::1], int64[:, :, ::1], int64[::1], int64, int64, uint8[:, :, ::1])")
def _paint(
    stuff: NDArray[np.uint8],
    tones: Ints,
    sines: Ints,
    height: int,
    seed: int,
    colours: NDArray[np.uint8],
) -> None:
    """Give every pixel its colour; patterns are as large as they are in a frame of this height."""
    rows, columns = stuff.shape
    for y in range(rows):
        for x in range(columns):
            kind = stuff[y, x]
            grain = _noise(x, y, max(1, height // 48), max(1, height // 48), seed + 7)
            coarse = _noise(x, y, max(2, height // 5), max(2, height // 8), seed)
            if kind == _SKY:
                light = (y * 256 // rows + coarse) // 2
            elif kind == _MOUNTAIN:
                light = (
                    coarse + _noise(x + y // 2, y, max(1, height // 14), max(1, height // 20), seed)
                ) // 2
            elif kind == _GRASS:
                light = (coarse + 2 * _noise(x, y, max(1, height // 60), max(1, height // 20), seed + 1)) // 3
            elif kind == _BUILDING:
                cell = max(3, height // 10)
                window = x % cell > cell // 3 and y % cell > cell // 3
                light = (30 if window else 200) + grain // 8
            elif kind == _ROAD:
                light = (coarse + grain) // 2
            elif kind == _WALL:
                wide, high = max(4, height // 7), max(3, height // 14)
                row = y // high
                shifted = x + (row & 1) * (wide // 2)
                seam = y % high == 0 or shifted % wide == 0
                light = 30 if seam else 150 + _lattice(shifted // wide, row, seed) // 3
            elif kind == _FLOOR:
                cell = max(3, height // 9)
                light = 60 + 110 * ((x // cell + y // cell) & 1) + coarse // 4
            elif kind == _SEA:
                turn = (y * 4096 * 9 // height + coarse * 12) & 4095
                light = 128 + (sines[turn] * 90 >> 14) + (grain - 128) // 4
            elif kind == _SAND:
                light = (coarse + 2 * grain) // 3
            else:
                blob = _noise(x, y, max(1, height // 16), max(1, height // 16), seed + 3)
                light = (blob + grain) // 2
            for part in range(3):
                low, high_tone = tones[kind, 0, part], tones[kind, 1, part]
                colours[y, x, part] = low + ((high_tone - low) * light >> 8)
