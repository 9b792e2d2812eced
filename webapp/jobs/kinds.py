"""The kinds of jobs, and all that differs between them but the work itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from webapp.accounts.models import User
from webapp.checkpoints.following import checkpoint_follow
from webapp.jobs.models import Job
from webapp.runs.following import run_follow
from webapp.submissions.errata.following import reevaluation_follow
from webapp.submissions.status import submission_follow

Follow = Callable[[Job, User | None, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class KindSpec:
    """One kind.

    Attributes:
        subject: field of Job with what the job works for.
        author: path from a job to the person whose job it is; authors take turns.
        similar: paths from a job; jobs that agree in them take about the same time.
        time_limit: setting with the most seconds that an attempt may take.
        follow: writes what the subject shows of the status that its job has just got, in the same
            transaction, with the job locked. What a success brings is written by who tells of it.
    """

    subject: str
    author: str
    similar: tuple[str, ...]
    time_limit: str
    follow: Follow

    @property
    def time_limit_s(self) -> int:
        return int(getattr(settings, self.time_limit))


KINDS: dict[Job.Kind, KindSpec] = {
    Job.Kind.EVALUATE: KindSpec(
        subject="submission",
        author="submission__author",
        similar=("submission__split",),
        time_limit="JOB_TIME_LIMIT_S",
        follow=submission_follow,
    ),
    Job.Kind.RUN: KindSpec(
        subject="run",
        author="run__author",
        similar=("run__split", "run__model"),
        time_limit="RUN_TIME_LIMIT_S",
        follow=run_follow,
    ),
    Job.Kind.CHECK: KindSpec(
        subject="checkpoint",
        author="checkpoint__owner",
        similar=(),
        time_limit="JOB_TIME_LIMIT_S",
        follow=checkpoint_follow,
    ),
    Job.Kind.REEVALUATE: KindSpec(
        subject="reevaluation",
        author="reevaluation__submission__author",
        similar=("reevaluation__submission__split",),
        time_limit="JOB_TIME_LIMIT_S",
        follow=reevaluation_follow,
    ),
}


def kind_of(job: Job) -> KindSpec:
    return KINDS[Job.Kind(job.kind)]
