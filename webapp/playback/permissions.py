"""Who may look at what: masks, ground truth, what follows from both, and frames. Everything asks here.

Ground truth of a split that is not public reaches organisers (staff) alone, and so does what is derived from
it. In a blind phase, and while a split is closed, predictions show to their author and organisers alone.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from django.contrib.auth.models import AnonymousUser

from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.benchmarks.selectors import benchmarks_visible_to
from webapp.submissions.models import Submission
from webapp.submissions.selectors import details_are_visible, numbers_are_visible

Person = User | AnonymousUser

# For all: hiding a submission must work within the hour.
FOR_ALL: Final = "public, max-age=3600"
# Of a private benchmark, or a public submission of it: as above, in the member's own browser.
FOR_MEMBERS: Final = "private, max-age=3600"
# A person's own predictions: an address has the digest of what it gives.
FOR_AUTHORS: Final = "private, max-age=31536000, immutable"
# Hidden ground truth, and what is derived from it: not even in a browser's cache.
FOR_ORGANISERS: Final = "private, no-store"


def masks_are_visible(user: Person, submission: Submission) -> bool:
    """Return whether this person may see the predictions of a submission, as pictures."""
    return bool(those_with_visible_masks(user, submission.split, [submission]))


def those_with_visible_masks(
    user: Person, split: Split, submissions: Iterable[Submission]
) -> list[Submission]:
    """Return the submissions to a split whose predictions this person may see, by at most one query."""
    if user.is_staff:
        return list(submissions)
    if not _of_seen_benchmarks(user, [split]):
        return []
    is_open, own = split.shows_scores(), user.pk if user.is_authenticated else None
    return [
        one for one in submissions if (own is not None and one.author_id == own) or (one.is_shown and is_open)
    ]


def truth_is_visible(user: Person, split: Split) -> bool:
    """Return whether this person may see the ground truth of a split."""
    return bool(those_with_visible_truth(user, [split]))


def those_with_visible_truth(user: Person, splits: Iterable[Split]) -> list[Split]:
    """Return the splits whose ground truth this person may see, by at most one query."""
    if user.is_staff:
        return list(splits)
    return _of_seen_benchmarks(user, [one for one in splits if one.ground_truth_public and not one.is_closed])


def events_are_visible(user: Person, submission: Submission) -> bool:
    """Return whether this person may see what a submission does with each annotated object.

    That follows from predictions and ground truth, and is a number per video. Of a former ground truth nobody
    sees it: that the split's of today is public says nothing about that one, and its objects are others.
    """
    split = submission.split
    return (
        submission.ground_truth_id == split.ground_truth_id
        and masks_are_visible(user, submission)
        and truth_is_visible(user, split)
        and numbers_are_visible(user=user, submission=submission)
        and details_are_visible(user=user, split=split)
    )


def frames_are_visible(user: Person, split: Split) -> bool:
    """Return whether this person may see the frames of a split."""
    return bool(those_with_visible_frames(user, [split]))


def those_with_visible_frames(user: Person, splits: Iterable[Split]) -> list[Split]:
    """Return the splits whose frames this person may see, by at most one query."""
    if user.is_staff:
        return list(splits)
    return _of_seen_benchmarks(user, [one for one in splits if one.frames_public and not one.is_closed])


def caching_of_masks(user: Person, submission: Submission) -> str:
    """Return the Cache-Control of a submission's masks for a person who may see them."""
    if masks_are_visible(AnonymousUser(), submission):
        return FOR_ALL
    return FOR_AUTHORS if user.is_staff or submission.author_id == user.pk else FOR_MEMBERS


def caching_of_truth(user: Person, split: Split) -> str:
    """Return the Cache-Control of a ground truth for a person who may see it."""
    return _caching(user, is_for_all=truth_is_visible(AnonymousUser(), split))


def caching_of_events(user: Person, submission: Submission) -> str:
    """Return the Cache-Control of a submission's events for a person who may see them."""
    return _caching(user, is_for_all=events_are_visible(AnonymousUser(), submission))


def caching_of_frames(user: Person, split: Split) -> str:
    """Return the Cache-Control of frames for a person who may see them."""
    return _caching(user, is_for_all=frames_are_visible(AnonymousUser(), split))


def _caching(user: Person, *, is_for_all: bool) -> str:
    if is_for_all:
        return FOR_ALL
    return FOR_ORGANISERS if user.is_staff else FOR_MEMBERS


def _of_seen_benchmarks(user: Person, splits: Sequence[Split]) -> list[Split]:
    """Return the splits of benchmarks that this person sees."""
    private = {one.benchmark_id for one in splits if not one.benchmark.is_public}
    if private:
        private -= set(benchmarks_visible_to(user).filter(pk__in=private).values_list("pk", flat=True))
    return [one for one in splits if one.benchmark_id not in private]
