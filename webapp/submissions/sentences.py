"""The status of a submission in words."""

from django.conf import settings

from evaluator.files.words import counted
from webapp.jobs.models import Job
from webapp.jobs.selectors import duration, job_expected_s, queued_sentence
from webapp.submissions.models import Submission


def status_sentence(submission: Submission) -> str:
    """Return the status of a submission as a sentence for its author."""
    status = Submission.Status(submission.status)
    job = submission.work
    if status == Submission.Status.QUEUED and job:
        return queued_sentence(job)
    if status == Submission.Status.RUNNING and job:
        return _running_sentence(job)
    if status == Submission.Status.REJECTED:
        count = sum(problem["count"] for problem in submission.problems if problem["severity"] == "error")
        return f"Rejected: {counted(count, 'problem')}"
    if status == Submission.Status.FAILED and job:
        return f"Failed on our side: {job.failure_message}"
    return str(status.label)


def _running_sentence(job: Job) -> str:
    if not job.progress_total:
        return "Evaluating, reading the files"
    if job.progress_done >= job.progress_total:
        rest = (
            "resampling them for 95 % intervals" if settings.BOOTSTRAP_RESAMPLES else "adding up the results"
        )
        return f"Every video is evaluated, {rest}"
    words = f"Evaluating video {job.progress_done + 1} of {job.progress_total}"
    left_s = job_expected_s(job)
    return words if left_s is None else f"{words}, about {duration(left_s)} left"
