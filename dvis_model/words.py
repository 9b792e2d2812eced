"""Words in messages."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number and its noun, or what stands beside it of one and of several.

    >>> counted(1, "video"), counted(1200, "video"), counted(2, "entry is", "entries are")
    ('1 video', '1,200 videos', '2 entries are')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
