"""The generator of synthetic clips: the same bytes everywhere, exact truth, and scenes that hide things."""

import hashlib
from dataclasses import replace
from pathlib import Path

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
from evaluator.synthetic.clips.clip import PROGRAMME, SMALLEST, with_levels
from evaluator.synthetic.clips.drawing import Body, Camera, Shots, draw
from evaluator.synthetic.clips.integers import ONE, SINES, TURN, Dice
from evaluator.synthetic.clips.measures import measure
from evaluator.synthetic.clips.movements import Stage
from evaluator.synthetic.clips.outlines import pattern
from evaluator.synthetic.clips.pictures import table, write_pictures
from evaluator.synthetic.clips.scenery import make_scenery

PAGE = Path(__file__).resolve().parents[3] / "docs" / "synthetic.md"
PICTURES = [*(PAGE.parent / "synthetic").iterdir()]
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


def test_the_clips_show_every_category_and_every_stuff(clips: list[Clip]) -> None:
    assert {category for clip in clips for category in clip.categories} == set(range(len(THINGS)))
    assert {int(kind) for clip in clips for kind in np.unique(clip.stuff)} - {VOID} == set(range(len(STUFF)))


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


def test_the_level_of_a_thing_follows_from_how_much_of_it_others_hide() -> None:
    """Each body is drawn alone, too: what it covers then and does not when all are drawn is hidden."""
    stage = Stage(Dice(7, 3), np.arange(6), 4096 * 160 // 96)
    scenery = make_scenery(Dice(0), 96, 160)
    camera = Camera(stage.still(stage.width // 2), stage.still(2048), stage.still(4096))
    table_of = pattern("cat")
    colours = np.full((*table_of.distance.shape, 3), 200, np.uint8)
    bodies = [
        Body(
            x=stage.still(2000 + 500 * number) + 250 * number * stage.time,
            y=stage.still(2000),
            radius=stage.still(700 + 60 * number),
            depth=stage.still(depth),
            angle=100 * stage.time,
            phase=stage.time,
            stretch=250,
            bend=300,
            distance=table_of.distance,
            colours=colours,
            label=label,
            stuff=3,
        )
        for number, (depth, label) in enumerate([(5, 1), (9, 2), (7, 0)])
    ]
    together = draw(bodies, camera, scenery, 96, 160)
    masks = [draw([replace(body, label=1)], camera, scenery, 96, 160).things > 0 for body in bodies]
    for index, (body, mask) in enumerate(zip(bodies, masks, strict=True)):
        nearer = [other for other, at in zip(masks, bodies, strict=True) if at.depth[0] > body.depth[0]]
        seen = mask & ~np.any([np.zeros_like(mask), *nearer], 0)
        assert (together.whole[index] == mask.sum((1, 2))).all()
        assert (together.visible[index] == seen.sum((1, 2))).all()
        assert 0 < seen.sum() < mask.sum() or index == 1
        if body.label:
            assert ((together.things == body.label) == seen).all()
        else:
            assert (together.things[seen] == 0).all()
            assert (together.stuff[seen] == body.stuff).all()


def test_a_level_begins_above_a_hundredth_and_above_half_and_ends_below_sixteen_pixels() -> None:
    whole = np.array([[200] * 7, [200] * 7])
    visible = np.array([[200, 198, 197, 100, 99, 16, 15], [15] * 7])
    things = np.zeros((7, 2, 2), np.uint8)
    things[:, 0, 0], things[:, 0, 1] = 1, 2
    stuff = np.full_like(things, 4)
    shots = Shots(np.zeros((7, 2, 2, 3), np.uint8), things, stuff, whole, visible)
    clip = with_levels(shots, [5, 6], whole, visible)
    assert clip.categories == (5,)  # the other one is never visible
    assert clip.levels.tolist() == [[NONE, NONE, SLIGHT, SLIGHT, SEVERE, SEVERE, ABSENT]]
    assert clip.things[:, 0].tolist() == [[1, 0]] * 6 + [[0, 0]]
    assert clip.stuff[:, 0].tolist() == [[4, VOID]] * 6 + [[VOID, VOID]]


def test_the_val_videos_hide_things_heavily_and_for_long_as_the_page_says(tmp_path: Path) -> None:
    found = measure(make_clip(VAL_SEED, video) for video in range(100))
    assert table(found) in PAGE.read_text()
    write_pictures(tmp_path, found)
    for chart in ("occlusion.svg", "gaps.svg"):
        assert (tmp_path / chart).read_text() == (PAGE.parent / "synthetic" / chart).read_text()
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in PICTURES}
    assert sum(path.stat().st_size for path in PICTURES) < 300_000
    assert len(found.scores) > 480
    assert found.group("heavy") > len(found.scores) / 3
    assert min(found.group("light"), found.group("medium")) > len(found.scores) / 5
    assert sum(5 <= gap <= 15 for gap in found.gaps) > 150
    assert found.alike > 0.8 * len(found.scores)
    assert np.percentile(found.areas, 5) > 60


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
        make_clip(**{"seed": 1, "video": 0, **changed})  # type: ignore[arg-type]  # wrong ones
