"""Frames as pictures for pages: decoded and encoded again, so that pixels alone leave an organiser's file.

They are JPEG, which browsers decode twice as fast as WebP. Pictures are kept in VAR/playback/frames (see
`files`), under names that follow from the file they were made of: a frame that changes is another picture.
"""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

from evaluator.files.words import counted
from evaluator.types import VideoInfo
from webapp.benchmarks.frames import frame_paths
from webapp.benchmarks.models import Split
from webapp.playback import files
from webapp.refusal import Refused

SIZES: Final[dict[str, int | None]] = {"480": 480, "720": 720, "full": None}
"""Pixels of the shorter side, by the name that addresses have; None: as many as the frame has."""
QUALITY: Final = 85
FORMATS: Final = ("BMP", "JPEG", "PNG", "WEBP")
LARGEST_BYTES: Final = 256 << 20
LARGEST_PIXELS: Final = 1 << 26
# A change here makes all pictures again.
LAYOUT: Final = 1
_ORIENTATION: Final = 0x0112
# The values of an EXIF orientation that turn a picture by 90 degrees.
_LYING: Final = frozenset({5, 6, 7, 8})


class FrameUnusable(Refused):
    """A frame cannot be shown; the message names no path."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, "Masks show without it.", status=404)


def frame_picture(split: Split, video: VideoInfo, index: int, size: str) -> bytes:
    """Return a frame as JPEG.

    Args:
        index: of the frame, from 0.
        size: a key of SIZES. Smaller frames keep their size.

    Raises:
        FrameUnusable: it is missing, broken, or of another size than the ground truth says.
    """
    if not 0 <= index < video.length:
        raise FrameUnusable("frame-missing", f"{video.name} has {counted(video.length, 'frame')}.")
    (source,) = _sources(split, video, [index])
    return _kept_picture(source, video, index, size)


def frame_pictures(split: Split, video: VideoInfo, indices: Sequence[int], size: str) -> list[bytes]:
    """Return frames as JPEG, as `frame_picture` does; empty where one cannot be shown."""
    found = []
    for index, source in zip(indices, _sources(split, video, indices), strict=True):
        try:
            found.append(_kept_picture(source, video, index, size))
        except FrameUnusable:
            found.append(b"")
    return found


def _sources(split: Split, video: VideoInfo, indices: Sequence[int]) -> list[Path | None]:
    try:
        return frame_paths(split, video, indices)
    except OSError:
        return [None for _ in indices]


def _kept_picture(source: Path | None, video: VideoInfo, index: int, size: str) -> bytes:
    """Return the picture of a file; it is made where it is not kept."""
    name = f"Frame {index + 1} of {video.name}"
    try:
        found = source.stat() if source is not None else None
    except OSError:
        found = None
    if source is None or found is None:
        raise FrameUnusable("frame-missing", f"{name} is missing.")
    state = f"{source}\0{found.st_mtime_ns}\0{found.st_size}\0{video.height}x{video.width}\0{size}\0{LAYOUT}"
    key = hashlib.sha256(state.encode(errors="surrogateescape")).hexdigest()
    kept = files.folder() / "frames" / key[:2] / f"{key}.jpg"
    return files.kept_or_made(kept, lambda: _picture(source, name, video, size))


def _picture(source: Path, name: str, video: VideoInfo, size: str) -> bytes:
    try:
        with source.open("rb") as file:
            contents = file.read(LARGEST_BYTES + 1)
        if len(contents) > LARGEST_BYTES:
            raise FrameUnusable("frame-broken", f"{name} is broken: its file is too large.")
        with Image.open(io.BytesIO(contents), formats=FORMATS) as image:
            _check(image, name, video)
            shown = _decoded(image, size)
        written = io.BytesIO()
        shown.save(written, "JPEG", quality=QUALITY)
    except FrameUnusable:
        raise
    except Exception as error:  # decoders raise anything for what was made to harm them
        raise FrameUnusable("frame-broken", f"{name} is broken: it cannot be decoded.") from error
    return written.getvalue()


def _check(image: Image.Image, name: str, video: VideoInfo) -> None:
    """Raise FrameUnusable before anything is decoded."""
    width, height = image.size
    if width * height > LARGEST_PIXELS:
        raise FrameUnusable("frame-broken", f"{name} is broken: it has more pixels than any frame.")
    if image.mode.startswith(("I", "F")):
        raise FrameUnusable("frame-broken", f"{name} is broken: it has more than 8 bits per channel.")
    if image.getexif().get(_ORIENTATION) in _LYING:
        width, height = height, width
    if (height, width) != (video.height, video.width):
        found, wanted = f"{height} x {width}", f"{video.height} x {video.width}"
        raise FrameUnusable(
            "frame-size", f"{name} has {found} pixels (height x width), but its masks {wanted}."
        )


def _decoded(image: Image.Image, size: str) -> Image.Image:
    """Return the pixels alone, upright."""
    wanted = smaller_size(image.size, size)
    if wanted != image.size:
        image.draft("RGB", wanted)  # a JPEG decodes no more than that needs
    shown = image.convert("RGB")
    if shown.size != wanted:
        shown = shown.resize(wanted, Image.Resampling.BILINEAR, reducing_gap=2)
    shown = ImageOps.exif_transpose(shown)
    shown.info.clear()  # comments and the like, which would be written again
    return shown


def smaller_size(full: tuple[int, int], size: str) -> tuple[int, int]:
    """Return width and height of a picture in a size of SIZES; it is never enlarged."""
    short_side, least = SIZES[size], min(full)
    if short_side is None or short_side >= least:
        return full
    return round(full[0] * short_side / least), round(full[1] * short_side / least)
