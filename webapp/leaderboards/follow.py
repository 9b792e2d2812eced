"""What boards follow: changes of submissions, and new subsets. In the transaction of the change."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.db.models.signals import post_save, pre_delete

from webapp.benchmarks.models import VideoSubset
from webapp.leaderboards.services import boards_fill, boards_refresh
from webapp.submissions.models import Submission
from webapp.submissions.signals import numbers_changed


def connect() -> None:
    numbers_changed.connect(_changed, dispatch_uid="boards")
    pre_delete.connect(_deleting, Submission, dispatch_uid="boards")
    post_save.connect(_subset_saved, VideoSubset, dispatch_uid="boards")


def _changed(*, submissions: Iterable[Submission], **_: Any) -> None:
    boards_refresh((one.split_id, one.variant_id) for one in submissions)


def _deleting(*, instance: Submission, origin: Submission | QuerySet[Submission], **_: Any) -> None:
    # Those that are deleted with it are there still, and must not take its place.
    without = [one.pk for one in origin] if isinstance(origin, QuerySet) else [instance.pk]
    boards_refresh([(instance.split_id, instance.variant_id)], without=without)


def _subset_saved(*, instance: VideoSubset, created: bool, **_: Any) -> None:
    if created:
        boards_fill(instance.split_id)
