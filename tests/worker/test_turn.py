"""Outcomes that cannot be stored: each kind of job then ends with that as its reason, whoever works on it."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
from django.db import connection

from dvis_model import build
from tests.support.factories import make_blob, make_split, make_submission
from tests.support.runs import make_drawn_split, make_run
from tests.support.slow_benchmark import write_slow_benchmark
from tests.support.small_disk import SmallDisk
from tests.webapp.checkpoints.checked import make_checkpoint
from webapp.blobs import disk
from webapp.blobs.storage import blob_save_copy
from webapp.jobs.models import Attempt, Job
from webapp.jobs.sweep import jobs_sweep
from webapp.submissions.models import Submission
from worker.tasks import evaluate_next
from worker.tasks_checkpoints import check_next
from worker.tasks_model import run_next

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def refusing_successes(sqlstate: str) -> Iterator[None]:
    """A database that raises this error when a job is to succeed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN "
            f"RAISE EXCEPTION 'not today' USING ERRCODE = '{sqlstate}'; END $$ LANGUAGE plpgsql; "
            "CREATE TRIGGER refuse BEFORE UPDATE ON jobs_job FOR EACH ROW "
            "WHEN (NEW.status = 'succeeded') EXECUTE FUNCTION refuse()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION refuse CASCADE")


@contextmanager
def no_room_for_files() -> Iterator[None]:
    """The kernel takes no byte into any file of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def a_submission(folder: Path) -> Any:
    truth, predictions = write_slow_benchmark(folder, videos=1, tracklets=1)
    split = make_split(benchmark={"evaluator": "ytvis2019"}, ground_truth=blob_save_copy(truth))
    make_submission(split=split, blob=blob_save_copy(predictions))
    return evaluate_next


def a_run(folder: Path) -> Any:
    make_run(split=make_drawn_split(folder / "drawn", videos=1, frames=2))
    return run_next


def a_checkpoint(folder: Path) -> Any:
    weights = safetensors.torch.save(build("tiny").state_dict())
    make_checkpoint(source=make_blob(weights), filename="dvis.safetensors")
    return check_next


WORK = pytest.mark.parametrize("queued", [a_submission, a_run, a_checkpoint])


@WORK
def test_where_its_outcome_cannot_be_stored_a_job_is_given_back_with_the_reason(
    queued: Callable[[Path], Any], tmp_path: Path
) -> None:
    task = queued(tmp_path)
    with refusing_successes("XX000"):
        task.apply(throw=True)
    attempt = Attempt.objects.select_related("job").get()
    assert (attempt.outcome, attempt.job.status) == (Attempt.Outcome.ERROR, Job.Status.QUEUED)
    assert "not today" in attempt.detail
    assert attempt.job.not_before is not None  # not at once: what was wrong needs time
    Job.objects.update(not_before=None)
    task.apply(throw=True)
    assert Job.objects.get(pk=attempt.job.pk).status == Job.Status.SUCCEEDED


@WORK
def test_a_database_whose_disk_is_full_is_named_after_the_last_try(
    queued: Callable[[Path], Any], tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JOB_MAX_ATTEMPTS = 1
    monkeypatch.setattr("worker.lease.STORE_PATIENCE_S", 0)  # ten minutes otherwise
    task = queued(tmp_path)
    with refusing_successes("53100"):
        task.apply(throw=True)
    job = Job.objects.get()
    assert (job.status, job.failure_code) == (Job.Status.FAILED, "disk-full")
    assert "disk was full" in job.failure_message


def test_a_result_whose_file_cannot_be_written_leaves_a_typed_failure_and_no_score(
    tmp_path: Path, settings: Any
) -> None:
    settings.JOB_MAX_ATTEMPTS = 1
    task = a_submission(tmp_path)
    task.apply(throw=True)  # what it prepares of the ground truth is there from then on
    first = Submission.objects.get()
    again = make_submission(split=first.split, blob=make_blob(b"[ ]"))
    with no_room_for_files():
        task.apply(throw=True)
    again = Submission.objects.select_related("job").get(pk=again.pk)
    assert (again.status, again.job.failure_code) == (Submission.Status.FAILED, "internal-error")
    assert "File too large" in again.job.attempts.get().detail
    assert not again.scores.exists()


def test_a_job_waits_while_the_disk_is_full_and_is_done_when_there_is_room(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = a_submission(tmp_path)
    with SmallDisk.mounted(tmp_path / "small", "4m") as small:
        settings.UPLOAD_ROOT = small.folder
        small.fill()
        with monkeypatch.context() as patch:
            if not small.is_real:  # this account may mount nothing
                patch.setattr(disk, "room", lambda: disk.Room(total=10**12, free=0))
            task.apply(throw=True)
        job = Job.objects.get()
        assert (job.status, job.attempts_made) == (Job.Status.QUEUED, 0)
        small.empty()
        Job.objects.update(rung_at=None)  # its doorbell was heard in vain, long ago
        assert jobs_sweep().doorbells_rung == 1
        task.apply(throw=True)
    assert Submission.objects.get().status == Submission.Status.SCORED
