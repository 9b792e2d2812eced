"""Versions of what the evaluator makes."""

from typing import Final

__version__ = "1.0.0"
"""Every report and digest carries it; a change of any number changes it."""

STORES: Final = 2
"""The form of the files that `playback` writes; after a change, each is made again when somebody looks."""
