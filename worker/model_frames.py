"""The frames of one video of a split, in the order of their names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dvis_model import FrameProblem, find_videos
from dvis_model.preprocess import Frame


class FramesMissing(Exception):
    """A video has no folder of frames, or not as many as it should. The message may be shown to everybody."""


class BrokenFrame(Exception):
    """A frame cannot be used. The message may be shown to everybody; the cause names paths."""


class Frames:
    """Reads the pictures of a video one after the other.

    Raises FramesMissing where the folder has not one for each frame; iterating, BrokenFrame.
    """

    def __init__(self, root: Path, video: dict[str, Any]) -> None:
        self._name: str = video["name"]
        try:
            found = find_videos(root / self._name)[0]
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FramesMissing(f"Video {self._name} has no frames.") from error
        self._video = found
        self.names = found.frame_names(video["length"])
        if len(self.names) != video["length"]:
            raise FramesMissing(
                f"Video {self._name} has {len(self.names)} frames, and should have {video['length']}."
            )

    def __iter__(self) -> Iterator[Frame]:
        first: tuple[int, ...] = ()
        read = 0
        try:
            for frame in self._video.frames():
                first = first or frame.shape
                if frame.shape != first:
                    raise FrameProblem(f"It has the shape {frame.shape}, and the first one {first}.")
                yield frame
                read += 1
        except FrameProblem as error:
            raise BrokenFrame(f"It is {self.names[read]} of video {self._name}.") from error
