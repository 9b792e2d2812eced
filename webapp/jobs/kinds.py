"""The kinds of jobs, and all that differs between them but the work itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from webapp.accounts.models import User
from webapp.jobs.models import Job

Follow = Callable[[Job, User | None, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class KindSpec:
    """One kind.

    Attributes:
        author: path from a job to the person whose job it is; authors take turns.
        similar: paths from a job; jobs that agree in them take about the same time.
        time_limit: setting with the most seconds that an attempt may take.
        following: dotted path of the function that writes what the subject shows of its job's new status,
            in the same transaction, with the job locked; jobs lie below the apps that they work for. The
            result of a successful job is stored by the caller of `job_succeed`.
    """

    author: str
    similar: tuple[str, ...]
    time_limit: str
    following: str

    @property
    def follow(self) -> Follow:
        found: Follow = import_string(self.following)
        return found

    @property
    def time_limit_s(self) -> int:
        return int(getattr(settings, self.time_limit))


KINDS: dict[Job.Kind, KindSpec] = {
    Job.Kind.EVALUATE: KindSpec(
        author="submission__author",
        similar=("submission__split",),
        time_limit="JOB_TIME_LIMIT_S",
        following="webapp.submissions.status.submission_follow",
    ),
    Job.Kind.RUN: KindSpec(
        author="run__author",
        similar=("run__split", "run__model"),
        time_limit="RUN_TIME_LIMIT_S",
        following="webapp.runs.status.run_follow",
    ),
    Job.Kind.CHECK: KindSpec(
        author="checkpoint__owner",
        similar=(),
        time_limit="JOB_TIME_LIMIT_S",
        following="webapp.checkpoints.status.checkpoint_follow",
    ),
    Job.Kind.REEVALUATE: KindSpec(
        author="reevaluation__submission__author",
        similar=("reevaluation__submission__split",),
        time_limit="JOB_TIME_LIMIT_S",
        following="webapp.submissions.errata.status.reevaluation_follow",
    ),
    Job.Kind.ANALYSE: KindSpec(
        author="analysis__submission__author",
        similar=("analysis__submission__split",),
        time_limit="ANALYSE_TIME_LIMIT_S",
        following="webapp.submissions.analyses.status.analysis_follow",
    ),
    Job.Kind.PLAY: KindSpec(
        author="mask_store__requested_by",
        similar=("mask_store__split", "mask_store__kind"),
        time_limit="PLAYBACK_TIME_LIMIT_S",
        following="webapp.playback.status.mask_store_follow",
    ),
}


def kind_of(job: Job) -> KindSpec:
    return KINDS[Job.Kind(job.kind)]
