"""What a worker writes about a run: videos once, a submission at the end, both or nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.support.factories import make_blob, make_user
from tests.support.runs import claim_run, make_run, make_run_split, store_video
from webapp.jobs.models import Attempt, Job
from webapp.jobs.services import job_finish_failed, job_release, job_succeed
from webapp.jobs.sweep import jobs_sweep
from webapp.runs.attempts import Execution, run_finish
from webapp.runs.models import Run
from webapp.submissions.models import Submission

pytestmark = pytest.mark.django_db


def finish(claim: Execution, **given: Any) -> bool:
    given = {"blob": make_blob(), "filename": "submission.zip", "provenance": {"model": "tiny"}, **given}
    return run_finish(token=claim.token, **given)


def lose(claim: Execution) -> None:
    """Let the lease run out, and have it swept."""
    past = timezone.now() - timedelta(seconds=1)
    Attempt.objects.filter(token=claim.token).update(lease_expires_at=past)
    jobs_sweep()


def log(run: Run) -> list[str]:
    return [event.text for event in run.events.all()]


def test_what_a_run_predicts_is_submitted_in_the_name_of_its_author() -> None:
    author = make_user()
    run = make_run(author, note="a try", is_public=False)
    blob = make_blob()
    assert finish(claim_run(), blob=blob)
    run = Run.objects.get(pk=run.pk)
    submission = run.submission
    assert submission is not None
    assert (submission.origin, submission.status) == (Submission.Origin.RUN, Submission.Status.QUEUED)
    assert (submission.author, submission.variant, submission.blob) == (author, run.variant, blob)
    assert (submission.note, submission.is_public) == ("a try", False)
    assert (run.status, run.provenance) == (Job.Status.SUCCEEDED, {"model": "tiny"})


def test_another_attempt_goes_on_behind_the_last_video() -> None:
    run = make_run(split=make_run_split(videos=3))
    first = claim_run()
    store_video(first, 0)
    lose(first)
    second = claim_run()
    assert (list(first.done), list(second.done), second.attempt) == ([], [1], 2)
    assert run.videos.count() == 1
    assert log(run)[-2] == "Queued again after worker-lost."


def test_a_video_that_is_there_is_not_stored_again() -> None:
    run = make_run()
    claim = claim_run()
    assert store_video(claim, 0, seconds=1)
    assert store_video(claim, 0, seconds=9)
    assert [video.seconds for video in run.videos.all()] == [1]
    assert log(run).count("Video 0 is done.") == 1


def test_who_has_lost_the_lease_stores_nothing() -> None:
    run = make_run()
    slow = claim_run("slow")
    lose(slow)
    fast = claim_run("fast")
    assert not store_video(slow, 0)
    assert not finish(slow)
    assert run.videos.count() == Submission.objects.count() == 0
    assert finish(fast)
    assert Submission.objects.count() == 1


def test_files_of_videos_are_let_go_with_the_submission_and_their_figures_stay() -> None:
    run = make_run()
    claim = claim_run()
    store_video(claim, 0)
    finish(claim)
    assert [(video.result, video.frames) for video in run.videos.all()] == [(None, 10)]


@pytest.mark.parametrize(("started", "closed"), [(120, 61), (30, 31)], ids=["long ago", "after it"])
def test_a_split_that_closed_meanwhile_fails_the_run_for_that_reason(started: int, closed: int) -> None:
    run = finished_after_closing(started, closed)
    assert (run.status, run.job.failure_code) == (Job.Status.FAILED, "submission-refused")
    assert "closed for submissions" in run.job.failure_message
    assert Submission.objects.count() == 0


def test_a_run_started_before_the_closing_time_counts_for_an_hour() -> None:
    assert finished_after_closing(started=120, closed=59).status == Job.Status.SUCCEEDED
    assert Submission.objects.get().status == Submission.Status.QUEUED


def finished_after_closing(started: int, closed: int) -> Run:
    """A run that was started, on a split that closed, so many minutes ago."""
    run, now = make_run(), timezone.now()
    claim = claim_run()
    run.split.closes_at = now - timedelta(minutes=closed)
    run.split.save()
    Run.objects.filter(pk=run.pk).update(created_at=now - timedelta(minutes=started))
    assert finish(claim)
    return Run.objects.get(pk=run.pk)


def test_a_failure_says_what_may_be_said_and_keeps_the_rest_for_operators() -> None:
    run = make_run()
    job_finish_failed(
        token=claim_run().token, code="broken-frame", detail="/secret/path", about="It is 3.jpg of video a."
    )
    run = Run.objects.get(pk=run.pk)
    assert run.job.failure_message.endswith("The organisers have to fix it. It is 3.jpg of video a.")
    assert "secret" not in "".join(log(run))
    assert log(run)[-1].startswith("Failed on our side: a frame of this split cannot be read.")


def test_a_run_that_its_worker_gives_back_says_so() -> None:
    run = make_run()
    job_release(token=claim_run().token)
    assert log(run)[-1] == "Queued again: its worker was told to stop."


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_a_run_that_succeeded_without_a_submission() -> None:
    run = make_run()
    claim = claim_run()
    with pytest.raises(IntegrityError, match="succeeded without a submission"):
        job_succeed(token=claim.token, write=lambda job: None)
    run.job.refresh_from_db()
    assert run.status == Job.Status.RUNNING


def test_the_database_refuses_a_job_that_works_for_two_things_or_none() -> None:
    run = make_run()
    for fields in ({}, {"run": None, "submission": None}, {"kind": "evaluate"}):
        with pytest.raises(IntegrityError, match="job_works_for_what_its_kind_says"), transaction.atomic():
            Job.objects.filter(pk=run.job.pk).update(**{"run": None, **fields})


def test_the_database_refuses_a_status_that_does_not_follow() -> None:
    run = make_run()
    with pytest.raises(IntegrityError, match="status cannot change from queued to succeeded"):
        Job.objects.filter(pk=run.job.pk).update(status=Job.Status.SUCCEEDED)
