"""Posters: a frame of a video with masks, as a small JPEG. What one shows, its visitor may see."""

import hashlib
import io
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Final

from django.contrib.auth.models import AnonymousUser
from PIL import Image, ImageChops, ImageColor, ImageFilter

from evaluator.types import VideoInfo
from webapp.benchmarks.models import Split
from webapp.playback import files
from webapp.playback.frames import QUALITY, FrameUnusable, frame_picture, smaller_size
from webapp.playback.models import MaskStore
from webapp.playback.permissions import (
    FOR_ALL,
    FOR_MEMBERS,
    FOR_ORGANISERS,
    Person,
    frames_are_visible,
    masks_are_visible,
    truth_is_visible,
)
from webapp.playback.services import (
    is_current,
    stores_request,
    truth_request,
    wanted_masks,
    wanted_truth,
)
from webapp.playback.stored_masks import StoredVideo, TooComplex
from webapp.submissions.models import Submission

SIZE: Final = "480"
# Pixels of the shorter side of a small poster, of which pages show many.
SMALL: Final = 270
GROUND: Final = "#363b44"
# Of predictions, that with the highest score comes first.
MOST_OBJECTS: Final = 12
OPACITY: Final = 0.5
LAYOUT: Final = 1
# It was let go a moment ago, the disk is damaged, or they would take long: a poster does without masks.
NO_MASKS: Final = (FileNotFoundError, zlib.error, TooComplex)


@dataclass(frozen=True, slots=True)
class Poster:
    """A picture, and the Cache-Control that it may have."""

    picture: bytes
    caching: str


def poster_for(
    split: Split,
    video: VideoInfo,
    submission: Submission | None,
    user: Person,
    palette: Sequence[str],
    *,
    asks: bool = True,
    is_small: bool = False,
) -> Poster | None:
    """Return the poster of a video for somebody who may see the submission, or the split.

    Args:
        submission: whose masks it shows; None: those of the ground truth, where this person may see it.
        palette: colours of objects, as the player has them.
        asks: whether masks that are not there are asked for; the poster does without.

    None where there is nothing to show, now or later.
    """
    has_frames = frames_are_visible(user, split)
    wants_masks = submission is not None or truth_is_visible(user, split)
    store = _store(split, submission) if wants_masks else None
    if store is None and wants_masks and asks:
        truth_request(split, user) if submission is None else stores_request(submission, user)
    has_masks = store is not None or (wants_masks and asks)
    if not has_masks and not (has_frames and split.frames_dir):
        return None
    picture = _poster(split, video, store, palette, has_frames=has_frames, is_small=is_small)
    is_whole = store is not None or not wants_masks
    return Poster(picture, _caching(split, submission, user) if is_whole else "no-store")


def cover_for(
    split: Split, submission: Submission | None, user: Person, palette: Sequence[str], *, asks: bool = True
) -> Poster | None:
    """Return the poster of the video with the most masks, of those that `poster_for` draws."""
    videos = split.video_infos()
    if not videos:
        return None
    has_masks = submission is not None or truth_is_visible(user, split)
    store = _store(split, submission) if has_masks else None
    video = max(videos, key=lambda one: _density(store, one)) if store else videos[0]
    return poster_for(split, video, submission, user, palette, asks=asks)


def _density(store: MaskStore, video: VideoInfo) -> float:
    """Return how many bytes a frame's masks take: more objects, and larger ones, take more."""
    offsets = store.offsets(video.id)
    return (offsets[-1] - offsets[0]) / video.length if offsets else 0.0


def _store(split: Split, submission: Submission | None) -> MaskStore | None:
    wanted = wanted_truth(split) if submission is None else wanted_masks(submission)
    store = wanted.find() if wanted else None
    return store if store is not None and is_current(store) else None


def _caching(split: Split, submission: Submission | None, user: Person) -> str:
    """Return who may keep a poster: everybody, where any visitor gets the same."""
    anybody = AnonymousUser()
    same_masks = (
        truth_is_visible(anybody, split) == truth_is_visible(user, split)
        if submission is None
        else masks_are_visible(anybody, submission)
    )
    same_frames = frames_are_visible(anybody, split) == frames_are_visible(user, split)
    if split.is_known_to_all and same_masks and same_frames:
        return FOR_ALL
    return FOR_ORGANISERS if user.is_staff else FOR_MEMBERS


def _poster(
    split: Split,
    video: VideoInfo,
    store: MaskStore | None,
    palette: Sequence[str],
    *,
    has_frames: bool,
    is_small: bool,
) -> bytes:
    stored = None
    if store is not None:
        with suppress(*NO_MASKS):
            stored = StoredVideo.open(store, files.path_of(store.digest), video.id)
    frame = stored.busiest_frame() if stored else video.length // 2
    below = None
    if has_frames:
        with suppress(FrameUnusable):
            below = frame_picture(split, video, frame, SIZE)
    shown = Image.open(io.BytesIO(below), formats=("JPEG",)) if below else _ground(video)
    if stored is None or store is None:
        return _written(shown, is_small=is_small)
    state = f"{store.digest}\0{video.id}\0{frame}\0{' '.join(palette)}\0{is_small}\0{LAYOUT}\0".encode()
    key = hashlib.sha256(state + (below or b"")).hexdigest()
    kept = files.folder() / "posters" / key[:2] / f"{key}.jpg"

    def make() -> bytes:
        with suppress(*NO_MASKS):
            if stored.has_maps:
                _paint_map(shown, stored.map(frame, len(palette)), palette)
            else:
                _paint_tracklets(shown, stored, frame, palette)
        return _written(shown, is_small=is_small)

    return files.kept_or_made(kept, make)


def _ground(video: VideoInfo) -> Image.Image:
    """Return what stands below the masks where no frame may be shown."""
    return Image.new("RGB", smaller_size((video.width, video.height), SIZE), GROUND)


def _written(image: Image.Image, *, is_small: bool) -> bytes:
    least = min(image.size)
    if is_small and least > SMALL:
        width, height = image.size
        image = image.resize((round(width * SMALL / least), round(height * SMALL / least)), reducing_gap=2)
    written = io.BytesIO()
    image.save(written, "JPEG", quality=QUALITY)
    return written.getvalue()


def _paint_tracklets(shown: Image.Image, stored: StoredVideo, frame: int, palette: Sequence[str]) -> None:
    masks = []
    for number, mask in stored.masks(frame):
        masks.append((number, mask.resize(shown.size, Image.Resampling.BOX)))
        if len(masks) == MOST_OBJECTS:
            break
    for number, mask in reversed(masks):  # the highest score last
        edge = ImageChops.subtract(mask, mask.filter(ImageFilter.MinFilter(5)))
        colour = ImageColor.getrgb(palette[number % len(palette)])
        inside = mask.point([round(OPACITY * value) for value in range(256)])
        shown.paste(colour, mask=ImageChops.lighter(inside, edge))


def _paint_map(shown: Image.Image, numbers: Image.Image, palette: Sequence[str]) -> None:
    numbers = numbers.resize(shown.size, Image.Resampling.NEAREST)
    coloured = numbers.copy()
    coloured.putpalette([0, 0, 0, *chain.from_iterable(map(ImageColor.getrgb, palette))])
    inside = numbers.point([0, *[round(255 * OPACITY)] * 255])
    shown.paste(coloured.convert("RGB"), mask=inside)
