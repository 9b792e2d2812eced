"""What the drawn scenes promise: exact masks, honest occlusion, shapes within their bounds."""

import numpy as np
import pytest

from evaluator.synthetic.paint import PATTERNS
from evaluator.synthetic.render import Mask, Outline, RenderedFrame, render
from evaluator.synthetic.scene import Scene, make_scene
from evaluator.synthetic.shapes import EXTENT, SHAPES
from evaluator.synthetic.truth import (
    SMALLEST_VISIBLE_AREA,
    Sighting,
    TrackedShape,
    occlusion_level,
    start_tracking,
    track_frame,
)

KINDS = 6


def film(index: int, frames: int = 4) -> tuple[Scene, list[RenderedFrame], dict[int, TrackedShape]]:
    scene = make_scene(3, index, frames=frames, height=90, width=160)
    shapes = start_tracking(scene)
    pictures = list(render(scene, np.random.default_rng(0)))
    for picture in pictures:
        track_frame(shapes, picture)
    return scene, pictures, shapes


def on_frame(mask: Mask, place: Sighting | Outline) -> Mask:
    frame = np.zeros((90, 160), np.bool_)
    height, width = mask.shape
    frame[place.top : place.top + height, place.left : place.left + width] = mask
    return frame


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_stays_within_its_stated_extent_and_contains_something(name: str) -> None:
    y, x = np.mgrid[-1.5:1.5:201j, -1.5:1.5:201j].astype(np.float32)
    for phase in np.linspace(0, 6, 7).tolist():
        distance = SHAPES[name](x, y, phase)
        inside = distance < 0
        assert distance.dtype == np.float32
        assert np.isfinite(distance).all()
        assert 0.5 < inside.mean() * 9 < np.pi  # at least a sixth of the unit circle, at most all of it
        assert np.hypot(x, y)[inside].max() <= EXTENT


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_mixes_two_colours_with_shares_between_0_and_1(pattern: object) -> None:
    y, x = np.mgrid[-1.1:1.1:64j, -1.1:1.1:64j].astype(np.float32)
    assert callable(pattern)
    shares = pattern(x, y, 30.0)
    assert shares.dtype == np.float32
    assert shares.min() < 0.2
    assert shares.max() > 0.8
    assert 0 <= shares.min() <= shares.max() <= 1


@pytest.mark.parametrize("index", range(KINDS))
def test_visible_masks_of_one_frame_never_overlap(index: int) -> None:
    _, pictures, shapes = film(index)
    for frame in range(len(pictures)):
        seen = [shape.sightings[frame] for shape in shapes.values()]
        claimed = sum(on_frame(sighting.visible, sighting).astype(int) for sighting in seen if sighting)
        assert np.max(claimed) == 1


@pytest.mark.parametrize("index", range(KINDS))
def test_occlusion_equals_a_pixel_by_pixel_count_over_all_nearer_shapes(index: int) -> None:
    scene, pictures, shapes = film(index)
    for frame, picture in enumerate(pictures):
        depth = {number: actor.path.depth[frame] for number, actor in enumerate(scene.actors, 1)}
        whole = {number: on_frame(outline.mask, outline) for number, outline in picture.outlines.items()}
        for number, pixels in whole.items():
            hidden = (picture.owner == 0) & (scene.bars[0].depth > depth[number] if scene.bars else False)
            for other, others_pixels in whole.items():
                if (depth[other], other) > (depth[number], number):
                    hidden = hidden | others_pixels
            share = (pixels & hidden).sum() / pixels.sum()
            sighting = shapes[number].sightings[frame]
            if sighting is None:
                assert (pixels & ~hidden).sum() < SMALLEST_VISIBLE_AREA
            else:
                assert sighting.hidden_share == pytest.approx(share)
                assert sighting.level == occlusion_level(share)
                assert (on_frame(sighting.visible, sighting) == (pixels & ~hidden)).all()


def test_the_shape_that_hides_most_is_named() -> None:
    _, pictures, shapes = film(1)
    named = 0
    for number, shape in shapes.items():
        for frame, other in enumerate(shape.hidden_by):
            if other > 0:
                outline = pictures[frame].outlines[number]
                nearest = pictures[frame].owner[on_frame(outline.mask, outline)]
                found = nearest[nearest != number]
                assert (found == other).sum() == max((found == value).sum() for value in np.unique(found))
                named += 1
    assert named > 5


def test_a_scene_does_not_depend_on_how_many_frames_are_drawn_of_it() -> None:
    short, long = (make_scene(3, 4, frames=frames, height=90, width=160) for frames in (3, 9))
    for one, other in zip(short.actors, long.actors, strict=True):
        assert one.look.category == other.look.category
        assert (one.path.x == other.path.x[:3]).all()
