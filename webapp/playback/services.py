"""Asking for the stores that are missing: at the first look, and by the housekeeper for what all may see."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from evaluator.catalog import BENCHMARKS
from evaluator.version import STORES, __version__
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.blobs.models import Blob
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.jobs.services import job_create
from webapp.playback import files
from webapp.playback.models import MaskStore
from webapp.playback.permissions import Person, events_are_visible, masks_are_visible, truth_is_visible
from webapp.submissions.models import Submission

REQUEST_TASK: Final = "worker.request_mask_stores"
# Stores for which nobody waits are queued a few at a time.
WAITING: Final = 4
# Of whom the housekeeper thinks.
ANYBODY: Final = AnonymousUser()

Kind = MaskStore.Kind


@dataclass(frozen=True, slots=True)
class Wanted:
    """What makes a store: see the fields of `MaskStore`."""

    kind: MaskStore.Kind
    split: Split
    source: Blob
    ground_truth: Blob | None

    def rows(self) -> QuerySet[MaskStore]:
        return MaskStore.objects.filter(
            kind=self.kind, split=self.split, source=self.source, ground_truth=self.ground_truth
        )

    def find(self) -> MaskStore | None:
        return self.rows().select_related("job").first()


def has_masks(submission: Submission) -> bool:
    """Return whether masks of a submission can be made: it was scored, and its file is there. No query."""
    has_files = submission.blob_id is not None and submission.ground_truth_id is not None
    is_scored = submission.status == Submission.Status.SCORED
    return is_scored and has_files and submission.split.benchmark.spec is not None


def wanted_masks(submission: Submission) -> Wanted | None:
    """Return the store of a submission's predictions; None where they were not scored, or are gone."""
    if not has_masks(submission) or submission.blob is None or submission.ground_truth is None:
        return None
    return Wanted(Kind.MASKS, submission.split, submission.blob, submission.ground_truth)


def wanted_events(submission: Submission) -> Wanted | None:
    """Return the store of what happens to each object; semantic maps have no objects, and none."""
    masks = wanted_masks(submission)
    spec = submission.split.benchmark.spec
    if masks is None or spec is None or spec.task == "vss":
        return None
    return Wanted(Kind.EVENTS, masks.split, masks.source, masks.ground_truth)


def wanted_truth(split: Split) -> Wanted | None:
    """Return the store of a split's ground truth; None where it has none."""
    if split.ground_truth is None or split.benchmark.spec is None:
        return None
    return Wanted(Kind.MASKS, split, split.ground_truth, None)


def ring_for_stores(**_: Any) -> None:
    queue.ring_housekeeper(REQUEST_TASK)


def look(split: Split, submissions: Iterable[Submission], user: Person) -> None:
    """Note that a person looks at a split, and have made what this person may see and is not there."""
    truth_request(split, user)
    for submission in submissions:
        stores_request(submission, user)


def stores_request(submission: Submission, user: Person) -> None:
    """Have made what this person may see of a submission and is not there; what is there was seen now."""
    for wanted in _visible(submission, user):
        store_request(wanted, requested_by=user if isinstance(user, User) else submission.author)


def truth_request(split: Split, user: Person) -> None:
    """Have the ground truth of a split made to be looked at, where this person may see it."""
    wanted = wanted_truth(split)
    if wanted is not None and truth_is_visible(user, split):
        store_request(wanted, requested_by=user if isinstance(user, User) else None)


def store_request(wanted: Wanted, *, requested_by: User | None) -> bool:
    """Queue a store unless it is there or under way; note that it was looked at. Return whether it is new."""
    store = wanted.find()
    if store is not None and _is_of_use(store):
        if store.is_finished:
            files.seen(files.path_of(store.digest))
        return False
    return _store_create(wanted, requested_by)


@transaction.atomic
def _store_create(wanted: Wanted, requested_by: User | None) -> bool:
    # Locked, so that several who look at the same time queue it once.
    Split.objects.select_for_update(no_key=True).only("pk").get(pk=wanted.split.pk)
    store = wanted.find()
    if store is not None:
        if _is_of_use(store):
            return False
        store.delete()
    store = MaskStore.objects.create(
        kind=wanted.kind,
        split=wanted.split,
        source=wanted.source,
        ground_truth=wanted.ground_truth,
        requested_by=requested_by,
    )
    job_create(kind=Job.Kind.PLAY, subject=store, actor=requested_by)
    return True


def is_current(store: MaskStore) -> bool:
    """Return whether a store can be read: its file is there, and today the same would be made."""
    is_of_today = store.form == STORES and (store.kind == Kind.MASKS or store.evaluator == __version__)
    return is_of_today and files.is_there(store)


def _is_of_use(store: MaskStore) -> bool:
    """Return whether a store can be read, will be, or failed, so that trying again would not help."""
    return not store.is_finished or is_current(store)


def _visible(submission: Submission, user: Person) -> Iterator[Wanted]:
    if masks_are_visible(user, submission) and (masks := wanted_masks(submission)):
        yield masks
    if events_are_visible(user, submission) and (events := wanted_events(submission)):
        yield events


def stores_request_due() -> int:
    """Queue stores of what anybody may see, latest first, as long as few wait. Return how many.

    Only where there is something to see them with: frames, a ground truth, or numbers per video. What was
    made once and went again is left to those who look at it.
    """
    unfinished = Job.objects.filter(kind=Job.Kind.PLAY, status__in=Job.UNFINISHED).count()
    queued = 0
    for submission in _without_stores()[: max(0, WAITING - unfinished)]:
        truth = wanted_truth(submission.split) if truth_is_visible(ANYBODY, submission.split) else None
        for wanted in filter(None, (*_visible(submission, ANYBODY), truth)):
            if wanted.find() is None:
                queued += _store_create(wanted, submission.author)
    return queued


def _without_stores() -> list[Submission]:
    splits = Split.objects.filter(
        Split.showing_scores(),
        benchmark__is_public=True,
        benchmark__evaluator__in=list(BENCHMARKS),
        ground_truth__isnull=False,
    )
    shown = splits.filter(Q(details_visible=True) | Q(ground_truth_public=True) | ~Q(frames_dir=""))
    made = MaskStore.objects.filter(
        split=OuterRef("split"), source=OuterRef("blob"), ground_truth=OuterRef("ground_truth")
    )
    rows = Submission.objects.filter(
        ~Exists(made.filter(kind=Kind.MASKS)),
        split__in=shown,
        status=Submission.Status.SCORED,
        is_public=True,
        blob__isnull=False,
        ground_truth__isnull=False,
    )
    related = rows.select_related("blob", "ground_truth", "author", "split__benchmark", "split__ground_truth")
    return list(related.order_by("-finished_at", "pk")[:WAITING])
