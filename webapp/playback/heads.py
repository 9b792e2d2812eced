"""The head of a video in a store: its objects, for pages without scripts. Masks are never read here."""

import json
import zlib
from typing import Any, Final

from webapp.playback import files
from webapp.playback.selectors import Layer

# Of some ten thousand objects; a page lists fewer.
HEAD_BYTES: Final = 1024 * 1024


def head_of(layer: Layer) -> dict[str, Any] | None:
    """Return the head of a layer (`evaluator.playback.store`); None unless it is ready and not too large."""
    if layer.state != "ready":
        return None
    first, end = layer.offsets[:2]
    if end - first > HEAD_BYTES:
        return None
    try:
        with files.path_of(layer.digest).open("rb") as file:
            file.seek(first)
            reader = zlib.decompressobj()
            text = reader.decompress(file.read(end - first), HEAD_BYTES)
    except (FileNotFoundError, zlib.error):  # it was let go a moment ago, or the disk is damaged
        return None
    head: dict[str, Any] | None = json.loads(text) if reader.eof else None
    return head
