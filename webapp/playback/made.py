"""Whether the masks that posters show are made: one query for all posters of a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from webapp.benchmarks.models import Split
from webapp.jobs.models import Job
from webapp.playback.models import MaskStore
from webapp.playback.services import has_masks, is_current
from webapp.submissions.models import Submission

K = TypeVar("K")
# The split, the predictions or the ground truth itself, and the ground truth of predictions, by their keys.
Source = tuple[int, str, str | None]


@dataclass(frozen=True, slots=True)
class Made:
    """`version` changes with the masks, and is empty while there are none; `is_coming`: there will be."""

    version: str
    is_coming: bool


def source_of_masks(submission: Submission) -> Source | None:
    """Return what the masks of a submission are made of; None where there will be none. No query."""
    if not has_masks(submission):
        return None
    return submission.split_id, str(submission.blob_id), submission.ground_truth_id


def source_of_truth(split: Split) -> Source | None:
    """Return what the masks of a ground truth are made of; None where it has none. No query."""
    if split.ground_truth_id is None or split.benchmark.spec is None:
        return None
    return split.pk, split.ground_truth_id, None


def masks_made(sources: Mapping[K, Source]) -> dict[K, Made]:
    """Tell of each source whether its masks are there, by one query."""
    if not sources:
        return {}
    rows = MaskStore.objects.filter(
        kind=MaskStore.Kind.MASKS,
        split__in={split for split, _, _ in sources.values()},
        source__in={source for _, source, _ in sources.values()},
    )
    stores = {
        (store.split_id, store.source_id, store.ground_truth_id): store
        for store in rows.select_related("job").defer("index")
    }
    return {key: _made(stores.get(source)) for key, source in sources.items()}


def _made(store: MaskStore | None) -> Made:
    """A poster asks for masks that are not there, so they will come, unless that failed."""
    if store is not None and is_current(store):
        return Made(store.digest[:8], is_coming=False)
    has_failed = store is not None and not store.is_finished and store.job.status == Job.Status.FAILED
    return Made("", is_coming=not has_failed)
