"""What of a video a person may look at: its ground truth and submissions, each a layer of masks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from evaluator.types import VideoInfo
from webapp.benchmarks.models import Split
from webapp.jobs.models import Job
from webapp.jobs.selectors import queued_sentence
from webapp.playback.models import DIGEST, MaskStore
from webapp.playback.permissions import (
    Person,
    events_are_visible,
    masks_are_visible,
    those_with_visible_masks,
    truth_is_visible,
)
from webapp.playback.services import Wanted, has_masks, is_current, wanted_events, wanted_masks, wanted_truth
from webapp.submissions.models import Submission

State = Literal["ready", "making", "gone", "absent"]
# What a page can show at the same time.
SUBMISSIONS: Final = 2
KEYS: Final = ("a", "b")
# Videos of maps are numbered by their order in the ground truth.
FORMER: Final = "The ground truth was replaced. Its masks can be seen when it is measured again."
UNREAD: Final = ("split__videos", "split__categories", "split__benchmark__categories")
RELATED: Final = (
    "variant__method",
    "split__benchmark",
    "split__ground_truth",
    "blob",
    "ground_truth",
    "author",
)


@dataclass(frozen=True, slots=True)
class Layer:
    """Masks of one video that can be laid over it.

    Attributes:
        key: "truth", or "a" and "b" of submissions in the order of the address.
        title: what people read.
        state: "ready"; "making": a worker prepares it, ask again; "absent": nobody has asked for it, which
            `stores_request` and `truth_request` do; "gone": there is nothing to see, and asking is no help.
        message: why it is not ready, as a sentence.
        progress: share that is done, while it is being made.
        digest, url: of the file with the masks, which is read in ranges; empty unless ready.
        offsets: where the pieces of this video begin in it, the last one where they end.
        events_url, events_offsets: the same of what happens to each object; empty unless it is ready, too,
            and this person may see it.
        events_are_coming: whether they will be there later.
        submission_id: None of ground truth.
    """

    key: str
    title: str
    state: State
    message: str = ""
    progress: float = 0.0
    digest: str = ""
    url: str = ""
    offsets: tuple[int, ...] = ()
    events_url: str = ""
    events_offsets: tuple[int, ...] = ()
    events_are_coming: bool = False
    submission_id: UUID | None = None


def video_get(split: Split, video_id: int) -> VideoInfo:
    """Return a video of a split. Raises MaskStore.DoesNotExist where it has none of this id."""
    for video in split.video_infos():
        if video.id == video_id:
            return video
    raise MaskStore.DoesNotExist


def submissions_shown(split: Split, ids: Sequence[UUID], user: Person) -> list[Submission]:
    """Return submissions to look at, in this order.

    Raises Submission.DoesNotExist where one is not there, belongs to another split, or must not be seen.
    """
    rows = Submission.objects.filter(pk__in=ids, split=split).select_related(*RELATED).defer(*UNREAD)
    found = {row.pk: row for row in rows if masks_are_visible(user, row)}
    if len(found) < len(set(ids)):
        raise Submission.DoesNotExist
    return [found[id] for id in dict.fromkeys(ids)]


def submissions_with_masks(split: Split, ids: Iterable[str], user: Person) -> list[Submission]:
    """Return those of these submissions to a split whose masks this person may look at, in this order.

    One query; two for a private benchmark.
    """
    wanted = [UUID(id) for id in ids]
    found = Submission.objects.filter(split=split).defer("problems", "source").in_bulk(wanted)
    rows = [found[id] for id in dict.fromkeys(wanted) if id in found]
    for row in rows:
        row.split = split  # which is loaded
    return [one for one in those_with_visible_masks(user, split, rows) if has_masks(one)]


def layers_for(
    split: Split, submissions: Sequence[Submission], user: Person, video_id: int, *, door: str = "videos"
) -> list[Layer]:
    """Return what this person may see of a video, the ground truth first; of submissions at most two.

    Args:
        split: with its benchmark and ground truth.
        submissions: as `submissions_shown` gives them; those that must not be seen are left out.
        user: who looks.
        video_id: of the split.
        door: namespace of the addresses, `videos` of the pages or `api`.
    """
    look = _Look(split, user, video_id, door)
    layers = [look.truth()] if truth_is_visible(user, split) and wanted_truth(split) else []
    shown = [one for one in submissions if one.split_id == split.pk and masks_are_visible(user, one)]
    return layers + [look.submission(key, one) for key, one in zip(KEYS, shown, strict=False)]


@dataclass(frozen=True, slots=True)
class _Look:
    """Somebody who looks at a video, and through which door."""

    split: Split
    user: Person
    video_id: int
    door: str

    def truth(self) -> Layer:
        layer = Layer("truth", "Ground truth", "absent")
        return self._filled(layer, wanted_truth(self.split), {"truth": self.split.name})

    def submission(self, key: str, submission: Submission) -> Layer:
        blank = Layer(key, str(submission.variant), "absent", submission_id=submission.pk)
        wanted, query = wanted_masks(submission), {"submission": str(submission.pk)}
        if wanted is None:
            return replace(blank, state="gone", message=_why_nothing(submission))
        if self.split.benchmark.has_maps and submission.ground_truth_id != self.split.ground_truth_id:
            return replace(blank, state="gone", message=FORMER)
        layer = self._filled(blank, wanted, query)
        events = wanted_events(submission) if events_are_visible(self.user, submission) else None
        if events is None or layer.state == "gone":
            return layer
        store = events.find()
        if store is None or not is_current(store):
            is_failed = store is not None and store.job.status == Job.Status.FAILED
            return replace(layer, events_are_coming=not is_failed)
        offsets = store.offsets(self.video_id)
        return replace(layer, events_url=self._url("events", store, query), events_offsets=offsets)

    def _filled(self, layer: Layer, wanted: Wanted | None, query: dict[str, str]) -> Layer:
        """Return a layer with what is known of its store."""
        store = wanted.find() if wanted else None
        if store is None or (store.is_finished and not is_current(store)):
            return replace(layer, message="Its masks have to be prepared.")
        if not store.is_finished:
            return _unfinished(layer, store.job)
        offsets = store.offsets(self.video_id)
        if not offsets:
            return replace(layer, state="gone", message="It was made before the split had this video.")
        url = self._url("masks", store, query)
        return replace(layer, state="ready", digest=store.digest, url=url, offsets=offsets)

    def _url(self, name: str, store: MaskStore, query: dict[str, str]) -> str:
        path = reverse(f"{self.door}:{name}", args=[self.split.benchmark.slug, store.digest])
        return f"{path}?{urlencode(query)}"


def _unfinished(layer: Layer, job: Job) -> Layer:
    if job.status == Job.Status.FAILED:
        return replace(layer, state="gone", message=f"Its masks cannot be shown: {job.failure_message}")
    if job.status == Job.Status.QUEUED:
        return replace(layer, state="making", message=f"{queued_sentence(job)}.")
    share = job.progress_done / job.progress_total if job.progress_total else 0.0
    return replace(layer, state="making", message="A worker prepares its masks.", progress=share)


def _why_nothing(submission: Submission) -> str:
    """Say why a submission has no masks to look at."""
    if submission.origin == Submission.Origin.REPORTED:
        return "These numbers were printed elsewhere: there is no file with masks."
    if not submission.is_finished:
        return "Its masks can be seen when it is scored."
    if submission.blob is None:
        return "Its file is no longer here."
    return f"It was not scored: {submission.get_status_display().lower()}."


def masks_file(submission: Submission, digest: str, user: Person) -> MaskStore:
    """Return the store of a submission's masks. Raises MaskStore.DoesNotExist, also for what is hidden."""
    wanted = wanted_masks(submission) if masks_are_visible(user, submission) else None
    return _named(wanted, digest)


def truth_file(split: Split, digest: str, user: Person) -> MaskStore:
    """Return the store of a ground truth. Raises as `masks_file`."""
    return _named(wanted_truth(split) if truth_is_visible(user, split) else None, digest)


def events_file(submission: Submission, digest: str, user: Person) -> MaskStore:
    """Return the store of what happens to each object. Raises as `masks_file`."""
    wanted = wanted_events(submission) if events_are_visible(user, submission) else None
    return _named(wanted, digest)


def _named(wanted: Wanted | None, digest: str) -> MaskStore:
    if wanted is None or not DIGEST.fullmatch(digest):
        raise MaskStore.DoesNotExist
    store = wanted.rows().defer("index").get(digest=digest)
    if not is_current(store):
        raise MaskStore.DoesNotExist
    return store
