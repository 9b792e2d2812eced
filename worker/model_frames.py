"""The frames of one video of a split, as its ground truth lists them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from dvis_model import FrameProblem
from dvis_model.picture_files import FrameMissing, listed_pictures, pictures_in
from dvis_model.preprocess import Frame
from dvis_model.video_files import Video
from evaluator.files.words import counted
from evaluator.types import VideoInfo


class FramesMissing(Exception):
    """A video has no folder of frames, or not as many as it should. The message may be shown to everybody."""


class BrokenFrame(Exception):
    """A frame cannot be used. The message may be shown to everybody; the cause names paths."""


class Frames:
    """Reads the pictures of a video one after the other.

    Raises FramesMissing where the folder lacks one; iterating, BrokenFrame.
    """

    def __init__(self, root: Path, video: VideoInfo, listed: Sequence[str] | None) -> None:
        """Find the pictures.

        Args:
            root: the folder of all videos.
            video: which one, and how many frames it must have.
            listed: names of the frames, as the ground truth lists them; None: it does not, and the pictures
                are taken by the numbers in their names.
        """
        self._name = video.name
        if listed is not None:
            pictures = self._listed(root, listed)
        else:
            folder = root / self._name
            if not folder.is_dir():
                raise FramesMissing(f"Video {self._name} has no frames.")
            pictures = pictures_in(folder)
        if len(pictures) != video.length:
            raise FramesMissing(
                f"Video {self._name} has {counted(len(pictures), 'frame')}, expected {video.length}."
            )
        self._video = Video(root / self._name, tuple(pictures))
        self.names = [picture.name for picture in pictures]

    def _listed(self, root: Path, names: Sequence[str]) -> list[Path]:
        try:
            return listed_pictures(root, names)
        except FrameMissing as error:
            raise FramesMissing(f"Video {self._name}: {error}.") from error

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
