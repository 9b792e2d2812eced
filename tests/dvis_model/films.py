"""Writes video files."""

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np


def write_film(path: Path, frames: Iterable[np.ndarray]) -> None:
    """Write RGB frames, uint8 [h, w, 3]; widths and heights are even."""
    pictures = [av.VideoFrame.from_ndarray(frame, format="rgb24") for frame in frames]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.height, stream.width, stream.pix_fmt = pictures[0].height, pictures[0].width, "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
