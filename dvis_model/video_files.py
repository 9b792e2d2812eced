"""Reads videos frame by frame: files by PyAV, folders of pictures by Pillow."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from dvis_model.picture_files import is_hidden, pictures_in, video_order
from dvis_model.preprocess import Frame, FrameProblem

logger = logging.getLogger(__name__)
FILMS: Final = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".webm"})


@dataclass(frozen=True, slots=True)
class Video:
    """A video file or a folder of pictures.

    Attributes:
        path: the file or the folder.
        listed: the pictures that are its frames, in order; None: all in the folder, by the numbers in their
            names.
    """

    path: Path
    listed: tuple[Path, ...] | None = None

    @property
    def name(self) -> str:
        """The name of the folder, or of the file without its suffix."""
        return self.path.name if self.path.is_dir() else self.path.stem

    @property
    def pictures(self) -> list[Path]:
        """The files of the frames, in order; none for a video file."""
        if self.listed is not None:
            return list(self.listed)
        return pictures_in(self.path) if self.path.is_dir() else []

    @property
    def length(self) -> int | None:
        """Number of frames; None for a video file whose header does not have it."""
        if self.path.is_dir():
            return len(self.pictures)
        try:
            with closing(av.open(str(self.path))) as container:
                return container.streams.video[0].frames or None
        except (av.FFmpegError, IndexError):
            return None

    def frames(self) -> Iterator[Frame]:
        """Yield RGB frames, uint8 [h, w, 3], upright where the file says how the camera was held.

        Raises:
            FrameProblem: one of them cannot be read; names it.
        """
        return _read_pictures(self.pictures) if self.path.is_dir() else _read_file(self.path)

    def frame_names(self, count: int) -> list[str]:
        """Return the pictures' names; for a video file, eight digits each."""
        pictures = self.pictures
        return [file.name for file in pictures] if pictures else [f"{n:08}.jpg" for n in range(count)]


def find_videos(path: Path) -> list[Video]:
    """Return the video at a path, or all in it: files of videos, folders of pictures.

    Raises:
        FileNotFoundError: no such path, or a folder with none of these.
    """
    if not path.exists():
        raise FileNotFoundError(f"No such video or folder: {path}")
    video = Video(path)
    if path.is_file() or video.pictures:
        return [video]
    folders = [Video(entry) for entry in path.iterdir() if entry.is_dir()]
    videos = [folder for folder in folders if not is_hidden(folder.path) and folder.pictures]
    if passed_over := sorted(folder.name for folder in set(folders) - set(videos)):
        logger.warning("Folders without pictures are passed over: %s", ", ".join(passed_over))
    videos += map(Video, films_in(path))
    if not videos:
        raise FileNotFoundError(f"{path} holds neither pictures nor folders of pictures nor video files")
    by_name = {video.path.name: video for video in videos}
    return [by_name[name] for name in video_order(by_name)]


def films_in(folder: Path) -> list[Path]:
    """Return the video files in a folder."""
    films = (file for file in folder.iterdir() if file.suffix.lower() in FILMS)
    return [film for film in films if not is_hidden(film) and film.is_file()]


def _read_pictures(files: list[Path]) -> Iterator[Frame]:
    for index, file in enumerate(files):
        try:
            with Image.open(file) as picture:
                if picture.mode.startswith(("I", "F")):  # would all become white
                    raise FrameProblem(
                        f"Frame {index} ({file.name}) has more than 8 bits per pixel: convert it"
                    )
                ImageOps.exif_transpose(picture, in_place=True)
                frame = np.asarray(picture.convert("RGB"))
        except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise FrameProblem(f"Frame {index} ({file.name}) cannot be read: {error}") from error
        yield frame


def _read_file(path: Path) -> Iterator[Frame]:
    # A decoder may hold frames back: the number that went in is the index of one it cannot decode.
    entered = left = 0
    try:
        with closing(av.open(str(path))) as container:
            if not container.streams.video:
                raise FrameProblem(f"{path.name} holds no video stream")
            stream = container.streams.video[0]
            # Stop where data is broken, rather than invent what is missing.
            stream.codec_context.options = {"err_detect": "explode"}
            for packet in container.demux(stream):
                for frame in packet.decode():
                    if frame.is_corrupt:
                        raise FrameProblem(f"{path.name}: frame {left} is corrupt")
                    pixels = frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
                    yield np.rot90(pixels, frame.rotation // 90)
                    left += 1
                entered += 1
    except av.FFmpegError as error:
        raise FrameProblem(f"{path.name}: frame {entered} cannot be decoded: {error.strerror}") from error
