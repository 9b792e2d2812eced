"""What is wrong with a video or a machine is said, with the frame or the size."""

import struct
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import ExifTags, Image
from torch import nn

from dvis_model import FrameProblem, NotFinite, OutOfMemory, VideoInstances, build, predict
from dvis_model.model import Dvis
from dvis_model.video_files import Video, find_videos
from tests.dvis_model.films import write_film

# Matrices in the header of an mp4 file: as it is, and a quarter turn clockwise, as phones write it.
IDENTITY = struct.pack(">9i", 2**16, 0, 0, 0, 2**16, 0, 0, 0, 2**30)
QUARTER_TURN = struct.pack(">9i", 0, 2**16, 0, -(2**16), 0, 0, 0, 0, 2**30)


@pytest.fixture(scope="module")
def model() -> Dvis:
    torch.manual_seed(0)
    return build("tiny")


def noise(frames: int, height: int = 64, width: int = 96) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def test_frames_of_different_sizes_are_told_by_number(model: Dvis) -> None:
    frames = [*noise(4), *noise(1, 96, 64)]
    with pytest.raises(FrameProblem, match=r"Frame 4: is 64x96, but frame 0 is 96x64\. All frames"):
        predict(model, frames)


@pytest.mark.parametrize("frames", [noise(0), [], iter([])])
def test_no_frame_is_an_error(model: Dvis, frames: object) -> None:
    with pytest.raises(FrameProblem, match="at least one frame, but got none"):
        predict(model, frames)


@pytest.mark.parametrize("refiner", ["none", "temporal"])
def test_one_frame_is_a_video(refiner: str) -> None:
    result = predict(build("tiny", refiner=refiner), noise(1))
    assert isinstance(result, VideoInstances)
    assert result.masks.shape == (5, 1, 64, 96)


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        (np.zeros((8, 8, 3), np.float32), r"float32 \[8, 8, 3\]"),
        (np.zeros((8, 8), np.uint8), r"uint8 \[8, 8\]"),
        ("frame.jpg", "str"),
    ],
)
def test_a_frame_that_is_no_rgb_array_is_described(model: Dvis, frame: object, found: str) -> None:
    with pytest.raises(FrameProblem, match=rf"Frame 0: expected an RGB array, .* but got {found}"):
        predict(model, [frame])


def test_weights_that_are_not_numbers_are_told() -> None:
    model = build("tiny")
    with torch.no_grad():
        model.sem_seg_head.predictor.query_feat.weight[0, 0] = torch.nan
    with pytest.raises(NotFinite, match=r"class logits are not finite\. Check the weights"):
        predict(model, noise(1))


def test_weights_that_run_over_on_the_way_are_told_alike() -> None:
    model = build("tiny_shapes")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(3e38)
    with pytest.raises(NotFinite, match="Check the weights"):
        predict(model, noise(2))


def fails_above(model: Dvis, frames: int) -> Iterator[list[int]]:
    """Let windows of more frames ask for more memory than there is; record the sizes of those that fit."""
    sizes: list[int] = []

    def allocate(_: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        if len(inputs[0]) > frames:
            torch.empty(2**52)
        sizes.append(len(inputs[0]))

    hook = model.backbone.register_forward_pre_hook(allocate)
    yield sizes
    hook.remove()


def test_a_window_that_does_not_fit_is_halved_once(model: Dvis) -> None:
    expected = predict(model, noise(6), window_size=4)
    for sizes in fails_above(model, 2):
        result = predict(model, noise(6), window_size=4)
        assert sizes == [2, 2, 2]
    np.testing.assert_allclose(result.scores, expected.scores, atol=1e-4)


def test_the_error_says_how_much_memory_was_missing(model: Dvis) -> None:
    for _ in fails_above(model, 1):
        with pytest.raises(OutOfMemory) as raised:
            predict(model, noise(6), window_size=4)
    assert str(raised.value) == (
        "Memory ran out while segmenting 2 frames of 96x64 pixels, when 17,179,869,184 MiB more were needed. "
        "Use smaller frames (short_side) or a machine with more memory."
    )


def test_a_video_file_is_read_frame_by_frame(tmp_path: Path) -> None:
    smooth = np.full((5, 64, 96, 3), 100, np.uint8) + np.arange(5, dtype=np.uint8)[:, None, None, None] * 20
    write_film(tmp_path / "video.mp4", smooth)
    frames = list(Video(tmp_path / "video.mp4").frames())
    assert [frame.shape for frame in frames] == [(64, 96, 3)] * 5
    assert np.abs(np.stack(frames).astype(int) - smooth).max() < 8


@pytest.mark.parametrize("broken", [0, 7, 11])
def test_a_corrupt_video_is_told_with_the_frame(broken: int, tmp_path: Path) -> None:
    path = tmp_path / "video.avi"
    write_film(path, noise(12))
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][broken]
        assert packet.pos is not None
        begin, end = packet.pos + 64, packet.pos + packet.size
    content = bytearray(path.read_bytes())
    content[begin:end] = np.random.default_rng(1).bytes(end - begin)
    path.write_bytes(content)
    with pytest.raises(FrameProblem, match=rf"video\.avi: frame {broken} (cannot be decoded|is corrupt)"):
        list(Video(path).frames())


def test_a_file_that_is_no_video_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no video")
    with pytest.raises(FrameProblem, match=r"notes\.txt: frame 0 cannot be decoded"):
        list(Video(tmp_path / "notes.txt").frames())


def test_a_corrupt_picture_is_told_by_name(tmp_path: Path) -> None:
    for number, frame in enumerate(noise(2)):
        Image.fromarray(frame).save(tmp_path / f"{number:05}.png")
    broken = (tmp_path / "00001.png").read_bytes()
    (tmp_path / "00001.png").write_bytes(broken[: len(broken) // 2])
    with pytest.raises(FrameProblem, match=r"Frame 1 \(00001\.png\) cannot be read: "):
        list(Video(tmp_path).frames())
    chunk = broken.index(b"IDAT")
    (tmp_path / "00001.png").write_bytes(broken[:chunk] + b"\x0b\x8f,\t" + broken[chunk + 4 :])
    with pytest.raises(FrameProblem, match=r"Frame 1 \(00001\.png\) cannot be read: "):
        list(Video(tmp_path).frames())


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_a_picture_of_more_than_eight_bits_is_told(dtype: type, tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 6), 30000, dtype)).save(tmp_path / "0.bmp", format="tiff")
    with pytest.raises(FrameProblem, match=r"Frame 0 \(0\.bmp\) has more than 8 bits per pixel: convert it"):
        list(Video(tmp_path).frames())


def test_pictures_and_films_are_turned_upright_as_they_say(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6  # the first row is the right side
    scene = np.zeros((64, 96, 3), np.uint8)
    scene[:16] = 255
    (tmp_path / "pictures").mkdir()
    Image.fromarray(scene).save(tmp_path / "pictures" / "0.png", exif=turned)
    film = tmp_path / "film.mp4"
    write_film(film, scene[None])
    content = film.read_bytes()
    place = content.index(IDENTITY, content.index(b"tkhd"))
    film.write_bytes(content[:place] + QUARTER_TURN + content[place + len(IDENTITY) :])
    for video in (Video(tmp_path / "pictures"), Video(film)):
        (frame,) = video.frames()
        assert frame.shape == (96, 64, 3)
        assert frame[:, -16:].mean() > 240 > 20 > frame[:, :-20].mean()


@pytest.mark.parametrize(
    "wrong", [{"height": 0}, {"width": -4}, {"window_size": 0}, {"window_size": 2.5}, {"short_side": -1}]
)
def test_sizes_and_windows_are_whole_numbers(model: Dvis, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"Expected {next(iter(wrong))} to be at least [01], but got"):
        predict(model, noise(1), **wrong)


def test_folders_without_pictures_are_passed_over_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for folder in ("b", "a", "out.zip.parts", ".cache"):
        (tmp_path / folder).mkdir()
    for folder in ("b", "a"):
        Image.fromarray(noise(1)[0]).save(tmp_path / folder / "0.png")
    assert [video.name for video in find_videos(tmp_path)] == ["a", "b"]
    assert caplog.messages == ["Folders without pictures are passed over: .cache, out.zip.parts"]


def test_a_path_without_videos_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="No such video or folder"):
        find_videos(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="neither pictures nor folders of pictures"):
        find_videos(tmp_path)


def test_sizes_may_be_numbers_of_numpy(model: Dvis) -> None:
    sizes = dict.fromkeys(("height", "width", "window_size"), np.int64(30))
    assert predict(model, noise(2), **sizes).masks.shape[-2:] == (30, 30)
