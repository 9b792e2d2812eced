"""A prediction is followed window by window, and can be stopped between two of them."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from dvis_model import Precision, Progress, build, predict


def frames(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 64, 96, 3), dtype=np.uint8)


def test_every_stage_tells_how_far_it_is_and_what_it_took() -> None:
    seen = []
    progress = Progress(lambda now: seen.append((now.stage, now.frames)))
    model = build("tiny")
    predict(model, frames(5), progress=progress)
    assert seen == [
        *[("segmenter", 3), ("segmenter", 5), ("refiner", 5)],
        *[("masks", 3), ("masks", 5)],
    ]
    first = dict(progress.seconds)
    assert set(first) == {"input", "segmenter", "tracker", "refiner", "masks"}
    assert all(seconds > 0 for seconds in first.values())
    assert progress.peak_memory_bytes > 2**20
    predict(model, frames(5), progress=progress)
    assert all(progress.seconds[stage] > seconds for stage, seconds in first.items())
    assert seen[5] == ("segmenter", 3)


class Cancelled(Exception):
    pass


@pytest.mark.parametrize("stage", ["segmenter", "refiner", "masks"])
def test_what_the_follower_raises_stops_the_prediction_before_the_next_window(stage: str) -> None:
    read = []

    def stream() -> Iterator[np.ndarray]:
        for number, frame in enumerate(frames(9)):
            read.append(number)
            yield frame

    def stop(progress: Progress) -> None:
        if progress.stage == stage:
            raise Cancelled

    with pytest.raises(Cancelled):
        predict(build("tiny"), stream(), progress=Progress(stop))
    assert len(read) == (3 if stage == "segmenter" else 9)


@pytest.mark.parametrize(("precision", "tolerance"), [("float16", 0.01), ("bfloat16", 0.05)])
def test_a_shorter_type_gives_nearly_the_same(precision: Precision, tolerance: float) -> None:
    torch.manual_seed(0)
    model = build("tiny")
    exact, shorter = predict(model, frames(4)), predict(model, frames(4), precision=precision)
    assert (shorter.scores != exact.scores).any()
    np.testing.assert_allclose(shorter.scores, exact.scores, atol=tolerance)


def test_a_type_that_is_not_known_is_told() -> None:
    model = build("tiny")
    with pytest.raises(ValueError, match="one of float32, float16, bfloat16, but got 'half'"):
        predict(model, frames(4), precision="half")
