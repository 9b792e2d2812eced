"""PNG maps: every kind that the official code accepts gives Pillow's pixels; bad files name what is wrong."""

import contextlib
import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from evaluator.maps import png

RGB, GREY, PALETTE, RGBA = 2, 0, 3, 6


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def make_png(height: int, width: int, kind: int, data: bytes, *, depth: int = 8, interlace: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlace)
    palette = chunk(b"PLTE", bytes(range(256)) * 3) if kind == PALETTE else b""
    return png.SIGNATURE + chunk(b"IHDR", header) + palette + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def rows(draw: st.DrawFn, height: int, width: int, channels: int) -> bytes:
    """Return rows with any filter; residuals are often zero, as in maps."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    residuals = rng.integers(0, 256, (height, width * channels), np.uint8)
    residuals *= rng.random(residuals.shape) < draw(st.sampled_from([0.05, 0.3, 1.0]))
    filters = rng.integers(0, 5, (height, 1), np.uint8)
    return np.hstack([filters, residuals]).tobytes()


def pillow(contents: bytes) -> NDArray[np.uint32]:
    with Image.open(io.BytesIO(contents)) as image:
        return np.array(image).astype(np.uint32)


def ids_by_pillow(contents: bytes) -> NDArray[np.uint32]:
    pixels = pillow(contents)
    return (pixels[..., 0] + 256 * pixels[..., 1] + 65536 * pixels[..., 2]).ravel()


def saved(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_row_filter_gives_the_pixels_that_pillow_reads(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 70))
    kind = data.draw(st.sampled_from([RGB, RGBA, GREY, PALETTE]))
    channels = {RGB: 3, RGBA: 4}.get(kind, 1)
    raw = data.draw(st.composite(rows)(height, width, channels))
    contents = make_png(height, width, kind, zlib.compress(raw))
    header = png.read_header(contents)
    assert (header.height, header.width) == (height, width)
    if channels == 1:
        assert (png.decode_values(contents, header) == pillow(contents).ravel()).all()
    else:
        assert (png.decode_ids(contents, header) == ids_by_pillow(contents)).all()


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_rare_single_channel_kinds_are_read_as_pillow_reads_them(mode: str) -> None:
    values = np.arange(35, dtype=np.uint8).reshape(5, 7) % 3
    contents = saved(Image.fromarray(values).convert(mode))
    header = png.read_header(contents)
    assert png.decode_values(contents, header).tolist() == pillow(contents).ravel().tolist()


def test_the_upper_half_of_sixteen_bits_is_read_as_pillow_reads_it() -> None:
    rgb16 = np.array([[0x0102, 0x0304, 0x0506]], ">u2").tobytes()
    contents = make_png(1, 1, RGB, zlib.compress(b"\0" + rgb16), depth=16)
    assert png.decode_ids(contents, png.read_header(contents)).tolist() == [1 + 256 * 3 + 65536 * 5]


def test_an_interlaced_map_is_read_as_pillow_reads_it() -> None:
    # The one pixel of a 1 x 1 image lies in the first of the seven passes.
    contents = make_png(1, 1, RGB, zlib.compress(bytes([0, 9, 8, 7])), interlace=1)
    assert png.decode_ids(contents, png.read_header(contents)).tolist() == [9 + 256 * 8 + 65536 * 7]


def test_image_data_in_several_chunks_is_joined() -> None:
    data = zlib.compress(bytes([0, 1, 2, 3]))
    whole = make_png(1, 1, RGB, data)
    cut = whole.replace(chunk(b"IDAT", data), chunk(b"IDAT", data[:4]) + chunk(b"IDAT", data[4:]))
    assert png.decode_ids(cut, png.read_header(cut)).tolist() == [1 + 512 + 3 * 65536]


GOOD = make_png(2, 2, RGB, zlib.compress(bytes(14)))


@pytest.mark.parametrize(
    ("contents", "code", "message"),
    [
        (b"GIF89a..", "png-damaged", "This is not a PNG file: it begins with b'GIF89a..'."),
        (GOOD[:20], "png-damaged", "The PNG file has no complete header."),
        (GOOD[:29] + b"\0\0\0\0" + GOOD[33:], "png-damaged", "The checksum of the PNG header is wrong."),
        (
            make_png(60_000, 60_000, RGB, b""),
            "png-size",
            "The PNG has 60000 x 60000 pixels, more than any frame.",
        ),
        (GOOD[:-12], "png-damaged", f"The PNG file ends too early, after {len(GOOD) - 12} bytes."),
        (
            GOOD.replace(
                zlib.compress(bytes(14)),
                zlib.compress(bytes(14), 0)[:8].ljust(len(zlib.compress(bytes(14))), b"x"),
            ),
            "png-damaged",
            "The checksum of the PNG chunk at byte 33 is wrong.",
        ),
        (
            make_png(2, 2, RGB, zlib.compress(bytes(13))),
            "png-damaged",
            "The image data of the PNG ends after 13 of 14 bytes.",
        ),
        (
            make_png(1, 1, RGB, zlib.compress(bytes([7, 0, 0, 0]))),
            "png-damaged",
            "Row 0 of the PNG has an unknown filter.",
        ),
        (
            make_png(2, 2, GREY, zlib.compress(bytes(6))),
            "png-kind",
            "The PNG is grey, 8 bits, expected RGB: id = R + 256 G + 65536 B.",
        ),
    ],
)
def test_a_bad_panoptic_map_says_what_is_wrong(contents: bytes, code: str, message: str) -> None:
    with pytest.raises(png.PngInvalid) as error:
        png.decode_ids(contents, png.read_header(contents))
    assert (error.value.code, str(error.value)) == (code, message)


@pytest.mark.parametrize(("kind", "depth"), [(RGB, 8), (GREY, 16)])
def test_a_semantic_map_needs_one_channel_of_eight_bits(kind: int, depth: int) -> None:
    contents = make_png(1, 1, kind, zlib.compress(bytes(7)), depth=depth)
    with pytest.raises(png.PngInvalid, match="expected one channel of 8 bits"):
        png.decode_values(contents, png.read_header(contents))


def test_image_data_that_cannot_be_unpacked_is_named() -> None:
    contents = make_png(1, 1, RGB, b"\xff" * 20)
    with pytest.raises(png.PngInvalid, match="The image data of the PNG cannot be unpacked"):
        png.decode_ids(contents, png.read_header(contents))


def test_no_more_is_unpacked_than_the_frame_needs() -> None:
    bomb = make_png(1, 1, RGB, zlib.compress(bytes(200 << 20), 9))
    tracemalloc.start()
    png.decode_ids(bomb, png.read_header(bomb))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 << 20


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_file_raises_anything_but_the_problem(data: st.DataObject) -> None:
    """Chunks keep valid checksums, so that the damage reaches what reads them."""
    kind, depth = (
        data.draw(st.sampled_from([GREY, RGB, PALETTE, 4, RGBA, 5])),
        data.draw(st.sampled_from([1, 2, 8, 16])),
    )
    packed = bytearray(zlib.compress(data.draw(st.binary(max_size=60))))
    for _ in range(data.draw(st.integers(0, 2))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    contents = make_png(
        3, 5, kind, bytes(packed), depth=depth, interlace=data.draw(st.sampled_from([0, 1, 9]))
    )
    contents = contents[: data.draw(st.sampled_from([len(contents), len(contents) - 12, 40]))]
    for decode in (png.decode_ids, png.decode_values):
        with contextlib.suppress(png.PngInvalid):
            assert decode(contents, png.read_header(contents)).size == 15
