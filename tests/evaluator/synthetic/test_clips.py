"""The generator of synthetic clips: the same bytes everywhere, exact truth, and scenes that hide things."""

import hashlib
from itertools import pairwise

import numpy as np
import pytest

from evaluator.synthetic.clips import (
    ABSENT,
    NONE,
    SEVERE,
    SLIGHT,
    STUFF,
    THINGS,
    TRAIN_SEED,
    VAL_SEED,
    VALIDATION_SEED,
    VOID,
    Clip,
    make_clip,
)
from evaluator.synthetic.clips.clip import PROGRAMME, SMALLEST
from evaluator.synthetic.clips.integers import ONE, SINES, TURN

HASHES = (
    "f46060d4aac917df",
    "878f32b10317cc8b",
    "befd833acf28c192",
    "f6a89f83d1ac1907",
    "15128db9a98fc80a",
    "36ba2677653f800d",
    "5537f50205a47412",
    "782887f8cfba04ad",
    "73102e670ee7bfed",
    "085dc6fbfd141838",
)


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [make_clip(7, video) for video in range(2 * len(PROGRAMME))]


def digest(clip: Clip) -> str:
    """Return a hash of all pixels and of the truth."""
    parts = (clip.frames, clip.things, clip.stuff, clip.levels, np.array(clip.categories, np.uint8))
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]


@pytest.mark.parametrize("video", range(len(PROGRAMME)))
def test_every_plot_makes_the_bytes_that_it_has_always_made(video: int) -> None:
    assert digest(make_clip(7, video, frames=12)) == HASHES[video]


def test_a_longer_video_begins_with_the_shorter_one(clips: list[Clip]) -> None:
    short = make_clip(7, 1, frames=5)
    assert (short.frames == clips[1].frames[:5]).all()
    assert (short.stuff == clips[1].stuff[:5]).all()


def test_another_size_shows_the_same_scene() -> None:
    small, large = make_clip(7, 3, frames=2), make_clip(7, 3, frames=2, size=(288, 480))
    assert large.frames.shape == (2, 288, 480, 3)
    assert small.categories == large.categories
    assert (small.things == large.things[:, 1::3, 1::3]).mean() > 0.95


def test_sines_are_those_of_the_circle() -> None:
    assert (abs(SINES / ONE - np.sin(np.arange(TURN) * 2 * np.pi / TURN)) <= 0.51 / ONE).all()


def test_seeds_of_the_three_sets_differ() -> None:
    assert len({TRAIN_SEED, VALIDATION_SEED, VAL_SEED}) == 3
    assert digest(make_clip(TRAIN_SEED, 0, frames=1)) != digest(make_clip(VAL_SEED, 0, frames=1))


def test_levels_say_what_the_maps_show(clips: list[Clip]) -> None:
    for clip in clips:
        assert clip.levels.shape == (len(clip.categories), len(clip.frames))
        assert clip.things.max() <= len(clip.categories)
        areas = np.array(
            [(clip.things == number).sum((1, 2)) for number in range(1, len(clip.categories) + 1)]
        )
        assert ((areas == 0) == (clip.levels == ABSENT)).all()
        assert areas[areas > 0].min() >= SMALLEST
        assert (clip.levels != ABSENT).any(1).all()
        assert set(np.unique(clip.stuff)) <= {*range(len(STUFF)), VOID}


def test_an_unhidden_thing_has_no_occlusion_and_one_behind_others_has() -> None:
    """In the duets nothing but things hides: a lone pair shows who is in front."""
    clip = make_clip(7, PROGRAMME.index("duet"))
    for number, levels in enumerate(clip.levels, 1):
        for frame in np.flatnonzero(levels == NONE):
            mask = clip.things[frame] == number
            assert mask.sum() > 60
    assert {NONE, SLIGHT, SEVERE} <= set(np.unique(clip.levels))


def test_scenes_hide_things_heavily_and_for_long_and_look_alikes_share_their_looks(clips: list[Clip]) -> None:
    weights = np.array([0, 0.25, 0.75])
    scores, gaps, alike, seen = [], [], 0, set()
    for clip in clips:
        alike += len(clip.categories) - len(set(clip.categories))
        seen |= set(clip.categories)
        for levels in clip.levels:
            visible = np.flatnonzero(levels != ABSENT)
            worst = np.sort(weights[levels[visible]])[::-1][: -(-len(visible) // 2)]
            scores.append(worst.mean())
            gaps += [after - before - 1 for before, after in pairwise(visible) if after - before > 1]
    light, heavy = np.array(scores) < 0.25, np.array(scores) >= 0.5
    assert len(scores) >= 4.5 * len(clips)
    assert heavy.mean() > 0.33
    assert light.mean() > 0.15
    assert sum(5 <= gap <= 15 for gap in gaps) > len(clips)
    assert alike > 1.5 * len(clips)
    assert seen == set(range(len(THINGS)))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": -1}, "Expected `seed` to be from 0 to 4294967295, but got -1"),
        ({"video": 2**32}, "Expected `video` to be from 0"),
        ({"frames": 0}, "Expected `frames` to be from 1"),
        ({"size": (31, 40)}, "Expected `height` to be from 32"),
        ({"size": (40, 9000)}, "Expected `width` to be from 32 to 8192, but got 9000"),
    ],
)
def test_a_number_out_of_range_is_refused(changed: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_clip(**{"seed": 1, "video": 0, **changed})  # type: ignore[arg-type]
