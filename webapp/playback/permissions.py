"""Who may look at what: masks, ground truth, what follows from both, and frames. Everything asks here.

Ground truth of a split that is not public reaches organisers (staff) alone, and so does what is derived from
it. In a blind phase, and while a split is closed, predictions show to their author and organisers alone.
"""

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
    if user.is_staff:
        return True
    if not _sees_benchmark(user, submission.split):
        return False
    if user.is_authenticated and submission.author_id == user.pk:
        return True
    return submission.is_shown and submission.split.shows_scores()


def truth_is_visible(user: Person, split: Split) -> bool:
    """Return whether this person may see the ground truth of a split."""
    if user.is_staff:
        return True
    return split.ground_truth_public and not split.is_closed and _sees_benchmark(user, split)


def events_are_visible(user: Person, submission: Submission) -> bool:
    """Return whether this person may see what a submission does with each annotated object.

    That follows from predictions and ground truth, and is a number per video. Of a former ground truth,
    organisers alone see it: that the split's of today is public says nothing about that one.
    """
    split = submission.split
    is_of_today = submission.ground_truth_id == split.ground_truth_id
    return (
        masks_are_visible(user, submission)
        and truth_is_visible(user, split)
        and (is_of_today or user.is_staff)
        and numbers_are_visible(user=user, submission=submission)
        and details_are_visible(user=user, split=split)
    )


def frames_are_visible(user: Person, split: Split) -> bool:
    """Return whether this person may see the frames of a split."""
    if user.is_staff:
        return True
    return split.frames_public and not split.is_closed and _sees_benchmark(user, split)


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


def _sees_benchmark(user: Person, split: Split) -> bool:
    if split.benchmark.is_public:
        return True
    return benchmarks_visible_to(user).filter(pk=split.benchmark_id).exists()
