"""Reads maps of segments from PNG files of unknown origin.

The size in the header is compared with the expected one before anything is unpacked, and no more is unpacked
than that size needs. The usual kinds (8 bits, not interlaced) are decoded by own kernels, others by Pillow.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray
from PIL import Image

from evaluator.files.words import counted
from evaluator.maps import png_filters

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
LARGEST_SIDE: Final = 16_384
LARGEST_IMAGE: Final = 1 << 26
"""Most pixels of a frame, where no ground truth says how many there must be."""

_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_KINDS = {
    _GREY: "grey",
    _RGB: "RGB",
    _PALETTE: "palette",
    _GREY_ALPHA: "grey with alpha",
    _RGBA: "RGBA",
}
_SLACK_BYTES = 1 << 16
_INFLATE_ERROR = cast("type[Exception]", isal_zlib.error)  # which the stubs of isal take for an instance


class PngInvalid(Exception):
    """The file cannot be used; `code` is that of the problem."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class PngHeader:
    """The contents of the first chunk. `depth` is in bits per channel."""

    height: int
    width: int
    depth: int
    kind: int
    interlaced: bool

    @property
    def is_colour(self) -> bool:
        """True if pixels have at least three channels."""
        return self.kind in (_RGB, _RGBA)

    @property
    def is_single(self) -> bool:
        """True if pixels hold one number: a grey value or an index in a palette."""
        return self.kind in (_GREY, _PALETTE)

    def __str__(self) -> str:
        return f"{_KINDS.get(self.kind, f'unknown colour type {self.kind}')}, {self.depth} bits"


def file_limit(height: int, width: int) -> int:
    """Return the most bytes that a PNG file of this size is read to; real ones are far smaller."""
    return 2 * height * (4 * width + 1) + _SLACK_BYTES


def read_header(contents: bytes) -> PngHeader:
    """Return size and kind of a PNG file.

    Raises:
        PngInvalid: it is not a PNG, or a larger one than any video frame.
    """
    if not contents.startswith(SIGNATURE):
        raise PngInvalid("png-damaged", f"This is not a PNG file: it begins with {contents[:8]!r}.")
    if len(contents) < 33 or contents[8:16] != b"\0\0\0\x0dIHDR":
        raise PngInvalid("png-damaged", "The PNG file has no complete header.")
    width, height, depth, kind, _, _, interlace = struct.unpack(">IIBBBBB", contents[16:29])
    if zlib.crc32(contents[12:29]) != struct.unpack(">I", contents[29:33])[0]:
        raise PngInvalid("png-damaged", "The checksum of the PNG header is wrong.")
    if not 0 < height <= LARGEST_SIDE or not 0 < width <= LARGEST_SIDE or height * width > LARGEST_IMAGE:
        raise PngInvalid("png-size", f"The PNG has {height} x {width} pixels, more than any frame.")
    return PngHeader(height, width, depth, kind, interlace != 0)


def decode_ids(contents: bytes, header: PngHeader) -> NDArray[np.uint32]:
    """Return R + 256 G + 65536 B of an RGB or RGBA image, uint32 [height * width] in rows.

    Raises:
        PngInvalid: it has fewer than three channels, or is damaged.
    """
    if not header.is_colour:
        raise PngInvalid("png-kind", f"The PNG is {header}, expected RGB: id = R + 256 G + 65536 B.")
    ids = np.empty(header.height * header.width, np.uint32)
    if header.depth != 8 or header.interlaced:
        # Official quirk: Pillow keeps the upper 8 of 16 bits.
        pixels = _decode_by_pillow(contents, ("RGB", "RGBA")).astype(np.uint32)
        ids[:] = (pixels[..., 0] | pixels[..., 1] << 8 | pixels[..., 2] << 16).ravel()
        return ids
    channels = 4 if header.kind == _RGBA else 3
    raw = _inflate(contents, header.height * (1 + channels * header.width))
    _check_rows(png_filters.unfilter_ids(raw, header.height, header.width, channels, ids))
    return ids


def decode_values(contents: bytes, header: PngHeader) -> NDArray[np.uint8]:
    """Return the numbers of a grey or palette image, uint8 [height * width] in rows.

    Raises:
        PngInvalid: it has several channels or 16 bits, or is damaged.
    """
    if not header.is_single or header.depth > 8:
        raise PngInvalid("png-kind", f"The PNG is {header}, expected one channel of 8 bits: the class.")
    if header.depth != 8 or header.interlaced:
        return _decode_by_pillow(contents, ("L", "P", "1")).astype(np.uint8).ravel()
    values = np.empty(header.height * header.width, np.uint8)
    raw = _inflate(contents, header.height * (1 + header.width))
    _check_rows(png_filters.unfilter_bytes(raw, header.height, header.width, values))
    return values


def _check_rows(status: int) -> None:
    if status != png_filters.OK:
        raise PngInvalid("png-damaged", f"Row {status} of the PNG has an unknown filter.")


def _inflate(contents: bytes, size: int) -> NDArray[np.uint8]:
    """Return the first `size` bytes of the image data; what is beyond them is ignored, as libpng does."""
    packed = _image_data(contents)
    try:
        raw = isal_zlib.decompressobj().decompress(packed, size)
    except (_INFLATE_ERROR, EOFError) as error:
        raise PngInvalid("png-damaged", f"The image data of the PNG cannot be unpacked: {error}.") from None
    if len(raw) < size:
        raise PngInvalid(
            "png-damaged", f"The image data of the PNG ends after {len(raw):,} of {counted(size, 'byte')}."
        )
    return np.frombuffer(raw, np.uint8, size)


def _image_data(contents: bytes) -> bytes:
    """Return the joined IDAT chunks."""
    parts = []
    at = 8
    while at + 12 <= len(contents):
        length = int.from_bytes(contents[at : at + 4], "big")
        kind = contents[at + 4 : at + 8]
        end = at + 8 + length
        if end + 4 > len(contents):
            break
        if kind == b"IDAT":
            if zlib.crc32(contents[at + 4 : end]) != int.from_bytes(contents[end : end + 4], "big"):
                raise PngInvalid("png-damaged", f"The checksum of the PNG chunk at byte {at:,} is wrong.")
            parts.append(contents[at + 8 : end])
        if kind == b"IEND":
            return parts[0] if len(parts) == 1 else b"".join(parts)
        at = end + 4
    raise PngInvalid("png-damaged", f"The PNG file ends too early, after {counted(len(contents), 'byte')}.")


def _decode_by_pillow(contents: bytes, modes: tuple[str, ...]) -> NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(contents), formats=("PNG",)) as image:
            image.load()
            if image.mode not in modes:
                raise PngInvalid("png-kind", f"Pillow reads the PNG as {image.mode}, expected {modes[0]}.")
            return np.asarray(image, np.uint8)
    except (OSError, SyntaxError, ValueError, struct.error, zlib.error) as error:
        raise PngInvalid("png-damaged", f"The PNG cannot be decoded: {error}.") from None
