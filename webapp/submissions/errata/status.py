"""A re-evaluation stores nothing of its job's status; the audit trail records each change."""

from typing import Any

from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.jobs.models import Job
from webapp.submissions.errata.models import Reevaluation


def reevaluation_follow(job: Job, actor: User | None, data: dict[str, Any]) -> None:
    again = Reevaluation.objects.select_related("submission__split").get(pk=job.subject_id)
    if job.status == Job.Status.RUNNING:
        again.ground_truth = again.submission.split.ground_truth
        again.save(update_fields=["ground_truth"])
    audit(f"reevaluation.{job.status}", f"submission:{again.submission_id}", actor=actor, **data)
