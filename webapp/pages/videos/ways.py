"""Ways from other pages to the videos of a split: links to the player, and posters. No query per video."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from evaluator.types import VideoInfo
from webapp.benchmarks.models import Split
from webapp.playback.made import Made, masks_made, source_of_masks, source_of_truth
from webapp.playback.permissions import Person, those_with_visible_frames, those_with_visible_truth
from webapp.playback.selectors import SUBMISSIONS
from webapp.submissions.models import Submission

WIDTH, HEIGHT = 320, 180
"""The room of a poster on a page, in pixels; a style sheet may scale it."""
NOTHING: Final = Made("", is_coming=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """A poster or a cover as an element of a page.

    Attributes:
        id: changes with what it shows, so that a page that asks for itself again keeps what has not changed.
        is_coming: it has no masks yet. Loaded at once, it asks for them; ask again for its page.
    """

    id: str
    src: str
    alt: str
    is_coming: bool
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True)
class VideoCard:
    """A video in a strip: its name, a number, and where this person may see masks, the way to them."""

    name: str
    number: str
    href: str
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to the videos of a split with submissions whose masks may be seen; none where none may.

    Attributes:
        videos: of the split, by what reports call them.
        shown: ids of the submissions, in their order.
        made: whether their masks are there.
    """

    split: Split
    videos: Mapping[str, VideoInfo]
    shown: tuple[UUID, ...]
    made: Mapping[UUID, Made]

    def name(self, label: str) -> str:
        """Return what people call a video."""
        return self.videos[label].name if label in self.videos else label

    def href(self, label: str) -> str:
        """Return the address of a video with the submissions; empty where there is nothing to see."""
        if not self.shown or label not in self.videos:
            return ""
        page = reverse("videos:page", args=[self.split.benchmark.slug, self.videos[label].id])
        return f"{page}?{player_query(self.split, self.shown)}"

    def card(self, label: str, number: str, submission_id: UUID, method: str) -> VideoCard:
        """Return a video with the masks of one of the submissions, a method of this name."""
        name = self.name(label)
        picture = None
        if submission_id in self.made and label in self.videos:
            made, video = self.made[submission_id], self.videos[label]
            path = reverse("videos:poster", args=[self.split.benchmark.slug, video.id])
            query = {
                "split": self.split.name,
                "submission": str(submission_id),
                "size": "small",
                "masks": made.version,
            }
            picture = Picture(
                id=f"poster-{video.id}-{str(submission_id)[:8]}-{made.version}",
                src=f"{path}?{urlencode(query)}",
                alt=f"A frame of {name} with the masks of {method}",
                is_coming=made.is_coming,
            )
        return VideoCard(name, number, self.href(label), picture)


def player_query(split: Split, submission_ids: Sequence[UUID | str]) -> str:
    """Return the query of the player's page for these submissions."""
    ids = ",".join(str(id) for id in submission_ids)
    return urlencode({"split": split.name, "submissions": ids}, safe=",")


def player_href(split: Split, submission_ids: Sequence[UUID | str]) -> str:
    """Return the way to the first video of a split with these submissions, of which no list is read."""
    return f"{reverse('videos:first', args=[split.benchmark.slug])}?{player_query(split, submission_ids)}"


def ways_to_videos(split: Split, submissions: Sequence[Submission]) -> Ways:
    """Return the ways to the videos of a split; one query.

    Args:
        split: with its list of videos.
        submissions: those whose masks may be seen (`submissions_with_masks`); the player shows the first two.
    """
    shown = submissions[:SUBMISSIONS]
    sources = {one.pk: source for one in shown if (source := source_of_masks(one))}
    return Ways(split, split.videos_by_label(), tuple(one.pk for one in shown), masks_made(sources))


def covers(splits: Sequence[Split], user: Person) -> dict[int, Picture]:
    """Return the pictures of splits by their ids, as far as this person may see any; at most 3 queries."""
    with_truth = {one.pk for one in those_with_visible_truth(user, splits) if source_of_truth(one)}
    framed = [one for one in splits if one.frames_dir]
    with_frames = {one.pk for one in those_with_visible_frames(user, framed)}
    made = masks_made({one.pk: source for one in splits if (source := source_of_truth(one))})
    found = {}
    for split in splits:
        if not split.video_count or split.pk not in with_truth | with_frames:
            continue
        state = made[split.pk] if split.pk in with_truth else NOTHING
        query = {"split": split.name, "masks": state.version}
        found[split.pk] = Picture(
            id=f"cover-{split.pk}-{state.version}",
            src=f"{reverse('videos:cover', args=[split.benchmark.slug])}?{urlencode(query)}",
            alt=f"A frame of {split}" + (" with its annotated masks" if split.pk in with_truth else ""),
            is_coming=state.is_coming,
        )
    return found
