"""Run-length masks as Python values, where care is needed and not speed.

The compiled decoder is in `evaluator.tracklets.kernels`, which also describes the format.
"""

from __future__ import annotations

from collections.abc import Sequence


class MaskInvalid(ValueError):
    """A mask cannot be used: `code` is an entry of the table of problems, the message what was found."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def expand_counts(counts: str) -> list[int]:
    """Return the run lengths that a compressed string holds; they may be negative if the string is wrong.

    Raises:
        MaskInvalid: the string ends within a number, or holds characters that no number is written with.

    >>> expand_counts("03=0")
    [0, 3, 13, 3]
    """
    runs: list[int] = []
    run = shift = 0
    for character in counts:
        group = ord(character) - 48
        if not 0 <= group <= 63:
            message = f"`counts` holds the character {character!r}, expected only '0' to 'o'."
            raise MaskInvalid("rle-characters", message)
        if shift > 30:
            raise MaskInvalid("rle-range", "`counts` holds a number of more than 32 bits.")
        run |= (group & 31) << shift
        shift += 5
        if group & 32:
            continue
        if group & 16:
            run -= 1 << shift
        if len(runs) > 2:
            run += runs[-2]
        runs.append(run)
        run = shift = 0
    if shift:
        raise MaskInvalid("rle-truncated", "`counts` ends in the middle of a number.")
    return runs


def compress_runs(runs: Sequence[int]) -> str:
    """Return non-negative run lengths as a compressed string; empty runs within are joined to others.

    >>> compress_runs([0, 3, 13, 3])
    '03=0'
    """
    characters = []
    joined = _join_empty(runs)
    for index, run in enumerate(joined):
        value = run - joined[index - 2] if index > 2 else run
        while True:
            group = value & 31
            value >>= 5
            more = value != (-1 if group & 16 else 0)
            characters.append(chr(48 + group + 32 * more))
            if not more:
                break
    return "".join(characters)


def _join_empty(runs: Sequence[int]) -> list[int]:
    joined: list[int] = []
    background = True
    for run in runs:
        if run or not joined:
            if len(joined) % 2 == (0 if background else 1):
                joined.append(run)
            else:
                joined[-1] += run
        background = not background
    return joined
